//! Resources on the simulated machines: agents, the scheduler and fence devices, as a seed has them.
//!
//! ```text
//! ResourcePlan ──► the CIB ──► controller in each node ──► Operate ─► Machine (what truly runs)
//!                                                     ├──► Decide ──► the real scheduler
//!                                                     └──► Fence ───► the target's machine dies
//! ```

mod acting;
mod machines;
mod plan;
mod rules;

use std::collections::BTreeMap;
use std::time::Duration;

use cib::CibVersion;
use cib::xml::Document;
use cluster_node::{CallId, OperationResult, Ticket};
use replica::RequestId;

pub(crate) use machines::Machine;
pub use plan::ResourcePlan;
pub(crate) use rules::REST_BOUND;

/// What a node learns about resources.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Operated(CallId, OperationResult),
    Decided(Ticket, Document),
    Fenced(Ticket, bool),
    Noticed(String),
}

/// All machines' resources.
#[derive(Debug)]
pub(crate) struct Resources {
    pub plan: ResourcePlan,
    pub machines: Vec<Machine>,
    /// What is on its way to nodes, by number.
    told: BTreeMap<u64, Told>,
    next: u64,
    /// Who was asked to take the configuration, in which life.
    asked: Option<(usize, u64, RequestId)>,
    /// The CIB that was last compared with what the scheduler wants, and whether that is it.
    looked_at: Option<(CibVersion, bool)>,
    /// Regular decisions that the operator has waited for.
    rechecks: u32,
    pub operations: u64,
    pub fencings: u64,
}

impl Resources {
    pub(crate) fn new(plan: ResourcePlan, machines: usize) -> Self {
        Self {
            plan,
            machines: (0..machines).map(|_| Machine::default()).collect(),
            told: BTreeMap::new(),
            next: 1,
            asked: None,
            looked_at: None,
            rechecks: 0,
            operations: 0,
            fencings: 0,
        }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next - 1
    }
}

/// The name of a node, by its place.
pub(crate) fn node_name(node: usize) -> String {
    format!("node{}", node + 1)
}

/// What the calendars of all machines say.
pub(crate) fn epoch_s(now: Duration) -> i64 {
    const BEGINNING_S: i64 = 1_800_000_000;
    BEGINNING_S + i64::try_from(now.as_secs()).unwrap_or(0)
}
