//! An editable XML tree that keeps what it does not understand.
//!
//! All text lives in one heap: the source as it came, followed by whatever was unescaped or edited.
//! A node holds spans of that heap, so that parsing a large CIB copies little. [`Element`] is a
//! cheap view (two words) for reading; edits go through [`Document`] with the node's [`XmlId`].

use std::fmt;

mod decode;
mod edit;
mod ids;
mod parse;
mod well_formed;
mod write;

pub use decode::{DecodeError, decode};
pub use parse::{MAX_DEPTH, MAX_LEN_BYTES, ParseError};
pub use well_formed::sanitized_id;
pub use write::escape_attribute;

/// A node of one document. Only meaningful together with the document that gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct XmlId(u32);

/// A stretch of the document's heap.
#[derive(Clone, Copy, Debug, Default)]
struct Span {
    start: u32,
    end: u32,
}

/// What a node of the tree is.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// An element; its name.
    Element(Span),
    /// Character data, unescaped.
    Text(Span),
    /// A comment, without its delimiters.
    Comment(Span),
    /// A processing instruction, without its delimiters.
    Instruction(Span),
}

#[derive(Clone, Debug)]
struct Node {
    kind: Kind,
    parent: Option<XmlId>,
    first_child: Option<XmlId>,
    last_child: Option<XmlId>,
    previous: Option<XmlId>,
    next: Option<XmlId>,
    /// Where the element's attributes begin in the document's list, and how many there are.
    attributes: (u32, u32),
    /// Where the node stood in the source, in bytes; `u32::MAX` for one that was made later.
    position: u32,
}

/// An XML document with exactly one root element.
#[derive(Clone, Debug)]
pub struct Document {
    heap: String,
    nodes: Vec<Node>,
    attributes: Vec<(Span, Span)>,
    root: XmlId,
    source_len: u32,
    ids: ids::Ids,
    edits: u64,
}

