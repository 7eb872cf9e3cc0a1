//! Numbers as the C library reads them, which is how the CIB's are understood: white space in front
//! is skipped, a sign is allowed, and what follows the number is ignored.

/// The beginning of a text, read as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scanned<'t> {
    /// The number, brought into range.
    pub value: i64,
    /// Whether the number did not fit.
    pub clipped: bool,
    /// What follows it.
    pub rest: &'t str,
}

/// Reads the integer that `text` begins with; none where there is no digit.
#[must_use]
pub fn scan_integer(text: &str) -> Option<Scanned<'_>> {
    let text = skip_white_space(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let is_negative = text.starts_with('-');
    let len = unsigned
        .bytes()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = unsigned.split_at(len);
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits.bytes().try_fold(0_i64, |value, digit| {
        let digit = i64::from(digit - b'0');
        let signed = if is_negative { -digit } else { digit };
        value.checked_mul(10)?.checked_add(signed)
    });
    Some(Scanned {
        value: magnitude.unwrap_or(if is_negative { i64::MIN } else { i64::MAX }),
        clipped: magnitude.is_none(),
        rest,
    })
}

/// The integer that `text` begins with; none where there is no digit or it does not fit.
#[must_use]
pub fn parse_integer(text: &str) -> Option<i64> {
    scan_integer(text)
        .filter(|scanned| !scanned.clipped)
        .map(|scanned| scanned.value)
}

/// The decimal number that `text` begins with; none where there is none or it is out of range.
#[must_use]
pub fn parse_decimal(text: &str) -> Option<f64> {
    let text = skip_white_space(text);
    let number = &text[..decimal_len(text)?];
    let value: f64 = number.parse().ok()?;
    let is_zero = number
        .split(['e', 'E'])
        .next()
        .is_some_and(|mantissa| !mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9')));
    (value.is_finite() && (is_zero || value.abs() > f64::MIN_POSITIVE)).then_some(value)
}

/// How many bytes of `text` are a decimal number: digits with at most one point among them, and an
/// exponent if it is complete.
fn decimal_len(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let digits = |from: usize| {
        bytes[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut len = usize::from(text.starts_with(['+', '-']));
    let whole = digits(len);
    len += whole;
    let mut fraction = 0;
    if bytes.get(len) == Some(&b'.') {
        fraction = digits(len + 1);
        len += 1 + fraction;
    }
    if whole + fraction == 0 {
        return None;
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
        let exponent = digits((len + 1 + sign).min(bytes.len()));
        if exponent > 0 {
            len += 1 + sign + exponent;
        }
    }
    Some(len)
}

/// `text` without the white space in front of it.
pub(crate) fn skip_white_space(text: &str) -> &str {
    text.trim_start_matches(is_white_space)
}

/// What the C library takes for white space.
pub(crate) const fn is_white_space(character: char) -> bool {
    matches!(character, ' ' | '\t'..='\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers() {
        let check = |text, expected: Option<(i64, bool, &str)>| {
            let found = scan_integer(text).map(|it| (it.value, it.clipped, it.rest));
            assert_eq!(found, expected, "{text:?}");
        };
        check("12", Some((12, false, "")));
        check("\t -7x", Some((-7, false, "x")));
        check("+3 4", Some((3, false, " 4")));
        check("", None);
        check("- 1", None);
        check("x1", None);
        check("9223372036854775807", Some((i64::MAX, false, "")));
        check("9223372036854775808.", Some((i64::MAX, true, ".")));
        check("-9223372036854775808", Some((i64::MIN, false, "")));
        check("-9223372036854775809", Some((i64::MIN, true, "")));
    }

    #[test]
    fn decimals() {
        let check = |text, expected| assert_eq!(parse_decimal(text), expected, "{text:?}");
        check("1.5x", Some(1.5));
        check(" -.5", Some(-0.5));
        check("3.", Some(3.0));
        check("1e3", Some(1000.0));
        check("1e", Some(1.0));
        check("1e+", Some(1.0));
        check("0e99", Some(0.0));
        check(".", None);
        check("x", None);
        check("1e999", None);
        check("1e-999", None);
    }
}
