//! Taking turns by weight, as evenly spread as the weights allow.

use super::Candidate;

/// The most turns of one round. Weights of which a round would need more are made coarser.
pub(super) const ROUND_MAX: usize = 4096;

/// The turns of one round: each candidate as often as its weight says, as evenly spread as
/// possible.
pub(super) fn round(usable: &[Candidate]) -> Vec<usize> {
    let mut usable = usable.to_vec();
    let divisor = usable.iter().fold(0, |divisor, candidate| {
        greatest_common_divisor(divisor, candidate.weight)
    });
    for candidate in &mut usable {
        candidate.weight /= divisor;
    }
    let total: usize = usable.iter().map(|c| c.weight as usize).sum();
    if total > ROUND_MAX {
        let coarser = u32::try_from(total.div_ceil(ROUND_MAX)).unwrap_or(u32::MAX);
        for candidate in &mut usable {
            candidate.weight = (candidate.weight / coarser).max(1);
        }
    }
    let turns = usable.iter().map(|c| c.weight as usize).sum();
    let places = usable.iter().map(|c| c.index + 1).max().unwrap_or(0);
    let mut robin = RoundRobin::new(places);
    (0..turns)
        .filter_map(|_| robin.next(&usable, |_| true))
        .collect()
}

fn greatest_common_divisor(mut one: u32, mut other: u32) -> u32 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Smooth weighted round robin: each turn every candidate gains its weight, the one with most is
/// picked and pays the sum of all. A server of weight 3 beside two of weight 1 gets turns 1, 3, 5
/// of five, not the first three.
pub(super) struct RoundRobin {
    /// What each server of the backend has gained, by position; kept while it is unusable, so that
    /// a return does not restart the rotation.
    gained: Vec<i64>,
}

impl RoundRobin {
    pub fn new(servers: usize) -> Self {
        Self {
            gained: vec![0; servers],
        }
    }

    /// The next in turn among those that fit.
    pub fn next(&mut self, usable: &[Candidate], fits: impl Fn(usize) -> bool) -> Option<usize> {
        let mut total = 0;
        let mut best: Option<usize> = None;
        for candidate in usable.iter().filter(|candidate| fits(candidate.index)) {
            let weight = i64::from(candidate.weight);
            total += weight;
            self.gained[candidate.index] += weight;
            if best.is_none_or(|best| self.gained[candidate.index] > self.gained[best]) {
                best = Some(candidate.index);
            }
        }
        let best = best?;
        self.gained[best] -= total;
        Some(best)
    }
}
