//! What is done about a resource's state on a node when its history there has been read.
//!
//! 1. If anything was found out, its state is known on the node; for an instance that is like the
//!    others, that holds for the whole clone.
//! 2. If it is active and managed on a node that is down, and not in maintenance, the node has to
//!    be fenced. A guest node's guest is recovered. A remote node whose connection has not failed is
//!    fenced only if the connection is not going to be re-established elsewhere.
//! 3. Its failure is dealt with, unless the node is unclean anyway:
//!
//! | `on-fail` | |
//! | --- | --- |
//! | `ignore` | nothing |
//! | `demote` | it is demoted |
//! | `restart` | if active, it is stopped |
//! | reset of a remote node | if nodes are fenced, the remote node is fenced, unless it was since; if active, the connection is stopped, and stays so for the reconnect interval, if there is one |
//! | `restart-container` | its launcher is stopped (that of a bundle's connection later, when it is known where it runs), or if active and without one, itself |
//! | `migrate` | the node is forbidden |
//! | `block` | it is left alone |
//! | `stop` | it stays stopped |
//! | `standby` | the node goes to standby |
//! | `fence` | the node is fenced |
//!
//! 4. If it is active, it is noted so on the node, and as failed if something has to be done about
//!    it. If not, a stop that may have been asked for meanwhile is not needed.

use cib::Score;

use super::event::History;
use crate::actions;
use crate::constraints;
use crate::model::{Cause, NodeId, OnFail, Plan, ResourceId, Role};
use crate::status::activity::add_active;
use crate::status::fencing::{fence_node, mark_failed};

/// Deals with the state that a history leaves its resource in.
pub(super) fn apply(plan: &mut Plan<'_>, history: &History<'_>) {
    let (resource, node) = (history.resource, history.node);
    let is_active = plan.resources[resource].role > Role::Stopped;
    if plan.resources[resource].role != Role::Unknown {
        note_known(plan, resource, node);
    }
    let is_stranded = is_active
        && plan.resources[resource].managed
        && !plan.nodes[node].online
        && !plan.nodes[node].maintenance;
    if is_stranded {
        fence_node_of_stranded(plan, resource, node);
    }
    let on_fail = if plan.nodes[node].unclean {
        OnFail::Ignore
    } else {
        history.on_fail
    };
    recover(plan, resource, node, on_fail, is_active);
    see_remote_node_of_failed_connection(plan, resource);

    if is_active {
        warn_if_removed(plan, resource, node);
        add_active(plan, resource, node, history.on_fail != OnFail::Ignore);
        match on_fail {
            OnFail::Ignore => {}
            OnFail::Demote | OnFail::Block => plan.resources[resource].failed = true,
            _ => mark_failed(plan, resource),
        }
    } else {
        forget_stop(plan, resource, node);
    }

    // A stop on the source of a migration says nothing of the target.
    let of = &mut plan.resources[resource];
    if of.role == Role::Stopped
        && !of.active_on.is_empty()
        && of.partial_migration_target.is_some()
        && of.partial_migration_source == Some(node)
    {
        of.role = Role::Started;
    }
}

fn note_known(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let known = plan.nodes[node].as_candidate(node);
    let mut at = Some(resource);
    while let Some(part) = at {
        let of = &mut plan.resources[part];
        if !of.known_on.contains(node) {
            of.known_on.insert(known);
        }
        at = of.parent.filter(|_| !of.unique);
    }
}

fn fence_node_of_stranded(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let id = &plan.resources[resource].id;
    let mut reason = format!("{id} is thought to be active there");
    if plan.is_guest(node) {
        mark_failed(plan, resource);
    } else if !plan.options.fencing_enabled {
        return;
    } else if plan.is_remote(node)
        && let Some(connection) = plan.nodes[node].connection
        && !plan.resources[connection].failed
    {
        reason = format!(
            "{id} is active there (fencing will be revoked if remote connection can be \
             re-established elsewhere)"
        );
        plan.nodes[node].seen = false;
    }
    fence_node(plan, node, &reason, false);
}

