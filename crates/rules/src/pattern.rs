//! What an ACL compares its sample with (configuration.txt, 7.1).

use std::collections::HashSet;
use std::net::IpAddr;

use haproxy_config::model::Network;
use regex::bytes::{RegexBuilder, RegexSet, RegexSetBuilder};

use crate::value::{Type, Value};

/// A matching method: `-m`, a suffix such as `_beg`, or the default of the sample's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Found,
    Boolean,
    Integer,
    Length,
    Address,
    Hex,
    Exact,
    Prefix,
    Suffix,
    Substring,
    Directory,
    Domain,
    Regex,
}

/// The names after `-m`.
pub(crate) const METHODS: [(&str, Method); 13] = [
    ("found", Method::Found),
    ("bool", Method::Boolean),
    ("int", Method::Integer),
    ("len", Method::Length),
    ("ip", Method::Address),
    ("bin", Method::Hex),
    ("str", Method::Exact),
    ("beg", Method::Prefix),
    ("end", Method::Suffix),
    ("sub", Method::Substring),
    ("dir", Method::Directory),
    ("dom", Method::Domain),
    ("reg", Method::Regex),
];

impl Method {
    pub(crate) fn named(name: &str) -> Option<Self> {
        METHODS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, method)| *method)
    }

    /// The default of a type; binary samples have none.
    pub(crate) const fn of(kind: Type) -> Option<Self> {
        match kind {
            Type::Boolean => Some(Self::Boolean),
            Type::Integer => Some(Self::Integer),
            Type::Address => Some(Self::Address),
            Type::Text => Some(Self::Exact),
            Type::Binary => None,
        }
    }

    /// The compatibility matrix of 7.1.
    pub(crate) const fn accepts(self, kind: Type) -> bool {
        match self {
            Self::Boolean => !matches!(kind, Type::Address | Type::Binary),
            Self::Integer => !matches!(kind, Type::Binary),
            Self::Address => matches!(kind, Type::Address | Type::Text | Type::Binary),
            Self::Hex => matches!(kind, Type::Text | Type::Binary),
            _ => true,
        }
    }
}

/// One word to compare with, and whether `-i` came before it.
#[derive(Debug, Clone)]
pub(crate) struct Written<'a> {
    pub(crate) text: &'a str,
    pub(crate) any_case: bool,
}

/// A compiled comparison: true where any of its patterns matches.
#[derive(Debug, Clone)]
pub(crate) enum Matcher {
    Found,
    Boolean,
    Integer(Vec<Range>),
    Length(Vec<Range>),
    Address(Vec<Network>),
    Exact {
        words: HashSet<Box<[u8]>>,
        any_case: Vec<Box<[u8]>>,
    },
    Parts(Method, Vec<Text>),
    Regex(RegexSet),
}

/// Integers from the first to the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    first: i64,
    last: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct Text {
    bytes: Box<[u8]>,
    any_case: bool,
}

