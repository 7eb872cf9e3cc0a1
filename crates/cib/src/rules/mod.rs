//! Rules: when a part of the configuration holds.
//!
//! - A rule holds if all its conditions do (`boolean-op="and"`, the default) or if one does (`or`).
//!   They are looked at in order, and no further than the result needs. A rule without any holds.
//! - A condition is another rule, a date, an attribute of a node, the agent of a resource or an
//!   operation. A rule may stand for another one by `id-ref`.
//! - What cannot be understood is reported and does not hold.
//! - A date tells when its result will change; for a `date_spec` that is not known.

mod attribute;
mod captures;
mod compare;
mod date;

pub use captures::expand_captures;

use crate::time::{DateTime, parse_interval_ms};
use crate::values::Values;
use crate::xml::Element;

/// How deep rules may stand in each other, references included.
pub const MAX_RULE_DEPTH: usize = 64;

/// How many conditions one rule may consist of, those of the rules in it included.
pub const MAX_CONDITIONS: usize = 100_000;

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

impl Findings {
    /// Notes an error of the configuration.
    pub fn error(&mut self, text: impl Into<String>) {
        self.problems.push(Problem {
            is_error: true,
            text: text.into(),
        });
    }

    /// Notes an oddity of the configuration.
    pub fn warning(&mut self, text: impl Into<String>) {
        self.problems.push(Problem {
            is_error: false,
            text: text.into(),
        });
    }

    /// Notes that a result may be another one at `time`.
    fn changes_at(&mut self, time: DateTime) {
        self.next_change = Some(self.next_change.map_or(time, |known| known.min(time)));
    }

    /// What `element` stands for (see [`Element::resolved`]); noted as an error where it is nothing.
    pub fn resolve<'c>(&mut self, element: Element<'c>) -> Option<Element<'c>> {
        let resolved = element.resolved();
        if resolved.is_none() {
            self.error(format!(
                "Ignoring invalid {} configuration: id-ref '{}' does not reference a valid object",
                element.name(),
                element.attribute("id-ref").unwrap_or_default()
            ));
        }
        resolved
    }
}

/// The result of a rule or of one of its conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Satisfied,
    /// It does not hold.
    Unsatisfied,
    /// It does not hold yet, or the value is too small.
    Before,
    /// It does not hold any more, or the value is too large.
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

    const fn from_bool(holds: bool) -> Self {
        if holds {
            Self::Satisfied
        } else {
            Self::Unsatisfied
        }
    }
}

/// Evaluates `rule`, which may be a reference to another rule of its document.
pub fn evaluate(rule: Element<'_>, input: &Input<'_>, findings: &mut Findings) -> Verdict {
    let mut evaluation = Evaluation {
        input,
        findings,
        conditions_left: MAX_CONDITIONS,
    };
    evaluation.rule(rule, 0)
}

/// How the conditions of a rule are combined.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Combination {
    All,
    Any,
}

impl Combination {
    fn parse(text: Option<&str>) -> Option<Self> {
        match text {
            None => Some(Self::All),
            Some(text) if text.eq_ignore_ascii_case("and") => Some(Self::All),
            Some(text) if text.eq_ignore_ascii_case("or") => Some(Self::Any),
            Some(_) => None,
        }
    }
}

struct Evaluation<'i, 'f> {
    input: &'i Input<'i>,
    findings: &'f mut Findings,
    conditions_left: usize,
}

impl Evaluation<'_, '_> {
    fn rule(&mut self, rule: Element<'_>, depth: usize) -> Verdict {
        let Some(rule) = self.findings.resolve(rule) else {
            return Verdict::Invalid;
        };
        let Some(id) = filled(rule.id()) else {
            return self.invalid("Treating rule without id as not passing".to_owned());
        };
        if depth >= MAX_RULE_DEPTH {
            return self.invalid(format!(
                "Treating rule {id} as not passing because rules nest deeper than {MAX_RULE_DEPTH}"
            ));
        }
        let operator = rule.attribute("boolean-op");
        let Some(combination) = Combination::parse(operator) else {
            return self.invalid(format!(
                "Treating rule {id} as not passing because '{}' is not a valid boolean-op",
                operator.unwrap_or_default()
            ));
        };
        let mut is_empty = true;
        for condition in rule.children() {
            is_empty = false;
            let holds = self.condition(condition, depth).holds();
            if holds == (combination == Combination::Any) {
                return Verdict::from_bool(holds);
            }
        }
        if is_empty {
            self.findings.warning(format!(
                "Ignoring rule {id} because it contains no conditions"
            ));
        }
        Verdict::from_bool(is_empty || combination == Combination::All)
    }

    fn condition(&mut self, condition: Element<'_>, depth: usize) -> Verdict {
        let Some(left) = self.conditions_left.checked_sub(1) else {
            return self.invalid(format!(
                "Treating rule condition {} as not passing because the rule has more than \
                 {MAX_CONDITIONS} conditions",
                condition.id().unwrap_or("without ID")
            ));
        };
        self.conditions_left = left;
        match condition.name() {
            "rule" => self.rule(condition, depth + 1),
            "expression" => attribute::evaluate(condition, self.input, self.findings),
            "date_expression" => date::evaluate(condition, self.input.now, self.findings),
            "rsc_expression" => self.resource(condition),
            "op_expression" => self.operation(condition),
            name => self.invalid(format!(
                "Treating rule condition {} as not passing because {name} is not a valid \
                 condition type",
                condition.id().unwrap_or("without ID")
            )),
        }
    }

    /// Whether the resource's agent is the one that is asked for, in as far as it is.
    fn resource(&mut self, expression: Element<'_>) -> Verdict {
        if filled(expression.id()).is_none() {
            return self.invalid("Treating rsc_expression without id as not passing".to_owned());
        }
        let wanted = [
            ("class", self.input.class),
            ("provider", self.input.provider),
            ("type", self.input.agent),
        ];
        Verdict::from_bool(wanted.into_iter().all(|(name, actual)| {
            let asked = expression.attribute(name);
            asked.is_none() || asked == actual
        }))
    }

    /// Whether the operation is the one that is asked for.
    fn operation(&mut self, expression: Element<'_>) -> Verdict {
        let Some(id) = filled(expression.id()) else {
            return self.invalid("Treating op_expression without id as not passing".to_owned());
        };
        let Some(name) = expression.attribute("name") else {
            return self.invalid(format!(
                "Treating op_expression {id} as not passing because it has no name"
            ));
        };
        let interval = expression.attribute("interval");
        let interval_ms = match interval.map(|text| (text, parse_interval_ms(text))) {
            None => None,
            Some((_, Some(interval_ms))) => Some(interval_ms),
            Some((text, None)) => {
                return self.invalid(format!(
                    "Treating op_expression {id} as not passing because '{text}' is not a valid \
                     interval"
                ));
            }
        };
        Verdict::from_bool(
            self.input.operation == Some(name)
                && interval_ms.is_none_or(|asked_ms| asked_ms == self.input.operation_interval_ms),
        )
    }

    fn invalid(&mut self, text: String) -> Verdict {
        self.findings.error(text);
        Verdict::Invalid
    }
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests;
