//! Which instance of a clone, or container of a bundle, is assigned first.
//!
//! By, the first difference deciding:
//!
//! 1. of two that are active, the one that is active on fewer nodes;
//! 2. one that is not active on a node where it is not allowed;
//! 3. higher priority;
//! 4. one that is active (two that are not are alike);
//! 5. one whose node can run anything;
//! 6. one whose node the collective is allowed on (two that are not are alike);
//! 7. one whose node has fewer instances so far;
//! 8. one that has not failed;
//! 9. one whose node gets a higher score from colocations;
//! 10. the lower number.

use std::cmp::Ordering;

use cib::Score;

use super::colocations::{colocations_of, colocations_with, has_influence};
use super::dependents::{Link, Merged, Selection, merge, share};
use super::instances::collective_candidate;
use super::node_choice::{as_such, is_available};
use super::sorting;
use crate::model::{Candidates, NodeId, Plan, ResourceId};

/// Sorts instances in the order of assignment.
pub(super) fn sort(plan: &mut Plan<'_>, instances: &mut [ResourceId]) {
    sort_by(plan, instances, |_, _, _| Ordering::Equal);
}

/// As [`sort`], where `first` decides before all else.
pub(super) fn sort_by(
    plan: &mut Plan<'_>,
    instances: &mut [ResourceId],
    first: impl Fn(&Plan<'_>, ResourceId, ResourceId) -> Ordering,
) {
    let mut rated: Vec<Rated> = instances
        .iter()
        .map(|&instance| Rated::of(plan, instance))
        .collect();
    let mut order: Vec<usize> = (0..rated.len()).collect();
    sorting::sort(&mut order, &mut |one, other| {
        first(plan, rated[one].instance, rated[other].instance)
            .then_with(|| compare(plan, &mut rated, one, other))
    });
    for (place, &from) in order.iter().enumerate() {
        instances[place] = rated[from].instance;
    }
}

/// What an instance is sorted by.
struct Rated {
    instance: ResourceId,
    /// How many nodes it is active on.
    active_count: usize,
    /// The node where it is active, if it is allowed there.
    node: Option<NodeId>,
    /// Whether it is active, but not where it is allowed.
    misplaced: bool,
    failed: bool,
    number: i64,
    /// The score of its node from colocations, once asked for.
    colocated: Option<Score>,
}

impl Rated {
    fn of(plan: &Plan<'_>, instance: ResourceId) -> Self {
        let activity = plan.activity(instance);
        let allowed = &plan.resources[instance].allowed;
        let node = activity.node.filter(|&node| {
            allowed
                .get(node)
                .is_some_and(|candidate| candidate.score >= Score::ZERO)
        });
        Self {
            instance,
            active_count: activity.all,
            node,
            misplaced: activity.node.is_some() && node.is_none(),
            failed: has_failed(plan, instance),
            number: number(&plan.resources[instance].id),
            colocated: None,
        }
    }
}

fn has_failed(plan: &Plan<'_>, resource: ResourceId) -> bool {
    let of = &plan.resources[resource];
    of.failed || of.children.iter().any(|&child| has_failed(plan, child))
}

/// The number of an instance: after the last colon of its name, or else after the last dash.
#[must_use]
pub fn number(id: &str) -> i64 {
    id.rsplit_once(':')
        .or_else(|| id.rsplit_once('-'))
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or(0)
}

fn compare(plan: &mut Plan<'_>, rated: &mut [Rated], one: usize, other: usize) -> Ordering {
    let (left, right) = (&rated[one], &rated[other]);
    let by_count = if left.active_count > 0 && right.active_count > 0 {
        left.active_count.cmp(&right.active_count)
    } else {
        Ordering::Equal
    };
    let priority = |rated: &Rated| plan.resources[rated.instance].priority;
    let by_merit = by_count
        .then_with(|| left.misplaced.cmp(&right.misplaced))
        .then_with(|| priority(right).cmp(&priority(left)));
    if by_merit.is_ne() {
        return by_merit;
    }
    let (left_node, right_node) = match (left.node, right.node) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => return Ordering::Greater,
        (Some(_), None) => return Ordering::Less,
        (Some(left), Some(right)) => (left, right),
    };
    let works = |node| is_available(plan, &as_such(plan, node), false, false);
    let by_node = works(right_node).cmp(&works(left_node));
    if by_node.is_ne() {
        return by_node;
    }
    let count = |rated: &Rated, node| {
        collective_candidate(plan, rated.instance, node).map(|candidate| candidate.count)
    };
    let by_collective = match (count(left, left_node), count(right, right_node)) {
        (None, None) => return Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(left), Some(right)) => left.cmp(&right),
    };
    let by_health = by_collective.then_with(|| left.failed.cmp(&right.failed));
    if by_health.is_ne() {
        return by_health;
    }
    let left_score = colocated_score(plan, &mut rated[one], left_node);
    let right_score = colocated_score(plan, &mut rated[other], right_node);
    right_score
        .cmp(&left_score)
        .then_with(|| rated[one].number.cmp(&rated[other].number))
}

/// The score that the node of an instance gets from colocations alone.
fn colocated_score(plan: &mut Plan<'_>, rated: &mut Rated, node: NodeId) -> Score {
    if let Some(score) = rated.colocated {
        return score;
    }
    let instance = rated.instance;
    let mut merged = Merged::new(Candidates::from_iter([as_such(plan, node)]));
    for colocation in colocations_of(plan, instance) {
        let (other, link) = link(plan, colocation, instance, |of| of.primary);
        merge(plan, other, link, &mut merged, Selection::default(), 0);
    }
    for colocation in colocations_with(plan, instance) {
        if has_influence(plan, colocation, Some(instance)) {
            let (other, link) = link(plan, colocation, instance, |of| of.dependent);
            let selection = Selection {
                only_positive: true,
                ..Selection::default()
            };
            merge(plan, other, link, &mut merged, selection, 0);
        }
    }
    let score = merged.score(node).unwrap_or_default();
    rated.colocated = Some(score);
    score
}

fn link(
    plan: &Plan<'_>,
    colocation: crate::model::ColocationId,
    instance: ResourceId,
    other: impl Fn(&crate::model::Colocation<'_>) -> ResourceId,
) -> (ResourceId, Link) {
    let of = &plan.colocations[colocation];
    let link = Link {
        colocation,
        target: instance,
        factor: share(of.score),
    };
    (other(of), link)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn instances_are_numbered_by_their_names() {
        for (id, expected) in [
            ("web:0", 0),
            ("web-1:12", 12),
            ("httpd-podman-2", 2),
            ("odd", 0),
            ("odd:x", 0),
        ] {
            assert_eq!(number(id), expected, "{id}");
        }
    }
}
