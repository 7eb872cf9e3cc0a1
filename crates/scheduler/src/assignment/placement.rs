//! Putting a resource on a node, and taking it off again.

use super::capacity;
use super::location::set_next_role;
use super::node_choice::is_available;
use crate::model::{NodeId, Plan, ResourceId, Role, Task};

/// Exit status of a monitor that finds its resource stopped, as operations state it.
const EXPECTS_STOPPED: &str = "7";

/// Puts `resource` (all primitives that it consists of) on `node` (`None` leaves it without a
/// node). Says whether its assignment changed. `force` skips the check that the node is available;
/// `stop_if_fail` sets the next role to stopped where there is no node.
pub fn assign_to(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: Option<NodeId>,
    force: bool,
    stop_if_fail: bool,
) -> bool {
    if !plan.resources[resource].children.is_empty() {
        let mut changed = false;
        for child in plan.resources[resource].children.clone() {
            changed |= assign_to(plan, child, node, force, stop_if_fail);
        }
        return changed;
    }
    let usable = node.filter(|&node| force || can_take(plan, resource, node));
    if node.is_some() && usable.is_none() && stop_if_fail {
        set_next_role(plan, resource, Role::Stopped, "node availability");
    }
    let changed = plan.resources[resource].assigned_to != usable;
    unassign(plan, resource);
    plan.resources[resource].unassigned = false;
    match usable {
        Some(node) => occupy(plan, resource, node),
        None if stop_if_fail => leave_stopped(plan, resource),
        None => {}
    }
    changed
}

/// Whether `node` can take `resource`. Connections to guest nodes are expected to come up.
fn can_take(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let candidate = plan.resources[resource]
        .allowed
        .get(node)
        .copied()
        .unwrap_or_else(|| super::node_choice::as_such(plan, node));
    candidate.score >= cib::Score::ZERO
        && (is_available(plan, &candidate, true, false) || plan.is_guest(node))
}

fn occupy(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    plan.resources[resource].assigned_to = Some(node);
    plan.nodes[node].assigned.push(resource);
    capacity::consume(plan, node, resource);
    capacity::show_need(plan, resource, node);
}

/// What was planned for the resource before is adapted: it will not start, it has to stop, and
/// recurring operations cannot run unless they expect it to be stopped.
fn leave_stopped(plan: &mut Plan<'_>, resource: ResourceId) {
    set_next_role(plan, resource, Role::Stopped, "unable to assign");
    for &action in &plan.resources[resource].actions {
        let action = &mut plan.actions[action];
        match action.task {
            Task::Stop => action.optional = false,
            Task::Start => action.runnable = false,
            _ => {
                let recurs = action.meta.get("interval").is_some_and(|text| text != "0");
                if recurs && action.expected_result != Some(EXPECTS_STOPPED) {
                    action.runnable = false;
                }
            }
        }
    }
}

/// Takes an assignment back, for all parts of `resource`.
pub fn unassign(plan: &mut Plan<'_>, resource: ResourceId) {
    plan.resources[resource].unassigned = true;
    if !plan.resources[resource].children.is_empty() {
        for child in plan.resources[resource].children.clone() {
            unassign(plan, child);
        }
        return;
    }
    let Some(node) = plan.resources[resource].assigned_to.take() else {
        return;
    };
    let assigned = &mut plan.nodes[node].assigned;
    if let Some(place) = assigned.iter().rposition(|&other| other == resource) {
        assigned.remove(place);
    }
    capacity::release(plan, node, resource);
}
