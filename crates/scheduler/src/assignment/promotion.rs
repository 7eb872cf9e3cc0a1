//! Which instances of a promotable clone are promoted.
//!
//! Until the actions are made, an instance's `priority` stands for its promotion score:
//!
//! 1. It starts with the score that the agent gave on the node that the instance is assigned to, or
//!    -1 if there is none; minus infinity, if the next role is already said to be a lower one.
//! 2. Location constraints for the promoted role on that node are added: the instance's, then the
//!    clone's. So are colocations of the instance that are limited to a role.
//! 3. It is then added to the clone's score for the node (if it is not negative), to which
//!    dependents that want to be with the promoted instance add theirs; missing tickets ban it. The
//!    sum on each instance's node is its promotion priority. Negative ones stay as they were; who
//!    is not going to run has minus infinity, and who is unmanaged and promoted has infinity.
//! 4. Instances are sorted by it, then by the higher role at present, then as for assignment; the
//!    first `promoted-max` that can be promoted are, `promoted-node-max` on each node.

use cib::Score;

use super::colocations::{colocations_of, colocations_with, has_influence};
use super::dependents::{Selection, merge_into};
use super::location::{assigned_node, assigned_nodes, set_next_role};
use super::node_choice::{as_such, is_available};
use super::primitive::is_frozen;
use super::promotion_scores::promotion_score;
use super::scores::show_promotion_score;
use super::{effects, instance_order};
use crate::constraints::require_promotion_tickets;
use crate::model::{Cause, LocationId, NodeId, Plan, ResourceId, Role, Variant};

/// Sets the next roles of all instances of `clone`.
pub(super) fn choose_roles(plan: &mut Plan<'_>, clone: ResourceId) {
    for candidate in plan.resources[clone].allowed.iter_mut() {
        candidate.count = 0;
    }
    for instance in plan.resources[clone].children.clone() {
        set_priority(plan, instance, clone);
    }
    sort_by_promotion(plan, clone);
    let mut promoted = 0;
    for instance in plan.resources[clone].children.clone() {
        promoted += usize::from(choose_role(plan, instance, promoted));
    }
}

fn set_priority(plan: &mut Plan<'_>, instance: ResourceId, clone: ResourceId) {
    if plan.role(instance, true) == Role::Started {
        take_as_unpromoted(plan, instance);
    }
    let nodes = assigned_nodes(plan, instance);
    if nodes.len() > 1 {
        let id = &plan.resources[instance].id;
        plan.configuration_error(format!("Cannot promote non-colocated child {id}"));
    }
    let [node] = nodes[..] else {
        return;
    };
    let next_role = plan.role(instance, false);
    let priority = match next_role {
        Role::Unknown | Role::Started => promotion_score(plan, instance, node).unwrap_or(-1),
        Role::Stopped | Role::Unpromoted => Score::MINUS_INFINITY.value(),
        Role::Promoted => plan.resources[instance].priority,
    };
    plan.resources[instance].priority = priority;
    for resource in [instance, clone] {
        for location in plan.resources[resource].locations.clone() {
            add_promoted_location(plan, instance, location, node);
        }
    }
    for colocation in colocations_of(plan, instance) {
        let primary = plan.colocations[colocation].primary;
        effects::apply(plan, instance, primary, colocation);
    }
    let of = &mut plan.resources[instance];
    of.promotion_priority = if next_role == Role::Promoted {
        Score::INFINITY
    } else {
        Score::new(i64::from(of.priority))
    };
    of.promotion_priority_set = true;
    if plan.journal.enabled {
        let own = Score::new(i64::from(of.priority));
        plan.journal.promotions.push((instance, own));
    }
}

/// Instances of promotable clones that are active are unpromoted, not merely started.
fn take_as_unpromoted(plan: &mut Plan<'_>, resource: ResourceId) {
    if plan.resources[resource].role == Role::Started {
        plan.resources[resource].role = Role::Unpromoted;
    }
    for child in plan.resources[resource].children.clone() {
        take_as_unpromoted(plan, child);
    }
}

fn add_promoted_location(
    plan: &mut Plan<'_>,
    instance: ResourceId,
    location: LocationId,
    node: NodeId,
) {
    let of = &plan.locations[location];
    if of.role != Role::Promoted {
        return;
    }
    let Some(wanted) = of.nodes.iter().find(|wanted| wanted.node == node) else {
        return;
    };
    let score = wanted.score;
    effects::add_to_priority(plan, instance, score);
}

