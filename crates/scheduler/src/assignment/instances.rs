//! Assigning instances of a clone, or containers of a bundle.
//!
//! The collective's scores say where instances may be at all, and its counts how many there are
//! already on each node.
//!
//! 1. Each active instance that works is tried on its node first, as long as that node has less than
//!    its fair share (all instances over all usable nodes, at least 1). If it would rather be
//!    elsewhere, one instance is set aside for that better node, and it is tried again, until it
//!    gets its node or nothing is left: nodes get as many instances as they deserve, but preferably
//!    those which are there already.
//! 2. The others are assigned in order, until the total is reached; what is left is banned
//!    everywhere.

use cib::Score;

use super::node_choice::{as_such, is_available};
use super::{assign, unassign};
use crate::constraints::add_score;
use crate::model::{Candidate, Candidates, Cause, NodeId, Plan, ResourceId};

/// How many instances there may be.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// In the whole cluster.
    pub(super) total: usize,
    /// On each node.
    pub(super) per_node: usize,
}

/// Assigns `instances` of `collective`, in this order.
pub(super) fn assign_instances(
    plan: &mut Plan<'_>,
    collective: ResourceId,
    instances: &[ResourceId],
    limits: Limits,
) {
    let usable_nodes = reset_counts(plan, collective);
    let fair_share = (limits.total / usable_nodes.max(1)).max(1);
    let mut assigned = 0;
    for &instance in instances {
        if assigned >= limits.total {
            break;
        }
        let current = node_to_keep(plan, instance, fair_share);
        let left = limits.total - assigned;
        if current.is_some_and(|current| assign_early(plan, instance, current, limits, left)) {
            assigned += 1;
        }
    }
    for &instance in instances {
        if !plan.resources[instance].unassigned {
            continue;
        }
        warn_of_disallowed_node(plan, instance);
        if assigned >= limits.total {
            add_score(plan, instance, None, Score::MINUS_INFINITY, || {
                Cause::InstanceLimit
            });
        } else if assign_instance(plan, instance, None, limits.per_node).is_some() {
            assigned += 1;
        }
    }
}

fn warn_of_disallowed_node(plan: &mut Plan<'_>, instance: ResourceId) {
    let Some(node) = plan.active_node(instance) else {
        return;
    };
    if collective_candidate(plan, instance, node).is_none() {
        let of = &plan.resources[instance];
        let unmanaged = if of.managed {
            ""
        } else {
            "Unmanaged resource "
        };
        let (id, node) = (&of.id, plan.nodes[node].name);
        plan.notice(format!(
            "{unmanaged}{id} is running on {node} which is no longer allowed"
        ));
    }
}

/// Sets the counts of instances to 0; says how many nodes can run any.
fn reset_counts(plan: &mut Plan<'_>, collective: ResourceId) -> usize {
    let mut allowed = std::mem::take(&mut plan.resources[collective].allowed);
    let mut usable = 0;
    for candidate in allowed.iter_mut() {
        candidate.count = 0;
        usable += usize::from(is_available(plan, candidate, false, false));
    }
    plan.resources[collective].allowed = allowed;
    usable
}

/// The node where an instance is active, if it works there and the node does not have its fair
/// share yet.
fn node_to_keep(plan: &Plan<'_>, instance: ResourceId, fair_share: usize) -> Option<NodeId> {
    let of = &plan.resources[instance];
    if of.active_on.is_empty() || !of.unassigned || of.failed {
        return None;
    }
    let node = plan
        .active_node(instance)
        .filter(|&node| is_available(plan, &as_such(plan, node), true, false))?;
    let has_share = collective_candidate(plan, instance, node)
        .is_some_and(|candidate| count(candidate) >= fair_share);
    (!has_share).then_some(node)
}

fn count(candidate: &Candidate) -> usize {
    usize::try_from(candidate.count).unwrap_or(0)
}

/// What the collective that `instance` belongs to thinks of `node`.
pub(super) fn collective_candidate<'p>(
    plan: &'p Plan<'_>,
    instance: ResourceId,
    node: NodeId,
) -> Option<&'p Candidate> {
    let collective = plan.resources[instance].parent.unwrap_or(instance);
    plan.resources[collective].allowed.get(node)
}

