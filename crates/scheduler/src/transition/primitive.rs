//! Primitives: from the role that a resource has to the role that it is to have.
//!
//! A change of role is a row of steps, one at a time ([`next_step`]):
//!
//! | from ╲ to | stopped | started | unpromoted | promoted |
//! | --- | --- | --- | --- | --- |
//! | unknown | stop | stop | stop | stop |
//! | stopped | – | start | start | start (to unpromoted) |
//! | started | stop | – | nothing | promote |
//! | unpromoted | stop | stop | – | promote |
//! | promoted | demote | demote | demote | – |
//!
//! The steps are walked twice. First down to stopped and up again to the role at the start, as in a
//! restart: these actions are optional unless the resource has to move, to recover, or is active
//! too often; they exist so that other resources' needs can make them required. Then from the role
//! at the start to the one to be reached.
//!
//! Stops and demotions are made for all nodes on which the resource is active; starts and
//! promotions for the one that it was assigned to.
//!
//! * A resource that is active too often and may keep one place (`multiple-active` is
//!   `stop_unexpected`) is not stopped there, and its restart there is a pseudo-action.
//! * The target of a migration that goes on is not stopped; if the target changed, all stops are
//!   required.
//! * The stop of an unmanaged resource cannot be done.
//! * A resource that needs unfencing is stopped before its node is unfenced.
//! * A promotion needs a start that can be done.

use super::recovery::{self, Recovery};
use super::{fencing, migration, recurring};
use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Role, resource::Resource};

/// What takes a resource from one role to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Stop,
    Start,
    Promote,
    Demote,
}

/// The next step of a resource in the role `from` that is to get to the role `to`, and the role
/// that it leads to; `None` where nothing (more) is to be done.
const fn next_step(from: Role, to: Role) -> Option<(Step, Role)> {
    match (from, to) {
        (Role::Unknown, _) => Some((Step::Stop, Role::Stopped)),
        (Role::Stopped, Role::Unknown | Role::Stopped) => None,
        (Role::Stopped, Role::Started) => Some((Step::Start, Role::Started)),
        (Role::Stopped, Role::Unpromoted | Role::Promoted) => Some((Step::Start, Role::Unpromoted)),
        (Role::Started, Role::Unknown | Role::Stopped) => Some((Step::Stop, Role::Stopped)),
        (Role::Started, Role::Started | Role::Unpromoted) => None,
        (Role::Unpromoted, Role::Unknown | Role::Stopped | Role::Started) => {
            Some((Step::Stop, Role::Stopped))
        }
        (Role::Unpromoted, Role::Unpromoted) => None,
        (Role::Started | Role::Unpromoted, Role::Promoted) => Some((Step::Promote, Role::Promoted)),
        (Role::Promoted, Role::Promoted) => None,
        (Role::Promoted, _) => Some((Step::Demote, Role::Unpromoted)),
    }
}

/// Makes all actions of `resource`, a primitive.
pub(super) fn schedule(plan: &mut Plan<'_>, resource: ResourceId) {
    set_default_next_role(plan, resource);
    let current = plan.active_node(resource);
    migration::stop_dangling(plan, resource);
    let recovery = recovery::work_out(plan, resource, current);
    schedule_restart(plan, resource, recovery);
    schedule_role_change(plan, resource);
    recurring::schedule(plan, resource);
    if let (true, Some(current)) = (recovery.migrate, current) {
        migration::schedule(plan, resource, current);
    }
}

fn set_default_next_role(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &mut plan.resources[resource];
    if of.next_role == Role::Unknown {
        of.next_role = match of.assigned_to {
            Some(_) => Role::Started,
            None => Role::Stopped,
        };
    }
}

/// Makes the actions that take `resource` down and back to the role that it has.
fn schedule_restart(plan: &mut Plan<'_>, resource: ResourceId, recovery: Recovery) {
    plan.resources[resource].restarting = true;
    let original = plan.resources[resource].role;
    let mut role = original;
    while role != Role::Stopped
        && let Some((step, next)) = next_step(role, Role::Stopped)
    {
        carry_out(plan, resource, step, !recovery.stop);
        role = next;
    }
    let of = &plan.resources[resource];
    let comes_back = original <= of.next_role && !of.blocked;
    while comes_back
        && role != original
        && let Some((step, next)) = next_step(role, original)
    {
        let required = recovery.stop || (recovery.promote && next == Role::Promoted);
        carry_out(plan, resource, step, !required);
        role = next;
    }
    plan.resources[resource].restarting = false;
}

/// Makes the actions that take `resource` from the role that it has to the one to be reached.
fn schedule_role_change(plan: &mut Plan<'_>, resource: ResourceId) {
    let target = plan.resources[resource].next_role;
    let mut role = plan.resources[resource].role;
    while role != target
        && let Some((step, next)) = next_step(role, target)
    {
        carry_out(plan, resource, step, false);
        role = next;
    }
}

