//! What a primitive thinks of each node, and what came of it.

use cib::Score;

use super::data::{NodeView, Obstacle, Tie, Verdict};
use super::scores::parts;
use crate::model::journal::{Choice, Decision};
use crate::model::{NodeId, PlacementStrategy, Plan, ResourceId};

/// All nodes from the point of view of `resource`, by name. Replicas of bundles are left out where
/// nothing allows the resource there, and so are other nodes that it will never hear of.
pub(super) fn views(plan: &Plan<'_>, resource: ResourceId) -> Vec<NodeView> {
    plan.nodes_by_name
        .iter()
        .filter(|&&node| is_of_interest(plan, resource, node))
        .map(|&node| view(plan, resource, node))
        .collect()
}

fn is_of_interest(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    plan.resources[resource].allowed.contains(node) || !plan.is_guest(node)
}

/// One node from the point of view of `resource`.
pub(super) fn view(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> NodeView {
    NodeView {
        node: plan.nodes[node].name.to_owned(),
        score: plan.resources[resource]
            .allowed
            .get(node)
            .map(|candidate| candidate.score),
        parts: parts(plan, resource, node),
        obstacles: obstacles(plan, node),
        verdict: verdict(plan, resource, node),
    }
}

/// What keeps `node` from running anything.
pub(super) fn obstacles(plan: &Plan<'_>, node: NodeId) -> Vec<Obstacle> {
    let of = &plan.nodes[node];
    let guest_is_down = plan.is_guest(node)
        && of
            .connection
            .and_then(|connection| plan.resources[connection].launcher)
            .is_some_and(|guest| crate::assignment::assigned_node(plan, guest).is_none());
    [
        (!of.online, Obstacle::Offline),
        (of.unclean, Obstacle::Unclean),
        (of.standby && !of.standby_on_fail, Obstacle::Standby),
        (of.standby && of.standby_on_fail, Obstacle::StandbyOnFail),
        (of.online && of.shutdown, Obstacle::ShuttingDown),
        (of.maintenance, Obstacle::Maintenance),
        (of.pending, Obstacle::Pending),
        (guest_is_down, Obstacle::GuestDown),
    ]
    .into_iter()
    .filter_map(|(holds, obstacle)| holds.then_some(obstacle))
    .collect()
}

/// How the node of `resource` was chosen in the end.
pub(super) fn decision<'p>(plan: &'p Plan<'_>, resource: ResourceId) -> Option<&'p Decision> {
    plan.journal
        .decisions
        .iter()
        .rfind(|decision| decision.resource == resource)
}

fn verdict(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Verdict {
    let of = &plan.resources[resource];
    if of.assigned_to == Some(node) {
        return Verdict::Chosen;
    }
    let Some(here) = of.allowed.get(node) else {
        return Verdict::NotAllowed;
    };
    if !obstacles(plan, node).is_empty() {
        return Verdict::Unavailable;
    }
    if here.score < Score::ZERO {
        return Verdict::Forbidden;
    }
    let chosen = of.assigned_to.and_then(|chosen| of.allowed.get(chosen));
    match chosen {
        Some(chosen) if chosen.score > here.score => Verdict::Outscored,
        Some(chosen) if chosen.score == here.score => {
            Verdict::Tied(tie(plan, resource, chosen.node, node))
        }
        _ => Verdict::Free,
    }
}

/// What decided between two nodes with the same score.
pub(super) fn tie(plan: &Plan<'_>, resource: ResourceId, chosen: NodeId, other: NodeId) -> Tie {
    let Some(decision) = decision(plan, resource) else {
        return Tie::Name;
    };
    match decision.choice {
        Choice::Preferred => return Tie::AskedFor,
        Choice::Stays => return Tie::Current,
        _ => {}
    }
    let strategy = plan.options.placement_strategy;
    if strategy == PlacementStrategy::Minimal {
        return Tie::Name;
    }
    let load = |node: NodeId| {
        decision
            .loads
            .iter()
            .find(|(other, _)| *other == node)
            .map_or(0, |&(_, load)| load)
    };
    let loads = (load(chosen), load(other));
    if loads.0 < loads.1 {
        Tie::Load {
            chosen: loads.0,
            other: loads.1,
        }
    } else if loads.0 > loads.1 || strategy == PlacementStrategy::Balanced {
        Tie::Capacity
    } else if plan.active_node(resource) == Some(chosen) {
        Tie::Current
    } else {
        Tie::Name
    }
}
