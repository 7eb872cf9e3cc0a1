//! The grammar of one version, made ready: patterns instead of definitions, numbers instead of names.

use crate::hashed::HashMap;

use super::Version;
use super::grammar::{Datatype, Grammar, Node, Text};
use super::pattern::{EMPTY, NEVER, Pattern, PatternId, Patterns};

/// How deep definitions may use each other without an element between. The grammar needs 6.
const MAX_USES: usize = 16;

/// An element of the grammar. The same definition with another argument is another element.
#[derive(Clone, Debug)]
pub(super) struct ElementRule {
    pub name: &'static str,
    text: Text,
    argument: Option<&'static str>,
    content: Option<Content>,
}

/// What an element holds.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// Whatever there is.
    Anything,
    /// What the pattern says.
    Pattern(PatternId),
}

/// The grammar of one version.
pub(super) struct Compiled<'g> {
    grammar: &'g Grammar,
    version: Version,
    pub patterns: Patterns,
    pub elements: Vec<ElementRule>,
    element_numbers: HashMap<(usize, Option<&'static str>), u32>,
    /// The names of attributes.
    pub names: Vec<&'static str>,
    name_numbers: HashMap<&'static str, u16>,
    /// The elements in a pattern.
    elements_in: HashMap<PatternId, Vec<u32>>,
    /// The types known for each name.
    pub types: Vec<Vec<Datatype>>,
}

impl<'g> Compiled<'g> {
    /// The grammar of `version`.
    pub(super) fn new(grammar: &'g Grammar, version: Version) -> Self {
        Self {
            grammar,
            version,
            patterns: Patterns::new(),
            elements: Vec::new(),
            element_numbers: HashMap::default(),
            names: Vec::new(),
            name_numbers: HashMap::default(),
            elements_in: HashMap::default(),
            types: Vec::new(),
        }
    }

    /// The element that the definition called `name` is.
    pub(super) fn root(&mut self, name: &str) -> Option<u32> {
        let node = self.grammar.pattern(name)?;
        let pattern = self.pattern(node, None, 0)?;
        match self.patterns.get(pattern) {
            Pattern::Element(element) => Some(element),
            _ => None,
        }
    }

    /// The number of an attribute's name, if any element met so far has it.
    pub(super) fn name_number(&self, name: &str) -> Option<u16> {
        self.name_numbers.get(name).copied()
    }

    /// The element in `pattern` that is called `name`.
    pub(super) fn element_called(&mut self, pattern: PatternId, name: &str) -> Option<u32> {
        let elements = self.elements_in.entry(pattern).or_insert_with(|| {
            let leaves = self.patterns.leaves(pattern).into_iter();
            leaves
                .filter_map(|leaf| match leaf {
                    Pattern::Element(element) => Some(element),
                    _ => None,
                })
                .collect()
        });
        elements
            .iter()
            .copied()
            .find(|&element| self.elements[element as usize].name == name)
    }

    /// What `element` holds.
    pub(super) fn content(&mut self, element: u32) -> Content {
        let rule = &self.elements[element as usize];
        if let Some(content) = &rule.content {
            return content.clone();
        }
        let argument = rule.argument;
        let content = match Grammar::content(rule.text) {
            Some(Node::Anything) => Content::Anything,
            Some(node) => Content::Pattern(self.pattern(&node, argument, 0).unwrap_or(EMPTY)),
            None => Content::Pattern(EMPTY),
        };
        self.elements[element as usize].content = Some(content.clone());
        content
    }

    /// The pattern of `node`; none where the version does not have it.
    fn pattern(
        &mut self,
        node: &Node,
        argument: Option<&'static str>,
        uses: usize,
    ) -> Option<PatternId> {
        if uses > MAX_USES {
            return None;
        }
        Some(match node {
            Node::Empty | Node::Anything => EMPTY,
            Node::Attribute(name, kind) => {
                let datatype = self.grammar.datatype(kind, self.version);
                self.attribute(name, datatype)
            }
            Node::Element(name, text) => self.element(name, *text, argument),
            Node::Only(range, inner) => {
                if !range.contains(self.version) {
                    return None;
                }
                self.pattern(inner, argument, uses)?
            }
            Node::Optional(inner) => {
                let inner = self.pattern(inner, argument, uses)?;
                self.patterns.optional(inner)
            }
            Node::Repeated(inner) => {
                let inner = self.pattern(inner, argument, uses)?;
                self.patterns.repeated(inner)
            }
            Node::Choice(parts) => self.combine(parts, argument, uses, NEVER, Patterns::choice)?,
            Node::Sequence(parts) => {
                self.combine(parts, argument, uses, EMPTY, Patterns::sequence)?
            }
            Node::AnyOrder(parts) => {
                self.combine(parts, argument, uses, EMPTY, Patterns::any_order)?
            }
            Node::Parameter => {
                let node = self.grammar.pattern(argument?)?;
                self.pattern(node, None, uses + 1)?
            }
            Node::Use(name, argument) => {
                let node = self.grammar.pattern(name)?;
                self.pattern(node, *argument, uses + 1)?
            }
        })
    }

    /// The parts that the version has, combined from the last to the first.
    fn combine(
        &mut self,
        parts: &[Node],
        argument: Option<&'static str>,
        uses: usize,
        neutral: PatternId,
        combine: fn(&mut Patterns, PatternId, PatternId) -> PatternId,
    ) -> Option<PatternId> {
        let parts: Vec<_> = parts
            .iter()
            .filter_map(|part| self.pattern(part, argument, uses))
            .collect();
        let whole = parts.iter().rev().fold(neutral, |rest, &part| {
            combine(&mut self.patterns, part, rest)
        });
        (!parts.is_empty()).then_some(whole)
    }

    fn attribute(&mut self, name: &'static str, datatype: Datatype) -> PatternId {
        let next = u16::try_from(self.names.len()).unwrap_or(u16::MAX);
        let number = *self.name_numbers.entry(name).or_insert(next);
        if number == next {
            self.names.push(name);
            self.types.push(Vec::new());
        }
        let types = &mut self.types[usize::from(number)];
        let kind = types
            .iter()
            .position(|known| *known == datatype)
            .unwrap_or_else(|| {
                types.push(datatype);
                types.len() - 1
            });
        // A name has at most a handful of types.
        let kind = u8::try_from(kind).unwrap_or(u8::MAX);
        self.patterns.add(Pattern::Attribute(number, kind))
    }

    fn element(
        &mut self,
        name: &'static str,
        text: Text,
        argument: Option<&'static str>,
    ) -> PatternId {
        let next = u32::try_from(self.elements.len()).unwrap_or(u32::MAX);
        let number = *self
            .element_numbers
            .entry((text.start, argument))
            .or_insert(next);
        if number == next {
            self.elements.push(ElementRule {
                name,
                text,
                argument,
                content: None,
            });
        }
        self.patterns.add(Pattern::Element(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_its_grammar() {
        let grammar = Grammar::new();
        for version in Version::all() {
            let mut compiled = Compiled::new(&grammar, version);
            assert_eq!(compiled.root("cib"), Some(0));
            let mut next = 0;
            while next < compiled.elements.len() {
                let number = u32::try_from(next).expect("is small");
                if let Content::Pattern(pattern) = compiled.content(number) {
                    assert_ne!(
                        pattern, NEVER,
                        "{version}: {}",
                        compiled.elements[next].name
                    );
                }
                next += 1;
            }
            for datatype in compiled.types.iter().flatten() {
                assert!(datatype.is_known(), "{datatype:?}");
            }
            assert!(compiled.types.iter().all(|types| types.len() <= 32));
        }
    }
}
