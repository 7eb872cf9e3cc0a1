//! Edits that move or copy whole parts of a tree.

use super::{Content, Document, Element, Kind, XmlId, index};

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

/// What patches need, which speak of comments and of positions too.
impl Document {
    /// The comment that is at `position` among what stands in `parent`, text left out.
    pub(crate) fn comment_at(&self, parent: XmlId, position: usize) -> Option<XmlId> {
        self.counted(parent)
            .nth(position)
            .filter(|&id| matches!(self.node(id).kind, Kind::Comment(_)))
    }

    /// Appends a copy of `content` to what stands in `parent`.
    pub(crate) fn append_content(&mut self, parent: XmlId, content: Content<'_>) -> XmlId {
        match content {
            Content::Element(element) => self.append_copy(parent, element),
            Content::Text(text) => self.push(Some(parent), |it| Kind::Text(it.store(text))),
            Content::Comment(text) => self.push(Some(parent), |it| Kind::Comment(it.store(text))),
            Content::Instruction(text) => {
                self.push(Some(parent), |it| Kind::Instruction(it.store(text)))
            }
        }
    }

    /// Appends a copy of the first thing in `source`, but for text.
    pub(crate) fn append_first_content(
        &mut self,
        parent: XmlId,
        source: Element<'_>,
    ) -> Option<XmlId> {
        let mut nodes = source.nodes();
        let content = nodes.find(|it| !matches!(it, Content::Text(_)))?;
        Some(self.append_content(parent, content))
    }

    /// Puts `node` at `position` among what stands in `parent`, or at the end.
    pub(crate) fn place(&mut self, node: XmlId, parent: XmlId, position: usize) {
        let sibling = self.counted(parent).filter(|&id| id != node).nth(position);
        match sibling {
            Some(sibling) => self.insert_before(node, sibling),
            None => self.move_into(node, parent),
        }
    }

    /// Gives `element` these attributes and no others.
    pub(crate) fn set_attributes<'a>(
        &mut self,
        element: XmlId,
        attributes: impl Iterator<Item = (&'a str, &'a str)>,
    ) {
        let first = index(self.attributes.len());
        self.node_mut(element).attributes = (first, 0);
        for (name, value) in attributes {
            self.set(element, name, value);
        }
    }

    /// What counts for positions among what stands in `parent`.
    fn counted(&self, parent: XmlId) -> impl Iterator<Item = XmlId> {
        let mut next = self.node(parent).first_child;
        std::iter::from_fn(move || {
            let id = next?;
            next = self.node(id).next;
            Some(id)
        })
        .filter(|&id| !matches!(self.node(id).kind, Kind::Text(_)))
    }
}
