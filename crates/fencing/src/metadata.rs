//! What a fence agent says of itself (`action=metadata`).

use cib::literal::parse_boolean;
use cib::xml::{Document, Element};
use thiserror::Error;

/// The longest metadata that is read.
pub const MAX_METADATA_BYTES: usize = 1024 * 1024;

/// What a fence agent says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The agent's name.
    pub name: String,
    /// What it is for, in a line.
    pub summary: String,
    /// What it is for, at length.
    pub description: String,
    /// Its parameters, in its order.
    pub parameters: Vec<AgentParameter>,
    /// What it can do.
    pub actions: Vec<AgentAction>,
}

/// One parameter of an agent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentParameter {
    /// Its name.
    pub name: String,
    /// It must be set.
    pub required: bool,
    /// It has another name by now.
    pub deprecated: bool,
    /// The name that it had before.
    pub obsoletes: Option<String>,
    /// `string`, `boolean`, `integer`, `second`, `select`.
    pub kind: String,
    /// What it is where it is not set.
    pub default: Option<String>,
    /// What it can be, for a `select`.
    pub choices: Vec<String>,
    /// What it is for.
    pub description: String,
}

/// Something that an agent can do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AgentAction {
    /// Its name.
    pub name: String,
    /// For `on`: the cluster is to do it on its own when a node joins (unfencing).
    pub automatic: bool,
    /// For `on`: it is to be done on the target itself.
    pub on_target: bool,
}

/// Why a text is no metadata.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MetadataError {
    /// Too long.
    #[error("the fence agent's metadata are {bytes} bytes; they can be {MAX_METADATA_BYTES}")]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// No XML.
    #[error("the fence agent's metadata are not well-formed: {reason}")]
    Malformed {
        /// Where and why.
        reason: String,
    },
    /// Other XML.
    #[error("the fence agent's metadata begin with <{root}>, not with <resource-agent>")]
    Root {
        /// The root's name.
        root: String,
    },
}

/// What is wrong with the parameters of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParameterProblem {
    /// The agent does not know it.
    Unknown {
        /// What was set.
        name: String,
    },
    /// It has to be set, by this name or the older one.
    Missing {
        /// Its name.
        name: String,
        /// The name that it had before.
        old: Option<String>,
    },
    /// It has another name by now; it works nevertheless.
    Deprecated {
        /// What was set.
        name: String,
        /// Its name now.
        new: Option<String>,
    },
}

