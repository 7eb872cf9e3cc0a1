//! Text as nested lists: what Pacemaker's tools print for people.

use std::fmt::Write as _;

/// A text that grows by headings and items, each two spaces deeper than what it belongs to.
#[derive(Clone, Debug)]
pub struct Outline {
    text: String,
    depth: usize,
    plain: bool,
}

impl Outline {
    /// An empty text. Where `plain`, lists have no headings, and items no bullets and no indentation.
    #[must_use]
    pub fn new(plain: bool) -> Self {
        Self {
            text: String::new(),
            depth: 0,
            plain,
        }
    }

    /// Opens a list.
    pub fn begin(&mut self, heading: &str) {
        if !self.plain {
            self.indent();
            self.text.push_str(heading);
            self.text.push_str(":\n");
        }
        self.depth += 1;
    }

    /// Closes the list that was opened last.
    pub fn end(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Adds an item to the open list.
    pub fn item(&mut self, text: &str) {
        if !self.plain {
            self.indent();
        }
        self.line(text);
    }

    /// Adds a line that belongs to no list.
    pub fn line(&mut self, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{text}");
    }

    /// Adds an empty line.
    pub fn spacer(&mut self) {
        self.text.push('\n');
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

#[cfg(test)]
mod tests {
    use super::Outline;

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
