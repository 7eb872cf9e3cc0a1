//! Queries: elements by XPath, as `cibadmin --xpath` and access control lists have them.
//!
//! The part of XPath 1.0 that is understood:
//!
//! | what | examples |
//! | --- | --- |
//! | paths | `/cib/configuration`, `//primitive`, `.//nvpair`, `..`, `*`, `@id`, `a \| b` |
//! | predicates | `[@id]`, `[@id='x']`, `[2]`, `[last()]`, `[meta_attributes/nvpair[@name='x']]` |
//! | operators | `and`, `or`, `=`, `!=`, `<`, `<=`, `>`, `>=` |
//! | functions | `not`, `true`, `false`, `position`, `last`, `count`, `contains`, `starts-with`, `name` |
//!
//! What a query finds is elements: an attribute stands for the element that has it, and `/` for the
//! root element.

mod evaluate;
mod parse;

use crate::xml::{Document, Element};

/// How long a query may be, in bytes.
pub const MAX_LEN_BYTES: usize = 64 * 1024;

/// How deep predicates and parentheses may nest.
pub const MAX_DEPTH: usize = 32;

/// How many elements one query may look at, each time that it does so counted.
pub const MAX_VISITS: usize = 20_000_000;

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It is no XPath, or none that is understood.
    #[error("'{query}' is not a query that is understood: {problem} at character {position}")]
    Syntax {
        /// The whole text.
        query: String,
        /// What was expected.
        problem: String,
        /// Where, counted from 1.
        position: usize,
    },
    /// It would take too long.
    #[error("the query looks at more than {MAX_VISITS} elements")]
    TooCostly,
}

/// A query.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    expression: Expression,
}

impl Query {
    /// Reads a query.
    ///
    /// # Errors
    /// Text that is not understood, or that is too long or too deep.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        parse::query(text).map(|expression| Self { expression })
    }

    /// The elements that it finds, in document order.
    ///
    /// # Errors
    /// A query that looks at too many elements.
    pub fn select<'d>(&self, document: &'d Document) -> Result<Vec<Element<'d>>, QueryError> {
        evaluate::select(&self.expression, document, MAX_VISITS)
    }
}

/// A value, as it is written.
#[derive(Clone, Debug, PartialEq)]
enum Expression {
    Or(Box<Expression>, Box<Expression>),
    And(Box<Expression>, Box<Expression>),
    Compare(Comparison, Box<Expression>, Box<Expression>),
    Union(Vec<Path>),
    Text(String),
    Number(f64),
    Call(Function, Vec<Expression>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Not,
    True,
    False,
    Position,
    Last,
    Count,
    Contains,
    StartsWith,
    Name,
}

#[derive(Clone, Debug, PartialEq)]
struct Path {
    /// Whether it begins at the document.
    is_absolute: bool,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
struct Step {
    axis: Axis,
    /// The name; none for any.
    name: Option<String>,
    predicates: Vec<Expression>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Axis {
    Child,
    /// The element itself and everything below it: what `//` goes over.
    DescendantOrSelf,
    Itself,
    Parent,
    Attribute,
}

#[cfg(test)]
mod tests;
