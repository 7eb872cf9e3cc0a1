//! Actions on remote nodes and guests: in order with the connection, and through which host.
//!
//! What is done on a remote node is done through its connection, so it has to wait for the
//! connection's start, or the connection's stop for it. Which of the two depends on the state of
//! the connection ([`Connection`]):
//!
//! | action | alive | resting, unknown | failed | stopped |
//! | --- | --- | --- | --- | --- |
//! | start, promote | after start | after start | after start, which implies it | after start |
//! | stop, migration | before stop, implied by it | after start, or before stop if that is not to come back | the node is fenced | before stop, implied by it |
//! | demote | – | after start | – | – |
//! | recurring | after start, which implies it | likewise | likewise | likewise |
//! | probe, other | after start | after start | after start; for a probe, the node is fenced | before stop, if it is up |
//!
//! On a guest it is simpler ([`order_on_guest`]): what launches the guest may be restarted, too.
//!
//! A connection that moves is used where it was for stops, demotions, cancellations and migrations,
//! and where it goes to for everything else ([`connection_host`]). A migration of the connection
//! that is half done is used at its target.

use super::task_of;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Role, Task};
use crate::status;

/// The state of the connection to a remote node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Connection {
    /// It is not active now, or has failed and is to be tried again later.
    Unknown,
    /// It is up.
    Alive,
    /// Its host is down, or it is being migrated: it comes back elsewhere.
    Resting,
    /// It cannot be recovered.
    Failed,
    /// It is down, and is meant to be.
    Stopped,
}

impl Connection {
    fn of(plan: &Plan<'_>, node: NodeId, connection: ResourceId) -> Self {
        let of = &plan.resources[connection];
        let host = plan.active_node(connection).map(|host| &plan.nodes[host]);
        if of.next_role == Role::Stopped || of.assigned_to.is_none() {
            return if host.is_some_and(|host| host.unclean) {
                Self::Failed
            } else if !of.failed {
                Self::Stopped
            } else if is_retried_later(plan, node, connection) {
                Self::Unknown
            } else {
                Self::Failed
            };
        }
        let is_migrating = of.active_on.len() > 1
            && of.partial_migration_source.is_some()
            && of.partial_migration_target.is_some();
        match host {
            None => Self::Unknown,
            Some(host) if host.unclean || !host.online || is_migrating => Self::Resting,
            Some(_) => Self::Alive,
        }
    }
}

/// Whether a failed connection waits for the next attempt (`reconnect_interval`), its node having
/// been fenced: it may yet be recovered.
fn is_retried_later(plan: &Plan<'_>, node: NodeId, connection: ResourceId) -> bool {
    let of = &plan.resources[connection];
    let node = &plan.nodes[node];
    let shutdown_requested = node
        .attributes
        .get("shutdown")
        .is_some_and(|when| when != "0");
    of.next_role == Role::Stopped
        && of.reconnect_interval_ms > 0
        && node.remote_fenced
        && !shutdown_requested
}

/// Whether `node` is a remote node (not a guest) whose connection has failed for good.
pub(super) fn has_failed(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.is_remote(node)
        && plan.nodes[node]
            .connection
            .is_some_and(|of| Connection::of(plan, node, of) == Connection::Failed)
}

/// Puts all actions on remote nodes in order with their connections.
pub(super) fn order_all(plan: &mut Plan<'_>) {
    if !plan.options.have_remote_nodes {
        return;
    }
    for action in plan.actions.ids().rev() {
        let of = &plan.actions[action];
        let Some(resource) = of.resource else {
            continue;
        };
        if plan.resources[resource].is_remote_connection && of.task_name == "clear_failcount" {
            let start = task_of(resource, "start");
            plan.add_ordering(action.into(), start, Relation::ORDERED);
            continue;
        }
        let Some(node) = of
            .node
            .filter(|&node| !of.pseudo && plan.is_remote_or_guest(node))
        else {
            continue;
        };
        if let Some(connection) = plan.nodes[node].connection {
            order_one(plan, action, resource, node, connection);
        }
    }
}

fn order_one(
    plan: &mut Plan<'_>,
    action: ActionId,
    resource: ResourceId,
    node: NodeId,
    connection: ResourceId,
) {
    if plan.actions[action].task == Task::Start {
        stop_elsewhere_after_connected(plan, resource, node, connection);
    }
    let of = &plan.actions[action];
    let task = match of.task_name.as_ref() {
        // Like a stop, a migration is done where the connection is now.
        "migrate_to" | "migrate_from" => Task::Stop,
        _ => of.task,
    };
    match plan.resources[connection].launcher {
        Some(launcher) => order_on_guest(plan, action, task, node, connection, launcher),
        None => order_on_remote(plan, action, task, node, connection),
    }
}

/// A resource that moves to a remote node is stopped only when the connection has been made: if
/// that fails, it stays where it is.
fn stop_elsewhere_after_connected(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    connection: ResourceId,
) {
    for index in (0..plan.resources[resource].actions.len()).rev() {
        let action = plan.resources[resource].actions[index];
        let of = &plan.actions[action];
        if of.task == Task::Stop && of.node != Some(node) {
            let start = task_of(connection, "start");
            plan.add_ordering(start, action.into(), Relation::ORDERED);
        }
    }
}

