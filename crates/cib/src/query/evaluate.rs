//! What a query finds.

use crate::hashed::HashMap;

use super::{Axis, Comparison, Expression, Function, Path, QueryError, Step};
use crate::xml::{Content, Document, Element, XmlId};

/// What a path can lead to.
#[derive(Clone, Copy)]
enum Node<'d> {
    Document(&'d Document),
    Element(Element<'d>),
    Attribute(Element<'d>, &'d str, &'d str),
}

enum Value<'d> {
    Nodes(Vec<Node<'d>>),
    Text(String),
    Number(f64),
    Boolean(bool),
}

/// Where an expression is evaluated: at a node, which is one of several.
#[derive(Clone, Copy)]
struct Context<'d> {
    node: Node<'d>,
    /// Counted from 1.
    position: usize,
    last: usize,
}

pub(super) fn select<'d>(
    expression: &Expression,
    document: &'d Document,
    max_visits: usize,
) -> Result<Vec<Element<'d>>, QueryError> {
    let mut evaluation = Evaluation {
        document,
        visits_left: max_visits,
        order: None,
    };
    let context = Context {
        node: Node::Document(document),
        position: 1,
        last: 1,
    };
    let Value::Nodes(nodes) = evaluation.value(expression, context)? else {
        return Ok(Vec::new());
    };
    let mut elements: Vec<_> = nodes
        .into_iter()
        .map(|node| match node {
            Node::Document(document) => document.root(),
            Node::Element(element) | Node::Attribute(element, ..) => element,
        })
        .collect();
    elements.dedup();
    Ok(elements)
}

struct Evaluation<'d> {
    document: &'d Document,
    visits_left: usize,
    /// The place of each element in document order, once it is needed.
    order: Option<HashMap<XmlId, usize>>,
}

