//! When failures are forgotten.
//!
//! - An entry has expired if the resource has a `failure-timeout`, its result is at least that old,
//!   and no failure that is younger is counted for the resource on that node. "Not installed" never
//!   expires.
//! - A failed recurring monitor of a remote connection with a reconnect interval does not expire
//!   before the remote node was fenced.
//! - Probes that found out what is there do not expire: only failed probes do.
//! - Fail counts are cleared where the entry has expired and all that is counted has, too; where
//!   the last failure of a connection with a reconnect interval has expired; and where the last
//!   failure is of a start or monitor whose parameters have changed since.
//! - Where nodes are fenced, clearing the failure of a connection with a reconnect interval waits
//!   for the fencing of its node.
//!
//! An expired entry is then treated so:
//!
//! | entry | |
//! | --- | --- |
//! | probe that cannot succeed, with an unexpected result | forgotten: it is not known what is there, unless something is |
//! | as expected | as usual: only failures expire |
//! | failure of an operation that does not recur | forgotten |
//! | failure of one that recurs, on a clean online node | forgotten; the operation is scheduled anew |
//! | other failures | as usual |

use super::event::{Event, History};
use super::outcome::{Execution, exit};
use crate::actions;
use crate::model::plan::ParameterCheck;
use crate::model::{Plan, Relation, Role};
use crate::status::digests::{self, Comparison};
use crate::status::fail_counts::{FailCountScope, fail_count};
use crate::status::number::whole_seconds;
use crate::status::recheck::recheck_at;

/// Whether the entry has expired; schedules the clearing of fail counts where that is due.
pub(super) fn check<'c>(plan: &mut Plan<'c>, history: &History<'c>, event: &Event<'c>) -> bool {
    if event.execution == Execution::NotInstalled {
        return false;
    }
    let age = judge_age(plan, history, event);
    let mut clear_because = age.clear_because;
    if !age.expired && event.entry.is_last_failure() && parameters_changed(plan, history, event) {
        clear_because = Some("resource parameters have changed");
    }
    if let Some(reason) = clear_because {
        clear_failures(plan, history, reason);
    }
    let found_out = event.entry.is_probe()
        && matches!(
            event.exit,
            exit::OK
                | exit::NOT_RUNNING
                | exit::PROMOTED
                | exit::DEGRADED
                | exit::DEGRADED_PROMOTED
        );
    age.expired && !found_out
}

/// Deals with an entry that has expired. Says whether that is all there is to do about it.
/// `recorded_exit` is what the agent said before it was interpreted.
pub(super) fn forget<'c>(
    plan: &mut Plan<'c>,
    history: &History<'c>,
    event: &Event<'c>,
    recorded_exit: i32,
) -> bool {
    if event.is_masked_probe(plan, history) && recorded_exit != event.expected {
        let role = &mut plan.resources[history.resource].role;
        if *role <= Role::Stopped {
            *role = Role::Unknown;
        }
        return true;
    }
    if event.exit == event.expected {
        return false;
    }
    if event.entry.interval_ms == 0 {
        let text = format!(
            "Ignoring resource history entry {} for {} of {} on {}: Expired failure",
            event.id,
            event.task,
            plan.resources[history.resource].id,
            plan.nodes[history.node].name
        );
        plan.notice(text);
        return true;
    }
    let node = &plan.nodes[history.node];
    if node.online && !node.unclean {
        plan.expired_recurring.insert(event.entry.xml.xml_id());
        return true;
    }
    false
}

/// What follows from how old an entry is.
#[derive(Default)]
struct Age {
    expired: bool,
    clear_because: Option<&'static str>,
}

fn judge_age<'c>(plan: &mut Plan<'c>, history: &History<'c>, event: &Event<'c>) -> Age {
    let of = &plan.resources[history.resource];
    let has_reconnect_interval = of.reconnect_interval_ms > 0;
    let timeout_s = whole_seconds(of.failure_timeout_ms);
    let (Some(last_change_s), true) = (event.entry.last_change_s, timeout_s > 0) else {
        return Age::default();
    };
    let now_s = plan.now_s();
    let is_old = now_s >= last_change_s.saturating_add(timeout_s)
        && !must_wait_for_fencing(plan, history, event);

    let count = |plan: &mut Plan<'c>, effective| {
        let scope = FailCountScope {
            effective,
            launched: false,
        };
        let entry = Some(event.entry.xml);
        fail_count(plan, history.node, history.resource, scope, entry)
    };
    let recent = count(plan, true);
    if recent.count.value() != 0 {
        recheck_at(plan, recent.last_s.saturating_add(timeout_s + 1));
    }
    let mut age = Age {
        expired: is_old,
        clear_because: None,
    };
    if is_old {
        if count(plan, false).count.value() != 0 {
            if recent.count.value() == 0 {
                age.clear_because = Some("it expired");
            } else {
                age.expired = false;
            }
        } else if event.entry.is_last_failure() && has_reconnect_interval {
            age.clear_because = Some("reconnect interval is set");
        }
    }
    age
}

/// Whether the failure of a connection must not expire before the remote node was fenced. The
/// executor reports only changes, so a monitor that goes on failing would not be heard of again.
fn must_wait_for_fencing(plan: &Plan<'_>, history: &History<'_>, event: &Event<'_>) -> bool {
    let of = &plan.resources[history.resource];
    of.reconnect_interval_ms > 0
        && plan.options.fencing_enabled
        && event.entry.interval_ms > 0
        && event.task.eq_ignore_ascii_case("monitor")
        && plan
            .node_by_name(&of.id)
            .is_some_and(|node| !plan.nodes[node].remote_fenced)
}

/// Whether the parameters of a start or monitor are others than those that it failed with.
fn parameters_changed<'c>(plan: &mut Plan<'c>, history: &History<'c>, event: &Event<'c>) -> bool {
    if !matches!(event.task, "start" | "monitor") {
        return false;
    }
    let entry = event.entry.xml;
    let (resource, node) = (history.resource, history.node);
    if digests::address_follows_container(plan, resource) {
        // The address is known when containers are assigned.
        plan.parameter_checks.push(ParameterCheck {
            entry,
            resource,
            node,
            active: false,
        });
        return false;
    }
    !matches!(
        digests::compare(plan, resource, entry, node),
        Comparison::Match | Comparison::Unknown
    )
}

fn clear_failures(plan: &mut Plan<'_>, history: &History<'_>, reason: &str) {
    let clearing = actions::clear_fail_count(plan, history.resource, history.node, reason);
    let of = &plan.resources[history.resource];
    if !plan.options.fencing_enabled || of.reconnect_interval_ms == 0 {
        return;
    }
    if let Some(remote_node) = plan.node_by_name(&of.id) {
        let fencing = actions::fence(plan, remote_node, None, true, None, false);
        actions::order(plan, fencing, clearing, Relation::FIRST_IMPLIES_THEN);
    }
}
