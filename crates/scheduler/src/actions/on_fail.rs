//! What a failure of an operation leads to.
//!
//! | operation | values that it cannot have (the default is taken) |
//! | --- | --- |
//! | `stop` | `standby`, `demote`, `stop` |
//! | all but `promote` and recurring monitors of the promoted role | `demote` |
//! | removal of history (`lrm_delete`) | any: it is always `ignore` |
//!
//! A `demote` without a value has that of the last enabled recurring monitor of the promoted role
//! that has one other than `demote`.
//!
//! Defaults: `restart-container` for what is launched by another resource; for connections to
//! remote nodes, `reset-remote` where losing the connection loses the node (all but starts and
//! probes), or `stop` where they are not managed; for stops, `fence`, or `block` without fencing;
//! else `restart`.

use cib::Values;
use cib::xml::Element;

use super::configuration::{is_enabled, operation_interval_ms, operations};
use crate::model::{OnFail, Plan, ResourceId, Role};

/// Removes an `on-fail` that the operation cannot have, or sets one that it must have. Says what
/// was wrong with the configuration.
pub(super) fn validate<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    task: &str,
    configuration: Option<Element<'c>>,
    meta: &mut Values<'c>,
) -> Option<String> {
    let id = &plan.resources[resource].id;
    let value = meta.get("on-fail");
    let is = |word: &str| value.is_some_and(|value| value.eq_ignore_ascii_case(word));
    match task {
        "stop" if is("standby") || is("demote") || is("stop") => {
            let problem = format!(
                "Resetting 'on-fail' for {id} stop action to default value because '{}' is not \
                 allowed for stop",
                value.unwrap_or_default()
            );
            meta.remove("on-fail");
            Some(problem)
        }
        "demote" if value.is_none() => {
            if let Some(value) = promoted_monitor_value(plan, resource) {
                meta.set("on-fail", value);
            }
            None
        }
        "lrm_delete" => {
            meta.set("on-fail", "ignore");
            None
        }
        _ if is("demote") && !configuration.is_some_and(may_demote) => {
            let name = configuration
                .and_then(|operation| operation.attribute("name"))
                .unwrap_or_default();
            let problem = format!(
                "Resetting 'on-fail' for {id} {name} action to default value because 'demote' is \
                 not allowed for it"
            );
            meta.remove("on-fail");
            Some(problem)
        }
        _ => None,
    }
}

/// Whether `operation` may have `on-fail="demote"`.
fn may_demote(operation: Element<'_>) -> bool {
    operation.attribute("name") == Some("promote") || is_promoted_monitor(operation)
}

/// Whether `operation` is a recurring monitor of the promoted role.
fn is_promoted_monitor(operation: Element<'_>) -> bool {
    operation.attribute("name") == Some("monitor")
        && operation.attribute("role").and_then(Role::parse) == Some(Role::Promoted)
        && operation_interval_ms(operation) > 0
}

fn promoted_monitor_value<'c>(plan: &Plan<'c>, resource: ResourceId) -> Option<&'c str> {
    operations(plan, resource)
        .filter(|&operation| is_promoted_monitor(operation) && is_enabled(operation))
        .filter_map(|operation| operation.attribute("on-fail"))
        .filter(|value| !value.eq_ignore_ascii_case("demote"))
        .last()
}

/// What `value` of `on-fail` (or its absence) means for an operation of `resource`, and what is
/// wrong with it.
#[must_use]
pub fn parse_on_fail(
    plan: &Plan<'_>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    value: Option<&str>,
) -> (OnFail, Option<String>) {
    let of = &plan.resources[resource];
    let needs_remote_reset = needs_remote_reset(plan, resource, task, interval_ms);
    let (explicit, problem) = match value {
        Some(value) => parse_value(plan, resource, task, value),
        None => (None, None),
    };
    // The failure of an unmanaged connection is never more than a stop.
    let explicit = explicit.filter(|_| !needs_remote_reset || of.managed);
    let on_fail = explicit.unwrap_or_else(|| {
        if of.launcher.is_some() {
            OnFail::RestartContainer
        } else if needs_remote_reset && of.managed {
            OnFail::ResetRemote
        } else if needs_remote_reset {
            OnFail::Stop
        } else if task != "stop" {
            OnFail::Restart
        } else if plan.options.fencing_enabled {
            OnFail::Fence
        } else {
            OnFail::Block
        }
    });
    (on_fail, problem)
}

/// What `value` says; `None` for the default.
fn parse_value(
    plan: &Plan<'_>,
    resource: ResourceId,
    task: &str,
    value: &str,
) -> (Option<OnFail>, Option<String>) {
    /// Values that are always what they say.
    const WORDS: [(&str, OnFail); 9] = [
        ("block", OnFail::Block),
        ("fence", OnFail::Fence),
        ("standby", OnFail::Standby),
        ("ignore", OnFail::Ignore),
        ("nothing", OnFail::Ignore),
        ("migrate", OnFail::Ban),
        ("stop", OnFail::Stop),
        ("restart", OnFail::Restart),
        ("demote", OnFail::Demote),
    ];
    let of = &plan.resources[resource];
    if value.eq_ignore_ascii_case("restart-container") {
        return (of.launcher.map(|_| OnFail::RestartContainer), None);
    }
    let meaning = WORDS
        .iter()
        .find(|(word, _)| word.eq_ignore_ascii_case(value))
        .map(|&(_, on_fail)| on_fail);
    match meaning {
        Some(OnFail::Fence) if !plan.options.fencing_enabled => (
            Some(OnFail::Stop),
            Some(format!(
                "Resetting 'on-fail' for {task} of {} to 'stop' because 'fence' is not valid when \
                 fencing is disabled",
                of.id
            )),
        ),
        Some(on_fail) => (Some(on_fail), None),
        None => (
            None,
            Some(format!(
                "Using default 'on-fail' for {task} of {} because '{value}' is not valid",
                of.id
            )),
        ),
    }
}

/// Whether a failure of the operation means that an active connection to a remote node is lost.
fn needs_remote_reset(plan: &Plan<'_>, resource: ResourceId, task: &str, interval_ms: u32) -> bool {
    let of = &plan.resources[resource];
    let keeps_connection = task == "start" || (task == "monitor" && interval_ms == 0);
    of.is_remote_connection
        && !keeps_connection
        && plan
            .node_by_name(&of.id)
            .is_some_and(|node| plan.is_remote(node))
}

/// The role of `resource` after a failure of `task`.
#[must_use]
pub fn role_after_failure(
    plan: &Plan<'_>,
    resource: ResourceId,
    task: &str,
    on_fail: OnFail,
) -> Role {
    let reconnects = plan.resources[resource].reconnect_interval_ms > 0;
    match on_fail {
        OnFail::Stop => Role::Stopped,
        OnFail::ResetRemote if reconnects => Role::Stopped,
        _ if task == "promote" => Role::Unpromoted,
        _ => Role::Started,
    }
}
