//! What one node of the cluster decides: quorum, the replicated CIB and its resources, on top of a group.
//!
//! Owns: which message is whose, when a message may be acknowledged, what votes the group's lease
//! rests on. Must never: have a clock, a socket or a disk, or know how the group is made: it may be
//! ours or corosync's.
//!
//! ```text
//! group: view, deliver, committed ─►┌─────────────┐─► Submit, Acknowledge, SetVotes, SetAttachment
//! clients: request ────────────────►│ ClusterNode │─► Answer
//! disk: written ───────────────────►│  quorum     │─► Write
//! time: tick ──────────────────────►│  replica    │─► Verdict, Changed, Report
//!                                   └─────────────┘
//! ```

mod acknowledging;
mod lease_votes;
mod message;
mod node;
mod record;
mod resources;

pub use controller::{
    Agent, CallId, Fencing, Operation, OperationResult, Outcome as OperationStatus, Ticket,
};
pub use message::{Message, MessageError};
pub use node::{ClusterNode, Output, Start, Write, WriteNumber};
pub use record::{RECORD, RECORD_CORRUPT, perform, read_record};
pub use resources::Action;
