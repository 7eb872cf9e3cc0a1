//! What became of requests.

use std::collections::VecDeque;
use std::time::Duration;

use crate::action::Goal;

/// The most requests that are remembered; the oldest of those that are over is forgotten.
pub const MAX_HISTORY: usize = 500;

/// How it stands with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// It runs.
    Pending,
    /// The node is fenced, or unfenced.
    Success,
    /// It is not; why.
    Failed(String),
}

/// One request, with what became of it. Times are those of the caller's clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The request's number.
    pub number: u64,
    /// The node.
    pub target: String,
    /// What was to become of it.
    pub goal: Goal,
    /// Who asked.
    pub client: String,
    /// The node on which it asked.
    pub origin: String,
    /// The node whose call succeeded or failed last; `a human` where an operator confirmed it.
    pub delegate: Option<String>,
    /// How it stands.
    pub status: Status,
    /// When it came.
    pub started: Duration,
    /// When it was over.
    pub completed: Option<Duration>,
}

/// What became of requests, the oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    entries: VecDeque<Entry>,
}

impl History {
    /// All entries, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The last success for a node, whatever was to become of it (`stonith_admin --history`).
    #[must_use]
    pub fn last_success(&self, target: &str) -> Option<&Entry> {
        let mut entries = self.entries.iter().rev();
        entries.find(|it| it.status == Status::Success && it.is_for(target))
    }

    /// Forgets what is over, of one node or of all (`stonith_admin --history --cleanup`).
    pub fn clean_up(&mut self, target: Option<&str>) {
        self.entries.retain(|entry| {
            let is_meant = target.is_none_or(|target| entry.is_for(target));
            !is_meant || entry.status == Status::Pending
        });
    }

    pub(crate) fn add(&mut self, entry: Entry) {
        if self.entries.len() >= MAX_HISTORY {
            let over = |entry: &Entry| entry.status != Status::Pending;
            let oldest = self.entries.iter().position(over).unwrap_or(0);
            self.entries.remove(oldest);
        }
        self.entries.push_back(entry);
    }

    pub(crate) fn complete(
        &mut self,
        number: u64,
        status: Status,
        delegate: Option<String>,
        now: Duration,
    ) {
        let mut entries = self.entries.iter_mut();
        if let Some(entry) = entries.find(|entry| entry.number == number) {
            entry.status = status;
            entry.delegate = delegate;
            entry.completed = Some(now);
        }
    }

    /// Whether that was done for a node less than `tolerance` ago.
    pub(crate) fn was_done(
        &self,
        target: &str,
        goal: Goal,
        tolerance: Duration,
        now: Duration,
    ) -> bool {
        self.entries.iter().any(|entry| {
            let is_same = entry.is_for(target) && entry.goal == goal;
            let completed = entry.completed.filter(|_| entry.status == Status::Success);
            is_same && completed.is_some_and(|at| now.saturating_sub(at) < tolerance)
        })
    }
}

impl Entry {
    fn is_for(&self, target: &str) -> bool {
        self.target.eq_ignore_ascii_case(target)
    }
}
