//! XML as text, written element by element: two spaces for each level, a line for each element.
//!
//! A graph may have millions of elements, so none of them is kept.

use cib::xml::escape_attribute;

/// Text that is being written.
#[derive(Clone, Debug, Default)]
pub(super) struct Text {
    /// What has been written and not been taken yet.
    pub buffer: String,
    depth: usize,
    /// Whether the last start tag can still get attributes.
    is_open: bool,
}

impl Text {
    /// Begins an element.
    pub fn start(&mut self, name: &str) {
        self.close();
        self.indent();
        self.buffer.push('<');
        self.buffer.push_str(name);
        self.depth += 1;
        self.is_open = true;
    }

    /// Adds an attribute to the element that was just begun.
    pub fn attribute(&mut self, name: &str, value: &str) {
        self.name(&[name]);
        self.value(value);
    }

    /// Adds an attribute that is a number.
    pub fn number(&mut self, name: &str, value: usize) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        let mut rest = value;
        loop {
            at -= 1;
            // A digit fits.
            digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
            if rest == 0 || at == 0 {
                break;
            }
        }
        self.attribute(name, std::str::from_utf8(&digits[at..]).unwrap_or_default());
    }

    /// Begins an attribute whose name is made of parts.
    pub fn name(&mut self, parts: &[&str]) {
        self.buffer.push(' ');
        for part in parts {
            self.buffer.push_str(part);
        }
        self.buffer.push('=');
    }

    /// Ends an attribute.
    pub fn value(&mut self, value: &str) {
        self.buffer.push('"');
        // All bytes are looked at, rather than up to the first that counts: that is done many at a
        // time.
        let is_special = |byte: u8| byte < b' ' || matches!(byte, b'"' | b'&' | b'<' | b'>');
        if value
            .bytes()
            .fold(false, |any, byte| any | is_special(byte))
        {
            // Writing to a String cannot fail.
            let _ = escape_attribute(&mut self.buffer, value);
        } else {
            self.buffer.push_str(value);
        }
        self.buffer.push('"');
    }

    /// Ends the element that was begun last and has not been ended.
    pub fn end(&mut self, name: &str) {
        self.depth -= 1;
        if self.is_open {
            self.buffer.push_str("/>\n");
            self.is_open = false;
        } else {
            self.indent();
            self.buffer.push_str("</");
            self.buffer.push_str(name);
            self.buffer.push_str(">\n");
        }
    }

    fn close(&mut self) {
        if std::mem::replace(&mut self.is_open, false) {
            self.buffer.push_str(">\n");
        }
    }

    fn indent(&mut self) {
        // A graph is not as deep as this.
        const SPACES: &str = "                ";
        let len = (2 * self.depth).min(SPACES.len());
        self.buffer.push_str(&SPACES[..len]);
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn elements_nest_and_values_are_escaped() {
        let mut text = Text::default();
        text.start("a");
        text.number("n", 1204);
        text.start("b");
        text.attribute("v", "<\"&\n");
        text.end("b");
        text.end("a");
        assert_eq!(
            text.buffer,
            "<a n=\"1204\">\n  <b v=\"&lt;&quot;&amp;&#10;\"/>\n</a>\n"
        );
    }
}
