//! How the CIB writes booleans, numbers and spans of time in the values of attributes and name-value
//! pairs.

pub use crate::number::parse_integer;
pub use crate::time::{interval_ms as parse_interval_ms, parse_ms as parse_milliseconds};

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
