//! Probes: finding out whether a resource is active where nobody knows.
//!
//! Every node that is online, clean and may be probed is asked for every resource, unless
//!
//! * the node is a remote node, and the resource a fencing device, a remote connection, or (on a
//!   guest) the launcher of a guest;
//! * the resource runs inside a container, or is no longer configured;
//! * the resource's state there is known;
//! * `resource-discovery` says so;
//! * the node is a guest that is stopped or will stop. Then nothing can be active there, and what
//!   may start there waits for the launcher's probe or stop.
//!
//! Of an anonymous clone one instance is probed on each node: the one whose state is known there,
//! or that will be there, or the first. The parts of a bundle are probed everywhere, the resource
//! inside only in its own container.
//!
//! Starts and reloads of the resource (of the whole clone) wait for its probes; a probe that cannot
//! be done prevents the start of what is not active.

use super::fencing;
use super::recurring::{NOT_RUNNING, PROMOTED};
use super::{remote, task_of};
use crate::actions;
use crate::model::ids::Id;
use crate::model::{
    ActionId, Candidate, NodeId, Plan, ProbeMode, Relation, ResourceId, Role, Variant,
};
use crate::status;

/// Makes all probes. A remote node whose connection failed is fenced instead.
pub(super) fn schedule(plan: &mut Plan<'_>) {
    let mut unknown = None;
    for node in plan.nodes_by_name.clone() {
        let of = &plan.nodes[node];
        if !of.online {
            if remote::has_failed(plan, node) {
                status::fence_node(plan, node, "the connection is unrecoverable", false);
            }
        } else if !of.unclean && of.probes_allowed {
            let roots = unknown.get_or_insert_with(|| unknown_roots(plan));
            for &root in &*roots {
                probe(plan, root, node);
            }
        }
    }
}

/// The roots that are not known on all nodes that are online: in a cluster that runs, few. Instances
/// of clones are sorted on the way.
fn unknown_roots(plan: &mut Plan<'_>) -> Vec<ResourceId> {
    let online = plan.nodes.values().map(|node| node.online).collect();
    let states = States { online };
    let roots = plan.roots.clone();
    let is_unknown = |root: &ResourceId| !states.are_known(plan, *root);
    roots.into_iter().filter(is_unknown).collect()
}

/// On which nodes states have to be known.
struct States {
    /// Whether each node is online.
    online: Vec<bool>,
}

impl States {
    /// Whether nothing of `resource` has to be probed on any node, as far as that is seen at once.
    fn are_known(&self, plan: &mut Plan<'_>, resource: ResourceId) -> bool {
        let of = &plan.resources[resource];
        match of.variant {
            Variant::Primitive => {
                let unknown = self.unknown(plan, &[resource]);
                let mut unknown = unknown.into_iter();
                unknown.all(|node| !has_to_be_probed(plan, resource, node))
            }
            Variant::Group(_) => {
                let children = of.children.clone();
                children
                    .into_iter()
                    .all(|child| self.are_known(plan, child))
            }
            Variant::Clone(_) if !of.unique && !of.exclusive_probes => {
                sort_by_number(plan, resource);
                let instances = &plan.resources[resource].children;
                instances
                    .iter()
                    .all(|&instance| plan.is_primitive(instance))
                    && self.unknown(plan, instances).is_empty()
            }
            Variant::Clone(_) | Variant::Bundle(_) => false,
        }
    }

    /// The nodes that are online and on which the state of none of `resources` is known.
    fn unknown(&self, plan: &Plan<'_>, resources: &[ResourceId]) -> Vec<NodeId> {
        let mut unknown = self.online.clone();
        for &resource in resources {
            for known in plan.resources[resource].known_on.iter() {
                unknown[known.node.index()] = false;
            }
        }
        plan.nodes
            .ids()
            .filter(|node| unknown[node.index()])
            .collect()
    }
}

/// Makes the probes of `resource` on `node`; says whether there were any.
fn probe(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    match &plan.resources[resource].variant {
        Variant::Primitive => probe_primitive(plan, resource, node),
        Variant::Group(_) => {
            !is_wrong_kind_of_node(plan, resource, node) && probe_children(plan, resource, node)
        }
        Variant::Clone(_) => probe_clone(plan, resource, node),
        Variant::Bundle(_) => probe_bundle(plan, resource, node),
    }
}

fn probe_children(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let mut any = false;
    for index in 0..plan.resources[resource].children.len() {
        let child = plan.resources[resource].children[index];
        any |= probe(plan, child, node);
    }
    any
}

