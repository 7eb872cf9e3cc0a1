//! Rules as pcs writes them in words: of location constraints and of sets of defaults.
//!
//! ```text
//! rule   = and-list { "or" and-list }
//! and-list = part { "and" part }
//! part   = "(" rule ")" | condition
//! ```
//!
//! | condition | words |
//! | --- | --- |
//! | attribute | `defined\|not_defined ATTRIBUTE`, `ATTRIBUTE lt\|gt\|lte\|gte\|eq\|ne [string\|integer\|number\|version] VALUE` |
//! | date | `date gt\|lt DATE`, `date in_range DATE to DATE`, `date in_range DATE to duration NAME=VALUE…`, `date-spec NAME=VALUE…` |
//! | resource | `resource [STANDARD]:[PROVIDER]:[TYPE]` |
//! | operation | `op NAME [interval=INTERVAL]` |

use ::cib::rules::{Findings, Input, evaluate};
use ::cib::time::DateTime;
use ::cib::xml::{Document, Element, XmlId};

use super::cib_edit::{as_id, free_id};
use super::session::{Done, Refusal};

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 32;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expression {
    /// All or any of these hold.
    Several {
        is_and: bool,
        parts: Vec<Expression>,
    },
    /// About an attribute of the node.
    Attribute {
        operation: String,
        attribute: String,
        kind: Option<String>,
        value: Option<String>,
    },
    /// Before, after, or between dates.
    Date {
        operation: &'static str,
        start: Option<String>,
        end: Option<String>,
        duration: Vec<(String, String)>,
    },
    /// A pattern of dates.
    DateSpec(Vec<(String, String)>),
    /// About the resource's agent.
    Resource([String; 3]),
    /// About the operation.
    Operation {
        name: String,
        interval: Option<String>,
    },
}

struct Reader<'w> {
    words: Vec<&'w str>,
    at: usize,
}

/// Reads the words of a rule.
pub(super) fn parse(words: &[String]) -> Done<Expression> {
    let mut split = Vec::new();
    for word in words {
        // Parentheses may stand at other words without a blank.
        let mut rest = word.as_str();
        while let Some(after) = rest.strip_prefix('(') {
            split.push("(");
            rest = after;
        }
        let body = rest.trim_end_matches(')');
        if !body.is_empty() {
            split.push(body);
        }
        split.extend(std::iter::repeat_n(")", rest.len() - body.len()));
    }
    let mut reader = Reader {
        words: split,
        at: 0,
    };
    let result = reader.rule(0).and_then(|rule| match reader.peek() {
        None => Ok(rule),
        Some(word) => Err(format!("unexpected '{word}'")),
    });
    result.map_err(|problem| {
        let text = words.join(" ");
        Refusal::said(format!(
            "'{text}' is not a valid rule expression: {problem}"
        ))
    })
}

