//! Conditions on the attributes of a node.
//!
//! - The attribute's name may hold `%0` to `%9` where a location constraint applies to a pattern.
//! - It is compared with `value`: literally, or with the parameter or meta-attribute of that name
//!   (`value-source`). `defined` and `not_defined` take no value.

use super::compare::{self, Operator, ValueType};
use super::{Findings, Input, Verdict, expand_captures, filled};
use crate::xml::Element;

pub(super) fn evaluate(
    expression: Element<'_>,
    input: &Input<'_>,
    findings: &mut Findings,
) -> Verdict {
    let Some(id) = filled(expression.id()) else {
        findings.error("Treating expression without id as not passing");
        return Verdict::Invalid;
    };
    match read(expression, input) {
        Ok(verdict) => verdict,
        Err(reason) => {
            findings.error(format!(
                "Treating expression {id} as not passing because {reason}"
            ));
            Verdict::Invalid
        }
    }
}

/// The result, or why there is none.
fn read(expression: Element<'_>, input: &Input<'_>) -> Result<Verdict, String> {
    let name = expression
        .attribute("attribute")
        .ok_or("attribute was not specified")?;
    let name = expand_captures(name, input.captures);

    let operation = expression.attribute("operation");
    let operator = match operation.map(|text| (text, Operator::parse(text))) {
        Some((_, Some(operator))) => operator,
        Some((text, None)) => return Err(format!("'{text}' is not a valid operation")),
        None => return Err("it has no operation".to_owned()),
    };
    let operation = operation.unwrap_or_default();
    let reference = reference(expression, input, operator, operation)?;

    let actual = input.node_attributes.and_then(|all| all.get(&name));
    let kind = match expression.attribute("type") {
        None => ValueType::implied(operator, [actual, reference]),
        Some(text) => {
            ValueType::parse(text).ok_or_else(|| format!("'{text}' is not a valid type"))?
        }
    };
    Ok(compare::evaluate(actual, operator, reference, kind))
}

/// What the attribute is compared with.
fn reference<'i>(
    expression: Element<'i>,
    input: &Input<'i>,
    operator: Operator,
    operation: &str,
) -> Result<Option<&'i str>, String> {
    let source = expression.attribute("value-source").unwrap_or("literal");
    let lookup = match () {
        () if source.eq_ignore_ascii_case("literal") => None,
        () if source.eq_ignore_ascii_case("param") => Some(input.parameters),
        () if source.eq_ignore_ascii_case("meta") => Some(input.meta),
        () => return Err(format!("'{source}' is not a valid value-source")),
    };
    match (expression.attribute("value"), operator.is_about_presence()) {
        (Some(_), true) => Err(format!(
            "value is not allowed when operation is {operation}"
        )),
        (None, false) => Err(format!("value is required when operation is {operation}")),
        (None, true) => Ok(None),
        (Some(value), false) => Ok(match lookup {
            None => Some(value),
            Some(table) => table.and_then(|table| table.get(value)),
        }),
    }
}
