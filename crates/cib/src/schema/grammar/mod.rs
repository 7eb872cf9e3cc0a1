//! What a CIB may hold: the grammar in `cib.txt`. A definition, and what an element holds, is read
//! when it is first used, so that a CIB without alerts does not pay for theirs.

mod datatype;
mod read;

use std::cell::OnceCell;
use std::collections::BTreeMap;

pub(super) use datatype::Datatype;
pub(super) use read::Text;

use super::Version;

/// The grammar of all versions.
const TEXT: &str = include_str!("cib.txt");

/// From which version to which one something exists.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    from: Version,
    to: Version,
}

impl Range {
    const ALWAYS: Self = Self {
        from: Version::new(0, 0),
        to: Version::new(u8::MAX, u8::MAX),
    };

    pub(super) fn contains(self, version: Version) -> bool {
        self.from <= version && version <= self.to
    }
}

/// Words, each with the versions that have it.
pub(super) type Words = Vec<(Range, &'static str)>;

/// What an attribute may hold.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text,
    Named(&'static str),
    OneOf(Words),
    NoneOf(Words),
}

/// A pattern as it is written.
#[derive(Clone, Debug)]
pub(super) enum Node {
    /// Nothing.
    Empty,
    Attribute(&'static str, Kind),
    /// Its name, and what it holds.
    Element(&'static str, Text),
    /// Any attributes and any contents.
    Anything,
    Choice(Vec<Node>),
    Sequence(Vec<Node>),
    AnyOrder(Vec<Node>),
    Optional(Box<Node>),
    Repeated(Box<Node>),
    /// A definition, and what stands for its parameter.
    Use(&'static str, Option<&'static str>),
    Parameter,
    Only(Range, Box<Node>),
}

/// A definition: its text, and what it says once that was read.
#[derive(Clone, Debug)]
struct Definition<T> {
    text: Text,
    read: OnceCell<Option<T>>,
}

impl<T> Definition<T> {
    fn new(text: Text) -> Self {
        Self {
            text,
            read: OnceCell::new(),
        }
    }

    /// What it says. A test makes sure that all of them can be read.
    fn get(&self, read: fn(Text) -> Result<T, String>) -> Option<&T> {
        self.read.get_or_init(|| read(self.text).ok()).as_ref()
    }
}

/// The definitions of the grammar.
#[derive(Clone, Debug, Default)]
pub(super) struct Grammar {
    patterns: BTreeMap<&'static str, Definition<Node>>,
    types: BTreeMap<&'static str, Definition<Words>>,
}

impl Grammar {
    /// The grammar of all versions.
    pub(super) fn new() -> Self {
        let mut grammar = Self::default();
        for text in read::definitions(TEXT) {
            let (name, is_type) = text.name();
            if is_type {
                grammar.types.insert(name, Definition::new(text));
            } else {
                grammar.patterns.insert(name, Definition::new(text));
            }
        }
        grammar
    }

    pub(super) fn pattern(&self, name: &str) -> Option<&Node> {
        self.patterns.get(name)?.get(read::pattern)
    }

    /// What an element holds, by its text.
    pub(super) fn content(text: Text) -> Option<Node> {
        read::content(text).ok()
    }

    /// What the type called `name` allows in `version`.
    pub(super) fn datatype(&self, kind: &Kind, version: Version) -> Datatype {
        let words = |words: &Words| {
            let in_version = |it: &&(Range, &'static str)| it.0.contains(version);
            words.iter().filter(in_version).map(|it| it.1).collect()
        };
        match kind {
            Kind::Text => Datatype::Text,
            Kind::OneOf(list) => Datatype::OneOf(words(list)),
            Kind::NoneOf(list) => Datatype::NoneOf(words(list)),
            Kind::Named(name) => {
                let list = self.types.get(name).and_then(|it| it.get(read::words));
                list.map_or_else(
                    || Datatype::named(name),
                    |list| Datatype::OneOf(words(list)),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads what all elements in `node` hold.
    fn read_contents(node: &Node) -> Result<(), String> {
        match node {
            Node::Element(name, text) => {
                let content = read::content(*text).map_err(|error| format!("<{name}>: {error}"))?;
                read_contents(&content)
            }
            Node::Choice(nodes) | Node::Sequence(nodes) | Node::AnyOrder(nodes) => {
                nodes.iter().try_for_each(read_contents)
            }
            Node::Optional(node) | Node::Repeated(node) | Node::Only(_, node) => {
                read_contents(node)
            }
            _ => Ok(()),
        }
    }

    #[test]
    fn all_of_it_can_be_read() {
        let grammar = Grammar::new();
        assert!(grammar.patterns.len() > 50 && grammar.types.len() > 3);
        for (name, definition) in &grammar.patterns {
            let read = read::pattern(definition.text).and_then(|node| read_contents(&node));
            assert_eq!(read, Ok(()), "{name}");
        }
        for (name, definition) in &grammar.types {
            assert_eq!(read::words(definition.text).err(), None, "{name}");
        }
    }
}
