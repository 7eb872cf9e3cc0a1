//! What follows for a primitive, if it is managed:
//!
//! 1. It is stopped before it is started (a restart).
//! 2. Where it can be promoted: demoted before it is stopped, started before it is promoted.
//! 3. Its history is not deleted where it is probed.
//! 4. If it needs unfencing: it stops before a node is unfenced, and starts after.
//! 5. If it has utilization: what stops on a node makes room (`load_stopped_NODE`) before what
//!    starts there, or migrates there.
//! 6. See `launcher`, if another resource launches it.
//! 7. Remote connections and fencing devices stay away from remote nodes.

use crate::actions;
use crate::model::{Cause, NodeId, PlacementStrategy, Plan, Relation, ResourceId, Role};

use super::super::scores::ban_where;
use super::{BLOCKS, ORDERED, launcher, order};

/// Adds what follows from `resource`.
pub(super) fn imply(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if !of.managed {
        return;
    }
    let needs_unfencing = plan.options.unfencing && of.needs_unfencing && !of.fence_device;
    let counts_utilization =
        plan.options.placement_strategy != PlacementStrategy::Default && !of.utilization.is_empty();
    let is_launched = of.launcher.is_some();
    let avoids_remote_nodes = of.is_remote_connection || of.fence_device;
    let top = plan.top(resource, false);
    let promotable = plan.resources[top].promotable || of.role > Role::Unpromoted;

    let restart = ORDERED | Relation::FIRST_IMPLIES_THEN | Relation::INTERMEDIATE_STOP;
    order(plan, resource, resource, &[("stop", "start", restart)]);
    if promotable {
        let rules = [
            ("demote", "stop", Relation::PROMOTED_THEN_IMPLIES_FIRST),
            ("start", "promote", BLOCKS),
        ];
        order(plan, resource, resource, &rules);
    }
    let unless_probed = Relation::IF_ON_SAME_NODE | Relation::THEN_CANCELS_FIRST;
    let rules = [("lrm_delete", "monitor", unless_probed)];
    order(plan, resource, resource, &rules);

    if needs_unfencing {
        for node in allowed_nodes(plan, resource) {
            order_around_unfencing(plan, resource, node);
        }
    }
    if counts_utilization {
        order_by_load(plan, resource);
    }
    if is_launched {
        launcher::imply(plan, resource);
    }
    if avoids_remote_nodes {
        avoid_remote_nodes(plan, resource);
    }
}

/// The nodes that `resource` is allowed on, sorted by name.
fn allowed_nodes(plan: &Plan<'_>, resource: ResourceId) -> Vec<NodeId> {
    let allowed = &plan.resources[resource].allowed;
    plan.nodes_by_name
        .iter()
        .copied()
        .filter(|&node| allowed.contains(node))
        .collect()
}

fn order_around_unfencing(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let unfencing = actions::fence(plan, node, Some("on"), true, None, false);
    let stop = Plan::task_end(resource, "stop");
    plan.add_ordering(stop, unfencing.into(), ORDERED | Relation::IF_ON_SAME_NODE);
    let start = Plan::task_end(resource, "start");
    plan.add_ordering(
        unfencing.into(),
        start,
        Relation::FIRST_IMPLIES_SAME_NODE_THEN | Relation::IF_ON_SAME_NODE,
    );
}

fn order_by_load(plan: &mut Plan<'_>, resource: ResourceId) {
    let relation = Relation::IF_ON_SAME_NODE_OR_TARGET;
    for node in plan.resources[resource].active_on.clone() {
        let load_stopped = load_stopped(plan, node);
        let stop = Plan::task_end(resource, "stop");
        plan.add_ordering(stop, load_stopped.into(), relation);
    }
    for node in allowed_nodes(plan, resource) {
        let load_stopped = load_stopped(plan, node);
        for task in ["start", "migrate_to"] {
            let then = Plan::task_end(resource, task);
            plan.add_ordering(load_stopped.into(), then, relation);
        }
    }
}

/// The milestone after everything that makes room on `node`.
fn load_stopped(plan: &mut Plan<'_>, node: NodeId) -> crate::model::ActionId {
    let name = format!("load_stopped_{}", plan.nodes[node].name);
    let milestone = actions::milestone(plan, &name);
    let action = &mut plan.actions[milestone];
    if action.node.is_none() {
        action.node = Some(node);
        action.optional = false;
    }
    milestone
}

/// Bans `resource` from remote and guest nodes.
pub(super) fn avoid_remote_nodes(plan: &mut Plan<'_>, resource: ResourceId) {
    ban_where(
        plan,
        resource,
        |plan, candidate| plan.nodes[candidate.node].connection.is_some(),
        || Cause::Other(String::from("not allowed on Pacemaker Remote nodes")),
    );
}
