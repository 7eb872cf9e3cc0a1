//! What only bundles have: replicas, and perhaps a primitive inside.
//!
//! `expansion` has spelled out what a bundle implies; here it becomes resources. In the order in
//! which they are made (and numbered, and listed as children): the clone of the primitive inside,
//! then for each replica its container, its address, and its connection. The clone is the last of
//! the bundle's children.
//!
//! - Each replica with a primitive is a node, on which only the instance inside may run: that node
//!   has score 500 for the instance, and minus infinity for everything else.
//! - A connection has to be on a full member of the cluster.
//! - Utilization of the primitive inside is the container's: nothing else could use it.
//! - The instances' `notify` and `container-attribute-target` are the whole clone's.

use cib::Score;
use cib::xml::Element;

use super::presence::Presence;
use super::resource;
use crate::expansion::bundle::Settings;
use crate::model::resource::{Bundle, Replica};
use crate::model::{Candidate, Candidates, NodeId, NodeKind, Plan, ProbeMode, ResourceId, Variant};

/// How much the instance inside wants to be in its container.
const IN_ITS_CONTAINER: Score = Score::new(500);
/// The meta-attribute that says where the promotion scores of instances are kept.
const ATTRIBUTE_TARGET: &str = "container-attribute-target";

/// Reads what `bundle` is made of.
pub(super) fn unpack(plan: &mut Plan<'_>, bundle: ResourceId, presence: &mut Presence) -> bool {
    let element = plan.resources[bundle].xml;
    let Some(settings) = Settings::read(element) else {
        return false;
    };
    for problem in settings.problems() {
        plan.configuration_error(problem);
    }
    if settings.primitive.is_some() && !settings.is_reachable() {
        return false;
    }
    let of = &mut plan.resources[bundle];
    of.unique &= settings.replicas_per_host > 1;
    of.variant = Variant::Bundle(Box::new(Bundle {
        promoted_max: settings.promoted_max,
        replicas_count: settings.replicas,
        replicas_per_host: settings.max_per_host(),
        technology: settings.technology,
        image: settings.image(),
        child: None,
        replicas: Vec::new(),
    }));
    let mut child = None;
    if let Some(implied) = element.child("clone") {
        child = resource::unpack(plan, implied, Some(bundle), None, presence);
        if child.is_none() {
            return false;
        }
    }
    if let Some(child) = child {
        share_properties(plan, bundle, child);
    }
    let is_complete = unpack_replicas(plan, bundle, child, presence);
    if !is_complete {
        let text = format!("Failed unpacking resource {}", plan.resources[bundle].id);
        plan.configuration_error(text);
        return false;
    }
    plan.resources[bundle].children.extend(child);
    if let Variant::Bundle(data) = &mut plan.resources[bundle].variant {
        data.child = child;
    }
    true
}

/// What holds for the instances inside holds for the clone, or the whole bundle.
fn share_properties(plan: &mut Plan<'_>, bundle: ResourceId, child: ResourceId) {
    for index in 0..plan.resources[child].children.len() {
        let instance = plan.resources[child].children[index];
        let of = &mut plan.resources[instance];
        of.exclusive_probes = true;
        let (notify, target) = (of.notify, of.meta.get_cow(ATTRIBUTE_TARGET).cloned());
        plan.resources[child].notify |= notify;
        if let Some(target) = target {
            for whole in [bundle, child] {
                plan.resources[whole]
                    .meta
                    .set(ATTRIBUTE_TARGET, target.clone());
            }
        }
    }
}

fn unpack_replicas(
    plan: &mut Plan<'_>,
    bundle: ResourceId,
    child: Option<ResourceId>,
    presence: &mut Presence,
) -> bool {
    let element = plan.resources[bundle].xml;
    for (number, replica) in element.children_named("replica").enumerate() {
        let instance = child.map(|child| plan.resources[child].children.get(number).copied());
        if instance == Some(None) {
            // The clone has fewer instances than the bundle has replicas.
            break;
        }
        let Some(replica) =
            unpack_replica(plan, bundle, number, replica, instance.flatten(), presence)
        else {
            return false;
        };
        if let Variant::Bundle(data) = &mut plan.resources[bundle].variant {
            data.replicas.push(replica);
        }
    }
    true
}

