//! Text as nested lists: what Pacemaker's tools print for people, on terminals and in browsers.

use std::fmt::Write as _;

use cib::xml::escape_attribute;

/// A text that grows by headings and items, each two spaces deeper than what it belongs to.
#[derive(Clone, Debug)]
pub struct Outline {
    text: String,
    depth: usize,
    style: Style,
}

/// How lists look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// Headings, bullets, indentation.
    Lists,
    /// None of these.
    Plain,
    /// As HTML.
    Html,
}

impl Outline {
    /// An empty text. Where `plain`, lists have no headings, and items no bullets and no indentation.
    #[must_use]
    pub fn new(plain: bool) -> Self {
        Self {
            text: String::new(),
            depth: 0,
            style: if plain { Style::Plain } else { Style::Lists },
        }
    }

    /// An empty text as HTML: the content of a page's body.
    #[must_use]
    pub fn html() -> Self {
        Self {
            text: String::new(),
            depth: 0,
            style: Style::Html,
        }
    }

    /// Opens a list.
    pub fn begin(&mut self, heading: &str) {
        match self.style {
            Style::Plain => {}
            Style::Lists => {
                self.indent();
                self.text.push_str(heading);
                self.text.push_str(":\n");
            }
            Style::Html => {
                let heading = escaped(heading);
                // Writing to a String cannot fail.
                let _ = if self.depth == 0 {
                    writeln!(self.text, "<h2>{heading}</h2>\n<ul>")
                } else {
                    writeln!(self.text, "<li><h3>{heading}</h3>\n<ul>")
                };
            }
        }
        self.depth += 1;
    }

    /// Closes the list that was opened last.
    pub fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        if self.style == Style::Html {
            self.text.push_str("</ul>");
            self.text
                .push_str(if self.depth > 0 { "</li>\n" } else { "\n" });
        }
    }

    /// Adds an item to the open list.
    pub fn item(&mut self, text: &str) {
        match self.style {
            Style::Plain => self.line(text),
            Style::Lists => {
                self.indent();
                self.line(text);
            }
            Style::Html => {
                let text = escaped(text);
                let _ = writeln!(self.text, "<li>{text}</li>");
            }
        }
    }

    /// Adds a line that belongs to no list.
    pub fn line(&mut self, text: &str) {
        let _ = match self.style {
            Style::Html => writeln!(self.text, "<p>{}</p>", escaped(text.trim())),
            Style::Lists | Style::Plain => writeln!(self.text, "{text}"),
        };
    }

    /// Adds an empty line.
    pub fn spacer(&mut self) {
        if self.style != Style::Html {
            self.text.push('\n');
        }
    }

    /// The whole text.
    #[must_use]
    pub fn into_text(self) -> String {
        self.text
    }

    fn indent(&mut self) {
        for _ in 0..self.depth {
            self.text.push_str("  ");
        }
        if self.depth > 0 {
            self.text.push_str("* ");
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    let _ = escape_attribute(&mut escaped, text);
    escaped
}

#[cfg(test)]
mod tests {
    use super::Outline;

    #[test]
    fn browsers_get_lists_too() {
        let mut outline = Outline::html();
        outline.begin("Nodes");
        outline.item("a < b");
        outline.begin("c");
        outline.end();
        outline.end();
        assert_eq!(
            outline.into_text(),
            "<h2>Nodes</h2>\n<ul>\n<li>a &lt; b</li>\n<li><h3>c</h3>\n<ul>\n</ul></li>\n</ul>\n"
        );
    }

    fn written(plain: bool) -> String {
        let mut outline = Outline::new(plain);
        outline.begin("Nodes");
        outline.item("a");
        outline.begin("b");
        outline.item("c");
        outline.end();
        outline.end();
        outline.line("d");
        outline.into_text()
    }

    #[test]
    fn lists_nest() {
        assert_eq!(written(false), "Nodes:\n  * a\n  * b:\n    * c\nd\n");
        assert_eq!(written(true), "a\nc\nd\n");
    }
}
