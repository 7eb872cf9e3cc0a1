//! Whether a document is what its schema allows, and if not, why.
//!
//! After something wrong, the rest is checked as if it had been right, so that one mistake is told
//! once.

use crate::hashed::HashMap;
use std::fmt;

use super::Version;
use super::compile::{Compiled, Content};
use super::grammar::{Datatype, Grammar};
use super::pattern::{EMPTY, NEVER, Pattern, PatternId, Symbol};
use crate::xml::{self, Document, Element};

/// How many violations are told at most.
pub const MAX_VIOLATIONS: usize = 100;

/// Something that a schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The line that the element begins in, if it was read from a text.
    pub line: Option<usize>,
    /// The name of the element at fault.
    pub element: String,
    /// Its id, if it has one.
    pub id: Option<String>,
    /// What is wrong, naming the attribute or the element in question.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "{line}: ")?;
        }
        write!(f, "element {}", self.element)?;
        if let Some(id) = &self.id {
            write!(f, " '{id}'")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// What is wrong with `cib` as a document of `version`.
pub(super) fn run(cib: &Document, version: Version) -> Vec<Violation> {
    let grammar = Grammar::new();
    let mut compiled = Compiled::new(&grammar, version);
    let Some(root) = compiled.root("cib") else {
        return Vec::new();
    };
    let mut validation = Validation {
        compiled,
        ids: HashMap::default(),
        references: Vec::new(),
        violations: Vec::new(),
    };
    let element = cib.root();
    if element.name() == "cib" {
        validation.element(element, root, 0);
        validation.check_references();
    } else {
        validation.add(element, "the outermost element must be <cib>".to_owned());
    }
    validation.violations.truncate(MAX_VIOLATIONS);
    validation.violations
}

struct Validation<'g, 'd> {
    compiled: Compiled<'g>,
    /// The elements that have each id.
    ids: HashMap<&'d str, Element<'d>>,
    /// Attributes that name other elements: the element, its attribute, and the id.
    references: Vec<(Element<'d>, &'d str, &'d str)>,
    violations: Vec<Violation>,
}

impl<'d> Validation<'_, 'd> {
    fn add(&mut self, element: Element<'d>, problem: String) {
        if self.violations.len() < MAX_VIOLATIONS {
            self.violations.push(Violation {
                line: element.line_and_column().map(|(line, _)| line),
                element: element.name().to_owned(),
                id: element.id().map(str::to_owned),
                problem,
            });
        }
    }

    /// Checks `element`, which is the one of that number in the grammar, and all below it.
    fn element(&mut self, element: Element<'d>, number: u32, depth: usize) {
        if depth > xml::MAX_DEPTH {
            return self.add(
                element,
                format!("elements nest deeper than {}", xml::MAX_DEPTH),
            );
        }
        let Content::Pattern(pattern) = self.compiled.content(number) else {
            return;
        };
        let open = self.attributes(element, pattern);
        let state = self.close(element, open);
        self.children(element, pattern, state, depth);
        if element
            .nodes()
            .any(|content| matches!(content, xml::Content::Text(_)))
        {
            self.add(element, "text is not allowed here".to_owned());
        }
    }

    /// What remains of `pattern` after the element's attributes.
    fn attributes(&mut self, element: Element<'d>, pattern: PatternId) -> PatternId {
        let mut state = pattern;
        for (name, value) in element.attributes() {
            let Some(number) = self.compiled.name_number(name) else {
                self.add(element, format!("attribute {name} is not allowed here"));
                continue;
            };
            let kinds = self.kinds(number, value);
            let after = self
                .compiled
                .patterns
                .after(state, Symbol::Attribute(number, kinds));
            if after == NEVER {
                let problem = self.attribute_problem(pattern, state, number, value);
                self.add(element, problem);
                // As if the value had been right.
                let after = self
                    .compiled
                    .patterns
                    .after(state, Symbol::Attribute(number, u32::MAX));
                state = if after == NEVER { state } else { after };
                continue;
            }
            state = after;
            self.note_id(element, pattern, number, name, value);
        }
        state
    }

    /// Which of the types known for the attribute `number` the value is of.
    fn kinds(&self, number: u16, value: &str) -> u32 {
        let types = &self.compiled.types[usize::from(number)];
        types
            .iter()
            .take(32)
            .enumerate()
            .filter(|(_, datatype)| datatype.allows(value))
            .fold(0, |bits, (kind, _)| bits | 1 << kind)
    }

    /// The types that the attribute `number` may be of in `pattern`.
    fn types_in(&self, pattern: PatternId, number: u16) -> Vec<&Datatype> {
        self.compiled
            .patterns
            .leaves(pattern)
            .into_iter()
            .filter_map(|leaf| match leaf {
                Pattern::Attribute(name, kind) if name == number => {
                    self.compiled.types[usize::from(number)].get(usize::from(kind))
                }
                _ => None,
            })
            .collect()
    }

    /// Why the attribute `number` cannot come after others have left `state` of `pattern`.
    fn attribute_problem(
        &self,
        pattern: PatternId,
        state: PatternId,
        number: u16,
        value: &str,
    ) -> String {
        let name = self.compiled.names[usize::from(number)];
        let expected = self.types_in(state, number);
        if !expected.is_empty() {
            let expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
            return format!(
                "attribute {name} must not be '{value}' here (expected: {})",
                expected.join(" or ")
            );
        }
        if self.types_in(pattern, number).is_empty() {
            format!("attribute {name} is not allowed here")
        } else {
            format!("attribute {name} is not allowed beside the attributes before it")
        }
    }

    /// Remembers ids, and attributes that must be the id of another element.
    fn note_id(
        &mut self,
        element: Element<'d>,
        pattern: PatternId,
        number: u16,
        name: &'d str,
        value: &'d str,
    ) {
        let types = &self.compiled.types[usize::from(number)];
        if !types
            .iter()
            .any(|it| matches!(it, Datatype::Id | Datatype::IdRef))
        {
            return;
        }
        let types = self.types_in(pattern, number);
        let (is_id, is_reference) = (
            types.contains(&&Datatype::Id),
            types.contains(&&Datatype::IdRef),
        );
        let value = value.trim();
        if is_reference {
            self.references.push((element, name, value));
        } else if is_id && let Some(other) = self.ids.insert(value, element) {
            let place = other
                .line_and_column()
                .map_or(String::new(), |(line, _)| format!(" in line {line}"));
            let problem = format!("id '{value}' is taken by <{}>{place}", other.name());
            self.add(element, problem);
            self.ids.insert(value, other);
        }
    }

    /// What remains for the elements.
    fn close(&mut self, element: Element<'d>, state: PatternId) -> PatternId {
        let closed = self.compiled.patterns.closed(state);
        if closed != NEVER {
            return closed;
        }
        let missing: Vec<_> = self
            .compiled
            .patterns
            .missing(state)
            .into_iter()
            .filter_map(|leaf| match leaf {
                Pattern::Attribute(name, _) => Some(self.compiled.names[usize::from(name)]),
                _ => None,
            })
            .collect();
        let problem = match missing.as_slice() {
            [name] => format!("attribute {name} is missing"),
            names => format!("attributes {} are missing", names.join(", ")),
        };
        self.add(element, problem);
        self.compiled.patterns.map_attributes(state, EMPTY)
    }

    fn children(
        &mut self,
        element: Element<'d>,
        pattern: PatternId,
        mut state: PatternId,
        depth: usize,
    ) {
        for child in element.children() {
            let Some(number) = self.compiled.element_called(pattern, child.name()) else {
                let problem = format!("element <{}> is not allowed here", child.name());
                self.add(child, problem + &self.expectation(state));
                continue;
            };
            let after = self.compiled.patterns.after(state, Symbol::Element(number));
            if after == NEVER {
                let problem = format!("element <{}> is not allowed at this place", child.name());
                self.add(child, problem + &self.expectation(state));
            } else {
                state = after;
            }
            self.element(child, number, depth + 1);
        }
        if !self.compiled.patterns.may_end(state) {
            let missing: Vec<_> = self
                .compiled
                .patterns
                .missing(state)
                .into_iter()
                .filter_map(|leaf| match leaf {
                    Pattern::Element(number) => Some(self.element_name(number)),
                    _ => None,
                })
                .collect();
            self.add(
                element,
                format!("element {} is missing", missing.join(", ")),
            );
        }
    }

    fn element_name(&self, number: u32) -> String {
        format!("<{}>", self.compiled.elements[number as usize].name)
    }

    /// Which elements may come, for a message.
    fn expectation(&self, state: PatternId) -> String {
        let mut names: Vec<_> = self
            .compiled
            .patterns
            .next_elements(state)
            .into_iter()
            .map(|number| self.element_name(number))
            .collect();
        names.dedup();
        if names.is_empty() {
            return String::new();
        }
        format!(" (expected: {})", names.join(", "))
    }

    fn check_references(&mut self) {
        for (element, name, id) in std::mem::take(&mut self.references) {
            if !self.ids.contains_key(id) {
                self.add(
                    element,
                    format!("IDREF attribute {name} references an unknown ID \"{id}\""),
                );
            }
        }
    }
}
