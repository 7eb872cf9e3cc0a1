//! `<rsc_order>`: what has to happen before what.
//!
//! | kind | symmetrical | relation | relation of the inverse |
//! | --- | --- | --- | --- |
//! | `Optional` | any | ordered | ordered, unless asymmetric |
//! | `Mandatory` | yes | `first` implies `then`; a way up must be possible | `then` implies `first` |
//! | `Mandatory` | no | ordered, asymmetric | |
//! | `Serialize` | no | not at the same time | |
//!
//! The inverse stops in the opposite order what is started, and so on. Without `kind` an ordering
//! is mandatory, or optional where an old `score` is 0. Without `symmetrical` it is symmetrical,
//! but for `Serialize`.
//!
//! A clone that needs a number of instances before others may depend on it (`clone-min`, or
//! `require-all="false"` for one) gets a milestone `clone-one-or-more:ID` between the two, which
//! needs that many instances. Sets: see `order_sets`.

use cib::literal::parse_boolean;
use cib::number::scan_integer;
use cib::xml::Element;

use super::order_sets;
use super::reading::{Deprecated, Reader, parse_score};
use super::sets::{self, MISSING, Parties, Side};
use crate::actions;
use crate::model::{ActionId, Plan, Relation, ResourceId};

/// How binding an ordering is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only if both happen.
    Optional,
    /// Always.
    Mandatory,
    /// Both orders will do, but not both at the same time.
    Serialize,
}

/// Which direction of an ordering is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Symmetry {
    /// The only one.
    Asymmetric,
    /// As configured; there is an inverse.
    Symmetric,
    /// The inverse.
    Inverse,
}

/// Reads constraint `id`.
pub(super) fn unpack<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    const SIDES: [Side; 2] = [
        Side {
            name: "first",
            detail: "first-action",
        },
        Side {
            name: "then",
            detail: "then-action",
        },
    ];
    let kind = kind(reader, constraint);
    let symmetry = symmetry(reader, constraint, kind, None);
    match sets::parties(reader, constraint, id, &SIDES, true) {
        None => {}
        Some(Parties::Attributes) => unpack_pair(reader, constraint, id, kind, symmetry),
        Some(Parties::Sets(sets)) => {
            let symmetrical = constraint.attribute("symmetrical");
            order_sets::unpack(reader, &sets, id, kind, symmetry, symmetrical);
        }
    }
}

/// How binding the ordering, or set, of `element` is.
pub(super) fn kind(reader: &mut Reader<'_, '_>, element: Element<'_>) -> Kind {
    match (element.attribute("kind"), element.attribute("score")) {
        (Some("Mandatory"), _) | (None, None) => Kind::Mandatory,
        (Some("Optional"), _) => Kind::Optional,
        (Some("Serialize"), _) => Kind::Serialize,
        (Some(other), _) => {
            reader.plan.configuration_error(format!(
                "Resetting 'kind' for constraint {} to 'Mandatory' because '{other}' is not valid",
                element.id().unwrap_or("missing ID")
            ));
            Kind::Mandatory
        }
        (None, Some(score)) => {
            reader.warn_once(Deprecated::OrderScore, || {
                String::from(
                    "Support for 'score' in rsc_order is deprecated and will be removed in a \
                     future release (use 'kind' instead)",
                )
            });
            match parse_score(reader.plan, score).unwrap_or_default().value() {
                0 => Kind::Optional,
                _ => Kind::Mandatory,
            }
        }
    }
}

/// Whether the ordering, or set, of `element` has an inverse; `outer_symmetrical` is the attribute
/// of what it stands in.
pub(super) fn symmetry(
    reader: &mut Reader<'_, '_>,
    element: Element<'_>,
    kind: Kind,
    outer_symmetrical: Option<&str>,
) -> Symmetry {
    let symmetrical = element
        .attribute("symmetrical")
        .and_then(parse_boolean)
        .or(outer_symmetrical.map(|text| parse_boolean(text) == Some(true)));
    match (symmetrical, kind) {
        (Some(true), Kind::Serialize) => {
            reader.plan.configuration_warning(format!(
                "Ignoring symmetrical for '{}' because not valid with kind of 'Serialize'",
                element.id().unwrap_or(MISSING)
            ));
            Symmetry::Asymmetric
        }
        (Some(false), _) | (None, Kind::Serialize) => Symmetry::Asymmetric,
        (Some(true) | None, _) => Symmetry::Symmetric,
    }
}

/// What an ordering means whose first action is `first`.
pub(super) fn relation(kind: Kind, first: &str, symmetry: Symmetry) -> Relation {
    let goes_up = matches!(first, "start" | "promote" | "migrate_from");
    match (kind, symmetry) {
        (Kind::Optional, _) => Relation::ORDERED,
        (Kind::Serialize, _) => Relation::SERIALIZE,
        (Kind::Mandatory, Symmetry::Asymmetric) => Relation::ORDERED | Relation::ASYMMETRIC,
        (Kind::Mandatory, Symmetry::Symmetric) if goes_up => {
            Relation::ORDERED | Relation::FIRST_IMPLIES_THEN | Relation::UNRUNNABLE_FIRST_BLOCKS
        }
        (Kind::Mandatory, Symmetry::Symmetric) => Relation::ORDERED | Relation::FIRST_IMPLIES_THEN,
        (Kind::Mandatory, Symmetry::Inverse) => Relation::ORDERED | Relation::THEN_IMPLIES_FIRST,
    }
}