impl<'w> Reader<'w> {
    fn peek(&self) -> Option<&'w str> {
        self.words.get(self.at).copied()
    }

    fn next(&mut self, what: &str) -> Result<&'w str, String> {
        let word = self.peek().ok_or_else(|| format!("missing {what}"))?;
        self.at += 1;
        Ok(word)
    }

    fn takes(&mut self, word: &str) -> bool {
        let is_it = self.peek() == Some(word);
        self.at += usize::from(is_it);
        is_it
    }

    fn rule(&mut self, depth: usize) -> Result<Expression, String> {
        self.list(depth, "or", |it, depth| it.list(depth, "and", Self::part))
    }

    fn list(
        &mut self,
        depth: usize,
        joint: &str,
        part: impl Fn(&mut Self, usize) -> Result<Expression, String>,
    ) -> Result<Expression, String> {
        let mut parts = vec![part(self, depth)?];
        while self.takes(joint) {
            parts.push(part(self, depth)?);
        }
        Ok(match parts.len() {
            1 => parts.remove(0),
            _ => Expression::Several {
                is_and: joint == "and",
                parts,
            },
        })
    }

    fn part(&mut self, depth: usize) -> Result<Expression, String> {
        if depth > MAX_DEPTH {
            return Err("it nests too deep".to_owned());
        }
        if self.takes("(") {
            let rule = self.rule(depth + 1)?;
            if !self.takes(")") {
                return Err("missing ')'".to_owned());
            }
            return Ok(rule);
        }
        match self.next("a condition")? {
            operation @ ("defined" | "not_defined") => Ok(Expression::Attribute {
                operation: operation.to_owned(),
                attribute: self.next("the attribute's name")?.to_owned(),
                kind: None,
                value: None,
            }),
            "date" => self.date(),
            "date-spec" => Ok(Expression::DateSpec(self.pairs("date-spec")?)),
            "resource" => self.resource(),
            "op" => {
                let name = self.next("the operation's name")?.to_owned();
                let interval = self.peek().and_then(|it| it.strip_prefix("interval="));
                self.at += usize::from(interval.is_some());
                Ok(Expression::Operation {
                    name,
                    interval: interval.map(str::to_owned),
                })
            }
            attribute => self.comparison(attribute),
        }
    }

    fn comparison(&mut self, attribute: &str) -> Result<Expression, String> {
        const OPERATIONS: [&str; 6] = ["eq", "ne", "lt", "gt", "lte", "gte"];
        const KINDS: [&str; 4] = ["string", "integer", "number", "version"];
        let operation = self.peek().filter(|it| OPERATIONS.contains(it));
        let Some(operation) = operation else {
            return Err(
                "missing one of 'eq', 'ne', 'lt', 'gt', 'lte', 'gte', 'in_range', 'defined', \
                 'not_defined', 'date-spec'"
                    .to_owned(),
            );
        };
        self.at += 1;
        let mut value = self.next("a value")?;
        let mut kind = None;
        if KINDS.contains(&value) {
            kind = Some(value.to_owned());
            value = self.next("a value")?;
        }
        Ok(Expression::Attribute {
            operation: operation.to_owned(),
            attribute: attribute.to_owned(),
            kind,
            value: Some(value.to_owned()),
        })
    }

    fn date(&mut self) -> Result<Expression, String> {
        let of = |operation, start: Option<&str>, end: Option<&str>, duration| {
            for date in [start, end].into_iter().flatten() {
                if DateTime::parse(date, DateTime::default()).is_err() {
                    return Err(format!("invalid date '{date}'"));
                }
            }
            Ok(Expression::Date {
                operation,
                start: start.map(str::to_owned),
                end: end.map(str::to_owned),
                duration,
            })
        };
        match self.next("'gt', 'lt' or 'in_range'")? {
            "gt" => {
                let start = self.next("a date")?;
                of("gt", Some(start), None, Vec::new())
            }
            "lt" => {
                let end = self.next("a date")?;
                of("lt", None, Some(end), Vec::new())
            }
            "in_range" => {
                let start = match self.takes("to") {
                    true => None,
                    false => {
                        let start = self.next("a date")?;
                        if !self.takes("to") {
                            return Err("missing 'to'".to_owned());
                        }
                        Some(start)
                    }
                };
                if self.takes("duration") {
                    let duration = self.pairs("duration")?;
                    return of("in_range", start, None, duration);
                }
                let end = self.next("a date")?;
                of("in_range", start, Some(end), Vec::new())
            }
            other => Err(format!("unexpected 'date {other}'")),
        }
    }

    /// `NAME=VALUE…`, of a pattern or a duration.
    fn pairs(&mut self, what: &str) -> Result<Vec<(String, String)>, String> {
        const NAMES: &[&str] = &[
            "seconds",
            "minutes",
            "hours",
            "days",
            "monthdays",
            "weekdays",
            "yeardays",
            "yearsdays",
            "months",
            "weeks",
            "years",
            "weekyears",
            "moon",
        ];
        let mut pairs = Vec::new();
        while let Some((name, value)) = self.peek().and_then(|it| it.split_once('=')) {
            if !NAMES.contains(&name) {
                let meant = diagnostics::nearest(name, NAMES.iter().copied());
                let meant = meant.map_or(String::new(), |it| format!(", did you mean '{it}'?"));
                return Err(format!("unexpected '{name}={value}' in {what}{meant}"));
            }
            pairs.push((name.to_owned(), value.to_owned()));
            self.at += 1;
        }
        if pairs.is_empty() {
            return Err(format!("missing NAME=VALUE after {what}"));
        }
        Ok(pairs)
    }

    fn resource(&mut self) -> Result<Expression, String> {
        let agent = self.next("an agent")?;
        let parts: Vec<&str> = agent.split(':').collect();
        let parts = match parts.as_slice() {
            [standard, provider, kind] => [standard, provider, kind],
            [standard, kind] => [standard, &"", kind],
            _ => {
                return Err(format!(
                    "'{agent}' is no agent: [STANDARD]:[PROVIDER]:[TYPE]"
                ));
            }
        };
        Ok(Expression::Resource(parts.map(|it| (*it).to_owned())))
    }
}

