//! How the CIB writes booleans and spans of time in the values of attributes and name-value pairs.

/// A boolean: `true`, `on`, `yes`, `y`, `1` or their opposites, in any case.
#[must_use]
pub fn parse_boolean(text: &str) -> Option<bool> {
    let is_one_of = |words: [&str; 5]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_one_of(["true", "on", "yes", "y", "1"]) {
        Some(true)
    } else if is_one_of(["false", "off", "no", "n", "0"]) {
        Some(false)
    } else {
        None
    }
}

/// The integer that `text` begins with; what follows it is ignored.
#[must_use]
pub fn parse_integer(text: &str) -> Option<i64> {
    let text = text.trim_start();
    let signed = text.strip_prefix(['+', '-']).unwrap_or(text);
    let len = signed.bytes().take_while(u8::is_ascii_digit).count();
    text.strip_prefix('+').unwrap_or(text)[..]
        .get(..len + usize::from(text.starts_with('-')))?
        .parse()
        .ok()
}

/// A span of time in milliseconds: a whole number and a unit, `s` where there is none. Fractions
/// are cut off, and so is whatever follows the unit's first letters, as Pacemaker has it.
#[must_use]
pub fn parse_milliseconds(text: &str) -> Option<i64> {
    /// Units, the ones that others are the beginning of first, with what they are in milliseconds
    /// (multiplied, divided).
    const UNITS: [(&str, i64, i64); 5] = [
        ("s", 1000, 1),
        ("ms", 1, 1),
        ("us", 1, 1000),
        ("m", 60_000, 1),
        ("h", 3_600_000, 1),
    ];
    let text = text.trim_start();
    let digits = text.trim_start_matches(['+', '-']);
    let sign_len = text.len() - digits.len();
    let len = digits.bytes().take_while(u8::is_ascii_digit).count();
    if len == 0 || sign_len > 1 {
        return None;
    }
    let negative = text.starts_with('-');
    let number = digits[..len]
        .parse::<i64>()
        .map_or(i64::MAX, |number| if negative { -number } else { number });
    let unit = digits[len..]
        .trim_start_matches(|character: char| character.is_ascii_digit() || character == '.')
        .trim_start();
    let starts_with = |name: &str| {
        unit.get(..name.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let (multiplier, divisor) = if unit.is_empty() {
        (1000, 1)
    } else {
        UNITS
            .iter()
            .find(|(name, ..)| starts_with(name))
            .map(|&(_, multiplier, divisor)| (multiplier, divisor))?
    };
    Some(number.saturating_mul(multiplier) / divisor)
}

/// An interval in milliseconds: as [`parse_milliseconds`], or an ISO 8601 duration; 0 where it is
/// neither, or negative.
#[must_use]
pub fn parse_interval_ms(text: &str) -> u32 {
    let interval_ms = parse_milliseconds(text).unwrap_or(0).max(0);
    u32::try_from(interval_ms).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::parse_milliseconds;

    #[test]
    fn times_have_units() {
        let check = |text, expected| assert_eq!(parse_milliseconds(text), expected, "{text}");
        check("10", Some(10_000));
        check("10s", Some(10_000));
        check("10 sec", Some(10_000));
        check("500ms", Some(500));
        check("2min", Some(120_000));
        check("1h", Some(3_600_000));
        check("1500us", Some(1));
        check("1.5s", Some(1000));
        check("-1", Some(-1000));
        check("99999999999999999999", Some(i64::MAX));
        check("1d", None);
        check("", None);
        check("soon", None);
    }
}
