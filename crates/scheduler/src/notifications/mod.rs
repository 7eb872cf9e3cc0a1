//! Notifications: what instances of a clone are told before and after actions of the others.

use crate::model::{ActionId, Notification, Plan, ResourceId, Task};

/// The rounds of notifications around `action` of `clone`, where it wants them: the one before,
/// and the one after `complete`.
pub fn around(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    task: Task,
    action: Option<ActionId>,
    complete: Option<ActionId>,
) -> Option<Notification> {
    let _ = (plan, clone, task, action, complete);
    todo!()
}

/// Tells the other instances that `stop` of `resource` is done when `fencing` is.
pub fn after_fencing(plan: &mut Plan<'_>, stop: ActionId, resource: ResourceId, fencing: ActionId) {
    let _ = (plan, stop, resource, fencing);
}

/// Makes all notifications of `clone`.
pub fn create(plan: &mut Plan<'_>, clone: ResourceId) {
    let _ = (plan, clone);
    todo!()
}
