//! Which of the nodes that a resource may run on is best.
//!
//! Nodes are compared by, the first difference deciding:
//!
//! 1. the resource's score for the node; minus infinity where the node cannot run anything;
//! 2. with `placement-strategy="balanced"`, more free capacity;
//! 3. fewer resources assigned so far (not with `minimal`);
//! 4. being the node where the resource is active (not with `minimal`);
//! 5. the name, as bytes.

use std::cmp::Ordering;

use cib::Score;

use super::capacity::{self, Capacity};
use super::sorting;
use crate::model::table_order::in_table_order;
use crate::model::{Candidate, Candidates, NodeId, PlacementStrategy, Plan};

/// Whether `candidate`'s node can take a resource now. `consider_score`: not where the score is
/// negative. `consider_guest`: not where it is a guest node whose guest is not to run.
#[must_use]
pub fn is_available(
    plan: &Plan<'_>,
    candidate: &Candidate,
    consider_score: bool,
    consider_guest: bool,
) -> bool {
    let node = &plan.nodes[candidate.node];
    let able = node.online && !node.shutdown && !node.unclean && !node.standby && !node.maintenance;
    if !able || (consider_score && candidate.score < Score::ZERO) {
        return false;
    }
    !consider_guest || !plan.is_guest(candidate.node) || will_guest_run(plan, candidate.node)
}

fn will_guest_run(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node]
        .connection
        .and_then(|connection| plan.resources[connection].launcher)
        .is_some_and(|guest| super::assigned_node(plan, guest).is_some())
}

/// Whether any node of the set can take a resource now.
#[must_use]
pub fn any_available(plan: &Plan<'_>, candidates: &Candidates) -> bool {
    candidates
        .iter()
        .any(|candidate| is_available(plan, candidate, true, false))
}

/// `node` as it is without any resource's point of view.
pub(super) fn as_such(plan: &Plan<'_>, node: NodeId) -> Candidate {
    plan.nodes[node].as_candidate(node)
}

/// A candidate with what it is compared by.
struct Rated<'p> {
    candidate: Candidate,
    score: Score,
    capacity: Capacity<'p>,
}

fn rate<'p>(plan: &'p Plan<'_>, candidate: Candidate) -> Rated<'p> {
    Rated {
        candidate,
        score: if is_available(plan, &candidate, false, false) {
            candidate.score
        } else {
            Score::MINUS_INFINITY
        },
        capacity: if plan.options.placement_strategy == PlacementStrategy::Balanced {
            Capacity::of(&plan.nodes[candidate.node].utilization)
        } else {
            Capacity::default()
        },
    }
}

/// Which of two candidates is better (`Less`) for a resource that is active on `active`.
fn compare(
    plan: &Plan<'_>,
    one: &Rated<'_>,
    other: &Rated<'_>,
    active: Option<NodeId>,
) -> Ordering {
    let node = |rated: &Rated<'_>| &plan.nodes[rated.candidate.node];
    let by_name = || node(one).name.cmp(node(other).name);
    let by_score = other.score.cmp(&one.score);
    if by_score.is_ne() || plan.options.placement_strategy == PlacementStrategy::Minimal {
        return by_score.then_with(by_name);
    }
    let is_active = |rated: &Rated<'_>| active == Some(rated.candidate.node);
    capacity::more_free(&one.capacity, &other.capacity)
        .then_with(|| node(one).assigned.len().cmp(&node(other).assigned.len()))
        .then_with(|| is_active(other).cmp(&is_active(one)))
        .then_with(by_name)
}

/// The candidates, the best first, for a resource that is active on `active`.
pub(super) fn sorted(
    plan: &Plan<'_>,
    candidates: impl Iterator<Item = Candidate>,
    active: Option<NodeId>,
) -> Vec<Candidate> {
    let rated: Vec<Rated<'_>> = candidates.map(|candidate| rate(plan, candidate)).collect();
    let mut order: Vec<usize> = (0..rated.len()).collect();
    sorting::sort(&mut order, &mut |one, other| {
        compare(plan, &rated[one], &rated[other], active)
    });
    order.iter().map(|&place| rated[place].candidate).collect()
}

/// The best of the candidates for a resource that is active on `active`.
pub(super) fn best(
    plan: &Plan<'_>,
    candidates: &Candidates,
    active: Option<NodeId>,
) -> Option<Candidate> {
    if plan.options.placement_strategy == PlacementStrategy::Balanced {
        // Capacities do not compare transitively: only sorting tells who comes first.
        let candidates = in_table_order(plan, candidates).rev();
        return sorted(plan, candidates, active).first().copied();
    }
    candidates
        .iter()
        .copied()
        .map(|candidate| rate(plan, candidate))
        .reduce(|best, next| {
            if compare(plan, &next, &best, active).is_lt() {
                next
            } else {
                best
            }
        })
        .map(|rated| rated.candidate)
}
