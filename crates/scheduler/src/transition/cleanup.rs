//! Removing a resource's history from a node, between its stop and its start.
//!
//! A required removal is only ordered with stops and starts that happen anyway. An optional one
//! becomes required by a required stop, and makes the start required.

use crate::actions;
use crate::model::{NodeId, Plan, Relation, ResourceId};

/// Removes a resource's history from a node (`delete`), unless the resource has failed or the node
/// cannot be reached.
pub fn schedule_cleanup(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId, optional: bool) {
    let of = &plan.nodes[node];
    if plan.resources[resource].failed || of.unclean || !of.online {
        return;
    }
    let text = format!(
        "Scheduling clean-up of {} on {}",
        plan.resources[resource].id, of.name
    );
    plan.notice(text);
    actions::once(plan, resource, "delete", Some(node), optional);
    let relation = if optional {
        Relation::FIRST_IMPLIES_THEN
    } else {
        Relation::ORDERED
    };
    plan.order_tasks((resource, "stop"), (resource, "delete"), relation);
    plan.order_tasks((resource, "delete"), (resource, "start"), relation);
}
