//! What resources that follow (or are followed) think of nodes: their scores are merged, at a
//! discount, into those of the resource that is being assigned.
//!
//! For each colocation with a resource, and each node:
//!
//! - The dependent's best score among its usable nodes that are the same place (same value of the
//!   colocation's node attribute), times the colocation's score as a share of infinity, is added.
//!   Whatever is not nothing counts at least 1.
//! - Then the same is done with the colocations with the dependent, times both shares, and so on.
//!   A resource that is in the chain already is left out, and what leaves no usable node is taken
//!   back.
//! - A dependent that must not be with the resource (negative share) and does not want a node
//!   (negative score) does not thereby make it attractive. Except where the dependent can only run
//!   on one node at all and wants it more than the primary wants to stay.
//! - Where only positive scores count (the resource is a clone), a node whose score would fall
//!   from positive to negative is not usable in the rest of the merge, and has score 1 after it; one
//!   with score 0 stays at 0.

use std::borrow::Cow;

use cib::Score;

use super::MAX_CHAIN;
use super::attributes::{Places, same_place};
use super::colocations::{colocations_of, colocations_with, has_influence};
use super::node_choice::is_available;
use super::scores::set_scores;
use crate::model::ids::Id;
use crate::model::{Candidates, Cause, ColocationId, NodeId, Plan, ResourceId, Role};

/// How many resources are merged into one. There may be very many ways through a net of colocations
/// in which everybody knows everybody; what lies beyond is left out of account.
const MAX_MERGES: usize = 100_000;

/// Which colocations and scores are merged.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Selection {
    /// Colocations *of* the resource rather than *with* it.
    pub(super) this_with: bool,
    /// Only positive scores.
    pub(super) only_positive: bool,
    /// Not what leaves no usable node.
    pub(super) only_usable: bool,
}

/// Scores in the making.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    candidates: Candidates,
    /// Nodes, by number, that turned out negative; empty where there is none.
    spoilt: Vec<bool>,
    /// How many more resources may be merged.
    left: usize,
}

impl Merged {
    pub(super) fn new(candidates: Candidates) -> Self {
        Self {
            candidates,
            spoilt: Vec::new(),
            left: MAX_MERGES,
        }
    }

    pub(super) fn score(&self, node: NodeId) -> Option<Score> {
        self.candidates.get(node).map(|candidate| candidate.score)
    }

    fn is_spoilt(&self, node: NodeId) -> bool {
        self.spoilt.get(node.index()).copied().unwrap_or(false)
    }

    fn spoil(&mut self, node: NodeId) {
        if self.spoilt.len() <= node.index() {
            self.spoilt.resize(node.index() + 1, false);
        }
        self.spoilt[node.index()] = true;
    }

    fn forgive(&mut self) {
        let spoilt = std::mem::take(&mut self.spoilt);
        for candidate in self.candidates.iter_mut() {
            if spoilt.get(candidate.node.index()) == Some(&true) {
                candidate.score = Score::new(1);
            }
        }
    }

    fn any_available(&self, plan: &Plan<'_>) -> bool {
        self.candidates.iter().any(|candidate| {
            !self.is_spoilt(candidate.node) && is_available(plan, candidate, true, false)
        })
    }
}

/// Merges what the dependent of `colocation` (and the dependents of that, and so on) thinks of nodes
/// into the scores of `primary`.
pub(super) fn add_dependent_scores(
    plan: &mut Plan<'_>,
    colocation: ColocationId,
    primary: ResourceId,
) {
    if has_influence(plan, colocation, None) {
        let selection = Selection {
            only_positive: plan.is_clone(primary),
            only_usable: true,
            ..Selection::default()
        };
        merge_into(plan, colocation, primary, selection);
    }
}

/// As [`add_dependent_scores`], without asking whether the dependent has a say.
pub(super) fn merge_into(
    plan: &mut Plan<'_>,
    colocation: ColocationId,
    primary: ResourceId,
    selection: Selection,
) {
    let dependent = plan.colocations[colocation].dependent;
    let link = Link {
        colocation,
        target: primary,
        factor: share(plan.colocations[colocation].score),
    };
    let mut merged = Merged::new(plan.resources[primary].allowed.clone());
    merge(plan, dependent, link, &mut merged, selection, 0);
    set_scores(plan, primary, merged.candidates, || {
        Cause::Colocation(colocation)
    });
}

