//! What a failed operation leads to.
//!
//! `on-fail` of the operation decides what has to be done ([`super::consequences`] does it, when
//! all entries are read): of several failures the gravest counts. What the failure says of the
//! resource's role:
//!
//! | operation | |
//! | --- | --- |
//! | stop | the node is forbidden |
//! | migrate_to, migrate_from | see [`super::migration`] |
//! | promote | promoted |
//! | demote with `on-fail="block"` | promoted, and to be stopped |
//! | demote that said "not running" | stopped |
//! | other demote | unpromoted: it will be stopped anyway, and staying promoted would go on for ever |
//! | probe that found nothing installed | stopped |
//! | all, if it would be inactive otherwise | active |
//!
//! After the failure the resource may not have a role above the one that follows from `on-fail`;
//! if that is "stopped", it is forbidden on all nodes.
//!
//! Beyond `on-fail`: hard errors forbid the node, fatal ones all nodes, where it is the whole clone
//! that is forbidden if instances are alike. With `on-fail="ignore"` (or a failed stop that leads
//! to the restart of the container) the operation is taken to have succeeded.

use cib::Score;

use super::event::{Event, History, Reading};
use super::outcome::{Execution, exit};
use super::{migration, owner, state};
use crate::actions::{self, parse_on_fail, role_after_failure};
use crate::constraints;
use crate::model::{Cause, NodeId, OnFail, Plan, ResourceId, Role};
use crate::status::fencing::mark_failed;

/// Deals with a failed operation.
pub(super) fn apply<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
) {
    if event.execution == Execution::NotInstalled {
        apply_missing_agent(plan, reading, history, event);
        return;
    }
    if event.execution == Execution::NotConnected {
        fail_connection(plan, history.node);
    }
    let (on_fail, fail_role) = configured_handling(plan, history, event);
    let leaves_with_container = on_fail == OnFail::RestartContainer && event.task == "stop";
    if on_fail == OnFail::Ignore || leaves_with_container {
        pretend_success(plan, reading, history, event);
        if leaves_with_container && history.on_fail <= OnFail::Restart {
            history.on_fail = on_fail;
        }
        return;
    }
    apply_handling(plan, reading, history, event, on_fail, fail_role);
    forbid_after_grave_error(plan, history, event);
}

/// Deals with a probe that failed where the resource cannot be: it is taken as not running there,
/// and will not be started there either.
pub(super) fn apply_masked_probe<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
    recorded_exit: i32,
) {
    let text = format!(
        "Treating probe result '{}' for {} on {} as 'not running'",
        exit::text(i64::from(recorded_exit)),
        plan.resources[history.resource].id,
        plan.nodes[history.node].name
    );
    plan.notice(text);
    state::apply(plan, reading, history, event, event.expected);
    reading.record_failure(plan, history, event);
    let banned = whole_if_alike(plan, history.resource);
    forbid(plan, banned, Some(history.node), "a probe failed there");
}

fn apply_missing_agent<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
) {
    let (on_fail, fail_role) = configured_handling(plan, history, event);
    if on_fail == OnFail::Ignore {
        let text = format!(
            "Cannot ignore failed {} of {} on {}: Resource agent doesn't exist",
            event.task, plan.resources[history.resource].id, plan.nodes[history.node].name
        );
        plan.warning(text);
        history.on_fail = OnFail::Ban;
    }
    let banned = whole_if_alike(plan, history.resource);
    forbid(
        plan,
        banned,
        Some(history.node),
        "its agent is not installed there",
    );
    apply_handling(plan, reading, history, event, on_fail, fail_role);
}

/// An operation that got no connection shows that the connection to its remote node has failed,
/// whatever else is said of that.
fn fail_connection(plan: &mut Plan<'_>, node: NodeId) {
    let connection = plan.nodes[node]
        .connection
        .filter(|&connection| plan.is_remote_or_guest(node) && plan.resources[connection].managed);
    if let Some(connection) = connection {
        mark_failed(plan, connection);
    }
}

/// What the configuration wants after a failure of the operation, and the highest role after it.
fn configured_handling<'c>(
    plan: &mut Plan<'c>,
    history: &History<'c>,
    event: &Event<'c>,
) -> (OnFail, Role) {
    let (resource, interval_ms) = (history.resource, event.entry.interval_ms);
    let configuration =
        actions::operation_configuration(plan, resource, event.task, interval_ms, true);
    let node = Some(history.node);
    let meta =
        actions::operation_meta(plan, resource, node, event.task, interval_ms, configuration);
    let value = meta.get("on-fail");
    let (on_fail, problem) = parse_on_fail(plan, resource, event.task, interval_ms, value);
    if let Some(problem) = problem {
        plan.configuration_error(problem);
    }
    (
        on_fail,
        role_after_failure(plan, resource, event.task, on_fail),
    )
}

