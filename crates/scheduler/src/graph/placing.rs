//! Actions without a place that get one after all.
//!
//! Optional actions may have been made only to be ordered, without a node. Pacemaker places them while
//! it looks for what to log about a resource: its start, promotion and demotion where it is assigned,
//! its stop where it is active if it can be started again. That shows nowhere but in a drawing of all
//! actions.

use crate::actions::{adopt_all, find_once, operation_key};
use crate::model::{NodeId, Plan, ResourceId, Role};

/// Places the actions of all primitives that are logged.
pub(super) fn place_actions(plan: &mut Plan<'_>) {
    for resource in plan.resources.ids() {
        let of = &plan.resources[resource];
        let is_shown = of.managed && of.children.is_empty();
        if is_shown && of.unplaced_actions != 0 {
            place_actions_of(plan, resource);
        }
    }
}

fn place_actions_of(plan: &mut Plan<'_>, resource: ResourceId) {
    let current = plan.active_node(resource);
    let of = &plan.resources[resource];
    let next = of.assigned_to;
    if (next.is_none() || of.removed) && current.is_none() {
        return;
    }
    let next_role = of.next_role;
    let role = match of.role {
        Role::Stopped if current.is_some() => Role::Started,
        role => role,
    };
    place(plan, resource, "start", next);
    let is_runnable = find_once(plan, resource, "start")
        .into_iter()
        .rev()
        .find(|&start| next.is_none() || plan.actions[start].node == next)
        .map(|start| plan.actions[start].runnable);
    place(
        plan,
        resource,
        "stop",
        current.filter(|_| is_runnable == Some(true)),
    );
    place(plan, resource, "promote", next);
    place(plan, resource, "demote", next);
    if role == next_role {
        place(plan, resource, "migrate_from", next);
    } else if next_role == Role::Stopped || is_runnable == Some(false) {
        let first = plan.resources[resource].active_on.first().copied();
        place(plan, resource, "stop", first);
    }
}

fn place(plan: &mut Plan<'_>, resource: ResourceId, task: &str, node: Option<NodeId>) {
    if let Some(node) = node {
        let key = operation_key(&plan.resources[resource].id, task, 0);
        adopt_all(plan, resource, &key, node);
    }
}
