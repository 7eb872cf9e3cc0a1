//! Taking turns by weight, as evenly spread as the weights allow.

use super::Candidate;

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
