//! What a node does for the cluster's resources, and what the one that leads does for all nodes.
//!
//! Owns: the resources of this node (what runs, what is under way, what recurs), and, on the
//! coordinator, the walk from the agreed CIB to the state that the scheduler wants. Must never: have a
//! clock, carry out an operation, or decide where something runs; it must never believe that
//! something was done that its node did not say.
//!
//! ```text
//!                 coordinator (leads the view)                          every node
//!  CIB, view ─► Coordinator ─► Decide ─► graph ─► Walk ─ Execute ──► Executor ─► Start (an agent)
//!                    ▲                                               │    ▲
//!                    └──────────── Done ◄── history in the CIB ◄─────┘    └─ result
//! ```
//!
//! Everything that nodes say to each other goes through the order of the CIB's changes, and is heard
//! once all before it is committed: whoever hears that an operation is done has its result in its own
//! CIB. A coordinator that dies leaves nothing half-known: each node writes what it knows of its
//! resources anew for each view, what is under way included, and the next coordinator begins there.

mod action;
mod attributes;
mod controller;
mod coordinator;
mod executor;
mod message;
mod operation;
mod report;
mod resource;
mod states;
mod transition;

use std::time::Duration;

pub use action::{Action, Agent, ClusterAction, ResourceAction};
pub use controller::{ChangeNumber, Controller, Output, View};
pub use coordinator::{DEADTIME, FIRST_LOOK, Fencing, RETURN_LIMIT, TAKEOVER_DELAY, Ticket};
pub use executor::{CallId, Executor, ExecutorOutput, Identity, News};
pub use message::{MAX_MESSAGE_BYTES, Message, MessageError};
pub use operation::{KeyError, Operation, OperationResult, Outcome, TransitionKey};
pub use report::Report;

/// What the clocks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Now {
    /// Time since an arbitrary start; never goes back.
    pub at: Duration,
    /// Seconds since 1970, as far as this node knows: for people, and for rules about dates.
    pub epoch_s: i64,
}
