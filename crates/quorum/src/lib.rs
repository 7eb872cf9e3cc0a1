//! Quorum: may this partition act? Votes, without I/O.
//!
//! Owns: the options of votequorum(5), what a member brings to a view change (`Attachment`), the
//! facts that change the verdict within a view, the verdict itself, and the witness: its decisions
//! and its messages. Must never: use a clock, a socket, a file, a thread or randomness, nor decide
//! from anything that is not agreed: members of one view, given the same attachments and the same
//! facts in the same order, come to the same verdict. Time comes in as a `Duration` since a start of
//! the caller's choice, and must never run back.
//!
//! ```text
//!  view change ── Attachment of each member ─┐
//!  group's order ── Fact ────────────────────┼─► Quorum ──► Verdict: quorate, exclusive, reasons
//!  stable, timer, the witness' vote ─────────┘     │
//!                                                  ├─► Command::Broadcast(Fact)  (the leader)
//!                                                  └─► Command::Save(Record)     (before the ack)
//! ```
//!
//! *Quorate* is what votequorum(5) says. *Exclusive* is stronger: no other partition can be quorate
//! at the same time, as long as
//! 1. all nodes have the same options;
//! 2. a member of a view has left all earlier views; one that is cut off stops acting before a view
//!    without it is installed (the membership's lease); and a restarted node joins no view before
//!    that is so for the others in the views of its earlier life;
//! 3. a record is on disk before the fact that changed it is acknowledged, a fact that is delivered
//!    while the view breaks is never acknowledged, and records survive restarts (a node whose
//!    record is unreadable says so: [`Start::Lost`]);
//! 4. nobody set `expected_votes` by hand in a partition without quorum;
//! 5. the leader lets no follower go on after [`Quorum::vouches`] is false (the witness' lease).
//!
//! A `two_node` cluster without a witness is quorate on both sides of a cut, and therefore not
//! exclusive on either.

mod attachment;
mod bytes;
mod change;
mod electorate;
mod fact;
mod knowledge;
mod options;
mod reasons;
mod state;
mod verdict;
mod view;
pub mod witness;

pub use attachment::{Attachment, Memory, Record};
pub use bytes::DecodeError;
pub use electorate::Electorate;
pub use fact::{Fact, Refusal};
pub use options::{
    Algorithm, DEFAULT_LAST_MAN_STANDING_WINDOW, MAX_LAST_MAN_STANDING_WINDOW,
    MIN_LAST_MAN_STANDING_WINDOW, Notice, Options, OptionsError, Settings, TieBreaker,
    WitnessSettings,
};
pub use state::{Command, Quorum, Start};
pub use verdict::{Facts, Verdict, WitnessVote, verdict};
pub use view::{View, ViewId};

/// A node of the cluster: `nodeid` of corosync.conf(5), from 1.
pub type NodeId = u32;

/// The most nodes that can vote, as in the membership.
pub const MAX_NODES: usize = 64;

/// The most votes that one node, or `expected_votes`, can be set to.
pub const MAX_VOTES: u32 = 10_000;

/// The most votes that all nodes and a witness can come to.
pub const MAX_EXPECTED_VOTES: u32 = 2 * MAX_NODES as u32 * MAX_VOTES;

/// The most electorates that a node keeps open: each comes of a view that broke between the proposal
/// and the knowledge of all its members, within the few milliseconds that this takes.
pub const MAX_OPEN: usize = 4;

/// The longest attachment: what the membership carries.
pub const MAX_ATTACHMENT_BYTES: usize = 4096;
