//! Sets in `<rsc_order>`.
//!
//! * Inside a set, where it is sequential (the default): each member after the one before it. With
//!   `Serialize` each member with every other. The set's own `kind` and `symmetrical` win.
//! * Between a set and the next one: all members of the first before all of the second; where a set
//!   says itself that it is sequential, the member at the near end stands for it.
//! * A set with `require-all="false"` is followed by the milestone `one-or-more:SET`, which needs
//!   any one of its members; the next set comes after that. On the way down all are needed.

use cib::literal::parse_boolean;

use super::order::{self, Kind, Symmetry};
use super::reading::Reader;
use super::sets::{MISSING, Member, ResourceSet};
use crate::actions;
use crate::model::ResourceId;

/// Reads the `sets` of constraint `id`, which is `symmetrical` as its attribute says.
pub(super) fn unpack<'c>(
    reader: &mut Reader<'_, 'c>,
    sets: &[ResourceSet<'c>],
    id: &'c str,
    kind: Kind,
    symmetry: Symmetry,
    symmetrical: Option<&str>,
) {
    let mut last: Option<&ResourceSet<'c>> = None;
    for set in sets {
        if within(reader, set, kind, symmetry, symmetrical).is_none() {
            return;
        }
        if let Some(last) = last {
            if between(reader, id, last, set, kind, symmetry).is_none() {
                return;
            }
            if symmetry == Symmetry::Symmetric
                && between(reader, id, set, last, kind, Symmetry::Inverse).is_none()
            {
                return;
            }
        }
        last = Some(set);
    }
}

/// Orders the members of a set. `None`, with an error, if one does not exist.
fn within<'c>(
    reader: &mut Reader<'_, 'c>,
    set: &ResourceSet<'c>,
    outer: Kind,
    outer_symmetry: Symmetry,
    symmetrical: Option<&str>,
) -> Option<()> {
    let task = set.action.unwrap_or("start");
    let (mut kind, mut symmetry) = (outer, outer_symmetry);
    if let Some(element) = set.element() {
        let names_kind = element.attribute("kind").is_some();
        // An old `score` decides on the inverse alone.
        let own_kind = (names_kind || element.attribute("score").is_some())
            .then(|| order::kind(reader, element));
        symmetry = order::symmetry(reader, element, own_kind.unwrap_or(outer), symmetrical);
        kind = own_kind.filter(|_| names_kind).unwrap_or(outer);
    }
    let is_sequential = set
        .sequential
        .is_none_or(|text| parse_boolean(text) == Some(true));

    let mut resources = Vec::with_capacity(set.members.len());
    for member in &set.members {
        resources.push(existing(reader, set.name(), Some(member))?);
    }
    let pairs = || resources.iter().zip(resources.iter().skip(1));
    if resources.len() < 2 {
        return Some(());
    }
    let relation = order::relation(kind, task, symmetry);
    if kind == Kind::Serialize {
        for (index, &first) in resources.iter().enumerate() {
            for &then in &resources[index + 1..] {
                reader
                    .plan
                    .order_tasks((first, task), (then, task), relation);
            }
        }
    } else if is_sequential {
        for (&first, &then) in pairs() {
            reader
                .plan
                .order_tasks((first, task), (then, task), relation);
        }
    }
    if symmetry == Symmetry::Asymmetric {
        return Some(());
    }
    let Some(undo) = order::inverse(reader.plan, task) else {
        return Some(());
    };
    let relation = order::relation(kind, undo, Symmetry::Inverse);
    if is_sequential {
        for (&first, &then) in pairs() {
            reader
                .plan
                .order_tasks((then, undo), (first, undo), relation);
        }
    }
    Some(())
}

/// Orders `first` before `then`. `None`, with an error, if a member does not exist.
fn between<'c>(
    reader: &mut Reader<'_, 'c>,
    id: &str,
    first: &ResourceSet<'c>,
    then: &ResourceSet<'c>,
    kind: Kind,
    symmetry: Symmetry,
) -> Option<()> {
    let mut first_task = first.action.unwrap_or("start");
    let mut then_task = then.action.unwrap_or("start");
    if symmetry == Symmetry::Inverse {
        let undo_first = order::inverse(reader.plan, first_task);
        let undo_then = order::inverse(reader.plan, then_task);
        let (Some(undo_first), Some(undo_then)) = (undo_first, undo_then) else {
            return Some(());
        };
        (first_task, then_task) = (undo_first, undo_then);
    }
    let relation = order::relation(kind, first_task, symmetry);
    let require_all = first.attribute("require-all").and_then(parse_boolean);
    if require_all == Some(false) && !matches!(first_task, "stop" | "demote") {
        let task = format!("one-or-more:{}", first.name());
        let milestone = actions::milestone(reader.plan, &task);
        reader.plan.actions[milestone].required_runnable_before = 1;
        for member in &first.members {
            let resource = existing(reader, id, Some(member))?;
            order::order_before_milestone(reader.plan, &[resource], first_task, milestone);
        }
        for member in &then.members {
            let resource = existing(reader, id, Some(member))?;
            order::order_after_milestone(reader.plan, milestone, (resource, then_task), relation);
        }
        return Some(());
    }

    let near_end = if symmetry == Symmetry::Inverse {
        (End::First, End::Last)
    } else {
        (End::Last, End::First)
    };
    let firsts = representatives(reader, id, first, near_end.0)?;
    let thens = representatives(reader, id, then, near_end.1)?;
    for member in firsts {
        let first = existing(reader, id, Some(member))?;
        for member in thens {
            let then = existing(reader, id, Some(member))?;
            reader
                .plan
                .order_tasks((first, first_task), (then, then_task), relation);
        }
    }
    Some(())
}

/// An end of a set.
#[derive(Clone, Copy)]
enum End {
    First,
    Last,
}

/// The members of `set` that are ordered in its name: one where the set says that it is sequential
/// (here, that is not the default), otherwise all.
fn representatives<'s, 'c>(
    reader: &mut Reader<'_, 'c>,
    id: &str,
    set: &'s ResourceSet<'c>,
    end: End,
) -> Option<&'s [Member<'c>]> {
    if set.sequential.and_then(parse_boolean) != Some(true) {
        return Some(&set.members);
    }
    let member = match end {
        End::First if set.members.is_empty() => return Some(&[]),
        End::First => set.members.first(),
        End::Last => set.members.last(),
    };
    existing(reader, id, member)?;
    member.map(std::slice::from_ref)
}

/// The resource of `member` of what is called `name`.
fn existing<'c>(
    reader: &mut Reader<'_, 'c>,
    name: &str,
    member: Option<&Member<'c>>,
) -> Option<ResourceId> {
    let resource = member.and_then(|member| member.resource);
    if resource.is_none() {
        let missing = member.map_or(MISSING, |member| member.name);
        reader
            .plan
            .configuration_error(format!("{name}: No resource found for {missing}"));
    }
    resource
}
