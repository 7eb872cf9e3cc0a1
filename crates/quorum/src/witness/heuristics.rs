//! Heuristics: commands that say whether a node is of any use, and what that weighs
//! (corosync-qdevice(8)). Running them is for others.

use std::time::Duration;

/// The most commands (`heuristics_max_execs`).
pub const MAX_HEURISTICS_COMMANDS: usize = 32;

/// Half of the device's timeout of 10 s.
pub const DEFAULT_HEURISTICS_TIMEOUT: Duration = Duration::from_secs(5);

/// Half of the device's sync timeout of 30 s.
pub const DEFAULT_HEURISTICS_SYNC_TIMEOUT: Duration = Duration::from_secs(15);

/// Three times the device's timeout.
pub const DEFAULT_HEURISTICS_INTERVAL: Duration = Duration::from_secs(30);

/// What a node's commands say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Heuristics {
    /// There are none, or none have been run yet.
    #[default]
    Disabled,
    /// All commands ended with 0 and in time.
    Passed,
    /// One did not.
    Failed,
}

impl Heuristics {
    /// Of each command's result.
    #[must_use]
    pub fn of(results: impl IntoIterator<Item = bool>) -> Self {
        let mut results = results.into_iter().peekable();
        if results.peek().is_none() {
            Self::Disabled
        } else if results.all(|passed| passed) {
            Self::Passed
        } else {
            Self::Failed
        }
    }

    /// What a connected node with this result adds to the score of its partition: 1 for being
    /// connected, 1 more where its heuristics pass, 1 less where they fail.
    #[must_use]
    pub const fn score(self) -> i32 {
        match self {
            Self::Disabled => 1,
            Self::Passed => 2,
            Self::Failed => 0,
        }
    }
}

/// `quorum.device.heuristics.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeuristicsMode {
    /// At the start, at changes, at connections, and at regular times.
    On,
    /// The same without regular times.
    Sync,
    /// Never.
    #[default]
    Off,
}

/// What calls for the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The node starts, the view changes, or the witness was reached anew.
    Change,
    /// The interval is over.
    Interval,
}

/// `quorum.device.heuristics`, without the commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeuristicsSettings {
    /// When they are run.
    pub mode: HeuristicsMode,
    /// How long the commands may take at regular times.
    pub timeout: Duration,
    /// How long they may take at changes.
    pub sync_timeout: Duration,
    /// Between two runs at regular times.
    pub interval: Duration,
}

impl Default for HeuristicsSettings {
    fn default() -> Self {
        Self {
            mode: HeuristicsMode::Off,
            timeout: DEFAULT_HEURISTICS_TIMEOUT,
            sync_timeout: DEFAULT_HEURISTICS_SYNC_TIMEOUT,
            interval: DEFAULT_HEURISTICS_INTERVAL,
        }
    }
}

impl HeuristicsSettings {
    /// Whether the commands are to be run, and how long they may take.
    #[must_use]
    pub const fn due(&self, occasion: Occasion) -> Option<Duration> {
        match (self.mode, occasion) {
            (HeuristicsMode::Off, _) | (HeuristicsMode::Sync, Occasion::Interval) => None,
            (_, Occasion::Change) => Some(self.sync_timeout),
            (HeuristicsMode::On, Occasion::Interval) => Some(self.timeout),
        }
    }
}
