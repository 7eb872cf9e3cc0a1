//! What changed in the configuration since operations were executed, and what that leads to.
//!
//! Nodes are looked at by name, if they can run resources, or are in maintenance (when recurring
//! operations still have to be cancelled). For each resource in a node's history:
//!
//! | if | then |
//! | --- | --- |
//! | it was removed from the configuration | its history is removed |
//! | its class, provider or type changed | its history is removed; it is restarted, if active |
//! | it is not active on the node, or was stopped since | nothing more |
//! | otherwise | its operations since the last start are compared, see [`operation`] |
//!
//! Surplus instances of anonymous clones have no history of their own that could be removed.

mod operation;

use cib::hashed::HashMap;

use cib::xml::Element;

use super::digests::{self, Comparison};
use super::history::{ActiveRange, Entry, histories, read_entries, sort};
use crate::actions;
use crate::assignment;
use crate::model::plan::ParameterCheck;
use crate::model::{NodeId, Plan, ResourceId};
use crate::transition;
use operation::Operation;

/// Compares what history says of active resources with the configuration.
pub fn apply_configuration_changes(plan: &mut Plan<'_>) {
    let Some(status) = plan.cib.child("status") else {
        return;
    };
    let renamed = renamed_resources(plan);
    let mut states: HashMap<&str, Vec<Element<'_>>> = HashMap::default();
    for state in status.children_named("node_state") {
        if let Some(name) = state.attribute("uname") {
            states.entry(name).or_default().push(state);
        }
    }
    for index in 0..plan.nodes_by_name.len() {
        let node = plan.nodes_by_name[index];
        // Where a node has several states, none of them is trusted.
        let Some(&[state]) = states.get(plan.nodes[node].name).map(Vec::as_slice) else {
            continue;
        };
        if !can_be_told(plan, node) {
            continue;
        }
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
            let entry = Entry::read(entry);
            operation::compare(
                plan,
                Operation {
                    resource,
                    node,
                    entry,
                },
            );
        } else if matches!(
            digests::compare(plan, resource, entry, node),
            Comparison::Restart | Comparison::Mismatch
        ) {
            let reason = "resource parameters have changed";
            actions::clear_fail_count(plan, resource, node, reason);
        }
    }
}

/// Whether a node could carry out what changes lead to.
fn can_be_told(plan: &Plan<'_>, node: NodeId) -> bool {
    let of = &plan.nodes[node];
    of.maintenance || assignment::is_available(plan, &of.as_candidate(node), false, false)
}

/// Primitives by the name that history has for them, where that is not their own, or where it is
/// another resource's own: what was removed, and replaced by a group of the same name, say.
fn renamed_resources(plan: &Plan<'_>) -> HashMap<String, Vec<ResourceId>> {
    let mut renamed: HashMap<String, Vec<ResourceId>> = HashMap::default();
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
    for (index, &entry) in entries.iter().enumerate() {
        if !range.is_before_start(index) {
            let operation = Operation {
                resource,
                node,
                entry,
            };
            operation::check(plan, operation);
        }
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
