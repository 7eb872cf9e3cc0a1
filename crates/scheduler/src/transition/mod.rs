//! The transition: which actions lead from what is to what was assigned.

use crate::model::{ActionId, NodeId, Plan, ResourceId};

/// Probes, actions of all resources, fencing, shutdowns.
pub fn schedule(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Orders probes before what depends on their results, once all orderings have been resolved.
pub fn order_probes(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// What is said of an action for the purposes of an ordering.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionFlags {
    /// It need not be done.
    pub optional: bool,
    /// It can be done.
    pub runnable: bool,
    /// No agent is asked.
    pub pseudo: bool,
    /// It may be part of a live migration.
    pub migratable: bool,
}

/// The flags of `action`, limited to what happens on `node` where given: for the action of a
/// collective resource, what its parts make of it.
pub fn action_flags(plan: &mut Plan<'_>, action: ActionId, node: Option<NodeId>) -> ActionFlags {
    let _ = (plan, action, node);
    todo!()
}

/// Cancels the recurring action `task` of `resource` on `node`.
pub fn schedule_cancel(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    call_id: &str,
    task: &str,
    interval_ms: u32,
    node: NodeId,
    reason: &str,
) {
    let _ = (plan, resource, call_id, task, interval_ms, node, reason);
    todo!()
}

/// Schedules the recurring action `task` of `resource` on `node` anew.
pub fn reschedule_recurring(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    node: NodeId,
) {
    let _ = (plan, resource, task, interval_ms, node);
    todo!()
}

/// Removes a resource's history from a node (`delete`).
pub fn schedule_cleanup(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, optional: bool) {
    let _ = (plan, resource, node, optional);
    todo!()
}

/// The node on which an action on a remote node is really carried out: the one that hosts its
/// connection.
#[must_use]
pub fn connection_host(plan: &Plan<'_>, action: ActionId) -> Option<NodeId> {
    let _ = (plan, action);
    todo!()
}
