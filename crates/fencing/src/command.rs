//! What is to be done for requests, and what becomes of it.

use std::time::Duration;

use crate::action::Action;
use crate::parameters::Parameters;

/// An agent is to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The call's number; its result comes with it.
    pub number: u64,
    /// The node that is to do it.
    pub node: String,
    /// The device.
    pub device: String,
    /// The device's agent.
    pub agent: String,
    /// What the agent is asked.
    pub action: Action,
    /// The node that it is about, if it is about one.
    pub target: Option<String>,
    /// What the agent is told.
    pub parameters: Parameters,
    /// How long it may take.
    pub timeout: Duration,
    /// How many may run at once at that device on that node (`pcmk_action_limit`).
    pub limit: Option<usize>,
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallResult {
    /// The agent did it.
    Success {
        /// What it printed.
        output: String,
    },
    /// The agent, or whoever was to call it, said no.
    Failed {
        /// Why.
        reason: String,
    },
    /// Its time was over, and it was killed.
    TimedOut,
    /// The node that was to call it is gone; nobody knows.
    Lost,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Have a node call an agent.
    Call(Call),
    /// A call is not waited for any more, and may be ended.
    Cancel {
        /// Its number.
        number: u64,
    },
    /// The target is off, and what asked for a reboot need not wait until it is on again.
    CutOff {
        /// The request's number.
        number: u64,
    },
    /// A request is over.
    Finished {
        /// Its number.
        number: u64,
        /// How.
        outcome: Outcome,
    },
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The target is fenced, or unfenced.
    Done(Success),
    /// An operator vouches that the target is off.
    Confirmed,
    /// It is not: what was tried, and why it did not work, at most [`crate::MAX_REASONS`].
    Failed(Vec<String>),
}

/// How a request succeeded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Success {
    /// Device and node of each call that did it.
    pub by: Vec<(String, String)>,
    /// What did not work before, or afterwards.
    pub notes: Vec<String>,
}
