//! Edits that note which part of the CIB they touch.

use std::collections::BTreeMap;

use cib::xml::{Document, Element, XmlId};

use super::Effect;

/// So many children are looked for one by one.
const FEW_CHILDREN: usize = 8;

/// Attributes of the root element that say how the cluster is, not how it is to be.
const STATE_ATTRIBUTES: [&str; 7] = [
    "have-quorum",
    "dc-uuid",
    "execution-date",
    "cib-last-written",
    "update-origin",
    "update-client",
    "update-user",
];

/// The attributes that are the version.
pub(super) const VERSION_ATTRIBUTES: [&str; 3] = ["admin_epoch", "epoch", "num_updates"];

/// A document, and what has become of it so far.
pub(super) struct Editor<'d> {
    pub(super) document: &'d mut Document,
    pub(super) effect: Effect,
}

impl<'d> Editor<'d> {
    pub(super) fn new(document: &'d mut Document) -> Self {
        Self {
            document,
            effect: Effect::default(),
        }
    }

    pub(super) fn root(&self) -> XmlId {
        self.document.root().xml_id()
    }

    /// Notes that `element`, or something below it, changes. Not for attributes of the root.
    pub(super) fn touch(&mut self, element: XmlId) {
        if is_in_status(self.document.element(element)) {
            self.effect.status = true;
        } else {
            self.effect.configuration = true;
        }
    }

    pub(super) fn touch_root_attribute(&mut self, name: &str) {
        if STATE_ATTRIBUTES.contains(&name) {
            self.effect.status = true;
        } else if !VERSION_ATTRIBUTES.contains(&name) {
            self.effect.configuration = true;
        }
    }

    pub(super) fn set(&mut self, element: XmlId, name: &str, value: &str) {
        if self.document.element(element).attribute(name) == Some(value) {
            return;
        }
        if element == self.root() {
            self.touch_root_attribute(name);
        } else {
            self.touch(element);
        }
        self.document.set(element, name, value);
    }

    pub(super) fn unset(&mut self, element: XmlId, name: &str) {
        if self.document.element(element).attribute(name).is_none() {
            return;
        }
        if element == self.root() {
            self.touch_root_attribute(name);
        } else {
            self.touch(element);
        }
        self.document.unset(element, name);
    }

    pub(super) fn append_copy(&mut self, parent: XmlId, source: Element<'_>) {
        let copy = self.document.append_copy(parent, source);
        self.touch(copy);
    }

    /// Takes `element` out; the status section, which always is there, is emptied instead.
    pub(super) fn remove(&mut self, element: XmlId) {
        if self.is_status_section(element) {
            if self.document.element(element).nodes().next().is_some() {
                self.touch(element);
                self.document.clear(element);
            }
            return;
        }
        self.touch(element);
        self.document.remove(element);
    }

    /// Puts a copy of `source` in the place of `element`, which is not the root.
    pub(super) fn exchange(&mut self, element: XmlId, source: Element<'_>) {
        let old = self.document.element(element);
        if old.to_compact_text() == source.to_compact_text() {
            return;
        }
        let Some(parent) = old.parent().map(Element::xml_id) else {
            return;
        };
        self.touch(element);
        let copy = self.document.append_copy(parent, source);
        self.document.insert_before(copy, element);
        self.document.remove(element);
    }

    /// Merges the attributes and children of `source` into `target`.
    pub(super) fn merge(&mut self, target: XmlId, source: Element<'_>) {
        for (name, value) in source.attributes() {
            let present = self.document.element(target).attribute(name);
            match increased(name, value, present) {
                Some(sum) => self.set(target, name, &sum),
                None => self.set(target, name, value),
            }
        }
        let mut present = Present::of(self.document.element(target), source);
        for child in source.children() {
            match present.find(self.document.element(target), child) {
                Some(present) => self.merge(present, child),
                None => {
                    let copy = self.document.append_copy(target, child);
                    self.touch(copy);
                    present.add(self.document.element(copy));
                }
            }
        }
    }

    fn is_status_section(&self, element: XmlId) -> bool {
        let element = self.document.element(element);
        element.name() == "status" && element.parent() == Some(self.document.root())
    }
}

/// The children of an element into which others are merged. Of few, each is looked for where it stands;
/// of many, those with an id are noted first: hundreds of results are merged into a thousand at once.
struct Present(Option<BTreeMap<(String, String), XmlId>>);

impl Present {
    fn of(target: Element<'_>, source: Element<'_>) -> Self {
        if source.children().count() <= FEW_CHILDREN {
            return Self(None);
        }
        let mut present = Self(Some(BTreeMap::new()));
        for child in target.children() {
            present.add(child);
        }
        present
    }

    /// Of two with one name and id, the first one counts.
    fn add(&mut self, child: Element<'_>) {
        if let (Some(noted), Some(id)) = (&mut self.0, child.id()) {
            let key = (child.name().to_owned(), id.to_owned());
            noted.entry(key).or_insert(child.xml_id());
        }
    }

    /// The child of `target` that `wanted` names.
    fn find(&self, target: Element<'_>, wanted: Element<'_>) -> Option<XmlId> {
        if let (Some(noted), Some(id)) = (&self.0, wanted.id()) {
            return noted
                .get(&(wanted.name().to_owned(), id.to_owned()))
                .copied();
        }
        let mut children = target.children();
        children
            .find(|it| is_same(*it, wanted))
            .map(Element::xml_id)
    }
}

/// Whether `present` is what `wanted` names: of the same name, and of the same id if it names one.
pub(super) fn is_same(present: Element<'_>, wanted: Element<'_>) -> bool {
    present.name() == wanted.name() && (wanted.id().is_none() || present.id() == wanted.id())
}

/// Whether `element` is the status section or stands in it.
fn is_in_status(element: Element<'_>) -> bool {
    let mut at = element;
    while let Some(parent) = at.parent() {
        if parent.parent().is_none() {
            return at.name() == "status";
        }
        at = parent;
    }
    false
}

/// What `NAME++` and `NAME+=N` come to; none for any other value.
fn increased(name: &str, value: &str, present: Option<&str>) -> Option<String> {
    let rest = value.strip_prefix(name)?;
    let step: i64 = match rest {
        "++" => 1,
        _ => rest.strip_prefix("+=")?.parse().ok()?,
    };
    let present = present.and_then(|it| it.parse::<i64>().ok()).unwrap_or(0);
    Some(present.saturating_add(step).to_string())
}
