//! What changed in the configuration since operations were executed, and what that leads to.
//!
//! Nodes are looked at by name, if they can run resources, or are in maintenance (when recurring
//! operations still have to be cancelled). For each resource in a node's history:
//!
//! | if | then |
//! | --- | --- |
//! | it was removed from the configuration | its history is removed (surplus instances of anonymous clones have none of their own) |
//! | its class, provider or type changed | its history is removed; it is restarted, if active |
//! | it is not active on the node, or was stopped since | nothing more |
//!
//! Then, for each entry since the last start:
//!
//! | entry | if | then |
//! | --- | --- | --- |
//! | recurring | resource or node is in maintenance | cancelled |
//! | recurring | no longer configured | cancelled, if `stop-orphan-actions` allows |
//! | any that counts | nothing but masked secrets changed | nothing |
//! | any that counts | parameters that need a restart changed, or others where the agent cannot reload | restart |
//! | recurring | parameters changed | scheduled anew |
//! | any other that counts | parameters changed | reload, unless that is pointless; where a start is pending, restart |
//!
//! Those that count are recurring operations, and `monitor`, `start`, `promote` and `migrate_from`.
//! Whatever changed, fail counts are cleared, so that it is tried afresh.

use std::collections::HashMap;

use cib::time::readable_interval;
use cib::xml::Element;

use super::digests::{self, Comparison};
use super::fail_counts::{FailCountScope, fail_count};
use super::history::{ActiveRange, Entry, histories, read_entries, sort};
use crate::actions;
use crate::assignment;
use crate::model::plan::ParameterCheck;
use crate::model::{NodeId, Plan, Relation, ResourceId};
use crate::transition;

/// Why something is done about an operation.
const DEFINITION_CHANGE: &str = "resource definition change";

/// Compares what history says of active resources with the configuration.
pub fn apply_configuration_changes(plan: &mut Plan<'_>) {
    let Some(status) = plan.cib.child("status") else {
        return;
    };
    let renamed = renamed_resources(plan);
    let mut states: HashMap<&str, Vec<Element<'_>>> = HashMap::new();
    for state in status.children_named("node_state") {
        if let Some(name) = state.attribute("uname") {
            states.entry(name).or_default().push(state);
        }
    }
    for index in 0..plan.nodes_by_name.len() {
        let node = plan.nodes_by_name[index];
        let candidate = plan.nodes[node].as_candidate(node);
        if !plan.nodes[node].maintenance
            && !assignment::is_available(plan, &candidate, false, false)
        {
            continue;
        }
        // Where a node has several states, none of them is trusted.
        let Some(&[state]) = states.get(plan.nodes[node].name).map(Vec::as_slice) else {
            continue;
        };
        for history in histories(state) {
            if let Some(id) = history.id()
                && history.nodes().next().is_some()
            {
                for resource in resources_called(plan, &renamed, id) {
                    compare_resource(plan, resource, node, history);
                }
            }
        }
    }
}

/// Carries out the comparisons that were put off until containers were assigned.
pub fn check_parameters(plan: &mut Plan<'_>) {
    for check in std::mem::take(&mut plan.parameter_checks).into_iter().rev() {
        let ParameterCheck {
            entry,
            resource,
            node,
            active,
        } = check;
        if active {
            let changed = compare_operation(plan, resource, node, entry);
            clear_failures_of_changed(plan, resource, node, changed);
        } else if matches!(
            digests::compare(plan, resource, entry, node),
            Comparison::Restart | Comparison::Mismatch
        ) {
            let reason = "resource parameters have changed";
            actions::clear_fail_count(plan, resource, node, reason);
        }
    }
}

/// Primitives by the name that history has for them, where that is not their own, or where it is
/// another resource's own: what was removed, and replaced by a group of the same name, say.
fn renamed_resources(plan: &Plan<'_>) -> HashMap<String, Vec<ResourceId>> {
    let mut renamed: HashMap<String, Vec<ResourceId>> = HashMap::new();
    for (resource, of) in plan.resources.iter() {
        let is_hidden = of.removed && plan.resource_by_id(&of.id) != Some(resource);
        let names = of
            .history_id
            .iter()
            .chain(is_hidden.then_some(&of.id))
            .filter(|_| plan.is_primitive(resource));
        for name in names {
            renamed.entry(name.clone()).or_default().push(resource);
        }
    }
    renamed
}

