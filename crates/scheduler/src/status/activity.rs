//! Noting where resources are active, and what follows from being active in several places.
//!
//! - What is active in a part is active in the whole: a group, clone or bundle is active wherever
//!   one of its parts is.
//! - A node's priority (for `priority-fencing-delay`) is the sum of the priorities of what runs
//!   there without failure, plus one for each promoted instance that has a priority. What runs in a
//!   guest counts for its hosts, too.
//! - What is active on a node in maintenance is not managed. What is not managed stays where it is.
//! - Where more than one node counts as active (see [`Plan::active_count`]), `multiple-active`
//!   decides: `stop_only` forbids all nodes, `block` leaves the resource alone (and all members of
//!   a group or bundle that is configured so, too); the others are dealt with when actions are
//!   made.

use cib::Score;

use super::history::forbid_all_nodes;
use crate::constraints;
use crate::model::{Cause, MultiplyActive, NodeId, Plan, ResourceId, Role};

/// Notes that `resource` is active on `node`, `failed` or not.
pub(super) fn add_active(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, failed: bool) {
    if plan.resources[resource].active_on.contains(&node) {
        return;
    }
    plan.resources[resource].active_on.push(node);
    if plan.is_primitive(resource) {
        plan.nodes[node].running.push(resource);
        if !failed {
            add_priority(plan, resource, node);
        }
        if plan.nodes[node].maintenance {
            let of = &mut plan.resources[resource];
            (of.managed, of.maintenance) = (false, true);
        }
    }
    if !plan.resources[resource].managed {
        keep_unmanaged(plan, resource, node);
        return;
    }
    if plan.is_primitive(resource) && plan.active_count(resource) > 1 {
        handle_multiply_active(plan, resource);
    }
    if let Some(parent) = plan.resources[resource].parent {
        add_active(plan, parent, node, false);
    }
}

fn add_priority(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &plan.resources[resource];
    if of.priority == 0 {
        return;
    }
    let priority = of
        .priority
        .saturating_add(i32::from(of.role == Role::Promoted));
    let add = |plan: &mut Plan<'_>, node: NodeId| {
        let sum = &mut plan.nodes[node].priority;
        *sum = sum.saturating_add(priority);
    };
    add(plan, node);
    let launcher = plan.nodes[node]
        .connection
        .and_then(|connection| plan.resources[connection].launcher);
    if let Some(launcher) = launcher {
        for index in 0..plan.resources[launcher].active_on.len() {
            add(plan, plan.resources[launcher].active_on[index]);
        }
    }
}

/// An unmanaged resource stays. All that it is part of is active there, even repeatedly.
fn keep_unmanaged(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let cause = || Cause::Other("it is not managed".to_owned());
    constraints::add_score(plan, resource, Some(node), Score::INFINITY, cause);
    let mut at = plan.resources[resource].parent;
    while let Some(parent) = at {
        plan.resources[parent].active_on.push(node);
        at = plan.resources[parent].parent;
    }
}

fn handle_multiply_active(plan: &mut Plan<'_>, resource: ResourceId) {
    match plan.resources[resource].multiply_active {
        MultiplyActive::Stop => {
            forbid_all_nodes(plan, resource, "it is active on several nodes");
        }
        MultiplyActive::Block => {
            let whole = plan.resources[resource].parent.filter(|&parent| {
                (plan.is_group(parent) || plan.is_bundle(parent))
                    && plan.resources[parent].multiply_active == MultiplyActive::Block
            });
            block(plan, resource);
            if let Some(whole) = whole {
                for index in 0..plan.resources[whole].children.len() {
                    block(plan, plan.resources[whole].children[index]);
                }
            }
        }
        MultiplyActive::Restart | MultiplyActive::StopUnexpected => {}
    }
}

fn block(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &mut plan.resources[resource];
    (of.managed, of.blocked) = (false, true);
}
