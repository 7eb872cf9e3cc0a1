//! Ordering: orderings become relations between actions, and what they imply is carried through
//! until nothing changes any more.
//!
//! ```text
//! orderings ──► resolve ──► relations ──► propagation ◄──► pair, effects, collective
//! (keys)        the actions  before/after   what is required,     what one relation
//!               that exist                  what can run          means for two actions
//! ```
//!
//! 1. Each ordering, in order of creation, is applied to the actions that there are ([`resolve`]);
//!    where the first is missing it may be made.
//! 2. What cannot start holds back what must be with it ([`colocation`]).
//! 3. Probes are ordered before what depends on their results (`transition`).
//! 4. From the action made last to the one made first, what its relations imply is worked out
//!    ([`propagation`]); every change is followed in both directions at once.
//! 5. Relations that cannot hold are dropped ([`invalid`]).

mod collective;
mod colocation;
mod effects;
mod interleave;
mod invalid;
mod migration;
mod pair;
mod propagation;
mod resolve;
#[cfg(test)]
mod tests;

pub(crate) use interleave::original_task;
pub use migration::repeat_for_migration;

use crate::model::Plan;
use crate::transition;
use propagation::Propagation;

/// Applies all orderings.
pub fn apply(plan: &mut Plan<'_>) {
    resolve::resolve_all(plan);
    let mut propagation = Propagation::new(plan);
    for action in propagation.plan.actions.ids().rev() {
        propagation.block_colocation_dependents(action);
    }
    transition::order_probes(propagation.plan);
    for action in propagation.plan.actions.ids().rev() {
        propagation.settle(action);
    }
    invalid::drop_invalid(plan);
}
