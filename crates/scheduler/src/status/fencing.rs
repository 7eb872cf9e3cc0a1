//! The decision that a node has to be fenced, and whether it can be.
//!
//! | node | what "it has to be fenced" means |
//! | --- | --- |
//! | cluster node | it is unclean; its fencing becomes an action (once) |
//! | remote node | it is unclean and to be reset; unless its connection is unmanaged it is said so |
//! | guest node | nothing is fenced: the guest is recovered, that is, its launcher has failed; never where the launcher is unmanaged. The node does not become unclean: it may run resources again in the same transition |
//! | guest node whose guest was removed | it is gone already: only its connection is cleaned up |
//!
//! A node can be fenced if fencing is enabled, there is something to fence with, and there is
//! quorum (or `no-quorum-policy="ignore"`, or the node is in our own partition). A guest can be
//! fenced if every host of it is online or can be fenced.

use crate::actions;
use crate::model::{NoQuorumPolicy, NodeId, Plan, ResourceId};

/// How many hosts deep a guest may be in a host that is itself a guest.
const MAX_NESTED_GUESTS: usize = 16;

/// Decides that `node` has to be fenced (or a guest node recovered) because of `reason`.
pub fn fence_node(plan: &mut Plan<'_>, node: NodeId, reason: &str, priority_delay: bool) {
    if let Some(launcher) = guest_launcher(plan, node) {
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

/// Whether `node` could be fenced; `None` asks for a node of which nothing is known.
#[must_use]
pub fn can_fence(plan: &Plan<'_>, node: Option<NodeId>) -> bool {
    can_fence_within(plan, node, MAX_NESTED_GUESTS)
}

fn can_fence_within(plan: &Plan<'_>, node: Option<NodeId>, depth: usize) -> bool {
    if let Some(launcher) = node.and_then(|node| guest_launcher(plan, node)) {
        return plan.resources[launcher].active_on.iter().all(|&host| {
            plan.nodes[host].online || (depth > 0 && can_fence_within(plan, Some(host), depth - 1))
        });
    }
    let options = &plan.options;
    if !options.fencing_enabled || !options.have_fencing {
        return false;
    }
    if options.quorate || options.no_quorum_policy == NoQuorumPolicy::Ignore {
        return true;
    }
    // Without quorum, only members of our own partition. A remote node whose connection could also
    // be held by the other partition is not known to be a member of ours.
    node.is_some_and(|node| {
        plan.nodes[node].online
            && (!plan.is_remote_or_guest(node)
                || options.fence_remote_without_quorum
                || !may_be_connected_elsewhere(plan, node))
    })
}

fn may_be_connected_elsewhere(plan: &Plan<'_>, node: NodeId) -> bool {
    plan.nodes[node].connection.is_some_and(|connection| {
        plan.resources[connection]
            .allowed
            .iter()
            .any(|candidate| !plan.nodes[candidate.node].online)
    })
}

/// Notes that `resource` has failed and must be stopped, not just demoted.
pub(super) fn mark_failed(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &mut plan.resources[resource];
    (of.failed, of.stop_if_failed) = (true, true);
}

fn guest_launcher(plan: &Plan<'_>, node: NodeId) -> Option<ResourceId> {
    if !plan.is_remote_or_guest(node) {
        return None;
    }
    plan.resources[plan.nodes[node].connection?].launcher
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
    let outlook = if can_fence(plan, Some(node)) {
        "will be fenced"
    } else {
        "is unclean"
    };
    let text = format!("{kind} {} {outlook}: {reason}", plan.nodes[node].name);
    plan.warning(text);
}
