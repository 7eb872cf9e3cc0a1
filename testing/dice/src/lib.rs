//! Reproducible chance for the simulators: SplitMix64.
//!
//! Owns: nothing but its state. Must never: take anything from outside; a seed yields the same
//! stream for ever.
//!
//! ```text
//! seed ──► Dice ──► numbers, times, choices
//! ```

use std::ops::Range;
use std::time::Duration;

/// A stream of numbers that a seed decides.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// The stream of that seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number.
    pub fn throw(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from a range that is not empty.
    pub fn within(&mut self, range: Range<u64>) -> u64 {
        range.start + self.throw() % (range.end - range.start)
    }

    /// Whether something of that probability happens.
    pub fn happens(&mut self, percent: u64) -> bool {
        self.within(0..100) < percent
    }

    /// A time below `limit`, in microseconds.
    pub fn time_below(&mut self, limit: Duration) -> Duration {
        let limit_us = u64::try_from(limit.as_micros()).unwrap_or(u64::MAX).max(1);
        Duration::from_micros(self.within(0..limit_us))
    }

    /// A time from a range that is not empty, to the microsecond.
    pub fn time_within(&mut self, range: Range<Duration>) -> Duration {
        range.start + self.time_below(range.end.saturating_sub(range.start))
    }

    /// One of several.
    pub fn pick<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        let last = choices.len() as u64;
        let place = self.within(0..last);
        &choices[usize::try_from(place).expect("below a length")]
    }
}
