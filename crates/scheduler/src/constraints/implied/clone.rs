//! What follows for a clone: its collective tasks follow each other, and its instances stand
//! between them; instances of an ordered clone start one after the other, by number, and stop the
//! other way round.

use cib::number::scan_integer;

use super::{AFTER_PART, BLOCKS, ORDERED, WITH_PART, imply_for, order, promotable};
use crate::model::{Plan, ResourceId};

/// Adds what follows from `clone` and its instances.
pub(super) fn imply(plan: &mut Plan<'_>, clone: ResourceId) {
    let rules = [
        ("stopped", "start", ORDERED),
        ("start", "running", BLOCKS),
        ("stop", "stopped", BLOCKS),
    ];
    order(plan, clone, clone, &rules);
    let promotable = plan.resources[clone].promotable;
    if promotable {
        let rules = [("demoted", "stop", ORDERED), ("running", "promote", BLOCKS)];
        order(plan, clone, clone, &rules);
    }
    let ordered = plan.clone_data(clone).is_some_and(|data| data.ordered);
    if ordered {
        sort_instances(plan, clone);
    }
    for index in 0..plan.resources[clone].children.len() {
        let instance = plan.resources[clone].children[index];
        imply_for(plan, instance);
        order(
            plan,
            clone,
            instance,
            &[("start", "start", BLOCKS | WITH_PART)],
        );
        order(plan, instance, clone, &[("start", "running", AFTER_PART)]);
        order(plan, clone, instance, &[("stop", "stop", WITH_PART)]);
        order(plan, instance, clone, &[("stop", "stopped", AFTER_PART)]);
        if !ordered {
            continue;
        }
        for index in index + 1..plan.resources[clone].children.len() {
            let later = plan.resources[clone].children[index];
            order(plan, instance, later, &[("start", "start", ORDERED)]);
            order(plan, later, instance, &[("stop", "stop", ORDERED)]);
        }
    }
    if promotable {
        promotable::imply(plan, clone, ordered);
    }
}

/// Sorts instances by number: history may have shown them in another order.
fn sort_instances(plan: &mut Plan<'_>, clone: ResourceId) {
    let mut children = std::mem::take(&mut plan.resources[clone].children);
    children.sort_by_cached_key(|&child| instance_number(&plan.resources[child].id));
    plan.resources[clone].children = children;
}

/// The number at the end of an instance's id: after the last colon, or else the last dash.
fn instance_number(id: &str) -> i64 {
    id.rsplit_once(':')
        .or_else(|| id.rsplit_once('-'))
        .and_then(|(_, number)| scan_integer(number))
        .map_or(0, |scanned| scanned.value)
}
