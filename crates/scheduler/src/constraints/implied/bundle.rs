//! What follows for a bundle: its collective tasks, those of its containers and of the clone inside
//! follow each other; each replica's address is started before its container, and is where that is.

use cib::Score;

use super::super::colocation;
use super::{AFTER_PART, BLOCKS, WITH_PART, imply_for, order, promotable};
use crate::model::resource::Replica;
use crate::model::{Plan, Relation, ResourceId, Variant};

/// Adds what follows from `bundle` and its parts.
pub(super) fn imply(plan: &mut Plan<'_>, bundle: ResourceId) {
    let Variant::Bundle(data) = &plan.resources[bundle].variant else {
        return;
    };
    let inside = data.child;
    let replicas: Vec<Parts> = data.replicas.iter().map(Parts::of).collect();
    for replica in replicas {
        imply_for_replica(plan, bundle, replica);
    }
    let Some(inside) = inside else { return };
    order(plan, bundle, inside, &[("start", "start", WITH_PART)]);
    order(plan, inside, bundle, &[("running", "running", AFTER_PART)]);
    order(plan, bundle, inside, &[("stop", "stop", WITH_PART)]);
    order(plan, inside, bundle, &[("stopped", "stopped", AFTER_PART)]);
    imply_for(plan, inside);
    if plan.resources[inside].promotable {
        promotable::order_restart(plan, bundle);
        order(plan, bundle, inside, &[("demote", "demote", WITH_PART)]);
        order(plan, inside, bundle, &[("demoted", "demoted", AFTER_PART)]);
        order(plan, bundle, inside, &[("promote", "promote", WITH_PART)]);
        order(
            plan,
            inside,
            bundle,
            &[("promoted", "promoted", AFTER_PART)],
        );
    }
}

/// The resources of a replica.
#[derive(Clone, Copy)]
struct Parts {
    container: ResourceId,
    child: Option<ResourceId>,
    ip: Option<ResourceId>,
    remote: Option<ResourceId>,
}

impl Parts {
    fn of(replica: &Replica<'_>) -> Self {
        Self {
            container: replica.container,
            child: replica.child,
            ip: replica.ip,
            remote: replica.remote,
        }
    }
}

fn imply_for_replica(plan: &mut Plan<'_>, bundle: ResourceId, replica: Parts) {
    let container = replica.container;
    imply_for(plan, container);
    order(
        plan,
        bundle,
        container,
        &[("start", "start", BLOCKS | WITH_PART)],
    );
    if let Some(child) = replica.child {
        order(plan, bundle, child, &[("stop", "stop", WITH_PART)]);
    }
    order(plan, bundle, container, &[("stop", "stop", WITH_PART)]);
    let rules = [
        ("start", "running", AFTER_PART),
        ("stop", "stopped", AFTER_PART),
    ];
    order(plan, container, bundle, &rules);
    if let Some(ip) = replica.ip {
        imply_for(plan, ip);
        let up = BLOCKS | Relation::GUEST_ALLOWED;
        order(plan, ip, container, &[("start", "start", up)]);
        let down = Relation::THEN_IMPLIES_FIRST | Relation::GUEST_ALLOWED;
        order(plan, container, ip, &[("stop", "stop", down)]);
        let colocation =
            colocation::implied("#ip-with-container", ip, container, Score::INFINITY, true);
        colocation::add(plan, colocation);
    }
    if let Some(remote) = replica.remote {
        imply_for(plan, remote);
    }
}
