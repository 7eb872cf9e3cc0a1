//! Values out of words, with a message where a word is not what it should be.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use diagnostics::{Diagnostic, Diagnostics, Span, Spanned};

use super::Name;
use crate::keywords::{Block, without_effect};
use crate::read::{Statement, Word};

/// The longest name of an interface, and of an address's label, in bytes.
pub(super) const MAX_INTERFACE_NAME_BYTES: usize = 15;

/// Where messages go, and how values are read.
pub(super) struct Reading<'a> {
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Reading<'a> {
    pub(super) fn new(diagnostics: &'a mut Diagnostics) -> Self {
        Self { diagnostics }
    }

    pub(super) fn tell(&mut self, message: Diagnostic) {
        crate::tell(self.diagnostics, message);
    }

    pub(super) fn error(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::error(message).at(span));
    }

    pub(super) fn warning(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::warning(message).at(span));
    }

    pub(super) fn notice(&mut self, span: Span, message: impl Into<String>) {
        self.tell(Diagnostic::notice(message).at(span));
    }

    /// A keyword that the block does not take: unknown, of another block, without effect, or known
    /// and not built.
    pub(super) fn not_taken(&mut self, block: Block, statement: &Statement) {
        let keyword = statement.keyword();
        let word = keyword.text.as_str();
        let place = match block {
            Block::Top => "at the top level".to_owned(),
            _ => format!("in '{}'", block.name()),
        };
        if block.keywords().contains(&word) {
            if let Some(why) = without_effect(word) {
                self.notice(keyword.span, format!("'{word}' has no effect: {why}"));
                return;
            }
            let message = Diagnostic::error(format!(
                "'{word}' {place} is a keyword of keepalived that is not built yet"
            ))
            .at(keyword.span)
            .label("not built yet");
            self.tell(message.help("remove it, or run keepalived for this configuration"));
            return;
        }
        let elsewhere = Block::ALL
            .iter()
            .find(|other| other.keywords().contains(&word));
        let message = Diagnostic::error(match elsewhere {
            Some(_) => format!("'{word}' does not stand {place}"),
            None => format!("unknown keyword '{word}' {place}"),
        })
        .at(keyword.span);
        self.tell(match elsewhere {
            Some(Block::Top) => message.label("belongs to the top level"),
            Some(other) => message
                .label("belongs elsewhere")
                .help(format!("it belongs in '{}'", other.name())),
            None => message
                .label("unknown keyword")
                .suggest(word, block.keywords().iter().copied()),
        });
    }

    /// The statements of a block.
    pub(super) fn block<'s>(&mut self, statement: &'s Statement) -> &'s [Statement] {
        match &statement.block {
            Some(block) => block,
            None => {
                let message = format!("'{}' needs a block: '{{ … }}'", statement.keyword().text);
                self.error(statement.span(), message);
                &[]
            }
        }
    }

    /// The lines of a block without a name that hold values instead of keywords.
    pub(super) fn lines<'s>(&mut self, statement: &'s Statement) -> &'s [Statement] {
        if let Some(extra) = statement.values().first() {
            self.unexpected(extra);
        }
        let lines = self.block(statement);
        for line in lines {
            if line.block.is_some() {
                self.error(line.span(), "no block can stand here");
            }
        }
        lines
    }

    /// The name of a block such as `vrrp_instance NAME { … }`.
    pub(super) fn name(&mut self, statement: &Statement) -> Option<Name> {
        let [name, rest @ ..] = statement.values() else {
            let message = format!("'{}' needs a name", statement.keyword().text);
            self.error(statement.span(), message);
            return None;
        };
        if let Some(extra) = rest.first() {
            self.unexpected(extra);
        }
        Some(Spanned::new(name.text.clone(), name.span))
    }

    /// Warns of keywords that stand in a block twice without adding up.
    pub(super) fn once_each(&mut self, statements: &[Statement], adding_up: &[&str]) {
        let mut seen = BTreeSet::new();
        for statement in statements {
            let word = statement.keyword().text.as_str();
            if !seen.insert(word) && !adding_up.contains(&word) {
                let message = format!("'{word}' is given twice: the last one counts");
                self.warning(statement.span(), message);
            }
        }
    }

    pub(super) fn unexpected(&mut self, word: &Word) {
        self.error(word.span, format!("unexpected '{}'", word.text));
    }

    fn no_block(&mut self, statement: &Statement) {
        if statement.block.is_some() {
            let message = format!("'{}' takes no block", statement.keyword().text);
            self.error(statement.span(), message);
        }
    }

    /// The one value of a keyword.
    pub(super) fn one<'s>(&mut self, statement: &'s Statement) -> Option<&'s Word> {
        self.no_block(statement);
        match statement.values() {
            [value, rest @ ..] => {
                if let Some(extra) = rest.first() {
                    self.unexpected(extra);
                }
                Some(value)
            }
            [] => {
                let message = format!("'{}' needs a value", statement.keyword().text);
                self.error(statement.span(), message);
                None
            }
        }
    }

    /// A keyword that stands alone.
    pub(super) fn alone(&mut self, statement: &Statement) {
        self.no_block(statement);
        if let Some(extra) = statement.values().first() {
            self.unexpected(extra);
        }
    }

    /// A switch: on where it stands alone.
    pub(super) fn switch(&mut self, statement: &Statement) -> Option<bool> {
        if statement.values().is_empty() {
            self.no_block(statement);
            return Some(true);
        }
        let value = self.one(statement)?;
        match value.text.as_str() {
            "on" | "true" | "yes" => Some(true),
            "off" | "false" | "no" => Some(false),
            other => {
                let message = Diagnostic::error(format!("'{other}' is neither on nor off"))
                    .at(value.span)
                    .help("one of on, off, true, false, yes, no");
                self.tell(message);
                None
            }
        }
    }

    /// A feature that is off unless it is switched on, and is not built.
    pub(super) fn must_be_off(&mut self, block: Block, statement: &Statement) {
        if self.switch(statement) == Some(true) {
            self.not_taken(block, statement);
        }
    }

    /// The one value of a keyword, a whole number.
    pub(super) fn number<T: TryFrom<i64>>(
        &mut self,
        statement: &Statement,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let value = self.one(statement)?;
        self.number_of(value, &statement.keyword().text, range)
    }

    /// A word as a whole number.
    pub(super) fn number_of<T: TryFrom<i64>>(
        &mut self,
        word: &Word,
        what: &str,
        range: RangeInclusive<i64>,
    ) -> Option<T> {
        let number: Option<i64> = word.text.parse().ok();
        let number = number.filter(|number| range.contains(number));
        let found = number.and_then(|number| T::try_from(number).ok());
        if found.is_none() {
            let (least, most) = range.into_inner();
            let message = format!(
                "'{}' for '{what}' is not a whole number from {least} to {most}",
                word.text
            );
            self.error(word.span, message);
        }
        found
    }

    /// The one value of a keyword, seconds with at most six decimals.
    pub(super) fn seconds(
        &mut self,
        statement: &Statement,
        range: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let value = self.one(statement)?;
        let found = decimal_seconds(&value.text).filter(|found| range.contains(found));
        if found.is_none() {
            let message = format!(
                "'{}' for '{}' is not a number of seconds from {} to {}",
                value.text,
                statement.keyword().text,
                range.start().as_secs_f64(),
                range.end().as_secs_f64()
            );
            self.error(value.span, message);
        }
        found
    }

    /// A word as an address.
    pub(super) fn address(&mut self, word: &Word) -> Option<IpAddr> {
        let address = word.text.parse().ok();
        if address.is_none() {
            let message = format!("'{}' is not an IP address", word.text);
            self.error(word.span, message);
        }
        address
    }

    /// A word as the name of an interface.
    pub(super) fn interface(&mut self, word: &Word) -> Option<Name> {
        if word.text.is_empty() || word.text.len() > MAX_INTERFACE_NAME_BYTES {
            let message = format!(
                "'{}' cannot name an interface: 1 to {MAX_INTERFACE_NAME_BYTES} bytes",
                word.text
            );
            self.error(word.span, message);
            return None;
        }
        Some(Spanned::new(word.text.clone(), word.span))
    }
}

/// Seconds with at most six decimals, exactly.
pub(super) fn decimal_seconds(text: &str) -> Option<Duration> {
    const DECIMALS: usize = 6;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let nothing = whole.is_empty() && fraction.is_empty();
    if nothing || fraction.len() > DECIMALS || !digits(whole) || !digits(fraction) {
        return None;
    }
    let seconds: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let micros: u64 = format!("{fraction:0<DECIMALS$}").parse().ok()?;
    Duration::from_secs(seconds).checked_add(Duration::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_exact() {
        for (text, expected_us) in [
            ("3", Some(3_000_000)),
            ("2.71828", Some(2_718_280)),
            ("0.01", Some(10_000)),
            (".5", Some(500_000)),
            ("1.", Some(1_000_000)),
            ("1.000001", Some(1_000_001)),
            ("1.0000001", None),
            ("", None),
            (".", None),
            ("-1", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            let expected = expected_us.map(Duration::from_micros);
            assert_eq!(decimal_seconds(text), expected, "{text}");
        }
    }
}