/// The scores of `resource` together with what it thinks of those that it follows; for the order of
/// assignment.
pub(super) fn with_followed(plan: &mut Plan<'_>, resource: ResourceId) -> Candidates {
    let members = &plan.resources[resource].children;
    let source = match (plan.is_group(resource), members.last()) {
        (false, _) => resource,
        (true, Some(&last)) => last,
        (true, None) => return Candidates::new(),
    };
    let selection = Selection {
        this_with: true,
        ..Selection::default()
    };
    plan.resources[resource].updating_nodes = true;
    plan.resources[source].updating_nodes = true;
    let mut merged = Merged::new(plan.resources[source].allowed.clone());
    follow(plan, source, source, 1.0, &mut merged, selection, 0);
    plan.resources[source].updating_nodes = false;
    plan.resources[resource].updating_nodes = false;
    merged.candidates
}

/// A score as a share of infinity. Single precision, as Pacemaker has it: it shows in the sums.
#[expect(
    clippy::cast_precision_loss,
    reason = "scores are well below 2^24, where single precision is exact"
)]
pub(super) fn share(score: Score) -> f32 {
    score.value() as f32 / Score::INFINITY.value() as f32
}

/// How scores of a resource come to be merged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// The colocation that leads to it.
    pub(super) colocation: ColocationId,
    /// The resource whose scores are being worked out.
    pub(super) target: ResourceId,
    /// At which share.
    pub(super) factor: f32,
}

/// Merges the scores of `source`, and of what is colocated with it, into `merged`.
pub(super) fn merge(
    plan: &mut Plan<'_>,
    source: ResourceId,
    link: Link,
    merged: &mut Merged,
    selection: Selection,
    depth: usize,
) {
    if plan.resources[source].updating_nodes || depth > MAX_CHAIN || merged.left == 0 {
        return;
    }
    if plan.is_group(source) {
        let Some(&first) = plan.resources[source].children.first() else {
            return;
        };
        plan.resources[source].updating_nodes = true;
        merge(plan, first, link, merged, selection, depth + 1);
        plan.resources[source].updating_nodes = false;
        return;
    }
    plan.resources[source].updating_nodes = true;
    merged.left -= 1;
    let mut work = merged.clone();
    add_matching_scores(plan, &mut work, source, link, selection.only_positive);
    if follow(
        plan,
        source,
        link.target,
        link.factor,
        &mut work,
        selection,
        depth,
    ) {
        if selection.only_positive {
            work.forgive();
        }
        *merged = work;
    } else {
        merged.left = work.left;
    }
    plan.resources[source].updating_nodes = false;
}

/// Merges what is colocated with `source`. Says whether the result is to be kept.
fn follow(
    plan: &mut Plan<'_>,
    source: ResourceId,
    target: ResourceId,
    factor: f32,
    work: &mut Merged,
    selection: Selection,
    depth: usize,
) -> bool {
    if !work.any_available(plan) {
        return !selection.only_usable;
    }
    let colocations = if selection.this_with {
        colocations_of(plan, source)
    } else {
        colocations_with(plan, source)
    };
    for colocation in colocations {
        let of = &plan.colocations[colocation];
        let (other, score) = if selection.this_with {
            (of.primary, of.score)
        } else if has_influence(plan, colocation, None) {
            (of.dependent, of.score)
        } else {
            continue;
        };
        let link = Link {
            colocation,
            target,
            factor: times(factor, score),
        };
        let selection = Selection {
            only_usable: true,
            ..selection
        };
        merge(plan, other, link, work, selection, depth + 1);
    }
    true
}

/// `factor` times a score's share, multiplied before it is divided.
#[expect(
    clippy::cast_precision_loss,
    reason = "scores are well below 2^24, where single precision is exact"
)]
fn times(factor: f32, score: Score) -> f32 {
    factor * score.value() as f32 / Score::INFINITY.value() as f32
}

/// Adds, to the score of each node, the best score of `source` on nodes that are the same place.
fn add_matching_scores(
    plan: &Plan<'_>,
    work: &mut Merged,
    source: ResourceId,
    link: Link,
    only_positive: bool,
) {
    let best = BestScores::of(plan, source, link);
    let mut candidates = std::mem::take(&mut work.candidates);
    for candidate in candidates.iter_mut() {
        let score = best.at(plan, candidate.node);
        let avoids_twice = link.factor < 0.0 && score < Score::ZERO;
        if (avoids_twice && !prefers_move(plan, link.colocation, score))
            || work.is_spoilt(candidate.node)
        {
            continue;
        }
        let sum = candidate.score.plus(discounted(link.factor, score));
        if only_positive && sum < Score::ZERO && candidate.score > Score::ZERO {
            work.spoil(candidate.node);
        } else if !(only_positive && sum < Score::ZERO && candidate.score == Score::ZERO) {
            candidate.score = sum;
        }
    }
    work.candidates = candidates;
}

