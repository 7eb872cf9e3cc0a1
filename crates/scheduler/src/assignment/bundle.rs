//! Assigning a bundle.
//!
//! First the containers, as instances of a clone are, so that the hosts are known. Then each
//! replica's address and connection; and the instance inside, which may only run in its replica.
//! At last the clone inside, on the replicas' nodes alone.

use cib::Score;

use super::instances::Limits;
use super::scores::set_scores;
use super::{assign, instance_order, instances, location, show_scores};
use crate::constraints::{add_colocation, implied_colocation};
use crate::model::{Cause, NodeId, Plan, ResourceId, Variant};
use crate::status::threshold_reached;

/// Parts of a replica that are assigned after its container.
#[derive(Clone, Copy)]
struct Parts {
    node: Option<NodeId>,
    ip: Option<ResourceId>,
    container: ResourceId,
    remote: Option<ResourceId>,
    child: Option<ResourceId>,
}

/// Assigns all parts of `bundle`; see [`super::assign`].
pub(super) fn assign_bundle(
    plan: &mut Plan<'_>,
    bundle: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) {
    let Variant::Bundle(data) = &plan.resources[bundle].variant else {
        return;
    };
    let inside = data.child;
    let limits = Limits {
        total: data.replicas_count,
        per_node: data.replicas_per_host,
    };
    let replicas: Vec<Parts> = data
        .replicas
        .iter()
        .map(|replica| Parts {
            node: replica.node,
            ip: replica.ip,
            container: replica.container,
            remote: replica.remote,
            child: replica.child,
        })
        .collect();
    plan.resources[bundle].assigning = true;
    show_scores(plan, bundle, "pcmk__bundle_assign");

    let mut containers = location::instances(plan, bundle);
    instance_order::sort(plan, &mut containers);
    instances::assign_instances(plan, bundle, &containers, limits);
    for &replica in &replicas {
        assign_replica(plan, replica, prefer, stop_if_fail);
    }
    if let Some(inside) = inside {
        let mut allowed = plan.resources[inside].allowed.clone();
        for candidate in allowed.iter_mut() {
            let is_replica = replicas
                .iter()
                .any(|replica| replica.node == Some(candidate.node));
            candidate.score = if is_replica {
                Score::ZERO
            } else {
                Score::MINUS_INFINITY
            };
        }
        set_scores(plan, inside, allowed, inside_only);
        assign(plan, inside, prefer, stop_if_fail);
    }
    let of = &mut plan.resources[bundle];
    of.assigning = false;
    of.unassigned = false;
}

fn assign_replica(plan: &mut Plan<'_>, replica: Parts, prefer: Option<NodeId>, stop_if_fail: bool) {
    if let Some(ip) = replica.ip {
        assign(plan, ip, prefer, stop_if_fail);
    }
    if let Some(remote) = replica.remote {
        colocate_with_host_connection(plan, remote, replica.container);
        assign(plan, remote, prefer, stop_if_fail);
    }
    if let Some(child) = replica.child {
        limit_to_replica(plan, child, replica.node);
        let parent = plan.resources[child].parent.unwrap_or(child);
        plan.resources[parent].assigning = true;
        assign(plan, child, replica.node, stop_if_fail);
        plan.resources[parent].assigning = false;
    }
}

/// A container may run on a remote node. Pacemaker Remote has one active connection only, so that
/// the connection into the container must then be where the connection to the remote node is.
fn colocate_with_host_connection(plan: &mut Plan<'_>, remote: ResourceId, container: ResourceId) {
    let connection = plan.resources[container]
        .assigned_to
        .filter(|&host| plan.is_remote_or_guest(host))
        .and_then(|host| plan.nodes[host].connection);
    if let Some(connection) = connection {
        const ID: &str = "#replica-remote-with-host-remote";
        let colocation = implied_colocation(ID, remote, connection, Score::INFINITY, true);
        add_colocation(plan, colocation);
    }
}

/// What is inside may only run on its replica's node, and must, unless it failed there too often.
fn limit_to_replica(plan: &mut Plan<'_>, child: ResourceId, node: Option<NodeId>) {
    let mut allowed = plan.resources[child].allowed.clone();
    for candidate in allowed.iter_mut() {
        if Some(candidate.node) != node {
            candidate.score = Score::MINUS_INFINITY;
        } else if threshold_reached(plan, child, candidate.node).is_none() {
            candidate.score = Score::INFINITY;
        }
    }
    set_scores(plan, child, allowed, inside_only);
}

fn inside_only() -> Cause {
    Cause::Other("it runs inside the bundle's replicas only".to_owned())
}
