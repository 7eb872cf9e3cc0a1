//! Recurring actions that end, or begin anew.

use cib::time::readable_interval;

use super::task_of;
use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Task};

/// The cancellation of a recurring action. It takes the place of the action itself, if that has
/// been made.
pub(super) fn cancel(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    node: NodeId,
) -> ActionId {
    let key = actions::operation_key(&plan.resources[resource].id, task, interval_ms);
    let cancel = actions::action(plan, Some(resource), key, "cancel", Some(node), false);
    let of = &mut plan.actions[cancel];
    of.task = Task::Other;
    of.task_name = "cancel".into();
    of.cancel_task = Some(task.to_owned());
    of.meta.set("operation", task.to_owned());
    of.meta.set("interval", interval_ms.to_string());
    cancel
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
    let text = format!(
        "Recurring {}-interval {task} for {} will be stopped on {}: {reason}",
        readable_interval(interval_ms),
        plan.resources[resource].id,
        plan.nodes[node].name
    );
    plan.info(text);
    let cancel = cancel(plan, resource, task, interval_ms, node);
    plan.actions[cancel].meta.set("call-id", call_id.to_owned());
    let stop = task_of(resource, "stop");
    plan.add_ordering(stop, cancel.into(), Relation::ORDERED);
}

/// Schedules the recurring action `task` of `resource` on `node` anew.
pub fn reschedule_recurring(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    node: NodeId,
) {
    let reason = "Device parameters changed (reschedule)";
    actions::trigger_unfencing(plan, Some(resource), node, reason, None);
    let key = actions::operation_key(&plan.resources[resource].id, task, interval_ms);
    let action = actions::action(plan, Some(resource), key, task, Some(node), true);
    plan.actions[action].reschedule = true;
}
