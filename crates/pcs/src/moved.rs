//! Constraints that operators make by moving and banning: `cli-prefer-RESOURCE`,
//! `cli-ban-RESOURCE-on-NODE`, as Pacemaker's own tools name them.

use cib::time::DateTime;
use cib::xml::{Document, Element, XmlId};

/// A resource (in a role) that is to be, or not to be, on a node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved<'m> {
    /// The resource.
    pub resource: &'m str,
    /// The node.
    pub node: &'m str,
    /// Whether this is about its promoted instances only.
    pub promoted: bool,
    /// When the constraint ends to hold.
    pub until: Option<DateTime>,
}

fn constraints(cib: &Document) -> impl Iterator<Item = Element<'_>> {
    let configuration = cib.root().child("configuration");
    let section = configuration.and_then(|it| it.child("constraints"));
    section.into_iter().flat_map(Element::children)
}

fn section(cib: &mut Document) -> XmlId {
    let root = cib.root().xml_id();
    let found = cib.root().child("configuration").map(Element::xml_id);
    let configuration = found.unwrap_or_else(|| cib.append(root, "configuration"));
    let found = cib.element(configuration).child("constraints");
    let found = found.map(Element::xml_id);
    found.unwrap_or_else(|| cib.append(configuration, "constraints"))
}

/// The resource prefers the node above all others. Gives the constraint's id.
pub(crate) fn prefer(cib: &mut Document, moved: &Moved<'_>) -> String {
    let id = format!("cli-prefer-{}", moved.resource);
    constrain(cib, moved, &id, "cli-prefer", "INFINITY");
    id
}

/// The resource keeps off the node. Gives the constraint's id.
pub(crate) fn ban(cib: &mut Document, moved: &Moved<'_>) -> String {
    let id = ban_id(moved.resource, moved.node);
    constrain(cib, moved, &id, "cli-ban", "-INFINITY");
    id
}

/// The id of the constraint that keeps a resource off a node.
pub(crate) fn ban_id(resource: &str, node: &str) -> String {
    format!("cli-ban-{resource}-on-{node}")
}

fn constrain(cib: &mut Document, moved: &Moved<'_>, id: &str, prefix: &str, score: &str) {
    let Moved { resource, node, .. } = moved;
    take_out(cib, |it| it.id() == Some(id));
    let parent = section(cib);
    let element = cib.append(parent, "rsc_location");
    let role = if moved.promoted {
        "Promoted"
    } else {
        "Started"
    };
    for (name, value) in [("id", id), ("rsc", resource), ("role", role)] {
        cib.set(element, name, value);
    }
    let Some(until) = moved.until else {
        cib.set(element, "node", node);
        cib.set(element, "score", score);
        return;
    };
    let rule = cib.append(element, "rule");
    cib.set(rule, "id", &format!("{prefix}-rule-{resource}"));
    cib.set(rule, "score", score);
    cib.set(rule, "boolean-op", "and");
    let expression = cib.append(rule, "expression");
    for (name, value) in [
        ("id", format!("{prefix}-expr-{resource}").as_str()),
        ("attribute", "#uname"),
        ("operation", "eq"),
        ("value", node),
        ("type", "string"),
    ] {
        cib.set(expression, name, value);
    }
    let date = cib.append(rule, "date_expression");
    cib.set(date, "id", &format!("{prefix}-lifetime-end-{resource}"));
    cib.set(date, "operation", "lt");
    cib.set(date, "end", &until.to_string());
}

/// Removes constraints, and gives their ids.
pub(crate) fn take_out(cib: &mut Document, is_meant: impl Fn(&Element<'_>) -> bool) -> Vec<String> {
    let found: Vec<(String, XmlId)> = constraints(cib)
        .filter(is_meant)
        .map(|it| (it.id().unwrap_or("").to_owned(), it.xml_id()))
        .collect();
    for (_, element) in &found {
        cib.remove(*element);
    }
    found.into_iter().map(|(id, _)| id).collect()
}

/// The preference for that node is no more.
pub(crate) fn forget_preference(cib: &mut Document, resource: &str, node: &str) {
    let prefer = format!("cli-prefer-{resource}");
    take_out(cib, |it| {
        it.id() == Some(&prefer) && node_of(*it) == Some(node)
    });
}

/// Removes what was made for the resource, on a node or on all; `only_expired` what holds no more at
/// that time. Gives the ids.
pub(crate) fn clear(
    cib: &mut Document,
    resource: &str,
    node: Option<&str>,
    only_expired: Option<DateTime>,
) -> Vec<String> {
    let bans = format!("cli-ban-{resource}-on-");
    let prefer = format!("cli-prefer-{resource}");
    let is_expired = |it: &Element<'_>| {
        let Some(now) = only_expired else { return true };
        let ends = it.descendants().find_map(|it| it.attribute("end"));
        let end = ends.and_then(|text| DateTime::parse(text, now).ok());
        end.is_some_and(|end| end.epoch_s() <= now.epoch_s())
    };
    let mut removed = take_out(cib, |it| {
        let own = it.id().unwrap_or("");
        (own.starts_with(&bans) || own == prefer)
            && node.is_none_or(|node| node_of(*it) == Some(node))
            && is_expired(it)
    });
    removed.sort();
    removed
}

/// The node of a constraint that was made so.
fn node_of(constraint: Element<'_>) -> Option<&str> {
    constraint.attribute("node").or_else(|| {
        let mut parts = constraint.descendants();
        let value = parts.find(|it| it.attribute("attribute") == Some("#uname"));
        value.and_then(|it| it.attribute("value"))
    })
}
