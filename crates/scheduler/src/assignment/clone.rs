//! Assigning a clone.
//!
//! What it follows is assigned first. Then dependents' scores are merged into the clone's own, and
//! its instances are put in order and assigned one by one; if it is promotable, promotion scores
//! count in the order and on the nodes, and roles are chosen at the end.

use super::colocations::{colocations_of, colocations_with};
use super::dependents::add_dependent_scores;
use super::{assign_before, instance_order, instances, promotion, promotion_scores, show_scores};
use crate::model::{NodeId, Plan, ResourceId};

/// Assigns the instances of `clone`; see [`super::assign`].
pub(super) fn assign_clone(
    plan: &mut Plan<'_>,
    clone: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) {
    let of = &plan.resources[clone];
    if !of.unassigned || of.assigning {
        return;
    }
    let promotable = of.promotable;
    plan.resources[clone].assigning = true;
    if promotable {
        promotion_scores::add_to_node_scores(plan, clone);
    }
    for colocation in colocations_of(plan, clone) {
        let primary = plan.colocations[colocation].primary;
        assign_before(plan, primary, prefer, stop_if_fail);
    }
    for colocation in colocations_with(plan, clone) {
        add_dependent_scores(plan, colocation, clone);
    }
    show_scores(plan, clone, "pcmk__clone_assign");

    let mut children = plan.resources[clone].children.clone();
    instance_order::sort(plan, &mut children);
    plan.resources[clone].children.clone_from(&children);
    let limits = plan.clone_data(clone).map(|data| instances::Limits {
        total: data.max,
        per_node: data.node_max,
    });
    instances::assign_instances(plan, clone, &children, limits.unwrap_or_default());
    if promotable {
        promotion::choose_roles(plan, clone);
    }
    let of = &mut plan.resources[clone];
    of.unassigned = false;
    of.assigning = false;
}
