//! Recurring actions: each `<op>` with an interval.
//!
//! Nothing recurs for a resource that is blocked or in maintenance, and nothing for active roles on
//! a node in maintenance. An `<op>` does not count if it cannot recur ([`CANNOT_RECUR`]), if
//! another one has the same name and interval, if its role is unknown, or if it is disabled.
//!
//! **For active roles**, on the node that the resource is assigned to:
//!
//! * Its role (by default any but promoted) is the one that the resource will have: it is made. It
//!   is optional where the start is, and it is known to be active there and need not be scheduled
//!   anew. It waits for start, reload, and promotion or demotion.
//! * Otherwise, where it is known to be active: it is cancelled, before the resource changes its
//!   role.
//!
//! **For the role `Stopped`** (not for anonymous clones), on every node:
//!
//! * where the resource will be active, it is cancelled if it is known to be active, before the
//!   start;
//! * elsewhere it is made (optional where it is known to be active), after probes and stops.

use cib::xml::Element;

use super::cancel::cancel;
use super::task_of;
use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Role};

/// Actions that make no sense more than once.
const CANNOT_RECUR: [&str; 7] = [
    "stop",
    "start",
    "demote",
    "promote",
    "reload-agent",
    "migrate_to",
    "migrate_from",
];

/// The result that a probe or monitor is expected to have: the resource is not running.
pub(super) const NOT_RUNNING: &str = "7";

/// … or is running, and promoted.
pub(super) const PROMOTED: &str = "8";

/// An `<op>` that recurs.
struct Operation<'c> {
    id: &'c str,
    name: &'c str,
    interval_ms: u32,
    key: String,
    role: Option<Role>,
}

/// Makes the recurring actions of `resource`, a primitive.
pub(super) fn schedule(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if of.blocked || of.maintenance {
        return;
    }
    let assigned_to = of.assigned_to;
    let will_be_active = of.next_role != Role::Stopped || !of.managed;
    let start = match assigned_to {
        Some(node) if will_be_active && !plan.nodes[node].maintenance => {
            let start = actions::once(plan, resource, "start", Some(node), true);
            Some((start, node))
        }
        _ => None,
    };
    for element in actions::operations(plan, resource) {
        let Some(operation) = recurring(plan, resource, element) else {
            continue;
        };
        if operation.role == Some(Role::Stopped) {
            schedule_where_inactive(plan, resource, &operation, assigned_to);
        } else if let Some((start, node)) = start {
            schedule_where_active(plan, resource, &operation, start, node);
        }
    }
}

/// What `element`, an `<op>` of `resource`, says, if it recurs.
fn recurring<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    element: Element<'c>,
) -> Option<Operation<'c>> {
    let interval_ms = actions::operation_interval_ms(element);
    if interval_ms == 0 {
        return None;
    }
    let Some(id) = element.attribute("id").filter(|id| !id.is_empty()) else {
        plan.configuration_error("Ignoring resource history entry without ID");
        return None;
    };
    let name = element.attribute("name").unwrap_or_default();
    if CANNOT_RECUR.contains(&name) {
        let text = format!("Ignoring {id} because {name} action cannot be recurring");
        plan.configuration_error(text);
        return None;
    }
    if let Some((first, second)) = duplicates(plan, resource, name, interval_ms) {
        let text = format!(
            "Operation {second} is duplicate of {first} (do not use same name and interval \
             combination more than once per resource)"
        );
        plan.configuration_error(text);
        return None;
    }
    let role_text = element.attribute("role");
    if let Some(text) = role_text {
        plan.note_old_role(text);
    }
    let role = match role_text.map(|text| (text, Role::parse(text))) {
        None => None,
        Some((_, Some(role))) if role != Role::Unknown => Some(role),
        Some((text, _)) => {
            let text = format!("Ignoring {id} role because {text} is not a valid role");
            plan.configuration_error(text);
            return None;
        }
    };
    actions::operation_configuration(plan, resource, name, interval_ms, false)?;
    Some(Operation {
        id,
        name,
        interval_ms,
        key: actions::operation_key(&plan.resources[resource].id, name, interval_ms),
        role,
    })
}

/// The first two `<op>` of `resource` with this name and interval, if there is more than one.
fn duplicates<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    name: &str,
    interval_ms: u32,
) -> Option<(&'c str, &'c str)> {
    let mut same = actions::operations(plan, resource)
        .filter(|operation| {
            operation.attribute("name") == Some(name)
                && actions::operation_interval_ms(*operation) == interval_ms
        })
        .filter_map(|operation| operation.attribute("id"));
    Some((same.next()?, same.next()?))
}

fn schedule_where_active(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    start: ActionId,
    node: NodeId,
) {
    let goes_on = plan.actions[start].optional && is_active(plan, resource, operation, node);
    let next_role = plan.resources[resource].next_role;
    let role_fits = match operation.role {
        None => next_role != Role::Promoted,
        Some(role) => next_role == role,
    };
    if !role_fits {
        if goes_on {
            cancel_before_role_change(plan, resource, operation, node);
        }
        return;
    }
    let monitor = monitor_on(plan, resource, operation, node, goes_on);
    let starts = plan.actions[start].runnable;
    plan.actions[monitor].runnable &= starts;
    if next_role == Role::Promoted {
        plan.actions[monitor].expected_result = Some(PROMOTED);
    }
    if plan.resources[resource].managed {
        order_after_role_change(plan, resource, monitor);
    }
}

