//! Elements to sections: `cluster.conf` in the shape of `corosync.conf`, attributes as keywords.

use diagnostics::{Diagnostic, Diagnostics, SourceId, Span};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{Item, Word};
use crate::MAX_SETTINGS;

/// How deep elements may stand in elements; CMAN's own go to six, rgmanager's to about ten.
pub const MAX_ELEMENT_DEPTH: usize = 32;

/// Reads all elements of a text; nothing where it is not XML.
pub(crate) fn read(
    text: &str,
    source: SourceId,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Item>> {
    let mut tree = Tree {
        text,
        source,
        open: Vec::new(),
        items: vec![Vec::new()],
    };
    match tree.read() {
        Ok(()) => tree.items.pop(),
        Err(message) => {
            crate::tell(diagnostics, message);
            None
        }
    }
}

struct Tree<'t> {
    text: &'t str,
    source: SourceId,
    /// The names of the open elements, the outermost first.
    open: Vec<Word>,
    /// The items of the top level and of each open element.
    items: Vec<Vec<Item>>,
}

impl<'t> Tree<'t> {
    fn read(&mut self) -> Result<(), Diagnostic> {
        let mut reader = Reader::from_str(self.text);
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event().map_err(|error| {
                let at = reader.error_position();
                self.error_at(at, format!("this is not XML: {error}"))
            })?;
            match event {
                Event::Start(start) => self.open(&start)?,
                Event::Empty(start) => {
                    self.open(&start)?;
                    self.close();
                }
                Event::End(_) => self.close(),
                Event::Text(text) => self.text(&text)?,
                Event::DocType(_) => {
                    return Err(self.error_at(at, "a document type is not expected here"));
                }
                Event::Eof => break,
                Event::CData(_)
                | Event::GeneralRef(_)
                | Event::Comment(_)
                | Event::PI(_)
                | Event::Decl(_) => {}
            }
        }
        match self.open.last() {
            Some(name) => {
                let message = format!("<{}> is never closed", name.text);
                Err(Diagnostic::error(message).at(name.span))
            }
            None => Ok(()),
        }
    }

    fn open(&mut self, start: &BytesStart<'t>) -> Result<(), Diagnostic> {
        let name = start.name();
        let name = Word {
            text: name.as_ref().to_owned(),
            span: self.span(name.as_ref()),
        };
        if self.open.len() == MAX_ELEMENT_DEPTH {
            let message = format!("elements stand more than {MAX_ELEMENT_DEPTH} deep");
            return Err(Diagnostic::error(message).at(name.span));
        }
        let mut items = Vec::new();
        for (count, attribute) in start.attributes().enumerate() {
            if count == MAX_SETTINGS {
                let message = format!("more than {MAX_SETTINGS} attributes in one element");
                return Err(Diagnostic::error(message).at(name.span));
            }
            let attribute = attribute.map_err(|error| {
                Diagnostic::error(format!("this is not XML: {error}")).at(name.span)
            })?;
            let value = self.span(&attribute.value);
            let text = quick_xml::escape::unescape(&attribute.value).map_err(|error| {
                Diagnostic::error(format!("this is not XML: {error}")).at(value)
            })?;
            items.push(Item::Setting {
                keyword: Word {
                    text: attribute.key.as_ref().to_owned(),
                    span: self.span(attribute.key.as_ref()),
                },
                value: Word {
                    text: text.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
                    span: value,
                },
            });
        }
        self.open.push(name);
        self.items.push(items);
        Ok(())
    }

    fn close(&mut self) {
        // The reader itself sees to it that ends match their beginnings.
        if let (Some(name), Some(items)) = (self.open.pop(), self.items.pop()) {
            let outer = self
                .items
                .last_mut()
                .expect("the top level is never closed");
            outer.push(Item::Section { name, items });
        }
    }

    /// Text has a meaning within rgmanager's events alone.
    fn text(&self, text: &str) -> Result<(), Diagnostic> {
        let in_rgmanager = self.open.iter().any(|name| name.text == "rm");
        match text.trim() {
            "" => Ok(()),
            _ if in_rgmanager => Ok(()),
            words => {
                let span = self.span(words);
                Err(Diagnostic::error("text between elements means nothing here").at(span))
            }
        }
    }

    /// The place of a part of the text.
    fn span(&self, part: &str) -> Span {
        let start = (part.as_ptr() as usize).wrapping_sub(self.text.as_ptr() as usize);
        let is_part = start <= self.text.len() && part.len() <= self.text.len() - start;
        let (start, end) = if is_part {
            (start, start + part.len())
        } else {
            (0, 0)
        };
        let position = |byte: usize| u32::try_from(byte).unwrap_or(u32::MAX);
        Span {
            source: self.source,
            start: position(start),
            end: position(end),
        }
    }

    fn error_at(&self, at: u64, message: impl Into<String>) -> Diagnostic {
        let at = usize::try_from(at)
            .unwrap_or(usize::MAX)
            .min(self.text.len());
        let at = self.text.floor_char_boundary(at);
        Diagnostic::error(message).at(self.span(&self.text[at..at]))
    }
}
