//! Taking turns by weight, as evenly spread as the weights allow.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Candidate;

/// Turns of one round that are worked out beforehand. Weights that make longer rounds are divided
/// until they fit, which costs them some of their precision.
const ROUND_MAX: u64 = 8_192;

/// One round of turns.
#[derive(Default)]
pub(super) struct RoundRobin {
    round: Vec<usize>,
}

impl RoundRobin {
    /// Works a round out for these servers.
    pub fn rebuild(&mut self, usable: &[Candidate]) {
        self.round = spread(usable);
    }

    /// The next in turn among those that fit. `turn` is shared by all workers, so that the
    /// servers take turns for the clients of all of them together.
    pub fn next(&self, turn: &AtomicU64, fits: impl Fn(usize) -> bool) -> Option<usize> {
        let len = self.round.len() as u64;
        if len == 0 {
            return None;
        }
        let start = usize::try_from(turn.fetch_add(1, Ordering::Relaxed) % len).unwrap_or(0);
        let (before, after) = self.round.split_at(start);
        after
            .iter()
            .chain(before)
            .copied()
            .find(|index| fits(*index))
    }
}

/// Every server as often as its weight says, relative to the others, and never longer in a row
/// than needed: each turn every server gains its weight, the one with most is picked and pays the
/// sum of all. A server of weight 3 beside two of weight 1 gets turns 1, 3 and 5 of five.
pub(super) fn spread(usable: &[Candidate]) -> Vec<usize> {
    let divisor = usable
        .iter()
        .fold(0, |divisor, candidate| gcd(divisor, candidate.weight));
    let total: u64 = usable
        .iter()
        .map(|candidate| u64::from(candidate.weight))
        .sum();
    let shrink = (total / u64::from(divisor.max(1)))
        .div_ceil(ROUND_MAX)
        .max(1);
    let weights: Vec<i64> = usable
        .iter()
        .map(|candidate| {
            let weight = u64::from(candidate.weight / divisor.max(1)) / shrink;
            i64::try_from(weight.max(1)).unwrap_or(1)
        })
        .collect();
    let total: i64 = weights.iter().sum();
    let mut gained = vec![0; usable.len()];
    (0..total)
        .map(|_| {
            let mut best = 0;
            for (place, weight) in weights.iter().enumerate() {
                gained[place] += weight;
                if gained[place] > gained[best] {
                    best = place;
                }
            }
            gained[best] -= total;
            usable[best].index
        })
        .collect()
}

const fn gcd(one: u32, other: u32) -> u32 {
    if other == 0 {
        one
    } else {
        gcd(other, one % other)
    }
}
