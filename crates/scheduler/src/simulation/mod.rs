//! Simulation: what a CIB looks like after something happened to the cluster.
//!
//! ```text
//! CIB + Injections ──► inject ──► CIB', events          (nodes, tickets, results of operations)
//! CIB + graph ──► Walk ──► carry_out ──► CIB', events    (a transition, as if agents had done it)
//! ```
//!
//! Owns: edits of the status section that stand for events. Where a real cluster's controller would
//! write what happened, this writes what is pretended to have happened; the scheduler then reads it
//! like any other CIB.
//!
//! Must never: decide; events come from the operator or from a graph.

mod events;
mod execute;
mod failures;
mod history;
mod injections;
mod status_section;

pub use events::Event;
pub use execute::{Execution, carry_out};
pub use injections::{Injections, inject};
pub use status_section::Fault;

/// Who is named as the origin of edits.
const ORIGIN: &str = "crm_simulate";
/// Who is named as the origin of a fenced node's state.
const FENCING_ORIGIN: &str = "simulate_fencing_action";

#[cfg(test)]
mod tests;