fn unpack_replica<'c>(
    plan: &mut Plan<'c>,
    bundle: ResourceId,
    number: usize,
    element: Element<'c>,
    child: Option<ResourceId>,
    presence: &mut Presence,
) -> Option<Replica<'c>> {
    let mut parts = element.children();
    let container = add_part(plan, bundle, parts.next()?, presence)?;
    plan.resources[container].replica_container = true;

    let mut replica = Replica {
        offset: number,
        address: element.attribute("ip"),
        node: None,
        ip: None,
        child,
        container,
        remote: None,
    };
    for part in parts {
        if part.attribute("type") == Some("remote") {
            add_connection(plan, bundle, part, &mut replica, presence)?;
        } else {
            replica.ip = Some(add_part(plan, bundle, part, presence)?);
        }
    }
    if let Some(child) = child {
        if let Some(address) = replica.address {
            plan.resources[child].meta.set("external-ip", address);
        }
        let utilization = std::mem::take(&mut plan.resources[child].utilization);
        plan.resources[container].utilization = utilization;
    }
    Some(replica)
}

fn add_part<'c>(
    plan: &mut Plan<'c>,
    bundle: ResourceId,
    element: Element<'c>,
    presence: &mut Presence,
) -> Option<ResourceId> {
    let part = resource::unpack(plan, element, Some(bundle), None, presence)?;
    plan.resources[bundle].children.push(part);
    Some(part)
}

/// Adds the connection to a replica, and makes the replica a node.
fn add_connection<'c>(
    plan: &mut Plan<'c>,
    bundle: ResourceId,
    element: Element<'c>,
    replica: &mut Replica<'c>,
    presence: &mut Presence,
) -> Option<()> {
    let node = plan.node_by_name(element.id()?)?;
    reserve(plan, node, presence);
    replica.node = Some(node);
    if let Some(child) = replica.child {
        let mut candidate = Candidate::new(node, IN_ITS_CONTAINER);
        candidate.probe_mode = ProbeMode::Exclusive;
        plan.resources[child].allowed = Candidates::new();
        plan.resources[child].allowed.insert(candidate);
        if let Some(clone) = plan.resources[child].parent {
            candidate.score = Score::MINUS_INFINITY;
            plan.resources[clone].allowed.insert(candidate);
        }
    }
    let connection = add_part(plan, bundle, element, presence)?;
    replica.remote = Some(connection);
    let mut allowed = std::mem::take(&mut plan.resources[connection].allowed);
    for candidate in allowed.iter_mut() {
        if plan.nodes[candidate.node].kind == NodeKind::Remote {
            candidate.score = Score::MINUS_INFINITY;
        }
    }
    let of = &mut plan.resources[connection];
    of.allowed = allowed;
    of.launcher = Some(replica.container);
    // The container may itself run on a remote node.
    of.remote_nesting_allowed = true;

    let node = &mut plan.nodes[node];
    node.connection = Some(connection);
    node.attributes.set("#kind", "container");
    Some(())
}

/// Lets nothing that was read so far run on `node`, nor anything that is to come.
fn reserve(plan: &mut Plan<'_>, node: NodeId, presence: &mut Presence) {
    let of = &mut plan.nodes[node];
    of.base_score = Score::MINUS_INFINITY;
    of.probe_mode = ProbeMode::Never;
    if presence.contains(node) {
        for index in 0..plan.roots.len() {
            plan.for_all_parts(plan.roots[index], &mut |part| {
                if let Some(candidate) = part.allowed.get_mut(node) {
                    candidate.score = Score::MINUS_INFINITY;
                    candidate.probe_mode = ProbeMode::Never;
                }
            });
        }
    }
    presence.add(plan, node);
}
