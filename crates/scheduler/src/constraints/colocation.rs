//! `<rsc_colocation>`: which resources should, or should not, be together.
//!
//! * A simple one puts `rsc` (the dependent) with `with-rsc` (the primary), in the roles and by the
//!   node attribute that it names. Sets: see `colocation_sets`.
//! * `influence`: whether the dependent's preferences count although the primary is active;
//!   otherwise the dependent's `critical` says so.
//! * A score of 0 means nothing. A score of minus infinity also orders: one of the two leaves the
//!   node (or the role) before the other one comes.
//! * Each resource has its colocations in the order in which they are considered: by the other
//!   resource's priority (higher first), kind (bundles, clones, groups, primitives), whether it is
//!   promotable, and id; the latest first among equals.

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};

use cib::Score;
use cib::xml::Element;

use super::colocation_sets;
use super::reading::{Reader, parse_score};
use super::sets::{self, MISSING, Parties, Side};
use crate::model::{Colocation, ColocationId, Plan, Relation, ResourceId, Role, Variant};

/// Reads constraint `id`.
pub(super) fn unpack<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    const SIDES: [Side; 2] = [
        Side {
            name: "rsc",
            detail: "rsc-role",
        },
        Side {
            name: "with-rsc",
            detail: "with-rsc-role",
        },
    ];
    if id.is_empty() {
        reader
            .plan
            .configuration_error("Ignoring rsc_colocation without id");
        return;
    }
    let Some(parties) = sets::parties(reader, constraint, id, &SIDES, false) else {
        return;
    };
    if let Parties::Sets(sets) = &parties {
        let made_from_tags =
            |set: &sets::ResourceSet<'_>| set.element().is_none() && set.sequential.is_some();
        if sets.len() == 2 && sets.iter().all(made_from_tags) {
            reader.plan.configuration_error(format!(
                "Ignoring constraint '{id}' because two templates or tags cannot be colocated"
            ));
            return;
        }
    }
    let score = match constraint.attribute("score") {
        None => Some(Score::ZERO),
        Some(text) => parse_score(reader.plan, text),
    };
    let Some(score) = score else {
        let text = constraint.attribute("score").unwrap_or(MISSING);
        reader.plan.configuration_error(format!(
            "Ignoring colocation {id} because '{text}' is not a valid score"
        ));
        return;
    };
    match parties {
        Parties::Attributes => unpack_pair(reader, constraint, id, score),
        Parties::Sets(sets) => {
            let influence = constraint.attribute("influence");
            colocation_sets::unpack(reader, &sets, id, score, influence);
        }
    }
}

fn unpack_pair<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &'c str,
    score: Score,
) {
    let mut find = |attribute: &str| {
        let name = constraint.attribute(attribute).unwrap_or(MISSING);
        let found = reader.resource(name);
        if found.is_none() {
            reader.plan.configuration_error(format!(
                "Ignoring constraint '{id}' because resource '{name}' does not exist"
            ));
        }
        found
    };
    let Some(dependent) = find("rsc") else { return };
    let Some(primary) = find("with-rsc") else {
        return;
    };
    let symmetrical = constraint.attribute("symmetrical");
    if symmetrical.and_then(cib::literal::parse_boolean) == Some(true) {
        reader.plan.configuration_warning(
            "The colocation constraint 'symmetrical' attribute has been removed",
        );
    }
    let influence = influence(
        reader.plan,
        id,
        dependent,
        constraint.attribute("influence"),
    );
    let (Some(dependent_role), Some(primary_role)) = (
        reader.role(id, constraint.attribute("rsc-role")),
        reader.role(id, constraint.attribute("with-rsc-role")),
    ) else {
        return;
    };
    let node_attribute = constraint.attribute("node-attribute").unwrap_or("#uname");
    add(
        reader.plan,
        Colocation {
            id: Cow::Borrowed(id),
            node_attribute: Cow::Borrowed(node_attribute),
            dependent,
            primary,
            dependent_role,
            primary_role,
            score,
            influence,
            explicit: true,
        },
    );
}

