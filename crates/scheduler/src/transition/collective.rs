//! Groups, clones and bundles: the actions of their parts, and the points in the order of these
//! that stand for the whole.
//!
//! | resource | first | then, for the whole |
//! | --- | --- | --- |
//! | group | its members, in order | start, running, stop, stopped (optional); if it can be promoted: demote, demoted, promote, promoted |
//! | clone | its instances | start, running, stop, stopped, and notifications around these |
//! | … promotable | its instances once more | promote, promoted, demote, demoted, and notifications |
//! | bundle | each replica's address, container, connection; then all containers once more | start, running, stop, stopped |
//! | … with a resource inside | the clone of that resource | if it can be promoted: promote, promoted, demote, demoted (optional) |
//!
//! Whether the points of a clone or bundle are optional follows from what its instances do: start
//! and running are required if any instance starts, stop and stopped if any stops. `running` can
//! be reached if any instance is active or starts. The stop may be part of a migration unless some
//! instance both stops and starts.

use cib::Score;

use super::schedule_resource;
use crate::actions;
use crate::model::resource::CloneNotifications;
use crate::model::{ActionId, Notification, Plan, Relation, ResourceId, Task, Variant};
use crate::notifications;

/// Makes the actions of `group`.
pub(super) fn schedule_group(plan: &mut Plan<'_>, group: ResourceId) {
    for member in plan.resources[group].children.clone() {
        schedule_resource(plan, member);
    }
    const START_AND_STOP: [&str; 4] = ["start", "running", "stop", "stopped"];
    const ROLES: [&str; 4] = ["demote", "demoted", "promote", "promoted"];
    let is_promotable = plan.resources[group]
        .meta
        .get("promotable")
        .and_then(cib::literal::parse_boolean)
        .unwrap_or(false);
    let roles: &[&str] = if is_promotable { &ROLES } else { &[] };
    for task in START_AND_STOP.iter().chain(roles) {
        actions::pseudo(plan, group, task, true, true);
    }
}

/// Makes the actions of `clone`.
pub(super) fn schedule_clone(plan: &mut Plan<'_>, clone: ResourceId) {
    let instances = plan.resources[clone].children.clone();
    schedule_instances(plan, clone, &instances);
    if plan.resources[clone].promotable {
        schedule_role_changes(plan, clone, &instances);
    }
}

/// Makes the actions of `bundle`.
pub(super) fn schedule_bundle(plan: &mut Plan<'_>, bundle: ResourceId) {
    let containers: Vec<_> = plan.containers(bundle).collect();
    let parts: Vec<_> = plan
        .replicas(bundle)
        .iter()
        .flat_map(|of| [of.ip, Some(of.container), of.remote])
        .flatten()
        .collect();
    for part in parts {
        schedule_resource(plan, part);
    }
    schedule_instances(plan, bundle, &containers);
    if let Some(inside) = plan.bundled_resource(bundle) {
        schedule_resource(plan, inside);
        if plan.resources[inside].promotable {
            for (task, done) in [("promote", "promoted"), ("demote", "demoted")] {
                points(plan, bundle, task, done, true, true);
            }
        }
    }
}

/// What instances of a clone or bundle do.
#[derive(Clone, Copy, Debug, Default)]
struct Activity {
    active: bool,
    starting: bool,
    stopping: bool,
    /// One and the same instance stops and starts.
    restarting: bool,
    promoting: bool,
    demoting: bool,
}

impl Activity {
    /// Adds what `instance` does. Whether it is promoted or demoted is known only from its required
    /// actions; whether it starts or stops, only from those that can be done.
    fn add(&mut self, plan: &Plan<'_>, instance: ResourceId) {
        let of = &plan.resources[instance];
        for &child in &of.children {
            self.add(plan, child);
        }
        if !plan.is_primitive(instance) {
            return;
        }
        let mut this = Self {
            active: !of.active_on.is_empty(),
            ..Self::default()
        };
        for &action in &of.actions {
            let action = &plan.actions[action];
            if action.optional {
                continue;
            }
            match action.task {
                Task::Start => this.starting |= action.runnable,
                Task::Stop => this.stopping |= action.runnable || action.pseudo,
                Task::Promote => this.promoting = true,
                Task::Demote => this.demoting = true,
                _ => {}
            }
        }
        self.active |= this.active;
        self.starting |= this.starting;
        self.stopping |= this.stopping;
        self.restarting |= this.starting && this.stopping;
        self.promoting |= this.promoting;
        self.demoting |= this.demoting;
    }
}