/// The recurring action on `node`. It runs only where the node can run anything.
fn monitor_on(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    node: NodeId,
    optional: bool,
) -> ActionId {
    let key = operation.key.clone();
    let (resource, name) = (Some(resource), operation.name);
    let monitor = actions::action(plan, resource, key, name, Some(node), optional);
    let can_run = plan.nodes[node].online && !plan.nodes[node].unclean;
    plan.actions[monitor].runnable &= can_run;
    monitor
}

/// Whether the action is known to be active on `node`, and may stay as it is.
fn is_active(
    plan: &Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    node: NodeId,
) -> bool {
    let known = actions::find_all(plan, resource, &operation.key, Some(node));
    !known.is_empty() && !known.iter().any(|&action| plan.actions[action].reschedule)
}

fn order_after_role_change(plan: &mut Plan<'_>, resource: ResourceId, monitor: ActionId) {
    let of = &plan.resources[resource];
    let implied = Relation::FIRST_IMPLIES_THEN | Relation::UNRUNNABLE_FIRST_BLOCKS;
    let waiting = Relation::ORDERED | Relation::UNRUNNABLE_FIRST_BLOCKS;
    let role_change = if of.next_role == Role::Promoted {
        Some(("promote", waiting))
    } else if of.role == Role::Promoted {
        Some(("demote", waiting))
    } else {
        None
    };
    for (task, relation) in [("start", implied), ("reload-agent", implied)]
        .into_iter()
        .chain(role_change)
    {
        let first = task_of(resource, task);
        plan.add_ordering(first, monitor.into(), relation);
    }
}

fn cancel_before_role_change(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    node: NodeId,
) {
    let cancel = cancel(plan, resource, operation.name, operation.interval_ms, node);
    let of = &plan.resources[resource];
    let then = match (of.role, of.next_role) {
        (Role::Unpromoted | Role::Started, Role::Promoted) => Some("promote"),
        (Role::Unpromoted | Role::Started, Role::Stopped) => Some("stop"),
        (Role::Promoted, _) => Some("demote"),
        _ => None,
    };
    if let Some(task) = then {
        let then = task_of(resource, task);
        plan.add_ordering(cancel.into(), then, Relation::UNRUNNABLE_FIRST_BLOCKS);
    }
}

fn schedule_where_inactive(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    active_node: Option<NodeId>,
) {
    if !plan.resources[resource].unique {
        let text = format!(
            "Ignoring {} (recurring monitors for Stopped role are not supported for anonymous \
             clones)",
            operation.id
        );
        plan.notice(text);
        return;
    }
    for node in plan.nodes_by_name.clone() {
        let is_known = !actions::find_all(plan, resource, &operation.key, Some(node)).is_empty();
        if active_node == Some(node) {
            if is_known {
                cancel_before_start(plan, resource, operation, node);
            }
            continue;
        }
        let monitor = monitor_on(plan, resource, operation, node, is_known);
        plan.actions[monitor].expected_result = Some(NOT_RUNNING);
        if plan.resources[resource].managed {
            order_after_probes(plan, resource, node, monitor);
        }
        order_after_stops(plan, resource, node, monitor);
    }
}

fn cancel_before_start(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    operation: &Operation<'_>,
    node: NodeId,
) {
    let cancel = cancel(plan, resource, operation.name, operation.interval_ms, node);
    if matches!(
        plan.resources[resource].next_role,
        Role::Started | Role::Unpromoted
    ) {
        let start = task_of(resource, "start");
        plan.add_ordering(cancel.into(), start, Relation::UNRUNNABLE_FIRST_BLOCKS);
    }
}

fn order_after_probes(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, monitor: ActionId) {
    let key = actions::operation_key(&plan.resources[resource].id, "monitor", 0);
    for probe in actions::adopt_all(plan, resource, &key, node) {
        actions::order(plan, probe, monitor, Relation::UNRUNNABLE_FIRST_BLOCKS);
    }
}

fn order_after_stops(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, monitor: ActionId) {
    let of = &plan.resources[resource];
    let managed = of.managed;
    let key = actions::operation_key(&of.id, "stop", 0);
    for stop in actions::find_all(plan, resource, &key, Some(node)) {
        let (stop_optional, stop_runnable) =
            (plan.actions[stop].optional, plan.actions[stop].runnable);
        let of = &mut plan.actions[monitor];
        // What is not stopped because it is not managed needs no check that it is stopped.
        of.optional |= !stop_optional && !managed;
        of.runnable &= stop_runnable;
        if managed {
            plan.add_ordering(
                stop.into(),
                monitor.into(),
                Relation::FIRST_IMPLIES_THEN | Relation::UNRUNNABLE_FIRST_BLOCKS,
            );
        }
    }
}
