//! What clients did and saw, and its form as text.
//!
//! One operation a line, times as whole numbers of any unit; `#` begins a comment:
//!
//! ```text
//! INVOKED ANSWERED KEY read VALUE
//! INVOKED ANSWERED KEY write VALUE
//! INVOKED ANSWERED KEY cas EXPECTED VALUE
//! ```
//!
//! ANSWERED is `?` where nobody knows whether the operation took effect. A value is a word; `-` is a
//! register that nothing was written to. Operations that surely had no effect are left out, and so are
//! reads without an answer.

use std::fmt;

/// What a register holds: a word, or nothing yet.
pub type Value = Option<String>;

/// What was done to a register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It was read, and held this.
    Read(Value),
    /// It was given a value.
    Write(Value),
    /// It held the first value and was given the second one.
    CompareAndSet(Value, Value),
}

/// One operation of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// When it was asked for.
    pub invoked: u64,
    /// When the answer came. `None`: it may have taken effect at any time since, or never.
    pub answered: Option<u64>,
    /// The register.
    pub key: String,
    /// What was done.
    pub action: Action,
}

/// Text that is no history.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct HistoryError {
    /// Counted from 1.
    pub line: usize,
    /// What was expected.
    pub problem: &'static str,
}

/// Reads a history.
///
/// # Errors
/// The first line that is not understood.
pub fn parse(text: &str) -> Result<Vec<Operation>, HistoryError> {
    let lines = (1..).zip(text.lines());
    let meaningful = lines.filter(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    meaningful
        .map(|(line, text)| operation(text).map_err(|problem| HistoryError { line, problem }))
        .collect()
}

fn operation(line: &str) -> Result<Operation, &'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [invoked, answered, key, action @ ..] = words.as_slice() else {
        return Err("expected: INVOKED ANSWERED KEY ACTION VALUE…");
    };
    let invoked = invoked
        .parse()
        .map_err(|_| "the time of the invocation is not a whole number")?;
    let answered = match *answered {
        "?" => None,
        time => Some(
            time.parse()
                .map_err(|_| "the time of the answer is neither a whole number nor ?")?,
        ),
    };
    if answered.is_some_and(|answered: u64| answered < invoked) {
        return Err("the answer came before the invocation");
    }
    let action = match *action {
        ["read", _] if answered.is_none() => return Err("a read without an answer tells nothing"),
        ["read", value] => Action::Read(self::value(value)),
        ["write", value] => Action::Write(self::value(value)),
        ["cas", expected, value] => {
            Action::CompareAndSet(self::value(expected), self::value(value))
        }
        _ => return Err("expected: read VALUE, write VALUE, or cas EXPECTED VALUE"),
    };
    Ok(Operation {
        invoked,
        answered,
        key: (*key).to_owned(),
        action,
    })
}

fn value(word: &str) -> Value {
    (word != "-").then(|| word.to_owned())
}

/// A history as text.
#[must_use]
pub fn render(history: &[Operation]) -> String {
    let lines = history.iter().map(|operation| format!("{operation}\n"));
    lines.collect()
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answered = self
            .answered
            .map_or_else(|| "?".to_owned(), |at| at.to_string());
        write!(
            f,
            "{} {answered} {} {}",
            self.invoked, self.key, self.action
        )
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = |value: &Value| value.clone().unwrap_or_else(|| "-".to_owned());
        match self {
            Self::Read(value) => write!(f, "read {}", word(value)),
            Self::Write(value) => write!(f, "write {}", word(value)),
            Self::CompareAndSet(expected, value) => {
                write!(f, "cas {} {}", word(expected), word(value))
            }
        }
    }
}