/// The task that undoes `task`; `None`, with a warning, if nothing does.
pub(super) fn inverse(plan: &mut Plan<'_>, task: &str) -> Option<&'static str> {
    const PAIRS: [(&str, &str); 4] = [
        ("start", "stop"),
        ("promote", "demote"),
        ("promoted", "demoted"),
        ("running", "stopped"),
    ];
    let found = PAIRS.iter().find_map(|&(up, down)| match task {
        _ if task == up => Some(down),
        _ if task == down => Some(up),
        _ => None,
    });
    if found.is_none() {
        plan.configuration_warning(format!(
            "Unknown action '{task}' specified in order constraint"
        ));
    }
    found
}

fn unpack_pair<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &'c str,
    kind: Kind,
    symmetry: Symmetry,
) {
    let Some(first) = named(reader, constraint, id, "first") else {
        return;
    };
    let Some(then) = named(reader, constraint, id, "then") else {
        return;
    };
    let first_task = constraint.attribute("first-action").unwrap_or("start");
    let then_task = constraint.attribute("then-action").unwrap_or(first_task);
    let relation = relation(kind, first_task, symmetry);
    match minimum_instances(reader, constraint, first) {
        0 => {
            let (first, then) = ((first, first_task), (then, then_task));
            reader.plan.order_tasks(first, then, relation);
        }
        minimum => {
            let met = actions::milestone(reader.plan, &format!("clone-one-or-more:{id}"));
            reader.plan.actions[met].required_runnable_before = minimum;
            let instances = reader.plan.resources[first].children.clone();
            order_before_milestone(reader.plan, &instances, first_task, met);
            order_after_milestone(reader.plan, met, (then, then_task), relation);
        }
    }
    if symmetry == Symmetry::Symmetric {
        order_inverse(
            reader.plan,
            id,
            kind,
            (first, first_task),
            (then, then_task),
        );
    }
}

fn order_inverse(
    plan: &mut Plan<'_>,
    id: &str,
    kind: Kind,
    (first, first_task): (ResourceId, &str),
    (then, then_task): (ResourceId, &str),
) {
    let undo_first = inverse(plan, first_task);
    let (Some(undo_first), Some(undo_then)) = (undo_first, inverse(plan, then_task)) else {
        plan.configuration_warning(format!(
            "Cannot invert constraint '{id}' (please specify inverse manually)"
        ));
        return;
    };
    let relation = relation(kind, undo_first, Symmetry::Inverse);
    plan.order_tasks((then, undo_then), (first, undo_first), relation);
}

/// The resource that `attribute` names.
fn named<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &str,
    attribute: &str,
) -> Option<ResourceId> {
    let Some(name) = constraint.attribute(attribute) else {
        reader
            .plan
            .configuration_error(format!("Ignoring constraint '{id}' without {attribute}"));
        return None;
    };
    let found = reader.resource(name);
    if found.is_none() {
        reader.plan.configuration_error(format!(
            "Ignoring constraint '{id}' because resource '{name}' does not exist"
        ));
    }
    found
}

/// How many instances of `first` others have to wait for; 0 for all.
fn minimum_instances(
    reader: &mut Reader<'_, '_>,
    constraint: Element<'_>,
    first: ResourceId,
) -> usize {
    if !reader.plan.is_clone(first) {
        return 0;
    }
    if let Some(text) = reader.plan.resources[first].meta.get("clone-min") {
        let minimum = scan_integer(text).map_or(0, |scanned| scanned.value.max(0));
        return usize::try_from(minimum).unwrap_or(usize::MAX);
    }
    let Some(require_all) = constraint.attribute("require-all") else {
        return 0;
    };
    reader.warn_once(Deprecated::RequireAll, || {
        String::from(
            "Support for require-all in ordering constraints is deprecated and will be removed in \
             a future release (use clone-min clone meta-attribute instead)",
        )
    });
    usize::from(parse_boolean(require_all) != Some(true))
}

/// Orders `task` of each of `resources` before a milestone that needs a number of them.
pub(super) fn order_before_milestone(
    plan: &mut Plan<'_>,
    resources: &[ResourceId],
    task: &str,
    milestone: ActionId,
) {
    for &resource in resources {
        let end = Plan::task_end(resource, task);
        plan.add_ordering(
            end,
            milestone.into(),
            Relation::MIN_RUNNABLE | Relation::FIRST_IMPLIES_THEN_GRAPHED,
        );
    }
}

/// Orders a task after a milestone, without which it cannot be done.
pub(super) fn order_after_milestone(
    plan: &mut Plan<'_>,
    milestone: ActionId,
    (then, task): (ResourceId, &str),
    relation: Relation,
) {
    let end = Plan::task_end(then, task);
    let relation = relation | Relation::UNRUNNABLE_FIRST_BLOCKS;
    plan.add_ordering(milestone.into(), end, relation);
}
