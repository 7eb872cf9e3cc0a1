//! Lines to blocks.

use diagnostics::{Diagnostic, Diagnostics, Span};

use super::lines::Line;
use super::words::{self, Unclosed, Word};
use crate::keywords::is_script;

/// How deep blocks may stand in blocks; keepalived's own go to five.
const MAX_DEPTH: usize = 16;

/// A keyword with its words and, where braces follow, its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Statement {
    /// The keyword and its words; never empty.
    pub(crate) words: Vec<Word>,
    /// What stands in its braces.
    pub(crate) block: Option<Vec<Statement>>,
}

impl Statement {
    /// The keyword.
    pub(crate) fn keyword(&self) -> &Word {
        &self.words[0]
    }

    /// The words after the keyword.
    pub(crate) fn values(&self) -> &[Word] {
        &self.words[1..]
    }

    /// The place from the keyword to the last word.
    pub(crate) fn span(&self) -> Span {
        let last = &self.words[self.words.len() - 1];
        if last.span.source == self.words[0].span.source {
            self.words[0].span.to(last.span)
        } else {
            self.words[0].span
        }
    }
}

/// Grows the tree of a configuration.
pub(crate) fn grow(lines: &[Line], diagnostics: &mut Diagnostics) -> Vec<Statement> {
    let mut tree = Tree {
        diagnostics,
        open: vec![Vec::new()],
        too_deep: 0,
    };
    for line in lines {
        for piece in pieces(line) {
            match line.text[piece.0..piece.1].trim() {
                "" => {}
                "{" => tree.open(line.span_of(piece.0, piece.1)),
                "}" => tree.close(line.span_of(piece.0, piece.1)),
                _ => tree.statement(&line.part(piece.0, piece.1)),
            }
        }
    }
    tree.finish()
}

struct Tree<'a> {
    diagnostics: &'a mut Diagnostics,
    /// The statements of each open block, the outermost first.
    open: Vec<Vec<Statement>>,
    /// How many blocks are open below the deepest that is kept.
    too_deep: usize,
}

impl Tree<'_> {
    fn statement(&mut self, line: &Line) {
        if self.too_deep > 0 {
            return;
        }
        let first = line.text.split_whitespace().next().unwrap_or_default();
        let words = if is_script(first) {
            words::protected(line)
        } else {
            words::plain(line)
        };
        match words {
            Ok(words) if words.is_empty() => {}
            Ok(words) => self.innermost().push(Statement { words, block: None }),
            Err(Unclosed(quote)) => {
                let message = format!("this line opens a {quote} that it does not close");
                self.tell(Diagnostic::error(message).at(line.span()));
            }
        }
    }

    fn open(&mut self, brace: Span) {
        if self.too_deep > 0 {
            self.too_deep += 1;
            return;
        }
        if self.open.len() > MAX_DEPTH {
            let message = format!("blocks stand more than {MAX_DEPTH} deep");
            self.tell(Diagnostic::error(message).at(brace));
            self.too_deep = 1;
            return;
        }
        match self.innermost().last_mut() {
            Some(statement) if statement.block.is_none() => statement.block = Some(Vec::new()),
            _ => {
                let message = "'{' without a keyword before it";
                self.tell(Diagnostic::error(message).at(brace));
                let word = Word {
                    text: String::new(),
                    span: brace,
                };
                self.innermost().push(Statement {
                    words: vec![word],
                    block: Some(Vec::new()),
                });
            }
        }
        self.open.push(Vec::new());
    }

    fn close(&mut self, brace: Span) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
        } else if self.open.len() == 1 {
            let message = "'}' without '{'";
            self.tell(Diagnostic::error(message).at(brace));
        } else {
            self.fold();
        }
    }

    /// Ends the innermost block.
    fn fold(&mut self) {
        let block = self.open.pop().expect("the caller made sure of two");
        if let Some(statement) = self.innermost().last_mut() {
            statement.block = Some(block);
        }
    }

    fn finish(mut self) -> Vec<Statement> {
        while self.open.len() > 1 {
            self.fold();
            if let Some(statement) = self.innermost().last() {
                let message = format!("the '{{' of '{}' is never closed", statement.keyword().text);
                let message = Diagnostic::error(message).at(statement.span());
                self.tell(message);
            }
        }
        self.open.pop().unwrap_or_default()
    }

    fn tell(&mut self, message: Diagnostic) {
        crate::tell(self.diagnostics, message);
    }

    fn innermost(&mut self) -> &mut Vec<Statement> {
        self.open.last_mut().expect("the outermost is never closed")
    }
}

/// The ranges of a line: braces outside of quotes, each by itself, and what stands between them.
/// The braces of `${NAME}` are no block's.
fn pieces(line: &Line) -> Vec<(usize, usize)> {
    let text = line.text.as_str();
    let escapes = is_script(text.split_whitespace().next().unwrap_or_default());
    let mut pieces = Vec::new();
    let (mut start, mut quoted, mut reference) = (0, false, false);
    let mut letters = text.char_indices();
    let mut before = None;
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if escapes => {
                letters.next();
            }
            '"' => quoted = !quoted,
            '{' if before == Some('$') => reference = true,
            '}' if reference => reference = false,
            '{' | '}' if !quoted => {
                pieces.push((start, at));
                pieces.push((at, at + 1));
                start = at + 1;
            }
            _ => {}
        }
        before = Some(letter);
    }
    pieces.push((start, text.len()));
    pieces
}
