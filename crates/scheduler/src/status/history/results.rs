//! What a recorded result means.
//!
//! The executor does not know what was expected, and agents have answers between success and
//! failure. From what is recorded becomes what counts:
//!
//! 1. "Degraded" is success; it is shown as a failure, though (unless it has expired, or the node
//!    has shut down).
//! 2. A probe that says that the resource cannot be there (agent not installed, parameters wrong)
//!    is "not running", except in a bundle.
//! 3. An execution status other than done and error stands, but where a fencing device or a secret
//!    is missing, the node cannot be used.
//! 4. What was expected is success, all else an error, and then:
//!
//! | the agent says | |
//! | --- | --- |
//! | OK | a probe that expected "not running" is a success |
//! | not running | success for a probe, an unmanaged resource, or if expected: the resource is stopped, and what failed before is forgotten |
//! | promoted | a probe is a success; the resource is promoted, unless an unexpected result has expired |
//! | failed promoted | an error; the resource is promoted, unless it has expired |
//! | not configured | fatal |
//! | not implemented | hard for an operation that does not recur, else "not supported" |
//! | not installed, invalid parameter, insufficient privileges | hard |
//! | anything else | an error, if it was carried out |
//!
//! A stop that fails hard, where the node cannot be fenced, blocks the resource.

use super::event::{Event, History, Reading};
use super::outcome::{Execution, exit};
use crate::actions::can_fence;
use crate::model::{OnFail, Plan, Role};

/// Changes the result in `event` into what it means.
pub(super) fn interpret<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &mut Event<'c>,
) {
    let effective = match event.exit {
        exit::DEGRADED => exit::OK,
        exit::DEGRADED_PROMOTED => exit::PROMOTED,
        other => other,
    };
    if effective != event.exit {
        event.exit = effective;
        let node = &plan.nodes[history.node];
        if !event.expired && (!node.shutdown || node.online) {
            reading.record_failure(plan, history, event);
        }
    }
    if event.is_masked_probe(plan, history) {
        (event.execution, event.exit) = (Execution::Done, exit::NOT_RUNNING);
    }
    match event.execution {
        Execution::Done | Execution::Error => {
            compare_with_expected(plan, history, event);
            interpret_answer(plan, history, event);
        }
        Execution::NoFenceDevice | Execution::NoSecrets => event.execution = Execution::HardError,
        _ => {}
    }
}

fn compare_with_expected(plan: &mut Plan<'_>, history: &History<'_>, event: &mut Event<'_>) {
    if event.expected < 0 {
        event.execution = Execution::Error;
        let text = format!(
            "Expected result not found for {} on {} (corrupt or obsolete CIB?)",
            event.key, plan.nodes[history.node].name
        );
        plan.configuration_warning(text);
    } else if event.exit == event.expected {
        event.execution = Execution::Done;
    } else {
        event.execution = Execution::Error;
    }
}

fn interpret_answer(plan: &mut Plan<'_>, history: &mut History<'_>, event: &mut Event<'_>) {
    let is_probe = event.entry.is_probe();
    let is_expected = event.exit == event.expected;
    let resource = history.resource;
    match event.exit {
        exit::OK => {
            if is_probe && event.expected == exit::NOT_RUNNING {
                event.execution = Execution::Done;
            }
        }
        exit::NOT_RUNNING => {
            if is_probe || is_expected || !plan.resources[resource].managed {
                event.execution = Execution::Done;
                history.on_fail = OnFail::Ignore;
                plan.resources[resource].role = Role::Stopped;
                plan.set_next_role(resource, Role::Unknown, "not running");
            }
        }
        exit::PROMOTED => {
            if is_probe && !is_expected {
                event.execution = Execution::Done;
            }
            if !event.expired || is_expected {
                plan.resources[resource].role = Role::Promoted;
            }
        }
        exit::FAILED_PROMOTED => {
            if !event.expired {
                plan.resources[resource].role = Role::Promoted;
            }
            event.execution = Execution::Error;
        }
        exit::NOT_CONFIGURED => event.execution = Execution::FatalError,
        exit::UNIMPLEMENTED if event.entry.interval_ms > 0 => {
            event.execution = Execution::NotSupported;
        }
        exit::UNIMPLEMENTED
        | exit::NOT_INSTALLED
        | exit::INVALID_PARAMETER
        | exit::INSUFFICIENT_PRIVILEGES => {
            if !event.expired {
                block_after_failed_stop(plan, history, event);
            }
            event.execution = Execution::HardError;
        }
        _ => {
            if event.execution == Execution::Done {
                event.execution = Execution::Error;
            }
        }
    }
}

/// Leaves a resource alone that could neither be stopped nor be got rid of with its node.
fn block_after_failed_stop(plan: &mut Plan<'_>, history: &History<'_>, event: &Event<'_>) {
    if event.task != "stop" || can_fence(plan, history.node) {
        return;
    }
    let of = &mut plan.resources[history.resource];
    (of.managed, of.blocked) = (false, true);
    let text = format!(
        "No further recovery can be attempted for {} because {} on {} failed ({}) at {}",
        of.id,
        event.task,
        plan.nodes[history.node].name,
        event.exit_words(),
        event.last_change_words()
    );
    plan.error(text);
}
