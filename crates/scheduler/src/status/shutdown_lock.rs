//! Shutdown locks (`shutdown-lock`): resources that stay stopped while the node that they ran on
//! is down for a clean shutdown.
//!
//! The lock is in the resource's history on that node, as the time of the shutdown. When it is
//! older than `shutdown-lock-limit`, the history is removed, and the lock with it.

use cib::number::parse_integer;
use cib::xml::Element;

use super::number::whole_seconds;
use crate::actions;
use crate::model::{NodeId, Plan, ResourceId};

/// Takes over the lock in `history`, if there is one.
pub(super) fn unpack(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    history: Element<'_>,
) {
    let since_s = history.attribute("shutdown-lock").and_then(parse_integer);
    let Some(since_s) = since_s.filter(|&since_s| since_s != 0) else {
        return;
    };
    let limit_s = whole_seconds(plan.options.shutdown_lock_limit_ms);
    if limit_s > 0 && plan.now_s() > since_s.saturating_add(limit_s) {
        actions::once(plan, resource, "lrm_delete", Some(node), false);
    } else {
        let of = &mut plan.resources[resource];
        (of.lock_node, of.lock_since_s) = (Some(node), since_s);
    }
}
