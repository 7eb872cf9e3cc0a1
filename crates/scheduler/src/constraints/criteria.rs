//! What is added to the scores that resources give nodes, before any is placed.
//!
//! In this order:
//! 1. Shutdown locks (`shutdown_lock`).
//! 2. Location constraints, the last one first. They reach the parts of a resource: all instances
//!    of a clone; all members of a group, of which only the first gets the score where the members
//!    are together, because the others follow it; the containers and addresses of a bundle, and
//!    what runs inside where the constraint is about a role. A constraint on a role holds for
//!    resources that are to have it; which instances will be promoted is not known yet, so that
//!    constraints on that role are applied when they are picked.
//! 3. Stickiness, for a managed resource that is active on exactly one node; in an asymmetric
//!    cluster only where that node is allowed.
//! 4. Failures: a resource leaves a node where its `migration-threshold` was reached, unless its
//!    fail count there is going to be cleared.
//! 5. Exclusive discovery: a resource for which any constraint says so may only run on nodes where
//!    one does.

use cib::Score;

use super::scores::{add_score, ban_where};
use super::shutdown_lock;
use crate::model::{
    Candidate, Cause, LocationId, NodeId, Plan, ProbeMode, ResourceId, Role, Variant,
};
use crate::status;

/// Adds what location constraints, stickiness, failures, shutdown locks and exclusive discovery say
/// to the scores of all resources.
pub fn apply_node_criteria(plan: &mut Plan<'_>) {
    shutdown_lock::apply(plan);
    for location in plan.locations.ids().rev() {
        apply_location(
            plan,
            location,
            plan.locations[location].resource,
            Share::All,
        );
    }
    for index in 0..plan.roots.len() {
        apply_stickiness(plan, plan.roots[index]);
    }
    for node in plan.nodes.ids() {
        if !any_failures(plan, node) {
            continue;
        }
        for index in 0..plan.roots.len() {
            apply_failures(plan, plan.roots[index], node);
        }
    }
    for index in 0..plan.roots.len() {
        apply_exclusive_discovery(plan, plan.roots[index]);
    }
}

/// How much of a location constraint applies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// Its scores.
    All,
    /// Only that the nodes are allowed, with a score of 0.
    NodesOnly,
}

/// Recurses as deep as resources are nested.
fn apply_location(plan: &mut Plan<'_>, location: LocationId, resource: ResourceId, share: Share) {
    apply_to_one(plan, location, resource, share);
    match &plan.resources[resource].variant {
        Variant::Primitive => {}
        Variant::Clone(_) => {
            for index in 0..plan.resources[resource].children.len() {
                let instance = plan.resources[resource].children[index];
                apply_location(plan, location, instance, share);
            }
        }
        Variant::Group(group) => {
            let colocated = group.colocated;
            for index in 0..plan.resources[resource].children.len() {
                let member = plan.resources[resource].children[index];
                let share = if colocated && index > 0 {
                    Share::NodesOnly
                } else {
                    share
                };
                apply_location(plan, location, member, share);
            }
        }
        Variant::Bundle(bundle) => {
            let inside = bundle
                .child
                .filter(|_| plan.locations[location].role >= Role::Unpromoted);
            let parts: Vec<ResourceId> = bundle
                .replicas
                .iter()
                .flat_map(|replica| [Some(replica.container), replica.ip])
                .flatten()
                .collect();
            for part in parts {
                apply_location(plan, location, part, share);
            }
            if let Some(inside) = inside {
                apply_location(plan, location, inside, share);
                plan.resources[inside].locations.push(location);
            }
        }
    }
}

fn apply_to_one(plan: &mut Plan<'_>, location: LocationId, resource: ResourceId, share: Share) {
    let Plan {
        locations,
        nodes,
        resources,
        journal,
        ..
    } = plan;
    let (location, resource_id) = (&locations[location], resource);
    let resource = &mut resources[resource_id];
    if location.role != Role::Unknown && location.role != resource.next_role {
        return;
    }
    for &named in &location.nodes {
        let score = match share {
            Share::All => named.score,
            Share::NodesOnly => Score::ZERO,
        };
        if !resource.allowed.contains(named.node) {
            // Allowed from here on, without the node's base score.
            resource.allowed.insert(Candidate {
                score: Score::ZERO,
                ..nodes[named.node].as_candidate(named.node)
            });
        }
        if let Some(allowed) = resource.allowed.get_mut(named.node) {
            allowed.score = allowed.score.plus(score);
            if rank(allowed.probe_mode) < rank(location.probe_mode) {
                allowed.probe_mode = location.probe_mode;
                resource.exclusive_probes |= location.probe_mode == ProbeMode::Exclusive;
            }
        }
        if score != Score::ZERO {
            journal.note(resource_id, named.node, score, || {
                Cause::Location(location.id.to_string())
            });
        }
    }
}

/// Which way of probing wins where constraints differ: the higher one.
fn rank(mode: ProbeMode) -> u8 {
    match mode {
        ProbeMode::Always => 0,
        ProbeMode::Never => 1,
        ProbeMode::Exclusive => 2,
    }
}

/// Recurses as deep as resources are nested.
fn apply_stickiness(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if !of.children.is_empty() {
        for index in 0..of.children.len() {
            apply_stickiness(plan, plan.resources[resource].children[index]);
        }
        return;
    }
    let &[node] = of.active_on.as_slice() else {
        return;
    };
    let allowed = plan.options.symmetric || of.allowed.contains(node);
    if of.managed && of.stickiness > Score::ZERO && allowed {
        let stickiness = of.stickiness;
        add_score(plan, resource, Some(node), stickiness, || Cause::Stickiness);
    }
}

/// Whether any failure on `node` is on record.
fn any_failures(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node]
        .attributes
        .iter()
        .any(|(name, _)| name.starts_with("fail-count-"))
}

/// Recurses as deep as resources are nested.
fn apply_failures(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &plan.resources[resource];
    if !of.children.is_empty() {
        for index in 0..of.children.len() {
            apply_failures(plan, plan.resources[resource].children[index], node);
        }
        return;
    }
    let clearing = of.actions.iter().any(|&action| {
        let action = &plan.actions[action];
        action.node == Some(node) && action.task_name == "clear_failcount"
    });
    if clearing {
        return;
    }
    if let Some(banned) = status::threshold_reached(plan, resource, node) {
        let count = plan.journal.enabled.then(|| failures(plan, resource, node));
        add_score(plan, banned, Some(node), Score::MINUS_INFINITY, || {
            Cause::Failures(count.unwrap_or_default())
        });
    }
}

fn failures(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) -> i32 {
    let scope = status::FailCountScope {
        effective: true,
        launched: true,
    };
    status::fail_count(plan, node, resource, scope, None)
        .count
        .value()
}

/// Looks at the parts of a resource only where the resource itself is probed exclusively; what
/// decides for a part is it, or the outermost resource that it is part of (bundles left out).
fn apply_exclusive_discovery(plan: &mut Plan<'_>, resource: ResourceId) {
    let top = plan.top(resource, false);
    if !plan.resources[resource].exclusive_probes && !plan.resources[top].exclusive_probes {
        return;
    }
    for index in 0..plan.resources[resource].children.len() {
        apply_exclusive_discovery(plan, plan.resources[resource].children[index]);
    }
    ban_where(
        plan,
        resource,
        |_, candidate| candidate.probe_mode != ProbeMode::Exclusive,
        || {
            Cause::Other(String::from(
                "resource-discovery is exclusive to other nodes",
            ))
        },
    );
}
