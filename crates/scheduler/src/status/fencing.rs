//! The decision that a node has to be fenced.
//!
//! | node | what "it has to be fenced" means |
//! | --- | --- |
//! | cluster node | it is unclean; its fencing becomes an action (once) |
//! | remote node | it is unclean and to be reset; unless its connection is unmanaged it is said so |
//! | guest node | nothing is fenced: the guest is recovered, that is, its launcher has failed; never where the launcher is unmanaged. The node does not become unclean: it may run resources again in the same transition |
//! | guest node whose guest was removed | it is gone already: only its connection is cleaned up |

use crate::actions::{self, can_fence};
use crate::model::{NodeId, Plan, ResourceId};

/// Decides that `node` has to be fenced (or a guest node recovered) because of `reason`.
pub fn fence_node(plan: &mut Plan<'_>, node: NodeId, reason: &str, priority_delay: bool) {
    // A cluster node that is called like a guest is none.
    if let Some(launcher) = plan.launcher_of_node(node).filter(|_| plan.is_guest(node)) {
        recover_guest(plan, node, launcher, reason);
    } else if let Some(connection) = connection_of_removed_guest(plan, node) {
        mark_failed(plan, connection);
    } else if plan.is_remote(node) {
        reset_remote_node(plan, node, reason);
    } else if !plan.nodes[node].unclean {
        announce(plan, "Cluster node", node, reason);
        plan.nodes[node].unclean = true;
        actions::fence(plan, node, None, true, Some(reason), priority_delay);
    }
}

/// Notes that `resource` has failed and must be stopped, not just demoted.
pub(super) fn mark_failed(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &mut plan.resources[resource];
    (of.failed, of.stop_if_failed) = (true, true);
}

/// The connection of a guest node whose launcher is no longer configured.
fn connection_of_removed_guest(plan: &Plan<'_>, node: NodeId) -> Option<ResourceId> {
    plan.nodes[node].connection.filter(|&connection| {
        plan.is_remote_or_guest(node)
            && plan.resources[connection].launcher.is_none()
            && plan.resources[connection].removed_launched
    })
}

fn recover_guest(plan: &mut Plan<'_>, node: NodeId, launcher: ResourceId, reason: &str) {
    let guest = &plan.resources[launcher];
    let name = plan.nodes[node].name;
    if guest.failed {
        return;
    }
    if !guest.managed {
        let text = format!(
            "Not fencing guest node {name} (otherwise would because {reason}): \
             its guest resource {} is unmanaged",
            guest.id
        );
        plan.notice(text);
        return;
    }
    let text = format!(
        "Guest node {name} will be fenced (by recovering its guest resource {}): {reason}",
        guest.id
    );
    plan.warning(text);
    plan.nodes[node].remote_reset = true;
    mark_failed(plan, launcher);
}

fn reset_remote_node(plan: &mut Plan<'_>, node: NodeId, reason: &str) {
    let is_managed = plan.nodes[node]
        .connection
        .is_none_or(|connection| plan.resources[connection].managed);
    if !is_managed {
        let text = format!(
            "Not fencing remote node {} (otherwise would because {reason}): \
             connection is unmanaged",
            plan.nodes[node].name
        );
        plan.notice(text);
    } else if !plan.nodes[node].remote_reset {
        plan.nodes[node].remote_reset = true;
        announce(plan, "Remote node", node, reason);
    }
    plan.nodes[node].unclean = true;
    actions::fence(plan, node, None, true, Some(reason), false);
}

fn announce(plan: &mut Plan<'_>, kind: &str, node: NodeId, reason: &str) {
    let outlook = if can_fence(plan, node) {
        "will be fenced"
    } else {
        "is unclean"
    };
    let text = format!("{kind} {} {outlook}: {reason}", plan.nodes[node].name);
    plan.warning(text);
}
