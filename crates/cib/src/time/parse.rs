//! Text to moments.
//!
//! What is understood (Pacemaker Explained, "Date/Time Expressions"), where the shorter forms end
//! early and anything after the whole is ignored:
//!
//! | form | example |
//! | --- | --- |
//! | calendar date | `2005-01-20`, `20050120` |
//! | day of the year | `2005-020` |
//! | week | `2005-W03-4` |
//! | … and a time of day | `2005-020T12:30`, `2005-01-20 12:30:15`, `20050120T123015` |
//! | … and a zone | `2005-020 12:30Z`, `2005-020T12:30 +01:00`, `2005-020T12:30-0430` |
//! | a time alone, of the current day | `12:30`, `T1230Z` |
//! | the beginning of 1970 | `epoch` |
//!
//! A time without a zone is one of the local clock; a date without a time begins at midnight UTC.

use super::DateTime;
use super::calendar::{self, Date, MAX_YEAR, SECONDS_IN_DAY};
use crate::number::{is_white_space, skip_white_space};

/// Why a text is no date.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DateError {
    /// There is no text.
    #[error("No ISO 8601 date/time specification given")]
    Empty,
    /// It has no form that is known.
    #[error("'{0}' is not a valid ISO 8601 date/time specification")]
    Date(String),
    /// A part of the date is out of range; which one, and its name.
    #[error(
        "'{text}' is not a valid ISO 8601 date/time specification \
         because '{value}' is not a valid {part}"
    )]
    DatePart {
        /// The whole text.
        text: String,
        /// The part as it stands there.
        value: u32,
        /// What it was taken for.
        part: String,
    },
    /// The time of day has no form that is known.
    #[error("'{0}' is not a valid ISO 8601 time specification")]
    Time(String),
    /// A part of the time of day is out of range.
    #[error(
        "{text} is not a valid ISO 8601 time specification because {value} is not a valid {part}"
    )]
    TimePart {
        /// The time, or the zone.
        text: String,
        /// The part as it stands there.
        value: u32,
        /// `hour`, `minute` or `second`.
        part: &'static str,
    },
}

impl DateTime {
    /// Reads a date. `now` says which day it is where there is only a time, and which offset from
    /// UTC the local clock has.
    ///
    /// # Errors
    /// Text that is no date; see the table at the top.
    pub fn parse(text: &str, now: Self) -> Result<Self, DateError> {
        if text.is_empty() {
            return Err(DateError::Empty);
        }
        if is_epoch(text) {
            return Ok(Self::from_epoch_s(0));
        }
        let (date, time) = if let Some(time) = text.strip_prefix('T') {
            (now.local().0, Some(time))
        } else if text.as_bytes().get(2) == Some(&b':') {
            (now.local().0, Some(text))
        } else {
            (parse_date(text)?, after_date(text))
        };
        let (second, offset_s) = match time {
            Some(time) => (parse_time_of_day(time)?, parse_zone(time, now.offset_s)?),
            None => (0, 0),
        };
        Ok(Self::at(date, second, offset_s))
    }
}

fn is_epoch(text: &str) -> bool {
    text.get(..5)
        .is_some_and(|word| word.eq_ignore_ascii_case("epoch"))
        && text[5..]
            .chars()
            .next()
            .is_none_or(|next| next == '/' || is_white_space(next))
}

/// What follows the date, without the blank or `T` that must stand between.
fn after_date(text: &str) -> Option<&str> {
    text.trim_start_matches(|character: char| {
        character.is_ascii_digit() || matches!(character, '-' | 'W')
    })
    .strip_prefix([' ', 'T'])
}

fn parse_date(text: &str) -> Result<Date, DateError> {
    const ANY: [usize; 3] = [usize::MAX; 3];
    match numbers(text, ["", "-", "-"], ANY) {
        (numbers, 3) => return calendar_date(text, numbers),
        ([year, yearday, _], 2) => return ordinal_date(text, year, yearday),
        (_, 1) => {}
        _ => return Err(DateError::Date(text.to_owned())),
    }
    if let (numbers, 3) = numbers(text, ["", "", ""], [4, 2, 2]) {
        return calendar_date(text, numbers);
    }
    match numbers(text, ["", "-W", "-"], ANY) {
        (numbers, 3) => week_date(text, numbers),
        _ => Err(DateError::Date(text.to_owned())),
    }
}

