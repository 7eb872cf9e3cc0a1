//! Whole numbers in values.

/// The whole number that `text` begins with, after white space; the nearest one of 64 bits where it
/// is too large. What follows the digits does not matter, as Pacemaker has it.
pub(crate) fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim_ascii_start();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    let is_negative = text.starts_with('-');
    (len > 0).then(|| match digits[..len].parse::<i64>() {
        Ok(number) if is_negative => -number,
        Ok(number) => number,
        Err(_) if is_negative => i64::MIN,
        Err(_) => i64::MAX,
    })
}

/// The count that `text` says: at least `least`, which is also what anything but a number counts
/// for.
pub(crate) fn parse_count(text: &str, least: usize) -> usize {
    let count = parse_integer(text).and_then(|count| usize::try_from(count).ok());
    count.map_or(least, |count| count.clamp(least, MOST))
}

/// The largest count, as Pacemaker has it. What is really made is bounded in its place.
const MOST: usize = i32::MAX as usize;
