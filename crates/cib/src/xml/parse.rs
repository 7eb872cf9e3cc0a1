//! Text to tree.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Document, Kind, Node, Span, XmlId, index};

/// How deep elements may nest. libxml2's own default is 256.
pub const MAX_DEPTH: usize = 256;

/// How long a document may be, in bytes.
pub const MAX_LEN_BYTES: usize = 1 << 30;

/// Why a text is not an XML document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub struct ParseError {
    /// The line, counted from 1.
    pub line: usize,
    /// The column, counted in characters from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

impl Document {
    /// Reads `source`, which must hold exactly one root element.
    ///
    /// # Errors
    /// Text that is not well-formed, nests deeper than [`MAX_DEPTH`], is longer than
    /// [`MAX_LEN_BYTES`], or uses an entity of its own (document types are skipped, never obeyed).
    pub fn parse(source: &str) -> Result<Self, ParseError> {
        if source.len() > MAX_LEN_BYTES {
            let problem = format!("the document is longer than {MAX_LEN_BYTES} bytes");
            return Err(ParseError {
                line: 1,
                column: 1,
                problem,
            });
        }
        Parser::new(source).run()
    }
}

struct Parser<'s> {
    source: &'s str,
    reader: Reader<&'s [u8]>,
    document: Document,
    open: Vec<XmlId>,
    root: Option<XmlId>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str) -> Self {
        let mut reader = Reader::from_str(source);
        reader.config_mut().expand_empty_elements = false;
        let document = Document::empty(source.to_owned());
        Self {
            source,
            reader,
            document,
            open: Vec::new(),
            root: None,
        }
    }

    fn run(mut self) -> Result<Document, ParseError> {
        loop {
            let position = self.position();
            let event = self.reader.read_event().map_err(|error| {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(position);
                self.error(at, error.to_string())
            })?;
            match event {
                Event::Start(start) => {
                    let id = self.element(&start, position)?;
                    self.open.push(id);
                }
                Event::Empty(start) => {
                    self.element(&start, position)?;
                }
                Event::End(_) => {
                    self.open.pop();
                }
                Event::Text(text) => self.text(&text, position)?,
                Event::CData(text) => {
                    let span = self.span(&text);
                    self.add(Kind::Text(span), position)?;
                }
                Event::GeneralRef(name) => self.reference(&name, position)?,
                Event::Comment(text) => {
                    let span = self.span(&text);
                    self.add_aside(Kind::Comment(span), position);
                }
                Event::PI(text) => {
                    let span = self.span(&text);
                    self.add_aside(Kind::Instruction(span), position);
                }
                Event::Decl(_) | Event::DocType(_) => {}
                Event::Eof => break,
            }
        }
        if !self.open.is_empty() {
            let problem = format!(
                "<{}> is not closed",
                self.document.element(self.open[self.open.len() - 1]).name()
            );
            return Err(self.error(self.source.len(), problem));
        }
        match self.root {
            Some(root) => {
                self.document.root = root;
                Ok(self.document)
            }
            None => Err(self.error(self.source.len(), "there is no element".to_owned())),
        }
    }

    fn element(&mut self, start: &BytesStart<'s>, position: usize) -> Result<XmlId, ParseError> {
        let name = self.span(start.name().as_ref());
        let id = self.add(Kind::Element(name), position)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(position, format!("elements nest deeper than {MAX_DEPTH}")));
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.error(position, error.to_string()))?;
            let name = self.span(attribute.key.as_ref());
            let value = self.value(&attribute.value, position)?;
            self.document.attributes.push((name, value));
            self.document.node_mut(id).attributes.1 += 1;
        }
        Ok(id)
    }

    /// An attribute's value: a stretch of the source where nothing in it is escaped.
    fn value(&mut self, raw: &str, position: usize) -> Result<Span, ParseError> {
        if !raw.contains(['&', '<', '\n', '\t', '\r']) {
            return Ok(self.span(raw));
        }
        if raw.contains('<') {
            return Err(self.error(position, "an attribute's value holds '<'".to_owned()));
        }
        let spaced = raw.replace("\r\n", " ").replace(['\n', '\t', '\r'], " ");
        let value = quick_xml::escape::unescape(&spaced)
            .map_err(|error| self.error(position, error.to_string()))?;
        Ok(self.document.store(&value))
    }

    fn text(&mut self, text: &str, position: usize) -> Result<(), ParseError> {
        if text
            .chars()
            .all(|character| character.is_ascii_whitespace())
        {
            return Ok(());
        }
        let span = self.span(text);
        self.add(Kind::Text(span), position).map(drop)
    }

    fn reference(&mut self, name: &str, position: usize) -> Result<(), ParseError> {
        let whole = format!("&{};", name);
        let text = quick_xml::escape::unescape(&whole)
            .map_err(|error| self.error(position, error.to_string()))?
            .into_owned();
        let span = self.document.store(&text);
        self.add(Kind::Text(span), position).map(drop)
    }

    /// Adds a node that must stand inside the root element, or be it.
    fn add(&mut self, kind: Kind, position: usize) -> Result<XmlId, ParseError> {
        let parent = self.open.last().copied();
        if parent.is_none() {
            let is_element = matches!(kind, Kind::Element(_));
            if !is_element || self.root.is_some() {
                let problem = if is_element {
                    "a second root element"
                } else {
                    "text outside the root element"
                };
                return Err(self.error(position, problem.to_owned()));
            }
        }
        let id = self.document.link(parent, kind, index(position));
        if parent.is_none() {
            self.root = Some(id);
        }
        Ok(id)
    }

    /// Adds a node that may also stand outside the root element, where it is not kept.
    fn add_aside(&mut self, kind: Kind, position: usize) {
        if let Some(&parent) = self.open.last() {
            self.document.link(Some(parent), kind, index(position));
        }
    }

    /// The place of `part`, a slice of the source, in the heap, which begins with the source.
    fn span(&mut self, part: &str) -> Span {
        let start = (part.as_ptr() as usize).wrapping_sub(self.source.as_ptr() as usize);
        match start.checked_add(part.len()) {
            Some(end) if end <= self.source.len() => Span {
                start: index(start),
                end: index(end),
            },
            _ => self.document.store(part),
        }
    }

    fn position(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).unwrap_or(self.source.len())
    }

    fn error(&self, position: usize, problem: String) -> ParseError {
        let (line, column) = line_and_column(self.source, position);
        ParseError {
            line,
            column,
            problem,
        }
    }
}

/// Line and column (in characters) of byte `position`, both counted from 1.
pub(super) fn line_and_column(text: &str, position: usize) -> (usize, usize) {
    let mut end = position.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let before = &text[..end];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (
        before.matches('\n').count() + 1,
        before[line_start..].chars().count() + 1,
    )
}

const _: () = assert!(
    size_of::<Node>() <= 64,
    "a CIB has hundreds of thousands of nodes"
);
