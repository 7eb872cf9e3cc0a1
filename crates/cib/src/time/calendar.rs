//! The Gregorian calendar, reckoned back to year 1, and weeks of ISO 8601.

/// The last year there is.
pub const MAX_YEAR: i64 = i32::MAX as i64;

pub(super) const SECONDS_IN_DAY: i64 = 24 * 60 * 60;

/// The beginning of year 1, in seconds since 1970.
pub(super) const FIRST_EPOCH_S: i64 = -62_135_596_800;

/// The last second of [`MAX_YEAR`], in seconds since 1970.
pub(super) const LAST_EPOCH_S: i64 =
    FIRST_EPOCH_S + days_before_year(MAX_YEAR + 1) * SECONDS_IN_DAY - 1;

const DAYS_IN_4_YEARS: i64 = 4 * 365 + 1;
const DAYS_IN_100_YEARS: i64 = 25 * DAYS_IN_4_YEARS - 1;
const DAYS_IN_400_YEARS: i64 = 4 * DAYS_IN_100_YEARS + 1;

/// A day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    /// From 1 to [`MAX_YEAR`].
    pub(super) year: i64,
    /// The day of the year, counted from 1.
    pub(super) yearday: i64,
}

impl Date {
    /// The day `days` after the first of year 1.
    pub(super) fn from_days(days: i64) -> Self {
        let (cycles, rest) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
        let centuries = (rest / DAYS_IN_100_YEARS).min(3);
        let rest = rest - centuries * DAYS_IN_100_YEARS;
        let (leaps, rest) = (rest / DAYS_IN_4_YEARS, rest % DAYS_IN_4_YEARS);
        let years = (rest / 365).min(3);
        Self {
            year: 400 * cycles + 100 * centuries + 4 * leaps + years + 1,
            yearday: rest - 365 * years + 1,
        }
    }

    /// How many days it is after the first of year 1.
    pub(super) const fn days(self) -> i64 {
        days_before_year(self.year) + self.yearday - 1
    }

    /// The day of that month of that year, which must exist.
    pub(super) fn from_month_and_day(year: i64, month: i64, day: i64) -> Self {
        let before: i64 = (1..month).map(|month| days_in_month(year, month)).sum();
        Self {
            year,
            yearday: before + day,
        }
    }

    /// The month and the day of the month.
    pub(super) fn month_and_day(self) -> (i64, i64) {
        let mut day = self.yearday;
        for month in 1..12 {
            let len = days_in_month(self.year, month);
            if day <= len {
                return (month, day);
            }
            day -= len;
        }
        (12, day)
    }

    /// The same day of the month, or the last one, `months` later.
    pub(super) fn plus_months(self, months: i64) -> Self {
        let (month, day) = self.month_and_day();
        let months = (12 * (self.year - 1) + month - 1)
            .saturating_add(months)
            .clamp(0, 12 * MAX_YEAR - 1);
        let (year, month) = (months / 12 + 1, months % 12 + 1);
        Self::from_month_and_day(year, month, day.min(days_in_month(year, month)))
    }

    /// The same day of the year `years` later. Its day may be one more than that year has: the first
    /// day of the year after.
    pub(super) fn plus_years(self, years: i64) -> Self {
        Self {
            year: self.year.saturating_add(years).clamp(1, MAX_YEAR),
            ..self
        }
    }

    /// Monday is 1.
    fn weekday(self) -> i64 {
        // The first day of year 1 was a Monday.
        self.days() % 7 + 1
    }

    /// The year that the week belongs to, and the week's number in it.
    fn week(self) -> (i64, i64) {
        let week = (self.yearday - self.weekday() + 10) / 7;
        if week < 1 {
            (self.year - 1, weeks_in_year(self.year - 1))
        } else if week > weeks_in_year(self.year) {
            (self.year + 1, 1)
        } else {
            (self.year, week)
        }
    }
}

/// The parts of a date and a time of day, as `date_spec` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub monthday: i64,
    /// The hour, from 0.
    pub hour: i64,
    /// The minute, from 0.
    pub minute: i64,
    /// The second, from 0.
    pub second: i64,
    /// The day of the year, from 1.
    pub yearday: i64,
    /// The year that the week belongs to.
    pub weekyear: i64,
    /// The week of `weekyear`, from 1.
    pub week: i64,
    /// The day of the week; Monday is 1.
    pub weekday: i64,
}

impl Fields {
    pub(super) fn new(date: Date, second_of_day: i64) -> Self {
        let (month, monthday) = date.month_and_day();
        let (weekyear, week) = date.week();
        Self {
            year: date.year,
            month,
            monthday,
            hour: second_of_day / 3600,
            minute: second_of_day / 60 % 60,
            second: second_of_day % 60,
            yearday: date.yearday,
            weekyear,
            week,
            weekday: date.weekday(),
        }
    }
}

const fn days_before_year(year: i64) -> i64 {
    let years = year - 1;
    365 * years + years / 4 - years / 100 + years / 400
}

pub(super) const fn days_in_year(year: i64) -> i64 {
    if is_leap_year(year) { 366 } else { 365 }
}

const fn is_leap_year(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub(super) const fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap_year(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// 53 where the year begins or ends on a Thursday, else 52.
pub(super) fn weeks_in_year(year: i64) -> i64 {
    let first = Date { year, yearday: 1 };
    let last = Date {
        year,
        yearday: days_in_year(year),
    };
    const THURSDAY: i64 = 4;
    52 + i64::from(first.weekday() == THURSDAY || last.weekday() == THURSDAY)
}

/// The Monday of the first week of `year`, in days after the first of year 1: the week that has the
/// year's first Thursday, which is the one with 4 January.
pub(super) fn first_monday(year: i64) -> i64 {
    let fourth = Date { year, yearday: 4 };
    fourth.days() + 1 - fourth.weekday()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_and_days() {
        let check = |(year, month, day), yearday, (weekyear, week, weekday)| {
            let date = Date::from_month_and_day(year, month, day);
            let fields = Fields::new(date, 0);
            assert_eq!(Date::from_days(date.days()), date);
            assert_eq!((fields.month, fields.monthday), (month, day));
            assert_eq!(fields.yearday, yearday);
            assert_eq!(
                (fields.weekyear, fields.week, fields.weekday),
                (weekyear, week, weekday)
            );
        };
        check((2008, 12, 29), 364, (2009, 1, 1));
        check((2010, 1, 3), 3, (2009, 53, 7));
        check((2008, 9, 27), 271, (2008, 39, 6));
        check((2000, 2, 29), 60, (2000, 9, 2));
        check((1, 1, 1), 1, (1, 1, 1));
        check((1900, 3, 1), 60, (1900, 9, 4));
        check((2005, 1, 20), 20, (2005, 3, 4));
    }
}
