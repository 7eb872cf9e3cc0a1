//! Ordering: orderings become relations between actions, and what they imply is carried through
//! until nothing changes any more.

use crate::model::Plan;

/// Applies all orderings.
pub fn apply(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}