/// All primitives that history may mean by `id`, the last one first.
fn resources_called(
    plan: &Plan<'_>,
    renamed: &HashMap<String, Vec<ResourceId>>,
    id: &str,
) -> Vec<ResourceId> {
    let mut found = renamed.get(id).cloned().unwrap_or_default();
    let named = plan
        .resource_by_id(id)
        .filter(|&resource| plan.is_primitive(resource));
    if let Some(named) = named
        && let Err(place) = found.binary_search(&named)
    {
        found.insert(place, named);
    }
    found.reverse();
    found
}

fn compare_resource<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    node: NodeId,
    history: Element<'c>,
) {
    if plan.resources[resource].removed {
        if !plan.is_anonymous_clone(plan.top(resource, false)) {
            transition::schedule_cleanup(plan, resource, node, false);
        }
        return;
    }
    let is_active = plan.resources[resource].active_on.contains(&node);
    if agent_changed(plan, resource, node, history, is_active) {
        transition::schedule_cleanup(plan, resource, node, false);
    }
    if !is_active {
        return;
    }
    let mut entries = read_entries(history);
    sort(&mut entries);
    let range = ActiveRange::find(&entries);
    if range.is_stopped() {
        return;
    }
    for (index, entry) in entries.iter().enumerate() {
        if !range.is_before_start(index) {
            compare_entry(plan, resource, node, entry);
        }
    }
}

fn compare_entry<'c>(plan: &mut Plan<'c>, resource: ResourceId, node: NodeId, entry: &Entry<'c>) {
    const TASKS: [&str; 4] = ["monitor", "start", "promote", "migrate_from"];
    let Some(task) = entry.task else { return };
    let is_recurring = entry.interval_ms > 0;
    if is_recurring && (plan.resources[resource].maintenance || plan.nodes[node].maintenance) {
        cancel(plan, resource, node, entry.xml, "maintenance mode");
    } else if is_recurring || TASKS.iter().any(|other| task.eq_ignore_ascii_case(other)) {
        if digests::address_follows_container(plan, resource) {
            plan.parameter_checks.push(ParameterCheck {
                entry: entry.xml,
                resource,
                node,
                active: true,
            });
            return;
        }
        let changed = compare_operation(plan, resource, node, entry.xml);
        clear_failures_of_changed(plan, resource, node, changed);
    }
}

fn clear_failures_of_changed(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    changed: bool,
) {
    let scope = FailCountScope {
        effective: true,
        launched: false,
    };
    if changed && fail_count(plan, node, resource, scope, None).count.value() != 0 {
        actions::clear_fail_count(plan, resource, node, "action definition changed");
    }
}

fn cancel(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    entry: Element<'_>,
    reason: &str,
) {
    let of_entry = Entry::read(entry);
    let call_id = entry.attribute("call-id").unwrap_or_default();
    let task = of_entry.task.unwrap_or_default();
    let interval_ms = of_entry.interval_ms;
    transition::schedule_cancel(plan, resource, call_id, task, interval_ms, node, reason);
}