/// Whether `dependent` influences where an active primary is, in colocation `id` with this value of
/// `influence`.
pub(super) fn influence(
    plan: &mut Plan<'_>,
    id: &str,
    dependent: ResourceId,
    text: Option<&str>,
) -> bool {
    let configured = text.map(cib::literal::parse_boolean);
    if configured == Some(None) {
        plan.configuration_error(format!(
            "Constraint '{id}' has invalid value for influence (using default)"
        ));
    }
    configured
        .flatten()
        .unwrap_or(plan.resources[dependent].critical)
}

/// A colocation that follows from what the two resources are: on the same node, in any role.
pub fn implied(
    id: &'static str,
    dependent: ResourceId,
    primary: ResourceId,
    score: Score,
    influence: bool,
) -> Colocation<'static> {
    Colocation {
        id: Cow::Borrowed(id),
        node_attribute: Cow::Borrowed("#uname"),
        dependent,
        primary,
        dependent_role: Role::Unknown,
        primary_role: Role::Unknown,
        score,
        influence,
        explicit: false,
    }
}

/// Adds a colocation, unless its score is 0.
pub fn add<'c>(plan: &mut Plan<'c>, colocation: Colocation<'c>) {
    if colocation.score == Score::ZERO {
        return;
    }
    let (dependent, primary) = (colocation.dependent, colocation.primary);
    let roles = (colocation.dependent_role, colocation.primary_role);
    let forbids = colocation.score == Score::MINUS_INFINITY;
    let id = plan.colocations.push(colocation);

    let of = |plan: &Plan<'_>, id: ColocationId| plan.colocations[id].primary;
    let place = place(plan, &plan.resources[dependent].this_with, primary, of);
    plan.resources[dependent].this_with.insert(place, id);

    let of = |plan: &Plan<'_>, id: ColocationId| plan.colocations[id].dependent;
    let place = self::place(plan, &plan.resources[primary].with_this, dependent, of);
    plan.resources[primary].with_this.insert(place, id);

    if forbids {
        leave_before_coming(plan, (dependent, roles.0), (primary, roles.1));
        leave_before_coming(plan, (primary, roles.1), (dependent, roles.0));
    }
}

/// Where a colocation with `other` goes in the sorted `list`, in which `other_of` is the other
/// resource of each entry.
fn place(
    plan: &Plan<'_>,
    list: &[ColocationId],
    other: ResourceId,
    other_of: impl Fn(&Plan<'_>, ColocationId) -> ResourceId,
) -> usize {
    list.partition_point(|&id| compare_others(plan, other_of(plan, id), other) == Ordering::Less)
}

/// Which of two colocations of one resource is considered first, by the other resource of each.
#[must_use]
pub fn compare_others(plan: &Plan<'_>, a: ResourceId, b: ResourceId) -> Ordering {
    let key = |id: ResourceId| {
        let of = &plan.resources[id];
        let kind = match of.variant {
            Variant::Primitive => 0,
            Variant::Group(_) => 1,
            Variant::Clone(_) => 2,
            Variant::Bundle(_) => 3,
        };
        let promotable = of.promotable && matches!(of.variant, Variant::Clone(_));
        (Reverse((of.priority, kind, promotable)), of.id.as_str())
    };
    key(a).cmp(&key(b))
}

/// Orders what makes `first` lose its role before what makes `then` gain its role on the same node.
fn leave_before_coming(
    plan: &mut Plan<'_>,
    (first, first_role): (ResourceId, Role),
    (then, then_role): (ResourceId, Role),
) {
    let leave: &[&str] = match first_role {
        Role::Promoted => &["demote"],
        Role::Unpromoted => &["stop", "promote"],
        Role::Unknown | Role::Stopped | Role::Started => &["stop"],
    };
    let come: &[&str] = match then_role {
        Role::Promoted => &["promote"],
        Role::Unpromoted => &["start", "demote"],
        Role::Unknown | Role::Stopped | Role::Started => &["start"],
    };
    for leave in leave {
        for come in come {
            plan.order_tasks(
                (first, leave),
                (then, come),
                Relation::IF_REQUIRED_ON_SAME_NODE,
            );
        }
    }
}
