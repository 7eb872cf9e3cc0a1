//! So much a second, and a second's worth at once.

use std::time::{Duration, Instant};

/// A store that fills with time and is emptied by use.
#[derive(Debug)]
pub(super) struct Allowance {
    per_second: u64,
    left: u64,
    filled: Instant,
}

impl Allowance {
    /// A full one.
    pub(super) fn new(per_second: u64, now: Instant) -> Self {
        Self {
            per_second,
            left: per_second,
            filled: now,
        }
    }

    /// Takes `amount` if it is there.
    pub(super) fn take(&mut self, amount: u64, now: Instant) -> bool {
        if self.left < amount {
            self.fill(now);
        }
        match self.left.checked_sub(amount) {
            Some(left) => {
                self.left = left;
                true
            }
            None => false,
        }
    }

    /// How long until `amount` is there, or the whole second's worth where that is less.
    pub(super) fn wait(&self, amount: u64) -> Duration {
        let missing = amount.min(self.per_second).saturating_sub(self.left);
        Duration::from_secs_f64(missing as f64 / self.per_second.max(1) as f64)
    }

    /// Takes `amount`, or all there is where even a full store has less.
    pub(super) fn take_at_most(&mut self, amount: u64, now: Instant) -> bool {
        self.take(amount.min(self.per_second), now)
    }

    /// Whether nothing was taken for so long that it is full.
    pub(super) fn is_full(&mut self, now: Instant) -> bool {
        self.fill(now);
        self.left == self.per_second
    }

    fn fill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.filled);
        let gained = elapsed.as_nanos() * u128::from(self.per_second) / 1_000_000_000;
        // Less than one is not lost: the time of filling stays where it was.
        if gained > 0 {
            let gained = u64::try_from(gained).unwrap_or(u64::MAX);
            self.left = self.left.saturating_add(gained).min(self.per_second);
            self.filled = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_worth_what_it_should() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut allowance = Allowance::new(10, start);
        for (ms, amount, expected, left) in [
            (0, 10, true, 0),
            (0, 1, false, 0),
            (99, 1, false, 0),
            (100, 1, true, 0),
            (350, 3, false, 2),
            (1000, 8, true, 0),
            (9000, 11, false, 10),
        ] {
            assert_eq!(allowance.take(amount, at(ms)), expected, "{ms} ms");
            assert_eq!(allowance.left, left, "{ms} ms");
        }
        assert!(allowance.take_at_most(11, at(9000)));
        assert_eq!(allowance.wait(5), Duration::from_millis(500));
        assert!(!allowance.is_full(at(9900)));
        assert!(allowance.is_full(at(10_000)));
    }
}
