//! What the coordinator has for people to read.

use crate::operation::OperationResult;

/// Something for the log.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Report {
    /// An operation did not end as expected.
    #[error("{resource}: {task} on {node} failed: {result:?}")]
    Failed {
        /// The resource.
        resource: String,
        /// What was done.
        task: String,
        /// Where.
        node: String,
        /// What came of it.
        result: OperationResult,
    },
    /// Nothing was heard of an action in time.
    #[error("nothing was heard of action {0} in time: it counts as failed")]
    Silent(u32),
    /// An action cannot be carried out.
    #[error("action {number} ({what}) cannot be carried out: {why}")]
    Impossible {
        /// Its number.
        number: u32,
        /// What it is.
        what: String,
        /// Why not.
        why: &'static str,
    },
    /// A node could not be fenced.
    #[error(
        "{target} could not be fenced, for the {attempts}. time; until it is, nothing that it may run is started elsewhere"
    )]
    NotFenced {
        /// The node.
        target: String,
        /// How often that was tried in vain since this node coordinates.
        attempts: u32,
    },
    /// Nothing is left to be done.
    #[error("transition {0} is complete: the cluster is as it should be")]
    Settled(u64),
    /// The graph waits for itself.
    #[error("transition {0} cannot be completed: its graph waits for what never comes")]
    Terminated(u64),
    /// What is to be said cannot be.
    #[error("a message to the cluster cannot be sent: {0}")]
    Unsaid(String),
    /// The node states or a fail count could not be written.
    #[error("the CIB was not changed; it is tried again")]
    NotChanged,
}
