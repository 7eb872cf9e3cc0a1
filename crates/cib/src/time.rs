//! Dates and durations as ISO 8601 and the CIB write them.

/// A moment, with the offset from UTC in which it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct DateTime {
    epoch_s: i64,
    offset_s: i32,
}

impl DateTime {
    /// The moment `epoch_s` seconds after the beginning of 1970, written in UTC.
    #[must_use]
    pub const fn from_epoch_s(epoch_s: i64) -> Self {
        Self {
            epoch_s,
            offset_s: 0,
        }
    }

    /// Seconds since the beginning of 1970.
    #[must_use]
    pub const fn epoch_s(self) -> i64 {
        self.epoch_s
    }

    /// Seconds that the clock it was written by is ahead of UTC.
    #[must_use]
    pub const fn offset_s(self) -> i32 {
        self.offset_s
    }
}

/// The milliseconds that an interval or timeout of the CIB (`10`, `10s`, `5min`, `100ms`, `1h`,
/// `PT1M`) stands for, none for text that is no such thing or beyond what 32 bits hold.
#[must_use]
pub fn parse_interval_ms(text: &str) -> Option<u32> {
    let _ = text;
    todo!()
}

/// As [`parse_interval_ms`], but 0 for what cannot be read, and the most there is for what is
/// larger: what Pacemaker uses after it has warned.
#[must_use]
pub fn interval_ms(text: &str) -> u32 {
    let _ = text;
    todo!()
}

/// The milliseconds that a number with a unit stands for, which may be negative and is not an
/// ISO 8601 duration.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    let _ = text;
    todo!()
}