/// Whether the primary should rather move than keep its dependent, which must not be with it, from
/// the only node that the dependent can run on.
fn prefers_move(plan: &Plan<'_>, colocation: ColocationId, score: Score) -> bool {
    let of = &plan.colocations[colocation];
    plan.resources[of.primary].stickiness < -score
        && has_influence(plan, colocation, None)
        && is_allowed_on_one(&plan.resources[of.dependent].allowed)
}

fn is_allowed_on_one(candidates: &Candidates) -> bool {
    let mut allowed = candidates
        .iter()
        .filter(|candidate| candidate.score >= Score::ZERO);
    allowed.next().is_some() && allowed.next().is_none()
}

/// `score` times `factor`, rounded half away from zero, and at least 1 either way.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "scores are well below 2^24; a share is at most 1, so that products are as well"
)]
fn discounted(factor: f32, score: Score) -> Score {
    let product = f64::from(factor * score.value() as f32);
    let rounded = (product + 0.5_f64.copysign(product)) as i64;
    let at_least = if rounded != 0 || score == Score::ZERO || factor == 0.0 {
        rounded
    } else if factor > 0.0 {
        1
    } else {
        -1
    };
    Score::new(at_least)
}

/// The best score of a resource among usable nodes that are the same place.
enum BestScores<'p, 'c> {
    /// Each node is its own place.
    ByNode(Cow<'p, Candidates>),
    /// The best score in each place, and places in the eyes of the resource that it is for.
    ByPlace(Vec<(Option<&'p str>, Score)>, Places<'p, 'c>),
}

impl<'p, 'c> BestScores<'p, 'c> {
    fn of(plan: &'p Plan<'c>, source: ResourceId, link: Link) -> Self {
        let allowed = scores_considered(plan, source, link.colocation);
        let attribute = &*plan.colocations[link.colocation].node_attribute;
        let places = Places::new(plan, attribute, source);
        let target_places = Places::new(plan, attribute, link.target);
        if places.are_nodes() && target_places.are_nodes() {
            return Self::ByNode(allowed);
        }
        let mut best: Vec<(Option<&str>, Score)> = Vec::new();
        for candidate in allowed.iter() {
            if !is_available(plan, candidate, false, false) {
                continue;
            }
            let place = places.of(candidate.node);
            match best.iter_mut().find(|(known, _)| same_place(*known, place)) {
                Some((_, score)) => *score = candidate.score.max(*score),
                None => best.push((place, candidate.score)),
            }
        }
        Self::ByPlace(best, target_places)
    }

    fn at(&self, plan: &Plan<'_>, node: NodeId) -> Score {
        let score = match self {
            Self::ByNode(candidates) => candidates
                .get(node)
                .filter(|candidate| is_available(plan, candidate, false, false))
                .map(|candidate| candidate.score),
            Self::ByPlace(best, places) => {
                let place = places.of(node);
                best.iter()
                    .find(|(known, _)| same_place(*known, place))
                    .map(|&(_, score)| score)
            }
        };
        score.unwrap_or(Score::MINUS_INFINITY)
    }
}

/// The scores of `source` as they count for `colocation`. Location constraints of a group are only
/// applied to its first member; where another member is itself named as a dependent, they count
/// for it too.
fn scores_considered<'p>(
    plan: &'p Plan<'_>,
    source: ResourceId,
    colocation: ColocationId,
) -> Cow<'p, Candidates> {
    let allowed = Cow::Borrowed(&plan.resources[source].allowed);
    let of = &plan.colocations[colocation];
    let parent = plan.resources[source].parent;
    match parent.filter(|&parent| plan.is_group(parent)) {
        Some(group)
            if of.explicit
                && of.dependent == source
                && plan.resources[group].children.first() != Some(&source) =>
        {
            Cow::Owned(with_locations_of(plan, group, source, allowed.into_owned()))
        }
        _ => allowed,
    }
}

fn with_locations_of(
    plan: &Plan<'_>,
    group: ResourceId,
    member: ResourceId,
    mut allowed: Candidates,
) -> Candidates {
    for &location in &plan.resources[group].locations {
        let location = &plan.locations[location];
        let role_differs =
            location.role != Role::Unknown && location.role != plan.resources[member].next_role;
        if location.resource != group || role_differs {
            continue;
        }
        for wanted in &location.nodes {
            match allowed.get_mut(wanted.node) {
                Some(candidate) => candidate.score = candidate.score.plus(wanted.score),
                None => allowed.insert(*wanted),
            }
        }
    }
    allowed
}
