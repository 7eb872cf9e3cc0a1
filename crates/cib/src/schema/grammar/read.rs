//! The grammar's text. Its notation is explained at the top of `cib.txt`.

use super::{Grammar, Kind, Node, Range, Version, Words};

/// Reads all definitions.
pub(super) fn grammar(text: &'static str) -> Result<Grammar, String> {
    let mut grammar = Grammar::default();
    let mut elements = 0;
    for definition in definitions(text) {
        let mut reader = Reader {
            rest: definition,
            elements,
        };
        reader.definition(&mut grammar).map_err(|problem| {
            let name = definition.split(' ').next().unwrap_or_default();
            format!("{name}: {problem} before {:?}", first_line(reader.rest))
        })?;
        elements = reader.elements;
    }
    Ok(grammar)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The definitions of the text: each begins at the beginning of a line.
fn definitions(text: &'static str) -> Vec<&'static str> {
    let mut starts: Vec<_> = text
        .match_indices('\n')
        .map(|(at, _)| at + 1)
        .chain([0])
        .filter(|&at| text[at..].starts_with(|it: char| it == ':' || it.is_ascii_alphabetic()))
        .collect();
    starts.sort_unstable();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts
        .iter()
        .copied()
        .zip(ends)
        .map(|(start, end)| &text[start..end])
        .collect()
}

struct Reader {
    rest: &'static str,
    /// How many elements there were so far.
    elements: usize,
}

impl Reader {
    fn definition(&mut self, grammar: &mut Grammar) -> Result<(), String> {
        if self.takes(":") {
            let name = self.word()?;
            self.expect("=")?;
            let words = self.words()?;
            grammar.types.insert(name, words);
        } else {
            let name = self.word()?;
            if self.takes("(") {
                self.word()?;
                self.expect(")")?;
            }
            self.expect("=")?;
            let node = self.node()?;
            grammar.patterns.insert(name, node);
        }
        self.skip_blank();
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err("something is left over".to_owned())
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

    fn element(&mut self) -> Result<Node, String> {
        let name = self.word()?;
        self.expect(">")?;
        self.expect("{")?;
        let index = self.elements;
        self.elements += 1;
        if self.takes("}") {
            return Ok(Node::Element(index, name, Box::new(Node::Empty)));
        }
        let content = self.node()?;
        self.expect("}")?;
        Ok(Node::Element(index, name, Box::new(content)))
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
        let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '-');
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        if end == 0 {
            return Err("a name is missing".to_owned());
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(word)
    }

    fn expect(&mut self, text: &str) -> Result<(), String> {
        if self.takes(text) {
            Ok(())
        } else {
            Err(format!("{text:?} is missing"))
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

    fn skip_blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') {
                return;
            }
            let end = self.rest.find('\n').unwrap_or(self.rest.len());
            self.rest = &self.rest[end..];
        }
    }
}
