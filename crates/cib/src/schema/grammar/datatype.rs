//! What the value of an attribute may be.

use std::fmt;

use crate::schema::Schema;

/// A set of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::schema) enum Datatype {
    /// Any text.
    Text,
    /// A name that no other element of the document has.
    Id,
    /// A name that an element of the document has.
    IdRef,
    /// One of these.
    OneOf(Vec<&'static str>),
    /// None of these.
    NoneOf(Vec<&'static str>),
    /// As [`Datatype::named`] knows it.
    Named(&'static str),
}

impl Datatype {
    /// The type of that name.
    pub(in crate::schema) fn named(name: &'static str) -> Self {
        match name {
            "ID" => Self::Id,
            "IDREF" => Self::IdRef,
            _ => Self::Named(name),
        }
    }

    /// Whether `value` is one of its texts. White space around it does not count.
    pub(in crate::schema) fn allows(&self, value: &str) -> bool {
        let word = value.trim_matches([' ', '\t', '\n', '\r']);
        match self {
            Self::Text => true,
            Self::Id | Self::IdRef => is_name(word),
            Self::OneOf(words) => words.iter().any(|it| same_words(it, word)),
            Self::NoneOf(words) => !words.iter().any(|it| same_words(it, word)),
            Self::Named("integer") => integer(word).is_some(),
            Self::Named("natural") => integer(word).is_some_and(|it| !it.starts_with('-')),
            Self::Named("positive") => {
                integer(word).is_some_and(|it| it != "0" && !it.starts_with('-'))
            }
            Self::Named("digit") => integer(word).is_some_and(|it| it.len() == 1 && it != "0"),
            Self::Named("score") => {
                matches!(word, "INFINITY" | "+INFINITY" | "-INFINITY") || integer(word).is_some()
            }
            Self::Named("schema") => Schema::parse(word).is_some(),
            Self::Named("range") => {
                !value.is_empty() && value.bytes().all(|it| it.is_ascii_digit() || it == b'-')
            }
            Self::Named("devices") => value.split(',').all(|device| {
                !device.is_empty()
                    && device
                        .bytes()
                        .all(|it| it.is_ascii_alphanumeric() || b"_.-".contains(&it))
            }),
            Self::Named(_) => false,
        }
    }

    /// Whether the grammar can be right in using it.
    #[cfg(test)]
    pub(in crate::schema) fn is_known(&self) -> bool {
        const NAMED: [&str; 8] = [
            "integer", "natural", "positive", "digit", "score", "schema", "range", "devices",
        ];
        !matches!(self, Self::Named(name) if !NAMED.contains(name))
    }
}

impl fmt::Display for Datatype {
    /// For people: what is expected.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text => f.write_str("any text"),
            Self::Id => f.write_str(
                "an identifier (a letter or underscore, then letters, digits, '-', '_' and '.')",
            ),
            Self::IdRef => f.write_str("the id of an element"),
            Self::OneOf(words) => {
                for (index, word) in words.iter().enumerate() {
                    let before = match index {
                        0 => "",
                        _ if index + 1 == words.len() => " or ",
                        _ => ", ",
                    };
                    write!(f, "{before}'{word}'")?;
                }
                Ok(())
            }
            Self::NoneOf(_) => f.write_str("a name or value that is still supported"),
            Self::Named(name) => f.write_str(match *name {
                "integer" => "an integer",
                "natural" => "an integer of 0 or more",
                "positive" => "an integer of 1 or more",
                "digit" => "an integer from 1 to 9",
                "score" => "an integer, 'INFINITY' or '-INFINITY'",
                "schema" => "the name of a schema, such as 'pacemaker-3.10'",
                "range" => "digits and '-'",
                "devices" => "names of devices, separated by commas",
                other => other,
            }),
        }
    }
}

/// The number without `+` and leading zeroes; none for what is no integer.
fn integer(text: &str) -> Option<&str> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    match digits.trim_start_matches('0') {
        "" => Some("0"),
        _ if text.starts_with('-') => Some(text),
        number => Some(number),
    }
}

/// Whether both are the same words, however they are spaced.
fn same_words(left: &str, right: &str) -> bool {
    left == right
        || left
            .split_ascii_whitespace()
            .eq(right.split_ascii_whitespace())
}

/// Whether it is a name without a colon (`NCName` of XML).
fn is_name(text: &str) -> bool {
    let is_start = |it: char| it == '_' || it.is_alphabetic();
    let is_part = |it: char| is_start(it) || it.is_numeric() || matches!(it, '-' | '.' | '\u{b7}');
    text.starts_with(is_start) && text.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let check = |name, allowed: &[&str], refused: &[&str]| {
            let datatype = Datatype::named(name);
            assert!(datatype.is_known());
            for value in allowed {
                assert!(datatype.allows(value), "{value:?} is a {name}");
            }
            for value in refused {
                assert!(!datatype.allows(value), "{value:?} is no {name}");
            }
        };
        check(
            "ID",
            &["a", "_b-c.1", "ä1"],
            &["", "1a", "a:b", "a b", "-a"],
        );
        check(
            "integer",
            &["0", "-5", "+7", "99999999999999999999"],
            &["", "+", "1.0", "0x1"],
        );
        check("natural", &["0", "-0", "12"], &["-1"]);
        check("positive", &["1", "0012"], &["0", "-1", "+0"]);
        check("digit", &["1", "9", "009"], &["0", "10", "-1"]);
        check(
            "score",
            &["INFINITY", "+INFINITY", "-3"],
            &["infinity", "red"],
        );
        check("range", &["1-2", "80"], &["", "1,2"]);
        check("devices", &["a", "a,b-1.x_"], &["", "a,", "a b"]);
        check("schema", &["none", "pacemaker-3.10"], &["pacemaker-9.0"]);
    }
}
