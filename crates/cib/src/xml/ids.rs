//! Elements by their `id`, for references: found once, when first asked for.

use std::sync::OnceLock;

use super::{Document, Element, XmlId};

/// The elements of the tree that have an id, sorted by it; those with the same id in document order.
#[derive(Clone, Debug, Default)]
pub(super) struct Ids(OnceLock<Vec<XmlId>>);

impl Ids {
    /// Forgets what was found: the tree has changed.
    pub(super) fn forget(&mut self) {
        self.0.take();
    }
}

impl Document {
    /// All elements with this id, in document order.
    pub fn with_id(&self, id: &str) -> impl Iterator<Item = Element<'_>> {
        let sorted = self.ids.0.get_or_init(|| self.sorted_by_id());
        let start = sorted.partition_point(|&at| self.id_of(at) < id);
        let len = sorted[start..].partition_point(|&at| self.id_of(at) == id);
        sorted[start..start + len]
            .iter()
            .map(|&at| self.element(at))
    }

    fn sorted_by_id(&self) -> Vec<XmlId> {
        let mut found: Vec<XmlId> = self
            .root()
            .descendants()
            .filter(|element| element.id().is_some())
            .map(Element::xml_id)
            .collect();
        found.sort_by(|&a, &b| self.id_of(a).cmp(self.id_of(b)));
        found
    }

    fn id_of(&self, at: XmlId) -> &str {
        self.element(at).id().unwrap_or("")
    }
}

impl<'d> Element<'d> {
    /// The element that this one stands for: itself, or the one that its `id-ref` names, which is
    /// the only one of the same name with that id. None where there is none or more than one. What
    /// is found may be a reference itself and is not followed.
    #[must_use]
    pub fn resolved(self) -> Option<Element<'d>> {
        let Some(id) = self.attribute("id-ref") else {
            return Some(self);
        };
        let mut found = self
            .document
            .with_id(id)
            .filter(|element| element.name() == self.name());
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let mut document = Document::parse(
            r#"<a><b id="1"/><c id="1"/><d id="2"/><d id="2"/><b id-ref="1"/></a>"#,
        )
        .expect("well-formed");
        let reference = document.root().children().nth(4).expect("is there");
        let resolved = reference.resolved().expect("is one");
        assert_eq!((resolved.name(), resolved.id()), ("b", Some("1")));
        let found = |document: &Document, id| {
            let names: Vec<_> = document
                .with_id(id)
                .map(|it| it.name().to_owned())
                .collect();
            names.join(" ")
        };
        assert_eq!(found(&document, "1"), "b c");
        assert_eq!(found(&document, "2"), "d d");
        assert_eq!(found(&document, "3"), "");

        let first = document
            .root()
            .children()
            .next()
            .expect("is there")
            .xml_id();
        document.set(first, "id", "3");
        assert_eq!(found(&document, "1"), "c");
        assert_eq!(found(&document, "3"), "b");
        let reference = document.root().children().nth(4).expect("is there");
        assert!(reference.resolved().is_none());
    }
}
