//! The actions of a transition, taken out of the graph's XML.

use std::collections::BTreeMap;
use std::time::Duration;

use scheduler::walk::{self, ActionKind, GraphAction};
use serde::{Deserialize, Serialize};

use crate::operation::{Operation, TransitionKey};

/// Where nothing says how long an operation may take (`default-action-timeout`).
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// A resource's agent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// `ocf`, `lsb`, `systemd`, `stonith` …
    pub class: String,
    /// Who provides it, where the class has providers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Its name.
    pub kind: String,
}

/// An action of a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A point in the order of things.
    Pseudo(u32),
    /// For the executor of a node.
    Resource(ResourceAction),
    /// For the cluster itself.
    Cluster(ClusterAction),
}

/// An operation on a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceAction {
    /// The number in the graph.
    pub number: u32,
    /// The node's name.
    pub node: String,
    /// The node that carries it to a remote or guest node, if it is for one.
    pub router: Option<String>,
    /// What is to be done. Its key has no transition and no controller yet.
    pub operation: Operation,
}

/// Something that the cluster does to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterAction {
    /// The number in the graph.
    pub number: u32,
    /// `stonith`, `do_shutdown`, `clear_failcount` …
    pub task: String,
    /// The node's name.
    pub node: String,
    /// The node's identity.
    pub node_id: String,
    /// The resource, where it is about one.
    pub resource: Option<String>,
    /// Its parameters.
    pub parameters: BTreeMap<String, String>,
}

impl walk::Action for Action {
    fn number(&self) -> u32 {
        match self {
            Self::Pseudo(number) => *number,
            Self::Resource(action) => action.number,
            Self::Cluster(action) => action.number,
        }
    }

    fn kind(&self) -> ActionKind {
        match self {
            Self::Pseudo(_) => ActionKind::Pseudo,
            Self::Resource(_) => ActionKind::Resource,
            Self::Cluster(_) => ActionKind::Cluster,
        }
    }
}

impl Action {
    /// What the graph says of it.
    #[must_use]
    pub fn read(action: GraphAction<'_>) -> Self {
        let attribute = |name| {
            action
                .element
                .attribute(name)
                .unwrap_or_default()
                .to_owned()
        };
        let parameters = || -> BTreeMap<String, String> {
            let parameters = action.parameters();
            parameters
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        match action.kind {
            ActionKind::Pseudo => Self::Pseudo(action.number),
            ActionKind::Resource => Self::Resource(ResourceAction {
                number: action.number,
                node: attribute("on_node"),
                router: action.element.attribute("router_node").map(str::to_owned),
                operation: operation(&action, parameters()),
            }),
            ActionKind::Cluster => Self::Cluster(ClusterAction {
                number: action.number,
                task: action.task().to_owned(),
                node: attribute("on_node"),
                node_id: attribute("on_node_uuid"),
                resource: action
                    .resource()
                    .and_then(|resource| resource.id())
                    .map(str::to_owned),
                parameters: parameters(),
            }),
        }
    }
}

fn operation(action: &GraphAction<'_>, parameters: BTreeMap<String, String>) -> Operation {
    let number = |name: &str| -> Option<u64> { parameters.get(name)?.parse().ok() };
    let milliseconds = |name| number(name).map(Duration::from_millis);
    let expected = parameters
        .get("CRM_meta_op_target_rc")
        .and_then(|value| value.parse().ok());
    let primitive = action.resource();
    let of_agent = |name| {
        primitive
            .and_then(|it| it.attribute(name))
            .map(str::to_owned)
    };
    Operation {
        key: TransitionKey {
            action: action.number,
            transition: 0,
            expected: expected.unwrap_or(0),
            controller: String::new(),
        },
        resource: primitive
            .and_then(|it| it.id())
            .unwrap_or_default()
            .to_owned(),
        agent: Agent {
            class: of_agent("class").unwrap_or_default(),
            provider: of_agent("provider"),
            kind: of_agent("type").unwrap_or_default(),
        },
        task: action.task().to_owned(),
        interval_ms: action.interval_ms(),
        timeout: milliseconds("CRM_meta_timeout").unwrap_or(DEFAULT_TIMEOUT),
        start_delay: milliseconds("CRM_meta_start_delay").unwrap_or_default(),
        parameters,
    }
}
