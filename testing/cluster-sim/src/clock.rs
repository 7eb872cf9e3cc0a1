//! A node's own clock: it began somewhen, and runs a little too fast or too slow.

use std::time::Duration;

const MILLION: u64 = 1_000_000;

/// What a node takes for the time since a fixed moment, against the simulation's time.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    set_at: Duration,
    showed: Duration,
    /// Millionths of a second that pass here in a second.
    rate: u64,
}

impl Clock {
    /// Shows `shows` now; `ppm` millionths too fast, or too slow.
    pub(crate) fn new(now: Duration, shows: Duration, ppm: i64) -> Self {
        Self {
            set_at: now,
            showed: shows,
            rate: rate(ppm),
        }
    }

    /// What it shows.
    pub(crate) fn local(&self, now: Duration) -> Duration {
        let passed = nanos(now.saturating_sub(self.set_at));
        self.showed + Duration::from_nanos(passed * self.rate / MILLION)
    }

    /// When it will show this time. Not before it does, and hardly later.
    pub(crate) fn when(&self, local: Duration) -> Option<Duration> {
        let to_pass = u64::try_from(local.saturating_sub(self.showed).as_nanos()).ok()?;
        let passed = to_pass.checked_mul(MILLION)?.div_ceil(self.rate);
        Some(self.set_at + Duration::from_nanos(passed + 1))
    }

    /// From now on it runs at another rate.
    pub(crate) fn change_rate(&mut self, now: Duration, ppm: i64) {
        *self = Self::new(now, self.local(now), ppm);
    }
}

fn rate(ppm: i64) -> u64 {
    MILLION.saturating_add_signed(ppm)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).expect("a simulation ends within centuries")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_wakes_when_it_shows_the_time_and_not_before() {
        for ppm in [-10_000, 0, 10_000] {
            let mut clock =
                Clock::new(Duration::from_secs(3), Duration::from_secs(31_000_000), ppm);
            clock.change_rate(Duration::from_millis(4567), -ppm);
            for ahead in [1, 999, 1_000_000, 123_456_789] {
                let local = clock.local(Duration::from_secs(7)) + Duration::from_nanos(ahead);
                let at = clock.when(local).expect("it is near");
                assert!(clock.local(at) >= local);
                assert!(clock.local(at) < local + Duration::from_nanos(3));
            }
        }
    }
}
