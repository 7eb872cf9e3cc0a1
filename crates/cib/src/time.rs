//! Dates and durations as ISO 8601 and the CIB write them.

/// A moment, with the offset from UTC in which it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
