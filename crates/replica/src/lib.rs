//! The replicated CIB: one copy on each node, changed in one order, and nothing acknowledged is lost.
//!
//! ```text
//!            requests of clients                      answers, changes, reports
//!                    │                                        ▲
//!              ┌─────▼────────────────────────────────────────┴────┐
//!   view ─────►│ replica: waits, applies, compares copies, commits │
//!   deliver ──►│                                                   │──► Submit, Acknowledge
//!   stable ───►└───────────────┬───────────────▲───────────────────┘    (the group)
//!                        Write │               │ written
//!                        ┌─────▼───────────────┴─────┐
//!                        │ store: generations        │──► trait Disk
//!                        └───────────────────────────┘
//! ```
//!
//! The group below (crate `membership`) delivers messages in one order and tells when all members have
//! acknowledged them. A member acknowledges a change when it is on its disk; so what is stable is on
//! the disk of every member, and only that is shown and answered. The crate's `LIFECYCLE.md` tells
//! the life of a change, [`exchange`] what happens when a view begins and why nothing is lost then.
//!
//! Owns: the node's copy of the CIB, applied and committed; the operations on it; the rules by which
//! copies are merged; the form of the files.
//!
//! Must never: show, answer or pass on to subscribers what is not committed; acknowledge what is not on
//! disk; drop a change without a report; let one version name two contents within the exclusive order.
//! It has no clock, file or socket: the shell carries out what it asks for.
//!
//! # What is promised, and to whom
//!
//! - [`Durability::ExclusiveQuorum`]: the change is on the disk of every member of a view that had
//!   exclusive quorum (or, by the group's option, of members with a quorum of votes). Every later such
//!   view has one of these members and takes over the change. Where votes come from a witness, which
//!   has no copy, a view of other members can follow while all that have the change are down: it does
//!   not have it until one of them returns, and then the copy that lost is kept in a file.
//! - [`Durability::WithoutQuorum`]: as above, if no other part of the cluster went on meanwhile.
//! - The status section is replicated and goes to joining members, and is empty after all have
//!   restarted.

pub mod change;
pub mod copy;
pub mod exchange;
pub mod execute;
pub mod history;
pub mod limits;
pub mod message;
mod output;
mod replica;
pub mod store;
mod wire;

pub use change::{CONTROLLER, Change, Expectation, Operation, Origin, section};
pub use copy::{CibCopy, Position};
pub use execute::ChangeError;
pub use history::{Chain, ChangeId, History};
pub use output::{
    Answer, Changed, Durability, Generation, LostCopy, Output, Refusal, Report, Request, RequestId,
    Standing, WriteFailure, WriteId, WriteJob,
};
pub use replica::Replica;
pub use wire::WireError;
