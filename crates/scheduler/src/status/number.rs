//! Numbers as the status section has them.

use cib::number::parse_integer;
use cib::xml::Element;

/// The whole number that `text` begins with, if it has 32 bits.
pub(crate) fn parse_i32(text: &str) -> Option<i32> {
    parse_integer(text).and_then(|value| i32::try_from(value).ok())
}

/// The interval in attribute `interval` of a history entry in milliseconds; 0 where it is missing
/// or wrong.
pub(crate) fn interval_ms(entry: Element<'_>) -> u32 {
    entry
        .attribute("interval")
        .and_then(parse_integer)
        .and_then(|value| u32::try_from(value).ok())
        .unwrap_or(0)
}

/// Milliseconds as whole seconds, rounded to the nearest, but never down to none.
pub(crate) fn whole_seconds(milliseconds: u64) -> i64 {
    let seconds = match milliseconds {
        0 => 0,
        1..1000 => 1,
        _ => milliseconds / 1000 + u64::from(milliseconds % 1000 >= 500),
    };
    i64::try_from(seconds).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::whole_seconds;

    #[test]
    fn times_are_rounded_but_never_to_nothing() {
        let check = |ms, expected| assert_eq!(whole_seconds(ms), expected, "{ms}");
        check(0, 0);
        check(1, 1);
        check(1499, 1);
        check(1500, 2);
    }
}
