//! Templates: what several resources have in common, written once.
//!
//! - A resource made from a template has the template's attributes (class, provider, type) and
//!   content, followed by its own content. Where both say something, the resource's own word holds,
//!   because of two name-value sets with the same score the later one goes first.
//! - If both have operations, the resource's are taken, and those of the template that have no
//!   counterpart: of the same name, and of the same role, where `Started` and `Unpromoted` are as
//!   good as none.
//! - A resource whose template is not there stays as it is (see [`missing_template`]).

use cib::hashed::HashMap;

use cib::xml::{Document, Element, XmlId};

/// An attribute that a resource has once it was expanded; configurations never have it.
const EXPANDED: &str = "template-expanded";

/// The template that `resource` is made from, where that was not found.
pub(crate) fn missing_template<'c>(resource: Element<'c>) -> Option<&'c str> {
    let template = resource.attribute("template")?;
    resource.attribute(EXPANDED).is_none().then_some(template)
}

/// Whether an attribute of an expanded resource is there for the expansion's sake.
pub(crate) fn is_mark(attribute: &str) -> bool {
    matches!(attribute, "template" | EXPANDED)
}

/// Expands all resources that are made from templates, at any depth of `resources`.
pub(super) fn expand(expanded: &mut Document, resources: Element<'_>) {
    let made = resources.descendants().filter(|element| {
        element.attribute("template").is_some()
            && matches!(element.name(), "primitive" | "group" | "clone" | "bundle")
    });
    let mut templates = None;
    for resource in made {
        let templates = templates.get_or_insert_with(|| known(resources));
        let template = resource
            .attribute("template")
            .filter(|&template| resource.id() != Some(template))
            .and_then(|template| templates.get(template).copied());
        if let (Some(template), Some(parent)) = (template, resource.parent()) {
            let made = make(expanded, parent.xml_id(), resource, template);
            expanded.insert_before(made, resource.xml_id());
            expanded.remove(resource.xml_id());
        }
    }
}

fn known<'c>(resources: Element<'c>) -> HashMap<&'c str, Element<'c>> {
    let mut templates = HashMap::default();
    for template in resources.children_named("template") {
        if let Some(id) = template.id() {
            templates.entry(id).or_insert(template);
        }
    }
    templates
}

fn make(
    expanded: &mut Document,
    parent: XmlId,
    resource: Element<'_>,
    template: Element<'_>,
) -> XmlId {
    let made = expanded.append(parent, resource.name());
    for (name, value) in template.attributes() {
        expanded.set(made, name, value);
    }
    for name in ["id", "template"] {
        if let Some(value) = resource.attribute(name) {
            expanded.set(made, name, value);
        }
    }
    expanded.set(made, EXPANDED, "true");

    let (common, own) = (template.child("operations"), resource.child("operations"));
    for child in template.children() {
        // Replaced below, if the resource has its own.
        if own.is_none() || Some(child) != common {
            expanded.append_copy(made, child);
        }
    }
    for child in resource.children() {
        let copy = expanded.append_copy(made, child);
        if Some(child) == own
            && let Some(common) = common
        {
            add_operations(expanded, copy, child, common);
        }
    }
    made
}

/// Adds the operations of `common` that have no counterpart in `own` to `operations`.
fn add_operations(
    expanded: &mut Document,
    operations: XmlId,
    own: Element<'_>,
    common: Element<'_>,
) {
    let keys: Vec<(Option<&str>, &str)> = own.children().map(operation_key).collect();
    for operation in common.children() {
        if !keys.contains(&operation_key(operation)) {
            expanded.append_copy(operations, operation);
        }
    }
}

fn operation_key<'c>(operation: Element<'c>) -> (Option<&'c str>, &'c str) {
    let role = operation.attribute("role").filter(|role| {
        !["Started", "Unpromoted", "Slave"]
            .iter()
            .any(|usual| usual.eq_ignore_ascii_case(role))
    });
    (operation.attribute("name"), role.unwrap_or("Unknown"))
}