fn recover(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    on_fail: OnFail,
    is_active: bool,
) {
    match on_fail {
        OnFail::Ignore => {}
        OnFail::Demote => {
            plan.resources[resource].failed = true;
            actions::once(plan, resource, "demote", Some(node), false);
        }
        OnFail::Fence => {
            let reason = format!("{} failed there", plan.resources[resource].id);
            fence_node(plan, node, &reason, false);
        }
        OnFail::Standby => {
            let of = &mut plan.nodes[node];
            (of.standby, of.standby_on_fail) = (true, true);
        }
        OnFail::Block => {
            let of = &mut plan.resources[resource];
            (of.managed, of.blocked) = (false, true);
        }
        OnFail::Ban => {
            let cause = || Cause::Other("it failed there".to_owned());
            constraints::add_score(plan, resource, Some(node), Score::MINUS_INFINITY, cause);
        }
        OnFail::Stop => plan.set_next_role(resource, Role::Stopped, "on-fail=stop"),
        OnFail::Restart => {
            if is_active {
                mark_failed(plan, resource);
                stop(plan, resource, node);
            }
        }
        OnFail::RestartContainer => {
            mark_failed(plan, resource);
            match plan.resources[resource].launcher {
                // A bundle's connection may be active on another node than its container.
                Some(launcher) if plan.is_bundled(resource) => plan.stop_needed.push(launcher),
                Some(launcher) => stop(plan, launcher, node),
                None if is_active => stop(plan, resource, node),
                None => {}
            }
        }
        OnFail::ResetRemote => reset_remote(plan, resource, node, is_active),
    }
}

fn reset_remote(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, is_active: bool) {
    mark_failed(plan, resource);
    if plan.options.fencing_enabled
        && let Some(remote_node) = node_of_connection(plan, resource)
        && plan.is_remote(remote_node)
        && !plan.nodes[remote_node].remote_fenced
    {
        fence_node(
            plan,
            remote_node,
            "remote connection is unrecoverable",
            false,
        );
    }
    if is_active {
        stop(plan, resource, node);
    }
    if plan.resources[resource].reconnect_interval_ms > 0 {
        plan.set_next_role(resource, Role::Stopped, "remote reset");
    }
}

/// A remote node that is unclean has to be fenced when its connection has failed, whether or not
/// the connection is going to be re-established.
fn see_remote_node_of_failed_connection(plan: &mut Plan<'_>, resource: ResourceId) {
    if plan.resources[resource].failed
        && let Some(remote_node) = node_of_connection(plan, resource)
        && plan.nodes[remote_node].unclean
    {
        plan.nodes[remote_node].seen = true;
    }
}

fn node_of_connection(plan: &Plan<'_>, resource: ResourceId) -> Option<NodeId> {
    let of = &plan.resources[resource];
    plan.node_by_name(&of.id)
        .filter(|_| of.is_remote_connection)
}

fn warn_if_removed(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &plan.resources[resource];
    if !of.removed {
        return;
    }
    let (id, name) = (&of.id, plan.nodes[node].name);
    let text = if of.managed {
        format!("Removed resource {id} is active on {name} and will be stopped when possible")
    } else {
        format!(
            "Removed resource {id} must be stopped manually on {name} because \
             stop-removed-resources is set to false"
        )
    };
    plan.notice(text);
}

/// A resource that is not active needs no stop. (Histories from before version 1.1.8 name
/// instances with their numbers; there, the instance is just free for another node.)
fn forget_stop(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &mut plan.resources[resource];
    if of.history_id.as_deref().is_some_and(|id| id.contains(':')) {
        of.history_id = None;
        return;
    }
    if of.actions.is_empty() {
        return;
    }
    let key = actions::operation_key(&of.id, "stop", 0);
    for action in actions::adopt_all(plan, resource, &key, node) {
        plan.actions[action].optional = true;
    }
}

fn stop(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    actions::once(plan, resource, "stop", Some(node), false);
}
