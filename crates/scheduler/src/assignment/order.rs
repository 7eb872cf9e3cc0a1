//! Which resource is assigned first, where capacity is short.
//!
//! By, the first difference deciding: higher priority; higher score where it is active; higher score
//! on the best of all nodes, on the next, and so on. Scores are those merged with what the
//! resource follows.

use std::cmp::Ordering;

use cib::Score;

use super::dependents::with_followed;
use super::node_choice::{as_such, sorted};
use super::sorting;
use crate::model::{Candidates, NodeId, Plan};

/// Sorts the resources that are part of no other.
pub(super) fn sort_roots(plan: &mut Plan<'_>) {
    let nodes: Vec<NodeId> = sorted(
        plan,
        plan.nodes_by_name.iter().map(|&node| as_such(plan, node)),
        None,
    )
    .iter()
    .map(|candidate| candidate.node)
    .collect();
    let roots = std::mem::take(&mut plan.roots);
    let rated: Vec<Rated> = roots
        .iter()
        .map(|&resource| Rated {
            priority: plan.resources[resource].priority,
            active_on: plan.active_node(resource),
            scores: with_followed(plan, resource),
        })
        .collect();
    let mut order: Vec<usize> = (0..roots.len()).collect();
    sorting::sort(&mut order, &mut |one, other| {
        rated[one].compare(&rated[other], &nodes)
    });
    plan.roots = order.iter().map(|&place| roots[place]).collect();
}

/// What a resource is sorted by.
struct Rated {
    priority: i32,
    active_on: Option<NodeId>,
    scores: Candidates,
}

impl Rated {
    fn compare(&self, other: &Self, nodes: &[NodeId]) -> Ordering {
        let here = |rated: &Self| {
            rated
                .active_on
                .map_or(Score::MINUS_INFINITY, |node| rated.score(node))
        };
        other
            .priority
            .cmp(&self.priority)
            .then_with(|| here(other).cmp(&here(self)))
            .then_with(|| {
                let scores = |rated: &Self| -> Vec<Score> {
                    nodes.iter().map(|&node| rated.score(node)).collect()
                };
                scores(other).cmp(&scores(self))
            })
    }

    fn score(&self, node: NodeId) -> Score {
        self.scores
            .get(node)
            .map_or(Score::MINUS_INFINITY, |candidate| candidate.score)
    }
}
