//! What a section sets, each value understood by its kind.

use diagnostics::{Span, Spanned};

use crate::keywords::Subsection;
use crate::read::{Item, Word};

/// A value that its keyword allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Datum {
    Text(String),
    Number(u64),
    Switch(bool),
    /// One of the words that the keyword names.
    OneOf(&'static str),
}

/// One keyword with its value.
#[derive(Debug)]
pub(super) struct Setting {
    /// The word as written, such as `exec_ping` for `exec_*`.
    pub(super) keyword: Word,
    pub(super) value: Spanned<Datum>,
}

/// A section within a section, not yet read.
#[derive(Debug)]
pub(super) struct Inner<'t> {
    pub(super) name: &'t Word,
    pub(super) items: &'t [Item],
    pub(super) entry: &'static Subsection,
}

/// A section, read.
#[derive(Debug, Default)]
pub(super) struct Settings<'t> {
    /// Its keywords; of one that is written twice, the last.
    pub(super) settings: Vec<Setting>,
    /// The sections in it.
    pub(super) inner: Vec<Inner<'t>>,
}

impl Settings<'_> {
    pub(super) fn setting(&self, keyword: &str) -> Option<&Setting> {
        let mut found = self.settings.iter();
        found.find(|setting| setting.keyword.text == keyword)
    }

    /// Where a keyword's value stands.
    pub(super) fn span(&self, keyword: &str) -> Option<Span> {
        self.setting(keyword).map(|setting| setting.value.span)
    }

    fn datum<T>(
        &self,
        keyword: &str,
        understand: impl FnOnce(&Datum) -> Option<T>,
    ) -> Option<Spanned<T>> {
        let value = &self.setting(keyword)?.value;
        Some(Spanned::new(understand(&value.value)?, value.span))
    }

    pub(super) fn text(&self, keyword: &str) -> Option<Spanned<String>> {
        self.datum(keyword, |datum| match datum {
            Datum::Text(text) => Some(text.clone()),
            _ => None,
        })
    }

    /// A number whose bounds in the table fit into `T`.
    pub(super) fn number<T: TryFrom<u64>>(&self, keyword: &str) -> Option<Spanned<T>> {
        self.datum(keyword, |datum| match datum {
            Datum::Number(number) => T::try_from(*number).ok(),
            _ => None,
        })
    }

    pub(super) fn switch(&self, keyword: &str) -> Option<Spanned<bool>> {
        self.datum(keyword, |datum| match datum {
            Datum::Switch(on) => Some(*on),
            _ => None,
        })
    }

    /// One of the keyword's words, as what `understand` makes of it.
    pub(super) fn one_of<T>(
        &self,
        keyword: &str,
        understand: impl FnOnce(&'static str) -> T,
    ) -> Option<Spanned<T>> {
        self.datum(keyword, |datum| match datum {
            Datum::OneOf(word) => Some(understand(word)),
            _ => None,
        })
    }
}
