//! The resources section as a whole.
//!
//! - Resources are read in the order of the CIB, then sorted by priority, the highest first; those
//!   of the same priority keep their order.
//! - What launches what is settled when all are known: `container` names the launcher.
//! - Ids become known when the outermost resource is complete, so that one that turns out to be
//!   wrong leaves no trace.

use std::cmp::Reverse;

use cib::xml::Element;

use super::nodes::link_remote_node;
use super::presence::{Presence, note_base_scores};
use super::{resource, section};
use crate::model::{Plan, ResourceId};

/// Reads the resources into `plan`.
pub(super) fn unpack(plan: &mut Plan<'_>, presence: &mut Presence) {
    let resources = section(plan, "resources").into_iter();
    for element in resources.flat_map(Element::children) {
        let kind = element.name();
        let Some(id) = element.id().filter(|id| !id.is_empty()) else {
            plan.configuration_error(format!("Ignoring <{kind}> resource without ID"));
            continue;
        };
        if kind == "template" {
            // Known even where nothing is made from it.
            plan.templates.entry(id).or_default();
            continue;
        }
        match resource::unpack(plan, element, None, None, presence) {
            Some(resource) => add_root(plan, resource),
            None => plan.configuration_error(format!(
                "Ignoring <{kind}> resource '{id}' because configuration is invalid"
            )),
        }
    }
    // Replicas that were not made after all have no nodes either.
    plan.nodes_by_name.retain(|&node| presence.contains(node));
    for index in 0..plan.roots.len() {
        let root = plan.roots[index];
        settle_launchers(plan, root);
        link_remote_node(plan, root);
    }
    let mut roots = std::mem::take(&mut plan.roots);
    roots.sort_by_key(|&root| Reverse(plan.resources[root].priority));
    plan.roots = roots;

    if plan.options.fencing_enabled && !plan.options.have_fencing {
        plan.configuration_error(
            "Resource start-up disabled since no fencing resources have been defined. Either \
             configure some or disable fencing with the fencing-enabled option. NOTE: Clusters \
             with shared data need fencing to ensure data integrity.",
        );
    }
}

/// Adds the resource (with all its parts) that `element` describes. `None`, with an error noted,
/// where it cannot be used.
pub fn add_resource<'c>(
    plan: &mut Plan<'c>,
    element: Element<'c>,
    parent: Option<ResourceId>,
) -> Option<ResourceId> {
    let mut presence = Presence::all(plan);
    let first = plan.resources.next_id();
    let resource = resource::unpack(plan, element, parent, None, &mut presence)?;
    note_base_scores(plan, first);
    match parent {
        Some(parent) => {
            plan.resources[parent].children.push(resource);
            register(plan, resource);
        }
        None => add_root(plan, resource),
    }
    Some(resource)
}

fn add_root(plan: &mut Plan<'_>, resource: ResourceId) {
    plan.roots.push(resource);
    register(plan, resource);
}

/// Lets `resource` and its parts be found by their ids. Of several with the same id, the first one
/// is found.
pub(super) fn register(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if !plan.resource_ids.contains_key(&of.id) {
        plan.resource_ids.insert(of.id.clone(), resource);
    }
    for index in 0..of.children.len() {
        register(plan, plan.resources[resource].children[index]);
    }
}

fn settle_launchers(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if !of.children.is_empty() {
        for index in 0..of.children.len() {
            settle_launchers(plan, plan.resources[resource].children[index]);
        }
        return;
    }
    let Some(name) = of.meta.get("container").filter(|&name| name != of.id) else {
        return;
    };
    if let Some(launcher) = plan.resource_by_id(name) {
        plan.resources[resource].launcher = Some(launcher);
        plan.resources[launcher].launched.push(resource);
    } else {
        let text = format!("Resource {}: Unknown container {name}", of.id);
        plan.configuration_error(text);
    }
}
