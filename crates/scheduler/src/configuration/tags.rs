//! Tags: names for sets of objects.

use cib::hashed::HashSet;

use super::section;
use crate::model::Plan;

/// Reads the tags into `plan`.
pub(super) fn unpack(plan: &mut Plan<'_>) {
    let mut known = HashSet::default();
    let tags = section(plan, "tags").into_iter();
    for tag in tags.flat_map(|tags| tags.children_named("tag")) {
        let Some(id) = tag.id() else {
            plan.configuration_error("Ignoring <tag> without id");
            continue;
        };
        for reference in tag.children_named("obj_ref") {
            let Some(target) = reference.id() else {
                plan.configuration_error(format!("Ignoring <obj_ref> for tag '{id}' without id"));
                continue;
            };
            if known.insert((id, target)) {
                plan.tags.entry(id).or_default().push(target);
            }
        }
    }
}
