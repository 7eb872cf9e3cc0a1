//! The witness: a process on a third machine that gives its vote to one partition of a cluster.
//!
//! It does what corosync-qnetd(8) does with corosync-qdevice(8), for several clusters at once, and
//! what they leave open: its vote is a lease, so that it can move to another partition without a
//! moment in which two have it.
//!
//! ```text
//!  node (Holder)                                   witness (Witness)
//!   Quorum ──► follow() ──► Request ──────────────► handle() ──► ranking: which partition?
//!   Quorum::witness(until) ◄── answer() ◄─ Answer ◄─┘             lease: is it free?
//! ```
//!
//! The holder counts its lease from the time it *sent* the request, the witness from the time it
//! answered, and adds what two clocks can drift apart: the holder's always ends first. A vote that
//! is not needed is not asked for, and then it need not run out before another partition gets it.
//!
//! Every node reports; the leader of a view asks for the vote. A leader that does not reach the
//! witness may send its request through any member that does: the request says who asks.
//! Who may speak for which node of which cluster is for the transport to check.

mod arbiter;
mod heuristics;
mod holder;
mod message;
mod ranking;

use std::time::Duration;

pub use arbiter::{Witness, WitnessLimits};
pub use heuristics::{
    DEFAULT_HEURISTICS_INTERVAL, DEFAULT_HEURISTICS_SYNC_TIMEOUT, DEFAULT_HEURISTICS_TIMEOUT,
    Heuristics, HeuristicsMode, HeuristicsSettings, MAX_HEURISTICS_COMMANDS, Occasion,
};
pub use holder::{Contact, Holder, HolderError, HolderSettings};
pub use message::{
    Answer, ClusterName, MAX_ANSWER_BYTES, MAX_CLUSTER_NAME_BYTES, MAX_REQUEST_BYTES, Preference,
    Reason, Request, Ruling, TieBreaker,
};

/// The lease that a node asks for, where nothing else is configured.
pub const DEFAULT_LEASE: Duration = Duration::from_secs(2);

/// The shortest lease.
pub const MIN_LEASE: Duration = Duration::from_millis(100);

/// The longest lease: as long as that, a cluster may have to wait for a vote.
pub const MAX_LEASE: Duration = Duration::from_secs(60);

/// How often a lease is renewed while it lasts.
pub const RENEWALS_PER_LEASE: u32 = 4;

/// How fast or slow a clock may run, in per cent of the true time.
pub const MAX_DRIFT_PERCENT: u32 = 10;

/// How long the witness waits for nodes that have not yet reported their new view, before it
/// decides without them.
pub const DEFAULT_SETTLE_TIME: Duration = Duration::from_millis(100);

/// The most clusters that one witness serves.
pub const MAX_CLUSTERS: usize = 256;

/// How long the witness must wait until a lease has ended on a clock that runs as slow as a clock
/// may, while its own runs as fast as one may.
#[must_use]
pub fn hold_time(lease: Duration) -> Duration {
    lease * (100 + MAX_DRIFT_PERCENT) / (100 - MAX_DRIFT_PERCENT) + Duration::from_nanos(1)
}
