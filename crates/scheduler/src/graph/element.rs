//! An action as an element of the graph.
//!
//! | element | actions |
//! | --- | --- |
//! | `<crm_event>` | fencing, shutdown, and what is cleaned up in the CIB |
//! | `<pseudo_event>` | points in the order of things; the fencing of guests |
//! | `<rsc_op>` | all that a resource's agent is asked for |
//!
//! As a trigger an action shows only what identifies it. As itself it also names its resource, its
//! attributes, and the nodes that it is expected to bring down.

use super::attributes::Attributes;
use super::text::Text;
use crate::actions::{notification_key, operation_key};
use crate::model::{Action, ActionId, NodeId, Plan, ResourceId, Task};
use crate::transition;

/// The task that tells the controller which remote nodes enter or leave maintenance.
pub(super) const MAINTENANCE_TASK: &str = "maintenance_nodes";

/// Writes `action`; with all that is known of it where `attributes` are wanted.
pub(super) fn write<'p>(
    text: &mut Text,
    plan: &Plan<'p>,
    action: ActionId,
    attributes: Option<&mut Attributes<'p>>,
) {
    let of = &plan.actions[action];
    let is_cleanup = of.task_name == "lrm_delete";
    let is_event = is_cleanup
        || matches!(of.task, Task::Fence | Task::Shutdown)
        || of.task_name == "clear_failcount";
    let name = match (is_event, of.pseudo) {
        (true, true) if of.task == Task::Fence => "pseudo_event",
        (true, _) => "crm_event",
        (false, true) => "pseudo_event",
        (false, false) => "rsc_op",
    };
    // The fencing of a guest is a pseudo-event that names its node nevertheless.
    let node = of.node.filter(|_| is_event || !of.pseudo);

    text.start(name);
    if is_cleanup {
        text.attribute("mode", "cib");
    }
    text.number("id", action.graph_number());
    text.attribute("operation", &of.task_name);
    write_key(text, plan, of);
    if let Some(node) = node {
        write_node(text, plan, action, node);
    }
    if let Some(attributes) = attributes {
        if let Some(resource) = of.resource.filter(|_| !of.pseudo) {
            write_resource(text, plan, of, resource);
        }
        attributes.write(text, plan, of, node);
        if let Some(node) = node {
            write_downed(text, plan, of, node);
        }
        if of_maintenance(of) {
            write_maintenance(text, plan);
        }
    }
    text.end(name);
}

fn of_maintenance(action: &Action<'_>) -> bool {
    action.pseudo && action.task_name == MAINTENANCE_TASK
}

/// The operation's key, with the name under which a node knows an instance.
fn write_key(text: &mut Text, plan: &Plan<'_>, action: &Action<'_>) {
    let history_id = action
        .resource
        .and_then(|resource| plan.resources[resource].history_id.as_deref());
    let Some(history_id) = history_id else {
        text.attribute("operation_key", &action.key);
        return;
    };
    let meta = |name: &str| action.meta.get(name).unwrap_or_default();
    let key = if action.task == Task::Notify {
        notification_key(history_id, meta("notify_type"), meta("notify_operation"))
    } else {
        let task = action.cancel_task.as_deref().unwrap_or(&action.task_name);
        operation_key(history_id, task, meta("interval").parse().unwrap_or(0))
    };
    text.attribute("operation_key", &key);
    text.attribute("internal_operation_key", &action.key);
}

/// Where the action is done, and through which node if that is a remote one.
fn write_node(text: &mut Text, plan: &Plan<'_>, action: ActionId, node: NodeId) {
    text.attribute("on_node", plan.nodes[node].name);
    text.attribute("on_node_uuid", plan.nodes[node].uuid);
    if let Some(host) = transition::connection_host(plan, action) {
        text.attribute("router_node", plan.nodes[host].name);
    }
}

/// The resource as its agent knows it; only primitives have agents.
fn write_resource(text: &mut Text, plan: &Plan<'_>, action: &Action<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if locks_to_node(plan, action, resource) {
        text.attribute("shutdown-lock", &of.lock_since_s.to_string());
    }
    text.start("primitive");
    let configured_id = of.xml.id().unwrap_or_default();
    match of.history_id.as_deref() {
        // The number matters: there may be more than one instance on the node.
        Some(history_id) if of.removed => {
            text.attribute("id", history_id);
            text.attribute("long-id", &of.id);
        }
        history_id if !of.unique => {
            let long_id = history_id.filter(|&id| id != configured_id);
            text.attribute("id", configured_id);
            text.attribute("long-id", long_id.unwrap_or(&of.id));
        }
        _ => text.attribute("id", &of.id),
    }
    for name in ["class", "provider", "type"] {
        if let Some(value) = of.xml.attribute(name) {
            text.attribute(name, value);
        }
    }
    text.end("primitive");
}

/// Whether the action keeps its resource locked to the node (`shutdown-lock`): all that happens on
/// the node that it is locked to; while that shuts down, only stops.
fn locks_to_node(plan: &Plan<'_>, action: &Action<'_>, resource: ResourceId) -> bool {
    action.node.is_some_and(|node| {
        plan.resources[resource].lock_node == Some(node)
            && (!plan.nodes[node].shutdown || action.task == Task::Stop)
    })
}

/// The nodes that the action is expected to bring down, so that the controller does not take their
/// loss for a failure.
fn write_downed(text: &mut Text, plan: &Plan<'_>, action: &Action<'_>, node: NodeId) {
    let mut ids: Vec<&str> = Vec::new();
    match (action.task, action.resource) {
        (Task::Shutdown, _) => ids.push(plan.nodes[node].uuid),
        (Task::Fence, _) => {
            if matches!(action.meta.get("stonith_action"), Some("off" | "reboot")) {
                ids.push(plan.nodes[node].uuid);
                ids.extend(plan.guests_on(node).map(|guest| plan.nodes[guest].uuid));
            }
        }
        (Task::Stop, Some(resource)) => {
            let of = &plan.resources[resource];
            if of.is_remote_connection && !migrates(plan, action, resource) {
                ids.push(&of.id);
            }
        }
        _ => {}
    }
    if !ids.is_empty() {
        text.start("downed");
        for id in ids {
            text.start("node");
            text.attribute("id", id);
            text.end("node");
        }
        text.end("downed");
    }
}

/// Whether the stop is part of a migration.
fn migrates(plan: &Plan<'_>, stop: &Action<'_>, resource: ResourceId) -> bool {
    stop.before.iter().any(|input| {
        let first = &plan.actions[input.action];
        first.resource == Some(resource) && first.task_name == "migrate_from"
    })
}

/// Remote nodes whose recorded state of maintenance is not the one they are in.
pub(super) fn nodes_in_need_of_maintenance_update(plan: &Plan<'_>) -> impl Iterator<Item = NodeId> {
    plan.nodes
        .iter()
        .filter(|&(node, of)| {
            plan.is_remote_or_guest(node) && of.maintenance != of.remote_maintenance
        })
        .map(|(node, _)| node)
}

fn write_maintenance(text: &mut Text, plan: &Plan<'_>) {
    text.start("maintenance");
    for node in nodes_in_need_of_maintenance_update(plan) {
        let of = &plan.nodes[node];
        text.start("node");
        text.attribute("id", of.uuid);
        let state = if of.maintenance { "1" } else { "0" };
        text.attribute("node_in_maintenance", state);
        text.end("node");
    }
    text.end("maintenance");
}
