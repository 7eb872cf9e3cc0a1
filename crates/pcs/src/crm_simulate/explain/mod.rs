//! An explanation in words: what `--explain` prints.
//!
//! | module | says |
//! | --- | --- |
//! | [`outcomes`] | what happens to a resource, and why |
//! | [`sources`] | where a part of a score comes from, and what to do about it |
//! | [`steps`] | what is done, what it waits for, what is in its way |
//! | [`facts`] | the same as names and values, for programs |
//! | [`text`], [`xml`], [`json`] | the whole, in three forms |
//!
//! The sentences are the same in all forms.

mod facts;
pub(super) mod json;
mod outcomes;
mod sources;
mod steps;
pub(super) mod text;
pub(super) mod xml;

use scheduler::explain::{Kind, Outcome, Unknown};

/// That something is not there, and what may have been meant.
pub(super) fn unknown(unknown: &Unknown) -> String {
    let Unknown { what, name, near } = unknown;
    let names: Vec<String> = near.iter().map(|name| format!("'{name}'")).collect();
    match names.is_empty() {
        true => format!("crm_simulate: There is no {what} '{name}'"),
        false => format!(
            "crm_simulate: There is no {what} '{name}': did you mean {}?",
            either(&names)
        ),
    }
}

/// What programs call a kind of resource.
const fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Primitive => "primitive",
        Kind::Group => "group",
        Kind::Clone => "clone",
        Kind::Bundle => "bundle",
    }
}

/// What programs call an outcome.
const fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::LeftAlone => "left-alone",
        Outcome::StaysStopped => "stays-stopped",
        Outcome::Starts => "starts",
        Outcome::Stays => "stays",
        Outcome::Stops => "stops",
        Outcome::Moves => "moves",
        Outcome::Migrates => "migrates",
        Outcome::Restarts => "restarts",
        Outcome::Recovers => "recovers",
        Outcome::Reloads => "reloads",
        Outcome::Promotes => "promotes",
        Outcome::Demotes => "demotes",
    }
}

/// Names as a list in a sentence, the last two joined by `joint`.
fn list(names: &[String], joint: &str) -> String {
    match names {
        [] => String::new(),
        [name] => name.clone(),
        [names @ .., last] => format!("{} {joint} {last}", names.join(", ")),
    }
}

/// Names as alternatives.
fn either(names: &[String]) -> String {
    list(names, "or")
}

/// Names together.
fn all(names: &[String]) -> String {
    list(names, "and")
}

/// A number of things.
fn counted(count: usize, thing: &str) -> String {
    match count {
        1 => format!("1 {thing}"),
        _ => format!("{count} {thing}s"),
    }
}
