//! Versions of a CIB: which of two is newer.

use std::fmt;
use std::str::FromStr;

use crate::number::parse_integer;
use crate::xml::{Document, Element};

/// The version of a CIB. Of two, the one is newer that differs in the earlier part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CibVersion {
    /// Raised by administrators alone.
    pub admin_epoch: i64,
    /// Raised when the configuration changes.
    pub epoch: i64,
    /// Raised when the status changes; begins anew with each epoch.
    pub num_updates: i64,
}

/// The attributes, the most important one first.
const ATTRIBUTES: [&str; 3] = ["admin_epoch", "epoch", "num_updates"];

impl CibVersion {
    /// The version that `element` has, where what is missing or no number is 0, as is what is
    /// negative.
    #[must_use]
    pub fn of(element: Element<'_>) -> Self {
        let part = |name| {
            let number = element.attribute(name).and_then(parse_integer);
            number.unwrap_or(0).max(0)
        };
        let [admin_epoch, epoch, num_updates] = ATTRIBUTES.map(part);
        Self {
            admin_epoch,
            epoch,
            num_updates,
        }
    }

    /// The version that `element` has, if all its parts are numbers.
    #[must_use]
    pub fn read(element: Element<'_>) -> Option<Self> {
        let part = |name| element.attribute(name).and_then(parse_integer);
        Some(Self {
            admin_epoch: part(ATTRIBUTES[0])?,
            epoch: part(ATTRIBUTES[1])?,
            num_updates: part(ATTRIBUTES[2])?,
        })
    }

    /// The next version, after a change of the configuration or of the status alone.
    #[must_use]
    pub fn next(self, configuration_changed: bool) -> Self {
        if configuration_changed {
            Self {
                epoch: self.epoch.saturating_add(1),
                num_updates: 0,
                ..self
            }
        } else {
            Self {
                num_updates: self.num_updates.saturating_add(1),
                ..self
            }
        }
    }

    /// Writes the version to the root of `cib`.
    pub fn write(self, cib: &mut Document) {
        let root = cib.root().xml_id();
        let parts = [self.admin_epoch, self.epoch, self.num_updates];
        for (name, part) in ATTRIBUTES.into_iter().zip(parts) {
            cib.set(root, name, &part.to_string());
        }
    }
}

impl fmt::Display for CibVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}.{}.{}",
            self.admin_epoch, self.epoch, self.num_updates
        )
    }
}

/// Text that is no version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a version is admin_epoch.epoch.num_updates")]
pub struct NoVersion;

impl FromStr for CibVersion {
    type Err = NoVersion;

    /// Reads `admin_epoch.epoch.num_updates`, as it is written.
    fn from_str(text: &str) -> Result<Self, NoVersion> {
        let mut parts = text
            .split('.')
            .map(|part| part.parse().ok().filter(|number| *number >= 0));
        let mut next = || parts.next().flatten().ok_or(NoVersion);
        let version = Self {
            admin_epoch: next()?,
            epoch: next()?,
            num_updates: next()?,
        };
        if parts.next().is_some() {
            Err(NoVersion)
        } else {
            Ok(version)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        let version = |text: &str| {
            let document = Document::parse(text).expect("well-formed");
            CibVersion::of(document.root())
        };
        let old = version("<cib admin_epoch='0' epoch='9' num_updates='99'/>");
        assert!(old < version("<cib admin_epoch='1'/>"));
        assert!(old < old.next(false) && old.next(false) < old.next(true));
        assert_eq!(old.next(true).to_string(), "0.10.0");
        assert_eq!(
            version("<cib epoch='x' num_updates='-3'/>"),
            CibVersion::default()
        );
        assert_eq!("0.10.0".parse(), Ok(old.next(true)));
        for text in ["", "1", "1.2", "1.2.3.4", "1.-2.3", "a.b.c"] {
            assert_eq!(text.parse::<CibVersion>(), Err(NoVersion));
        }
    }
}
