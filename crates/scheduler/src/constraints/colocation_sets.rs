//! Sets in `<rsc_colocation>`.
//!
//! * Inside a set, where it is sequential (the default): each member is with the one before it. A
//!   negative score keeps every member from every other. The set's own `score` wins.
//!   `ordering` other than `group` (old syntax) puts each member with the one after it.
//! * Between a set and the next one: the members of the first depend on those of the second; where
//!   a set is sequential its first member stands for it as dependent, its last one as primary.

use std::borrow::Cow;

use cib::Score;
use cib::literal::parse_boolean;

use super::colocation;
use super::reading::{Deprecated, Reader, parse_score};
use super::sets::ResourceSet;
use crate::model::{Colocation, ResourceId};

/// What all colocations of one constraint, or set, have in common.
#[derive(Clone, Copy)]
struct Common<'c> {
    /// The constraint's id, for messages.
    constraint: &'c str,
    /// The name of the colocations.
    id: &'c str,
    score: Score,
    influence: Option<&'c str>,
}

/// Reads the `sets` of constraint `id`.
pub(super) fn unpack<'c>(
    reader: &mut Reader<'_, 'c>,
    sets: &[ResourceSet<'c>],
    id: &'c str,
    score: Score,
    influence: Option<&'c str>,
) {
    let common = Common {
        constraint: id,
        id,
        score,
        influence,
    };
    let mut last: Option<&ResourceSet<'c>> = None;
    for set in sets {
        if set.id.is_none_or(str::is_empty) {
            reader
                .plan
                .configuration_error("Ignoring resource_set without id");
            continue;
        }
        within(reader, set, common);
        if let Some(last) = last {
            between(reader, last, set, common);
        }
        last = Some(set);
    }
}

/// Colocates the members of a set with each other.
fn within<'c>(reader: &mut Reader<'_, 'c>, set: &ResourceSet<'c>, common: Common<'c>) {
    let set_id = set.name();
    let score = set_score(reader, set, common).unwrap_or_default();
    if score == Score::ZERO {
        return;
    }
    let with_previous = is_with_previous(reader, set);
    if !is_sequential(set) {
        return;
    }
    let common = Common {
        id: set_id,
        score,
        ..common
    };
    let mut before: Vec<ResourceId> = Vec::new();
    for member in &set.members {
        let Some(resource) = member.resource else {
            reader.plan.configuration_error(format!(
                "Ignoring {} and later resources in set {set_id}: No such resource",
                member.name
            ));
            return;
        };
        let others: Vec<ResourceId> = if score > Score::ZERO {
            before.last().copied().into_iter().collect()
        } else {
            let others = before.iter().copied();
            others.take_while(|&other| other != resource).collect()
        };
        before.push(resource);
        if others.is_empty() {
            continue;
        }
        let influence = influence(reader, resource, common);
        for other in others {
            let (dependent, primary) = if with_previous || score < Score::ZERO {
                (resource, other)
            } else {
                (other, resource)
            };
            add(reader, (dependent, set), (primary, set), influence, common);
        }
    }
}

/// The score between the members of a set; `None`, with an error, if what it says is none.
fn set_score<'c>(
    reader: &mut Reader<'_, 'c>,
    set: &ResourceSet<'c>,
    common: Common<'c>,
) -> Option<Score> {
    let Some(text) = set.attribute("score") else {
        return Some(common.score);
    };
    let score = parse_score(reader.plan, text);
    if score.is_none() {
        reader.plan.configuration_error(format!(
            "Ignoring colocation '{}' for set '{}' because '{text}' is not a valid score",
            common.constraint,
            set.name()
        ));
    }
    score
}

/// Whether members of a set are with the one before them, rather than the one after (old syntax).
fn is_with_previous<'c>(reader: &mut Reader<'_, 'c>, set: &ResourceSet<'c>) -> bool {
    let ordering = set.attribute("ordering").unwrap_or("group");
    let with_previous = ordering.eq_ignore_ascii_case("group");
    if !with_previous {
        reader.warn_once(Deprecated::SetOrdering, || {
            format!(
                "Support for 'ordering' other than 'group' in resource_set (such as {}) is \
                 deprecated and will be removed in a future release",
                set.name()
            )
        });
    }
    with_previous
}

/// Colocates the members of `dependents` with those of `primaries`.
fn between<'c>(
    reader: &mut Reader<'_, 'c>,
    dependents: &ResourceSet<'c>,
    primaries: &ResourceSet<'c>,
    common: Common<'c>,
) {
    if common.score == Score::ZERO {
        return;
    }
    let (from, into) = (dependents.name(), primaries.name());
    let first = dependents
        .members
        .first()
        .filter(|_| is_sequential(dependents));
    let last = primaries
        .members
        .last()
        .filter(|_| is_sequential(primaries));
    for (member, which) in [(first, "first"), (last, "last")] {
        if let Some(member) = member.filter(|member| member.resource.is_none()) {
            reader.plan.configuration_error(format!(
                "Ignoring colocation of set {from} with set {into} because {which} resource {} \
                 not found",
                member.name
            ));
            return;
        }
    }
    for dependent in first.map_or(dependents.members.as_slice(), std::slice::from_ref) {
        let Some(resource) = dependent.resource else {
            reader.plan.configuration_error(format!(
                "Ignoring colocation of set {from} resource {} with set {into}: No such resource",
                dependent.name
            ));
            continue;
        };
        let influence = influence(reader, resource, common);
        for primary in last.map_or(primaries.members.as_slice(), std::slice::from_ref) {
            if let Some(other) = primary.resource {
                let (dependent, primary) = ((resource, dependents), (other, primaries));
                add(reader, dependent, primary, influence, common);
                continue;
            }
            reader.plan.configuration_error(if first.is_some() {
                format!(
                    "Ignoring set {from} colocation with resource {} in set {into}: No such \
                     resource",
                    primary.name
                )
            } else {
                format!(
                    "Ignoring colocation of set {from} resource {} with set {into} resource {}: \
                     No such resource",
                    dependent.name, primary.name
                )
            });
        }
    }
}

fn influence(reader: &mut Reader<'_, '_>, dependent: ResourceId, common: Common<'_>) -> bool {
    colocation::influence(reader.plan, common.constraint, dependent, common.influence)
}

/// Sets are sequential unless they say that they are not.
fn is_sequential(set: &ResourceSet<'_>) -> bool {
    set.sequential.and_then(parse_boolean) != Some(false)
}

/// Adds one colocation, in the roles of the two sets.
fn add<'c>(
    reader: &mut Reader<'_, 'c>,
    (dependent, dependents): (ResourceId, &ResourceSet<'c>),
    (primary, primaries): (ResourceId, &ResourceSet<'c>),
    influence: bool,
    common: Common<'c>,
) {
    let (Some(dependent_role), Some(primary_role)) = (
        reader.role(common.id, dependents.role),
        reader.role(common.id, primaries.role),
    ) else {
        return;
    };
    colocation::add(
        reader.plan,
        Colocation {
            id: Cow::Borrowed(common.id),
            node_attribute: Cow::Borrowed("#uname"),
            dependent,
            primary,
            dependent_role,
            primary_role,
            score: common.score,
            influence,
            explicit: true,
        },
    );
}
