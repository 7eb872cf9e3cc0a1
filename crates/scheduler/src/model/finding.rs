//! What is shown of an assignment on request: scores (`crm_simulate -s`) and utilization (`-U`).

use std::fmt::Write as _;

use cib::Score;

use super::ids::{NodeId, ResourceId};
use super::plan::Plan;

/// Something that was found while resources were assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The score that a resource gives a node.
    Score {
        /// The step that shows it, as Pacemaker calls it.
        step: &'static str,
        /// The resource.
        resource: ResourceId,
        /// The node.
        node: NodeId,
        /// The score.
        score: Score,
    },
    /// How much an instance wants to be promoted.
    Promotion {
        /// The instance.
        resource: ResourceId,
        /// Where it was assigned to.
        node: Option<NodeId>,
        /// How much.
        score: Score,
    },
    /// What a node can take.
    Capacity {
        /// When: `Original` or `Remaining`.
        moment: &'static str,
        /// The node.
        node: NodeId,
        /// Names and amounts.
        amounts: Vec<(String, String)>,
    },
    /// What a resource takes from a node.
    Utilization {
        /// The step that shows it, as Pacemaker calls it.
        step: &'static str,
        /// The resource.
        resource: ResourceId,
        /// The node.
        node: NodeId,
        /// Names and amounts.
        amounts: Vec<(String, String)>,
    },
    /// Something of interest that came up on the way, in words.
    Remark(String),
}

impl Finding {
    /// The finding in the words of `crm_simulate`.
    #[must_use]
    pub fn text(&self, plan: &Plan<'_>) -> String {
        let resource_id = |resource: &ResourceId| &*plan.resources[*resource].id;
        let node_name = |node: &NodeId| plan.nodes[*node].name;
        match self {
            Self::Score {
                step,
                resource,
                node,
                score,
            } => {
                let (resource, node) = (resource_id(resource), node_name(node));
                format!("{step}: {resource} allocation score on {node}: {score}")
            }
            Self::Promotion {
                resource,
                node: Some(node),
                score,
            } => {
                let (resource, node) = (resource_id(resource), node_name(node));
                format!("{resource} promotion score on {node}: {score}")
            }
            Self::Promotion {
                resource,
                node: None,
                score,
            } => format!(
                "{} promotion score (inactive): {score}",
                resource_id(resource)
            ),
            Self::Capacity {
                moment,
                node,
                amounts,
            } => with_amounts(format!("{moment}: {} capacity:", node_name(node)), amounts),
            Self::Utilization {
                step,
                resource,
                node,
                amounts,
            } => {
                let (resource, node) = (resource_id(resource), node_name(node));
                with_amounts(
                    format!("{step}: {resource} utilization on {node}:"),
                    amounts,
                )
            }
            Self::Remark(text) => text.clone(),
        }
    }
}

fn with_amounts(mut text: String, amounts: &[(String, String)]) -> String {
    for (name, amount) in amounts {
        // Writing to a String cannot fail.
        let _ = write!(text, " {name}={amount}");
    }
    text
}
