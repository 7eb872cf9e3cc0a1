//! The grammar's text. Its notation is explained at the top of `cib.txt`.

use super::{Kind, Node, Range, Version, Words};

/// The text of a definition, or of what an element holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::schema) struct Text {
    text: &'static str,
    /// Where it begins in the whole: no other text begins there.
    pub start: usize,
}

impl Text {
    /// The name that is defined, and whether that is one of a type.
    pub(super) fn name(self) -> (&'static str, bool) {
        let text = self.text.strip_prefix(':');
        let (name, _) = split_word(text.unwrap_or(self.text));
        (name, text.is_some())
    }
}

/// The definitions of the text: each begins at the beginning of a line.
pub(super) fn definitions(text: &'static str) -> Vec<Text> {
    let is_start = |at: &usize| {
        let first = text.as_bytes().get(*at);
        first.is_some_and(|&it| it == b':' || it.is_ascii_alphabetic())
    };
    let lines = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1));
    let mut ends = lines.clone().filter(is_start).skip(1).chain([text.len()]);
    lines
        .filter(is_start)
        .zip(&mut ends)
        .map(|(start, end)| Text {
            text: &text[start..end],
            start,
        })
        .collect()
}

/// What a type's definition says.
pub(super) fn words(text: Text) -> Result<Words, String> {
    let mut reader = Reader::new(text);
    reader.expect(":")?;
    reader.word()?;
    reader.expect("=")?;
    let words = reader.words()?;
    reader.end(words)
}

/// What a pattern's definition says.
pub(super) fn pattern(text: Text) -> Result<Node, String> {
    let mut reader = Reader::new(text);
    reader.word()?;
    if reader.takes("(") {
        reader.word()?;
        reader.expect(")")?;
    }
    reader.expect("=")?;
    let node = reader.node()?;
    reader.end(node)
}

/// What the text between an element's braces says.
pub(super) fn content(text: Text) -> Result<Node, String> {
    let mut reader = Reader::new(text);
    reader.skip_blank();
    if reader.rest.is_empty() {
        return Ok(Node::Empty);
    }
    let node = reader.node()?;
    reader.end(node)
}

struct Reader {
    rest: &'static str,
    /// Where the definition ends in the whole.
    end: usize,
}

impl Reader {
    fn new(text: Text) -> Self {
        Self {
            rest: text.text,
            end: text.start + text.text.len(),
        }
    }

    /// `read`, if nothing is left over.
    fn end<T>(&mut self, read: T) -> Result<T, String> {
        self.skip_blank();
        match self.rest.lines().next() {
            None => Ok(read),
            Some(line) => Err(format!("{line:?} is left over")),
        }
    }

    /// Terms with one and the same operator between them.
    fn node(&mut self) -> Result<Node, String> {
        type Combine = fn(Vec<Node>) -> Node;
        const OPERATORS: [(&str, Combine); 3] = [
            (",", Node::Sequence),
            ("&", Node::AnyOrder),
            ("|", Node::Choice),
        ];
        let first = self.term()?;
        for (operator, combine) in OPERATORS {
            if self.takes(operator) {
                let mut terms = vec![first, self.term()?];
                while self.takes(operator) {
                    terms.push(self.term()?);
                }
                return Ok(combine(terms));
            }
        }
        Ok(first)
    }

    fn term(&mut self) -> Result<Node, String> {
        if let Some(range) = self.range()? {
            let term = self.term()?;
            return Ok(Node::Only(range, Box::new(term)));
        }
        let node = self.simple()?;
        Ok(if self.takes("?") {
            Node::Optional(Box::new(node))
        } else if self.takes("*") {
            Node::Optional(Box::new(Node::Repeated(Box::new(node))))
        } else if self.takes("+") {
            Node::Repeated(Box::new(node))
        } else {
            node
        })
    }

