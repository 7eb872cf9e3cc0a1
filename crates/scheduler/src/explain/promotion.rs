//! Whether an instance of a promotable clone is promoted, and what its promotion score is made of.
//!
//! The score is the instance's own (its agent's, location constraints for the promoted role,
//! colocations of its role), unless that is negative with the clone's for the node added, which
//! others have a say in that want to be where the clone is promoted.

use cib::Score;

use super::data::{Part, Promotion, Source};
use super::scores;
use crate::assignment::{assigned_nodes, promotion_score};
use crate::model::journal::Change;
use crate::model::{NodeId, Plan, ResourceId, Role};

/// What there is to say about `resource`, a part of an instance of a promotable clone.
pub(super) fn of(plan: &Plan<'_>, resource: ResourceId) -> Option<Promotion> {
    let clone = plan.top(resource, false);
    let limit = plan
        .clone_data(clone)
        .filter(|_| plan.resources[clone].promotable)?
        .promoted_max;
    let instance = std::iter::successors(Some(resource), |&part| plan.resources[part].parent)
        .find(|&part| plan.resources[part].parent == Some(clone))?;
    let score = plan.resources[instance].promotion_priority;
    let better = plan.resources[clone]
        .children
        .iter()
        .filter(|&&other| plan.resources[other].promotion_priority > score)
        .count();
    Some(Promotion {
        score,
        limit,
        better,
        promoted: plan.role(instance, false) == Role::Promoted,
        parts: parts(plan, instance, clone, score),
    })
}

/// The parts of the promotion `score`. None where it is not made of any: the role was settled before.
fn parts(plan: &Plan<'_>, instance: ResourceId, clone: ResourceId, score: Score) -> Vec<Part> {
    let own = plan.journal.promotions.iter().rev();
    let own = own.copied().find(|&(other, _)| other == instance);
    let ([node], Some((_, own))) = (&assigned_nodes(plan, instance)[..], own) else {
        return Vec::new();
    };
    if score.is_infinite() {
        return Vec::new();
    }
    let mut parts = own_parts(plan, instance, clone, *node, own);
    if own < Score::ZERO {
        return parts;
    }
    for part in scores::parts(plan, clone, *node) {
        match (&part.source, part.change) {
            (Source::PromotionScore, Change::Plus(all)) if all == own => {}
            (Source::PromotionScore, Change::Plus(all)) => parts.push(Part {
                change: Change::Plus(all.plus(-own)),
                source: Source::Other("promotion scores of other instances here".to_owned()),
            }),
            _ => parts.push(part),
        }
    }
    parts
}

/// The parts of the instance's own promotion score, which is `own`.
fn own_parts(
    plan: &Plan<'_>,
    instance: ResourceId,
    clone: ResourceId,
    node: NodeId,
    own: Score,
) -> Vec<Part> {
    let agent = match promotion_score(plan, instance, node) {
        Some(score) => (Score::new(i64::from(score)), Source::PromotionScore),
        None => (Score::new(-1), Source::NoPromotionScore),
    };
    let locations = [instance, clone]
        .into_iter()
        .flat_map(|resource| &plan.resources[resource].locations)
        .map(|&location| &plan.locations[location])
        .filter(|location| location.role == Role::Promoted)
        .filter_map(|location| {
            let wanted = location.nodes.iter().find(|wanted| wanted.node == node)?;
            Some((wanted.score, scores::location(plan, node, &location.id)))
        });
    let mut rest = own;
    let mut parts = Vec::new();
    for (score, source) in std::iter::once(agent).chain(locations) {
        rest = rest.plus(-score);
        parts.push(Part {
            change: Change::Plus(score),
            source,
        });
    }
    if rest != Score::ZERO {
        parts.push(Part {
            change: Change::Plus(rest),
            source: Source::Other("colocations of its role".to_owned()),
        });
    }
    parts
}