fn pretend_success<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
) {
    let text = format!(
        "Pretending failed {} ({}) of {} on {} at {} succeeded",
        event.task,
        event.exit_words(),
        plan.resources[history.resource].id,
        plan.nodes[history.node].name,
        event.last_change_words()
    );
    plan.warning(text);
    state::apply(plan, reading, history, event, event.expected);
    plan.resources[history.resource].ignore_failure = true;
    reading.record_failure(plan, history, event);
}

fn apply_handling<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
    on_fail: OnFail,
    fail_role: Role,
) {
    history.last_failure = Some(event.entry);
    report(plan, reading, history, event);
    history.on_fail = history.on_fail.max(on_fail);

    let resource = history.resource;
    match event.task {
        "stop" => forbid(
            plan,
            resource,
            Some(history.node),
            "it failed to stop there",
        ),
        "migrate_to" => migration::apply_failed_departure(plan, reading, history, event),
        "migrate_from" => migration::apply_failed_arrival(plan, reading, history, event),
        "promote" => plan.resources[resource].role = Role::Promoted,
        "demote" if on_fail == OnFail::Block => {
            plan.resources[resource].role = Role::Promoted;
            plan.set_next_role(resource, Role::Stopped, "demote with on-fail=block");
        }
        "demote" if event.exit == exit::NOT_RUNNING => {
            plan.resources[resource].role = Role::Stopped;
        }
        "demote" => plan.resources[resource].role = Role::Unpromoted,
        _ => {}
    }
    if event.entry.is_probe() && event.exit == exit::NOT_INSTALLED {
        plan.resources[resource].role = Role::Stopped;
    } else if plan.resources[resource].role < Role::Started {
        plan.resources[resource].role = state::active_role(plan, resource);
    }
    if fail_role != Role::Started && plan.resources[resource].next_role < fail_role {
        plan.set_next_role(resource, fail_role, "failure");
    }
    if fail_role == Role::Stopped {
        let text = format!(
            "{} will not be started under current conditions",
            plan.resources[resource].id
        );
        plan.notice(text);
        owner::ban_everywhere(plan, resource, "it failed, and is not to be recovered");
    }
}

fn report<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &History<'c>,
    event: &Event<'c>,
) {
    if !plan.options.symmetric && event.exit == exit::NOT_INSTALLED {
        return;
    }
    let is_probe = event.entry.is_probe();
    let resource = &plan.resources[history.resource].id;
    let node = plan.nodes[history.node].name;
    let text = format!(
        "Unexpected result ({}) was recorded for {} of {resource} on {node} at {}",
        event.exit_words(),
        if is_probe { "probe" } else { event.task },
        event.last_change_words()
    );
    let found_out = matches!(event.exit, exit::OK | exit::NOT_RUNNING | exit::PROMOTED);
    let advice = (is_probe && !found_out).then(|| {
        format!(
            "If it is not possible for {resource} to run on {node}, see the resource-discovery \
             option for location constraints"
        )
    });
    plan.warning(text);
    if let Some(advice) = advice {
        plan.notice(advice);
    }
    reading.record_failure(plan, history, event);
}

fn forbid_after_grave_error(plan: &mut Plan<'_>, history: &History<'_>, event: &Event<'_>) {
    let banned = whole_if_alike(plan, history.resource);
    match event.execution {
        Execution::HardError => {
            let text = format!(
                "Preventing {} from restarting on {} because of hard failure ({})",
                plan.resources[banned].id,
                plan.nodes[history.node].name,
                event.exit_words()
            );
            // An agent that is not everywhere is nothing to worry about.
            if event.exit == exit::NOT_INSTALLED {
                plan.notice(text);
            } else {
                plan.error(text);
            }
            forbid(plan, banned, Some(history.node), "of a hard failure there");
        }
        Execution::FatalError => {
            let text = format!(
                "Preventing {} from restarting anywhere because of fatal failure ({})",
                plan.resources[banned].id,
                event.exit_words()
            );
            plan.error(text);
            forbid(plan, banned, None, "of a fatal failure");
        }
        _ => {}
    }
}

/// The whole clone where its instances are alike, otherwise the resource itself.
fn whole_if_alike(plan: &Plan<'_>, resource: ResourceId) -> ResourceId {
    if plan.resources[resource].unique {
        resource
    } else {
        plan.top(resource, false)
    }
}

fn forbid(plan: &mut Plan<'_>, resource: ResourceId, node: Option<NodeId>, why: &str) {
    let cause = || Cause::Other(why.to_owned());
    constraints::add_score(plan, resource, node, Score::MINUS_INFINITY, cause);
}
