//! Whether an action is required and can be done, as far as it is known when it is asked for.
//!
//! An action that is asked for without being optional is required, unless its resource is not
//! managed: then only recurring and pseudo-actions can be required.
//!
//! A real action of a resource, the first row that fits:
//!
//! | case | can be done |
//! | --- | --- |
//! | it has no node | no |
//! | its node is offline (and no guest that may be started) | no; a stop of a managed resource there leads to fencing |
//! | its node is pending | no |
//! | it requires neither quorum nor fencing | yes, unless its guest's host cannot be fenced |
//! | no quorum: `stop`, or `demote` for what is not promotable | no |
//! | no quorum: `freeze`, and it would start or promote something | no |
//! | otherwise | yes |

use super::{can_fence, set_reason};
use crate::model::{ActionId, NoQuorumPolicy, NodeId, Plan, Requires, ResourceId, Role, Task};
use crate::status;

/// Makes `action` required where that was wished and is possible.
pub(super) fn update_optional(plan: &mut Plan<'_>, action: ActionId, optional: bool) {
    let of = &plan.actions[action];
    let is_unmanaged = of
        .resource
        .is_some_and(|resource| !plan.resources[resource].managed);
    if is_unmanaged && of.node.is_some() && !of.pseudo && !of.meta.contains("interval") {
        plan.actions[action].optional = true;
    } else if !optional {
        plan.actions[action].optional = false;
    }
}

/// What an action needs before it may be done: only starts and promotions need anything.
pub(super) fn requirement(plan: &Plan<'_>, resource: ResourceId, task: Task) -> Requires {
    let of = &plan.resources[resource];
    match task {
        Task::Start | Task::Promote if of.needs_fencing => Requires::Fencing,
        Task::Start | Task::Promote if of.needs_quorum => Requires::Quorum,
        _ => Requires::Nothing,
    }
}

/// Decides whether `action` of `resource` can be done.
pub(super) fn update_runnable(plan: &mut Plan<'_>, action: ActionId, resource: ResourceId) {
    let of = &plan.actions[action];
    if of.pseudo {
        return;
    }
    let (on_dc, needs, task) = (of.on_dc, of.needs, of.task);
    let Some(node) = of.node else {
        plan.actions[action].runnable = false;
        return;
    };
    if !on_dc && !is_reachable(plan, node) {
        plan.actions[action].runnable = false;
        let unclean = plan.nodes[node].unclean;
        if plan.resources[resource].managed && task == Task::Stop && !unclean {
            status::fence_node(plan, node, "stop is unrunnable", false);
        }
    } else if !on_dc && plan.nodes[node].pending {
        plan.actions[action].runnable = false;
    } else if needs == Requires::Nothing {
        plan.actions[action].reason = None;
        plan.actions[action].runnable = !plan.is_guest(node) || can_fence(plan, node);
    } else {
        match effective_quorum_policy(plan, resource) {
            NoQuorumPolicy::Stop => {
                plan.actions[action].runnable = false;
                set_reason(plan, action, "no quorum", true);
            }
            NoQuorumPolicy::Freeze => {
                let of = &plan.resources[resource];
                if !plan.is_active(resource, true) || of.next_role > of.role {
                    plan.actions[action].runnable = false;
                    set_reason(plan, action, "quorum freeze", true);
                }
            }
            NoQuorumPolicy::Ignore | NoQuorumPolicy::Demote | NoQuorumPolicy::Fence => {
                plan.actions[action].runnable = true;
            }
        }
    }
}

/// Whether actions can be sent to `node`: it is online, or a guest whose host may bring it up.
fn is_reachable(plan: &Plan<'_>, node: NodeId) -> bool {
    let of = &plan.nodes[node];
    of.online || (plan.is_guest(node) && !of.remote_reset)
}

/// What the lack of quorum (if it lacks) means for `resource`. Under `demote`, promotable resources
/// may go on in their lower role.
fn effective_quorum_policy(plan: &mut Plan<'_>, resource: ResourceId) -> NoQuorumPolicy {
    if plan.options.quorate {
        return NoQuorumPolicy::Ignore;
    }
    if plan.options.no_quorum_policy != NoQuorumPolicy::Demote {
        return plan.options.no_quorum_policy;
    }
    let of = &mut plan.resources[resource];
    if !matches!(of.role, Role::Promoted | Role::Unpromoted) {
        return NoQuorumPolicy::Stop;
    }
    if of.next_role > Role::Unpromoted {
        of.next_role = Role::Unpromoted;
        of.next_role_reason = Some("no-quorum-policy=demote".to_owned());
    }
    NoQuorumPolicy::Ignore
}
