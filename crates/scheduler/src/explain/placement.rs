//! Where a primitive is and goes, and why.

use cib::Score;

use super::actions::missed;
use super::blockers::blocker;
use super::data::{Because, Circumstance, NodeView, Outcome, Part, Placement, Verdict};
use super::origins::Origins;
use super::{actions, nodes, promotion};
use crate::model::journal::{Change, Choice};
use crate::model::{ActionId, NodeId, Plan, ResourceId, Task};

/// The placement of `resource`, a primitive. Looks at all nodes.
pub(super) fn of(plan: &Plan<'_>, origins: &Origins<'_, '_>, resource: ResourceId) -> Placement {
    let of = &plan.resources[resource];
    let name = |node: NodeId| plan.nodes[node].name.to_owned();
    let views = nodes::views(plan, resource);
    let outcome = outcome(plan, resource);
    let missed = missed(plan, resource, decisive_tasks(outcome));
    let blocked = missed.filter(|_| outcome != Outcome::LeftAlone);
    let choice = nodes::decision(plan, resource).map_or(Choice::Nowhere, |made| made.choice);
    Placement {
        resource: of.id.clone(),
        current: of.active_on.iter().map(|&node| name(node)).collect(),
        role: of.role,
        next: of.assigned_to.map(name),
        next_role: of.next_role,
        outcome,
        blocked: blocked.is_some(),
        because: match blocked {
            Some(action) => Because::Blocked(blocker(plan, origins, action)),
            None => because(plan, resource, outcome, choice, &views),
        },
        circumstances: circumstances(plan, resource),
        nodes: views,
        choice,
        promotion: promotion::of(plan, resource),
        actions: actions::views(plan, origins, resource),
    }
}

/// The tasks without which an outcome does not come about.
fn decisive_tasks(outcome: Outcome) -> &'static [Task] {
    match outcome {
        Outcome::Starts => &[Task::Start],
        Outcome::Stops => &[Task::Stop],
        Outcome::Moves | Outcome::Restarts | Outcome::Recovers => &[Task::Stop, Task::Start],
        Outcome::Promotes => &[Task::Promote],
        Outcome::Demotes => &[Task::Demote],
        Outcome::LeftAlone
        | Outcome::StaysStopped
        | Outcome::Stays
        | Outcome::Migrates
        | Outcome::Reloads => &[],
    }
}

fn outcome(plan: &Plan<'_>, resource: ResourceId) -> Outcome {
    let of = &plan.resources[resource];
    let required = |task: &str| {
        of.actions.iter().any(|&action| {
            let action = &plan.actions[action];
            action.task_name == task && !action.optional && action.interval_ms == 0
        })
    };
    if !of.managed {
        return Outcome::LeftAlone;
    }
    let migrates = of.actions.iter().any(|&action| {
        let action = &plan.actions[action];
        action.task_name == "migrate_from" && action.in_graph
    });
    match (of.active_on.as_slice(), of.assigned_to) {
        _ if migrates => Outcome::Migrates,
        ([], None) => Outcome::StaysStopped,
        ([], Some(_)) => Outcome::Starts,
        (_, None) => Outcome::Stops,
        ([_, _, ..], Some(_)) if required("stop") => Outcome::Recovers,
        (&[current], Some(next)) if current != next => Outcome::Moves,
        _ if of.reload => Outcome::Reloads,
        _ if required("stop") && required("start") && of.failed => Outcome::Recovers,
        _ if required("stop") && required("start") => Outcome::Restarts,
        _ if required("start") => Outcome::Starts,
        _ if required("demote") && !required("promote") => Outcome::Demotes,
        _ if required("promote") => Outcome::Promotes,
        _ => Outcome::Stays,
    }
}

fn because(
    plan: &Plan<'_>,
    resource: ResourceId,
    outcome: Outcome,
    choice: Choice,
    views: &[NodeView],
) -> Because {
    let of = &plan.resources[resource];
    if choice == Choice::StopAll {
        return Because::StopAll;
    }
    match outcome {
        Outcome::LeftAlone => Because::Unmanaged,
        Outcome::StaysStopped | Outcome::Stops => without_node(plan, resource, views),
        Outcome::Restarts | Outcome::Recovers | Outcome::Reloads => {
            let tasks = ["start", "stop", "reload-agent", "reload"];
            match action_reason(plan, resource, &tasks) {
                Because::Unknown if of.failed => Because::Failed,
                because => because,
            }
        }
        Outcome::Demotes | Outcome::Promotes => {
            match action_reason(plan, resource, &["demote", "promote"]) {
                Because::Unknown => Because::Promotion,
                because => because,
            }
        }
        Outcome::Moves | Outcome::Migrates => {
            let current = plan
                .active_node(resource)
                .and_then(|node| view(plan, views, node));
            let next = of.assigned_to.and_then(|node| view(plan, views, node));
            match (current, next) {
                (Some(current), Some(next)) => left(current, next),
                _ => Because::Unknown,
            }
        }
        Outcome::Starts | Outcome::Stays => of
            .assigned_to
            .and_then(|node| view(plan, views, node))
            .map_or(Because::Unknown, |chosen| won(chosen, views)),
    }
}

fn view<'v>(plan: &Plan<'_>, views: &'v [NodeView], node: NodeId) -> Option<&'v NodeView> {
    let name = plan.nodes[node].name;
    views.iter().find(|view| view.node == name)
}

