//! Source texts and positions in them.

use std::sync::Arc;

/// Which text of a [`Sources`] a span points into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(u32);

/// A range of bytes in one source text: `start..end`, counted from the text's beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub source: SourceId,
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The smallest span that covers both; they must lie in the same source.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        debug_assert_eq!(self.source, other.source, "a span lies in one source");
        Self {
            source: self.source,
            start: self.start.min(other.start),
            end: self.end.max(other.end),
        }
    }
}

/// A value together with the words it was written as.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// What was written, understood.
    pub value: T,
    /// Where it was written.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Pairs a value with its place.
    pub const fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl<T> std::ops::Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A line and a column, both counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

#[derive(Debug, Clone)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

/// The texts of one load, each with the name it is known by to the operator (usually its path).
#[derive(Debug, Clone, Default)]
pub struct Sources {
    texts: Vec<Source>,
}

impl Sources {
    /// The largest text accepted, in bytes: positions are 32 bits wide.
    pub const MAX_TEXT_BYTES: usize = u32::MAX as usize;

    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and returns its id. A text past [`Self::MAX_TEXT_BYTES`] is cut there.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> SourceId {
        let mut text: Arc<str> = text.into();
        if text.len() > Self::MAX_TEXT_BYTES {
            text = text[..text.floor_char_boundary(Self::MAX_TEXT_BYTES)].into();
        }
        let line_starts = std::iter::once(0)
            .chain(
                text.bytes()
                    .zip(1u32..)
                    .filter(|(byte, _)| *byte == b'\n')
                    .map(|(_, next)| next),
            )
            .collect();
        let id = u32::try_from(self.texts.len()).expect("fewer than 2^32 texts were added");
        self.texts.push(Source {
            name: name.into(),
            text,
            line_starts,
        });
        SourceId(id)
    }

    /// The name a text was added under.
    #[must_use]
    pub fn name(&self, id: SourceId) -> &str {
        &self.texts[id.0 as usize].name
    }

    /// A whole text.
    #[must_use]
    pub fn text(&self, id: SourceId) -> &str {
        &self.texts[id.0 as usize].text
    }

    /// All ids, in the order of addition.
    pub fn ids(&self) -> impl Iterator<Item = SourceId> + '_ {
        (0u32..).take(self.texts.len()).map(SourceId)
    }

    /// The line and column at which a span starts.
    #[must_use]
    pub fn position(&self, span: Span) -> Position {
        let source = &self.texts[span.source.0 as usize];
        let line = source
            .line_starts
            .partition_point(|start| *start <= span.start);
        let line_start = source.line_starts[line - 1] as usize;
        let before =
            &source.text.as_bytes()[line_start..(span.start as usize).min(source.text.len())];
        let column = String::from_utf8_lossy(before).chars().count() + 1;
        Position {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX),
        }
    }

    /// The words under a span.
    #[must_use]
    pub fn excerpt(&self, span: Span) -> &str {
        self.text(span.source)
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let mut sources = Sources::new();
        let id = sources.add("a.cfg", "global\n  größe x\n");
        let at = |start| {
            sources.position(Span {
                source: id,
                start,
                end: start,
            })
        };
        assert_eq!(at(0), Position { line: 1, column: 1 });
        assert_eq!(at(7), Position { line: 2, column: 1 });
        let x = sources.text(id).find('x').unwrap();
        assert_eq!(at(x as u32), Position { line: 2, column: 9 });
    }

    #[test]
    fn a_position_past_the_end_is_the_end() {
        let mut sources = Sources::new();
        let id = sources.add("a.cfg", "ab");
        assert_eq!(
            sources
                .position(Span {
                    source: id,
                    start: 9,
                    end: 9
                })
                .column,
            3
        );
    }
}
