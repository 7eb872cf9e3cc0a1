//! `%0` to `%9` in the names of node attributes: parts of a resource's id.

use std::borrow::Cow;

/// `text` with `%0` to `%9` replaced by what `captures` says (nothing for a group that took no part
/// or does not exist); as it is where there are no captures at all.
#[must_use]
pub fn expand_captures<'t>(text: &'t str, captures: Option<&[Option<&str>]>) -> Cow<'t, str> {
    let Some(captures) = captures else {
        return Cow::Borrowed(text);
    };
    let mut expanded = String::new();
    let mut rest = text;
    while let Some((before, number, after)) = next_capture(rest) {
        expanded.push_str(before);
        expanded.push_str(captures.get(number).copied().flatten().unwrap_or_default());
        rest = after;
    }
    if rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    expanded.push_str(rest);
    Cow::Owned(expanded)
}

/// What stands before the first `%` with a digit, the digit, and what follows.
fn next_capture(text: &str) -> Option<(&str, usize, &str)> {
    let is_capture =
        |&(at, _): &(usize, &str)| text.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit);
    let (at, _) = text.match_indices('%').find(is_capture)?;
    let digit = text.as_bytes()[at + 1];
    Some((&text[..at], usize::from(digit - b'0'), &text[at + 2..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn captures() {
        let captures = [Some("ip-db"), Some("db"), None];
        let check = |text, expected| {
            assert_eq!(expand_captures(text, Some(&captures)), expected, "{text}");
        };
        check("loc-%1", "loc-db");
        check("%0%%1%", "ip-db%db%");
        check("a%2b%9c", "abc");
        check("%x", "%x");
        check("", "");
        assert_eq!(expand_captures("loc-%1", None), "loc-%1");
    }
}