/// Why there is no node.
fn without_node(plan: &Plan<'_>, resource: ResourceId, views: &[NodeView]) -> Because {
    let of = &plan.resources[resource];
    let to_be_stopped =
        views
            .iter()
            .flat_map(|view| &view.parts)
            .find_map(|part| match &part.source {
                super::Source::ToBeStopped(reason) => Some(reason.clone()),
                _ => None,
            });
    if let Some(reason) = to_be_stopped {
        return Because::ToBeStopped(reason);
    }
    if of.assigned_to.is_none() {
        return Because::NoNode;
    }
    action_reason(plan, resource, &["stop"])
}

/// The reason that the first of `tasks` gives that has any.
fn action_reason(plan: &Plan<'_>, resource: ResourceId, tasks: &[&str]) -> Because {
    let of = |task: &&str| {
        plan.resources[resource]
            .actions
            .iter()
            .map(|&action: &ActionId| &plan.actions[action])
            .find(|action| action.task_name == **task && !action.optional)
            .and_then(|action| action.reason.clone())
    };
    tasks
        .iter()
        .find_map(of)
        .map_or(Because::Unknown, Because::Action)
}

/// Why it leaves `current` for `next`.
fn left(current: &NodeView, next: &NodeView) -> Because {
    let node = current.node.clone();
    if !current.obstacles.is_empty() {
        return Because::Unavailable {
            node,
            obstacles: current.obstacles.clone(),
        };
    }
    let score = current.score.unwrap_or(Score::MINUS_INFINITY);
    let better = next.score.unwrap_or(Score::MINUS_INFINITY);
    if score == Score::MINUS_INFINITY {
        return Because::Forbidden {
            node,
            parts: current
                .parts
                .iter()
                .filter(|part| part.forbids())
                .cloned()
                .collect(),
        };
    }
    match current.verdict {
        Verdict::Tied(tie) => Because::Tie(tie),
        _ => Because::Outscored {
            node,
            score,
            better,
            parts: weightiest(next, current),
        },
    }
}

/// Why `chosen` is the best.
fn won(chosen: &NodeView, views: &[NodeView]) -> Because {
    let rivals = || {
        views.iter().filter(|view| {
            matches!(
                view.verdict,
                Verdict::Outscored | Verdict::Tied(_) | Verdict::Free
            )
        })
    };
    let Some(next) = rivals().max_by_key(|rival| rival.score) else {
        return Because::OnlyNode;
    };
    match next.verdict {
        Verdict::Tied(tie) => Because::Tie(tie),
        _ => Because::BestScore {
            score: chosen.score.unwrap_or_default(),
            next: next.score.unwrap_or_default(),
            parts: weightiest(chosen, next),
        },
    }
}

/// The positive parts of `winner` that `loser` does not have, and the negative ones of `loser` that
/// `winner` does not have.
fn weightiest(winner: &NodeView, loser: &NodeView) -> Vec<Part> {
    let added = |part: &Part| match part.change {
        Change::Plus(score) | Change::Becomes(score) => score,
    };
    let only = |here: &NodeView, there: &NodeView, wanted: fn(Score) -> bool| -> Vec<Part> {
        here.parts
            .iter()
            .filter(|part| wanted(added(part)) && !there.parts.contains(part))
            .cloned()
            .collect()
    };
    let mut parts = only(winner, loser, |score| score > Score::ZERO);
    parts.sort_by_key(|part| std::cmp::Reverse(added(part)));
    if parts.is_empty() {
        parts = only(loser, winner, |score| score < Score::ZERO);
        parts.sort_by_key(added);
    }
    parts
}

fn circumstances(plan: &Plan<'_>, resource: ResourceId) -> Vec<Circumstance> {
    let of = &plan.resources[resource];
    let mut found = Vec::new();
    let fencing_is_missing = plan.options.fencing_enabled && !plan.options.have_fencing;
    if of.maintenance || plan.options.maintenance {
        found.push(Circumstance::Maintenance);
    } else if of.blocked {
        found.push(Circumstance::BlockedByFailure);
    } else if fencing_is_missing {
        found.push(Circumstance::NoFencingDevice);
    } else if !of.managed {
        found.push(Circumstance::Unmanaged);
    }
    if of.removed {
        found.push(Circumstance::Removed);
    }
    if of.failed {
        found.push(Circumstance::Failed);
    }
    if of.active_on.len() > 1 {
        found.push(Circumstance::ActiveOnSeveral);
    }
    if let Some(role) = crate::configuration::target_role(plan, resource) {
        let owner = std::iter::successors(of.parent, |&part| plan.resources[part].parent)
            .filter(|&whole| {
                plan.resources[whole]
                    .xml
                    .children()
                    .filter(|child| child.name() == "meta_attributes")
                    .flat_map(|set| set.children())
                    .any(|pair| pair.attribute("name") == Some("target-role"))
            })
            .last()
            .unwrap_or(resource);
        let owner = plan.printable_id(owner).to_owned();
        found.push(Circumstance::TargetRole(owner, role.name().to_owned()));
    }
    if !plan.options.quorate {
        found.push(Circumstance::NoQuorum);
    }
    if let Some(task) = of.pending_task {
        found.push(Circumstance::Pending(task.to_owned()));
    }
    found
}
