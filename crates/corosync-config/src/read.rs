//! Text to sections: the language of `corosync.conf`, as corosync 3.1 reads it.
//!
//! A line is empty, a comment (`#` first), a section's beginning (`NAME {` with nothing behind), its
//! end (`}` alone) or `KEYWORD: VALUE`. There are no quotes, and a `#` behind a value belongs to it.

pub(crate) mod xml;

use diagnostics::{Diagnostic, Diagnostics, SourceId, Span};

/// The longest line in bytes, without its end: what corosync's line buffer holds.
pub const MAX_LINE_BYTES: usize = 510;

/// How deep sections may stand in sections; corosync's own go to three.
pub const MAX_DEPTH: usize = 8;

/// A piece of text with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// What stands in a section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// `KEYWORD: VALUE`; the value may be empty.
    Setting { keyword: Word, value: Word },
    /// `NAME { … }`.
    Section { name: Word, items: Vec<Item> },
}

/// Reads all sections of a text.
pub(crate) fn read(text: &str, source: SourceId, diagnostics: &mut Diagnostics) -> Vec<Item> {
    let mut reader = Reader {
        source,
        diagnostics,
        open: Vec::new(),
        items: vec![Vec::new()],
        too_deep: 0,
    };
    let mut start = 0;
    for line in text.split('\n') {
        reader.line(line, start);
        start += line.len() + 1;
    }
    reader.finish()
}

struct Reader<'a> {
    source: SourceId,
    diagnostics: &'a mut Diagnostics,
    /// The names of the open sections, the outermost first.
    open: Vec<Word>,
    /// The items of the top level and of each open section.
    items: Vec<Vec<Item>>,
    /// How many sections are open below the deepest that is kept.
    too_deep: usize,
}

impl Reader<'_> {
    fn line(&mut self, whole: &str, start: usize) {
        let Some(line) = self.word(whole, start) else {
            return;
        };
        if line.text.starts_with('#') {
            return;
        }
        if whole.len() > MAX_LINE_BYTES {
            let message = format!("this line has more than {MAX_LINE_BYTES} bytes");
            self.error(line.span, message);
        } else if line
            .text
            .chars()
            .any(|letter| letter.is_control() && letter != '\t')
        {
            self.error(line.span, "this line holds a control character");
        } else if let Some(brace) = line.text.find('{') {
            self.open(&line, brace);
        } else if let Some(colon) = line.text.find(':') {
            self.setting(&line, colon);
        } else if line.text == "}" {
            self.close(line.span);
        } else {
            self.neither(&line);
        }
    }

    fn open(&mut self, line: &Word, brace: usize) {
        let at = line.span.start as usize;
        if let Some(rest) = self.word(&line.text[brace + 1..], at + brace + 1) {
            let message = "nothing may follow '{' on its line";
            let message = Diagnostic::error(message).at(rest.span);
            self.tell(message.help("each 'KEYWORD: VALUE' and each '}' has its own line"));
            if rest.text.ends_with('}') {
                return;
            }
        }
        let name = self.word(&line.text[..brace], at).unwrap_or_else(|| {
            self.error(line.span, "this '{' has no section's name before it");
            Word {
                text: String::new(),
                span: line.span,
            }
        });
        if self.open.len() == MAX_DEPTH {
            if self.too_deep == 0 {
                let message = format!("sections stand more than {MAX_DEPTH} deep");
                self.error(line.span, message);
            }
            self.too_deep += 1;
            return;
        }
        self.open.push(name);
        self.items.push(Vec::new());
    }

    fn setting(&mut self, line: &Word, colon: usize) {
        let at = line.span.start as usize;
        let Some(keyword) = self.word(&line.text[..colon], at) else {
            self.error(line.span, "this ':' has no keyword before it");
            return;
        };
        let value = self
            .word(&line.text[colon + 1..], at + colon + 1)
            .unwrap_or_else(|| Word {
                text: String::new(),
                span: line.span,
            });
        if self.too_deep == 0 {
            self.push(Item::Setting { keyword, value });
        }
    }

    fn close(&mut self, brace: Span) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if !self.fold() {
            self.error(brace, "'}' without '{'");
        }
    }

    fn neither(&mut self, line: &Word) {
        let message = "this line neither begins nor ends a section nor sets a keyword";
        let message = Diagnostic::error(message).at(line.span);
        let help = match line.text.split_once([' ', '\t']) {
            _ if line.text.contains('}') => "'}' stands alone on its line".to_owned(),
            Some((keyword, value)) => format!("write '{keyword}: {}'", value.trim()),
            None => format!("write '{}: VALUE' or '{0} {{'", line.text),
        };
        self.tell(message.help(help));
    }

    /// Ends the innermost section, where one is open.
    fn fold(&mut self) -> bool {
        let Some(name) = self.open.pop() else {
            return false;
        };
        let items = self.items.pop().unwrap_or_default();
        self.push(Item::Section { name, items });
        true
    }

    fn finish(mut self) -> Vec<Item> {
        for name in self.open.clone() {
            let message = format!("the '{{' of '{}' is never closed", name.text);
            self.error(name.span, message);
        }
        while self.fold() {}
        self.items.pop().unwrap_or_default()
    }

    fn push(&mut self, item: Item) {
        self.items
            .last_mut()
            .expect("the top level is never closed")
            .push(item);
    }

    /// The text without white space around it, or nothing where there is only white space.
    fn word(&self, text: &str, start: usize) -> Option<Word> {
        let white = [' ', '\t', '\r'];
        let end = start + text.trim_end_matches(white).len();
        let trimmed = text.trim_matches(white);
        let start = end.saturating_sub(trimmed.len());
        let position = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        (!trimmed.is_empty()).then(|| Word {
            text: trimmed.to_owned(),
            span: Span {
                source: self.source,
                start: position(start),
                end: position(end),
            },
        })
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::error(message).at(span));
    }

    fn tell(&mut self, message: Diagnostic) {
        crate::tell(self.diagnostics, message);
    }
}
