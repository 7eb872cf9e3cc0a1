//! The status of a cluster: its nodes and resources, as `crm_simulate` and `crm_mon` show them.
//!
//! - [`nodes`], [`resources`], [`attributes`], [`failures`] and [`fail_counts`] say what there is to say,
//!   in no particular form;
//! - [`text`] writes it for people, [`xml`] as Pacemaker's API schema has it, [`json`] as one value.
//!
//! [`doubt`] is what a node that has lost its peers cannot vouch for.
//!
//! What is shown is the state at the start of a run of the scheduler (`scheduler::read`), before
//! anything is decided.

pub mod attributes;
pub mod doubt;
pub mod fail_counts;
pub mod failures;
pub mod json;
pub mod nodes;
pub mod resources;
pub mod text;
pub mod xml;

use doubt::Doubt;
use fail_counts::NodeFailures;
use scheduler::model::NodeId;

/// What is shown besides nodes and resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether actions that history shows as not finished are shown as what resources are doing.
    pub pending: bool,
    /// Whether attributes of nodes are shown.
    pub attributes: bool,
    /// Fail counts, where they are shown; failed operations are shown with them.
    pub fail_counts: Option<Vec<NodeFailures>>,
    /// What this node cannot vouch for.
    pub doubt: Option<Doubt>,
}

/// Which nodes and resources a text shows, and how. By default all of them, as `crm_simulate` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one option")]
pub struct Shape {
    /// Whether actions that are not finished are shown.
    pub pending: bool,
    /// Whether what is active nowhere is shown (`crm_mon -r`).
    pub inactive: bool,
    /// Whether resources are shown under the nodes that they are active on (`-n`).
    pub by_node: bool,
    /// Whether there is more to say: ids of nodes, each instance of a clone (`-R`).
    pub detail: bool,
    /// Whether primitives are only counted (`-b`).
    pub brief: bool,
    /// Whether failed operations are told as history has them, rather than in a sentence.
    pub technical: bool,
    /// The nodes, where not all are shown.
    pub only_nodes: Option<Vec<NodeId>>,
    /// The ids of the resources, where not all are shown.
    pub only_resources: Option<Vec<String>>,
    /// What this node cannot vouch for.
    pub doubt: Option<Doubt>,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            pending: false,
            inactive: true,
            by_node: false,
            detail: false,
            brief: false,
            technical: true,
            only_nodes: None,
            only_resources: None,
            doubt: None,
        }
    }
}

impl Shape {
    /// Whether a node is shown.
    #[must_use]
    pub fn has_node(&self, node: NodeId) -> bool {
        self.only_nodes
            .as_ref()
            .is_none_or(|only| only.contains(&node))
    }
}
