//! The configuration of resources for people, and elements of the CIB as JSON.

use ::cib::xml::Element;
use serde_json::{Map, Value, json};

use super::cib_edit::{in_section, is_clone};
use super::stonith::is_device;

/// The pairs of a set as `NAME=VALUE`, in the order of their names.
pub(super) fn pairs_of(set: Element<'_>) -> impl Iterator<Item = String> {
    let pairs = set.children_named("nvpair").filter_map(|it| {
        let name = it.attribute("name")?;
        Some(format!(
            "{name}={}",
            shown(it.attribute("value").unwrap_or(""))
        ))
    });
    let mut pairs: Vec<String> = pairs.collect();
    pairs.sort();
    pairs.into_iter()
}

/// A value, in quotes where it has blanks.
fn shown(value: &str) -> String {
    if value.contains(char::is_whitespace) {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

/// Lines of everything in a section, primitives first, then groups, clones and bundles, as pcs has it;
/// of fence devices only, or of everything else.
pub(super) fn lines(cib: &::cib::xml::Document, devices: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for kinds in [
        &["primitive"][..],
        &["group"],
        &["clone", "master"],
        &["bundle"],
    ] {
        for element in in_section(cib, "resources") {
            if kinds.contains(&element.name()) && is_device(element) == devices {
                resource(element, 0, &mut lines);
            }
        }
    }
    lines
}

/// Lines of one resource and what is in it.
pub(super) fn resource(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let id = element.id().unwrap_or("");
    match element.name() {
        "primitive" => primitive(element, depth, lines),
        name => {
            let kind = match name {
                "group" => "Group",
                "bundle" => "Bundle",
                _ => "Clone",
            };
            lines.push(format!("{indent}{kind}: {id}"));
            sets(element, depth + 1, lines);
            let inner = element.children();
            let inner =
                inner.filter(|it| matches!(it.name(), "primitive" | "group") || is_clone(*it));
            inner.for_each(|it| resource(it, depth + 1, lines));
        }
    }
}

fn sets(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    for (kind, title) in [
        ("instance_attributes", "Attributes"),
        ("meta_attributes", "Meta Attributes"),
        ("utilization", "Utilization"),
    ] {
        for set in element.children_named(kind) {
            let mut pairs = pairs_of(set).peekable();
            if pairs.peek().is_some() {
                lines.push(format!("{indent}{title}: {}", set.id().unwrap_or("")));
            }
            lines.extend(pairs.map(|it| format!("{indent}  {it}")));
        }
    }
}

fn primitive(element: Element<'_>, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let attribute = |name| element.attribute(name).unwrap_or("");
    let provider = element
        .attribute("provider")
        .map(|it| format!(" provider={it}"));
    lines.push(format!(
        "{indent}Resource: {} (class={}{} type={})",
        attribute("id"),
        attribute("class"),
        provider.unwrap_or_default(),
        attribute("type")
    ));
    sets(element, depth + 1, lines);
    let operations: Vec<Element<'_>> = element
        .child("operations")
        .into_iter()
        .flat_map(|it| it.children_named("op"))
        .collect();
    if !operations.is_empty() {
        lines.push(format!("{indent}  Operations:"));
    }
    for operation in operations {
        let name = operation.attribute("name").unwrap_or("");
        lines.push(format!(
            "{indent}    {name}: {}",
            operation.id().unwrap_or("")
        ));
        const FIRST: &[&str] = &["interval", "timeout", "start-delay", "on-fail", "role"];
        let mut options: Vec<(&str, &str)> = operation
            .attributes()
            .filter(|(name, _)| !matches!(*name, "name" | "id"))
            .collect();
        let rank = |name: &str| {
            FIRST
                .iter()
                .position(|it| *it == name)
                .unwrap_or(FIRST.len())
        };
        options.sort_by_key(|(name, _)| rank(name));
        lines.extend(
            options
                .iter()
                .map(|(name, value)| format!("{indent}      {name}={value}")),
        );
        let depths = operation
            .children_named("instance_attributes")
            .flat_map(pairs_of);
        lines.extend(depths.map(|it| format!("{indent}      {it}")));
    }
}

/// Elements as JSON: each an object of its attributes, its name as `element`, what is in it as
/// `children`.
pub(super) fn json_of<'d>(elements: impl Iterator<Item = Element<'d>>) -> Value {
    elements.map(one).collect()
}

fn one(element: Element<'_>) -> Value {
    let mut object = Map::new();
    object.insert("element".to_owned(), json!(element.name()));
    for (name, value) in element.attributes() {
        object.insert(name.to_owned(), json!(value));
    }
    let mut children = element.children().peekable();
    if children.peek().is_some() {
        object.insert("children".to_owned(), json_of(children));
    }
    Value::Object(object)
}
