//! Intervals and timeouts of the CIB: `10`, `10s`, `5min`, `100ms`, `1h`, `PT1M`.
//!
//! - A bare number is seconds. Units are told by how they begin, in any case: `s…`, `ms…`, `us…`,
//!   `m…`, `h…`. What stands behind that does not matter.
//! - A fraction is skipped: `1.5s` is one second.
//! - What begins with `P` is a duration of ISO 8601, with years of 365 and months of 30 days.

use super::Duration;
use crate::number::{is_white_space, scan_integer};

/// The milliseconds that an interval or timeout of the CIB stands for; none for text that is no such
/// thing, or negative, or a number beyond what 64 bits hold. What 32 bits do not hold is the most
/// they do.
#[must_use]
pub fn parse_interval_ms(text: &str) -> Option<u32> {
    let (value_ms, is_valid) = parse(text);
    is_valid.then_some(value_ms)
}

/// As [`parse_interval_ms`], but 0 for what cannot be read, and the most there is for what is beyond
/// any range: what Pacemaker uses after it has warned.
#[must_use]
pub fn interval_ms(text: &str) -> u32 {
    parse(text).0
}

/// The milliseconds that a number with a unit stands for, which may be negative and is not an
/// ISO 8601 duration.
#[must_use]
pub fn parse_ms(text: &str) -> Option<i64> {
    scan_ms(text)
        .filter(|scanned| !scanned.clipped)
        .map(|scanned| scanned.value_ms)
}

/// `interval_ms` as Pacemaker shows it: `1d2h3m4.005s`, `0s`.
#[must_use]
pub fn readable_interval(interval_ms: u32) -> String {
    use std::fmt::Write;

    const UNITS: [(u32, char); 3] = [(86_400_000, 'd'), (3_600_000, 'h'), (60_000, 'm')];
    if interval_ms == 0 {
        return "0s".to_owned();
    }
    let mut text = String::new();
    let mut rest_ms = interval_ms;
    // Writing to a String cannot fail.
    for (unit_ms, name) in UNITS {
        if rest_ms >= unit_ms {
            let _ = write!(text, "{}{name}", rest_ms / unit_ms);
            rest_ms %= unit_ms;
        }
    }
    let _ = match (rest_ms / 1000, rest_ms % 1000) {
        (0, 0) => Ok(()),
        (0, ms) => write!(text, "{ms}ms"),
        (seconds, 0) => write!(text, "{seconds}s"),
        (seconds, ms) => write!(text, "{seconds}.{ms:03}s"),
    };
    text
}

fn parse(text: &str) -> (u32, bool) {
    let (value_ms, is_valid) = if text.starts_with('P') {
        let longest_s = i64::from(u32::MAX / 1000);
        let seconds = Duration::parse(text).map_or(-1, Duration::nominal_s);
        (seconds.min(longest_s) * 1000, true)
    } else {
        match scan_ms(text) {
            Some(scanned) => (scanned.value_ms, !scanned.clipped),
            None => (0, false),
        }
    };
    let in_range = u32::try_from(value_ms.clamp(0, u32::MAX.into())).unwrap_or(u32::MAX);
    (in_range, is_valid && value_ms >= 0)
}

struct ScannedMs {
    value_ms: i64,
    clipped: bool,
}

fn scan_ms(text: &str) -> Option<ScannedMs> {
    let scanned = scan_integer(text)?;
    let unit = scanned
        .rest
        .trim_start_matches(|character: char| character.is_ascii_digit() || character == '.')
        .trim_start_matches(is_white_space);
    let (multiplier, divisor) = unit_ms(unit)?;
    Some(ScannedMs {
        value_ms: scanned.value.saturating_mul(multiplier) / divisor,
        clipped: scanned.clipped,
    })
}

/// How many milliseconds a unit is, as a fraction.
fn unit_ms(unit: &str) -> Option<(i64, i64)> {
    const UNITS: [(&str, i64, i64); 5] = [
        ("s", 1000, 1),
        ("ms", 1, 1),
        ("us", 1, 1000),
        ("m", 60_000, 1),
        ("h", 3_600_000, 1),
    ];
    if unit.is_empty() {
        return Some((1000, 1));
    }
    UNITS
        .into_iter()
        .find(|(start, _, _)| {
            unit.get(..start.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(start))
        })
        .map(|(_, multiplier, divisor)| (multiplier, divisor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals() {
        let check = |text, expected: Option<u32>, used: u32| {
            assert_eq!(parse_interval_ms(text), expected, "{text:?}");
            assert_eq!(interval_ms(text), used, "{text:?}");
        };
        let good = |text, ms| check(text, Some(ms), ms);
        good("10", 10_000);
        good("10s", 10_000);
        good("10 sec", 10_000);
        good("5min", 300_000);
        good("5M", 300_000);
        good("100ms", 100);
        good("1500us", 1);
        good("1h", 3_600_000);
        good(" 2Hr", 7_200_000);
        good("1.5s", 1000);
        good("1.2.3 ms", 1);
        good("10 shillings", 10_000);
        good("PT1M", 60_000);
        good("P1M", 2_592_000_000);
        good("P1Y", 4_294_967_000);
        good("9999999h", u32::MAX);
        check("99999999999999999999", None, u32::MAX);
        check("-99999999999999999999", None, 0);
        check("-1s", None, 0);
        check("PT-1S", None, 0);
        check("P", None, 0);
        check("10x", None, 0);
        check("", None, 0);
        check("s", None, 0);
        assert_eq!(parse_ms("-3s"), Some(-3000));
        assert_eq!(parse_ms("9223372036854775807"), Some(i64::MAX));
        assert_eq!(parse_ms("9223372036854775808"), None);
    }

    #[test]
    fn readable() {
        assert_eq!(readable_interval(0), "0s");
        assert_eq!(readable_interval(10), "10ms");
        assert_eq!(readable_interval(10_000), "10s");
        assert_eq!(readable_interval(61_005), "1m1.005s");
        assert_eq!(readable_interval(90_000_000), "1d1h");
        assert_eq!(readable_interval(86_400_001), "1d1ms");
    }
}