impl Matcher {
    /// Compiles patterns; the error names the pattern's index and what is wrong with it.
    pub(crate) fn compile(
        method: Method,
        patterns: &[Written<'_>],
    ) -> Result<Self, (usize, String)> {
        match method {
            Method::Found => Ok(Self::Found),
            Method::Boolean => Ok(Self::Boolean),
            Method::Integer => ranges(patterns).map(Self::Integer),
            Method::Length => ranges(patterns).map(Self::Length),
            Method::Address => each(patterns, |pattern| network(pattern.text)).map(Self::Address),
            Method::Hex => {
                let words = each(patterns, |pattern| hex(pattern.text))?;
                Ok(Self::Exact {
                    words: words.into_iter().map(Vec::into_boxed_slice).collect(),
                    any_case: Vec::new(),
                })
            }
            Method::Exact => {
                let of_case = |any_case: bool| {
                    patterns
                        .iter()
                        .filter(move |pattern| pattern.any_case == any_case)
                        .map(|pattern| pattern.text.as_bytes().into())
                };
                Ok(Self::Exact {
                    words: of_case(false).collect(),
                    any_case: of_case(true).collect(),
                })
            }
            Method::Regex => regexes(patterns).map(Self::Regex),
            _ => Ok(Self::Parts(
                method,
                patterns
                    .iter()
                    .map(|pattern| Text {
                        bytes: bare(method, pattern.text.as_bytes()).into(),
                        any_case: pattern.any_case,
                    })
                    .collect(),
            )),
        }
    }

    pub(crate) fn matches(&self, value: &Value<'_>) -> bool {
        match self {
            Self::Found => true,
            Self::Boolean => value.as_integer().is_some_and(|value| value != 0),
            Self::Integer(ranges) => value
                .as_integer()
                .is_some_and(|value| ranges.iter().any(|range| range.contains(value))),
            Self::Length(ranges) => with_text(value, |text| {
                let len = i64::try_from(text.len()).unwrap_or(i64::MAX);
                ranges.iter().any(|range| range.contains(len))
            }),
            Self::Address(networks) => value.as_address().is_some_and(|address| {
                // An IPv4 address is compared with IPv6 networks in its mapped form.
                let mapped = match address {
                    IpAddr::V4(v4) => IpAddr::V6(v4.to_ipv6_mapped()),
                    IpAddr::V6(_) => address,
                };
                networks
                    .iter()
                    .any(|network| network.contains(address) || network.contains(mapped))
            }),
            Self::Exact { words, any_case } => with_text(value, |text| {
                words.contains(text) || any_case.iter().any(|word| word.eq_ignore_ascii_case(text))
            }),
            Self::Parts(method, patterns) => with_text(value, |text| {
                patterns
                    .iter()
                    .any(|pattern| pattern.matches(*method, text))
            }),
            Self::Regex(set) => with_text(value, |text| set.is_match(text)),
        }
    }
}

fn with_text(value: &Value<'_>, test: impl FnOnce(&[u8]) -> bool) -> bool {
    match value {
        Value::Text(text) | Value::Binary(text) => test(text),
        other => test(&other.clone().into_text()),
    }
}

impl Range {
    const fn contains(self, value: i64) -> bool {
        self.first <= value && value <= self.last
    }
}

impl Text {
    fn equals(&self, text: &[u8]) -> bool {
        if self.any_case {
            self.bytes.eq_ignore_ascii_case(text)
        } else {
            *self.bytes == *text
        }
    }

    fn matches(&self, method: Method, text: &[u8]) -> bool {
        let len = self.bytes.len();
        match method {
            Method::Prefix => text.get(..len).is_some_and(|part| self.equals(part)),
            Method::Suffix => text
                .len()
                .checked_sub(len)
                .is_some_and(|start| self.equals(&text[start..])),
            Method::Directory => self.is_part(text, |byte| matches!(byte, b'/' | b'?')),
            Method::Domain => self.is_part(text, |byte| matches!(byte, b'/' | b'?' | b'.' | b':')),
            _ => len == 0 || text.windows(len).any(|part| self.equals(part)),
        }
    }

