//! What is done with a primitive, and what each action waits for.
//!
//! Milestones (pseudo-actions) are looked through: an operator waits for what agents do.

use cib::hashed::HashSet;

use super::blockers::blocker;
use super::data::{ActionView, Origin, Step, Wait};
use super::origins::Origins;
use crate::model::{ActionId, Plan, ResourceId, Task};

/// How many actions are named that one waits for.
const MAX_WAITS: usize = 12;

/// How many milestones are looked through for one action.
const MAX_MILESTONES: usize = 10_000;

/// `action`, by what it is.
pub(super) fn step(plan: &Plan<'_>, action: ActionId) -> Step {
    let of = &plan.actions[action];
    Step {
        number: action.graph_number(),
        resource: of
            .resource
            .map(|resource| plan.resources[resource].id.clone()),
        task: of.task_name.clone().into_owned(),
        interval_ms: of.interval_ms,
        node: of.node.map(|node| plan.nodes[node].name.to_owned()),
    }
}

/// What is done with `resource`, or should be.
pub(super) fn views(
    plan: &Plan<'_>,
    origins: &Origins<'_, '_>,
    resource: ResourceId,
) -> Vec<ActionView> {
    let mut actions: Vec<ActionId> = plan.resources[resource]
        .actions
        .iter()
        .copied()
        .filter(|&action| is_shown(plan, action))
        .collect();
    actions.sort_by_key(|&action| (rank(plan, action), action));
    let mut views: Vec<ActionView> = Vec::new();
    for action in actions {
        let view = view(plan, origins, action);
        match views.last_mut() {
            // Probes differ in their nodes only.
            Some(last) if is_probe(&last.step) && is_probe(&view.step) => {
                last.nodes.extend(view.nodes);
            }
            _ => views.push(view),
        }
    }
    views
}

fn is_probe(step: &Step) -> bool {
    step.task == "monitor" && step.interval_ms == 0
}

/// Actions of agents that happen, and those that should but cannot.
pub(super) fn is_shown(plan: &Plan<'_>, action: ActionId) -> bool {
    let of = &plan.actions[action];
    if of.task == Task::Notify {
        return false;
    }
    let happens = of.in_graph && !of.pseudo;
    let is_missed = !of.optional && !of.runnable && !of.pseudo && of.node.is_some();
    let is_recurring_of_missed = is_missed && of.interval_ms > 0;
    // That a live migration is not possible is no loss: it stops and starts instead.
    let is_alternative = of.task_name.starts_with("migrate_");
    let is_check = is_recurring_of_missed || of.task == Task::Monitor;
    happens || (is_missed && !is_check && !is_alternative)
}

/// The usual order.
fn rank(plan: &Plan<'_>, action: ActionId) -> usize {
    let of = &plan.actions[action];
    match (of.task, &*of.task_name) {
        (Task::Monitor, _) if of.interval_ms == 0 => 0,
        (_, "cancel") => 1,
        (Task::Demote, _) => 2,
        (_, "migrate_to") => 3,
        (_, "migrate_from") => 4,
        (Task::Stop, _) => 5,
        (Task::Start, _) => 6,
        (Task::Promote, _) => 7,
        (Task::Monitor, _) => 8,
        _ => 9,
    }
}

fn view(plan: &Plan<'_>, origins: &Origins<'_, '_>, action: ActionId) -> ActionView {
    let of = &plan.actions[action];
    let mut waits = waits(plan, origins, action);
    let more_waits = waits.len().saturating_sub(MAX_WAITS);
    waits.truncate(MAX_WAITS);
    let step = step(plan, action);
    ActionView {
        nodes: step.node.iter().cloned().collect(),
        step,
        reason: of.reason.clone(),
        waits,
        more_waits,
        blocker: (!of.runnable).then(|| blocker(plan, origins, action)),
    }
}

/// The actions of agents (and the fencing) that `action` waits for. What its own resource does
/// before on the same node goes without saying, but for a recurring monitor's start.
fn waits(plan: &Plan<'_>, origins: &Origins<'_, '_>, action: ActionId) -> Vec<Wait> {
    let mut waits = Vec::new();
    let mut seen = HashSet::from_iter([action]);
    // Each with the action that it is before, and the origin that was met on the way.
    let mut stack: Vec<(ActionId, ActionId, Option<Origin>)> = inputs(plan, action)
        .map(|first| (first, action, None))
        .collect();
    while let Some((first, then, met)) = stack.pop() {
        if seen.len() > MAX_MILESTONES || !seen.insert(first) {
            continue;
        }
        let same = plan.actions[first].resource == plan.actions[action].resource;
        let origin = match met {
            _ if same || plan.actions[first].task == Task::Fence => origins.of(first, action),
            Some(met @ Origin::Constraint(_)) => met,
            met => match (origins.of(first, then), met) {
                (constraint @ Origin::Constraint(_), _) => constraint,
                (here, None | Some(Origin::Nature | Origin::Sequence)) => here,
                (_, Some(met)) => met,
            },
        };
        if plan.actions[first].pseudo {
            stack.extend(inputs(plan, first).map(|next| (next, first, Some(origin.clone()))));
        } else {
            waits.push(Wait {
                step: step(plan, first),
                origin,
            });
        }
    }
    waits.sort_by_key(|wait| wait.step.number);
    waits
}

/// What `action` waits for in the graph.
fn inputs(plan: &Plan<'_>, action: ActionId) -> impl Iterator<Item = ActionId> {
    plan.actions[action]
        .before
        .iter()
        .filter(|related| related.graphed && plan.actions[related.action].in_graph)
        .map(|related| related.action)
}

/// The first action of `resource` with one of `tasks` that should happen but cannot.
pub(super) fn missed(plan: &Plan<'_>, resource: ResourceId, tasks: &[Task]) -> Option<ActionId> {
    plan.resources[resource]
        .actions
        .iter()
        .copied()
        .find(|&action| {
            let of = &plan.actions[action];
            !of.optional && !of.runnable && of.node.is_some() && tasks.contains(&of.task)
        })
}
