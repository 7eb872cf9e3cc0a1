//! What somebody asks of fencing.

use std::time::Duration;

use crate::action::Goal;

/// Somebody wants a node fenced, or unfenced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The node.
    pub target: String,
    /// What is to become of it.
    pub goal: Goal,
    /// Who asks: a program.
    pub client: String,
    /// The node on which it asks.
    pub origin: String,
    /// How long to wait before the first device cuts the node off (`priority-fencing-delay`, or
    /// `stonith_admin --delay`), in addition to the device's own delay. None: no delay at all, not
    /// even the devices' own (`--delay -1`).
    pub delay: Option<Duration>,
    /// How long one device's action may take where the device does not say (`stonith-timeout`).
    pub timeout: Duration,
    /// Nothing is done where the same was done successfully less than that long ago.
    pub tolerance: Duration,
    /// A random number, for `pcmk_delay_max`.
    pub dice: u64,
}

/// What becomes of a request at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// It runs, or waits for its turn; a [`crate::Command::Finished`] with that number comes.
    Running(u64),
    /// One that wants the same of the same node is running already; its number.
    Joined(u64),
    /// It was done a moment ago.
    Tolerated,
    /// Too many are running ([`crate::MAX_REQUESTS`]).
    Refused,
}