    fn simple(&mut self) -> Result<Node, String> {
        if self.takes("(") {
            let node = self.node()?;
            self.expect(")")?;
            return Ok(node);
        }
        if self.takes("$") {
            return Ok(Node::Parameter);
        }
        if self.takes("@") {
            let name = self.word()?;
            return Ok(Node::Attribute(name, self.kind()?));
        }
        if self.takes("<") {
            return self.element();
        }
        let name = self.word()?;
        if name == "anything" {
            return Ok(Node::Anything);
        }
        let mut argument = None;
        if self.rest.starts_with('(') && self.takes("(") {
            argument = Some(self.word()?);
            self.expect(")")?;
        }
        Ok(Node::Use(name, argument))
    }

    /// An element's name; what it holds is only passed over.
    fn element(&mut self) -> Result<Node, String> {
        let name = self.word()?;
        self.expect(">")?;
        self.expect("{")?;
        let start = self.end - self.rest.len();
        let mut depth = 1;
        let is_end = |(_, byte): &(usize, u8)| {
            match byte {
                b'{' => depth += 1,
                b'}' => depth -= 1,
                _ => {}
            }
            depth == 0
        };
        let (end, _) = self
            .rest
            .bytes()
            .enumerate()
            .find(is_end)
            .ok_or("'}' is missing")?;
        let (text, rest) = self.rest.split_at(end);
        self.rest = &rest[1..];
        Ok(Node::Element(name, Text { text, start }))
    }

    fn kind(&mut self) -> Result<Kind, String> {
        let list: fn(Words) -> Kind = if self.takes(":") {
            return Ok(Kind::Named(self.word()?));
        } else if self.takes("=") {
            Kind::OneOf
        } else if self.takes("!") {
            Kind::NoneOf
        } else {
            return Ok(Kind::Text);
        };
        self.expect("(")?;
        let words = self.words()?;
        self.expect(")")?;
        Ok(list(words))
    }

    fn words(&mut self) -> Result<Words, String> {
        let mut words = Vec::new();
        loop {
            let range = self.range()?.unwrap_or(Range::ALWAYS);
            words.push((range, self.word()?));
            if !self.takes("|") {
                return Ok(words);
            }
        }
    }

    /// `[2.8..]`, `[..3.10]`, `[1.2..3.10]`.
    fn range(&mut self) -> Result<Option<Range>, String> {
        if !self.takes("[") {
            return Ok(None);
        }
        let (text, rest) = self.rest.split_once(']').ok_or("']' is missing")?;
        self.rest = rest;
        let (from, to) = text.split_once("..").ok_or("'..' is missing")?;
        let version = |text: &str| {
            let (major, minor) = text.split_once('.')?;
            Some(Version::new(major.parse().ok()?, minor.parse().ok()?))
        };
        let end = |text: &str, open: Version| match text {
            "" => Ok(open),
            _ => version(text).ok_or("a version is missing"),
        };
        Ok(Some(Range {
            from: end(from, Range::ALWAYS.from)?,
            to: end(to, Range::ALWAYS.to)?,
        }))
    }

    /// A name, a word, or words in quotes.
    fn word(&mut self) -> Result<&'static str, String> {
        if self.takes("\"") {
            let (word, rest) = self.rest.split_once('"').ok_or("a quote is missing")?;
            self.rest = rest;
            return Ok(word);
        }
        self.skip_blank();
        let (word, rest) = split_word(self.rest);
        if word.is_empty() {
            return Err(format!("a name is missing before {:?}", self.rest));
        }
        self.rest = rest;
        Ok(word)
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) {
            Ok(())
        } else {
            Err(format!("{text:?} is missing before {:?}", self.rest))
        }
    }

    fn takes(&mut self, text: &str) -> bool {
        self.skip_blank();
        match self.rest.strip_prefix(text) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    /// Passes over blanks, ends of lines and comments.
    fn skip_blank(&mut self) {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            match byte {
                b' ' | b'\n' => at += 1,
                b'#' => at += self.rest[at..].find('\n').unwrap_or(bytes.len() - at),
                _ => break,
            }
        }
        self.rest = &self.rest[at..];
    }
}

/// The name or word that `text` begins with, and what follows.
fn split_word(text: &'static str) -> (&'static str, &'static str) {
    let is_part = |it: &u8| it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-');
    let end = text.bytes().take_while(is_part).count();
    text.split_at(end)
}