/// Compares one operation with its configuration, and does what a change leads to. Says whether
/// there was a change.
fn compare_operation<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    node: NodeId,
    entry: Element<'c>,
) -> bool {
    let Entry {
        task, interval_ms, ..
    } = Entry::read(entry);
    let Some(task) = task else { return false };
    if interval_ms > 0
        && actions::operation_configuration(plan, resource, task, interval_ms, false).is_none()
    {
        if plan.options.cancel_removed_actions {
            cancel(plan, resource, node, entry, "removed");
        }
        return true;
    }
    let comparison = digests::compare(plan, resource, entry, node);
    match comparison {
        Comparison::Match => return false,
        _ if digests::only_secrets_differ(plan, resource, entry, node) => {
            tell_secrets_differ(plan, resource, node, entry);
            return false;
        }
        Comparison::Restart => force_restart(plan, resource, node, task, interval_ms),
        Comparison::Unknown | Comparison::Mismatch if interval_ms > 0 => {
            transition::reschedule_recurring(plan, resource, task, interval_ms, node);
        }
        Comparison::Unknown | Comparison::Mismatch
            if entry.attribute("op-restart-digest").is_some() =>
        {
            let reason = "Device parameters changed (reload)";
            actions::trigger_unfencing(plan, Some(resource), node, reason, None);
            reload(plan, resource, node);
        }
        Comparison::Unknown | Comparison::Mismatch => {
            force_restart(plan, resource, node, task, interval_ms);
        }
    }
    true
}

fn tell_secrets_differ(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    entry: Element<'_>,
) {
    let Entry {
        task,
        interval_ms,
        magic,
        ..
    } = Entry::read(entry);
    let text = format!(
        "Only 'private' parameters to {}-interval {} for {} on {} changed: {}",
        readable_interval(interval_ms),
        operation_with_parameters_of(task.unwrap_or_default(), interval_ms),
        plan.resources[resource].id,
        plan.nodes[node].name,
        magic.unwrap_or_default()
    );
    plan.info(text);
}

/// The operation that set the parameters that `task` was executed with.
fn operation_with_parameters_of(task: &str, interval_ms: u32) -> &str {
    match task {
        "monitor" | "migrate_from" | "promote" if interval_ms == 0 => "start",
        _ => task,
    }
}

/// Requires the operation again, which for a start means a restart.
fn force_restart(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    task: &str,
    interval_ms: u32,
) {
    let task = operation_with_parameters_of(task, interval_ms);
    let key = actions::operation_key(&plan.resources[resource].id, task, interval_ms);
    let required = actions::action(plan, Some(resource), key, task, None, false);
    actions::set_reason(plan, required, DEFINITION_CHANGE, true);
    let reason = "Device parameters changed";
    actions::trigger_unfencing(plan, Some(resource), node, reason, None);
}

/// Lets the agent take over changed parameters, unless the resource is not managed or has failed. A
/// stop or demotion makes that needless.
fn reload(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &mut plan.resources[resource];
    if !of.managed || of.failed {
        return;
    }
    if of.start_pending {
        // Which parameters the start will have is not known.
        actions::once(plan, resource, "stop", Some(node), false);
        return;
    }
    of.reload = true;
    let action = actions::once(plan, resource, "reload-agent", Some(node), false);
    actions::set_reason(plan, action, DEFINITION_CHANGE, false);
    for task in ["stop", "demote"] {
        let relation = Relation::ORDERED | Relation::THEN_CANCELS_FIRST;
        plan.add_ordering(action.into(), Plan::task_end(resource, task), relation);
    }
}

/// Whether the agent is another than the one in history. If so, an active resource is restarted.
fn agent_changed(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    history: Element<'_>,
    is_active: bool,
) -> bool {
    let xml = plan.resources[resource].xml;
    let mut changed = false;
    for attribute in ["type", "class", "provider"] {
        let (recorded, configured) = (history.attribute(attribute), xml.attribute(attribute));
        if recorded == configured {
            continue;
        }
        changed = true;
        let reason = "Device definition changed";
        actions::trigger_unfencing(plan, Some(resource), node, reason, None);
        if is_active {
            let text = format!(
                "Forcing restart of {} on {} because {attribute} changed from '{}' to '{}'",
                plan.resources[resource].id,
                plan.nodes[node].name,
                recorded.unwrap_or_default(),
                configured.unwrap_or_default()
            );
            plan.notice(text);
        }
    }
    if changed && is_active {
        actions::once(plan, resource, "stop", Some(node), false);
        // Prevents a reload: the new agent knows nothing of what the old one started.
        plan.resources[resource].start_pending = true;
    }
    changed
}
