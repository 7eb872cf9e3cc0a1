//! What follows from what resources are: orderings, colocations, bans.
//!
//! Each kind of resource has its page; a collective resource asks its parts in turn, so that what
//! they imply stands between its own orderings, as in Pacemaker.

mod bundle;
mod clone;
mod group;
mod launcher;
mod primitive;
mod promotable;

use crate::model::{Plan, Relation, ResourceId, Variant};

/// Adds the orderings and colocations that follow from what resources are: start before promote,
/// members of a group one after the other, and so on.
pub fn imply(plan: &mut Plan<'_>) {
    for index in 0..plan.roots.len() {
        imply_for(plan, plan.roots[index]);
    }
}

/// Recurses as deep as resources are nested.
fn imply_for(plan: &mut Plan<'_>, resource: ResourceId) {
    match plan.resources[resource].variant {
        Variant::Primitive => primitive::imply(plan, resource),
        Variant::Group(group) => group::imply(plan, resource, group),
        Variant::Clone(_) => clone::imply(plan, resource),
        Variant::Bundle(_) => bundle::imply(plan, resource),
    }
}

/// One ordering: first task, then task, relation.
type Rule = (&'static str, &'static str, Relation);

/// Orders tasks of `first` before tasks of `then`, in the order of `rules`.
fn order(plan: &mut Plan<'_>, first: ResourceId, then: ResourceId, rules: &[Rule]) {
    for &(first_task, then_task, relation) in rules {
        plan.order_tasks((first, first_task), (then, then_task), relation);
    }
}

/// What can be in the way of what: the start of something that cannot be started.
const BLOCKS: Relation = Relation::UNRUNNABLE_FIRST_BLOCKS;
/// The order alone.
const ORDERED: Relation = Relation::ORDERED;
/// A collective task belongs into the graph with that of a part.
const WITH_PART: Relation = Relation::THEN_IMPLIES_FIRST_GRAPHED;
/// The end of a collective task belongs into the graph with that of a part.
const AFTER_PART: Relation = Relation::FIRST_IMPLIES_THEN_GRAPHED;