    /// Whether it stands in the text between delimiters or the text's ends.
    fn is_part(&self, text: &[u8], is_delimiter: impl Fn(u8) -> bool) -> bool {
        let len = self.bytes.len();
        if len == 0 || len > text.len() {
            return false;
        }
        (0..=text.len() - len).any(|start| {
            let end = start + len;
            (start == 0 || is_delimiter(text[start - 1]))
                && text.get(end).is_none_or(|byte| is_delimiter(*byte))
                && self.equals(&text[start..end])
        })
    }
}

/// `dir` and `dom` patterns count without the delimiters around them.
fn bare(method: Method, mut text: &[u8]) -> &[u8] {
    let is_delimiter = |byte: u8| match method {
        Method::Directory => matches!(byte, b'/' | b'?'),
        Method::Domain => matches!(byte, b'/' | b'?' | b'.' | b':'),
        _ => false,
    };
    while let [first, rest @ ..] = text
        && is_delimiter(*first)
    {
        text = rest;
    }
    while let [rest @ .., last] = text
        && is_delimiter(*last)
    {
        text = rest;
    }
    text
}

fn each<T>(
    patterns: &[Written<'_>],
    read: impl Fn(&Written<'_>) -> Result<T, String>,
) -> Result<Vec<T>, (usize, String)> {
    patterns
        .iter()
        .enumerate()
        .map(|(index, pattern)| read(pattern).map_err(|message| (index, message)))
        .collect()
}

/// `eq 1`, `ge 5`, `10:20`, `:5`, `3`: an operator holds for all numbers after it. Decimal pairs
/// such as `1.1` are not numbers here.
fn ranges(patterns: &[Written<'_>]) -> Result<Vec<Range>, (usize, String)> {
    let mut operator = "eq";
    let mut found = Vec::new();
    for (index, pattern) in patterns.iter().enumerate() {
        if matches!(pattern.text, "eq" | "ge" | "gt" | "le" | "lt") {
            operator = pattern.text;
            continue;
        }
        let range = range(operator, pattern.text).ok_or_else(|| {
            (
                index,
                format!("'{}' is not an integer or a range", pattern.text),
            )
        })?;
        found.push(range);
    }
    Ok(found)
}

fn range(operator: &str, text: &str) -> Option<Range> {
    let (first, last) = match text.split_once(':') {
        Some((first, last)) => {
            let bound = |text: &str, otherwise: i64| match text {
                "" => Some(otherwise),
                _ => text.parse().ok(),
            };
            (bound(first, i64::MIN)?, bound(last, i64::MAX)?)
        }
        None => {
            let value = text.parse().ok()?;
            (value, value)
        }
    };
    Some(match operator {
        "ge" => Range {
            first,
            last: i64::MAX,
        },
        "gt" => Range {
            first: first.checked_add(1)?,
            last: i64::MAX,
        },
        "le" => Range {
            first: i64::MIN,
            last,
        },
        "lt" => Range {
            first: i64::MIN,
            last: last.checked_sub(1)?,
        },
        _ => Range { first, last },
    })
}

/// An address, `ADDRESS/LENGTH` or `ADDRESS/MASK`.
pub(crate) fn network(text: &str) -> Result<Network, String> {
    let wrong = || {
        format!("'{text}' is not an address or a network (host names are not looked up in ACLs)")
    };
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let width: u8 = if address.is_ipv4() { 32 } else { 128 };
    let prefix_len = match length {
        None => width,
        Some(length) => match (length.parse::<u8>(), length.parse::<std::net::Ipv4Addr>()) {
            (Ok(length), _) if length <= width => length,
            (_, Ok(mask)) if address.is_ipv4() => {
                let bits = mask.to_bits();
                if bits.count_zeros() != bits.trailing_zeros() {
                    return Err(format!("'{mask}' is not a mask of leading ones"));
                }
                u8::try_from(bits.leading_ones()).unwrap_or(width)
            }
            _ => return Err(wrong()),
        },
    };
    let address = match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(prefix_len))
                .unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(prefix_len))
                .unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    };
    Ok(Network {
        address,
        prefix_len,
    })
}

pub(crate) fn hex(text: &str) -> Result<Vec<u8>, String> {
    let wrong = || format!("'{text}' is not a sequence of hexadecimal bytes");
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return Err(wrong());
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| wrong()))
        .collect()
}

/// Text as bytes, classes as ASCII, `.` any byte but a line end: as with PCRE without UTF mode.
pub(crate) fn regex(text: &str, any_case: bool) -> Result<regex::bytes::Regex, String> {
    RegexBuilder::new(text)
        .unicode(false)
        .case_insensitive(any_case)
        .build()
        .map_err(|error| regex_message(text, &error))
}

