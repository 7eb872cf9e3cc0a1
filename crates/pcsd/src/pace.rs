//! How soon a daemon that died is started again.

use std::time::Duration;

/// A daemon that ran for so long had no trouble with its start.
const STEADY: Duration = Duration::from_secs(60);
/// The longest wait.
const LONGEST: Duration = Duration::from_secs(30);

/// Counts deaths.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    early_deaths: u32,
}

impl Pace {
    /// After which wait the next start may come. At once the first time: the node is missed by the
    /// others; then 1 s, 2 s, 4 s, …, until it runs for a minute.
    pub(crate) fn next(&mut self, ran_for: Duration) -> Duration {
        if ran_for >= STEADY {
            self.early_deaths = 0;
        }
        let wait = match self.early_deaths {
            0 => Duration::ZERO,
            deaths => Duration::from_secs(1 << (deaths - 1).min(8)),
        };
        self.early_deaths = self.early_deaths.saturating_add(1);
        wait.min(LONGEST)
    }

    /// An operator takes it in hand.
    pub(crate) fn forget(&mut self) {
        self.early_deaths = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_grows_until_the_daemon_is_steady() {
        let mut pace = Pace::default();
        let short = Duration::from_millis(10);
        let waits: Vec<u64> = (0..8).map(|_| pace.next(short).as_secs()).collect();
        assert_eq!(waits, [0, 1, 2, 4, 8, 16, 30, 30]);
        assert_eq!(pace.next(STEADY), Duration::ZERO);
        assert_eq!(pace.next(short), Duration::from_secs(1));
        pace.forget();
        assert_eq!(pace.next(short), Duration::ZERO);
        for _ in 0..100 {
            pace.next(short);
        }
        assert_eq!(pace.next(short), LONGEST);
    }
}