/// Makes the actions of `instances`, and the points of `whole` around their starts and stops.
fn schedule_instances(plan: &mut Plan<'_>, whole: ResourceId, instances: &[ResourceId]) {
    let mut activity = Activity::default();
    for &instance in instances {
        schedule_resource(plan, instance);
        activity.add(plan, instance);
    }
    let (start, started) = points(plan, whole, "start", "running", !activity.starting, false);
    plan.actions[started].runnable |= activity.active || activity.starting;
    let (stop, stopped) = points(plan, whole, "stop", "stopped", !activity.stopping, true);
    plan.actions[stop].migratable |= !activity.restarting;

    if plan.is_clone(whole) {
        notify_around(plan, whole, Task::Start, (start, started));
        notify_around(plan, whole, Task::Stop, (stop, stopped));
        order_rounds(plan, whole, &[(Task::Stop, Task::Start)]);
    }
}

/// Makes the actions of the instances of a promotable clone once more, now that all are known, and
/// the points of the clone around promotions and demotions.
fn schedule_role_changes(plan: &mut Plan<'_>, clone: ResourceId, instances: &[ResourceId]) {
    let mut activity = Activity::default();
    for &instance in instances {
        schedule_resource(plan, instance);
        activity.add(plan, instance);
    }
    let optional = !activity.promoting;
    let promotion = points(plan, clone, "promote", "promoted", optional, true);
    notify_around(plan, clone, Task::Promote, promotion);
    let optional = !activity.demoting;
    let demotion = points(plan, clone, "demote", "demoted", optional, true);
    notify_around(plan, clone, Task::Demote, demotion);
    const ORDER: [(Task, Task); 5] = [
        (Task::Stop, Task::Promote),
        (Task::Start, Task::Promote),
        (Task::Demote, Task::Promote),
        (Task::Demote, Task::Start),
        (Task::Demote, Task::Stop),
    ];
    order_rounds(plan, clone, &ORDER);
    // While instances were chosen for promotion, their priority was something else.
    let priority = plan.resources[clone].priority;
    for &instance in instances {
        plan.resources[instance].priority = priority;
    }
}

/// The points of `whole` before and after its parts do `task`. The second one can be reached if
/// the first can, or if `reachable`.
fn points(
    plan: &mut Plan<'_>,
    whole: ResourceId,
    task: &str,
    done: &str,
    optional: bool,
    reachable: bool,
) -> (ActionId, ActionId) {
    let before = actions::pseudo(plan, whole, task, optional, true);
    let after = actions::pseudo(plan, whole, done, optional, reachable);
    plan.actions[after].priority = Score::INFINITY.value();
    (before, after)
}

/// Makes the rounds of notifications around the points of `clone` before and after `task`.
fn notify_around(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    task: Task,
    (before, after): (ActionId, ActionId),
) {
    let round = notifications::around(plan, clone, task, Some(before), Some(after));
    if let Variant::Clone(of) = &mut plan.resources[clone].variant
        && let Some(slot) = slot(&mut of.notifications, task)
    {
        *slot = round;
    }
}

fn slot(of: &mut CloneNotifications, task: Task) -> Option<&mut Option<Notification>> {
    match task {
        Task::Start => Some(&mut of.start),
        Task::Stop => Some(&mut of.stop),
        Task::Promote => Some(&mut of.promote),
        Task::Demote => Some(&mut of.demote),
        _ => None,
    }
}

/// Puts rounds of notifications one after the other: the second opens when the first is closed.
fn order_rounds(plan: &mut Plan<'_>, clone: ResourceId, order: &[(Task, Task)]) {
    for &(first, then) in order {
        let Variant::Clone(of) = &mut plan.resources[clone].variant else {
            return;
        };
        let mut point = |task, of_round: fn(&Notification) -> Option<ActionId>| {
            slot(&mut of.notifications, task)?
                .as_ref()
                .and_then(of_round)
        };
        let ends = (
            point(first, |round| round.post_done),
            point(then, |round| round.pre),
        );
        if let (Some(post_done), Some(pre)) = ends {
            actions::order(plan, post_done, pre, Relation::ORDERED);
        }
    }
}
