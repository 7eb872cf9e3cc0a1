//! Text to tree.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Document, Kind, Node, Span, XmlId, index, well_formed};

/// How deep elements may nest: as deep as in libxml2.
pub const MAX_DEPTH: usize = 257;

/// How long a document may be, in bytes.
pub const MAX_LEN_BYTES: usize = 1 << 30;

/// How long the value of an attribute may be, in bytes: as long as in libxml2.
const MAX_VALUE_BYTES: usize = 10_000_000;

/// How long a name may be, in bytes: as long as in libxml2.
const MAX_NAME_BYTES: usize = 50_000;

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
        Self::parse_with(source, true)
    }

    /// Reads `source` as [`Document::parse`] does, but leaves out all text, except in `CDATA` sections:
    /// so does Pacemaker with files.
    ///
    /// # Errors
    /// As for [`Document::parse`].
    pub fn parse_without_text(source: &str) -> Result<Self, ParseError> {
        Self::parse_with(source, false)
    }

    fn parse_with(source: &str, keep_text: bool) -> Result<Self, ParseError> {
        if source.len() > MAX_LEN_BYTES {
            let problem = format!("the document is longer than {MAX_LEN_BYTES} bytes");
            return Err(ParseError {
                line: 1,
                column: 1,
                problem,
            });
        }
        Parser::new(source, keep_text).run()
    }
}

struct Parser<'s> {
    source: &'s str,
    reader: Reader<&'s [u8]>,
    document: Document,
    open: Vec<XmlId>,
    root: Option<XmlId>,
    keep_text: bool,
    has_document_type: bool,
    /// Whether prefixes are declared anywhere, which hardly ever happens.
    declares_prefixes: bool,
    /// Prefixes that are declared, each with the depth of the element that does it.
    prefixes: Vec<(usize, &'s str)>,
}

impl<'s> Parser<'s> {
    fn new(source: &'s str, keep_text: bool) -> Self {
        let mut reader = Reader::from_str(source);
        reader.config_mut().expand_empty_elements = false;
        let document = Document::empty(source.to_owned());
        Self {
            source,
            reader,
            document,
            open: Vec::new(),
            root: None,
            keep_text,
            has_document_type: false,
            declares_prefixes: source.contains("xmlns:"),
            prefixes: Vec::new(),
        }
    }

