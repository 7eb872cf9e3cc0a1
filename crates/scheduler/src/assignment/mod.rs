//! Assignment: which node each primitive is to run on, and in which role.

use cib::Score;

use crate::model::{Candidate, Candidates, ColocationId, NodeId, Plan, ResourceId};

/// Assigns every resource.
pub fn assign_all(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Puts `resource`, a primitive, on `node` (`None` leaves it without a node). Says whether its
/// assignment changed. `force` skips the check that the node is available; `stop_if_fail` sets the
/// next role to stopped where there is no node.
pub fn assign_to(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: Option<NodeId>,
    force: bool,
    stop_if_fail: bool,
) -> bool {
    let _ = (plan, resource, node, force, stop_if_fail);
    todo!()
}

/// Takes an assignment back, for all parts of `resource`.
pub fn unassign(plan: &mut Plan<'_>, resource: ResourceId) {
    let _ = (plan, resource);
    todo!()
}

/// Whether `candidate`'s node can take a resource now. `consider_score`: not where the score is
/// minus infinity. `consider_guest`: not where it is a guest node whose guest is not to run.
#[must_use]
pub fn is_available(
    plan: &Plan<'_>,
    candidate: &Candidate,
    consider_score: bool,
    consider_guest: bool,
) -> bool {
    let _ = (plan, candidate, consider_score, consider_guest);
    todo!()
}

/// Whether any node of the set can take a resource now.
#[must_use]
pub fn any_available(plan: &Plan<'_>, candidates: &Candidates) -> bool {
    candidates
        .iter()
        .any(|candidate| is_available(plan, candidate, true, false))
}

/// Colocations of other resources with `resource`, those of its parents included, in the order in
/// which they apply.
#[must_use]
pub fn colocations_with(plan: &Plan<'_>, resource: ResourceId) -> Vec<ColocationId> {
    let _ = (plan, resource);
    todo!()
}

/// Colocations of `resource` with others, those of its parents included, in the order in which they
/// apply.
#[must_use]
pub fn colocations_of(plan: &Plan<'_>, resource: ResourceId) -> Vec<ColocationId> {
    let _ = (plan, resource);
    todo!()
}

/// The promotion score of `resource`, an instance, on `node`.
#[must_use]
pub fn promotion_score(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Option<Score> {
    let _ = (plan, resource, node);
    todo!()
}

/// Writes the scores of `resource` for `candidates` to `plan.score_lines`, as
/// `COMMENT: RESOURCE allocation score on NODE: SCORE`.
pub fn show_scores(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    comment: &str,
    candidates: &Candidates,
) {
    let _ = (plan, resource, comment, candidates);
    todo!()
}
