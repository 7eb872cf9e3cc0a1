//! A `corosync.conf` as text, in sections and without meaning: to be made and to be changed.
//!
//! Laid out as pcs lays it out. Comments are not kept.

use std::fmt::{self, Write};

use diagnostics::{Diagnostics, Sources};

use crate::read::{self, Item};

/// What one step into a section is indented by.
const STEP: &str = "    ";

/// A section, or the whole file where it has no name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Its settings, in order.
    pub settings: Vec<(String, String)>,
    /// The sections within.
    pub sections: Vec<Section>,
}

impl Section {
    /// A section with nothing in it.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// With a setting more.
    #[must_use]
    pub fn with(mut self, keyword: &str, value: impl Into<String>) -> Self {
        self.settings.push((keyword.to_owned(), value.into()));
        self
    }

    /// The sections of a text; what is no section and no setting is left out ([`crate::load`] tells
    /// of it).
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut sources = Sources::default();
        let source = sources.add("corosync.conf", text);
        let items = read::read(text, source, &mut Diagnostics::new());
        Self::of(String::new(), items)
    }

    fn of(name: String, items: Vec<Item>) -> Self {
        let mut section = Self {
            name,
            ..Self::default()
        };
        for item in items {
            match item {
                Item::Setting { keyword, value } => {
                    section.settings.push((keyword.text, value.text));
                }
                Item::Section { name, items } => {
                    section.sections.push(Self::of(name.text, items));
                }
            }
        }
        section
    }

    /// The value of a keyword, the last one where it stands twice.
    #[must_use]
    pub fn value(&self, keyword: &str) -> Option<&str> {
        let found = self.settings.iter().rev().find(|(name, _)| name == keyword);
        found.map(|(_, value)| value.as_str())
    }

    /// Gives a keyword its one value; takes the keyword away where there is none.
    pub fn set(&mut self, keyword: &str, value: Option<&str>) {
        let Some(value) = value else {
            self.settings.retain(|(name, _)| name != keyword);
            return;
        };
        match self.settings.iter_mut().find(|(name, _)| name == keyword) {
            Some((_, old)) => value.clone_into(old),
            None => self.settings.push((keyword.to_owned(), value.to_owned())),
        }
    }

    /// The first section of a name, made where there is none.
    pub fn section(&mut self, name: &str) -> &mut Self {
        let at = self.sections.iter().position(|it| it.name == name);
        let at = at.unwrap_or_else(|| {
            self.sections.push(Self::new(name));
            self.sections.len() - 1
        });
        &mut self.sections[at]
    }

    fn write(&self, out: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = STEP.repeat(depth);
        for (keyword, value) in &self.settings {
            writeln!(out, "{indent}{keyword}: {value}")?;
        }
        for (number, section) in self.sections.iter().enumerate() {
            if number > 0 || !self.settings.is_empty() {
                out.write_char('\n')?;
            }
            writeln!(out, "{indent}{} {{", section.name)?;
            section.write(out, depth + 1)?;
            writeln!(out, "{indent}}}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Section {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(out, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As pcs 0.11 writes it.
    const TEXT: &str = "totem {
    version: 2
    transport: knet

    interface {
        linknumber: 0
    }

    interface {
        linknumber: 1
        mcastport: 5500
    }
}

nodelist {
    node {
        ring0_addr: 10.0.0.1
        nodeid: 1
    }
}
";

    #[test]
    fn a_text_is_written_as_it_was_read() {
        let section = Section::parse(TEXT);
        assert_eq!(section.to_string(), TEXT);
        let commented = TEXT.replace("    version: 2\n", "# why\nversion:2\n");
        assert_eq!(Section::parse(&commented), section);
    }

    #[test]
    fn settings_are_changed_in_place() {
        let mut section = Section::parse(TEXT);
        let totem = section.section("totem");
        totem.set("version", Some("3"));
        totem.set("transport", None);
        totem.set("token", Some("100"));
        assert_eq!(totem.value("version"), Some("3"));
        section.section("quorum").set("two_node", Some("1"));
        let text = section.to_string();
        assert!(
            text.starts_with("totem {\n    version: 3\n    token: 100\n\n    interface"),
            "{text}"
        );
        assert!(
            text.ends_with("}\n\nquorum {\n    two_node: 1\n}\n"),
            "{text}"
        );
    }
}
