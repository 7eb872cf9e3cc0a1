//! Which instance of a clone or bundle goes with a resource: the one in the same place.

use super::attributes::{Places, same_place};
use super::location::{any_blocked, assigned_node, assigned_nodes, instances};
use super::node_choice;
use crate::model::table_order::in_table_order;
use crate::model::{Candidate, NodeId, Plan, ResourceId, Role};

/// The instance of `collective` (a container, if it is a bundle) that is not blocked, has `role`
/// (unless that is `Unknown`) and is in the place of `resource`: on its node or, where it has none,
/// on the best of the nodes that it is allowed on. `current` looks at places and roles at the start
/// rather than those to be reached; `attribute` names the node attribute that must be the same,
/// otherwise the node itself must be.
#[must_use]
pub fn compatible_instance(
    plan: &Plan<'_>,
    resource: ResourceId,
    collective: ResourceId,
    role: Role,
    current: bool,
    attribute: Option<&str>,
) -> Option<ResourceId> {
    let instances = instances(plan, collective);
    let on_node = |node: NodeId| {
        instances
            .iter()
            .copied()
            .find(|&instance| is_instance_at(plan, instance, node, role, current, attribute))
    };
    match place(plan, resource, current) {
        Some(node) => on_node(node),
        None => allowed_nodes(plan, resource).find_map(on_node),
    }
}

/// Whether `instance` is not blocked, has `role` (unless that is `Unknown`) and is on `node`, or on
/// one with the same value of `attribute`.
#[must_use]
pub fn is_instance_at(
    plan: &Plan<'_>,
    instance: ResourceId,
    node: NodeId,
    role: Role,
    current: bool,
    attribute: Option<&str>,
) -> bool {
    if role != Role::Unknown && role != plan.role(instance, current) {
        return false;
    }
    if any_blocked(plan, instance) {
        return false;
    }
    place(plan, instance, current).is_some_and(|at| match attribute {
        None => at == node,
        Some(attribute) => {
            let places = Places::new(plan, attribute, instance);
            same_place(places.of(at), places.of(node))
        }
    })
}

/// The container of `bundle` that is assigned to the node of `dependent` (to its host, if that is a
/// bundle's node) or, where that has no node, to the best of the nodes that it is allowed on.
pub(super) fn compatible_container(
    plan: &Plan<'_>,
    dependent: ResourceId,
    bundle: ResourceId,
) -> Option<ResourceId> {
    let containers = instances(plan, bundle);
    let on_node = |node: NodeId| {
        containers
            .iter()
            .copied()
            .find(|&container| is_instance_at(plan, container, node, Role::Unknown, false, None))
    };
    let host = |node| bundle_host(plan, node);
    match place(plan, dependent, false).and_then(host) {
        Some(node) => on_node(node),
        None => allowed_nodes(plan, dependent)
            .filter_map(host)
            .find_map(on_node),
    }
}

/// The node itself or, if it is a bundle's, the node that its container is assigned to.
fn bundle_host(plan: &Plan<'_>, node: NodeId) -> Option<NodeId> {
    if !plan.is_bundle_node(node) {
        return Some(node);
    }
    let connection = plan.nodes[node].connection?;
    assigned_node(plan, plan.resources[connection].launcher?)
}

/// The one node that `resource` is on (or is assigned to).
fn place(plan: &Plan<'_>, resource: ResourceId, current: bool) -> Option<NodeId> {
    let nodes = if current {
        let mut nodes = Vec::new();
        collect_active(plan, resource, &mut nodes);
        nodes
    } else {
        assigned_nodes(plan, resource)
    };
    match nodes[..] {
        [node] => Some(node),
        _ => None,
    }
}

fn collect_active(plan: &Plan<'_>, resource: ResourceId, nodes: &mut Vec<NodeId>) {
    let of = &plan.resources[resource];
    if of.children.is_empty() {
        for &node in &of.active_on {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        }
    }
    for &child in &of.children {
        collect_active(plan, child, nodes);
    }
}

fn allowed_nodes(plan: &Plan<'_>, resource: ResourceId) -> impl Iterator<Item = NodeId> {
    let allowed = in_table_order(plan, &plan.resources[resource].allowed).rev();
    node_choice::sorted(plan, allowed, None)
        .into_iter()
        .map(|Candidate { node, .. }| node)
}
