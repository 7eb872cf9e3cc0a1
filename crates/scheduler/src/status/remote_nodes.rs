//! Whether remote and guest nodes are online, from what history says of their connections.
//!
//! A node is online if its connection is started, unless (the first that fits):
//!
//! | if | then it is offline and |
//! | --- | --- |
//! | its guest has failed | to be reset |
//! | its connection has failed | |
//! | its connection or its guest is stopped | not to be reset |
//! | its guest is active on exactly one host, which is offline and unclean | to be reset |
//!
//! It is shutting down if its connection is started and to be stopped.

use crate::model::{NodeId, Plan, Role};

/// Decides whether `node`, a remote or guest node, is online.
pub(super) fn judge(plan: &mut Plan<'_>, node: NodeId) {
    let Some(connection) = plan.nodes[node].connection else {
        // The connection was removed from the configuration.
        plan.nodes[node].online = false;
        return;
    };
    let of = &plan.resources[connection];
    let launcher = of.launcher.map(|launcher| &plan.resources[launcher]);
    let host_is_unclean = launcher.is_some()
        && matches!(of.active_on[..], [host]
            if !plan.nodes[host].online && plan.nodes[host].unclean);
    let (is_started, has_failed) = (of.role == Role::Started, of.failed);
    let is_stopping = is_started && of.next_role == Role::Stopped;
    let guest_has_failed = launcher.is_some_and(|guest| guest.failed);
    let is_stopped =
        of.role == Role::Stopped || launcher.is_some_and(|guest| guest.role == Role::Stopped);

    let node = &mut plan.nodes[node];
    node.shutdown |= is_stopping;
    let (is_cut_off, reset) = if guest_has_failed {
        (true, Some(true))
    } else if has_failed {
        (true, None)
    } else if is_stopped {
        (true, Some(false))
    } else if host_is_unclean {
        (true, Some(true))
    } else {
        (false, None)
    };
    node.online = !is_cut_off && (is_started || node.online);
    node.remote_reset = reset.unwrap_or(node.remote_reset);
}
