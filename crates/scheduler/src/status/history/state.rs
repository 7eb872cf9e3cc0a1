//! What a completed operation makes of the resource's role, and which failures it undoes.
//!
//! | operation | role | undoes failures |
//! | --- | --- | --- |
//! | probe that cannot succeed, or any that found nothing installed | stopped | no |
//! | any that said "not running" | unchanged | yes |
//! | monitor | active, if it was not | if the failure was its own |
//! | start, migrate_from | started | yes |
//! | stop | stopped | yes |
//! | promote | promoted | yes |
//! | demote | unpromoted | only `on-fail="demote"` |
//! | migrate_to | see [`super::migration`] | no |
//! | other | active, if it was not | no |
//!
//! Active means unpromoted for an instance of a promotable clone, else started. Not undone is what
//! takes more than the resource's own recovery: `on-fail` of `stop`, `migrate`, `standby` and
//! `fence`; and the reset of a remote node with a reconnect interval, after which that has to pass.

use super::event::{Event, History, Reading};
use super::migration;
use super::outcome::exit;
use crate::model::{OnFail, Plan, ResourceId, Role};

/// Applies a successful operation whose agent said (or is taken to have said) `exit_status`.
pub(super) fn apply<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    event: &Event<'c>,
    exit_status: i32,
) {
    let resource = history.resource;
    let is_inactive = plan.resources[resource].role < Role::Started;
    let (role, undoes_failures) =
        if exit_status == exit::NOT_INSTALLED || event.is_masked_probe(plan, history) {
            (Some(Role::Stopped), false)
        } else if exit_status == exit::NOT_RUNNING {
            (None, true)
        } else {
            let active = is_inactive.then(|| active_role(plan, resource));
            match event.task {
                "monitor" => {
                    let failed_key = history.last_failure.and_then(|failure| failure.key());
                    (active, failed_key == Some(event.key))
                }
                "start" | "migrate_from" => (Some(Role::Started), true),
                "stop" => (Some(Role::Stopped), true),
                "promote" => (Some(Role::Promoted), true),
                "demote" => (Some(Role::Unpromoted), history.on_fail == OnFail::Demote),
                "migrate_to" => {
                    migration::apply_successful_departure(plan, reading, history, event);
                    (None, false)
                }
                _ => (active, false),
            }
        };
    if let Some(role) = role {
        plan.resources[resource].role = role;
    }
    if undoes_failures {
        undo_failures(plan, history);
    }
}

/// The role of `resource` where it is known to be active, and nothing else.
pub(super) fn active_role(plan: &Plan<'_>, resource: ResourceId) -> Role {
    if plan.resources[plan.top(resource, false)].promotable {
        Role::Unpromoted
    } else {
        Role::Started
    }
}

fn undo_failures(plan: &mut Plan<'_>, history: &mut History<'_>) {
    let reason = match history.on_fail {
        OnFail::Stop | OnFail::Ban | OnFail::Standby | OnFail::Fence => return,
        OnFail::ResetRemote if plan.resources[history.resource].reconnect_interval_ms > 0 => return,
        OnFail::ResetRemote => "clear past failures and reset remote",
        OnFail::Block
        | OnFail::Ignore
        | OnFail::Demote
        | OnFail::Restart
        | OnFail::RestartContainer => "clear past failures",
    };
    history.on_fail = OnFail::Ignore;
    plan.set_next_role(history.resource, Role::Unknown, reason);
}
