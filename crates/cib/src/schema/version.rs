//! The names of schemas.

use std::fmt;

/// A version of the CIB's syntax.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    /// Changes with what old versions allowed and new ones do not.
    pub major: u8,
    /// Changes with what new versions allow.
    pub minor: u8,
}

/// What a CIB says of its own syntax (`validate-with`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// It follows this version.
    Version(Version),
    /// It is not to be checked.
    Unchecked,
}

impl Version {
    /// The version that everything is upgraded to.
    pub const CURRENT: Self = Self::new(4, 0);

    /// The version `major.minor`, which need not exist.
    #[must_use]
    pub const fn new(major: u8, minor: u8) -> Self {
        Self { major, minor }
    }

    /// All versions there are, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        // There never was a 1.1 that counted.
        const MINORS: [(u8, &[u8]); 4] = [
            (1, &[0, 2, 3]),
            (2, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (3, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
            (4, &[0]),
        ];
        MINORS
            .into_iter()
            .flat_map(|(major, minors)| minors.iter().map(move |&minor| Self::new(major, minor)))
    }
}

impl Schema {
    /// The schema of that name: `pacemaker-1.0` to `pacemaker-4.0`, or `none`.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if name == "none" {
            return Some(Self::Unchecked);
        }
        Version::all()
            .find(|version| version.to_string() == name)
            .map(Self::Version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pacemaker-{}.{}", self.major, self.minor)
    }
}

impl fmt::Display for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version(version) => version.fmt(f),
            Self::Unchecked => f.write_str("none"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for version in Version::all() {
            assert_eq!(
                Schema::parse(&version.to_string()),
                Some(Schema::Version(version))
            );
        }
        assert_eq!(Schema::parse("none"), Some(Schema::Unchecked));
        for unknown in ["", "pacemaker-1.1", "pacemaker-3.11", "transitional-0.6"] {
            assert_eq!(Schema::parse(unknown), None);
        }
        assert!(Version::new(2, 10) > Version::new(2, 9));
    }
}