fn probe_clone(plan: &mut Plan<'_>, clone: ResourceId, node: NodeId) -> bool {
    let of = &mut plan.resources[clone];
    if of.exclusive_probes && !is_named_for_probes(of.allowed.get(node)) {
        // Taken out for good: notifications name the nodes that the clone may be on.
        of.allowed.remove(node);
        return false;
    }
    let of = &plan.resources[clone];
    if of.unique || of.exclusive_probes {
        // The others' are sorted already.
        sort_by_number(plan, clone);
    }
    if plan.resources[clone].unique {
        return probe_children(plan, clone, node);
    }
    let instances = &plan.resources[clone].children;
    let instance = instances
        .iter()
        .find(|&&instance| is_known_on(plan, instance, node))
        .or_else(|| {
            instances
                .iter()
                .find(|&&instance| plan.location(instance, false) == Some(node))
        })
        .or(instances.first())
        .copied();
    instance.is_some_and(|instance| probe(plan, instance, node))
}

/// Sorts the instances of `clone` by their numbers, which they lost when they were assigned.
fn sort_by_number(plan: &mut Plan<'_>, clone: ResourceId) {
    let children = &plan.resources[clone].children;
    let numbers: Vec<_> = children
        .iter()
        .map(|&child| instance_number(&plan.resources[child].id))
        .collect();
    if numbers.is_sorted() {
        return;
    }
    let mut numbered: Vec<_> = numbers.into_iter().zip(children.iter().copied()).collect();
    numbered.sort_by_key(|&(number, _)| number);
    plan.resources[clone].children = numbered.into_iter().map(|(_, child)| child).collect();
}

/// The number of an instance: what follows the last colon (or, in a bundle, the last dash).
fn instance_number(id: &str) -> u32 {
    id.rsplit_once(':')
        .or_else(|| id.rsplit_once('-'))
        .and_then(|(_, number)| number.parse().ok())
        .unwrap_or_default()
}

/// Whether the state of `resource`, or of any of its parts, on `node` is known.
fn is_known_on(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    if of.children.is_empty() {
        of.known_on.contains(node)
    } else {
        of.children
            .iter()
            .any(|&child| is_known_on(plan, child, node))
    }
}

fn probe_bundle(plan: &mut Plan<'_>, bundle: ResourceId, node: NodeId) -> bool {
    let one_per_host = plan.max_per_node(bundle) == 1;
    let containers: Vec<_> = plan.containers(bundle).collect();
    let replicas: Vec<_> = plan
        .replicas(bundle)
        .iter()
        .map(|of| {
            let inside = of.child.filter(|_| of.node == Some(node));
            (of.ip, inside, of.container, of.remote)
        })
        .collect();
    let mut any = false;
    for (ip, inside, container, connection) in replicas {
        for part in ip.into_iter().chain(inside) {
            any |= probe(plan, part, node);
        }
        if probe(plan, container, node) {
            any = true;
            if one_per_host {
                start_others_after_probe(plan, &containers, container);
            }
        }
        if let Some(connection) = connection {
            any |= probe_connection(plan, container, connection, node);
        }
    }
    any
}

/// No container starts on a node before all are known not to be there: they may need the same
/// ports.
fn start_others_after_probe(plan: &mut Plan<'_>, containers: &[ResourceId], probed: ResourceId) {
    for &other in containers.iter().filter(|&&other| other != probed) {
        plan.order_tasks(
            (probed, "monitor"),
            (other, "start"),
            Relation::ORDERED | Relation::IF_ON_SAME_NODE,
        );
    }
}

/// Probes the connection into a container, which needs to know where the container is.
fn probe_connection(
    plan: &mut Plan<'_>,
    container: ResourceId,
    connection: ResourceId,
    node: NodeId,
) -> bool {
    if !probe(plan, connection, node) {
        return false;
    }
    let key = actions::operation_key(&plan.resources[connection].id, "monitor", 0);
    let Some(probe) = actions::find(plan, connection, Some(&key), None, Some(node)) else {
        return false;
    };
    let start = task_of(container, "start");
    plan.add_ordering(start, probe.into(), Relation::NESTED_REMOTE_PROBE);
    true
}

/// Whether `node` is of a kind on which `resource` can never be active.
fn is_wrong_kind_of_node(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    plan.is_remote_or_guest(node)
        && (of.fence_device
            || of.is_remote_connection
            || plan.is_guest(node) && plan.guest_connection(resource).is_some())
}

