//! The words after a keyword, taken one by one.

use diagnostics::{Diagnostic, Span};

use crate::model::{Condition, Word};
use crate::reading::Statement;

/// A cursor over the arguments of one keyword.
pub(crate) struct Arguments<'a> {
    /// What the operator knows the keyword as, such as `timeout connect`.
    name: &'a str,
    keyword: Span,
    words: &'a [Word],
}

impl<'a> Arguments<'a> {
    /// The arguments after the keyword `name`, which may be several words.
    pub fn of(statement: &'a Statement, name: &'a str) -> Self {
        let count = name.split(' ').count().min(statement.words.len());
        let (keyword, words) = statement.words.split_at(count);
        let first = statement.keyword().span;
        Self {
            name,
            keyword: keyword.last().map_or(first, |last| first.to(last.span)),
            words,
        }
    }

    /// The keyword's own name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The keyword's words in the source.
    pub fn keyword(&self) -> Span {
        self.keyword
    }

    /// The next word without taking it.
    pub fn peek(&self) -> Option<&'a Word> {
        self.words.first()
    }

    /// The next word.
    pub fn next(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    /// Takes the next word where it is this one.
    pub fn take(&mut self, word: &str) -> bool {
        let found = self.peek().is_some_and(|next| next.value == word);
        if found {
            self.next();
        }
        found
    }

    /// The next word; an error that says what was expected where there is none.
    pub fn required(&mut self, what: &str) -> Result<&'a Word, Diagnostic> {
        self.next().ok_or_else(|| self.missing(what))
    }

    /// The word after `option`, an error where there is none.
    pub fn value_of(&mut self, option: &Word) -> Result<&'a Word, Diagnostic> {
        self.next().ok_or_else(|| {
            Diagnostic::error(format!("'{}' expects a value", option.value)).at(option.span)
        })
    }

    /// `KEYWORD expects WHAT`.
    pub fn missing(&self, what: &str) -> Diagnostic {
        Diagnostic::error(format!("'{}' expects {what}", self.name)).at(self.keyword)
    }

    /// All words left.
    pub fn rest(&mut self) -> &'a [Word] {
        std::mem::take(&mut self.words)
    }

    /// An error where words are left.
    pub fn end(&self) -> Result<(), Diagnostic> {
        match self.peek() {
            None => Ok(()),
            Some(extra) => Err(Diagnostic::error(format!(
                "unexpected argument '{}' for '{}'",
                extra.value, self.name
            ))
            .at(extra.span)),
        }
    }

    /// The only argument.
    pub fn only(&mut self, what: &str) -> Result<&'a Word, Diagnostic> {
        let word = self.required(what)?;
        self.end()?;
        Ok(word)
    }

    /// Splits the words left at the first `if` or `unless`.
    pub fn with_condition(&mut self) -> Result<(&'a [Word], Option<Condition>), Diagnostic> {
        let words = self.rest();
        let at = words
            .iter()
            .position(|word| matches!(word.value.as_str(), "if" | "unless"));
        let Some(at) = at else {
            return Ok((words, None));
        };
        let (action, condition) = words.split_at(at);
        let (keyword, condition) = condition.split_first().expect("the position was found");
        if condition.is_empty() {
            return Err(
                Diagnostic::error(format!("'{}' expects a condition", keyword.value))
                    .at(keyword.span),
            );
        }
        let condition = Condition {
            unless: keyword.value == "unless",
            words: condition.to_vec(),
        };
        Ok((action, Some(condition)))
    }
}
