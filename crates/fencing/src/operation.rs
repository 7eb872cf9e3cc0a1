//! What is asked of a node that carries out a call, and what it answers.

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
