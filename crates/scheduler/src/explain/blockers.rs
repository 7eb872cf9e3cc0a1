//! Why an action cannot be done: from what it needs to what that needs, down to the root.

use cib::hashed::HashSet;

use super::data::{Blocker, Root, Wait};
use super::origins::Origins;
use super::{nodes, step};
use crate::actions::can_fence;
use crate::model::{ActionId, Plan, Relation, Requires, ResourceId, Task};

/// How many actions are looked at to find out why one cannot be done.
const MAX_CAUSES: usize = 10_000;

/// Relations by which one action that cannot be done holds back the next.
const HOLDS_BACK: Relation = Relation::UNRUNNABLE_FIRST_BLOCKS
    .union(Relation::INTERMEDIATE_STOP)
    .union(Relation::NESTED_REMOTE_PROBE)
    .union(Relation::ASYMMETRIC)
    .union(Relation::MIN_RUNNABLE)
    .union(Relation::FIRST_IMPLIES_THEN)
    .union(Relation::THEN_IMPLIES_FIRST);

/// Why `action`, which cannot be done, cannot: the nearest root, or else the end of the first chain.
pub(super) fn blocker(plan: &Plan<'_>, origins: &Origins<'_, '_>, action: ActionId) -> Blocker {
    // Each with the place of the one that it holds back.
    let mut found: Vec<(ActionId, usize)> = vec![(action, 0)];
    let mut seen = HashSet::from_iter([action]);
    let mut place = 0;
    while let Some(&(at, _)) = found.get(place) {
        if let Some(root) = own_root(plan, at) {
            let chain = chain(plan, origins, &found, place);
            return Blocker { chain, root };
        }
        if found.len() < MAX_CAUSES {
            let causes = causes(plan, at).filter(|&cause| seen.insert(cause));
            found.extend(causes.map(|cause| (cause, place)));
        }
        place += 1;
    }
    let root = (0..found.len())
        .map(|place| (place, last_root(plan, found[place].0)))
        .find(|(_, root)| *root != Root::Unknown);
    let (place, root) = root.unwrap_or((0, Root::Unknown));
    Blocker {
        chain: chain(plan, origins, &found, place),
        root,
    }
}

/// The steps from the action that was found first (left out) to the one at `place`. Milestones are
/// left out as well.
fn chain(
    plan: &Plan<'_>,
    origins: &Origins<'_, '_>,
    found: &[(ActionId, usize)],
    place: usize,
) -> Vec<Wait> {
    let mut chain = Vec::new();
    let mut at = place;
    while at != 0 {
        let (action, held_back) = found[at];
        if !plan.actions[action].pseudo {
            chain.push(Wait {
                step: step(plan, action),
                origin: origins.of(action, found[held_back].0),
            });
        }
        at = held_back;
    }
    chain.reverse();
    chain
}

/// What cannot be done, and holds `action` back: what comes before it, and the same task of the
/// whole that it is part of.
fn causes<'p>(plan: &'p Plan<'_>, action: ActionId) -> impl Iterator<Item = ActionId> + use<'p> {
    let of = &plan.actions[action];
    let before = of
        .before
        .iter()
        .filter(|related| related.asked.intersects(HOLDS_BACK))
        .map(|related| related.action);
    let whole = of.resource.and_then(|part| plan.resources[part].parent);
    let of_whole = whole
        .into_iter()
        .flat_map(|whole| plan.resources[whole].actions.iter().copied())
        .filter(|&other| plan.actions[other].task == of.task);
    before
        .chain(of_whole)
        .filter(|&cause| !plan.actions[cause].runnable)
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