fn sort_by_promotion(plan: &mut Plan<'_>, clone: ResourceId) {
    let Variant::Clone(data) = &mut plan.resources[clone].variant else {
        return;
    };
    if std::mem::replace(&mut data.promotion_constrained, true) {
        return;
    }
    plan.resources[clone].updating_nodes = true;
    let mut children = plan.resources[clone].children.clone();
    for &instance in &children {
        add_priority_to_node(plan, instance, clone);
    }
    for colocation in colocations_with(plan, clone) {
        if plan.colocations[colocation].primary_role == Role::Promoted
            && has_influence(plan, colocation, None)
        {
            let selection = Selection {
                only_positive: true,
                only_usable: true,
                ..Selection::default()
            };
            merge_into(plan, colocation, clone, selection);
        }
    }
    require_promotion_tickets(plan, clone);
    for &instance in &children {
        plan.resources[instance].promotion_priority = final_priority(plan, instance, clone);
    }
    instance_order::sort_by(plan, &mut children, |plan, one, other| {
        let priority = |instance: ResourceId| plan.resources[instance].promotion_priority;
        let role = |instance: ResourceId| plan.role(instance, true);
        priority(other)
            .cmp(&priority(one))
            .then_with(|| role(other).cmp(&role(one)))
    });
    plan.resources[clone].children = children;
    plan.resources[clone].updating_nodes = false;
}

fn add_priority_to_node(plan: &mut Plan<'_>, instance: ResourceId, clone: ResourceId) {
    let priority = plan.resources[instance].promotion_priority;
    let Some(node) = assigned_node(plan, instance).filter(|_| priority >= Score::ZERO) else {
        return;
    };
    if let Some(candidate) = plan.resources[clone].allowed.get_mut(node) {
        candidate.score = candidate.score.plus(priority);
        plan.journal
            .note(clone, node, priority, || Cause::PromotionScore);
    }
}

fn final_priority(plan: &Plan<'_>, instance: ResourceId, clone: ResourceId) -> Score {
    let of = &plan.resources[instance];
    if !of.managed && of.next_role == Role::Promoted {
        return Score::INFINITY;
    }
    let Some(node) = assigned_node(plan, instance) else {
        return Score::MINUS_INFINITY;
    };
    if of.promotion_priority < Score::ZERO {
        return of.promotion_priority;
    }
    plan.resources[clone]
        .allowed
        .get(node)
        .map_or(of.promotion_priority, |candidate| candidate.score)
}

/// Sets the next role of an instance; says whether it is promoted. `promoted` says how many others
/// are.
fn choose_role(plan: &mut Plan<'_>, instance: ResourceId, promoted: usize) -> bool {
    show_promotion_score(plan, instance);
    let clone = plan.top(instance, false);
    let has_place = plan
        .clone_data(clone)
        .is_some_and(|data| promoted < data.promoted_max)
        || !plan.resources[clone].managed;
    let is_wanted = plan.resources[instance].promotion_priority >= Score::ZERO;
    let node = if is_wanted && has_place {
        node_to_promote_on(plan, instance, clone)
    } else {
        None
    };
    let Some(node) = node else {
        leave_unpromoted(plan, instance);
        return false;
    };
    if plan.resources[instance].role < Role::Promoted && is_frozen(plan) {
        let id = &plan.resources[instance].id;
        plan.notice(format!(
            "Clone instance {id} cannot be promoted without quorum"
        ));
        leave_unpromoted(plan, instance);
        return false;
    }
    if let Some(candidate) = plan.resources[clone].allowed.get_mut(node) {
        candidate.count += 1;
    }
    promote(plan, instance);
    true
}

fn leave_unpromoted(plan: &mut Plan<'_>, resource: ResourceId) {
    if assigned_nodes(plan, resource).is_empty() {
        set_next_role(plan, resource, Role::Stopped, "stopped instance");
    } else {
        set_next_role(plan, resource, Role::Unpromoted, "unpromoted instance");
    }
    for child in plan.resources[resource].children.clone() {
        leave_unpromoted(plan, child);
    }
}

fn promote(plan: &mut Plan<'_>, resource: ResourceId) {
    if plan.resources[resource].next_role == Role::Unknown {
        set_next_role(plan, resource, Role::Promoted, "promoted instance");
    }
    for child in plan.resources[resource].children.clone() {
        promote(plan, child);
    }
}

/// The node that `resource` and all its parts can be promoted on.
fn node_to_promote_on(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    clone: ResourceId,
) -> Option<NodeId> {
    for child in plan.resources[resource].children.clone() {
        node_to_promote_on(plan, child, clone)?;
    }
    let node = assigned_node(plan, resource)?;
    let of = &plan.resources[resource];
    let managed = of.managed;
    if !managed {
        if plan.role(resource, true) != Role::Promoted {
            return None;
        }
        let text = format!(
            "Unmanaged instance {} will be left promoted on {}",
            of.id, plan.nodes[node].name
        );
        plan.notice(text);
    } else if of.priority < 0 || !is_available(plan, &as_such(plan, node), false, true) {
        return None;
    }
    let candidate = plan.resources[clone].allowed.get(node)?;
    let promoted_here = usize::try_from(candidate.count).unwrap_or(0);
    let per_node = plan.clone_data(clone)?.promoted_node_max;
    (promoted_here < per_node || !managed).then_some(node)
}
