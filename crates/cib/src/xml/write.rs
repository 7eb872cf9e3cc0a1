//! Tree to text.

use std::fmt::{self};

use super::{Content, Document, Element};

impl fmt::Display for Document {
    /// The whole document, two spaces for each level, as libxml2 formats it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root().write_indented(f, 0)
    }
}

impl Element<'_> {
    /// The element and all below it without any white space of its own.
    #[must_use]
    pub fn to_compact_text(self) -> String {
        let mut text = String::new();
        let _ = self.write_compact(&mut text);
        text
    }

    fn write_indented(self, out: &mut impl fmt::Write, depth: usize) -> fmt::Result {
        let mixed = self
            .nodes()
            .any(|content| matches!(content, Content::Text(_)));
        if mixed {
            write!(out, "{:indent$}", "", indent = 2 * depth)?;
            self.write_compact(out)?;
            return out.write_char('\n');
        }
        write!(out, "{:indent$}", "", indent = 2 * depth)?;
        self.write_start(out)?;
        if self.nodes().next().is_none() {
            return out.write_str("/>\n");
        }
        out.write_str(">\n")?;
        for content in self.nodes() {
            match content {
                Content::Element(element) => element.write_indented(out, depth + 1)?,
                Content::Comment(text) => {
                    writeln!(out, "{:indent$}<!--{text}-->", "", indent = 2 * (depth + 1))?;
                }
                Content::Instruction(text) => {
                    writeln!(out, "{:indent$}<?{text}?>", "", indent = 2 * (depth + 1))?;
                }
                Content::Text(_) => {}
            }
        }
        writeln!(out, "{:indent$}</{}>", "", self.name(), indent = 2 * depth)
    }

    fn write_compact(self, out: &mut impl fmt::Write) -> fmt::Result {
        self.write_start(out)?;
        if self.nodes().next().is_none() {
            return out.write_str("/>");
        }
        out.write_char('>')?;
        for content in self.nodes() {
            match content {
                Content::Element(element) => element.write_compact(out)?,
                Content::Text(text) => escape_text(out, text)?,
                Content::Comment(text) => write!(out, "<!--{text}-->")?,
                Content::Instruction(text) => write!(out, "<?{text}?>")?,
            }
        }
        write!(out, "</{}>", self.name())
    }

    fn write_start(self, out: &mut impl fmt::Write) -> fmt::Result {
        write!(out, "<{}", self.name())?;
        for (name, value) in self.attributes() {
            write!(out, " {name}=\"")?;
            escape_attribute(out, value)?;
            out.write_char('"')?;
        }
        Ok(())
    }
}

/// Writes `value` as it stands between the quotes of an attribute.
///
/// # Errors
/// Those of `out`.
pub fn escape_attribute(out: &mut impl fmt::Write, value: &str) -> fmt::Result {
    escape(out, value, |byte| {
        Some(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\n' => "&#10;",
            b'\t' => "&#9;",
            b'\r' => "&#13;",
            _ => return None,
        })
    })
}

fn escape_text(out: &mut impl fmt::Write, text: &str) -> fmt::Result {
    escape(out, text, |byte| {
        Some(match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'\r' => "&#13;",
            _ => return None,
        })
    })
}

/// Writes `text` with what `entity` names in place of each (ASCII) byte.
fn escape(
    out: &mut impl fmt::Write,
    text: &str,
    entity: impl Fn(u8) -> Option<&'static str>,
) -> fmt::Result {
    let mut rest = text;
    while let Some((at, replacement)) = rest
        .bytes()
        .enumerate()
        .find_map(|(at, byte)| Some((at, entity(byte)?)))
    {
        out.write_str(&rest[..at])?;
        out.write_str(replacement)?;
        rest = &rest[at + 1..];
    }
    out.write_str(rest)
}
