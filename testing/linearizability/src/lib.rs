//! Whether what clients saw can be explained by one copy that did one thing at a time.
//!
//! Owns: the history of operations on registers, its form as text, and the search for an order that
//! explains it. Must never: know where a history comes from.
//!
//! ```text
//! operations with their times ──► History ──► check ──► an order exists, or which register has none
//! ```
//!
//! The search is that of Wing and Gong (1993) with the memory of Lowe (2017): take an operation that
//! was invoked before any that is not yet taken had ended, see whether the register allows it, go on,
//! and never look twice at the same set of taken operations with the same value. Registers are
//! independent of each other, so each is searched alone (Herlihy and Wing 1990, section 3.3).

mod history;
mod search;

pub use history::{Action, HistoryError, Operation, Value, parse, render};
pub use search::{Violation, check};
