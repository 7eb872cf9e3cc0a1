//! Patterns of attributes and elements, and what remains of one after each.
//!
//! A pattern says what may still come. [`Patterns::after`] is the pattern that remains when one
//! attribute or element has come: [`Pattern::Never`] where it must not. All attributes come before
//! any element, and in any order; then [`Patterns::closed`] is what remains for the elements. Equal
//! patterns have the same number, so that what was found out of one is found once for all elements
//! that are alike.

use crate::hashed::HashMap;

/// The number of a pattern.
pub(super) type PatternId = u32;

/// What may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pattern {
    /// Nothing more.
    Empty,
    /// There is no way to go on.
    Never,
    /// An attribute: the number of its name, and which of the types known for the name.
    Attribute(u16, u8),
    /// An element, by its number.
    Element(u32),
    /// One or the other.
    Choice(PatternId, PatternId),
    /// One, then the other.
    Sequence(PatternId, PatternId),
    /// Both, mixed in any way.
    AnyOrder(PatternId, PatternId),
    /// One or more times.
    Repeated(PatternId),
}

/// What comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Symbol {
    /// An attribute: the number of its name, and which of the types known for the name its value
    /// is of, a bit for each.
    Attribute(u16, u32),
    /// An element, by its number.
    Element(u32),
}

/// The empty pattern.
pub(super) const EMPTY: PatternId = 0;

/// The pattern that nothing fits.
pub(super) const NEVER: PatternId = 1;

/// Which attributes and elements may be in a pattern: bits for their numbers, each shared by all
/// numbers that are the same modulo 64.
#[derive(Clone, Copy, Debug, Default)]
struct Mentions {
    attributes: u64,
    elements: u64,
}

impl Mentions {
    fn of(symbol: Symbol) -> Self {
        let (mut attributes, mut elements) = (0, 0);
        match symbol {
            Symbol::Attribute(name, _) => attributes = 1 << (name % 64),
            Symbol::Element(element) => elements = 1 << (element % 64),
        }
        Self {
            attributes,
            elements,
        }
    }

    fn or(self, other: Self) -> Self {
        Self {
            attributes: self.attributes | other.attributes,
            elements: self.elements | other.elements,
        }
    }

    fn meets(self, other: Self) -> bool {
        self.attributes & other.attributes != 0 || self.elements & other.elements != 0
    }
}

/// All patterns met so far.
#[derive(Clone, Debug)]
pub(super) struct Patterns {
    list: Vec<(Pattern, Mentions)>,
    numbers: HashMap<Pattern, PatternId>,
    after: HashMap<(PatternId, Symbol), PatternId>,
    closed: HashMap<PatternId, PatternId>,
}

impl Patterns {
    pub(super) fn new() -> Self {
        let list = [Pattern::Empty, Pattern::Never].map(|it| (it, Mentions::default()));
        let numbers = HashMap::from_iter([(Pattern::Empty, EMPTY), (Pattern::Never, NEVER)]);
        Self {
            list: list.to_vec(),
            numbers,
            after: HashMap::default(),
            closed: HashMap::default(),
        }
    }

    pub(super) fn get(&self, id: PatternId) -> Pattern {
        self.list[id as usize].0
    }

    fn mentions(&self, id: PatternId) -> Mentions {
        self.list[id as usize].1
    }

    pub(super) fn add(&mut self, pattern: Pattern) -> PatternId {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        let id = *self.numbers.entry(pattern).or_insert(next);
        if id == next {
            let mentions = match pattern {
                Pattern::Empty | Pattern::Never => Mentions::default(),
                Pattern::Attribute(name, _) => Mentions::of(Symbol::Attribute(name, 0)),
                Pattern::Element(element) => Mentions::of(Symbol::Element(element)),
                Pattern::Choice(left, right)
                | Pattern::Sequence(left, right)
                | Pattern::AnyOrder(left, right) => self.mentions(left).or(self.mentions(right)),
                Pattern::Repeated(inner) => self.mentions(inner),
            };
            self.list.push((pattern, mentions));
        }
        id
    }

    pub(super) fn choice(&mut self, left: PatternId, right: PatternId) -> PatternId {
        match (left, right) {
            (NEVER, other) | (other, NEVER) => other,
            _ if left == right => left,
            _ => self.add(Pattern::Choice(left, right)),
        }
    }

    pub(super) fn sequence(&mut self, left: PatternId, right: PatternId) -> PatternId {
        match (left, right) {
            (NEVER, _) | (_, NEVER) => NEVER,
            (EMPTY, other) | (other, EMPTY) => other,
            _ => self.add(Pattern::Sequence(left, right)),
        }
    }

