//! Resources and the fencing of nodes.
//!
//! Fencing a node does to the resources there what stops would have done, so
//! ([`order_resources`]), for every managed primitive:
//!
//! * A stop on the node becomes a pseudo-action. If the resource needs fencing, or the node is a
//!   guest, the stop (except inside a bundle, where that would be a loop) and the stop of what it
//!   is part of come after the fencing, and clones that want it are notified.
//! * So does a demotion, if the node is not clean and online or the resource has failed; inside a
//!   bundle without an order of its own.
//! * A start or promotion that needs fencing comes after it, wherever it is. A start that needs
//!   quorum does so if the resource might be active on the node without anyone knowing.
//!
//! A guest is fenced by stopping what launches it ([`fence_guest`]): the fencing is a pseudo-action
//! after that stop, or after the fencing of the host that implies the stop.
//!
//! Unfencing ([`order_after_unfencing`]): what needs it, and the devices themselves, are probed and
//! started after it. A node that has never been unfenced is unfenced for them.

use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, Requires, ResourceId, Task};
use crate::notifications;

/// Puts the actions of all resources in order with `fencing`.
pub(super) fn order_resources(plan: &mut Plan<'_>, fencing: ActionId) {
    let Some(target) = plan.actions[fencing].node else {
        return;
    };
    for root in plan.roots.clone() {
        order_resource(plan, root, fencing, target);
    }
}

fn order_resource(plan: &mut Plan<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    for index in 0..plan.resources[resource].children.len() {
        let child = plan.resources[resource].children[index];
        order_resource(plan, child, fencing, target);
    }
    let of = &plan.resources[resource];
    if of.children.is_empty() && of.managed {
        order_starts(plan, resource, fencing, target);
        imply_stops(plan, resource, fencing, target);
        imply_demotions(plan, resource, fencing, target);
    }
}

/// Starts and promotions wait for the fencing.
fn order_starts(plan: &mut Plan<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    for index in (0..plan.resources[resource].actions.len()).rev() {
        let action = plan.resources[resource].actions[index];
        match plan.actions[action].needs {
            Requires::Nothing => {}
            Requires::Fencing => {
                actions::order(plan, fencing, action, Relation::ORDERED);
            }
            Requires::Quorum => {
                if plan.actions[action].task == Task::Start
                    && plan.resources[resource].allowed.contains(target)
                    && !is_known_on(plan, resource, target)
                {
                    let relation = Relation::ORDERED | Relation::UNRUNNABLE_FIRST_BLOCKS;
                    actions::order(plan, fencing, action, relation);
                }
            }
        }
    }
}

/// Whether the state of `resource` (or of the anonymous clone that it is an instance of) on `node`
/// is known.
fn is_known_on(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    of.known_on.contains(node)
        || plan.is_primitive(resource)
            && of.parent.is_some_and(|parent| {
                plan.is_anonymous_clone(parent) && plan.resources[parent].known_on.contains(node)
            })
}

/// Whether what the fencing of `target` does to `resource` is only done when it is complete.
fn waits_for_fencing(plan: &Plan<'_>, resource: ResourceId, target: NodeId) -> bool {
    plan.resources[resource].needs_fencing || plan.is_guest(target)
}

fn imply_stops(plan: &mut Plan<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    let key = actions::operation_key(&plan.resources[resource].id, "stop", 0);
    let stops = actions::adopt_all(plan, resource, &key, target);
    if stops.is_empty() {
        return;
    }
    let waits = waits_for_fencing(plan, resource, target);
    let bundled = plan.is_bundled(resource);
    let top = plan.top(resource, false);
    let top_stop = actions::find(plan, top, None, Some("stop"), None);
    for stop in stops {
        make_implied(plan, stop);
        if waits {
            if !bundled {
                actions::order(plan, fencing, stop, Relation::GUEST_ALLOWED);
            }
            if let Some(top_stop) = top_stop {
                actions::order(plan, fencing, top_stop, Relation::GUEST_ALLOWED);
            }
        }
        note_implied_stop(plan, resource, target, waits);
        if plan.resources[resource].notify {
            notifications::after_fencing(plan, stop, resource, fencing);
        }
    }
}

