//! Rules as operators write them, in whole configurations, against whole messages.

mod actions;
mod conditions;
mod harness;
