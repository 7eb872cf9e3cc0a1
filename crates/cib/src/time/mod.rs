//! Dates, durations and intervals as ISO 8601 and the CIB write them.
//!
//! - A moment is a number of seconds and the offset from UTC in which it is told; comparing moments
//!   ignores the offset, the fields of a date (`hours="9-17"`) depend on it.
//! - There are no years before 1. What would be earlier is the first second of year 1, what would be
//!   later than [`MAX_YEAR`] the last second of it.
//! - Adding years keeps the *day of the year*, as Pacemaker does (one year after 2004-03-01 is
//!   2005-03-02); adding months keeps the day of the month unless the month is too short.

mod calendar;
mod duration;
mod interval;
mod parse;
mod text;

pub use calendar::{Fields, MAX_YEAR};
pub use duration::{Duration, DurationError};
pub use interval::{interval_ms, parse_interval_ms, parse_ms, readable_interval};
pub use parse::DateError;

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};

use calendar::{Date, SECONDS_IN_DAY};

/// A moment, with the offset from UTC in which it was written. Moments are equal where they are the
/// same second, whatever their offset.
#[derive(Clone, Copy, Debug, Default)]
pub struct DateTime {
    epoch_s: i64,
    offset_s: i32,
}

impl DateTime {
    /// The moment `epoch_s` seconds after the beginning of 1970, written in UTC.
    #[must_use]
    pub const fn from_epoch_s(epoch_s: i64) -> Self {
        let (first, last) = (calendar::FIRST_EPOCH_S, calendar::LAST_EPOCH_S);
        let epoch_s = if epoch_s < first {
            first
        } else if epoch_s > last {
            last
        } else {
            epoch_s
        };
        Self {
            epoch_s,
            offset_s: 0,
        }
    }

    /// The same moment as a clock shows it that is `offset_s` seconds ahead of UTC (brought into the
    /// range of a day).
    #[must_use]
    pub fn with_offset_s(self, offset_s: i32) -> Self {
        let day = SECONDS_IN_DAY as i32;
        Self {
            offset_s: offset_s.clamp(-day, day),
            ..self
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

    /// The moment `seconds` later.
    #[must_use]
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self {
            offset_s: self.offset_s,
            ..Self::from_epoch_s(self.epoch_s.saturating_add(seconds))
        }
    }

    /// The moment `days` later.
    #[must_use]
    pub fn plus_days(self, days: i64) -> Self {
        self.plus_seconds(days.saturating_mul(SECONDS_IN_DAY))
    }

    /// The moment at the same day of the month `months` later, or at the last day of that month.
    #[must_use]
    pub fn plus_months(self, months: i64) -> Self {
        let (date, second) = self.local();
        Self::at(date.plus_months(months), second, self.offset_s)
    }

    /// The moment at the same day of the year `years` later.
    #[must_use]
    pub fn plus_years(self, years: i64) -> Self {
        let (date, second) = self.local();
        Self::at(date.plus_years(years), second, self.offset_s)
    }

    /// The parts of the date and the time of day, in the moment's own offset.
    #[must_use]
    pub fn fields(self) -> Fields {
        let (date, second) = self.local();
        Fields::new(date, second)
    }

    /// The date, and the second of the day, in the moment's own offset.
    fn local(self) -> (Date, i64) {
        let local_s = self.epoch_s + i64::from(self.offset_s) - calendar::FIRST_EPOCH_S;
        let local_s = local_s.max(0);
        (
            Date::from_days(local_s / SECONDS_IN_DAY),
            local_s % SECONDS_IN_DAY,
        )
    }

    /// The moment at `second` of the day `date` by a clock that is `offset_s` ahead of UTC.
    fn at(date: Date, second: i64, offset_s: i32) -> Self {
        let local_s = date.days() * SECONDS_IN_DAY + second;
        Self::from_epoch_s(calendar::FIRST_EPOCH_S + local_s - i64::from(offset_s))
            .with_offset_s(offset_s)
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.epoch_s == other.epoch_s
    }
}

impl Eq for DateTime {}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.epoch_s.cmp(&other.epoch_s)
    }
}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.epoch_s.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        let check = |text: &str, add: fn(DateTime) -> DateTime, expected: &str| {
            let start = DateTime::parse(text, DateTime::default()).expect("a date");
            assert_eq!(add(start).to_string(), expected, "{text}");
        };
        check("2004-03-01", |it| it.plus_years(1), "2005-03-02 00:00:00Z");
        check("2004-12-31", |it| it.plus_years(1), "2006-01-01 00:00:00Z");
        check("2004-01-31", |it| it.plus_months(1), "2004-02-29 00:00:00Z");
        check(
            "2004-01-31",
            |it| it.plus_months(-11),
            "2003-02-28 00:00:00Z",
        );
        check("0001-01-01", |it| it.plus_days(-1), "0001-01-01 00:00:00Z");
        check(
            "2147483647-12-31",
            |it| it.plus_seconds(i64::MAX),
            "2147483647-12-31 23:59:59Z",
        );
        check(
            "1999-12-31 23:59:59 +01:00",
            |it| it.plus_seconds(1),
            "2000-01-01 00:00:00 +01:00",
        );
    }
}
