//! Relations that cannot hold are dropped:
//!
//! * between what runs on a guest and the resource that launches the guest, unless the relation was
//!   made for exactly that;
//! * between a node's load and a migration to it, where it would close a circle: two resources that
//!   swap their places could never move.

use crate::graph;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Task};

/// Drops all such relations.
pub(super) fn drop_invalid(plan: &mut Plan<'_>) {
    for action in plan.actions.ids().rev() {
        for index in (0..plan.actions[action].before.len()).rev() {
            if is_invalid(plan, action, index) {
                plan.actions[action].before[index].relation = Relation::empty();
            }
        }
    }
}

fn is_invalid(plan: &mut Plan<'_>, action: ActionId, index: usize) -> bool {
    let of = &plan.actions[action];
    let input = of.before[index];
    let first = &plan.actions[input.action];
    if !input.relation.contains(Relation::GUEST_ALLOWED)
        && let (Some(resource), Some(first_resource)) = (of.resource, first.resource)
        && first
            .node
            .is_some_and(|node| launches(plan, resource, node))
    {
        let text = format!(
            "Invalid ordering constraint between {} and {}",
            plan.resources[first_resource].id, plan.resources[resource].id
        );
        plan.configuration_warning(text);
        return true;
    }
    input.relation == Relation::IF_ON_SAME_NODE_OR_TARGET
        && of.resource.is_some()
        && of.task == Task::Other
        && of.task_name == "migrate_to"
        && graph::has_loop(plan, action, index)
}

/// Whether `node` is a guest that `resource` launches.
fn launches(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    !plan.resources[resource].launched.is_empty()
        && plan.nodes[node]
            .connection
            .is_some_and(|connection| plan.resources[connection].launcher == Some(resource))
}