fn note_implied_stop(plan: &mut Plan<'_>, resource: ResourceId, target: NodeId, waits: bool) {
    let of = &plan.resources[resource];
    if of.failed {
        let text = format!(
            "Stop of failed resource {} is implicit {} {} is fenced",
            of.id,
            if waits { "after" } else { "because" },
            plan.nodes[target].name
        );
        plan.notice(text);
    }
}

fn imply_demotions(plan: &mut Plan<'_>, resource: ResourceId, fencing: ActionId, target: NodeId) {
    let of = &plan.resources[resource];
    let key = actions::operation_key(&of.id, "demote", 0);
    let node = &plan.nodes[target];
    let is_lost = !node.online || node.unclean || of.failed;
    let demotions = actions::adopt_all(plan, resource, &key, target);
    if !is_lost || demotions.is_empty() {
        return;
    }
    let ordered = waits_for_fencing(plan, resource, target) && !plan.is_bundled(resource);
    for demotion in demotions {
        make_implied(plan, demotion);
        if ordered {
            let relation = Relation::GUEST_ALLOWED | Relation::ORDERED;
            actions::order(plan, fencing, demotion, relation);
        }
    }
}

fn make_implied(plan: &mut Plan<'_>, action: ActionId) {
    let of = &mut plan.actions[action];
    of.pseudo = true;
    of.runnable = true;
}

/// Makes the pseudo-action that stands for the fencing of `guest`, and puts all actions in order
/// with it.
pub(super) fn fence_guest(plan: &mut Plan<'_>, guest: NodeId) {
    let Some(connection) = plan.nodes[guest].connection else {
        return;
    };
    let launcher = plan.launcher_of_node(guest);
    let find = |plan: &Plan<'_>, task: &str| {
        launcher.and_then(|launcher| actions::find(plan, launcher, None, Some(task), None))
    };
    let stop = find(plan, "stop");
    // Only a name: what happens is the recovery of the launcher.
    let operation = match find(plan, "start") {
        Some(_) => "reboot",
        None => "off",
    };
    let reason = Some("guest is unclean");
    let fencing = actions::fence(plan, guest, Some(operation), false, reason, false);
    make_implied(plan, fencing);

    let implied = Relation::UNRUNNABLE_FIRST_BLOCKS | Relation::FIRST_IMPLIES_THEN;
    match stop.map(|stop| (stop, plan.actions[stop].pseudo)) {
        Some((stop, true)) => {
            if let Some(host) = plan.actions[stop].node {
                let fencing_of_host = actions::fence(plan, host, None, false, None, false);
                actions::order(plan, fencing_of_host, fencing, implied);
            }
        }
        Some((stop, false)) => {
            actions::order(plan, stop, fencing, implied);
        }
        // The launcher counts as stopped, perhaps only because its history was cleaned up: the
        // connection's stop comes after the launcher's probe.
        None => {
            if let Some(stop) = actions::find(plan, connection, None, Some("stop"), None) {
                actions::order(plan, stop, fencing, Relation::ORDERED);
            }
        }
    }
    order_resources(plan, fencing);
}

/// Puts `action` of `resource` on `node` after the unfencing of that node, if the resource needs it
/// or is a fencing device in a cluster that uses it. A node that was never unfenced is unfenced.
pub(super) fn order_after_unfencing(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    action: ActionId,
    relation: Relation,
) {
    let of = &plan.resources[resource];
    if !(of.needs_unfencing || of.fence_device && plan.options.unfencing) {
        return;
    }
    // Optional: or else every new resource would lead to a restart of all others.
    let unfence = actions::fence(plan, node, Some("on"), true, None, false);
    actions::order(plan, unfence, action, relation);
    if !is_unfenced(plan, node) {
        let reason = format!(
            "required by {} {}",
            plan.resources[resource].id, plan.actions[action].task_name
        );
        actions::trigger_unfencing(plan, None, node, &reason, None);
    }
}

/// Whether `node` has been unfenced since it was fenced.
pub(super) fn is_unfenced(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node]
        .attributes
        .get("#node-unfenced")
        .is_some_and(|when| when != "0")
}
