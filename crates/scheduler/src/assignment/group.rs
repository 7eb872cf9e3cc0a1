//! Assigning a group: its members, one after the other. The colocations between them keep them on
//! one node.

use super::location::set_next_role;
use super::{assign, show_scores};
use crate::model::{NodeId, Plan, ResourceId, Variant};

/// Assigns `group`; see [`super::assign`].
pub(super) fn assign_group(
    plan: &mut Plan<'_>,
    group: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) -> Option<NodeId> {
    let of = &plan.resources[group];
    if !of.unassigned {
        return of.assigned_to;
    }
    if of.assigning {
        return None;
    }
    let Some(&first) = of.children.first() else {
        plan.resources[group].unassigned = false;
        return None;
    };
    plan.resources[group].assigning = true;
    plan.resources[group].role = plan.resources[first].role;
    show_scores(plan, group, "pcmk__group_assign");
    let mut node = None;
    for member in plan.resources[group].children.clone() {
        let assigned = assign(plan, member, prefer, stop_if_fail);
        node = node.or(assigned);
    }
    let next_role = plan.resources[first].next_role;
    set_next_role(plan, group, next_role, "first group member");
    let of = &mut plan.resources[group];
    of.assigning = false;
    of.unassigned = false;
    match of.variant {
        Variant::Group(group) if group.colocated => node,
        _ => None,
    }
}
