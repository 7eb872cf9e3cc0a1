//! What operation histories say of resources.
//!
//! Histories are read in passes over `<status>`, because whether a remote or guest node is up is
//! told by the history of its connection, on another node:
//!
//! - a cluster node's history is read at once, but where neither fencing nor shutdown locks are in
//!   use, only if the node is online (so that instances that run get the first numbers);
//! - a remote node's, when its connection is known to be started (or at once, where shutdown locks
//!   are in use);
//! - a guest node's, when its connection and its guest are known to be started;
//! - passes are repeated until none reads anything; a last one, where nodes are fenced, reads
//!   whatever is left.
//!
//! One resource's history on one node is read so:
//!
//! 1. find whose it is ([`owner`]);
//! 2. take over the shutdown lock;
//! 3. apply its entries from old to new: [`expiry`], [`results`], then [`state`] for a success,
//!    [`failure`] for a failure, [`pending`] for what is in progress;
//! 4. make active recurring operations, so that they get the numbers of actions that they have;
//! 5. draw the consequences ([`consequences`]);
//! 6. the role may not be above `target-role`, and not below what another node's history made it.

mod consequences;
mod entry;
mod event;
mod expiry;
mod failure;
mod index;
mod migration;
mod order;
pub mod outcome;
mod owner;
mod pending;
mod results;
mod state;

use cib::xml::Element;

pub(super) use entry::{Entry, read_entries};
pub(super) use event::Reading;
pub(super) use index::histories;
pub(super) use order::{ActiveRange, sort};
pub(super) use owner::forbid_all_nodes;

use event::{Event, History};
use outcome::Execution;

use super::{node_state, remote_nodes, shutdown_lock};
use crate::actions;
use crate::configuration;
use crate::model::{NodeId, OnFail, Plan, ResourceId, Role};

/// Reads all histories.
pub(super) fn unpack<'c>(plan: &mut Plan<'c>, status: Element<'c>) {
    let mut reading = Reading::default();
    while unpack_ready(plan, &mut reading, status, false) {}
    let all = plan.options.fencing_enabled;
    unpack_ready(plan, &mut reading, status, all);
}

/// Reads the histories of nodes whose turn it is, or of `all` that are left. Says whether there was
/// any.
fn unpack_ready<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    status: Element<'c>,
    all: bool,
) -> bool {
    let mut any = false;
    for state in status.children_named("node_state") {
        if state.attribute("uname").is_none() {
            continue;
        }
        let Some(node) = node_state::find(plan, state) else {
            continue;
        };
        if plan.nodes[node].unpacked || !(all || is_ready(plan, node)) {
            continue;
        }
        if plan.is_remote_or_guest(node) {
            remote_nodes::judge(plan, node);
            node_state::unpack_remote(plan, node, state);
        }
        plan.nodes[node].unpacked = true;
        unpack_node(plan, reading, node, state);
        any = true;
    }
    any
}

/// Whether all that a node's history depends on has been read.
fn is_ready(plan: &Plan<'_>, node: NodeId) -> bool {
    let is_started = |resource: ResourceId| plan.resources[resource].role == Role::Started;
    if !plan.is_remote_or_guest(node) {
        return plan.options.fencing_enabled
            || plan.options.shutdown_lock
            || plan.nodes[node].online;
    }
    plan.nodes[node].connection.is_some_and(|connection| {
        match plan.resources[connection].launcher {
            Some(launcher) => is_started(connection) && is_started(launcher),
            None => plan.options.shutdown_lock || is_started(connection),
        }
    })
}

fn unpack_node<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    node: NodeId,
    state: Element<'c>,
) {
    let mut found_removed_launched = false;
    for history in histories(state) {
        if let Some(resource) = unpack_resource(plan, reading, node, history) {
            found_removed_launched |= plan.resources[resource].removed_launched;
        }
    }
    if found_removed_launched {
        owner::attach_removed_to_launchers(plan, state);
    }
}

/// Reads one resource's history on `node`. `None` if there is nothing to it.
fn unpack_resource<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    node: NodeId,
    history_xml: Element<'c>,
) -> Option<ResourceId> {
    let Some(name) = history_xml.id() else {
        plan.configuration_error("Ignoring invalid lrm_resource entry: No id");
        return None;
    };
    let mut entries = read_entries(history_xml);
    if entries.is_empty() && !plan.options.shutdown_lock {
        return None;
    }
    let resource = match owner::find(plan, node, name) {
        Some(resource) => resource,
        None if entries.is_empty() => return None,
        None => owner::add_removed(plan, history_xml, name)?,
    };
    if plan.options.shutdown_lock {
        shutdown_lock::unpack(plan, resource, node, history_xml);
    }
    for id in sort(&mut entries) {
        plan.configuration_error(format!("Duplicate lrm_rsc_op entries named {id}"));
    }

    let earlier_role = std::mem::take(&mut plan.resources[resource].role);
    let mut history = History {
        resource,
        node,
        last_failure: None,
        on_fail: OnFail::Ignore,
    };
    for &entry in &entries {
        apply(plan, reading, &mut history, entry);
    }
    make_recurring(plan, &history, &entries);
    consequences::apply(plan, &history);
    limit_next_role(plan, resource);
    let role = &mut plan.resources[resource].role;
    *role = earlier_role.max(*role);
    Some(resource)
}

/// Applies one entry to the resource's state.
fn apply<'c>(
    plan: &mut Plan<'c>,
    reading: &mut Reading<'c>,
    history: &mut History<'c>,
    entry: Entry<'c>,
) {
    let mut event = match Event::read(plan, history, entry) {
        Ok(Some(event)) => event,
        Ok(None) => return,
        Err(problem) => return plan.configuration_error(problem),
    };
    event.expired = expiry::check(plan, history, &event);
    let recorded_exit = event.exit;
    results::interpret(plan, reading, history, &mut event);
    if event.expired && expiry::forget(plan, history, &event, recorded_exit) {
        return;
    }
    if event.is_masked_probe(plan, history) {
        failure::apply_masked_probe(plan, reading, history, &event, recorded_exit);
        return;
    }
    match event.execution {
        Execution::Pending => pending::apply(plan, history, &event),
        Execution::Done => state::apply(plan, reading, history, &event, event.exit),
        _ => failure::apply(plan, reading, history, &event),
    }
}

/// Makes the recurring operations that are active now, as actions that need not be done.
fn make_recurring(plan: &mut Plan<'_>, history: &History<'_>, entries: &[Entry<'_>]) {
    if !plan.nodes[history.node].online || entries.iter().all(|entry| entry.interval_ms == 0) {
        return;
    }
    let range = ActiveRange::find(entries);
    let first_active = if range.is_stopped() {
        // Monitors for the role "Stopped" may come after a stop.
        range.stop.map_or(0, |stop| stop + 1)
    } else {
        range.start.unwrap_or(0)
    };
    for entry in entries.iter().skip(first_active) {
        let Some(task) = entry.task else { continue };
        if entry.interval_ms == 0 || entry.status_text == Some("-1") {
            continue;
        }
        let id = &plan.resources[history.resource].id;
        let key = actions::operation_key(id, task, entry.interval_ms);
        actions::action(
            plan,
            Some(history.resource),
            key,
            task,
            Some(history.node),
            true,
        );
    }
}

/// The next role may not be above the one that is configured.
fn limit_next_role(plan: &mut Plan<'_>, resource: ResourceId) {
    if let Some(target) = configuration::target_role(plan, resource) {
        let next = plan.resources[resource].next_role;
        if next == Role::Unknown || target < next {
            plan.set_next_role(resource, target, "target-role");
        }
    }
}
