//! Rules: when a part of the configuration holds.

use crate::time::DateTime;
use crate::values::Values;
use crate::xml::Element;

/// What rules are evaluated against. What does not apply stays `None`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Input<'a> {
    /// The time; dates that name no zone are read in its offset.
    pub now: DateTime,
    /// The attributes of the node in question.
    pub node_attributes: Option<&'a Values<'a>>,
    /// The parameters of the resource in question, for `value-source="param"`.
    pub parameters: Option<&'a Values<'a>>,
    /// The meta-attributes of the resource in question, for `value-source="meta"`.
    pub meta: Option<&'a Values<'a>>,
    /// The class of the resource's agent (`ocf`, `systemd`, …).
    pub class: Option<&'a str>,
    /// The provider of the resource's agent (`heartbeat`, …).
    pub provider: Option<&'a str>,
    /// The name of the resource's agent.
    pub agent: Option<&'a str>,
    /// The name of the operation in question.
    pub operation: Option<&'a str>,
    /// The interval of the operation in question.
    pub operation_interval_ms: u32,
    /// What `%0` to `%9` stand for: the parts of the resource's id that a pattern matched, `None`
    /// where a group took no part in the match.
    pub captures: Option<&'a [Option<&'a str>]>,
}

/// What came up while rules were evaluated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// The earliest time at which a result may be another one, as far as it is known.
    pub next_change: Option<DateTime>,
    /// What is wrong with the configuration.
    pub problems: Vec<Problem>,
}

/// Something wrong with the configuration, in Pacemaker's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Whether it is an error rather than a warning.
    pub is_error: bool,
    /// The text.
    pub text: String,
}

/// The result of a rule or of one of its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Satisfied,
    /// It does not hold.
    Unsatisfied,
    /// It does not hold yet.
    Before,
    /// It does not hold any more.
    After,
    /// It cannot be understood, and so does not hold.
    Invalid,
}

impl Verdict {
    /// Whether the rule or condition holds.
    #[must_use]
    pub const fn holds(self) -> bool {
        matches!(self, Self::Satisfied)
    }
}

/// Evaluates `rule`, which may be a reference to another rule of its document.
pub fn evaluate(rule: Element<'_>, input: &Input<'_>, findings: &mut Findings) -> Verdict {
    let _ = (rule, input, findings);
    todo!()
}

/// `text` with `%0` to `%9` replaced by what `captures` says (nothing for a group that took no part
/// or does not exist); borrowed where there is nothing to replace.
#[must_use]
pub fn expand_captures<'t>(
    text: &'t str,
    captures: Option<&[Option<&str>]>,
) -> std::borrow::Cow<'t, str> {
    let _ = (text, captures);
    todo!()
}