    pub(super) fn any_order(&mut self, left: PatternId, right: PatternId) -> PatternId {
        match (left, right) {
            (NEVER, _) | (_, NEVER) => NEVER,
            (EMPTY, other) | (other, EMPTY) => other,
            _ => self.add(Pattern::AnyOrder(left, right)),
        }
    }

    pub(super) fn repeated(&mut self, inner: PatternId) -> PatternId {
        match inner {
            NEVER | EMPTY => inner,
            _ => self.add(Pattern::Repeated(inner)),
        }
    }

    pub(super) fn optional(&mut self, inner: PatternId) -> PatternId {
        self.choice(inner, EMPTY)
    }

    /// Whether nothing more has to come.
    pub(super) fn may_end(&self, id: PatternId) -> bool {
        match self.get(id) {
            Pattern::Empty => true,
            Pattern::Never | Pattern::Attribute(..) | Pattern::Element(_) => false,
            Pattern::Choice(left, right) => self.may_end(left) || self.may_end(right),
            Pattern::Sequence(left, right) | Pattern::AnyOrder(left, right) => {
                self.may_end(left) && self.may_end(right)
            }
            Pattern::Repeated(inner) => self.may_end(inner),
        }
    }

    /// What remains of `id` after `symbol`.
    pub(super) fn after(&mut self, id: PatternId, symbol: Symbol) -> PatternId {
        // Most of a pattern is about something else: only the rest of it is looked at.
        if !self.mentions(id).meets(Mentions::of(symbol)) {
            return NEVER;
        }
        if let Some(&known) = self.after.get(&(id, symbol)) {
            return known;
        }
        let found = match self.get(id) {
            Pattern::Empty | Pattern::Never => NEVER,
            Pattern::Attribute(name, kind) => match symbol {
                Symbol::Attribute(given, kinds) if given == name && has_bit(kinds, kind) => EMPTY,
                _ => NEVER,
            },
            Pattern::Element(element) if symbol == Symbol::Element(element) => EMPTY,
            Pattern::Element(_) => NEVER,
            Pattern::Choice(left, right) => {
                let (left, right) = (self.after(left, symbol), self.after(right, symbol));
                self.choice(left, right)
            }
            Pattern::AnyOrder(left, right) => {
                let (after_left, after_right) =
                    (self.after(left, symbol), self.after(right, symbol));
                let came_left = self.any_order(after_left, right);
                let came_right = self.any_order(left, after_right);
                self.choice(came_left, came_right)
            }
            Pattern::Sequence(left, right) => self.after_sequence(left, right, symbol),
            Pattern::Repeated(inner) => {
                let after = self.after(inner, symbol);
                let more = self.optional(id);
                self.sequence(after, more)
            }
        };
        self.after.insert((id, symbol), found);
        found
    }

    fn after_sequence(&mut self, left: PatternId, right: PatternId, symbol: Symbol) -> PatternId {
        let after_left = self.after(left, symbol);
        let came_left = self.sequence(after_left, right);
        let is_attribute = matches!(symbol, Symbol::Attribute(..));
        if !is_attribute && !self.may_end(left) {
            return came_left;
        }
        let after_right = self.after(right, symbol);
        let came_right = if is_attribute {
            self.sequence(left, after_right)
        } else {
            after_right
        };
        self.choice(came_left, came_right)
    }

    /// What remains of `id` when all attributes have come: [`NEVER`] where one is missing.
    pub(super) fn closed(&mut self, id: PatternId) -> PatternId {
        if self.mentions(id).attributes == 0 {
            return id;
        }
        if let Some(&known) = self.closed.get(&id) {
            return known;
        }
        let found = self.map_attributes(id, NEVER);
        self.closed.insert(id, found);
        found
    }

    /// `id` with `instead` for each attribute.
    pub(super) fn map_attributes(&mut self, id: PatternId, instead: PatternId) -> PatternId {
        if self.mentions(id).attributes == 0 {
            return id;
        }
        let both = |patterns: &mut Self, left, right| {
            (
                patterns.map_attributes(left, instead),
                patterns.map_attributes(right, instead),
            )
        };
        match self.get(id) {
            Pattern::Empty | Pattern::Never | Pattern::Element(_) => id,
            Pattern::Attribute(..) => instead,
            Pattern::Choice(left, right) => {
                let (left, right) = both(self, left, right);
                self.choice(left, right)
            }
            Pattern::Sequence(left, right) => {
                let (left, right) = both(self, left, right);
                self.sequence(left, right)
            }
            Pattern::AnyOrder(left, right) => {
                let (left, right) = both(self, left, right);
                self.any_order(left, right)
            }
            Pattern::Repeated(inner) => {
                let inner = self.map_attributes(inner, instead);
                self.repeated(inner)
            }
        }
    }

