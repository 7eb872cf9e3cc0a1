//! Edits that move or copy whole parts of a tree.

use super::{Document, Element, XmlId};

impl Document {
    /// A document of its own with a copy of `element` and all below it.
    #[must_use]
    pub fn copy_of(element: Element<'_>) -> Self {
        let mut copy = Self::new(element.name());
        let root = copy.root;
        copy.fill_from(root, element);
        copy
    }

    /// Takes `id` from where it is and puts it behind the other children of `parent`.
    pub fn move_into(&mut self, id: XmlId, parent: XmlId) {
        self.remove(id);
        let previous = self.node(parent).last_child;
        let node = self.node_mut(id);
        (node.parent, node.previous) = (Some(parent), previous);
        match previous {
            Some(previous) => self.node_mut(previous).next = Some(id),
            None => self.node_mut(parent).first_child = Some(id),
        }
        self.node_mut(parent).last_child = Some(id);
    }

    /// Takes `id` from where it is and puts it behind `sibling`.
    pub fn insert_after(&mut self, id: XmlId, sibling: XmlId) {
        self.remove(id);
        let Some(parent) = self.node(sibling).parent else {
            return;
        };
        match self.node(sibling).next {
            Some(next) => self.insert_before(id, next),
            None => self.move_into(id, parent),
        }
    }

    /// Adds a new element called `name` behind `sibling`, which is not the root.
    pub fn add_after(&mut self, sibling: XmlId, name: &str) -> XmlId {
        let parent = self.node(sibling).parent.unwrap_or(self.root);
        let id = self.append(parent, name);
        self.insert_after(id, sibling);
        id
    }

    /// Takes out everything that stands in `id`.
    pub fn clear(&mut self, id: XmlId) {
        while let Some(child) = self.node(id).first_child {
            self.remove(child);
        }
    }

    /// Whether `id` still stands in the tree.
    #[must_use]
    pub fn contains(&self, id: XmlId) -> bool {
        let mut at = id;
        while let Some(parent) = self.node(at).parent {
            at = parent;
        }
        at == self.root
    }
}