fn probe_primitive(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    if is_wrong_kind_of_node(plan, resource, node) || !has_to_be_probed(plan, resource, node) {
        return false;
    }
    match guest_state(plan, node) {
        GuestState::Stays => {}
        GuestState::Stopped(launcher) => {
            start_after_probe_of(plan, launcher, resource);
            return false;
        }
        GuestState::Stops(launcher) => {
            let top = plan.top(resource, false);
            plan.order_tasks((launcher, "stop"), (top, "start"), Relation::ORDERED);
            return false;
        }
    }
    let probe = make_probe(plan, resource, node);
    order_probe(plan, resource, probe);
    true
}

fn has_to_be_probed(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    if of.launcher.is_some() && !of.is_remote_connection || of.removed || of.known_on.contains(node)
    {
        return false;
    }
    let allowed = of.allowed.get(node);
    let exclusive =
        of.exclusive_probes || plan.resources[plan.top(resource, false)].exclusive_probes;
    if exclusive {
        is_named_for_probes(allowed)
    } else {
        let probe_mode = allowed.map_or(plan.nodes[node].probe_mode, |allowed| allowed.probe_mode);
        probe_mode != ProbeMode::Never
    }
}

fn is_named_for_probes(allowed: Option<&Candidate>) -> bool {
    allowed.is_some_and(|allowed| allowed.probe_mode == ProbeMode::Exclusive)
}

/// What becomes of the guest that a node is, with the launcher of the guest.
enum GuestState {
    /// It goes on, or the node is no guest.
    Stays,
    /// It is not active.
    Stopped(ResourceId),
    /// It will stop, perhaps to be started again.
    Stops(ResourceId),
}

fn guest_state(plan: &Plan<'_>, node: NodeId) -> GuestState {
    let of = &plan.nodes[node];
    let Some(launcher) = plan.launcher_of_node(node) else {
        return GuestState::Stays;
    };
    let guest = &plan.resources[launcher];
    if guest.role == Role::Stopped {
        return GuestState::Stopped(launcher);
    }
    let moves = guest.role > Role::Stopped
        && guest
            .assigned_to
            .is_some_and(|host| !guest.active_on.contains(&host));
    // Whether it is really required to stop is not known yet.
    if of.remote_reset || of.unclean || guest.failed || guest.next_role == Role::Stopped || moves {
        GuestState::Stops(launcher)
    } else {
        GuestState::Stays
    }
}

/// What may start on a guest waits for the probe of `launcher` where that will be, if there is one.
fn start_after_probe_of(plan: &mut Plan<'_>, launcher: ResourceId, resource: ResourceId) {
    let of = &plan.resources[launcher];
    let is_probed = of
        .assigned_to
        .is_some_and(|host| !of.known_on.contains(host));
    if is_probed {
        let top = plan.top(resource, false);
        plan.order_tasks((launcher, "monitor"), (top, "start"), Relation::ORDERED);
    }
}

fn make_probe(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) -> ActionId {
    let probe = actions::once(plan, resource, "monitor", Some(node), false);
    plan.actions[probe].optional = false;
    fencing::order_after_unfencing(plan, resource, node, probe, Relation::ORDERED);
    let of = &plan.resources[resource];
    let expected = if !of.active_on.contains(&node) {
        Some(NOT_RUNNING)
    } else if of.role == Role::Promoted {
        Some(PROMOTED)
    } else {
        None
    };
    plan.actions[probe].expected_result = expected;
    probe
}

/// Puts the start and reload of `resource`, or of the clone that it is an instance of, after
/// `probe`.
fn order_probe(plan: &mut Plan<'_>, resource: ResourceId, probe: ActionId) {
    let top = plan.top(resource, false);
    let whole = if plan.is_clone(top) { top } else { resource };
    let mut relation = Relation::ORDERED;
    if !plan.actions[probe].runnable && plan.resources[whole].active_on.is_empty() {
        relation |= Relation::UNRUNNABLE_FIRST_BLOCKS;
    }
    let start = task_of(whole, "start");
    plan.add_ordering(probe.into(), start, relation);
    // Whether it is reloaded has been decided before.
    if whole == resource && plan.resources[resource].reload {
        let reload = task_of(resource, "reload-agent");
        plan.add_ordering(probe.into(), reload, Relation::ORDERED);
    }
}

#[cfg(test)]
mod tests {
    use super::instance_number;

    #[test]
    fn instances_are_numbered_at_their_end() {
        let check = |id, expected| assert_eq!(instance_number(id), expected, "{id}");
        check("web:0", 0);
        check("web-1:12", 12);
        check("httpd-bundle-docker-2", 2);
        check("web", 0);
    }
}
