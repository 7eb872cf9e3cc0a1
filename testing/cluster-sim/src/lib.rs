//! Whole clusters under faults that a seed decides: the real `membership` code, and the real
//! `cluster-node` with quorum and the replicated CIB, on a fake clock, network and disk.
//!
//! Owns: the fake world (clocks a year apart that run at different rates, links that lose, delay,
//! double, reorder and are cut in one direction or both, pauses, crashes between any two steps,
//! restarts, slow machines, disks that are slow, fill up, fail, and forget or tear what was not synced)
//! and what must hold in it. Must never: use a real clock or
//! randomness; a seed yields the same run for ever.
//!
//! ```text
//! seed ──► Scenario ──► World: faults, then none ──► outputs ──► Judge ──► Outcome or Failure
//! ```
//!
//! Each seed plays twice: messages in a group alone, then a replicated CIB with clients at any node.
//!
//! What holds at every step:
//! - a view's name has one meaning: the same members and attachments for all, and whoever installs it
//!   is in it; names rise for every life of a node;
//! - all deliver a view's messages in one order, without gaps; each sender's messages come in its
//!   order, and to the sender itself exactly once; they come to nobody twice, save to nodes that were
//!   parted from the sender before it saw the message;
//! - nodes that go together from one view to the next have delivered the same messages;
//! - what is committed is acknowledged by all members, or by enough votes;
//! - two nodes that rely on the votes of their view are in one view;
//! - queues are bounded, and nobody is busy without a cause.
//!
//! With the CIB, also:
//! - where a node may act and its verdict excludes that another part of the cluster has quorum, no node
//!   of another view may act;
//! - without a witness, which has no copy: a change that a client was told to be safe is in every copy of a later exclusive view;
//! - one version names one content in all exclusive views;
//! - what clients wrote and read in exclusive views is linearizable, restarts of everything included.
//!
//! With resources, which a play of its own runs ([`run_resources`]: the real controllers and scheduler,
//! agents that are slow, fail, hang and lie, machines that outlive their daemons, fence devices that are
//! slow and fail):
//! - with fencing, what is to run once in the cluster is started nowhere while it truly runs elsewhere,
//!   and a node that may leave runs nothing;
//! - once all faults have ended, within a bound: operations have come to an end, histories say what truly
//!   runs, the scheduler wants nothing more (where nothing is blocked), and where nothing has failed
//!   everything runs.
//!
//! And once all faults have ended, within [`Scenario::healing_bound`]: all nodes are in one view, rely
//! on its votes, and everything that was submitted is delivered and committed; all copies of the CIB
//! are the same, in memory and on disk, with every change that was said to be safe.

mod agenda;
mod carrying;
mod cib_judge;
mod clients;
mod clock;
mod faults;
mod judge;
mod message;
mod network;
mod node;
mod resources;
mod run;
mod scenario;
mod service;
mod serving;
mod witness;
mod world;

use std::fmt;
use std::time::Duration;

pub use faults::FaultKind;
pub use network::Weather;
pub use resources::ResourcePlan;
pub use run::{run, run_resources};
pub use scenario::{CibPlan, Scenario};

/// A run in which everything held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Simulated time.
    pub simulated: Duration,
    /// From the end of all faults to the agreement of all.
    pub healed_after: Duration,
    /// Views that were installed by anybody.
    pub views: u64,
    /// Messages that were delivered, counted at every node.
    pub delivered: u64,
    /// Frames that were sent.
    pub frames: u64,
    /// Changes of the CIB that clients were told to be safe.
    pub changes: u64,
    /// Operations of agents.
    pub operations: u64,
    /// Nodes that were fenced.
    pub fencings: u64,
}

impl Outcome {
    /// Both of them, one after the other.
    fn and(self, other: Self) -> Self {
        Self {
            simulated: self.simulated + other.simulated,
            healed_after: self.healed_after.max(other.healed_after),
            views: self.views + other.views,
            delivered: self.delivered + other.delivered,
            frames: self.frames + other.frames,
            changes: self.changes + other.changes,
            operations: self.operations + other.operations,
            fencings: self.fencings + other.fencings,
        }
    }
}

/// A run in which something did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// When, in simulated time.
    pub at: Duration,
    /// What did not hold.
    pub broken: String,
    /// Who took part, and how configured.
    pub scenario: String,
    /// Which simulation it is, in the words of the command that plays it.
    pub simulation: &'static str,
    /// The last lines of what happened.
    pub trace: Vec<String>,
}

/// Lines of what happened that a failure shows.
const SHOWN_LINES: usize = 200;

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.scenario)?;
        // Heartbeats tell little that is not told otherwise.
        let lines = self.trace.iter().rev();
        let lines = lines
            .filter(|line| !line.contains(": Heartbeat("))
            .take(SHOWN_LINES);
        for line in lines.collect::<Vec<_>>().into_iter().rev() {
            writeln!(formatter, "{line}")?;
        }
        let (seed, at) = (self.seed, self.at);
        writeln!(formatter, "seed {seed} at {at:?}: {}", self.broken)?;
        write!(
            formatter,
            "replay: cargo xtask sim {} --seeds 1 --from {seed}",
            self.simulation
        )
    }
}

impl std::error::Error for Failure {}
