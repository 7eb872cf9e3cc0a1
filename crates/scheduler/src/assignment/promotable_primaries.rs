//! Colocations with a certain role of a promotable clone.
//!
//! The places of the role are the nodes that instances with that role as next role are assigned to.
//!
//! - A dependent that is being assigned: an optional colocation adds its score on nodes in the same
//!   place as each of them. A mandatory one bans all other nodes and adds the instance's own score;
//!   not where both roles are the promoted one: dependents may then run anywhere, unpromoted.
//! - A dependent whose role is being chosen: its priority changes by the score if there is such an
//!   instance in its place; it becomes minus infinity if there is none, but must be.

use cib::Score;

use super::attributes::{Places, same_place};
use super::compatibility::compatible_instance;
use super::effects::add_to_priority;
use super::location::{assigned_node, score_when_assigned};
use super::scores::set_scores;
use crate::model::{Cause, ColocationId, NodeId, Plan, ResourceId, Role};

/// Applies `colocation` with promotable `clone` to the scores of `dependent`.
pub(super) fn apply_to_scores(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    clone: ResourceId,
    colocation: ColocationId,
) {
    let of = &plan.colocations[colocation];
    let both_promoted = of.dependent_role == Role::Promoted && of.primary_role == Role::Promoted;
    let mandatory = of.score == Score::INFINITY;
    let hosts: Vec<(NodeId, Score)> = plan.resources[clone]
        .children
        .iter()
        .filter(|&&instance| plan.role(instance, false) == of.primary_role)
        .filter_map(|&instance| {
            let node = assigned_node(plan, instance)?;
            Some((node, score_when_assigned(plan, instance, node)))
        })
        .collect();
    let mut allowed = plan.resources[dependent].allowed.clone();
    if !mandatory {
        let of = &plan.colocations[colocation];
        let primary_places = Places::new(plan, &of.node_attribute, clone);
        let places = Places::new(plan, &of.node_attribute, dependent);
        for &(host, _) in &hosts {
            let host_place = primary_places.of(host);
            for candidate in allowed.iter_mut() {
                if same_place(places.of(candidate.node), host_place) {
                    candidate.score = candidate.score.plus(of.score);
                }
            }
        }
    } else if !both_promoted {
        for candidate in allowed.iter_mut() {
            // Of several instances on a node, the last one counts.
            let host = hosts.iter().rfind(|&&(node, _)| node == candidate.node);
            candidate.score = host.map_or(Score::MINUS_INFINITY, |&(_, score)| {
                candidate.score.plus(score)
            });
        }
    }
    set_scores(plan, dependent, allowed, || Cause::Colocation(colocation));
}

/// Applies `colocation` with promotable `clone` to the priority of `dependent`; says by how much.
pub(super) fn apply_to_priority(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    clone: ResourceId,
    colocation: ColocationId,
) -> Score {
    let of = &plan.colocations[colocation];
    let (score, attribute) = (of.score, &of.node_attribute);
    let instance = compatible_instance(
        plan,
        dependent,
        clone,
        of.primary_role,
        false,
        Some(attribute),
    );
    if instance.is_some() {
        add_to_priority(plan, dependent, score);
        score
    } else if score == Score::INFINITY {
        plan.resources[dependent].priority = Score::MINUS_INFINITY.value();
        Score::MINUS_INFINITY
    } else {
        Score::ZERO
    }
}
