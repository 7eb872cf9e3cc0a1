//! How soon a dead child gets a successor.

use std::time::Duration;

use super::limits::{BACK_OFF_FIRST, BACK_OFF_MAX, CALM_AFTER, DEATHS_IN_A_ROW, IMMEDIATE_STARTS};

/// The deaths of one role.
#[derive(Debug, Default)]
pub struct Restarts {
    in_a_row: u32,
    total: u64,
}

impl Restarts {
    /// Records a death after that much service (none: it never became ready) and says how long to
    /// wait before the next start.
    pub fn died(&mut self, served: Duration) -> Duration {
        if served >= CALM_AFTER {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.total = self.total.saturating_add(1);
        match self.in_a_row.checked_sub(IMMEDIATE_STARTS + 1) {
            None => Duration::ZERO,
            // 2^16 × 100 ms is beyond any maximum.
            Some(doublings) => (BACK_OFF_FIRST * (1 << doublings.min(16))).min(BACK_OFF_MAX),
        }
    }

    /// Whether it dies so often that nobody should rely on it.
    pub fn keeps_dying(&self) -> bool {
        self.in_a_row >= DEATHS_IN_A_ROW
    }

    /// Deaths in a row, each after little service.
    pub fn in_a_row(&self) -> u32 {
        self.in_a_row
    }

    /// All deaths.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_calm_ends_them() {
        let mut restarts = Restarts::default();
        let waits: Vec<u128> = (0..11)
            .map(|_| restarts.died(Duration::from_secs(1)).as_millis())
            .collect();
        assert_eq!(
            waits,
            [0, 0, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]
        );
        assert!(restarts.keeps_dying());
        let almost = CALM_AFTER - Duration::from_nanos(1);
        assert_eq!(restarts.died(almost), BACK_OFF_MAX);
        assert_eq!(restarts.died(CALM_AFTER), Duration::ZERO);
        assert!(!restarts.keeps_dying());
        assert_eq!(restarts.total(), 13);
    }

    #[test]
    fn the_count_of_deaths_cannot_overflow_the_wait() {
        let mut restarts = Restarts {
            in_a_row: u32::MAX,
            total: u64::MAX,
        };
        assert_eq!(restarts.died(Duration::ZERO), BACK_OFF_MAX);
    }
}
