//! Actions without a node, as they are shown.
//!
//! An ordering may ask for an action that a resource has no need of, and that therefore has no node:
//! it cannot be done, and is in no graph. By accident Pacemaker gives some of these a node after all
//! while it looks up what happens to each resource for its log, and the dot file shows it:
//!
//! | action | on |
//! | --- | --- |
//! | start, promote, demote | where the resource goes |
//! | the target's half of a migration | the same, if the role stays |
//! | stop | where the resource is, if it can start; or, if it is to stop or cannot start, wherever it is active |

use crate::actions::{adopt_all, find_once, operation_key};
use crate::model::{ActionId, NodeId, Plan, ResourceId, Role};

/// Gives nodes to actions that have none.
pub(super) fn place(plan: &mut Plan<'_>) {
    for resource in plan.resources.ids() {
        let of = &plan.resources[resource];
        let is_shown = of.managed && !(of.removed && of.active_on.is_empty());
        if of.unplaced_actions != 0 && is_shown && plan.is_primitive(resource) {
            place_actions_of(plan, resource);
        }
    }
}

fn place_actions_of(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    let (current, next) = (plan.active_node(resource), of.assigned_to);
    let next_role = of.next_role;
    let stays = next_role
        == match of.role {
            Role::Stopped if current.is_some() => Role::Started,
            role => role,
        };
    let active_on = of.active_on.clone();
    let can_start = adopt(plan, resource, "start", next).map(|start| plan.actions[start].runnable);
    let stop = adopt(
        plan,
        resource,
        "stop",
        current.filter(|_| can_start == Some(true)),
    );
    adopt(plan, resource, "promote", next);
    adopt(plan, resource, "demote", next);
    if stays {
        adopt(plan, resource, "migrate_from", next);
    } else if stop.is_some() && (next_role == Role::Stopped || can_start == Some(false)) {
        for node in active_on {
            adopt(plan, resource, "stop", Some(node));
        }
    }
}

/// The first action made for `task`, on `node` where there is one.
fn adopt(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    node: Option<NodeId>,
) -> Option<ActionId> {
    let Some(node) = node else {
        return find_once(plan, resource, task).first().copied();
    };
    let key = operation_key(&plan.resources[resource].id, task, 0);
    adopt_all(plan, resource, &key, node).first().copied()
}
