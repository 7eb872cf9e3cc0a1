//! From one major version to the next.
//!
//! Every step works on the document in place, and on its `configuration` alone: nothing else has a
//! syntax that changed. What a step does is in the table at the top of its file.

mod access;
mod current;
mod location;
mod operations;
mod properties;
mod references;
mod renames;
mod unsupported;

use super::{Importance, Notice, Version};
use crate::xml::{Document, Element, XmlId};

/// Rewrites `cib`, which follows `from`, to the current syntax.
pub(super) fn run(cib: &mut Document, from: Version) -> Vec<Notice> {
    let mut upgrade = Upgrade {
        cib,
        notices: Vec::new(),
    };
    if from.major < 2 {
        access::upgrade(&mut upgrade);
    }
    if from.major < 3 {
        let copies = references::resolve(upgrade.cib);
        upgrade_to_3(&mut upgrade);
        references::restore(upgrade.cib, copies);
    }
    if from.major < 4 {
        current::upgrade(&mut upgrade);
    }
    let root = upgrade.cib.root().xml_id();
    upgrade
        .cib
        .set(root, "validate-with", &Version::CURRENT.to_string());
    upgrade.notices
}

/// Rewrites what 3.0 does not have, in document order.
fn upgrade_to_3(upgrade: &mut Upgrade<'_>) {
    const NAMES: [&str; 5] = [
        "cluster_property_set",
        "node",
        "primitive",
        "template",
        "rsc_colocation",
    ];
    for element in upgrade.find(|it| NAMES.contains(&it.name())) {
        match upgrade.element(element).name() {
            "cluster_property_set" => properties::rewrite(upgrade, element),
            "node" => renames::rewrite_node(upgrade, element),
            "rsc_colocation" => renames::rewrite_colocation(upgrade, element),
            _ => operations::rewrite_resource(upgrade, element),
        }
    }
}

/// A document on its way, and what is to be said about it.
struct Upgrade<'d> {
    cib: &'d mut Document,
    notices: Vec<Notice>,
}

impl Upgrade<'_> {
    fn note(&mut self, importance: Importance, text: String) {
        self.notices.push(Notice {
            importance: Some(importance),
            text,
        });
    }

    fn warn(&mut self, text: String) {
        self.note(Importance::Warning, text);
    }

    /// The elements of the configuration that `is_wanted` takes, in document order.
    fn find(&self, is_wanted: impl Fn(Element<'_>) -> bool) -> Vec<XmlId> {
        find(self.cib, is_wanted)
    }

    fn element(&self, id: XmlId) -> Element<'_> {
        self.cib.element(id)
    }

    /// The value of an attribute, to be kept while the document changes.
    fn text(&self, id: XmlId, name: &str) -> Option<String> {
        self.element(id).attribute(name).map(str::to_owned)
    }

    /// The element's own id, or nothing.
    fn id_of(&self, id: XmlId) -> String {
        self.text(id, "id").unwrap_or_default()
    }

    /// Adds an element called `name` with these attributes to the children of `parent`.
    fn add(&mut self, parent: XmlId, name: &str, attributes: &[(&str, &str)]) -> XmlId {
        let id = self.cib.append(parent, name);
        for (name, value) in attributes {
            self.cib.set(id, name, value);
        }
        id
    }

    /// Gives an attribute another name.
    fn rename_attribute(&mut self, id: XmlId, old: &str, new: &str) {
        if let Some(value) = self.text(id, old) {
            self.cib.unset(id, old);
            self.cib.set(id, new, &value);
        }
    }
}

fn find(cib: &Document, is_wanted: impl Fn(Element<'_>) -> bool) -> Vec<XmlId> {
    cib.root()
        .child("configuration")
        .into_iter()
        .flat_map(Element::descendants)
        .filter(|&element| is_wanted(element))
        .map(Element::xml_id)
        .collect()
}

fn parent_name<'d>(element: Element<'d>) -> &'d str {
    element.parent().map_or("", Element::name)
}

#[cfg(test)]
mod tests;
