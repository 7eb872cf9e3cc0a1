//! Fencing levels. The scheduler has no use for them; the fencer has, so that mistakes are worth a
//! message.

use super::number::parse_integer;
use super::section;
use crate::model::Plan;

/// The levels that there can be.
const LEVELS: std::ops::RangeInclusive<i64> = 1..=9;

/// Notes what is wrong with fencing levels.
pub(super) fn check(plan: &mut Plan<'_>) {
    let topology = section(plan, "fencing-topology").into_iter();
    for level in topology.flat_map(|topology| topology.children_named("fencing-level")) {
        let Some(id) = level.id().filter(|id| !id.is_empty()) else {
            plan.configuration_error("Ignoring fencing level without ID");
            continue;
        };
        match level.attribute("index").and_then(parse_integer) {
            None => {
                plan.configuration_error(format!("Ignoring fencing level {id} with invalid index"))
            }
            Some(index) if !LEVELS.contains(&index) => plan.configuration_error(format!(
                "Ignoring fencing level {id} with out-of-range index {index}"
            )),
            Some(_) => {}
        }
    }
}
