//! Sets of name-value pairs that stand for others (`id-ref`), on the way from 2.x to 3.0.
//!
//! What an upgrade does with a set depends on where it stands, so that a reference becomes a copy
//! first, with ids of its own. Afterwards, a copy that has changed as its original has is a reference
//! again.

use super::find;
use crate::xml::{Document, Element, XmlId};

/// What the ids of copies begin with.
const PREFIX: &str = "_cibtr-2_";

/// A set that was a reference.
pub(super) struct Copy {
    copy: XmlId,
    original: XmlId,
}

/// Makes references copies.
pub(super) fn resolve(cib: &mut Document) -> Vec<Copy> {
    const SETS: [&str; 3] = [
        "cluster_property_set",
        "instance_attributes",
        "meta_attributes",
    ];
    let references = find(cib, |it| {
        it.attribute("id-ref").is_some() && SETS.contains(&it.name())
    });
    let resolved = |copy: XmlId| Some((copy, cib.element(copy).resolved()?.xml_id()));
    let pairs: Vec<_> = references.into_iter().filter_map(resolved).collect();
    let mut copies = Vec::new();
    for (copy, original_id) in pairs {
        let original = cib.element(original_id);
        let id = original.id().unwrap_or_default().to_owned();
        let source = Document::copy_of(original);
        cib.unset(copy, "id-ref");
        cib.set(copy, "id", &format!("{PREFIX}{id}"));
        for (name, value) in source.root().attributes().filter(|(name, _)| *name != "id") {
            cib.set(copy, name, value);
        }
        for child in source.root().children() {
            cib.append_copy(copy, child);
        }
        prefix_ids(cib, copy, &format!("_{PREFIX}{id}__"));
        copies.push(Copy {
            copy,
            original: original_id,
        });
    }
    copies
}

/// Puts `prefix` before the ids of everything below `top`.
pub(super) fn prefix_ids(cib: &mut Document, top: XmlId, prefix: &str) {
    let below: Vec<_> = cib
        .element(top)
        .descendants()
        .filter(|it| it.xml_id() != top)
        .filter_map(|it| Some((it.xml_id(), format!("{prefix}{}", it.id()?))))
        .collect();
    for (element, id) in below {
        cib.set(element, "id", &id);
    }
}

/// Makes copies references again where they are still what their originals are.
pub(super) fn restore(cib: &mut Document, copies: Vec<Copy>) {
    for Copy { copy, original } in copies {
        if !cib.contains(copy) || !cib.contains(original) {
            continue;
        }
        if !are_alike(cib.element(copy), cib.element(original)) {
            continue;
        }
        let id = cib.element(original).id().unwrap_or_default().to_owned();
        cib.clear(copy);
        let names: Vec<_> = cib
            .element(copy)
            .attributes()
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in names {
            cib.unset(copy, &name);
        }
        cib.set(copy, "id-ref", &id);
    }
}

/// Whether two elements are the same but for ids.
fn are_alike(left: Element<'_>, right: Element<'_>) -> bool {
    fn attributes<'e>(element: Element<'e>) -> impl Iterator<Item = (&'e str, &'e str)> {
        element.attributes().filter(|(name, _)| *name != "id")
    }
    left.name() == right.name()
        && attributes(left).eq(attributes(right))
        && left.children().count() == right.children().count()
        && left
            .children()
            .zip(right.children())
            .all(|(left, right)| are_alike(left, right))
}
