//! The table at the end.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::history::{History, Told};

/// What happened in all rounds.
#[derive(Default)]
pub struct Summary {
    /// How many there were.
    pub rounds: u32,
    /// How often which fault struck.
    pub faults: BTreeMap<&'static str, u64>,
    /// The longest time without quorum while most machines were unharmed.
    pub without_quorum: Duration,
    told: BTreeMap<Told, u64>,
    last: BTreeMap<Told, u64>,
    reads: u64,
    whole_after: Duration,
    settled_after: Duration,
}

impl Summary {
    /// A round's history is added.
    pub fn add(&mut self, history: &History) {
        self.last = history.told();
        for (told, count) in &self.last {
            *self.told.entry(*told).or_default() += count;
        }
        let operations = history.operations();
        let reads = operations
            .iter()
            .filter(|operation| matches!(operation.action, linearizability::Action::Read(_)));
        self.reads += reads.count() as u64;
    }

    /// The cluster was whole again so long after everything was healed.
    pub fn whole_after(&mut self, time: Duration) {
        self.whole_after = self.whole_after.max(time);
    }

    /// Each resource ran on one machine so long after that.
    pub fn settled_after(&mut self, time: Duration) {
        self.settled_after = self.settled_after.max(time);
    }

    /// One line for the round that ended.
    pub fn last_round(&self) -> String {
        format!("round {}: {}", self.rounds, sentence(&self.last))
    }
}

fn sentence(told: &BTreeMap<Told, u64>) -> String {
    let count = |which| told.get(&which).copied().unwrap_or(0);
    format!(
        "changes: {} acknowledged, {} without quorum, {} unknown, {} refused",
        count(Told::Acknowledged),
        count(Told::WithoutQuorum),
        count(Told::Unknown),
        count(Told::Refused)
    )
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (fault, count) in &self.faults {
            writeln!(f, "{fault:<28} {count:>7}")?;
        }
        writeln!(f, "{:<28} {:>7}", "rounds", self.rounds)?;
        writeln!(f, "{}", sentence(&self.told))?;
        writeln!(f, "values of registers read: {}", self.reads)?;
        writeln!(
            f,
            "longest time until all were together again: {} ms",
            self.whole_after.as_millis()
        )?;
        writeln!(
            f,
            "longest time from then until each resource ran on one machine: {} ms",
            self.settled_after.as_millis()
        )?;
        write!(
            f,
            "longest time without quorum while most machines were unharmed: {} ms",
            self.without_quorum.as_millis()
        )
    }
}