impl<'d> Evaluation<'d> {
    fn value(
        &mut self,
        expression: &Expression,
        context: Context<'d>,
    ) -> Result<Value<'d>, QueryError> {
        Ok(match expression {
            Expression::Or(left, right) => Value::Boolean(
                self.value(left, context)?.is_true() || self.value(right, context)?.is_true(),
            ),
            Expression::And(left, right) => Value::Boolean(
                self.value(left, context)?.is_true() && self.value(right, context)?.is_true(),
            ),
            Expression::Compare(comparison, left, right) => {
                let (left, right) = (self.value(left, context)?, self.value(right, context)?);
                Value::Boolean(compare(*comparison, &left, &right))
            }
            Expression::Union(paths) => {
                let mut nodes = Vec::new();
                for path in paths {
                    nodes.extend(self.path(path, context.node)?);
                }
                if paths.len() > 1 {
                    self.sort(&mut nodes);
                }
                Value::Nodes(nodes)
            }
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Number(number) => Value::Number(*number),
            Expression::Call(function, arguments) => self.call(*function, arguments, context)?,
        })
    }

    fn call(
        &mut self,
        function: Function,
        arguments: &[Expression],
        context: Context<'d>,
    ) -> Result<Value<'d>, QueryError> {
        let mut values = Vec::new();
        for argument in arguments {
            values.push(self.value(argument, context)?);
        }
        let text = |number: usize| values.get(number).map_or(String::new(), Value::text);
        Ok(match function {
            Function::Not => Value::Boolean(!values.first().is_some_and(Value::is_true)),
            Function::True => Value::Boolean(true),
            Function::False => Value::Boolean(false),
            Function::Position => Value::Number(count(context.position)),
            Function::Last => Value::Number(count(context.last)),
            Function::Count => Value::Number(match values.first() {
                Some(Value::Nodes(nodes)) => count(nodes.len()),
                _ => f64::NAN,
            }),
            Function::Contains => Value::Boolean(text(0).contains(&text(1))),
            Function::StartsWith => Value::Boolean(text(0).starts_with(&text(1))),
            Function::Name => Value::Text(match context.node {
                Node::Document(_) => String::new(),
                Node::Element(element) => element.name().to_owned(),
                Node::Attribute(_, name, _) => name.to_owned(),
            }),
        })
    }

    fn path(&mut self, path: &Path, from: Node<'d>) -> Result<Vec<Node<'d>>, QueryError> {
        let mut nodes = vec![if path.is_absolute {
            Node::Document(self.document)
        } else {
            from
        }];
        for step in &path.steps {
            let several = nodes.len() > 1;
            let mut next = Vec::new();
            for node in nodes {
                next.extend(self.step(step, node)?);
            }
            if several {
                self.sort(&mut next);
            }
            nodes = next;
        }
        Ok(nodes)
    }

    /// What one step leads to from one node.
    fn step(&mut self, step: &Step, from: Node<'d>) -> Result<Vec<Node<'d>>, QueryError> {
        let mut nodes = self.follow(step, from)?;
        for predicate in &step.predicates {
            let last = nodes.len();
            let mut kept = Vec::new();
            for (index, node) in nodes.into_iter().enumerate() {
                let context = Context {
                    node,
                    position: index + 1,
                    last,
                };
                let holds = match self.value(predicate, context)? {
                    #[expect(clippy::float_cmp, reason = "positions are whole numbers")]
                    Value::Number(number) => number == count(index + 1),
                    value => value.is_true(),
                };
                if holds {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    /// The nodes on the step's axis that have its name.
    fn follow(&mut self, step: &Step, from: Node<'d>) -> Result<Vec<Node<'d>>, QueryError> {
        let has_name = |name: &str| step.name.as_deref().is_none_or(|wanted| wanted == name);
        let mut nodes = Vec::new();
        match (step.axis, from) {
            (Axis::Itself, _) => nodes.push(from),
            (Axis::Child, Node::Document(document)) => {
                let root = document.root();
                self.visit()?;
                nodes.extend(has_name(root.name()).then_some(Node::Element(root)));
            }
            (Axis::Child, Node::Element(element)) => {
                for child in element.children() {
                    self.visit()?;
                    nodes.extend(has_name(child.name()).then_some(Node::Element(child)));
                }
            }
            (Axis::DescendantOrSelf, Node::Document(document)) => {
                nodes.push(from);
                for element in document.root().descendants() {
                    self.visit()?;
                    nodes.push(Node::Element(element));
                }
            }
            (Axis::DescendantOrSelf, Node::Element(element)) => {
                for element in element.descendants() {
                    self.visit()?;
                    nodes.push(Node::Element(element));
                }
            }
            (Axis::Parent, Node::Element(element)) => {
                self.visit()?;
                nodes.push(match element.parent() {
                    Some(parent) => Node::Element(parent),
                    None => Node::Document(self.document),
                });
            }
            (Axis::Parent, Node::Attribute(element, ..)) => nodes.push(Node::Element(element)),
            (Axis::Attribute, Node::Element(element)) => {
                for (name, value) in element.attributes() {
                    self.visit()?;
                    let node = Node::Attribute(element, name, value);
                    nodes.extend(has_name(name).then_some(node));
                }
            }
            (_, Node::Document(_) | Node::Attribute(..)) => {}
        }
        Ok(nodes)
    }

    fn visit(&mut self) -> Result<(), QueryError> {
        self.visits_left = self
            .visits_left
            .checked_sub(1)
            .ok_or(QueryError::TooCostly)?;
        Ok(())
    }

    /// Brings nodes into document order, each once.
    fn sort(&mut self, nodes: &mut Vec<Node<'d>>) {
        let order = self.order.get_or_insert_with(|| {
            let elements = self.document.root().descendants();
            elements
                .enumerate()
                .map(|(place, element)| (element.xml_id(), place + 1))
                .collect()
        });
        let key = |node: &Node<'d>| match *node {
            Node::Document(_) => (0, ""),
            Node::Element(element) => (order.get(&element.xml_id()).copied().unwrap_or(0), ""),
            Node::Attribute(element, name, _) => {
                (order.get(&element.xml_id()).copied().unwrap_or(0), name)
            }
        };
        nodes.sort_by(|left, right| key(left).cmp(&key(right)));
        nodes.dedup_by(|left, right| key(left) == key(right));
    }
}

impl Value<'_> {
    fn is_true(&self) -> bool {
        match self {
            Self::Nodes(nodes) => !nodes.is_empty(),
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0.0 && !number.is_nan(),
            Self::Boolean(value) => *value,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Nodes(nodes) => nodes.first().map_or(String::new(), text_of),
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
        }
    }

    fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Boolean(value) => f64::from(u8::from(*value)),
            Self::Nodes(_) | Self::Text(_) => number_of(&self.text()),
        }
    }
}

/// Compares two values; of several nodes, one that compares so is enough.
fn compare(comparison: Comparison, left: &Value<'_>, right: &Value<'_>) -> bool {
    let is_boolean = |value: &Value<'_>| matches!(value, Value::Boolean(_));
    if is_boolean(left) || is_boolean(right) {
        let (left, right) = (left.is_true(), right.is_true());
        return compare_numbers(comparison, u8::from(left).into(), u8::from(right).into());
    }
    if let Value::Nodes(nodes) = left {
        return nodes
            .iter()
            .any(|node| compare(comparison, &Value::Text(text_of(node)), right));
    }
    if let Value::Nodes(nodes) = right {
        return nodes
            .iter()
            .any(|node| compare(comparison, left, &Value::Text(text_of(node))));
    }
    match (comparison, left, right) {
        (Comparison::Equal, Value::Text(left), Value::Text(right)) => left == right,
        (Comparison::NotEqual, Value::Text(left), Value::Text(right)) => left != right,
        _ => compare_numbers(comparison, left.number(), right.number()),
    }
}

#[expect(clippy::float_cmp, reason = "XPath compares numbers exactly")]
fn compare_numbers(comparison: Comparison, left: f64, right: f64) -> bool {
    match comparison {
        Comparison::Equal => left == right,
        Comparison::NotEqual => left != right,
        Comparison::Less => left < right,
        Comparison::LessOrEqual => left <= right,
        Comparison::Greater => left > right,
        Comparison::GreaterOrEqual => left >= right,
    }
}

/// The text in a node and below it, or an attribute's value.
fn text_of(node: &Node<'_>) -> String {
    let of_element = |element: Element<'_>| -> String {
        let contents = element.descendants().flat_map(Element::nodes);
        contents
            .filter_map(|content| match content {
                Content::Text(text) => Some(text),
                _ => None,
            })
            .collect()
    };
    match node {
        Node::Document(document) => of_element(document.root()),
        Node::Element(element) => of_element(*element),
        Node::Attribute(_, _, value) => (*value).to_owned(),
    }
}

fn number_of(text: &str) -> f64 {
    let text = text.trim();
    let is_number = text
        .bytes()
        .all(|it| it.is_ascii_digit() || matches!(it, b'-' | b'.'));
    text.parse().ok().filter(|_| is_number).unwrap_or(f64::NAN)
}

/// A number of nodes, which is far below what a float counts exactly.
#[expect(
    clippy::cast_precision_loss,
    reason = "documents have less than 2^32 nodes"
)]
fn count(number: usize) -> f64 {
    number as f64
}