    fn run(mut self) -> Result<Document, ParseError> {
        if let Some(at) = well_formed::forbidden(self.source) {
            return Err(self.error(at, "a character that XML does not allow".to_owned()));
        }
        loop {
            let position = self.position();
            let event = self.reader.read_event().map_err(|error| {
                let at = usize::try_from(self.reader.error_position()).unwrap_or(position);
                self.error(at, error.to_string())
            })?;
            match event {
                Event::Start(start) => {
                    let id = self.element(&start, position, false)?;
                    self.open.push(id);
                }
                Event::Empty(start) => {
                    self.element(&start, position, true)?;
                }
                Event::End(_) => {
                    self.open.pop();
                    let depth = self.open.len();
                    self.prefixes
                        .retain(|&(declared_at, _)| declared_at < depth);
                }
                Event::Text(text) => self.text(&text, position)?,
                Event::CData(text) => {
                    if !is_blank(&text) {
                        let span = self.span(&text);
                        self.add(Kind::Text(span), position)?;
                    }
                }
                Event::GeneralRef(name) => self.reference(&name, position)?,
                Event::Comment(text) => {
                    self.check(
                        !text.contains("--") && !text.ends_with('-'),
                        position,
                        "a comment holds '--'",
                    )?;
                    let span = self.span(&text);
                    self.add_aside(Kind::Comment(span), position);
                }
                Event::PI(text) => {
                    let target = text.split_ascii_whitespace().next().unwrap_or_default();
                    let is_target =
                        well_formed::is_name(target) && !target.eq_ignore_ascii_case("xml");
                    self.check(is_target, position, "an instruction without a proper name")?;
                    let span = self.span(&text);
                    self.add_aside(Kind::Instruction(span), position);
                }
                Event::Decl(declaration) => {
                    let is_known = declaration
                        .version()
                        .is_ok_and(|version| *version == *"1.0");
                    self.check(
                        position == 0 && is_known,
                        position,
                        "not a declaration of XML 1.0 at the start",
                    )?;
                }
                Event::DocType(_) => {
                    let is_first = self.root.is_none() && !self.has_document_type;
                    self.check(is_first, position, "a document type in the wrong place")?;
                    self.has_document_type = true;
                }
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

    fn element(
        &mut self,
        start: &BytesStart<'s>,
        position: usize,
        is_empty: bool,
    ) -> Result<XmlId, ParseError> {
        let name = self.span(start.name().as_ref());
        let id = self.add(Kind::Element(name), position)?;
        if self.open.len() >= MAX_DEPTH {
            return Err(self.error(position, format!("elements nest deeper than {MAX_DEPTH}")));
        }
        let declared = self.prefixes.len();
        self.declare_prefixes(start);
        self.check_name(start.name().as_ref(), position)?;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.error(position, error.to_string()))?;
            let key = attribute.key.as_ref();
            self.check_name(key, position)?;
            let name = self.span(key);
            let before = (name.start as usize).checked_sub(1);
            let is_apart =
                before.is_none_or(|before| self.source.as_bytes()[before].is_ascii_whitespace());
            self.check(is_apart, position, "attributes are not set apart by blanks")?;
            let value = self.value(&attribute.value, position)?;
            self.document.attributes.push((name, value));
            self.document.node_mut(id).attributes.1 += 1;
        }
        if is_empty {
            self.prefixes.truncate(declared);
        }
        Ok(id)
    }

    fn declare_prefixes(&mut self, start: &BytesStart<'s>) {
        if !self.declares_prefixes {
            return;
        }
        let depth = self.open.len();
        for attribute in start.attributes().flatten() {
            let key = self.span(attribute.key.as_ref());
            let source: &'s str = self.source;
            if let Some(prefix) = source
                .get(key.start as usize..key.end as usize)
                .and_then(|key| key.strip_prefix("xmlns:"))
            {
                self.prefixes.push((depth, prefix));
            }
        }
    }

    /// Refuses what is no name, or has a prefix that stands for nothing.
    fn check_name(&self, name: &str, position: usize) -> Result<(), ParseError> {
        let is_plain = well_formed::is_plain_name(name);
        let is_name = name.len() <= MAX_NAME_BYTES && (is_plain || well_formed::is_name(name));
        self.check(is_name, position, "this is not a name")?;
        if is_plain {
            return Ok(());
        }
        let Some((prefix, _)) = name.split_once(':') else {
            return Ok(());
        };
        let is_declared = matches!(prefix, "xml" | "xmlns")
            || self
                .prefixes
                .iter()
                .any(|&(_, declared)| declared == prefix);
        self.check(is_declared, position, "a prefix that is not declared")
    }

    fn check(&self, holds: bool, position: usize, problem: &str) -> Result<(), ParseError> {
        if holds {
            Ok(())
        } else {
            Err(self.error(position, problem.to_owned()))
        }
    }

    /// An attribute's value: a stretch of the source where nothing in it is escaped.
    fn value(&mut self, raw: &str, position: usize) -> Result<Span, ParseError> {
        self.check(
            raw.len() <= MAX_VALUE_BYTES,
            position,
            "an attribute's value is too long",
        )?;
        // All bytes are looked at, rather than up to the first that counts: that is done many at a
        // time.
        let is_special = |byte: u8| byte < b' ' || matches!(byte, b'&' | b'<');
        if !raw.bytes().fold(false, |any, byte| any | is_special(byte)) {
            return Ok(self.span(raw));
        }
        if raw.contains('<') {
            return Err(self.error(position, "an attribute's value holds '<'".to_owned()));
        }
        let spaced = raw.replace("\r\n", " ").replace(['\n', '\t', '\r'], " ");
        let value = quick_xml::escape::unescape(&spaced)
            .map_err(|error| self.error(position, error.to_string()))?;
        self.check_referenced(&value, position)?;
        Ok(self.document.store(&value))
    }

    fn text(&mut self, text: &str, position: usize) -> Result<(), ParseError> {
        if is_blank(text) {
            return Ok(());
        }
        self.check(!text.contains("]]>"), position, "text holds ']]>'")?;
        let span = self.span(text);
        self.add_text(span, position)
    }

    fn reference(&mut self, name: &str, position: usize) -> Result<(), ParseError> {
        let whole = format!("&{};", name);
        let text = quick_xml::escape::unescape(&whole)
            .map_err(|error| self.error(position, error.to_string()))?
            .into_owned();
        self.check_referenced(&text, position)?;
        let span = self.document.store(&text);
        self.add_text(span, position)
    }

    /// Adds text where it is wanted, and where it may stand.
    fn add_text(&mut self, span: Span, position: usize) -> Result<(), ParseError> {
        if self.keep_text || self.open.is_empty() {
            self.add(Kind::Text(span), position)?;
        }
        Ok(())
    }

    /// Refuses text with references to characters that XML does not allow.
    fn check_referenced(&self, text: &str, position: usize) -> Result<(), ParseError> {
        let is_allowed = well_formed::forbidden(text).is_none();
        self.check(
            is_allowed,
            position,
            "a reference to a character that XML does not allow",
        )
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

fn is_blank(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_whitespace())
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

#[cfg(test)]
mod tests;
