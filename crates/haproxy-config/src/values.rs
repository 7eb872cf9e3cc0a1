//! Numbers, times and sizes as words (configuration.txt sections 2.5 and 2.6).

use std::ops::RangeInclusive;
use std::time::Duration;

use diagnostics::Diagnostic;

use crate::model::Word;

/// The longest time of a timer: 2^31 - 1 milliseconds, about 24.8 days.
pub const MAX_TIME: Duration = Duration::from_millis(MAX_TICKS);

/// The longest time of a setting in whole seconds, such as a cookie's life: about 68 years.
pub const MAX_SECONDS: Duration = Duration::from_secs(MAX_TICKS);

const MAX_TICKS: u64 = i32::MAX as u64;

/// What a time without a unit counts, and what every time is rounded up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
}

impl Unit {
    fn one(self) -> Duration {
        match self {
            Self::Milliseconds => Duration::from_millis(1),
            Self::Seconds => Duration::from_secs(1),
        }
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
        }
    }
}

/// A time such as `5000`, `10s` or `1m`.
pub(crate) fn time(word: &Word, unit: Unit) -> Result<Duration, Diagnostic> {
    let (digits, suffix) = split_number(word);
    let error = |message: String| Diagnostic::error(message).at(word.span);
    let overflow = || {
        let (limit, about) = match unit {
            Unit::Milliseconds => (MAX_TIME, "24.8 days"),
            Unit::Seconds => (MAX_SECONDS, "68 years"),
        };
        error(format!("the time '{}' is too long", word.value)).help(format!(
            "at most {} {}, about {about}",
            limit.as_nanos() / unit.one().as_nanos(),
            unit.symbol()
        ))
    };
    if digits.is_empty() {
        return Err(error(format!("'{}' is not a time", word.value))
            .help("a number with a unit out of us, ms, s, m, h, d"));
    }
    let one_us: u64 = match suffix {
        "" => unit.one().as_micros().try_into().unwrap_or(u64::MAX),
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => {
            return Err(error(format!(
                "unknown unit '{suffix}' in the time '{}'",
                word.value
            ))
            .help("the units are us, ms, s, m, h, d"));
        }
    };
    let count: u64 = digits.parse().map_err(|_| overflow())?;
    let time = Duration::from_micros(count.checked_mul(one_us).ok_or_else(overflow)?);
    let longest = match unit {
        Unit::Milliseconds => MAX_TIME,
        Unit::Seconds => MAX_SECONDS,
    };
    if time > longest {
        return Err(overflow());
    }
    let step = unit.one().as_micros();
    let steps = u64::try_from(time.as_micros().div_ceil(step)).unwrap_or(u64::MAX);
    Ok(match unit {
        Unit::Milliseconds => Duration::from_millis(steps),
        Unit::Seconds => Duration::from_secs(steps),
    })
}

/// A timeout: 0 is "no limit".
pub(crate) fn timeout(word: &Word) -> Result<Option<Duration>, Diagnostic> {
    Ok(Some(time(word, Unit::Milliseconds)?).filter(|time| !time.is_zero()))
}

/// A whole number within bounds.
pub(crate) fn number<T>(word: &Word, range: RangeInclusive<T>) -> Result<T, Diagnostic>
where
    T: TryFrom<i64> + Into<i64> + Copy,
{
    let (low, high) = ((*range.start()).into(), (*range.end()).into());
    let error = || {
        Diagnostic::error(format!(
            "'{}' is not a number from {low} to {high}",
            word.value
        ))
        .at(word.span)
    };
    let value: i64 = word.value.parse().map_err(|_| error())?;
    if !(low..=high).contains(&value) || word.value.starts_with('+') {
        return Err(error());
    }
    T::try_from(value).map_err(|_| error())
}

/// A number of bytes such as `16384`, `64k` or `1m`.
pub(crate) fn size(word: &Word, range: RangeInclusive<u32>) -> Result<u32, Diagnostic> {
    let (digits, suffix) = split_number(word);
    let factor: u64 = match suffix.to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => {
            return Err(Diagnostic::error(format!("'{}' is not a size", word.value))
                .at(word.span)
                .help("a number of bytes with a unit out of k, m, g"));
        }
    };
    digits
        .parse::<u64>()
        .ok()
        .and_then(|count| count.checked_mul(factor))
        .and_then(|bytes| u32::try_from(bytes).ok())
        .filter(|bytes| range.contains(bytes))
        .ok_or_else(|| {
            Diagnostic::error(format!(
                "'{}' is not a size from {} to {} bytes",
                word.value,
                range.start(),
                range.end()
            ))
            .at(word.span)
        })
}

fn split_number(word: &Word) -> (&str, &str) {
    let len = word.value.bytes().take_while(u8::is_ascii_digit).count();
    word.value.split_at(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use diagnostics::{Sources, Span, Spanned};

    fn word(text: &str) -> Word {
        let source = Sources::new().add("a.cfg", text);
        let span = Span {
            source,
            start: 0,
            end: 0,
        };
        Spanned::new(text.to_owned(), span)
    }

    #[test]
    fn times_have_units_and_bounds() {
        for (text, expected_us) in [
            ("0", Some(0)),
            ("5000", Some(5_000_000)),
            ("5000us", Some(5_000)),
            ("1us", Some(1_000)),
            ("7ms", Some(7_000)),
            ("10s", Some(10_000_000)),
            ("1m", Some(60_000_000)),
            ("2h", Some(7_200_000_000)),
            ("1d", Some(86_400_000_000)),
            ("2147483647", Some(2_147_483_647_000)),
            ("2147483648", None),
            ("25d", None),
            ("99999999999999999999", None),
            ("", None),
            ("s", None),
            ("1.5s", None),
            ("-1", None),
            ("10sec", None),
        ] {
            let time = time(&word(text), Unit::Milliseconds).ok();
            assert_eq!(time.map(|time| time.as_micros()), expected_us, "{text}");
        }
        assert_eq!(
            time(&word("30"), Unit::Seconds),
            Ok(Duration::from_secs(30))
        );
        assert_eq!(
            time(&word("30m"), Unit::Seconds),
            Ok(Duration::from_secs(1800))
        );
        assert_eq!(
            time(&word("30ms"), Unit::Seconds),
            Ok(Duration::from_secs(1))
        );
        assert_eq!(timeout(&word("0")), Ok(None));
    }

    #[test]
    fn numbers_stay_within_their_bounds() {
        for (text, expected) in [
            ("0", Some(0)),
            ("256", Some(256)),
            ("257", None),
            ("-1", None),
            ("+1", None),
            ("", None),
            ("1x", None),
        ] {
            assert_eq!(number(&word(text), 0u16..=256).ok(), expected, "{text}");
        }
        assert_eq!(number(&word("-1"), -1i32..=3).ok(), Some(-1));
    }

    #[test]
    fn sizes_have_units_and_bounds() {
        for (text, expected) in [
            ("1024", Some(1024)),
            ("16k", Some(16384)),
            ("1M", Some(1 << 20)),
            ("1g", Some(1 << 30)),
            ("4g", None),
            ("1t", None),
            ("k", None),
            ("12", None),
        ] {
            assert_eq!(size(&word(text), 1024..=u32::MAX).ok(), expected, "{text}");
        }
    }
}
