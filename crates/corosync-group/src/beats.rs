//! Own messages that come back: while they do, the ring is whole and this node is in it.

use std::collections::VecDeque;
use std::time::Duration;

use crate::limits::{BEATS_IN_LEASE, LEASE_TENTHS, MAX_BEATS, MIN_BEAT};

/// The beats of one connection with corosync.
#[derive(Debug)]
pub(crate) struct Beats {
    /// Corosync's patience: the shorter one of `token` and `consensus`.
    patience: Duration,
    next_number: u64,
    pub next_at: Duration,
    /// The numbers and times of those that are under way.
    under_way: VecDeque<(u64, Duration)>,
    /// When the latest one that has come back was sent.
    proven_at: Option<Duration>,
}

impl Beats {
    pub(crate) fn new(patience: Duration, now: Duration) -> Self {
        Self {
            patience,
            next_number: 1,
            next_at: now,
            under_way: VecDeque::new(),
            proven_at: None,
        }
    }

    /// One is sent now: its number.
    pub(crate) fn send(&mut self, now: Duration) -> u64 {
        if self.under_way.len() == MAX_BEATS {
            self.under_way.pop_front();
        }
        let number = self.next_number;
        self.next_number += 1;
        self.next_at = now + (self.lease_time() / BEATS_IN_LEASE).max(MIN_BEAT);
        self.under_way.push_back((number, now));
        number
    }

    /// One has come back.
    pub(crate) fn came_back(&mut self, number: u64) {
        while let Some((first, sent_at)) = self.under_way.front().copied() {
            if first > number {
                break;
            }
            self.under_way.pop_front();
            if first == number {
                self.proven_at = Some(sent_at);
            }
        }
    }

    pub(crate) fn lease_time(&self) -> Duration {
        self.patience * LEASE_TENTHS / 10
    }

    /// Until when no other node can be in a ring without this one.
    pub(crate) fn lease_until(&self) -> Option<Duration> {
        self.proven_at.map(|at| at + self.lease_time())
    }

    pub(crate) fn patience(&self) -> Duration {
        self.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lease_counts_from_when_a_beat_was_sent_and_only_once_it_is_back() {
        let ms = Duration::from_millis;
        let mut beats = Beats::new(ms(1000), ms(0));
        let (first, second) = (beats.send(ms(0)), beats.send(ms(150)));
        assert_eq!(beats.next_at, ms(300));
        assert_eq!(beats.lease_until(), None);
        beats.came_back(first);
        assert_eq!(beats.lease_until(), Some(ms(900)));
        beats.came_back(second);
        assert_eq!(beats.lease_until(), Some(ms(1050)));
        // A number that was never sent, or is back already, proves nothing.
        beats.came_back(first);
        beats.came_back(99);
        assert_eq!(beats.lease_until(), Some(ms(1050)));
    }
}
