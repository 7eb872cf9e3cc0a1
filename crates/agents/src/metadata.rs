//! What an agent says of itself: its parameters and actions.
//!
//! ```text
//! agent's `meta-data` action ─┐
//! init script's header ───────┼─► XML ──► Metadata ──► check(parameters) ──► problems
//! systemd's units ────────────┘
//! ```

mod check;
mod made;
mod parse;

use cib::xml::{Document, ParseError};

use crate::outcome::Outcome;

pub use check::ParameterProblem;
pub(crate) use made::{MadeAction, metadata_xml};

/// The metadata of an agent (OCF resource agent API 1.1, "Metadata"; 1.0 is read, too).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The agent's name as it says itself.
    pub name: String,
    /// The agent's own version; empty where it says none.
    pub version: String,
    /// The version of the API that it follows; empty where it says none.
    pub api_version: String,
    /// What it manages, in one line.
    pub short_description: String,
    /// What it manages, at length.
    pub long_description: String,
    /// Its parameters, in its order.
    pub parameters: Vec<Parameter>,
    /// Its actions, in its order.
    pub actions: Vec<Action>,
}

/// A parameter of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// In one line.
    pub short_description: String,
    /// At length.
    pub long_description: String,
    /// `string`, `integer`, `boolean`, `second`, `select`, …, as the agent writes it.
    pub content_type: String,
    /// What holds where it is not given.
    pub default: Option<String>,
    /// What can be chosen from, of a `select`.
    pub choices: Vec<String>,
    /// It must be given.
    pub required: bool,
    /// Parameters of one group must, together, have other values in each resource of the agent; API
    /// 1.0's `unique="1"` is a group of its own.
    pub unique_group: Option<String>,
    /// A change needs no restart of the resource.
    pub reloadable: bool,
    /// Why it should not be used any more, where that is so.
    pub deprecated: Option<Deprecation>,
}

/// That a parameter should not be used any more.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deprecation {
    /// The parameters that took its place.
    pub replaced_with: Vec<String>,
    /// What the agent says about it.
    pub description: String,
}

/// An action of an agent. Times are as the agent writes them (`20s`, `20`): a command line shows
/// them so.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Action {
    /// Its name.
    pub name: String,
    /// The least time that should be given to it.
    pub timeout: Option<String>,
    /// How often it should recur.
    pub interval: Option<String>,
    /// How long should be waited before it is done first.
    pub start_delay: Option<String>,
    /// How thorough it is: the `OCF_CHECK_LEVEL` of a monitor.
    pub depth: Option<u32>,
    /// The role that it is for, in the agent's word (`Promoted`, `Master`, …).
    pub role: Option<String>,
}

/// Why there is no metadata.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// The agent did not give any.
    #[error("the agent gives no metadata: {}", reason(.0))]
    Failed(Box<Outcome>),
    /// What it gave is not XML.
    #[error("the agent's metadata is not XML: {0}")]
    NotXml(#[from] ParseError),
    /// The XML is something else.
    #[error("the agent's metadata begins with <{0}>, not with <resource-agent>")]
    NotMetadata(String),
    /// A parameter or action has no name.
    #[error("the agent's metadata has a <{0}> without a name")]
    Nameless(&'static str),
}

fn reason(outcome: &Outcome) -> String {
    if outcome.exit_reason.is_empty() {
        outcome.code.to_string()
    } else {
        outcome.exit_reason.clone()
    }
}

impl Metadata {
    /// Reads what an agent printed.
    ///
    /// # Errors
    /// [`MetadataError`], except `Failed`. What the API does not know is skipped.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let document = Document::parse(text.trim_start())?;
        parse::read(document.root())
    }

    /// The parameter of that name.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters
            .iter()
            .find(|parameter| parameter.name == name)
    }

    /// The actions of that name: a monitor may be there once for each role and depth.
    pub fn actions_named<'m>(&'m self, name: &'m str) -> impl Iterator<Item = &'m Action> + 'm {
        self.actions
            .iter()
            .filter(move |action| action.name == name)
    }

    /// Whether the agent can be promoted and demoted.
    #[must_use]
    pub fn is_promotable(&self) -> bool {
        ["promote", "demote"]
            .into_iter()
            .all(|action| self.actions_named(action).next().is_some())
    }
}

#[cfg(test)]
mod tests;
