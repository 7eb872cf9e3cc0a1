//! Operations that are written elsewhere: `<operations id-ref="…"/>`.

use cib::hashed::HashMap;

use cib::xml::{Document, XmlId};

/// Replaces references to operations by what they refer to. What refers to nothing stays.
pub(super) fn expand(expanded: &mut Document) {
    let references = references(expanded);
    if references.is_empty() {
        return;
    }
    let original = expanded.clone();
    for (reference, target) in references {
        for child in original.element(reference).children() {
            expanded.remove(child.xml_id());
        }
        expanded.unset(reference, "id-ref");
        for child in original.element(target).children() {
            expanded.append_copy(reference, child);
        }
    }
}

/// Each reference with what it refers to.
fn references(document: &Document) -> Vec<(XmlId, XmlId)> {
    let all = || {
        document
            .root()
            .descendants()
            .filter(|element| element.name() == "operations")
    };
    let mut targets = None;
    all()
        .filter_map(|element| {
            let id = element.attribute("id-ref")?;
            let targets = targets.get_or_insert_with(|| {
                let mut targets = HashMap::default();
                for target in all() {
                    if let Some(id) = target.id() {
                        targets.entry(id).or_insert(target.xml_id());
                    }
                }
                targets
            });
            Some((element.xml_id(), *targets.get(id)?))
        })
        .collect()
}
