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
use crate::model::resource::CloneNotifications;
use crate::model::{ActionId, Notification, Plan, Relation, ResourceId, Task, Variant};

/// The priority of what is still carried out when the rest of a transition is given up.
const INFINITE_PRIORITY: i32 = 1_000_000;

/// The actions that a clone itself stands for, with the points at which all instances are done.
#[derive(Clone, Copy, Debug)]
pub struct Rounds {
    /// The way up: start or promotion.
    pub up: (ActionId, ActionId),
    /// The way down: stop or demotion.
    pub down: (ActionId, ActionId),
}

/// Makes the rounds around starts and stops of `clone`, unless there are any.
pub fn around_starts_and_stops(plan: &mut Plan<'_>, clone: ResourceId, actions: Rounds) {
    let (start, started) = actions.up;
    let (stop, stopped) = actions.down;
    let mut made = rounds(plan, clone);
    if made.start.is_none() {
        made.start = around(plan, clone, Task::Start, Some(start), Some(started));
    }
    if made.stop.is_none() {
        made.stop = around(plan, clone, Task::Stop, Some(stop), Some(stopped));
        order_rounds(plan, made.stop, made.start);
    }
    keep_rounds(plan, clone, made);
}

/// Makes the rounds around one of promotions and demotions of `clone`, unless there are any:
/// promotions first, whose actions are made before those of demotions.
pub fn around_promotions(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    promote: ActionId,
    promoted: ActionId,
) {
    let mut made = rounds(plan, clone);
    if made.promote.is_none() {
        made.promote = around(plan, clone, Task::Promote, Some(promote), Some(promoted));
    }
    keep_rounds(plan, clone, made);
}

/// Makes the rounds around demotions of `clone`, unless there are any, and orders all rounds.
pub fn around_demotions(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    demote: ActionId,
    demoted: ActionId,
) {
    let mut made = rounds(plan, clone);
    if made.demote.is_none() {
        made.demote = around(plan, clone, Task::Demote, Some(demote), Some(demoted));
        if made.promote.is_some() {
            order_rounds(plan, made.stop, made.promote);
            order_rounds(plan, made.start, made.promote);
            order_rounds(plan, made.demote, made.promote);
            order_rounds(plan, made.demote, made.start);
            order_rounds(plan, made.demote, made.stop);
        }
    }
    keep_rounds(plan, clone, made);
}

/// Puts all of `first` before `then`.
fn order_rounds(plan: &mut Plan<'_>, first: Option<Notification>, then: Option<Notification>) {
    let done = first.and_then(|first| first.post_done);
    if let (Some(done), Some(begin)) = (done, then.and_then(|then| then.pre)) {
        order(plan, done, begin, Relation::ORDERED);
    }
}

fn rounds(plan: &Plan<'_>, clone: ResourceId) -> CloneNotifications {
    plan.clone_data(clone)
        .map(|clone| clone.notifications)
        .unwrap_or_default()
}

fn keep_rounds(plan: &mut Plan<'_>, clone: ResourceId, made: CloneNotifications) {
    if let Variant::Clone(clone) = &mut plan.resources[clone].variant {
        clone.notifications = made;
    }
}

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
