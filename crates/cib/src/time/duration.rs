//! Durations of ISO 8601: `P1Y2M3W4DT5H6M7S`.
//!
//! Numbers may carry a sign, parts may come in any order; `T` only says that `M` means minutes from
//! then on. A part that comes twice adds up, but years and months, where the last one counts. The
//! text ends at white space or `/`. A fraction of a part is refused.

use super::DateTime;
use super::calendar::SECONDS_IN_DAY;

/// A length of time in the calendar's own units: how long a month is depends on where it begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Years.
    pub years: i32,
    /// Months.
    pub months: i32,
    /// Days.
    pub days: i32,
    /// Seconds.
    pub seconds: i32,
}

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DurationError {
    /// There is no text.
    #[error("No ISO 8601 time duration given")]
    Empty,
    /// It does not begin as durations do.
    #[error("'{0}' is not a valid ISO 8601 time duration because it does not start with a 'P'")]
    Start(String),
    /// It ends after the `P`.
    #[error("'{0}' is not a valid ISO 8601 time duration because nothing follows 'P'")]
    OnlyStart(String),
    /// Where a number must stand, there is none, or one that does not fit.
    #[error("'{text}' is not a valid ISO 8601 duration because no valid integer at '{at}'")]
    Number {
        /// The whole text.
        text: String,
        /// The rest of it.
        at: String,
    },
    /// The text ends after a number.
    #[error("'{text}' is not a valid ISO 8601 duration because no units after {number}")]
    NoUnit {
        /// The whole text.
        text: String,
        /// The number.
        number: String,
    },
    /// A unit that does not exist.
    #[error("'{text}' is not a valid ISO 8601 duration because '{unit}' is not a valid time unit")]
    Unit {
        /// The whole text.
        text: String,
        /// The unit.
        unit: char,
    },
    /// The parts add up to more than fits.
    #[error(
        "'{0}' could not be parsed as an ISO 8601 duration because the \
         the parsed value for one or more time units is too large"
    )]
    TooLarge(String),
    /// All parts are zero.
    #[error("'{0}' is not a valid ISO 8601 time duration because no amounts and units given")]
    Nothing(String),
}

impl Duration {
    /// Reads a duration.
    ///
    /// # Errors
    /// Text that is none; see the top.
    pub fn parse(text: &str) -> Result<Self, DurationError> {
        if text.is_empty() {
            return Err(DurationError::Empty);
        }
        let Some(mut rest) = text.strip_prefix('P') else {
            return Err(DurationError::Start(text.to_owned()));
        };
        if rest.is_empty() || rest.starts_with(crate::number::is_white_space) {
            return Err(DurationError::OnlyStart(text.to_owned()));
        }
        let mut duration = Self::default();
        let mut is_time = false;
        while !is_end(rest) {
            rest = match rest.strip_prefix('T') {
                Some(after) => {
                    is_time = true;
                    after
                }
                None => duration.parse_part(rest, text, is_time)?,
            };
        }
        if duration == Self::default() {
            return Err(DurationError::Nothing(text.to_owned()));
        }
        Ok(duration)
    }

    /// Adds one number with its unit; gives what follows.
    fn parse_part<'t>(
        &mut self,
        part: &'t str,
        text: &str,
        is_time: bool,
    ) -> Result<&'t str, DurationError> {
        let Some((value, rest)) = parse_number(part) else {
            return Err(DurationError::Number {
                text: text.to_owned(),
                at: part.to_owned(),
            });
        };
        let Some(unit) = rest.chars().next() else {
            return Err(DurationError::NoUnit {
                text: text.to_owned(),
                number: part.to_owned(),
            });
        };
        let (sum, length) = match (unit, is_time) {
            ('Y', _) => (&mut self.years, None),
            ('M', false) => (&mut self.months, None),
            ('W', _) => (&mut self.days, Some(7)),
            ('D', _) => (&mut self.days, Some(1)),
            ('H', _) => (&mut self.seconds, Some(3600)),
            ('M', true) => (&mut self.seconds, Some(60)),
            ('S', _) => (&mut self.seconds, Some(1)),
            _ => {
                let text = text.to_owned();
                return Err(DurationError::Unit { text, unit });
            }
        };
        let total = match length {
            None => i64::from(value),
            Some(length) => i64::from(*sum) + i64::from(value) * length,
        };
        *sum = i32::try_from(total).map_err(|_| DurationError::TooLarge(text.to_owned()))?;
        Ok(&rest[unit.len_utf8()..])
    }

    /// How long it is, with years of 365 and months of 30 days.
    #[must_use]
    pub fn nominal_s(self) -> i64 {
        let days = 365 * i64::from(self.years) + 30 * i64::from(self.months) + i64::from(self.days);
        days * SECONDS_IN_DAY + i64::from(self.seconds)
    }

    /// The moment this long after `start`: years are added first, then months, days, seconds.
    #[must_use]
    pub fn after(self, start: DateTime) -> DateTime {
        start
            .plus_years(self.years.into())
            .plus_months(self.months.into())
            .plus_days(self.days.into())
            .plus_seconds(self.seconds.into())
    }
}

fn is_end(rest: &str) -> bool {
    rest.chars()
        .next()
        .is_none_or(|next| next == '/' || crate::number::is_white_space(next))
}

/// A number of up to ten digits with an optional sign (`:` counts as one).
fn parse_number(text: &str) -> Option<(i32, &str)> {
    const MAX_DIGITS: usize = 10;
    let unsigned = text.strip_prefix(['+', '-', ':']).unwrap_or(text);
    let len = unsigned
        .bytes()
        .take(MAX_DIGITS)
        .take_while(u8::is_ascii_digit)
        .count();
    let (digits, rest) = unsigned.split_at(len);
    let value: i32 = digits.parse().ok()?;
    Some((if text.starts_with('-') { -value } else { value }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let duration = |years, months, days, seconds| Duration {
            years,
            months,
            days,
            seconds,
        };
        let check = |text, expected| assert_eq!(Duration::parse(text).ok(), expected, "{text:?}");
        check("P1Y2M3W4DT5H6M7S", Some(duration(1, 2, 25, 18_367)));
        check("PT1M", Some(duration(0, 0, 0, 60)));
        check("P1M", Some(duration(0, 1, 0, 0)));
        check("PT-5S rest", Some(duration(0, 0, 0, -5)));
        check("P1D/2005-020", Some(duration(0, 0, 1, 0)));
        check("PT1H1H", Some(duration(0, 0, 0, 7200)));
        check("PT0S", None);
        check("P", None);
        check("1D", None);
        check("P1.5D", None);
        check("P5", None);
        check("P5X", None);
        check("P99999999999D", None);
        check("PT2147483647H", None);
        assert_eq!(duration(1, 1, 1, 1).nominal_s(), 396 * SECONDS_IN_DAY + 1);
        let start = DateTime::from_epoch_s(0);
        assert_eq!(
            duration(1, 1, 1, 1).after(start).to_string(),
            "1971-02-02 00:00:01Z"
        );
    }
}
