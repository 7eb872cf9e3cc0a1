//! Who was heard when.

use std::collections::BTreeMap;

use super::{Time, limits::HANG_LIMIT};

/// The heartbeats of one child. Each thread that was ever heard must be heard again.
#[derive(Debug, Default)]
pub struct Pulse {
    /// Counts in place of a heartbeat until the first one.
    since: Time,
    last: BTreeMap<u16, Time>,
}

impl Pulse {
    /// A pulse to be watched from now on: the first heartbeat is due within the limit.
    pub fn watched_from(now: Time) -> Self {
        Self {
            since: now,
            last: BTreeMap::new(),
        }
    }

    /// One thread was heard.
    pub fn beat(&mut self, now: Time, thread: u16) {
        self.last.insert(thread, now);
    }

    /// Gives every thread a full new period: silence until now proves nothing.
    pub fn forgive(&mut self, now: Time) {
        self.since = now;
        for last in self.last.values_mut() {
            *last = now;
        }
    }

    /// The thread that was silent for longest (none was heard yet: `None`), and since when.
    pub fn quietest(&self) -> (Option<u16>, Time) {
        self.last
            .iter()
            .min_by_key(|(_, heard)| **heard)
            .map_or((None, self.since), |(thread, heard)| {
                (Some(*thread), *heard)
            })
    }

    /// When the quietest thread exceeds the limit.
    pub fn overdue_at(&self) -> Time {
        self.quietest().1 + HANG_LIMIT
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn ms(value: u64) -> Time {
        Duration::from_millis(value)
    }

    #[test]
    fn one_silent_thread_among_lively_ones_is_found() {
        let mut pulse = Pulse::watched_from(ms(0));
        assert_eq!(pulse.overdue_at(), HANG_LIMIT, "nobody was heard yet");
        for round in 1..=20 {
            pulse.beat(ms(round * 50), 0);
            if round <= 4 {
                pulse.beat(ms(round * 50), 1);
            }
        }
        assert_eq!(pulse.quietest(), (Some(1), ms(200)));
        assert_eq!(pulse.overdue_at(), ms(200) + HANG_LIMIT);
        pulse.forgive(ms(1_000));
        assert_eq!(pulse.overdue_at(), ms(1_000) + HANG_LIMIT);
    }
}
