//! Where a resource is going to be, once its parts have been assigned.

use cib::Score;

use crate::model::{NodeId, Plan, ResourceId, Role, Variant};

/// The nodes that the primitives which `resource` consists of are assigned to, each once, in the
/// order of the parts.
#[must_use]
pub fn assigned_nodes(plan: &Plan<'_>, resource: ResourceId) -> Vec<NodeId> {
    let mut nodes = Vec::new();
    collect(plan, resource, &mut nodes);
    nodes
}

/// The node that all assigned parts of `resource` are assigned to; none where there is no such
/// part, or where they are on several nodes.
#[must_use]
pub fn assigned_node(plan: &Plan<'_>, resource: ResourceId) -> Option<NodeId> {
    if plan.resources[resource].children.is_empty() {
        return plan.resources[resource].assigned_to;
    }
    match assigned_nodes(plan, resource)[..] {
        [node] => Some(node),
        _ => None,
    }
}

fn collect(plan: &Plan<'_>, resource: ResourceId, nodes: &mut Vec<NodeId>) {
    let of = &plan.resources[resource];
    if of.children.is_empty() {
        nodes.extend(of.assigned_to.filter(|node| !nodes.contains(node)));
    }
    for &child in &of.children {
        collect(plan, child, nodes);
    }
}

/// The score with which `resource`, or its first assigned part, was assigned to `node`. What is not
/// managed stays where it is whatever its scores say: there it is the node's own base score.
pub(super) fn score_when_assigned(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Score {
    let part = first_part_on(plan, resource, node).unwrap_or(resource);
    let of = &plan.resources[part];
    let base = plan.nodes[node].base_score;
    if of.managed {
        of.allowed
            .get(node)
            .map_or(base, |candidate| candidate.score)
    } else {
        base
    }
}

fn first_part_on(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Option<ResourceId> {
    let of = &plan.resources[resource];
    if of.children.is_empty() {
        return (of.assigned_to == Some(node)).then_some(resource);
    }
    of.children
        .iter()
        .find_map(|&child| first_part_on(plan, child, node))
}

/// Whether `resource` or any part of it is blocked.
#[must_use]
pub fn any_blocked(plan: &Plan<'_>, resource: ResourceId) -> bool {
    let of = &plan.resources[resource];
    of.blocked || of.children.iter().any(|&child| any_blocked(plan, child))
}

/// The instances of a clone, or the containers of a bundle, in their present order.
#[must_use]
pub fn instances(plan: &Plan<'_>, collective: ResourceId) -> Vec<ResourceId> {
    match &plan.resources[collective].variant {
        Variant::Bundle(bundle) => bundle
            .replicas
            .iter()
            .map(|replica| replica.container)
            .collect(),
        _ => plan.resources[collective].children.clone(),
    }
}

/// The resource whose role counts for `resource`: for the container of a bundle's replica, what
/// runs inside.
pub(super) fn role_bearer(plan: &Plan<'_>, resource: ResourceId) -> ResourceId {
    if !plan.resources[resource].replica_container {
        return resource;
    }
    let Variant::Bundle(bundle) = &plan.resources[plan.top(resource, true)].variant else {
        return resource;
    };
    bundle
        .replicas
        .iter()
        .find(|replica| replica.container == resource)
        .and_then(|replica| replica.child)
        .unwrap_or(resource)
}

/// The clone or group inside the bundle that `resource` is part of (or is).
pub(super) fn bundled_resource(plan: &Plan<'_>, resource: ResourceId) -> Option<ResourceId> {
    match &plan.resources[plan.top(resource, true)].variant {
        Variant::Bundle(bundle) => bundle.child,
        _ => None,
    }
}

/// How many instances of `resource` a node may have.
pub(super) fn max_per_node(plan: &Plan<'_>, resource: ResourceId) -> usize {
    match &plan.resources[resource].variant {
        Variant::Primitive | Variant::Group(_) => 1,
        Variant::Clone(clone) => clone.node_max,
        Variant::Bundle(bundle) => bundle.replicas_per_host,
    }
}

/// Sets the role that `resource` is to reach, and why.
pub(super) fn set_next_role(plan: &mut Plan<'_>, resource: ResourceId, role: Role, why: &str) {
    let of = &mut plan.resources[resource];
    if of.next_role != role {
        of.next_role = role;
        of.next_role_reason = Some(why.to_owned());
    }
}