impl Document {
    /// A document that consists of one element called `name`.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut document = Self::empty(String::new());
        document.root = document.push(None, |document| Kind::Element(document.store(name)));
        document
    }

    fn empty(heap: String) -> Self {
        let source_len = u32::try_from(heap.len()).unwrap_or(u32::MAX);
        Self {
            heap,
            nodes: Vec::new(),
            attributes: Vec::new(),
            root: XmlId(0),
            source_len,
            ids: ids::Ids::default(),
            edits: 0,
        }
    }

    /// The root element.
    #[must_use]
    pub fn root(&self) -> Element<'_> {
        self.element(self.root)
    }

    /// The element `id` of this document, for reading.
    #[must_use]
    pub fn element(&self, id: XmlId) -> Element<'_> {
        Element { document: self, id }
    }

    /// How often the document was changed since it was read: the same number means the same text.
    #[must_use]
    pub fn edits(&self) -> u64 {
        self.edits
    }

    /// Appends a new element called `name` to the children of `parent`.
    pub fn append(&mut self, parent: XmlId, name: &str) -> XmlId {
        self.push(Some(parent), |document| Kind::Element(document.store(name)))
    }

    /// Appends character data to the children of `parent`.
    pub fn append_text(&mut self, parent: XmlId, text: &str) {
        self.push(Some(parent), |document| Kind::Text(document.store(text)));
    }

    /// Appends a copy of `source` and all below it, which may belong to another document, to the
    /// children of `parent`.
    pub fn append_copy(&mut self, parent: XmlId, source: Element<'_>) -> XmlId {
        let copy = self.append(parent, source.name());
        self.fill_from(copy, source);
        copy
    }

    /// Adds copies of the attributes and the contents of `source` to `copy`.
    fn fill_from(&mut self, copy: XmlId, source: Element<'_>) {
        for (name, value) in source.attributes() {
            self.set(copy, name, value);
        }
        for child in source.nodes() {
            self.append_content(copy, child);
        }
    }

    /// Sets attribute `name` of `element`, which keeps its place if it was there before.
    pub fn set(&mut self, element: XmlId, name: &str, value: &str) {
        if self.element(element).attribute(name) == Some(value) {
            return;
        }
        self.edits += 1;
        let value = self.store(value);
        let (first, count) = self.node(element).attributes;
        let range = first as usize..(first + count) as usize;
        if let Some(index) = range
            .clone()
            .find(|&index| self.text(self.attributes[index].0) == name)
        {
            self.attributes[index].1 = value;
            self.ids.forget();
            return;
        }
        if range.end != self.attributes.len() {
            let moved = index(self.attributes.len());
            self.attributes.extend_from_within(range);
            self.node_mut(element).attributes.0 = moved;
        }
        let name = self.store(name);
        self.attributes.push((name, value));
        self.node_mut(element).attributes.1 += 1;
    }

    /// Removes attribute `name` of `element`, if it is there.
    pub fn unset(&mut self, element: XmlId, name: &str) {
        let (first, count) = self.node(element).attributes;
        let range = first as usize..(first + count) as usize;
        if let Some(index) = range
            .clone()
            .find(|&index| self.text(self.attributes[index].0) == name)
        {
            self.edits += 1;
            self.attributes.copy_within(index + 1..range.end, index);
            self.node_mut(element).attributes.1 -= 1;
        }
    }

    /// Takes `id` and all below it out of the tree. The root cannot be taken out.
    pub fn remove(&mut self, id: XmlId) {
        let Node {
            parent,
            previous,
            next,
            ..
        } = *self.node(id);
        let Some(parent) = parent else { return };
        self.edits += 1;
        match previous {
            Some(previous) => self.node_mut(previous).next = next,
            None => self.node_mut(parent).first_child = next,
        }
        match next {
            Some(next) => self.node_mut(next).previous = previous,
            None => self.node_mut(parent).last_child = previous,
        }
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (None, None, None);
    }

    /// Puts `id` (taken out, or of another place) before `sibling`.
    pub fn insert_before(&mut self, id: XmlId, sibling: XmlId) {
        self.remove(id);
        let Some(parent) = self.node(sibling).parent else {
            return;
        };
        let previous = self.node(sibling).previous;
        let node = self.node_mut(id);
        (node.parent, node.previous, node.next) = (Some(parent), previous, Some(sibling));
        self.node_mut(sibling).previous = Some(id);
        match previous {
            Some(previous) => self.node_mut(previous).next = Some(id),
            None => self.node_mut(parent).first_child = Some(id),
        }
    }

    /// Gives `element` another name.
    pub fn rename(&mut self, element: XmlId, name: &str) {
        self.edits += 1;
        let name = self.store(name);
        self.node_mut(element).kind = Kind::Element(name);
    }

    fn push(&mut self, parent: Option<XmlId>, kind: impl FnOnce(&mut Self) -> Kind) -> XmlId {
        self.edits += 1;
        let kind = kind(self);
        self.link(parent, kind, u32::MAX)
    }

    fn link(&mut self, parent: Option<XmlId>, kind: Kind, position: u32) -> XmlId {
        let id = XmlId(index(self.nodes.len()));
        let previous = parent.and_then(|parent| self.node(parent).last_child);
        self.nodes.push(Node {
            kind,
            parent,
            first_child: None,
            last_child: None,
            previous,
            next: None,
            attributes: (index(self.attributes.len()), 0),
            position,
        });
        if let Some(previous) = previous {
            self.node_mut(previous).next = Some(id);
        }
        if let Some(parent) = parent {
            let parent = self.node_mut(parent);
            parent.first_child = parent.first_child.or(Some(id));
            parent.last_child = Some(id);
        }
        id
    }

    fn store(&mut self, text: &str) -> Span {
        let start = index(self.heap.len());
        self.heap.push_str(text);
        Span {
            start,
            end: index(self.heap.len()),
        }
    }

    fn node(&self, id: XmlId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Every edit comes through here.
    fn node_mut(&mut self, id: XmlId) -> &mut Node {
        self.ids.forget();
        &mut self.nodes[id.0 as usize]
    }

    fn text(&self, span: Span) -> &str {
        &self.heap[span.start as usize..span.end as usize]
    }
}

/// An index into one of the document's lists. [`MAX_LEN_BYTES`] keeps what is read far below the
/// limit; edits that pass it are a defect of the caller.
fn index(len: usize) -> u32 {
    u32::try_from(len).expect("a document stays below 4 GiB")
}

/// An element, for reading.
#[derive(Clone, Copy)]
pub struct Element<'d> {
    document: &'d Document,
    id: XmlId,
}

