//! Actions on nodes: fencing and shutdown.
//!
//! * Nothing is fenced as long as no resource is managed.
//! * An unclean node is fenced, if it can be. A guest is fenced by recovering what launches it.
//! * A cluster node that is asked to shut down does so after the stops there (those in maintenance
//!   do not count).
//! * The designated controller's node goes last: after all other fencing, and, if it shuts down
//!   rather than is fenced, after all other shutdowns.
//! * With `concurrent-fencing` off, nodes are fenced one after the other.

use super::fencing;
use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Task};

/// Makes the fencing and shutdown of all nodes that need it.
pub(super) fn schedule(plan: &mut Plan<'_>) {
    let managed = plan.roots.iter().any(|&root| any_managed(plan, root));
    if !managed {
        plan.notice("No fencing will be done until there are resources to manage");
    }
    let mut of_dc = None;
    let mut fencings = Vec::new();
    let mut shutdowns = Vec::new();
    let mut integrity_lost = false;
    for node in plan.nodes_by_name.clone() {
        if plan.is_guest(node) {
            if plan.nodes[node].remote_reset && managed && actions::can_fence(plan, node) {
                fencing::fence_guest(plan, node);
            }
            continue;
        }
        let of = &plan.nodes[node];
        let (unclean, is_dc) = (of.unclean, of.is_dc);
        let leaves = of.online && of.shutdown && !plan.is_remote_or_guest(node);
        if unclean && managed && actions::can_fence(plan, node) {
            let fencing = fence(plan, node);
            if is_dc {
                of_dc = Some(fencing);
            } else {
                if let (false, Some(&previous)) = (plan.options.concurrent_fencing, fencings.last())
                {
                    actions::order(plan, previous, fencing, Relation::ORDERED);
                }
                fencings.push(fencing);
            }
            continue;
        }
        if leaves {
            let shutdown = shut_down(plan, node);
            if is_dc {
                of_dc = Some(shutdown);
            } else {
                shutdowns.push(shutdown);
            }
        }
        if unclean {
            integrity_lost = true;
            let text = format!(
                "Node {} is unclean but cannot be fenced",
                plan.nodes[node].name
            );
            plan.configuration_warning(text);
        }
    }
    if integrity_lost {
        explain_lost_integrity(plan);
    }
    if let Some(of_dc) = of_dc {
        order_dc_last(plan, of_dc, &fencings, &shutdowns);
    }
}

fn any_managed(plan: &Plan<'_>, resource: ResourceId) -> bool {
    let of = &plan.resources[resource];
    of.managed || of.children.iter().any(|&child| any_managed(plan, child))
}

fn explain_lost_integrity(plan: &mut Plan<'_>) {
    if !plan.options.fencing_enabled {
        plan.configuration_warning(
            "Resource functionality and data integrity cannot be guaranteed (configure, enable, \
             and test fencing to correct this)",
        );
    } else if !plan.options.quorate {
        plan.notice(
            "Unclean nodes will not be fenced until quorum is attained or no-quorum-policy is set \
             to ignore",
        );
    }
}

fn fence(plan: &mut Plan<'_>, node: NodeId) -> ActionId {
    let reason = Some("node is unclean");
    let fencing = actions::fence(plan, node, None, false, reason, false);
    let text = format!("Scheduling node {} for fencing", plan.nodes[node].name);
    plan.warning(text);
    fencing::order_resources(plan, fencing);
    fencing
}

fn shut_down(plan: &mut Plan<'_>, node: NodeId) -> ActionId {
    let key = format!("do_shutdown-{}", plan.nodes[node].name);
    let shutdown = actions::action(plan, None, key, "do_shutdown", Some(node), false);
    order_after_stops(plan, node, shutdown);
    plan.actions[shutdown].meta.set("op_no_wait", "true");
    shutdown
}

/// Makes all stops on `node` required, and puts `shutdown` after them.
fn order_after_stops(plan: &mut Plan<'_>, node: NodeId, shutdown: ActionId) {
    if plan.nodes[node].maintenance {
        return;
    }
    for action in plan.actions.ids().rev() {
        let of = &plan.actions[action];
        let Some(resource) = of.resource else {
            continue;
        };
        if of.node != Some(node) || of.task != Task::Stop {
            continue;
        }
        let resource = &plan.resources[resource];
        if resource.maintenance || !(resource.managed || resource.blocked) {
            continue;
        }
        plan.actions[action].optional = false;
        plan.add_ordering(
            action.into(),
            shutdown.into(),
            Relation::ORDERED | Relation::UNRUNNABLE_FIRST_BLOCKS,
        );
    }
}

fn order_dc_last(
    plan: &mut Plan<'_>,
    of_dc: ActionId,
    fencings: &[ActionId],
    shutdowns: &[ActionId],
) {
    if plan.actions[of_dc].task == Task::Shutdown {
        for &shutdown in shutdowns.iter().rev() {
            actions::order(plan, shutdown, of_dc, Relation::ORDERED);
        }
    }
    // Fencing that happens one after the other is in order already, but for the last.
    let unordered = if plan.options.concurrent_fencing {
        fencings.len()
    } else {
        1
    };
    for &fencing in fencings.iter().rev().take(unordered) {
        actions::order(plan, fencing, of_dc, Relation::ORDERED);
    }
}
