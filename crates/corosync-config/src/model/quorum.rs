//! What `quorum` says: options of `votequorum(5)` and `corosync-qdevice(8)`, not yet weighed.

use diagnostics::{Span, Spanned};

use super::Address;

/// `quorum`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Quorum {
    /// Whether `provider: corosync_votequorum` is written. Without it, corosync counts no votes.
    pub provider: Option<Span>,
    /// `expected_votes`; absent, the sum of all nodes' votes and the device's.
    pub expected_votes: Option<Spanned<u32>>,
    /// `two_node`.
    pub two_node: Option<Spanned<bool>>,
    /// `wait_for_all`; absent, what `two_node` says.
    pub wait_for_all: Option<Spanned<bool>>,
    /// `auto_tie_breaker`.
    pub auto_tie_breaker: Option<Spanned<bool>>,
    /// `auto_tie_breaker_node`; absent, lowest.
    pub auto_tie_breaker_node: Option<Spanned<TieBreaker>>,
    /// `last_man_standing`.
    pub last_man_standing: Option<Spanned<bool>>,
    /// `last_man_standing_window` in milliseconds; absent, 10 000.
    pub last_man_standing_window_ms: Option<Spanned<u32>>,
    /// `allow_downscale`.
    pub allow_downscale: Option<Spanned<bool>>,
    /// `expected_votes_tracking`; absent, what `allow_downscale` says.
    pub expected_votes_tracking: Option<Spanned<bool>>,
    /// `device`: a witness.
    pub device: Option<Device>,
}

/// Which part of a cluster in two halves goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TieBreaker {
    /// The one with the lowest id.
    Lowest,
    /// The one with the highest id.
    Highest,
    /// The one with the first of these ids that there was in the cluster.
    Nodes(Vec<u32>),
}

/// `quorum.device`: a witness on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// `votes`; absent, one less than the sum of all nodes' votes.
    pub votes: Option<Spanned<u32>>,
    /// `timeout` in milliseconds: how long the witness may be silent; absent, 10 000.
    pub timeout_ms: Option<Spanned<u32>>,
    /// `sync_timeout` in milliseconds: the same while membership changes; absent, 30 000.
    pub sync_timeout_ms: Option<Spanned<u32>>,
    /// `master_wins`; absent, what the algorithm has.
    pub master_wins: Option<Spanned<bool>>,
    /// `net`.
    pub net: Net,
    /// `heuristics`.
    pub heuristics: Heuristics,
    /// Where it stands.
    pub span: Span,
}

/// `quorum.device.net`: how the witness is reached and how it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Net {
    /// `host`.
    pub host: Spanned<Address>,
    /// `port`; absent, 5403.
    pub port: Option<Spanned<u16>>,
    /// `algorithm`; absent, ffsplit.
    pub algorithm: Option<Spanned<Algorithm>>,
    /// `tie_breaker`; absent, lowest. Never more than one node.
    pub tie_breaker: Option<Spanned<TieBreaker>>,
    /// `tls`; absent, on.
    pub tls: Option<Spanned<Tls>>,
    /// `connect_timeout` in milliseconds; absent, 0.8 of the device's timeout.
    pub connect_timeout_ms: Option<Spanned<u32>>,
    /// `force_ip_version`: 4 or 6; absent, both.
    pub ip_version: Option<Spanned<u8>>,
    /// `keep_active_partition_tie_breaker`; absent, on.
    pub keep_active_partition: Option<Spanned<bool>>,
}

/// How a witness decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// One vote to the larger half (`ffsplit`).
    Ffsplit,
    /// Votes enough for the last node that sees the witness (`lms`).
    Lms,
}

/// Whether the way to a witness is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Where the witness can.
    On,
    /// Never.
    Off,
    /// Always.
    Required,
}

/// `quorum.device.heuristics`: commands that tell whether this node is of use.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heuristics {
    /// `mode`; absent, off.
    pub mode: Option<Spanned<HeuristicsMode>>,
    /// `timeout` in milliseconds; absent, half of the device's.
    pub timeout_ms: Option<Spanned<u32>>,
    /// `sync_timeout` in milliseconds; absent, half of the device's.
    pub sync_timeout_ms: Option<Spanned<u32>>,
    /// `interval` in milliseconds; absent, three times the device's timeout.
    pub interval_ms: Option<Spanned<u32>>,
    /// `exec_NAME`, in the order written; at most [`Heuristics::MAX_COMMANDS`].
    pub commands: Vec<Command>,
}

impl Heuristics {
    /// The most commands (`heuristics_max_execs` of `corosync-qdevice(8)`).
    pub const MAX_COMMANDS: usize = 32;
}

/// When heuristics run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeuristicsMode {
    /// At changes and at each interval.
    On,
    /// At changes only.
    Sync,
    /// Never.
    Off,
}

/// One command of the heuristics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The NAME of `exec_NAME`.
    pub name: String,
    /// The command line: words, with double quotes and backslashes.
    pub line: Spanned<String>,
}