/// Tries to assign `instance` to `current`, where it is active. `available` says how many instances
/// are left.
fn assign_early(
    plan: &mut Plan<'_>,
    instance: ResourceId,
    current: NodeId,
    limits: Limits,
    available: usize,
) -> bool {
    let can_stay = plan.resources[instance]
        .allowed
        .get(current)
        .is_some_and(|candidate| is_available(plan, candidate, true, false));
    let Some(collective) = plan.resources[instance].parent.filter(|_| can_stay) else {
        return false;
    };
    let scores = Backup::of(plan, instance);
    let counts = plan.resources[collective].allowed.clone();
    let mut stays = false;
    for _ in 0..available {
        let chosen = assign_instance(plan, instance, Some(current), limits.per_node);
        stays = chosen == Some(current);
        if stays {
            break;
        }
        scores.restore(plan);
        if chosen.is_none() {
            plan.resources[instance].unassigned = true;
            break;
        }
        // The node that it would rather be on has one instance more on its account now.
        unassign(plan, instance);
    }
    plan.resources[collective].allowed = counts;
    if stays {
        raise_count(plan, instance, current);
    }
    stays
}

/// Scores of an instance and its parts, before a trial.
struct Backup {
    scores: Vec<(ResourceId, Candidates)>,
    /// How much the journal knew.
    noted: usize,
}

impl Backup {
    fn of(plan: &Plan<'_>, instance: ResourceId) -> Self {
        let mut backup = Self {
            scores: Vec::new(),
            noted: plan.journal.entries.len(),
        };
        backup.add(plan, instance);
        backup
    }

    fn add(&mut self, plan: &Plan<'_>, resource: ResourceId) {
        let of = &plan.resources[resource];
        self.scores.push((resource, of.allowed.clone()));
        for &child in &of.children {
            self.add(plan, child);
        }
    }

    fn restore(&self, plan: &mut Plan<'_>) {
        for (resource, allowed) in &self.scores {
            plan.resources[*resource].allowed.clone_from(allowed);
        }
        let is_restored =
            |resource: ResourceId| self.scores.iter().any(|&(other, _)| other == resource);
        let mut place = 0;
        plan.journal.entries.retain(|entry| {
            place += 1;
            place <= self.noted || !is_restored(entry.resource)
        });
    }
}

/// Assigns one instance: for good, or on trial where `prefer` is the node to keep.
fn assign_instance(
    plan: &mut Plan<'_>,
    instance: ResourceId,
    prefer: Option<NodeId>,
    per_node: usize,
) -> Option<NodeId> {
    if plan.resources[instance].assigning {
        return None;
    }
    ban_full_nodes(plan, instance, per_node);
    let chosen = assign(plan, instance, prefer, prefer.is_none())?;
    raise_count(plan, instance, chosen);
    Some(chosen)
}

fn raise_count(plan: &mut Plan<'_>, instance: ResourceId, node: NodeId) {
    let collective = plan.resources[instance].parent.unwrap_or(instance);
    if let Some(candidate) = plan.resources[collective].allowed.get_mut(node) {
        candidate.count += 1;
    }
}

/// Bans an instance, and its parts, from nodes that cannot take one more.
fn ban_full_nodes(plan: &mut Plan<'_>, instance: ResourceId, per_node: usize) {
    let full: Vec<NodeId> = plan.resources[instance]
        .allowed
        .iter()
        .filter(|candidate| !can_take_one_more(plan, instance, candidate, per_node))
        .map(|candidate| candidate.node)
        .collect();
    let parts = plan.resources[instance].children.clone();
    for resource in std::iter::once(instance).chain(parts) {
        let mut allowed = std::mem::take(&mut plan.resources[resource].allowed);
        for &node in &full {
            if let Some(candidate) = allowed.get_mut(node) {
                if candidate.score != Score::MINUS_INFINITY {
                    plan.journal
                        .note(resource, node, Score::MINUS_INFINITY, || Cause::NodeFull);
                }
                candidate.score = Score::MINUS_INFINITY;
            }
        }
        plan.resources[resource].allowed = allowed;
    }
}

fn can_take_one_more(
    plan: &Plan<'_>,
    instance: ResourceId,
    candidate: &Candidate,
    per_node: usize,
) -> bool {
    !plan.resources[instance].removed
        && is_available(plan, candidate, false, false)
        && collective_candidate(plan, instance, candidate.node).is_some_and(|collective| {
            collective.score >= Score::ZERO && count(collective) < per_node
        })
}
