//! The notifications of single instances.

use super::told::Told;
use super::{INFINITE_PRIORITY, around};
use crate::actions::{action, find, notification_key, order};
use crate::model::{ActionId, NodeId, Notification, Plan, Relation, ResourceId, Role, Task};

/// Makes all notifications of `clone`.
pub fn create(plan: &mut Plan<'_>, clone: ResourceId) {
    let Some(of) = plan.clone_data(clone) else {
        return;
    };
    let rounds = of.notifications;
    for round in [rounds.start, rounds.stop, rounds.promote, rounds.demote] {
        let Some(round) = round else { continue };
        let mut told = Told::default();
        told.collect(plan, clone, true);
        told.write_pairs(plan, clone);
        if told.any_does(round.task) {
            let points = [round.pre, round.pre_done, round.post, round.post_done];
            for point in points.into_iter().flatten() {
                plan.actions[point].optional = false;
            }
        }
        notify_instances(plan, clone, round, &told);
    }
}

/// Makes the notifications after the fencing that implies `stop` of `instance`: the rounds around
/// stops do not fit there, because the fencing comes instead of the stop.
pub fn after_fencing(plan: &mut Plan<'_>, stop: ActionId, instance: ResourceId, fencing: ActionId) {
    let Some(round) = around(plan, instance, Task::Stop, None, Some(fencing)) else {
        return;
    };
    let mut told = Told::default();
    told.collect(plan, instance, false);
    let node = plan.actions[stop].node;
    let node_name = node.map_or("", |node| plan.nodes[node].name);
    told.pairs = vec![
        ("notify_stop_resource", plan.resources[instance].id.clone()),
        ("notify_stop_uname", node_name.to_owned()),
    ];
    let top = plan.top(instance, false);
    notify_instances(plan, top, round, &told);
}

/// Makes the notifications of all instances in `resource`.
fn notify_instances(plan: &mut Plan<'_>, resource: ResourceId, round: Notification, told: &Told) {
    if plan.resources[resource].children.is_empty() {
        tell_actions(plan, resource, told);
        // A stop may be implied by fencing, so that no instance seems to do it.
        if round.task == Task::Stop || told.any_does(round.task) {
            notify_instance(plan, resource, round, told);
        }
        return;
    }
    for child in plan.resources[resource].children.clone() {
        notify_instances(plan, child, round, told);
    }
}

/// Gives what is told to the actions that it is about, too.
fn tell_actions(plan: &mut Plan<'_>, instance: ResourceId, told: &Told) {
    for action in plan.resources[instance].actions.clone() {
        let of = &mut plan.actions[action];
        let is_told = matches!(
            of.task,
            Task::Start | Task::Stop | Task::Promote | Task::Demote
        );
        if is_told && !of.optional && of.node.is_some() {
            for (name, value) in &told.pairs {
                of.meta.set(*name, value.clone());
            }
        }
    }
}

fn notify_instance(plan: &mut Plan<'_>, instance: ResourceId, round: Notification, told: &Told) {
    let of = &plan.resources[instance];
    match round.task {
        Task::Stop | Task::Demote if of.role != Role::Stopped => {
            notify_active(plan, instance, round, told);
        }
        Task::Start | Task::Promote if of.next_role != Role::Stopped => {
            notify_assigned(plan, instance, round, told);
        }
        _ => {}
    }
}

/// Tells an instance of stops or demotions where it is active.
fn notify_active(plan: &mut Plan<'_>, instance: ResourceId, round: Notification, told: &Told) {
    let stop = find(plan, instance, None, Some("stop"), None);
    for node in plan.resources[instance].active_on.clone() {
        let of_node = &plan.nodes[node];
        let is_fenced = of_node.unclean || of_node.remote_reset;
        if is_fenced && stop.is_some_and(|stop| plan.actions[stop].pseudo) {
            continue;
        }
        notify(plan, instance, node, (round.pre, round.pre_done), told);
        let goes_on = stop.is_none_or(|stop| plan.actions[stop].optional);
        if round.task == Task::Demote || goes_on {
            notify_after(plan, instance, node, round, told);
        }
    }
}

/// Tells an instance of starts or promotions where it will be active.
fn notify_assigned(plan: &mut Plan<'_>, instance: ResourceId, round: Notification, told: &Told) {
    let start = find(plan, instance, None, Some("start"), None);
    if start.is_some_and(|start| waits_for_connection(plan, start)) {
        return;
    }
    let of = &plan.resources[instance];
    let Some(node) = of.assigned_to else {
        let (role, id) = (of.next_role.name(), &of.id);
        let text = format!("Next role '{role}' but {id} is not allocated");
        plan.error(text);
        return;
    };
    let is_active = start.is_none_or(|start| plan.actions[start].optional);
    if round.task == Task::Promote || is_active {
        notify(plan, instance, node, (round.pre, round.pre_done), told);
    }
    notify_after(plan, instance, node, round, told);
}

/// Whether `start` is behind a connection to a remote node that cannot start.
fn waits_for_connection(plan: &Plan<'_>, start: ActionId) -> bool {
    plan.actions[start]
        .node
        .and_then(|node| plan.nodes[node].connection)
        .and_then(|connection| find(plan, connection, None, Some("start"), None))
        .is_some_and(|connecting| !plan.actions[connecting].runnable)
}

/// Tells an instance on `node` after the action. Recurring monitors wait for it.
fn notify_after(
    plan: &mut Plan<'_>,
    instance: ResourceId,
    node: NodeId,
    round: Notification,
    told: &Told,
) {
    if let Some(made) = notify(plan, instance, node, (round.post, round.post_done), told) {
        plan.actions[made].priority = INFINITE_PRIORITY;
    }
    let Some(done) = round.post_done else { return };
    for action in plan.resources[instance].actions.clone().into_iter().rev() {
        let of = &plan.actions[action];
        let is_recurring = of
            .meta
            .get("interval")
            .is_some_and(|interval| interval != "0");
        if is_recurring && of.task_name != "cancel" {
            order(plan, done, action, Relation::ORDERED);
        }
    }
}

/// Tells an instance on `node` between two points of a round.
fn notify(
    plan: &mut Plan<'_>,
    instance: ResourceId,
    node: NodeId,
    (begin, done): (Option<ActionId>, Option<ActionId>),
    told: &Told,
) -> Option<ActionId> {
    let (begin, done) = (begin?, done?);
    let of = &plan.actions[begin];
    if !plan.nodes[node].online || !of.runnable {
        return None;
    }
    let (task, optional, meta) = (of.task_name.clone(), of.optional, of.meta.clone());
    let key = notification_key(
        &plan.resources[instance].id,
        meta.get("notify_type").unwrap_or_default(),
        meta.get("notify_operation").unwrap_or_default(),
    );
    let made = action(plan, Some(instance), key, &task, Some(node), optional);
    let of = &mut plan.actions[made];
    for (name, value) in meta.iter() {
        of.meta.set_default(name.to_owned(), value.to_owned());
    }
    for (name, value) in &told.pairs {
        of.meta.set(*name, value.clone());
    }
    order(plan, begin, made, Relation::ORDERED);
    order(plan, made, done, Relation::ORDERED);
    Some(made)
}