fn carry_out(plan: &mut Plan<'_>, resource: ResourceId, step: Step, optional: bool) {
    let assigned_to = plan.resources[resource].assigned_to;
    match (step, assigned_to) {
        (Step::Stop, _) => stop(plan, resource, optional),
        (Step::Demote, _) => demote(plan, resource, optional),
        (Step::Start, Some(node)) => start(plan, resource, node, optional),
        (Step::Promote, Some(node)) => promote(plan, resource, node, optional),
        (Step::Start | Step::Promote, None) => {}
    }
}

/// Whether `node` is the one place that a resource keeps that is active too often, while its
/// restart is worked out.
fn is_kept_on(of: &Resource<'_>, node: NodeId) -> bool {
    of.stop_unexpected
        && of.restarting
        && of.next_role > Role::Stopped
        && of.assigned_to == Some(node)
}

fn stop(plan: &mut Plan<'_>, resource: ResourceId, optional: bool) {
    let mut optional = optional;
    for node in plan.resources[resource].active_on.clone() {
        let of = &plan.resources[resource];
        if is_kept_on(of, node) {
            continue;
        }
        if let Some(target) = of.partial_migration_target {
            if node == target && of.assigned_to == Some(node) {
                continue;
            }
            optional = false;
        }
        let stop = actions::once(plan, resource, "stop", Some(node), optional);
        let of = &plan.resources[resource];
        let reason = if of.assigned_to.is_none() {
            Some("node availability")
        } else if of.restarting && of.stop_unexpected {
            Some("being multiply active")
        } else {
            None
        };
        let (managed, needs_unfencing) = (of.managed, of.needs_unfencing);
        if let Some(reason) = reason {
            actions::set_reason(plan, stop, reason, true);
        }
        if !managed {
            plan.actions[stop].runnable = false;
        }
        if needs_unfencing {
            stop_before_unfencing(plan, resource, stop, node);
        }
    }
}

fn stop_before_unfencing(plan: &mut Plan<'_>, resource: ResourceId, stop: ActionId, node: NodeId) {
    let unfence = actions::fence(plan, node, Some("on"), true, None, false);
    actions::order(plan, stop, unfence, Relation::THEN_IMPLIES_FIRST);
    if !fencing::is_unfenced(plan, node) {
        let text = format!(
            "Stopping {} until {} can be unfenced",
            plan.resources[resource].id, plan.nodes[node].name
        );
        plan.error(text);
    }
}

fn start(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, optional: bool) {
    let start = actions::once(plan, resource, "start", Some(node), true);
    fencing::order_after_unfencing(plan, resource, node, start, Relation::FIRST_IMPLIES_THEN);
    let is_kept = is_kept_on(&plan.resources[resource], node);
    let start = &mut plan.actions[start];
    if start.runnable && !optional {
        start.optional = false;
    }
    start.pseudo |= is_kept;
}

fn promote(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, optional: bool) {
    let key = |task| actions::operation_key(&plan.resources[resource].id, task, 0);
    let can_start = actions::find_all(plan, resource, &key("start"), Some(node))
        .into_iter()
        .all(|start| plan.actions[start].runnable);
    if can_start {
        let promote = actions::once(plan, resource, "promote", Some(node), optional);
        plan.actions[promote].pseudo |= is_kept_on(&plan.resources[resource], node);
    } else {
        for promote in actions::find_all(plan, resource, &key("promote"), Some(node)) {
            plan.actions[promote].runnable = false;
        }
    }
}

fn demote(plan: &mut Plan<'_>, resource: ResourceId, optional: bool) {
    for node in plan.resources[resource].active_on.clone() {
        if !is_kept_on(&plan.resources[resource], node) {
            actions::once(plan, resource, "demote", Some(node), optional);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, next_step};
    use crate::model::Role;

    #[test]
    fn roles_are_reached_in_steps() {
        let check = |from, to, expected: &[Step]| {
            let mut role = from;
            let mut steps = Vec::new();
            while let Some((step, next)) = next_step(role, to) {
                steps.push(step);
                role = next;
            }
            assert_eq!(steps, expected, "{from:?} to {to:?}");
        };
        check(Role::Stopped, Role::Started, &[Step::Start]);
        check(Role::Stopped, Role::Promoted, &[Step::Start, Step::Promote]);
        check(Role::Started, Role::Promoted, &[Step::Promote]);
        check(Role::Started, Role::Unpromoted, &[]);
        check(Role::Unpromoted, Role::Started, &[Step::Stop, Step::Start]);
        check(Role::Promoted, Role::Unpromoted, &[Step::Demote]);
        check(Role::Promoted, Role::Stopped, &[Step::Demote, Step::Stop]);
        check(Role::Unknown, Role::Started, &[Step::Stop, Step::Start]);
    }
}
