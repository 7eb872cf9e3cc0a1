//! Adding to the scores that resources give nodes.

use cib::Score;

use crate::model::{Candidate, Cause, NodeId, Plan, ResourceId};

/// Adds `score` to what `resource` and all its parts give `node` (or every node of the cluster). A
/// node on which the resource was not allowed yet becomes one that it may run on. A resource that
/// is banned from all nodes loses the node that it was assigned to.
pub fn add_score(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: Option<NodeId>,
    score: Score,
    cause: impl Fn() -> Cause,
) {
    if let Some(node) = node {
        add_on_node(plan, resource, node, score, &cause);
        return;
    }
    for node in plan.nodes.ids() {
        add_on_node(plan, resource, node, score, &cause);
    }
    if score == Score::MINUS_INFINITY {
        plan.resources[resource].assigned_to = None;
    }
}

/// Recurses as deep as resources are nested: bundle, clone, group, primitive.
fn add_on_node(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    score: Score,
    cause: &impl Fn() -> Cause,
) {
    for index in 0..plan.resources[resource].children.len() {
        let child = plan.resources[resource].children[index];
        add_on_node(plan, child, node, score, cause);
    }
    let allowed = &mut plan.resources[resource].allowed;
    if !allowed.contains(node) {
        let candidate = plan.nodes[node].as_candidate(node);
        allowed.insert(candidate);
        plan.journal
            .note(resource, node, candidate.score, || Cause::Base);
    }
    if let Some(candidate) = allowed.get_mut(node) {
        candidate.score = candidate.score.plus(score);
    }
    plan.journal.note(resource, node, score, cause);
}

/// Bans `resource`, but not its parts, from those of its nodes that `is_unfit` says.
pub(super) fn ban_where(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    is_unfit: impl Fn(&Plan<'_>, &Candidate) -> bool,
    cause: impl Fn() -> Cause,
) {
    for node in plan.nodes.ids() {
        let unfit = plan.resources[resource]
            .allowed
            .get(node)
            .is_some_and(|candidate| is_unfit(plan, candidate));
        if !unfit {
            continue;
        }
        if let Some(candidate) = plan.resources[resource].allowed.get_mut(node) {
            candidate.score = Score::MINUS_INFINITY;
            plan.journal
                .note(resource, node, Score::MINUS_INFINITY, &cause);
        }
    }
}