fn calendar_date(text: &str, [year, month, day]: [u32; 3]) -> Result<Date, DateError> {
    let invalid = |value, part: &str| Err(invalid_part(text, value, part.to_owned()));
    let (wide_year, wide_month, wide_day) = (i64::from(year), i64::from(month), i64::from(day));
    if !(1..=12).contains(&month) {
        invalid(month, "month")
    } else if !is_year(year) {
        invalid(year, "year")
    } else if !(1..=calendar::days_in_month(wide_year, wide_month)).contains(&wide_day) {
        invalid(day, "day of the month")
    } else {
        Ok(Date::from_month_and_day(wide_year, wide_month, wide_day))
    }
}

fn ordinal_date(text: &str, year: u32, yearday: u32) -> Result<Date, DateError> {
    if !is_year(year) {
        return Err(invalid_part(text, year, "year".to_owned()));
    }
    let days = calendar::days_in_year(year.into());
    if !(1..=days).contains(&yearday.into()) {
        let part = format!("day of year {year} (1-{days})");
        return Err(invalid_part(text, yearday, part));
    }
    Ok(Date {
        year: year.into(),
        yearday: yearday.into(),
    })
}

fn week_date(text: &str, [year, week, weekday]: [u32; 3]) -> Result<Date, DateError> {
    if !is_year(year) {
        return Err(invalid_part(text, year, "year".to_owned()));
    }
    let weeks = calendar::weeks_in_year(year.into());
    if !(1..=weeks).contains(&week.into()) {
        let part = format!("week of year {year} (1-{weeks})");
        return Err(invalid_part(text, week, part));
    }
    if !(1..=7).contains(&weekday) {
        return Err(invalid_part(text, weekday, "day of the week".to_owned()));
    }
    let days =
        calendar::first_monday(year.into()) + 7 * i64::from(week - 1) + i64::from(weekday - 1);
    Ok(Date::from_days(days.max(0)))
}

fn is_year(year: u32) -> bool {
    (1..=MAX_YEAR).contains(&year.into())
}

fn invalid_part(text: &str, value: u32, part: String) -> DateError {
    DateError::DatePart {
        text: text.to_owned(),
        value,
        part,
    }
}

/// Hours, minutes and seconds, with or without colons, as seconds. Up to a whole day: `24:00:00` is
/// the beginning of the next.
fn parse_time_of_day(text: &str) -> Result<i64, DateError> {
    let spread = numbers(text, ["", ":", ":"], [usize::MAX; 3]);
    let (parts, count) = match spread {
        (_, 1) => numbers(text, ["", "", ""], [2, 2, 2]),
        other => other,
    };
    if count == 0 {
        return Err(DateError::Time(text.to_owned()));
    }
    let [hour, minute, second] = parts;
    let is_next_day = parts == [24, 0, 0];
    let limits = [
        (hour, 24, "hour"),
        (minute, 60, "minute"),
        (second, 60, "second"),
    ];
    let beyond = limits
        .into_iter()
        .find(|&(value, limit, _)| value >= limit && !is_next_day);
    match beyond {
        Some((value, _, part)) => Err(DateError::TimePart {
            text: text.to_owned(),
            value,
            part,
        }),
        None => Ok(3600 * i64::from(hour) + 60 * i64::from(minute) + i64::from(second)),
    }
}

/// The offset from UTC that `time` ends with. What is no zone is taken for UTC.
fn parse_zone(time: &str, local_offset_s: i32) -> Result<i32, DateError> {
    let start = time.find('Z').or_else(|| time.find([' ', '+', '-']));
    let Some(start) = start else {
        return Ok(local_offset_s);
    };
    let zone = skip_white_space(&time[start..]);
    let (sign, digits) = match zone.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, zone.strip_prefix('+').unwrap_or(zone)),
    };
    if !zone.starts_with(|first: char| matches!(first, '+' | '-') || first.is_ascii_digit()) {
        return Ok(0);
    }
    let seconds = parse_time_of_day(digits)?;
    Ok(sign * i32::try_from(seconds.min(SECONDS_IN_DAY)).unwrap_or(0))
}

