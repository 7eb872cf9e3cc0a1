//! Notifications: what instances of a clone are told before and after actions of the others.
//!
//! Around each kind of action of a clone that has `notify` set there are two rounds:
//!
//! ```text
//! pre ──► notify each instance ──► confirmed-pre ──► the action ──► … its completion
//!     ──► post ──► notify each instance ──► confirmed-post
//! ```
//!
//! The points in this order are made together with the clone's own actions ([`around`]). The
//! notifications of the instances follow when the graph is written ([`create`]), because only then
//! it is known which actions happen:
//!
//! | about | who is told before | and after |
//! | --- | --- | --- |
//! | stop | all that are active | those that go on |
//! | demotion | all that are active | all that are active |
//! | start | those that are active and stay so | all that will be active |
//! | promotion | all that will be active | all that will be active |
//!
//! Instances on nodes that are fenced are not told, nor those behind a connection that cannot start.
//! Nobody is told of starts, promotions or demotions that no instance does; of stops, always, since
//! fencing may imply one. Recurring monitors wait for the last round.
//!
//! What is told is in [`told`].

mod create;
mod told;

pub use create::{after_fencing, create};

use crate::actions::{action, notification_key, order};
use crate::model::{ActionId, Notification, Plan, Relation, ResourceId, Task};

/// The priority of what is still carried out when the rest of a transition is given up.
const INFINITE_PRIORITY: i32 = 1_000_000;

/// The rounds of notifications around `action` of `clone`, where it wants them: the one before,
/// and the one after `complete`.
pub fn around(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    task: Task,
    action: Option<ActionId>,
    complete: Option<ActionId>,
) -> Option<Notification> {
    if !plan.resources[clone].notify {
        return None;
    }
    let (mut pre, mut pre_done, mut post, mut post_done) = (None, None, None, None);
    if let Some(action) = action {
        let begin = point(plan, clone, task, action, ("notify", "pre"));
        let done = point(plan, clone, task, action, ("notified", "confirmed-pre"));
        for point in [begin, done] {
            plan.actions[point].runnable = true;
            plan.actions[point].meta.set("notify_type", "pre");
        }
        order(plan, begin, done, Relation::ORDERED);
        order(plan, done, action, Relation::ORDERED);
        (pre, pre_done) = (Some(begin), Some(done));
    }
    if let Some(complete) = complete {
        let begin = point(plan, clone, task, complete, ("notify", "post"));
        let done = point(plan, clone, task, complete, ("notified", "confirmed-post"));
        let runnable = plan.actions[complete].runnable;
        for point in [begin, done] {
            let of = &mut plan.actions[point];
            of.runnable = runnable;
            of.priority = INFINITE_PRIORITY;
            of.meta.set("notify_type", "post");
        }
        order(plan, complete, begin, Relation::FIRST_IMPLIES_THEN);
        order(plan, begin, done, Relation::FIRST_IMPLIES_THEN);
        (post, post_done) = (Some(begin), Some(done));
    }
    if let (Some(pre_done), Some(post)) = (pre_done, post) {
        order(plan, pre_done, post, Relation::ORDERED);
    }
    Some(Notification {
        task,
        pre,
        pre_done,
        post,
        post_done,
    })
}

/// A point in the rounds around `action`: `task` (`notify` or `notified`) of a kind.
fn point(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    about: Task,
    around: ActionId,
    (task, kind): (&str, &'static str),
) -> ActionId {
    let of = &plan.actions[around];
    let (around_task, optional) = (of.task_name.clone(), of.optional);
    let key = notification_key(&plan.resources[clone].id, kind, &around_task);
    let made = action(plan, Some(clone), key, task, None, optional);
    let of = &mut plan.actions[made];
    of.pseudo = true;
    of.meta.set("notify_key_type", kind);
    of.meta.set("notify_key_operation", around_task);
    of.meta.set("notify_operation", about.name());
    made
}