/// Adds a rule to `owner`, before everything else where `is_first`. `score` is what it has unless it
/// is a part of another one.
pub(super) fn add(
    cib: &mut Document,
    owner: XmlId,
    id: &str,
    expression: &Expression,
    attributes: &[(String, String)],
    joins_always: bool,
) -> XmlId {
    let rule = cib.append(owner, "rule");
    let id = free_id(cib, id);
    cib.set(rule, "id", &id);
    let parts = match expression {
        Expression::Several { is_and, parts } => {
            cib.set(rule, "boolean-op", if *is_and { "and" } else { "or" });
            parts.as_slice()
        }
        one => {
            if joins_always {
                cib.set(rule, "boolean-op", "and");
            }
            std::slice::from_ref(one)
        }
    };
    for (name, value) in attributes {
        cib.set(rule, name, value);
    }
    for part in parts {
        add_part(cib, rule, &id, part);
    }
    rule
}

fn add_part(cib: &mut Document, rule: XmlId, id: &str, part: &Expression) {
    let own = |cib: &mut Document, kind: &str, suffix: &str| {
        let id = free_id(cib, &as_id(&format!("{id}-{suffix}")));
        let element = cib.append(rule, kind);
        cib.set(element, "id", &id);
        (element, id)
    };
    match part {
        Expression::Several { .. } => {
            let score = [("score".to_owned(), "0".to_owned())];
            add(cib, rule, &format!("{id}-rule"), part, &score, true);
        }
        Expression::Attribute {
            operation,
            attribute,
            kind,
            value,
        } => {
            let (element, _) = own(cib, "expression", "expr");
            cib.set(element, "operation", operation);
            cib.set(element, "attribute", attribute);
            for (name, value) in [("type", kind), ("value", value)] {
                if let Some(value) = value {
                    cib.set(element, name, value);
                }
            }
        }
        Expression::Date {
            operation,
            start,
            end,
            duration,
        } => {
            let (element, id) = own(cib, "date_expression", "expr");
            cib.set(element, "operation", operation);
            for (name, value) in [("start", start), ("end", end)] {
                if let Some(value) = value {
                    cib.set(element, name, value);
                }
            }
            add_pairs(
                cib,
                element,
                "duration",
                &format!("{id}-duration"),
                duration,
            );
        }
        Expression::DateSpec(pairs) => {
            let (element, id) = own(cib, "date_expression", "expr");
            cib.set(element, "operation", "date_spec");
            add_pairs(cib, element, "date_spec", &format!("{id}-datespec"), pairs);
        }
        Expression::Resource(agent) => {
            let name = agent.join("-");
            let (element, _) = own(cib, "rsc_expression", &format!("rsc-{name}"));
            for (name, value) in ["class", "provider", "type"].iter().zip(agent) {
                if !value.is_empty() {
                    cib.set(element, name, value);
                }
            }
        }
        Expression::Operation { name, interval } => {
            let (element, _) = own(cib, "op_expression", &format!("op-{name}"));
            cib.set(element, "name", name);
            if let Some(interval) = interval {
                cib.set(element, "interval", interval);
            }
        }
    }
}

fn add_pairs(cib: &mut Document, parent: XmlId, kind: &str, id: &str, pairs: &[(String, String)]) {
    if pairs.is_empty() {
        return;
    }
    let element = cib.append(parent, kind);
    let id = free_id(cib, id);
    cib.set(element, "id", &id);
    for (name, value) in pairs {
        // As it is called in older words.
        let name = if name == "yearsdays" {
            "yeardays"
        } else {
            name
        };
        cib.set(element, name, value);
    }
}

