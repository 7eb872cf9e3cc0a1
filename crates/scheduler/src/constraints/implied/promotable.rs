//! What follows for a promotable clone: all instances are down before any goes up, and demotions
//! and promotions of instances stand between those of the clone.

use super::{AFTER_PART, ORDERED, WITH_PART, order};
use crate::model::{Plan, ResourceId};

/// Adds what follows from `clone`, whose instances follow each other if it is `ordered`.
pub(super) fn imply(plan: &mut Plan<'_>, clone: ResourceId, ordered: bool) {
    order_restart(plan, clone);
    let mut previous = None;
    for index in 0..plan.resources[clone].children.len() {
        let instance = plan.resources[clone].children[index];
        order(plan, instance, instance, &[("demote", "promote", ORDERED)]);
        order(plan, clone, instance, &[("promote", "promote", ORDERED)]);
        order(plan, instance, clone, &[("promote", "promoted", ORDERED)]);
        let previous = previous.replace(instance).filter(|_| ordered);
        if let Some(previous) = previous {
            order(plan, previous, instance, &[("promote", "promote", ORDERED)]);
        }
        order(plan, clone, instance, &[("demote", "demote", WITH_PART)]);
        order(plan, instance, clone, &[("demote", "demoted", AFTER_PART)]);
        if let Some(previous) = previous {
            order(plan, instance, previous, &[("demote", "demote", ORDERED)]);
        }
    }
}

/// Orders what a promotable clone, or bundle, does in a restart.
pub(super) fn order_restart(plan: &mut Plan<'_>, resource: ResourceId) {
    let rules = [
        ("stopped", "start"),
        ("stopped", "promote"),
        ("demoted", "stop"),
        ("demoted", "start"),
        ("demoted", "promote"),
        ("running", "promote"),
        ("demote", "demoted"),
    ];
    for (first, then) in rules {
        order(plan, resource, resource, &[(first, then, ORDERED)]);
    }
}