/// Orderings that the cluster makes are exempt from what operators may not ask for of guests.
fn after_start(plan: &mut Plan<'_>, first: ResourceId, then: ActionId, extra: Relation) {
    let start = task_of(first, "start");
    plan.add_ordering(
        start,
        then.into(),
        Relation::GUEST_ALLOWED | Relation::UNRUNNABLE_FIRST_BLOCKS | extra,
    );
}

fn before_stop(plan: &mut Plan<'_>, first: ActionId, then: ResourceId, extra: Relation) {
    let stop = task_of(then, "stop");
    plan.add_ordering(first.into(), stop, Relation::GUEST_ALLOWED | extra);
}

fn order_on_remote(
    plan: &mut Plan<'_>,
    action: ActionId,
    task: Task,
    node: NodeId,
    connection: ResourceId,
) {
    let none = Relation::empty();
    let state = Connection::of(plan, node, connection);
    let is_recurring = plan.actions[action].interval_ms > 0;
    match (task, state) {
        (Task::Start | Task::Promote, Connection::Failed) => {
            after_start(plan, connection, action, Relation::FIRST_IMPLIES_THEN);
        }
        (Task::Start | Task::Promote, _) => after_start(plan, connection, action, none),
        (Task::Stop, Connection::Failed) => {
            let reason = "resources are active but connection is unrecoverable";
            status::fence_node(plan, node, reason, false);
        }
        (Task::Stop, Connection::Alive) => {
            before_stop(plan, action, connection, Relation::THEN_IMPLIES_FIRST);
        }
        (Task::Stop, _) if plan.resources[connection].next_role == Role::Stopped => {
            before_stop(plan, action, connection, Relation::THEN_IMPLIES_FIRST);
        }
        (Task::Stop, _) => after_start(plan, connection, action, none),
        (Task::Demote, Connection::Resting | Connection::Unknown) => {
            after_start(plan, connection, action, none);
        }
        // The stop that follows is in order already.
        (Task::Demote, _) => {}
        _ if is_recurring => {
            after_start(plan, connection, action, Relation::FIRST_IMPLIES_THEN);
        }
        (_, Connection::Stopped) if plan.active_node(connection).is_some() => {
            let relation = Relation::UNRUNNABLE_FIRST_BLOCKS;
            before_stop(plan, action, connection, relation);
        }
        _ => {
            if task == Task::Monitor && state == Connection::Failed {
                let reason = "resources are in unknown state and connection is unrecoverable";
                status::fence_node(plan, node, reason, false);
            }
            after_start(plan, connection, action, none);
        }
    }
}

fn order_on_guest(
    plan: &mut Plan<'_>,
    action: ActionId,
    task: Task,
    node: NodeId,
    connection: ResourceId,
    launcher: ResourceId,
) {
    let none = Relation::empty();
    let launcher_failed = plan.resources[launcher].failed;
    if launcher_failed {
        status::fence_node(plan, node, "container failed", false);
    }
    match task {
        Task::Start | Task::Promote => {
            after_start(plan, launcher, action, Relation::FIRST_IMPLIES_THEN);
            after_start(plan, connection, action, none);
        }
        // If the launcher failed, its stop implies this one.
        Task::Stop | Task::Demote => {
            if !launcher_failed {
                before_stop(plan, action, connection, none);
            }
        }
        _ if plan.actions[action].interval_ms == 0 => {
            after_start(plan, connection, action, none);
        }
        Task::Other => {}
        _ => after_start(plan, connection, action, Relation::FIRST_IMPLIES_THEN),
    }
}

/// The node on which an action on a remote node is really carried out: the one that hosts its
/// connection. `None` for actions elsewhere, and for fencing.
#[must_use]
pub fn connection_host(plan: &Plan<'_>, action: ActionId) -> Option<NodeId> {
    let of = &plan.actions[action];
    let node = of.node.filter(|&node| plan.is_remote_or_guest(node))?;
    if of.task == Task::Fence {
        return None;
    }
    let connection = plan.nodes[node].connection?;
    let before = plan.active_node(connection);
    let after = plan.resources[connection].assigned_to;
    let (Some(before), Some(after)) = (before, after) else {
        return before.or(after);
    };
    let half_migrated = plan.resources[connection].launcher.is_none()
        && plan.resources[connection]
            .partial_migration_target
            .is_some();
    let task = match of.task {
        Task::Notify => of.meta.get("notify_operation").unwrap_or_default(),
        _ => of.task_name.as_ref(),
    };
    const BEFORE_THE_MOVE: [&str; 5] = ["cancel", "stop", "demote", "migrate_from", "migrate_to"];
    if BEFORE_THE_MOVE.contains(&task) && !half_migrated {
        Some(before)
    } else {
        Some(after)
    }
}
