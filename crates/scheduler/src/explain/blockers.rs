//! Why an action cannot be done: from what it needs to what that needs, down to the root.

use std::collections::HashSet;

use super::data::{Blocker, Root, Wait};
use super::origins::Origins;
use super::{nodes, step};
use crate::actions::can_fence;
use crate::model::{ActionId, Plan, Relation, Requires, ResourceId, Task};

/// How long a chain of causes is followed.
const MAX_CHAIN: usize = 100;

/// Relations by which one action that cannot be done holds back the next.
const HOLDS_BACK: Relation = Relation::UNRUNNABLE_FIRST_BLOCKS
    .union(Relation::INTERMEDIATE_STOP)
    .union(Relation::NESTED_REMOTE_PROBE)
    .union(Relation::ASYMMETRIC)
    .union(Relation::MIN_RUNNABLE)
    .union(Relation::FIRST_IMPLIES_THEN)
    .union(Relation::THEN_IMPLIES_FIRST);

/// Why `action`, which cannot be done, cannot.
pub(super) fn blocker(plan: &Plan<'_>, origins: &Origins<'_, '_>, action: ActionId) -> Blocker {
    let mut chain = Vec::new();
    let mut seen = HashSet::from([action]);
    let mut at = action;
    loop {
        if let Some(root) = own_root(plan, at) {
            return Blocker { chain, root };
        }
        let next = plan.actions[at]
            .before
            .iter()
            .filter(|related| related.asked.intersects(HOLDS_BACK))
            .map(|related| related.action)
            .find(|&first| !plan.actions[first].runnable && seen.insert(first));
        let Some(first) = next.filter(|_| chain.len() < MAX_CHAIN) else {
            let root = last_root(plan, at);
            return Blocker { chain, root };
        };
        chain.push(Wait {
            step: step(plan, first),
            origin: origins.of(first, at),
        });
        at = first;
    }
}

/// What is wrong with an action as such.
fn own_root(plan: &Plan<'_>, action: ActionId) -> Option<Root> {
    let of = &plan.actions[action];
    let resource = of.resource.filter(|_| !of.pseudo);
    if let Some(resource) = resource {
        let of_resource = &plan.resources[resource];
        if of_resource.blocked {
            return Some(Root::BlockedByFailure(of_resource.id.clone()));
        }
        if !of_resource.managed {
            return Some(Root::Unmanaged(of_resource.id.clone()));
        }
        let goes_up = matches!(of.task, Task::Start | Task::Promote);
        if goes_up && of_resource.children.is_empty() && of_resource.assigned_to.is_none() {
            return Some(no_node(plan, resource));
        }
    }
    let node = of.node.filter(|_| !of.pseudo && !of.on_dc)?;
    let of_node = &plan.nodes[node];
    let name = || of_node.name.to_owned();
    if !of_node.online && !plan.is_guest(node) {
        let waits_for_fencing = of_node.unclean && !can_fence(plan, node);
        return Some(if waits_for_fencing {
            Root::CannotFence(name())
        } else {
            Root::Offline(name())
        });
    }
    if of_node.pending {
        return Some(Root::Pending(name()));
    }
    if plan.is_guest(node) && !can_fence(plan, node) {
        return Some(Root::CannotFence(name()));
    }
    let lacks_quorum = of.needs != Requires::Nothing && !plan.options.quorate;
    let says_so = of
        .reason
        .as_deref()
        .is_some_and(|reason| reason.contains("quorum"));
    (lacks_quorum && says_so).then_some(Root::NoQuorum)
}

/// What is wrong with an action that nothing else holds back.
fn last_root(plan: &Plan<'_>, action: ActionId) -> Root {
    let of = &plan.actions[action];
    if of.task == Task::Fence
        && let Some(node) = of.node
    {
        return Root::CannotFence(plan.nodes[node].name.to_owned());
    }
    if of.required_runnable_before > of.runnable_before {
        return Root::TooFew {
            needed: of.required_runnable_before,
            possible: of.runnable_before,
        };
    }
    of.reason.clone().map_or(Root::Unknown, Root::Reason)
}

/// That `resource` has no node, and why.
pub(super) fn no_node(plan: &Plan<'_>, resource: ResourceId) -> Root {
    Root::NoNode {
        resource: plan.resources[resource].id.clone(),
        nodes: nodes::views(plan, resource),
    }
}
