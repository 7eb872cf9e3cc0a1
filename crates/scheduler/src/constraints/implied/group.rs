//! What follows for a group: its collective tasks follow each other, its members stand between
//! them, each member (if `ordered`) starts after the one before it and stops before it, and (if
//! `collocated`) is where that one is.

use cib::Score;

use super::super::colocation;
use super::{AFTER_PART, BLOCKS, ORDERED, WITH_PART, imply_for, order};
use crate::model::resource::Group;
use crate::model::{Plan, Relation, ResourceId};

/// Adds what follows from `group` and its members.
pub(super) fn imply(plan: &mut Plan<'_>, group: ResourceId, kind: Group) {
    let rules = [
        ("stop", "stopped", BLOCKS),
        ("stopped", "start", ORDERED),
        ("start", "running", BLOCKS),
    ];
    order(plan, group, group, &rules);

    let top = plan.top(group, false);
    let promotable = plan.resources[top].promotable;
    let mut before = Before::default();
    for index in 0..plan.resources[group].children.len() {
        let member = plan.resources[group].children[index];
        imply_for(plan, member);
        if let (Some(previous), true) = (before.previous, kind.colocated) {
            let critical = plan.resources[member].critical;
            let colocation = colocation::implied(
                "#group-members",
                member,
                previous,
                Score::INFINITY,
                critical,
            );
            colocation::add(plan, colocation);
        }
        let is_first = before.previous.is_none();
        order_with_group(plan, group, member, is_first && kind.ordered, promotable);
        if !kind.ordered {
            order_unordered(plan, group, member, promotable);
        } else if let Some(previous) = before.previous {
            order_after_previous(plan, previous, member, promotable);
        }
        before.pass(plan, member, kind.ordered);
    }
}

/// The members before the one that is looked at.
#[derive(Default)]
struct Before {
    previous: Option<ResourceId>,
    last_active: Option<ResourceId>,
}

impl Before {
    /// Goes on to the next member. Partially active groups are shut down in sequence: an active
    /// member after an inactive one stops before the last active one.
    fn pass(&mut self, plan: &mut Plan<'_>, member: ResourceId, ordered: bool) {
        if is_active(plan, member) {
            if let (true, Some(previous), Some(last_active)) =
                (ordered, self.previous, self.last_active)
                && !is_active(plan, previous)
            {
                order(plan, member, last_active, &[("stop", "stop", ORDERED)]);
            }
            self.last_active = Some(member);
        }
        self.previous = Some(member);
    }
}

fn is_active(plan: &Plan<'_>, member: ResourceId) -> bool {
    !plan.resources[member].active_on.is_empty()
}

/// Puts what a member does between the beginning and the end of what the group does. The group is
/// down once `leads`, the first of ordered members, is.
fn order_with_group(
    plan: &mut Plan<'_>,
    group: ResourceId,
    member: ResourceId,
    leads: bool,
    promotable: bool,
) {
    let (down, is_down) = if leads {
        (WITH_PART | ORDERED, Relation::FIRST_IMPLIES_THEN)
    } else {
        (WITH_PART, AFTER_PART)
    };
    let is_up = BLOCKS | Relation::FIRST_IMPLIES_THEN | AFTER_PART;
    if promotable {
        order(plan, group, member, &[("demote", "demote", down)]);
        let rules = [
            ("demote", "demoted", is_down),
            ("promote", "promoted", is_up),
        ];
        order(plan, member, group, &rules);
        order(plan, group, member, &[("promote", "promote", WITH_PART)]);
    }
    order(plan, group, member, &[("stop", "stop", down)]);
    order(plan, member, group, &[("stop", "stopped", is_down)]);
    order(plan, group, member, &[("start", "start", WITH_PART)]);
    order(plan, member, group, &[("start", "running", is_up)]);
}

fn order_unordered(plan: &mut Plan<'_>, group: ResourceId, member: ResourceId, promotable: bool) {
    let relation = Relation::FIRST_IMPLIES_THEN | BLOCKS | WITH_PART;
    order(plan, group, member, &[("start", "start", relation)]);
    if promotable {
        order(plan, group, member, &[("promote", "promote", relation)]);
    }
}

fn order_after_previous(
    plan: &mut Plan<'_>,
    previous: ResourceId,
    member: ResourceId,
    promotable: bool,
) {
    let up = Relation::FIRST_IMPLIES_THEN | BLOCKS;
    order(plan, previous, member, &[("start", "start", up)]);
    let down = ORDERED | Relation::INTERMEDIATE_STOP;
    order(plan, member, previous, &[("stop", "stop", down)]);
    // A member that was added in the middle of a group whose later members are unmanaged is
    // inactive while this one is active: a restart's orderings do not hold here.
    if is_active(plan, member) && !is_active(plan, previous) {
        let relation = Relation::THEN_IMPLIES_FIRST | BLOCKS;
        order(plan, member, previous, &[("stop", "start", relation)]);
    }
    if promotable {
        order(plan, previous, member, &[("promote", "promote", up)]);
        order(plan, member, previous, &[("demote", "demote", ORDERED)]);
    }
}
