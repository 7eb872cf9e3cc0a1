//! What the score of a resource for a node is made of.

use cib::Score;

use super::data::{Direction, Part, Source};
use super::nodes::obstacles;
use crate::model::journal::{Cause, Change, Entry};
use crate::model::{ColocationId, NodeId, Plan, ResourceId};

/// The entries of the journal about `resource` and `node`, in order.
fn entries<'p>(
    plan: &'p Plan<'_>,
    resource: ResourceId,
    node: NodeId,
) -> impl Iterator<Item = &'p Entry> {
    plan.journal
        .entries
        .iter()
        .filter(move |entry| entry.resource == resource && entry.node == node)
}

/// What the journal makes of the score of `resource` for `node`.
#[must_use]
pub fn noted_score(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Score {
    entries(plan, resource, node).fold(Score::ZERO, |score, entry| entry.change.apply(score))
}

/// The parts of the score of `resource` for `node`. Finite parts from the same source are added up.
pub(super) fn parts(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for entry in entries(plan, resource, node) {
        let part = Part {
            change: entry.change,
            source: source(plan, resource, node, &entry.cause),
        };
        let same = parts.iter_mut().find(|other| other.source == part.source);
        match same {
            Some(same) if *same == part && part.forbids() => {}
            Some(same) => match (same.change, part.change) {
                (Change::Plus(one), Change::Plus(other))
                    if !one.is_infinite() && !other.is_infinite() =>
                {
                    same.change = Change::Plus(one.plus(other));
                }
                _ => parts.push(part),
            },
            None => parts.push(part),
        }
    }
    parts.retain(|part| part.change != Change::Plus(Score::ZERO));
    parts
}

fn source(plan: &Plan<'_>, resource: ResourceId, node: NodeId, cause: &Cause) -> Source {
    let of = &plan.resources[resource];
    match cause {
        Cause::Base => Source::Base,
        Cause::Location(id) => location(plan, node, id),
        Cause::Colocation(colocation) => colocated(plan, resource, node, *colocation),
        Cause::Stickiness => Source::Stickiness,
        Cause::Failures(count) => Source::Failures {
            count: *count,
            threshold: of.migration_threshold,
            timeout_ms: Some(of.failure_timeout_ms).filter(|&timeout_ms| timeout_ms > 0),
        },
        Cause::Ticket(id) => Source::Ticket {
            id: id.clone(),
            standby: plan
                .tickets
                .values()
                .any(|ticket| *ticket.id == **id && ticket.granted),
        },
        Cause::Utilization(shortages) => Source::Utilization(shortages.clone()),
        Cause::ShutdownLock => Source::ShutdownLock {
            node: of.lock_node.map(|node| plan.nodes[node].name.to_owned()),
        },
        Cause::Launcher(launcher) => Source::Launcher(plan.resources[*launcher].id.clone()),
        Cause::ToBeStopped(reason) => Source::ToBeStopped(reason.clone()),
        Cause::InstanceLimit => Source::InstanceLimit,
        Cause::NodeFull => Source::NodeFull,
        Cause::PromotionScore => Source::PromotionScore,
        Cause::Other(words) => Source::Other(words.clone()),
    }
}

/// A location constraint; or the node's health, which the scheduler treats as one that is named
/// after the strategy.
pub(super) fn location(plan: &Plan<'_>, node: NodeId, id: &str) -> Source {
    let constraint = plan
        .cib
        .child("configuration")
        .and_then(|configuration| configuration.child("constraints"))
        .and_then(|constraints| {
            constraints
                .children()
                .find(|constraint| constraint.id() == Some(id))
        });
    match constraint {
        None if id == plan.options.node_health_strategy => Source::Health {
            strategy: id.to_owned(),
            attributes: plan.nodes[node]
                .attributes
                .iter()
                .filter(|(name, value)| {
                    name.starts_with("#health") && !value.eq_ignore_ascii_case("green")
                })
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        },
        _ => {
            let rules: Vec<&str> = constraint
                .into_iter()
                .flat_map(|constraint| constraint.children())
                .filter(|child| child.name() == "rule")
                .filter_map(|rule| rule.id().or_else(|| rule.attribute("id-ref")))
                .collect();
            Source::Location {
                id: id.to_owned(),
                rule: (!rules.is_empty()).then(|| rules.join(", ")),
            }
        }
    }
}

fn colocated(
    plan: &Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    colocation: ColocationId,
) -> Source {
    let of = &plan.colocations[colocation];
    let is_or_part = |whole: ResourceId| resource == whole || plan.is_part_of(resource, whole);
    let follows = if resource == of.dependent {
        true
    } else if resource == of.primary {
        false
    } else {
        is_or_part(of.dependent)
    };
    let (other, direction) = if follows {
        (of.primary, Direction::Follows)
    } else {
        (of.dependent, Direction::Followed)
    };
    Source::Colocation {
        id: of.explicit.then(|| of.id.to_string()),
        with: plan.printable_id(other).to_owned(),
        place: place(plan, other),
        direction,
        score: of.score,
        kept_away: match direction {
            Direction::Follows => Vec::new(),
            Direction::Followed => kept_away(plan, other, node),
        },
    }
}

/// The parts by which `resource`, or its first part, may not be on `node`, others' wishes left out.
fn kept_away(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Vec<Part> {
    let first = std::iter::successors(Some(resource), |&whole| {
        plan.resources[whole].children.first().copied()
    })
    .last()
    .unwrap_or(resource);
    let unavailable = (!obstacles(plan, node).is_empty()).then(|| Part {
        change: Change::Plus(Score::MINUS_INFINITY),
        source: Source::Other("the node cannot run anything".to_owned()),
    });
    let own = entries(plan, first, node)
        .filter(|entry| !matches!(entry.cause, Cause::Colocation(_)))
        .map(|entry| Part {
            change: entry.change,
            source: source(plan, first, node, &entry.cause),
        })
        .filter(Part::forbids);
    unavailable.into_iter().chain(own).collect()
}

/// The node that a resource is to be on, if it is one.
fn place(plan: &Plan<'_>, resource: ResourceId) -> Option<String> {
    let nodes = crate::assignment::assigned_nodes(plan, resource);
    match nodes[..] {
        [node] => Some(plan.nodes[node].name.to_owned()),
        _ => None,
    }
}
