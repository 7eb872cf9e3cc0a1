//! What an agent is told on its standard input.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use thiserror::Error;

use crate::secret::Secret;

/// The most that an agent is told, in bytes: what a pipe takes at once.
pub const MAX_INPUT_BYTES: usize = 64 * 1024;

/// What stands for a secret in a text.
const HIDDEN: &str = "***";

/// Parts of the names of parameters whose values nobody may see.
const SECRETIVE: &[&str] = &[
    "pass",
    "secret",
    "token",
    "community",
    "private",
    "credential",
    "hexadecimal_kg",
    "api_key",
    "apikey",
    "api-key",
    "access_key",
    "accesskey",
];

/// Names and values for an agent, by name. Every value is a [`Secret`]: which of an agent's
/// parameters is a password nobody knows for certain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parameters(BTreeMap<String, Secret>);

/// Why parameters cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParameterError {
    /// A name that would not arrive as it is: empty, a comment, or with `=` or white space.
    #[error("{name:?} cannot be the name of a fence agent's parameter")]
    Name {
        /// The name.
        name: String,
    },
    /// A value of more than one line.
    #[error("the value of the fence agent's parameter {name} is of more than one line")]
    Value {
        /// The parameter's name.
        name: String,
    },
    /// Too much.
    #[error("the fence agent's parameters are {bytes} bytes; they can be {MAX_INPUT_BYTES}")]
    TooLong {
        /// How much.
        bytes: usize,
    },
}

impl Parameters {
    /// Sets a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), Secret::new(value));
    }

    /// The value of `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name)
    }

    /// All names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The lines for the agent's standard input, `name=value` each; the action is the first one.
    ///
    /// # Errors
    /// Where a name or value would not arrive as it is, or all of them are too long.
    pub fn lines(&self) -> Result<Secret, ParameterError> {
        let mut text = String::new();
        let first = |name: &str| name != "action";
        let mut pairs: Vec<_> = self.0.iter().collect();
        pairs.sort_by_key(|(name, _)| (first(name), name.as_str()));
        for (name, value) in pairs {
            let bad = |it: char| it == '=' || it.is_whitespace() || it.is_control();
            if name.is_empty() || name.starts_with('#') || name.contains(bad) {
                return Err(ParameterError::Name { name: name.clone() });
            }
            if value.expose().contains(['\n', '\r', '\0']) {
                return Err(ParameterError::Value { name: name.clone() });
            }
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name}={}", value.expose());
        }
        match text.len() {
            0..=MAX_INPUT_BYTES => Ok(Secret::new(text)),
            bytes => Err(ParameterError::TooLong { bytes }),
        }
    }

    /// `text` without the values that nobody may see. Which these are is told by the parameters'
    /// names.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut secrets: Vec<&str> = self
            .0
            .iter()
            .filter(|(name, value)| is_secretive(name) && !value.expose().is_empty())
            .map(|(_, value)| value.expose())
            .collect();
        // One may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        let replace = |text: String, secret: &str| text.replace(secret, HIDDEN);
        secrets.into_iter().fold(text.to_owned(), replace)
    }
}

/// Whether nobody may see the values of that parameter.
fn is_secretive(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRETIVE.iter().any(|part| name.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Parameters {
        let mut parameters = Parameters::default();
        for (name, value) in pairs {
            parameters.set(*name, *value);
        }
        parameters
    }

    #[test]
    fn lines() {
        let check = |pairs: &[(&str, &str)], expected: Result<&str, ParameterError>| {
            let lines = of(pairs).lines();
            let lines = lines.as_ref().map(Secret::expose).map_err(Clone::clone);
            assert_eq!(lines, expected);
        };
        let name = |name: &str| Err(ParameterError::Name { name: name.into() });
        let value = |name: &str| Err(ParameterError::Value { name: name.into() });
        check(&[], Ok(""));
        check(
            &[("ip", "::1"), ("action", "off"), ("a", "x=y z")],
            Ok("action=off\na=x=y z\nip=::1\n"),
        );
        check(&[("a\nb", "1")], name("a\nb"));
        check(&[("a b", "1")], name("a b"));
        check(&[("a=b", "1")], name("a=b"));
        check(&[("#a", "1")], name("#a"));
        check(&[("", "1")], name(""));
        check(&[("passwd", "1\naction=on")], value("passwd"));
        let fits = "x".repeat(MAX_INPUT_BYTES - "a=\n".len());
        assert!(of(&[("a", &fits)]).lines().is_ok());
        let bytes = MAX_INPUT_BYTES + 1;
        check(
            &[("a", &format!("{fits}x"))],
            Err(ParameterError::TooLong { bytes }),
        );
    }

    #[test]
    fn nothing_shows_a_value() {
        let parameters = of(&[("passwd", "hunter2"), ("ip", "192.0.2.1")]);
        let shown = format!("{parameters:?} {:?}", parameters.lines());
        assert!(
            !shown.contains("hunter2") && !shown.contains("192.0.2.1"),
            "{shown}"
        );
        assert!(shown.contains("passwd"), "{shown}");
    }

    #[test]
    fn passwords_are_taken_out_of_texts() {
        let check = |pairs: &[(&str, &str)], text: &str, expected: &str| {
            assert_eq!(of(pairs).redact(text), expected);
        };
        let text = "ipmitool -H 192.0.2.1 -U admin -P hunter2";
        for name in [
            "passwd",
            "password",
            "snmp_auth_passwd",
            "Secret_Key",
            "community",
        ] {
            let pairs = [(name, "hunter2"), ("ip", "192.0.2.1"), ("login", "admin")];
            check(&pairs, text, "ipmitool -H 192.0.2.1 -U admin -P ***");
        }
        check(
            &[("passwd", "ab"), ("password", "abc")],
            "ab abc",
            "*** ***",
        );
        check(&[("passwd", "")], "as it is", "as it is");
    }
}
