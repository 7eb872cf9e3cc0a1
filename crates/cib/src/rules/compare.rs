//! Values as texts, integers, decimal numbers or versions.

use std::cmp::Ordering;

use super::Verdict;
use crate::number::{parse_decimal, parse_integer, scan_integer, skip_white_space};

/// How a value is compared with another (`operation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Defined,
    NotDefined,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

const OPERATORS: [(&str, Operator); 8] = [
    ("defined", Operator::Defined),
    ("not_defined", Operator::NotDefined),
    ("eq", Operator::Equal),
    ("ne", Operator::NotEqual),
    ("lt", Operator::Less),
    ("lte", Operator::LessOrEqual),
    ("gt", Operator::Greater),
    ("gte", Operator::GreaterOrEqual),
];

impl Operator {
    pub(super) fn parse(text: &str) -> Option<Self> {
        OPERATORS
            .into_iter()
            .find_map(|(name, operator)| name.eq_ignore_ascii_case(text).then_some(operator))
    }

    /// Whether it asks for presence, not for a value.
    pub(super) const fn is_about_presence(self) -> bool {
        matches!(self, Self::Defined | Self::NotDefined)
    }

    const fn is_about_order(self) -> bool {
        matches!(
            self,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual
        )
    }
}

/// What values are taken for (`type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueType {
    Text,
    Integer,
    Number,
    Version,
}

const TYPES: [(&str, ValueType); 4] = [
    ("string", ValueType::Text),
    ("integer", ValueType::Integer),
    ("number", ValueType::Number),
    ("version", ValueType::Version),
];

impl ValueType {
    pub(super) fn parse(text: &str) -> Option<Self> {
        TYPES
            .into_iter()
            .find_map(|(name, kind)| name.eq_ignore_ascii_case(text).then_some(kind))
    }

    /// What values are taken for where nothing is said: texts, but integers where their order is
    /// asked for, and numbers where one of them has a point.
    pub(super) fn implied(operator: Operator, values: [Option<&str>; 2]) -> Self {
        let has_point = |value: Option<&str>| value.is_some_and(|value| value.contains('.'));
        if !operator.is_about_order() {
            Self::Text
        } else if values.into_iter().any(has_point) {
            Self::Number
        } else {
            Self::Integer
        }
    }
}

/// Whether `actual` relates to `reference` as `operator` says. No value is less than any, but where
/// their order is asked for, both must be there.
pub(super) fn evaluate(
    actual: Option<&str>,
    operator: Operator,
    reference: Option<&str>,
    kind: ValueType,
) -> Verdict {
    let order = match (actual, reference) {
        (Some(actual), Some(reference)) => compare(actual, reference, kind),
        (actual, reference) => actual.is_some().cmp(&reference.is_some()),
    };
    let (holds, otherwise) = match operator {
        Operator::Defined => (actual.is_some(), Verdict::Unsatisfied),
        Operator::NotDefined => (actual.is_none(), Verdict::Unsatisfied),
        Operator::Equal => (order.is_eq(), Verdict::Unsatisfied),
        Operator::NotEqual => (order.is_ne(), Verdict::Unsatisfied),
        _ if actual.is_none() || reference.is_none() => (false, Verdict::Unsatisfied),
        Operator::Less => (order.is_lt(), Verdict::After),
        Operator::LessOrEqual => (order.is_le(), Verdict::After),
        Operator::Greater => (order.is_gt(), Verdict::Before),
        Operator::GreaterOrEqual => (order.is_ge(), Verdict::Before),
    };
    if holds { Verdict::Satisfied } else { otherwise }
}

/// Compares two values; as texts, where one of them is no number and numbers are wanted.
fn compare(left: &str, right: &str, kind: ValueType) -> Ordering {
    let as_texts = || texts(left, right);
    match kind {
        ValueType::Text => as_texts(),
        ValueType::Integer => match (parse_integer(left), parse_integer(right)) {
            (Some(left), Some(right)) => left.cmp(&right),
            _ => as_texts(),
        },
        ValueType::Number => match (parse_decimal(left), parse_decimal(right)) {
            (Some(left), Some(right)) => left.partial_cmp(&right).unwrap_or(Ordering::Equal),
            _ => as_texts(),
        },
        ValueType::Version => compare_versions(left, right),
    }
}

fn texts(left: &str, right: &str) -> Ordering {
    let lower =
        |text: &str| -> Vec<u8> { text.bytes().map(|byte| byte.to_ascii_lowercase()).collect() };
    lower(left).cmp(&lower(right))
}

/// Compares the dotted numbers that two texts begin with. What is missing counts as 0.
pub fn compare_versions(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (version_numbers(left), version_numbers(right));
    loop {
        let numbers = (left.next(), right.next());
        if numbers == (None, None) {
            return Ordering::Equal;
        }
        let order = numbers.0.unwrap_or(0).cmp(&numbers.1.unwrap_or(0));
        if order.is_ne() {
            return order;
        }
    }
}

/// The numbers of a version; none where the text does not begin with one.
fn version_numbers(text: &str) -> impl Iterator<Item = i64> {
    let mut rest = Some(skip_white_space(text));
    std::iter::from_fn(move || {
        let text = rest.filter(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))?;
        let scanned = scan_integer(text)?;
        rest = scanned.rest.strip_prefix('.');
        Some(scanned.value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders() {
        let check = |left, right, kind, expected: Ordering| {
            assert_eq!(compare(left, right, kind), expected, "{left} {right}");
            assert_eq!(compare(right, left, kind), expected.reverse());
        };
        check("B", "b", ValueType::Text, Ordering::Equal);
        check("10", "9", ValueType::Text, Ordering::Less);
        check("10", "9", ValueType::Integer, Ordering::Greater);
        check("10", "9x", ValueType::Integer, Ordering::Greater);
        check("10", "x", ValueType::Integer, Ordering::Less);
        check("1.10", "1.9", ValueType::Number, Ordering::Less);
        check("1.10", "1.9", ValueType::Version, Ordering::Greater);
        check("1.0.0", " 1", ValueType::Version, Ordering::Equal);
        check("1.2-3", "1.2", ValueType::Version, Ordering::Equal);
        check("x", "0.1", ValueType::Version, Ordering::Less);
        check(
            "99999999999999999999",
            "9223372036854775807",
            ValueType::Version,
            Ordering::Equal,
        );
    }

    #[test]
    fn implied_types() {
        let check = |operator, values: [&str; 2], expected| {
            assert_eq!(ValueType::implied(operator, values.map(Some)), expected);
        };
        check(Operator::Equal, ["1", "1.0"], ValueType::Text);
        check(Operator::Less, ["1", "2"], ValueType::Integer);
        check(Operator::GreaterOrEqual, ["1", "2.0"], ValueType::Number);
    }
}
