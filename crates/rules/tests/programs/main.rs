//! Rules as operators write them, in whole configurations, against whole messages.

mod actions;
mod any_words;
mod conditions;
mod examples;
mod harness;
