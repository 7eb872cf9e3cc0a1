//! Cookie and Set-Cookie values (RFC 6265): finding and editing one cookie.

use crate::header::trim;

/// The pairs of a Cookie value in order, names and values without blanks around them.
pub fn cookies(value: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    value
        .split(|byte| *byte == b';')
        .filter_map(|pair| split_pair(pair).map(|(name, value)| (name, unquote(value))))
}

/// The value of the first cookie of that name in a Cookie value. Names are case-sensitive.
#[must_use]
pub fn cookie_value<'a>(value: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    cookies(value)
        .find(|(other, _)| *other == name)
        .map(|(_, value)| value)
}

/// The Cookie value without the cookies of that name: none where it has none, `Some` of an empty
/// value where nothing is left (the line then goes).
#[must_use]
pub fn remove_cookie(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let is_named = |pair: &[u8]| split_pair(pair).is_some_and(|(other, _)| other == name);
    if !value.split(|byte| *byte == b';').any(is_named) {
        return None;
    }
    let kept: Vec<&[u8]> = value
        .split(|byte| *byte == b';')
        .filter(|pair| !is_named(pair))
        .map(trim)
        .filter(|pair| !pair.is_empty())
        .collect();
    Some(kept.join(&b"; "[..]))
}

/// In `cookie NAME prefix`, what the client sends is `SERVER~VALUE`: the Cookie value with the
/// prefix and its `~` taken off every cookie of that name; none where there is nothing to do.
#[must_use]
pub fn strip_cookie_prefix(value: &[u8], name: &[u8]) -> Option<Vec<u8>> {
    let mut changed = false;
    let pairs: Vec<Vec<u8>> = value
        .split(|byte| *byte == b';')
        .map(|pair| match split_pair(pair) {
            Some((other, value)) if other == name => {
                let value = unquote(value);
                let Some(mark) = memchr::memchr(b'~', value) else {
                    return trim(pair).to_vec();
                };
                changed = true;
                [name, b"=", &value[mark + 1..]].concat()
            }
            _ => trim(pair).to_vec(),
        })
        .collect();
    changed.then(|| pairs.join(&b"; "[..]))
}

/// The name and value of the cookie that a Set-Cookie value sets, without its attributes.
#[must_use]
pub fn set_cookie_pair(value: &[u8]) -> Option<(&[u8], &[u8])> {
    let pair = value.split(|byte| *byte == b';').next()?;
    split_pair(pair).map(|(name, value)| (name, unquote(value)))
}

/// A Set-Cookie value with another value for its cookie and its attributes as they were; none
/// where it sets no cookie.
#[must_use]
pub fn rewrite_set_cookie(value: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    let (pair, attributes) = value.split_at(end);
    let (name, _) = split_pair(pair)?;
    Some([name, b"=", new, attributes].concat())
}

fn split_pair(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = memchr::memchr(b'=', pair)?;
    let name = trim(&pair[..equals]);
    (!name.is_empty()).then(|| (name, trim(&pair[equals + 1..])))
}

fn unquote(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> &str {
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        for (value, name, expected) in [
            ("A=1", "A", Some("1")),
            ("A=1; B=2", "B", Some("2")),
            ("XA=1; A=2", "A", Some("2")),
            ("a=1", "A", None),
            (" A = 1 ;B=2", "A", Some("1")),
            ("A=\"1\"", "A", Some("1")),
            ("A=x=y", "A", Some("x=y")),
            ("A=", "A", Some("")),
            ("A", "A", None),
            ("", "A", None),
            (";;=;", "A", None),
            ("A=1; A=2", "A", Some("1")),
        ] {
            let found = cookie_value(value.as_bytes(), name.as_bytes()).map(text);
            assert_eq!(found, expected, "{value} {name}");
        }
    }

    #[test]
    fn a_cookie_is_removed_and_the_others_stay() {
        for (value, expected) in [
            ("S=1", Some("")),
            ("S=1; A=2", Some("A=2")),
            ("A=2; S=1", Some("A=2")),
            ("A=2;S=1;B=3", Some("A=2; B=3")),
            ("S=1; A=2; S=3", Some("A=2")),
            ("A=2", None),
            ("", None),
        ] {
            let found = remove_cookie(value.as_bytes(), b"S");
            assert_eq!(found.as_deref().map(text), expected, "{value}");
        }
    }

    #[test]
    fn a_prefix_is_stripped() {
        for (value, expected) in [
            ("S=srv1~abc", Some("S=abc")),
            ("A=1; S=srv1~a~b; B=2", Some("A=1; S=a~b; B=2")),
            ("S=abc", None),
            ("A=x~y", None),
        ] {
            let found = strip_cookie_prefix(value.as_bytes(), b"S");
            assert_eq!(found.as_deref().map(text), expected, "{value}");
        }
    }

    #[test]
    fn a_set_cookie_keeps_its_attributes() {
        for (value, pair, rewritten) in [
            ("S=1", Some(("S", "1")), Some("S=new")),
            (
                "S=1; Path=/; HttpOnly",
                Some(("S", "1")),
                Some("S=new; Path=/; HttpOnly"),
            ),
            ("S=", Some(("S", "")), Some("S=new")),
            ("S", None, None),
            ("=1", None, None),
        ] {
            let found = set_cookie_pair(value.as_bytes()).map(|(a, b)| (text(a), text(b)));
            assert_eq!(found, pair, "{value}");
            let found = rewrite_set_cookie(value.as_bytes(), b"new");
            assert_eq!(found.as_deref().map(text), rewritten, "{value}");
        }
    }
}