/// Up to three numbers, each with what must stand before it and with the digits (and sign) it may
/// have at most; and how many were found. As in C's `scanf`, blanks may stand before a number.
fn numbers(mut text: &str, before: [&str; 3], widths: [usize; 3]) -> ([u32; 3], usize) {
    let mut found = [0; 3];
    for (count, (before, width)) in before.into_iter().zip(widths).enumerate() {
        let number = text
            .strip_prefix(before)
            .and_then(|rest| unsigned(rest, width));
        let Some((value, rest)) = number else {
            return (found, count);
        };
        found[count] = value;
        text = rest;
    }
    (found, 3)
}

/// The number that `text` begins with. One that is negative or does not fit is the largest there is,
/// which no part of a date can be.
fn unsigned(text: &str, width: usize) -> Option<(u32, &str)> {
    let text = skip_white_space(text);
    let sign_len = usize::from(text.starts_with(['+', '-']));
    let digits_len = text[sign_len..]
        .bytes()
        .take(width.saturating_sub(sign_len))
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = text[sign_len..].split_at(digits_len);
    if digits.is_empty() {
        return None;
    }
    let value = match digits.parse() {
        Ok(value) if value == 0 || !text.starts_with('-') => value,
        _ => u32::MAX,
    };
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        let now = DateTime::from_epoch_s(1_106_224_200).with_offset_s(2 * 3600);
        let check = |text: &str, expected: &str| match DateTime::parse(text, now) {
            Ok(found) => assert_eq!(found.to_string(), expected, "{text:?}"),
            Err(error) => assert_eq!(error.to_string(), expected, "{text:?}"),
        };
        check("2005-020", "2005-01-20 00:00:00Z");
        check("2005-020T12:30Z", "2005-01-20 12:30:00Z");
        check("2005-020T12:30", "2005-01-20 12:30:00 +02:00");
        check("2014-05-07 00:28:00 +00:00", "2014-05-07 00:28:00Z");
        check("20140507T002801-0430", "2014-05-07 00:28:01 -04:30");
        check("2009-W01-1", "2008-12-29 00:00:00Z");
        check("2009-W53-7", "2010-01-03 00:00:00Z");
        check("2014-05-07T24:00:00Z", "2014-05-08 00:00:00Z");
        check(
            "2014-05-07 garbage",
            "'garbage' is not a valid ISO 8601 time specification",
        );
        check("2014-05-07/P1D", "2014-05-07 00:00:00Z");
        check("12:31", "2005-01-20 12:31:00 +02:00");
        check("T1231Z", "2005-01-20 12:31:00Z");
        check("epoch", "1970-01-01 00:00:00Z");
        check("EPOCH/x", "1970-01-01 00:00:00Z");
        check("", "No ISO 8601 date/time specification given");
        check(
            "now",
            "'now' is not a valid ISO 8601 date/time specification",
        );
        check(
            "epochs",
            "'epochs' is not a valid ISO 8601 date/time specification",
        );
        check(
            "2014-02-29",
            "'2014-02-29' is not a valid ISO 8601 date/time specification \
             because '29' is not a valid day of the month",
        );
        check(
            "2014-366",
            "'2014-366' is not a valid ISO 8601 date/time specification \
             because '366' is not a valid day of year 2014 (1-365)",
        );
        check(
            "2014-13-01",
            "'2014-13-01' is not a valid ISO 8601 date/time specification \
             because '13' is not a valid month",
        );
        check(
            "2008-W53-1",
            "'2008-W53-1' is not a valid ISO 8601 date/time specification \
             because '53' is not a valid week of year 2008 (1-52)",
        );
        check(
            "2014-05-07T24:00:01",
            "24:00:01 is not a valid ISO 8601 time specification because 24 is not a valid hour",
        );
        check(
            "-1-01-01",
            "'-1-01-01' is not a valid ISO 8601 date/time specification \
             because '4294967295' is not a valid year",
        );
    }
}
