//! Operations that are in progress.
//!
//! - A recurring monitor whose failure is recorded and not older is not pending any more.
//! - A pending start makes the resource active, a pending promotion promoted: it may be.
//! - A migration that is under way on an unclean node needs a stop on its target.
//! - The first operation other than a probe is remembered, to be shown, and so that the instance of
//!   a clone is not taken for one on another node.

use super::entry::Entry;
use super::event::{Event, History};
use super::state::active_role;
use crate::actions;
use crate::model::{Plan, Role};

/// Applies a pending operation.
pub(super) fn apply<'c>(plan: &mut Plan<'c>, history: &History<'c>, event: &Event<'c>) {
    let has_failed_since = history
        .last_failure
        .is_some_and(|failure| is_failure_of(&failure, &event.entry));
    if has_failed_since {
        return;
    }
    let resource = history.resource;
    match event.task {
        "start" => {
            plan.resources[resource].start_pending = true;
            plan.resources[resource].role = active_role(plan, resource);
        }
        "promote" => plan.resources[resource].role = Role::Promoted,
        "migrate_to" if plan.nodes[history.node].unclean => {
            let target = event
                .entry
                .migrate_target
                .and_then(|name| plan.node_by_name(name));
            if target.is_some() {
                actions::once(plan, resource, "stop", target, false);
            }
        }
        _ => {}
    }
    let of = &mut plan.resources[resource];
    if of.pending_task.is_none() && !event.entry.is_probe() {
        of.pending_task = Some(event.task);
        of.pending_node = Some(history.node);
    }
}

/// Whether `failure` is a failure of the pending operation, and not an older one.
fn is_failure_of(failure: &Entry<'_>, pending: &Entry<'_>) -> bool {
    failure.task == pending.task
        && failure.interval_ms == pending.interval_ms
        && failure.last_change_s.unwrap_or(0) >= pending.last_change_s.unwrap_or(0)
}
