//! XML to typed metadata.

use cib::xml::{Content, Element};

use super::{Action, Deprecation, Metadata, MetadataError, Parameter};

/// Reads `<resource-agent>`.
pub(super) fn read(root: Element<'_>) -> Result<Metadata, MetadataError> {
    if root.name() != "resource-agent" {
        return Err(MetadataError::NotMetadata(root.name().to_owned()));
    }
    let all = |list: &'static str, item: &'static str| {
        root.children_named(list)
            .flat_map(move |list| list.children().filter(move |child| child.name() == item))
    };
    Ok(Metadata {
        name: attribute(root, "name"),
        version: attribute(root, "version"),
        api_version: root.child("version").map(text).unwrap_or_default(),
        short_description: description(root, "shortdesc"),
        long_description: description(root, "longdesc"),
        parameters: all("parameters", "parameter")
            .map(parameter)
            .collect::<Result<_, _>>()?,
        actions: all("actions", "action")
            .map(action)
            .collect::<Result<_, _>>()?,
    })
}

fn parameter(element: Element<'_>) -> Result<Parameter, MetadataError> {
    let name = name(element, "parameter")?;
    let content = element.child("content");
    let content_attribute = |name| content.and_then(|content| content.attribute(name));
    let unique_group = element.attribute("unique-group").map(str::to_owned);
    let unique_alone = is_true(element, "unique").then(|| name.clone());
    let choices = content.into_iter().flat_map(Element::children);
    Ok(Parameter {
        short_description: description(element, "shortdesc"),
        long_description: description(element, "longdesc"),
        content_type: content_attribute("type").unwrap_or("string").to_owned(),
        default: content_attribute("default").map(str::to_owned),
        choices: choices
            .filter_map(|option| option.attribute("value"))
            .map(str::to_owned)
            .collect(),
        required: is_true(element, "required"),
        unique_group: unique_group.or(unique_alone),
        reloadable: is_true(element, "reloadable"),
        deprecated: deprecation(element),
        name,
    })
}

/// `<deprecated>` of API 1.1, or the attributes `deprecated` and `obsoletes` that agents had before.
fn deprecation(element: Element<'_>) -> Option<Deprecation> {
    if let Some(found) = element.child("deprecated") {
        return Some(Deprecation {
            replaced_with: found
                .children_named("replaced-with")
                .filter_map(|other| other.attribute("name"))
                .map(str::to_owned)
                .collect(),
            description: description(found, "desc"),
        });
    }
    is_true(element, "deprecated").then(Deprecation::default)
}

fn action(element: Element<'_>) -> Result<Action, MetadataError> {
    let optional = |name| element.attribute(name).map(str::to_owned);
    Ok(Action {
        name: name(element, "action")?,
        timeout: optional("timeout"),
        interval: optional("interval"),
        start_delay: optional("start-delay"),
        depth: element
            .attribute("depth")
            .and_then(|depth| depth.parse().ok()),
        role: optional("role"),
    })
}

fn name(element: Element<'_>, kind: &'static str) -> Result<String, MetadataError> {
    match element.attribute("name") {
        Some(name) if !name.is_empty() => Ok(name.to_owned()),
        _ => Err(MetadataError::Nameless(kind)),
    }
}

fn attribute(element: Element<'_>, name: &str) -> String {
    element.attribute(name).unwrap_or_default().to_owned()
}

fn is_true(element: Element<'_>, name: &str) -> bool {
    matches!(element.attribute(name), Some("1" | "true" | "yes"))
}

/// The English text of that element, or the first where none is said to be English.
fn description(element: Element<'_>, name: &str) -> String {
    let is_english = |found: &Element<'_>| {
        found
            .attribute("lang")
            .is_some_and(|language| language.starts_with("en"))
    };
    element
        .children_named(name)
        .find(is_english)
        .or_else(|| element.child(name))
        .map(text)
        .unwrap_or_default()
}

/// The text between an element's tags, without space around it.
fn text(element: Element<'_>) -> String {
    let all: String = element
        .nodes()
        .filter_map(|content| match content {
            Content::Text(text) => Some(text),
            Content::Element(_) | Content::Comment(_) | Content::Instruction(_) => None,
        })
        .collect();
    all.trim().to_owned()
}
