//! The status section: tickets, the state of nodes, and what history says of resources.
//!
//! It is read in this order, and actions that are made on the way get the first numbers:
//!
//! 1. tickets and states of nodes, as they come in the CIB ([`tickets`], [`node_state`]);
//! 2. operation histories, in passes ([`history`]);
//! 3. the stops of containers whose connection has failed, the last one found first;
//! 4. remote and guest nodes, by name: the connection of one that is shutting down is to be
//!    stopped, and whether one without a history is online is decided ([`remote_nodes`]).
//!
//! When constraints are known, history is compared with the configuration ([`changes`]).

mod activity;
mod changes;
mod digests;
mod fail_counts;
mod fencing;
mod history;
mod membership;
mod node_state;
pub(crate) mod number;
mod recheck;
mod remote_nodes;
mod shutdown_lock;
mod tickets;

pub use changes::{apply_configuration_changes, check_parameters};
pub use digests::{
    Comparison, DigestCache, Digests, address_follows_container, compare_device, container_host,
};
pub use fail_counts::{FailCount, FailCountScope, fail_count, threshold_reached};
pub use fencing::fence_node;
pub use history::outcome;
pub(crate) use number::whole_seconds;
pub use recheck::{note_findings, recheck_at};

use crate::actions;
use crate::model::{Plan, Role};

/// Reads the status section into `plan`.
pub fn unpack(plan: &mut Plan<'_>) {
    if let Some(status) = plan.cib.child("status") {
        for section in status.children() {
            match section.name() {
                "tickets" => tickets::unpack(plan, section),
                "node_state" => node_state::unpack(plan, section),
                _ => {}
            }
        }
        history::unpack(plan, status);
    }
    for container in std::mem::take(&mut plan.stop_needed).into_iter().rev() {
        if let Some(node) = plan.active_node(container) {
            actions::once(plan, container, "stop", Some(node), false);
        }
    }
    for index in 0..plan.nodes_by_name.len() {
        let node = plan.nodes_by_name[index];
        if !plan.is_remote_or_guest(node) {
            continue;
        }
        if let Some(connection) = plan.nodes[node].connection
            && plan.nodes[node].shutdown
        {
            plan.set_next_role(connection, Role::Stopped, "remote shutdown");
        }
        if !plan.nodes[node].unpacked {
            remote_nodes::judge(plan, node);
        }
    }
}
