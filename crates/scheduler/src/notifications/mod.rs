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

/// Makes all notifications of `clone`.
pub fn create(plan: &mut Plan<'_>, clone: ResourceId) {
    let _ = (plan, clone);
    todo!()
}
