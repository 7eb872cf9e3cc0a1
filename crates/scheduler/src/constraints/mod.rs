//! Constraints: those of the configuration, and those that resources imply by their nature.

use cib::Score;

use crate::model::{Cause, NodeId, Plan, ResourceId};

/// Reads the constraints section into `plan`.
pub fn unpack(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Adds node health to the scores of all resources.
pub fn apply_node_health(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Adds what location constraints, stickiness, failures, shutdown locks and exclusive discovery say
/// to the scores of all resources.
pub fn apply_node_criteria(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Adds `score` to what `resource` gives `node` (or all nodes that it is allowed on).
pub fn add_score(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: Option<NodeId>,
    score: Score,
    cause: impl Fn() -> Cause,
) {
    let _ = (plan, resource, node, score, cause);
    todo!()
}

/// Adds the orderings and colocations that follow from what resources are: start before promote,
/// members of a group one after the other, and so on.
pub fn imply(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}