/// What stands between an element's tags.
#[derive(Clone, Copy, Debug)]
pub enum Content<'d> {
    /// An element.
    Element(Element<'d>),
    /// Character data, unescaped.
    Text(&'d str),
    /// A comment, without its delimiters.
    Comment(&'d str),
    /// A processing instruction, without its delimiters.
    Instruction(&'d str),
}

impl<'d> Element<'d> {
    /// The node's name in its document, for edits.
    #[must_use]
    pub fn xml_id(self) -> XmlId {
        self.id
    }

    /// The document that the element belongs to.
    #[must_use]
    pub fn document(self) -> &'d Document {
        self.document
    }

    /// The element's name.
    #[must_use]
    pub fn name(self) -> &'d str {
        match self.node().kind {
            Kind::Element(name) => self.document.text(name),
            Kind::Text(_) | Kind::Comment(_) | Kind::Instruction(_) => "",
        }
    }

    /// The value of attribute `name`.
    #[must_use]
    pub fn attribute(self, name: &str) -> Option<&'d str> {
        self.attributes()
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// The attribute `id`, which nearly every element of a CIB has.
    #[must_use]
    pub fn id(self) -> Option<&'d str> {
        self.attribute("id")
    }

    /// Names and values of all attributes, in the order of the source.
    pub fn attributes(self) -> impl Iterator<Item = (&'d str, &'d str)> + use<'d> {
        let document = self.document;
        let (first, count) = self.node().attributes;
        document.attributes[first as usize..(first + count) as usize]
            .iter()
            .map(move |&(name, value)| (document.text(name), document.text(value)))
    }

    /// The element that this one stands in.
    #[must_use]
    pub fn parent(self) -> Option<Element<'d>> {
        self.node().parent.map(|id| self.document.element(id))
    }

    /// The elements directly below, in order.
    pub fn children(self) -> impl Iterator<Item = Element<'d>> + use<'d> {
        self.nodes().filter_map(|content| match content {
            Content::Element(element) => Some(element),
            Content::Text(_) | Content::Comment(_) | Content::Instruction(_) => None,
        })
    }

    /// The elements directly below that are called `name`, in order.
    pub fn children_named<'n>(
        self,
        name: &'n str,
    ) -> impl Iterator<Item = Element<'d>> + use<'d, 'n> {
        self.children().filter(move |child| child.name() == name)
    }

    /// The first element directly below that is called `name`.
    #[must_use]
    pub fn child(self, name: &str) -> Option<Element<'d>> {
        self.children().find(|child| child.name() == name)
    }

    /// This element and all elements below it, in document order.
    pub fn descendants(self) -> impl Iterator<Item = Element<'d>> + use<'d> {
        let document = self.document;
        let mut pending = Some(self.id);
        let top = self.id;
        std::iter::from_fn(move || {
            loop {
                let id = pending?;
                pending = document.following(id, top);
                if matches!(document.node(id).kind, Kind::Element(_)) {
                    return Some(document.element(id));
                }
            }
        })
    }

    /// Everything directly below, comments and text included, in order.
    pub fn nodes(self) -> impl Iterator<Item = Content<'d>> + use<'d> {
        let document = self.document;
        let mut next = self.node().first_child;
        std::iter::from_fn(move || {
            let id = next?;
            let node = document.node(id);
            next = node.next;
            Some(match node.kind {
                Kind::Element(_) => Content::Element(document.element(id)),
                Kind::Text(text) => Content::Text(document.text(text)),
                Kind::Comment(text) => Content::Comment(document.text(text)),
                Kind::Instruction(text) => Content::Instruction(document.text(text)),
            })
        })
    }

    /// Line and column in the source, counted from 1; `None` for an element that was made later.
    #[must_use]
    pub fn line_and_column(self) -> Option<(usize, usize)> {
        let position = self.node().position;
        (position < self.document.source_len)
            .then(|| parse::line_and_column(&self.document.heap, position as usize))
    }

    fn node(self) -> &'d Node {
        self.document.node(self.id)
    }
}

impl Document {
    /// The node after `id` in document order, within the tree below `top`.
    fn following(&self, id: XmlId, top: XmlId) -> Option<XmlId> {
        if let Some(child) = self.node(id).first_child {
            return Some(child);
        }
        let mut at = id;
        loop {
            if at == top {
                return None;
            }
            if let Some(next) = self.node(at).next {
                return Some(next);
            }
            at = self.node(at).parent?;
        }
    }
}

impl PartialEq for Element<'_> {
    /// Whether both are the same element of the same document.
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.id == other.id
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}", self.name())?;
        for (name, value) in self.attributes() {
            write!(f, " {name}={value:?}")?;
        }
        f.write_str(">")
    }
}
