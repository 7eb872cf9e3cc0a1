//! What a CIB may hold: the grammar in `cib.txt`, read.

mod datatype;
mod read;

use std::collections::BTreeMap;

pub(super) use datatype::Datatype;

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
    /// Which element of the grammar it is, its name, and what it holds.
    Element(usize, &'static str, Box<Node>),
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

/// The definitions of the grammar.
#[derive(Clone, Debug, Default)]
pub(super) struct Grammar {
    patterns: BTreeMap<&'static str, Node>,
    types: BTreeMap<&'static str, Words>,
}

impl Grammar {
    /// Reads the grammar.
    ///
    /// # Errors
    /// What is wrong with it, which a test makes sure that nothing is.
    pub(super) fn read() -> Result<Self, String> {
        read::grammar(TEXT)
    }

    pub(super) fn pattern(&self, name: &str) -> Option<&Node> {
        self.patterns.get(name)
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
            Kind::Named(name) => match self.types.get(name) {
                Some(list) => Datatype::OneOf(words(list)),
                None => Datatype::named(name),
            },
        }
    }
}