/// Whether a rule will never hold again, as far as its dates say.
pub(super) fn is_expired(rule: Element<'_>, now: DateTime) -> bool {
    let mut parts = rule.children().peekable();
    let is_over = |it: Element<'_>| match it.name() {
        "rule" => is_expired(it, now),
        "date_expression" => is_over(it, now),
        _ => false,
    };
    match rule.attribute("boolean-op") {
        Some("or") => parts.peek().is_some() && parts.all(is_over),
        _ => parts.any(is_over),
    }
}

/// Whether a range of dates lies in the past: it does not hold, and time will not change that.
fn is_over(date: Element<'_>, now: DateTime) -> bool {
    if !matches!(date.attribute("operation"), Some("lt" | "in_range")) {
        return false;
    }
    let mut alone = Document::new("rule");
    let rule = alone.root().xml_id();
    alone.set(rule, "id", "alone");
    alone.append_copy(rule, date);
    let input = Input {
        now,
        ..Input::default()
    };
    let mut findings = Findings::default();
    !evaluate(alone.root(), &input, &mut findings).holds() && findings.next_change.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(line: &str) -> Result<String, Refusal> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let expression = parse(&words)?;
        let mut cib = Document::new("c");
        let root = cib.root().xml_id();
        let rule = add(&mut cib, root, "r", &expression, &[], false);
        Ok(cib.element(rule).to_compact_text())
    }

    #[test]
    fn rules_are_written_as_pcs_writes_them() {
        for (line, expected) in [
            (
                "#uname eq node1",
                "<rule id=\"r\"><expression id=\"r-expr\" operation=\"eq\" attribute=\"#uname\" value=\"node1\"/></rule>",
            ),
            (
                "defined foo or not_defined bar",
                "<rule id=\"r\" boolean-op=\"or\"><expression id=\"r-expr\" operation=\"defined\" attribute=\"foo\"/>\
                 <expression id=\"r-expr-1\" operation=\"not_defined\" attribute=\"bar\"/></rule>",
            ),
            (
                "date-spec hours=9-16 weekdays=1-5 and (a lt integer 5 or b gt version 1.2)",
                "<rule id=\"r\" boolean-op=\"and\"><date_expression id=\"r-expr\" operation=\"date_spec\">\
                 <date_spec id=\"r-expr-datespec\" hours=\"9-16\" weekdays=\"1-5\"/></date_expression>\
                 <rule id=\"r-rule\" boolean-op=\"or\" score=\"0\">\
                 <expression id=\"r-rule-expr\" operation=\"lt\" attribute=\"a\" type=\"integer\" value=\"5\"/>\
                 <expression id=\"r-rule-expr-1\" operation=\"gt\" attribute=\"b\" type=\"version\" value=\"1.2\"/></rule></rule>",
            ),
            (
                "date in_range 2021-01-01 to duration weeks=3",
                "<rule id=\"r\"><date_expression id=\"r-expr\" operation=\"in_range\" start=\"2021-01-01\">\
                 <duration id=\"r-expr-duration\" weeks=\"3\"/></date_expression></rule>",
            ),
            (
                "resource ocf:pacemaker:Dummy and op monitor interval=10s",
                "<rule id=\"r\" boolean-op=\"and\">\
                 <rsc_expression id=\"r-rsc-ocf-pacemaker-Dummy\" class=\"ocf\" provider=\"pacemaker\" type=\"Dummy\"/>\
                 <op_expression id=\"r-op-monitor\" name=\"monitor\" interval=\"10s\"/></rule>",
            ),
        ] {
            assert_eq!(written(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for (line, problem) in [
            ("a eq", "missing a value"),
            ("a", "missing one of 'eq'"),
            ("a eq b c", "unexpected 'c'"),
            ("( a eq b", "missing ')'"),
            ("date gt yesterday", "invalid date 'yesterday'"),
            ("date-spec hour=1", "did you mean 'hours'?"),
            ("resource x", "'x' is no agent"),
            ("a eq b and", "missing a condition"),
        ] {
            match written(line) {
                Err(Refusal::Said(text)) => assert!(text.contains(problem), "{line}: {text}"),
                other => panic!("{line}: {other:?}"),
            }
        }
        let deep = "( ".repeat(100) + "a eq b";
        assert!(written(&deep).is_err());
    }
}
