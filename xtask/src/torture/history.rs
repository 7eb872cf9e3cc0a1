//! What the clients of one round did and were told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use linearizability::{Action, Operation};

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// A quorum that no other part can have vouches for it.
    Acknowledged,
    /// It is made, but a merge may lose it.
    WithoutQuorum,
    /// Nobody knows.
    Unknown,
    /// It was not made.
    Refused,
}

/// The history of a round.
pub struct History {
    round: u32,
    began: Instant,
    next_value: AtomicU64,
    told: Mutex<BTreeMap<Told, u64>>,
    operations: Mutex<Vec<Operation>>,
}

impl History {
    /// Nothing was done yet.
    pub fn new(round: u32) -> Self {
        Self {
            round,
            began: Instant::now(),
            next_value: AtomicU64::new(1),
            told: Mutex::default(),
            operations: Mutex::default(),
        }
    }

    /// The name of something of this round.
    pub fn name(&self, what: &str, number: u64) -> String {
        format!("{what}{}.{number}", self.round)
    }

    /// A number that nothing else of the round has.
    pub fn number(&self) -> u64 {
        self.next_value.fetch_add(1, Relaxed)
    }

    /// Microseconds since the beginning of the round.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Something was done to a register. What surely had no effect is counted only.
    pub fn changed(&self, invoked: u64, key: &str, action: Action, told: Told) {
        *lock(&self.told).entry(told).or_default() += 1;
        if told == Told::Refused {
            return;
        }
        lock(&self.operations).push(Operation {
            invoked,
            answered: (told == Told::Acknowledged).then(|| self.now()),
            key: key.to_owned(),
            action,
        });
    }

    /// A register was read, and held this.
    pub fn read(&self, invoked: u64, answered: u64, key: &str, value: Option<&str>) {
        lock(&self.operations).push(Operation {
            invoked,
            answered: Some(answered),
            key: key.to_owned(),
            action: Action::Read(value.map(str::to_owned)),
        });
    }

    /// How many changes were told what.
    pub fn told(&self) -> BTreeMap<Told, u64> {
        lock(&self.told).clone()
    }

    /// Everything that may have had an effect.
    pub fn operations(&self) -> Vec<Operation> {
        lock(&self.operations).clone()
    }

    /// As text, for `cargo xtask linearizability`.
    pub fn render(&self) -> String {
        linearizability::render(&self.operations())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
