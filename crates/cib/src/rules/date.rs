//! Conditions on the time.
//!
//! | operation | holds |
//! | --- | --- |
//! | `in_range` (the default) | from `start` to `end` (or `start` plus a `duration`), both included |
//! | `gt` | after `start` |
//! | `lt` | before `end` |
//! | `date_spec` | while each field that is given is in its range, by the clock that `now` was told by |
//!
//! `moon`, which schemas up to 2.x had, is not looked at.

use super::{Findings, Verdict, filled};
use crate::number::scan_integer;
use crate::time::{DateTime, Fields};
use crate::xml::Element;

/// What a field of a `date_spec` must be.
type FieldOf = fn(&Fields) -> i64;

/// The fields of a `date_spec`, in the order in which they are looked at.
const FIELDS: [(&str, FieldOf); 10] = [
    ("years", |at| at.year),
    ("months", |at| at.month),
    ("monthdays", |at| at.monthday),
    ("hours", |at| at.hour),
    ("minutes", |at| at.minute),
    ("seconds", |at| at.second),
    ("yeardays", |at| at.yearday),
    ("weekyears", |at| at.weekyear),
    ("weeks", |at| at.week),
    ("weekdays", |at| at.weekday),
];

/// How a part of a `duration` is added.
type Add = fn(DateTime, i64) -> DateTime;

/// The parts of a `duration`, in the order in which they are added.
const DURATION_PARTS: [(&str, Add); 7] = [
    ("years", DateTime::plus_years),
    ("months", DateTime::plus_months),
    ("weeks", |at, weeks| at.plus_days(7 * weeks)),
    ("days", DateTime::plus_days),
    ("hours", |at, hours| at.plus_seconds(3600 * hours)),
    ("minutes", |at, minutes| at.plus_seconds(60 * minutes)),
    ("seconds", DateTime::plus_seconds),
];

pub(super) fn evaluate(expression: Element<'_>, now: DateTime, findings: &mut Findings) -> Verdict {
    let Some(id) = filled(expression.id()) else {
        findings.error("Treating date_expression without id as not passing");
        return Verdict::Invalid;
    };
    let operation = expression.attribute("operation").unwrap_or("in_range");
    let known: [(&str, Evaluate); 4] = [
        ("in_range", in_range),
        ("date_spec", matches_spec),
        ("gt", after_start),
        ("lt", before_end),
    ];
    let evaluate = known
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(operation));
    let outcome = match evaluate {
        Some((_, evaluate)) => evaluate(expression, now),
        None => Err(format!("'{operation}' is not a valid op")),
    };
    match outcome {
        Ok(outcome) => {
            if let Some(time) = outcome.changes_at {
                findings.changes_at(time);
            }
            outcome.verdict
        }
        Err(reason) => {
            findings.error(format!(
                "Treating date_expression {id} as not passing because {reason}"
            ));
            Verdict::Invalid
        }
    }
}

/// A result, and when it will be another one.
struct Outcome {
    verdict: Verdict,
    changes_at: Option<DateTime>,
}

impl Outcome {
    const fn new(verdict: Verdict, changes_at: Option<DateTime>) -> Self {
        Self {
            verdict,
            changes_at,
        }
    }
}

type Evaluate = fn(Element<'_>, DateTime) -> Result<Outcome, String>;

fn in_range(expression: Element<'_>, now: DateTime) -> Result<Outcome, String> {
    let start = date(expression, "start", now)?;
    let mut end = date(expression, "end", now)?;
    if let (Some(start), None, Some(duration)) = (start, end, expression.child("duration")) {
        end = Some(after_duration(duration, start)?);
    }
    if start.is_none() && end.is_none() {
        return Err("in_range requires at least one of start or end".to_owned());
    }
    if let Some(start) = start.filter(|&start| now < start) {
        return Ok(Outcome::new(Verdict::Before, Some(start)));
    }
    if end.is_some_and(|end| now > end) {
        return Ok(Outcome::new(Verdict::After, None));
    }
    let changes_at = end.map(|end| end.plus_seconds(1));
    Ok(Outcome::new(Verdict::Satisfied, changes_at))
}

fn after_start(expression: Element<'_>, now: DateTime) -> Result<Outcome, String> {
    let start = date(expression, "start", now)?.ok_or("gt requires start")?;
    Ok(if now > start {
        Outcome::new(Verdict::Satisfied, None)
    } else {
        Outcome::new(Verdict::Before, Some(start.plus_seconds(1)))
    })
}

fn before_end(expression: Element<'_>, now: DateTime) -> Result<Outcome, String> {
    // Pacemaker's own message says "gt" here.
    let end = date(expression, "end", now)?.ok_or("gt requires end")?;
    Ok(if now < end {
        Outcome::new(Verdict::Satisfied, Some(end))
    } else {
        Outcome::new(Verdict::After, None)
    })
}

fn matches_spec(expression: Element<'_>, now: DateTime) -> Result<Outcome, String> {
    let spec = expression
        .child("date_spec")
        .ok_or("date_spec operations require a date_spec subelement")?;
    if filled(spec.id()).is_none() {
        return Err("date_spec subelement has no id".to_owned());
    }
    let at = now.fields();
    for (name, field) in FIELDS {
        let Some(text) = spec.attribute(name) else {
            continue;
        };
        let (low, high) = parse_range(text).ok_or_else(|| {
            format!("'{text}' is not a valid range for date_spec attribute {name}")
        })?;
        let value = field(&at);
        if low.is_some_and(|low| value < low) {
            return Ok(Outcome::new(Verdict::Before, None));
        }
        if high.is_some_and(|high| value > high) {
            return Ok(Outcome::new(Verdict::After, None));
        }
    }
    Ok(Outcome::new(Verdict::Satisfied, None))
}

fn date(expression: Element<'_>, name: &str, now: DateTime) -> Result<Option<DateTime>, String> {
    expression
        .attribute(name)
        .map(|text| DateTime::parse(text, now))
        .transpose()
        .map_err(|_| format!("{name} is invalid"))
}

fn after_duration(duration: Element<'_>, start: DateTime) -> Result<DateTime, String> {
    if filled(duration.id()).is_none() {
        return Err("duration subelement has no id".to_owned());
    }
    let mut end = start;
    for (name, add) in DURATION_PARTS {
        let Some(text) = duration.attribute(name) else {
            continue;
        };
        let count = scan_integer(text)
            .filter(|scanned| !scanned.clipped)
            .and_then(|scanned| i32::try_from(scanned.value).ok())
            .ok_or_else(|| format!("duration attribute {name} is invalid"))?;
        end = add(end, count.into());
    }
    Ok(end)
}

/// `5`, `5-7`, `5-` or `-7`.
fn parse_range(text: &str) -> Option<(Option<i64>, Option<i64>)> {
    let number = |text: &str| match text {
        "" => Some(None),
        text => scan_integer(text)
            .filter(|scanned| scanned.rest.is_empty() && !scanned.clipped)
            .map(|scanned| Some(scanned.value)),
    };
    match text.split_once('-') {
        None if text.is_empty() => None,
        None => number(text).map(|value| (value, value)),
        Some(("", "")) => None,
        Some((low, high)) => Some((number(low)?, number(high)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let check = |text, expected| assert_eq!(parse_range(text), expected, "{text:?}");
        check("5", Some((Some(5), Some(5))));
        check("5-7", Some((Some(5), Some(7))));
        check("5-", Some((Some(5), None)));
        check("-7", Some((None, Some(7))));
        check("-", None);
        check("", None);
        check("5 -7", None);
        check("5-7x", None);
        check("99999999999999999999", None);
    }
}