fn regexes(patterns: &[Written<'_>]) -> Result<RegexSet, (usize, String)> {
    // One by one first, so that a message names the pattern at fault.
    let texts = each(patterns, |pattern| {
        regex(pattern.text, pattern.any_case)?;
        Ok(if pattern.any_case {
            format!("(?i:{})", pattern.text)
        } else {
            pattern.text.to_owned()
        })
    })?;
    RegexSetBuilder::new(&texts)
        .unicode(false)
        .build()
        .map_err(|error| (0, regex_message("", &error)))
}

fn regex_message(text: &str, error: &regex::Error) -> String {
    let reason = match error {
        regex::Error::Syntax(message) => message
            .lines()
            .last()
            .unwrap_or("")
            .trim_start_matches("error: ")
            .to_owned(),
        other => other.to_string(),
    };
    format!("'{text}' is not a regular expression that can be used: {reason}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(method: &str, patterns: &[&str], text: &str) -> bool {
        let mut any_case = false;
        let mut written = Vec::new();
        for pattern in patterns {
            if *pattern == "-i" {
                any_case = true;
            } else {
                written.push(Written {
                    text: pattern,
                    any_case,
                });
            }
        }
        Matcher::compile(Method::named(method).unwrap(), &written)
            .unwrap()
            .matches(&Value::text(text.as_bytes()))
    }

    #[test]
    fn each_method_matches_what_the_manual_says() {
        for (method, patterns, text, expected) in [
            ("str", &["a", "b"][..], "b", true),
            ("str", &["a"], "A", false),
            ("str", &["-i", "a"], "A", true),
            ("str", &["a", "-i", "b"], "A", false),
            ("beg", &["/static", "/images"], "/images/x", true),
            ("beg", &["/static"], "/x/static", false),
            ("beg", &["/static"], "/s", false),
            ("beg", &["-i", "/static"], "/STATIC/x", true),
            ("end", &[".jpg", ".png"], "/a.png", true),
            ("end", &[".jpg"], "/a.JPG", false),
            ("end", &["-i", ".jpg"], "/a.JPG", true),
            ("end", &["longer than the text"], "text", false),
            ("sub", &["b"], "abc", true),
            ("sub", &["x"], "abc", false),
            ("sub", &[""], "abc", true),
            ("dir", &["img"], "/a/img/b", true),
            ("dir", &["/img/"], "/img?x", true),
            ("dir", &["im"], "/img", false),
            ("dir", &["a/b"], "/x/a/b/y", true),
            ("dom", &["example"], "www.example.org", true),
            ("dom", &["example.org"], "www.example.org:80", true),
            ("dom", &["example"], "www.examples.org", false),
            ("len", &["3"], "abc", true),
            ("len", &["gt", "3"], "abc", false),
            ("reg", &["^/a.*z$"], "/abcz", true),
            ("reg", &["x", "-i", "^/A"], "/abcz", true),
            ("reg", &["^/A"], "/abcz", false),
            ("bin", &["616263"], "abc", true),
            ("int", &["3"], "3", true),
            ("int", &["3"], "x", false),
            ("ip", &["10.0.0.0/8"], "10.2.3.4", true),
            ("found", &[], "", true),
            ("bool", &[], "0", false),
            ("bool", &[], "2", true),
        ] {
            assert_eq!(
                matches(method, patterns, text),
                expected,
                "{method} {patterns:?} {text}"
            );
        }
    }

    #[test]
    fn integers_match_by_range_and_operator() {
        for (patterns, value, expected) in [
            (&["1", "2"][..], 2, true),
            (&["1024:65535"], 1024, true),
            (&["1024:65535"], 65536, false),
            (&[":5"], -3, true),
            (&["5:"], 4, false),
            (&["ge", "5"], 5, true),
            (&["gt", "5"], 5, false),
            (&["lt", "0"], -1, true),
            (&["le", "5", "gt", "10"], 11, true),
            (&["le", "5", "gt", "10"], 7, false),
        ] {
            let value: i64 = value;
            assert_eq!(
                matches("int", patterns, &value.to_string()),
                expected,
                "{patterns:?} {value}"
            );
        }
    }

    #[test]
    fn addresses_match_by_network_and_family() {
        for (pattern, address, expected) in [
            ("127.0.0.1/8", "127.9.9.9", true),
            ("192.168.0.0/255.255.0.0", "192.168.3.4", true),
            ("192.168.0.1", "192.168.0.2", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("::/0", "::1", true),
            ("::/0", "1.2.3.4", true),
            ("::ffff:10.0.0.0/104", "10.0.0.1", true),
            ("::ffff:10.0.0.0/104", "11.0.0.1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
        ] {
            assert_eq!(
                matches("ip", &[pattern], address),
                expected,
                "{pattern} {address}"
            );
        }
        for bad in [
            "a",
            "1.2.3",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/255.0.255.0",
            "1.2.3.4/",
        ] {
            assert!(network(bad).is_err(), "{bad}");
        }
    }
}