impl Metadata {
    /// Reads what an agent printed.
    ///
    /// # Errors
    /// Where it is too long, no XML, or not about an agent.
    pub fn parse(text: &str) -> Result<Self, MetadataError> {
        let bytes = text.len();
        if bytes > MAX_METADATA_BYTES {
            return Err(MetadataError::TooLong { bytes });
        }
        let document = Document::parse(text.trim()).map_err(|error| MetadataError::Malformed {
            reason: error.to_string(),
        })?;
        let root = document.root();
        if root.name() != "resource-agent" {
            let root = root.name().to_owned();
            return Err(MetadataError::Root { root });
        }
        let below = |list: &str, item: &'static str| {
            let list = root.child(list);
            list.into_iter()
                .flat_map(move |list| list.children_named(item))
                .filter(|item| item.attribute("name").is_some())
        };
        Ok(Self {
            name: attribute(root, "name"),
            summary: attribute(root, "shortdesc"),
            description: text_of(root, "longdesc"),
            parameters: below("parameters", "parameter").map(parameter).collect(),
            actions: below("actions", "action").map(action).collect(),
        })
    }

    /// Whether the agent reboots by switching off and then on, unless it is told otherwise: parameter
    /// `method` of the agents of fence-agents.
    #[must_use]
    pub fn reboots_by_switching(&self) -> bool {
        let mut parameters = self.parameters.iter();
        let method = parameters.find(|parameter| parameter.name == "method");
        method.is_some_and(|method| method.default.as_deref() == Some("onoff"))
            && ["off", "on"].iter().all(|action| self.can(action))
    }

    /// Whether the agent says that it can do that.
    #[must_use]
    pub fn can(&self, action: &str) -> bool {
        self.actions.iter().any(|it| it.name == action)
    }

    /// Whether the cluster is to unfence nodes with it on its own.
    #[must_use]
    pub fn unfences(&self) -> bool {
        self.actions
            .iter()
            .any(|it| it.name == "on" && it.automatic)
    }

    /// Whether `on` is to be done on the target itself.
    #[must_use]
    pub fn on_target(&self) -> bool {
        self.actions
            .iter()
            .any(|it| it.name == "on" && it.on_target)
    }

    /// The parameter that says which node is meant: `port` where the agent knows it, else `plug`,
    /// else none.
    #[must_use]
    pub fn host_argument(&self) -> Option<&'static str> {
        ["port", "plug"]
            .into_iter()
            .find(|name| self.parameters.iter().any(|it| it.name == *name))
    }

    /// What is wrong with a device that has these parameters. Those of the cluster itself
    /// (`pcmk_…`) are none of the agent's; the action and the target are set by the cluster.
    #[must_use]
    pub fn problems(&self, names: &[&str]) -> Vec<ParameterProblem> {
        let known = |name: &str| self.parameters.iter().find(|it| it.name == name);
        let successor = |name: &str| {
            let mut all = self.parameters.iter();
            all.find(|it| it.obsoletes.as_deref() == Some(name))
        };
        let mut problems = Vec::new();
        for name in names.iter().filter(|name| !name.starts_with("pcmk_")) {
            let name = (*name).to_owned();
            match (known(&name), successor(&name)) {
                (None, None) => problems.push(ParameterProblem::Unknown { name }),
                (Some(parameter), new) if parameter.deprecated || new.is_some() => {
                    let new = new.map(|it| it.name.clone());
                    problems.push(ParameterProblem::Deprecated { name, new });
                }
                (None, Some(new)) => {
                    let new = Some(new.name.clone());
                    problems.push(ParameterProblem::Deprecated { name, new });
                }
                (Some(_), _) => {}
            }
        }
        for parameter in self.parameters.iter().filter(|it| it.required) {
            let by_cluster = ["action", "port", "plug"].contains(&parameter.name.as_str());
            let old = parameter.obsoletes.as_deref();
            let newer = successor(&parameter.name).map(|it| it.name.as_str());
            let mut accepted = [Some(parameter.name.as_str()), old, newer].into_iter();
            let is_set = accepted.any(|name| name.is_some_and(|name| names.contains(&name)));
            // An old name and its new one are both said to be required; one message is enough.
            if !by_cluster && !is_set && newer.is_none() {
                let (name, old) = (parameter.name.clone(), old.map(ToOwned::to_owned));
                problems.push(ParameterProblem::Missing { name, old });
            }
        }
        problems
    }
}

fn parameter(element: Element<'_>) -> AgentParameter {
    let content = element.child("content");
    let of_content = |name| content.and_then(|it| it.attribute(name));
    let choices = content.into_iter().flat_map(Element::children);
    AgentParameter {
        name: attribute(element, "name"),
        required: flag(element, "required"),
        deprecated: flag(element, "deprecated"),
        obsoletes: element.attribute("obsoletes").map(ToOwned::to_owned),
        kind: of_content("type").unwrap_or("string").to_owned(),
        default: of_content("default").map(ToOwned::to_owned),
        choices: choices
            .filter(|it| it.name() == "option")
            .filter_map(|it| it.attribute("value").map(ToOwned::to_owned))
            .collect(),
        description: text_of(element, "shortdesc"),
    }
}

fn action(element: Element<'_>) -> AgentAction {
    AgentAction {
        name: attribute(element, "name"),
        automatic: flag(element, "automatic"),
        on_target: flag(element, "on_target"),
    }
}

fn attribute(element: Element<'_>, name: &str) -> String {
    element.attribute(name).unwrap_or_default().to_owned()
}

fn flag(element: Element<'_>, name: &str) -> bool {
    element.attribute(name).and_then(parse_boolean) == Some(true)
}

fn text_of(element: Element<'_>, name: &str) -> String {
    let nodes = element.child(name).into_iter().flat_map(Element::nodes);
    nodes
        .filter_map(|node| match node {
            cib::xml::Content::Text(text) => Some(text.trim()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests;
