//! Whole numbers as the status section has them: what follows the digits is ignored.

use cib::xml::Element;

/// The whole number that `text` begins with, cut to 64 bits.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 {
        return None;
    }
    let value = digits[..len].bytes().fold(0i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    Some(if negative { -value } else { value })
}

/// The whole number in attribute `name` of `entry`, if it has 32 bits.
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
    use super::{parse_integer, whole_seconds};

    #[test]
    fn numbers_end_where_digits_end() {
        let check = |text, expected| assert_eq!(parse_integer(text), expected, "{text}");
        check("42", Some(42));
        check(" -7s", Some(-7));
        check("+3.9", Some(3));
        check("99999999999999999999", Some(i64::MAX));
        check("", None);
        check("-", None);
        check("x1", None);
    }

    #[test]
    fn times_are_rounded_but_never_to_nothing() {
        let check = |ms, expected| assert_eq!(whole_seconds(ms), expected, "{ms}");
        check(0, 0);
        check(1, 1);
        check(1499, 1);
        check(1500, 2);
    }
}