    /// What has to come at least, as far as one way asks for less than another; in the grammar's
    /// order.
    pub(super) fn missing(&self, id: PatternId) -> Vec<Pattern> {
        match self.get(id) {
            Pattern::Empty | Pattern::Never => Vec::new(),
            pattern @ (Pattern::Attribute(..) | Pattern::Element(_)) => vec![pattern],
            Pattern::Choice(left, right) => {
                let (left, right) = (self.missing(left), self.missing(right));
                if right.len() < left.len() {
                    right
                } else {
                    left
                }
            }
            Pattern::Sequence(left, right) | Pattern::AnyOrder(left, right) => {
                let mut missing = self.missing(left);
                missing.extend(self.missing(right));
                missing
            }
            Pattern::Repeated(inner) => self.missing(inner),
        }
    }

    /// All attributes and elements in `id`, each once.
    pub(super) fn leaves(&self, id: PatternId) -> Vec<Pattern> {
        let mut leaves = Vec::new();
        self.collect_leaves(id, &mut leaves);
        leaves
    }

    fn collect_leaves(&self, id: PatternId, leaves: &mut Vec<Pattern>) {
        match self.get(id) {
            Pattern::Empty | Pattern::Never => {}
            leaf @ (Pattern::Attribute(..) | Pattern::Element(_)) => {
                if !leaves.contains(&leaf) {
                    leaves.push(leaf);
                }
            }
            Pattern::Choice(left, right)
            | Pattern::Sequence(left, right)
            | Pattern::AnyOrder(left, right) => {
                self.collect_leaves(left, leaves);
                self.collect_leaves(right, leaves);
            }
            Pattern::Repeated(inner) => self.collect_leaves(inner, leaves),
        }
    }

    /// The elements that may come next.
    pub(super) fn next_elements(&self, id: PatternId) -> Vec<u32> {
        let mut next = Vec::new();
        self.collect_next(id, &mut next);
        next
    }

    fn collect_next(&self, id: PatternId, next: &mut Vec<u32>) {
        match self.get(id) {
            Pattern::Empty | Pattern::Never | Pattern::Attribute(..) => {}
            Pattern::Element(element) => {
                if !next.contains(&element) {
                    next.push(element);
                }
            }
            Pattern::Sequence(left, right) => {
                self.collect_next(left, next);
                if self.may_end(left) {
                    self.collect_next(right, next);
                }
            }
            Pattern::Choice(left, right) | Pattern::AnyOrder(left, right) => {
                self.collect_next(left, next);
                self.collect_next(right, next);
            }
            Pattern::Repeated(inner) => self.collect_next(inner, next),
        }
    }
}

fn has_bit(bits: u32, number: u8) -> bool {
    bits.checked_shr(number.into())
        .is_some_and(|shifted| shifted & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_in_any_order_and_elements_in_order() {
        let mut patterns = Patterns::new();
        let [a, b] = [0, 1].map(|name| patterns.add(Pattern::Attribute(name, 0)));
        let [x, y] = [0, 1].map(|element| patterns.add(Pattern::Element(element)));
        // a, b?, x*, y
        let b = patterns.optional(b);
        let many = patterns.repeated(x);
        let many = patterns.optional(many);
        let rest = patterns.sequence(many, y);
        let rest = patterns.sequence(b, rest);
        let whole = patterns.sequence(a, rest);
        let mut check = |attributes: &[u16], elements: &[u32], expected: bool| {
            let mut state = whole;
            for &name in attributes {
                state = patterns.after(state, Symbol::Attribute(name, 1));
            }
            state = patterns.closed(state);
            for &element in elements {
                state = patterns.after(state, Symbol::Element(element));
            }
            assert_eq!(
                patterns.may_end(state),
                expected,
                "{attributes:?} {elements:?}"
            );
        };
        check(&[0], &[1], true);
        check(&[1, 0], &[0, 0, 1], true);
        check(&[1], &[1], false);
        check(&[0, 0], &[1], false);
        check(&[0], &[1, 0], false);
        check(&[0], &[], false);
    }
}
