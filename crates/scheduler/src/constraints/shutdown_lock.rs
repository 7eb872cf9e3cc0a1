//! Shutdown locks (`shutdown-lock`): a resource waits for its node to come back.
//!
//! * Only primitives, alone or in a group, are locked; not fencing devices and remote connections.
//! * A lock is known from history, or begins now: the resource is active on exactly one node, which
//!   is shutting down and clean. It counts from the time of the node's `shutdown` attribute.
//! * A lock from history ends, with the history, if the resource is active after all.
//! * A locked resource is banned from all other nodes. With `shutdown-lock-limit` the scheduler has
//!   to run again when the lock ends.

use cib::Score;
use cib::number::parse_integer;

use super::scores::add_score;
use crate::actions;
use crate::model::{Cause, NodeId, Plan, ResourceId, Variant};
use crate::status;

/// Locks resources, where the option is on.
pub(super) fn apply(plan: &mut Plan<'_>) {
    if !plan.options.shutdown_lock {
        return;
    }
    for index in 0..plan.roots.len() {
        let root = plan.roots[index];
        match plan.resources[root].variant {
            Variant::Primitive => lock(plan, root),
            Variant::Group(_) => {
                for index in 0..plan.resources[root].children.len() {
                    lock(plan, plan.resources[root].children[index]);
                }
            }
            Variant::Clone(_) | Variant::Bundle(_) => {}
        }
    }
}

fn lock(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if of.fence_device || of.is_remote_connection {
        return;
    }
    match (of.lock_node, of.active_on.as_slice()) {
        (Some(_), []) => {}
        (Some(node), _) => {
            actions::once(plan, resource, "lrm_delete", Some(node), false);
            let of = &mut plan.resources[resource];
            of.lock_node = None;
            of.lock_since_s = 0;
        }
        (None, &[node]) if plan.nodes[node].shutdown && !plan.nodes[node].unclean => {
            let since_s = shutdown_time_s(plan, node);
            let of = &mut plan.resources[resource];
            of.lock_node = Some(node);
            of.lock_since_s = since_s;
        }
        (None, _) => {}
    }
    let Some(home) = plan.resources[resource].lock_node else {
        return;
    };
    let limit_s = status::whole_seconds(plan.options.shutdown_lock_limit_ms);
    if limit_s > 0 {
        let end_s = plan.resources[resource]
            .lock_since_s
            .saturating_add(limit_s)
            .saturating_add(1);
        status::recheck_at(plan, end_s);
    }
    for node in plan.nodes.ids() {
        if node != home {
            add_score(plan, resource, Some(node), Score::MINUS_INFINITY, || {
                Cause::ShutdownLock
            });
        }
    }
}

/// When `node` was asked to shut down, in seconds since 1970; now if that is not known.
fn shutdown_time_s(plan: &mut Plan<'_>, node: NodeId) -> i64 {
    let Some(text) = plan.nodes[node].attributes.get("shutdown") else {
        return plan.now_s();
    };
    match parse_integer(text) {
        Some(0) => plan.now_s(),
        Some(time_s) => time_s,
        None => {
            let text = format!(
                "Ignoring invalid value '{text}' for {} shutdown attribute: Bad input value \
                 provided",
                plan.nodes[node].name
            );
            plan.warning(text);
            plan.now_s()
        }
    }
}
