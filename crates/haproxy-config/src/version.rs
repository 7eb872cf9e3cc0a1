//! Versions as `version_atleast` and its kin compare them.

use std::fmt;

/// The version of the language that is understood, which `-v`, `HAPROXY_BRANCH` and
/// `version_atleast()` answer with.
pub const CLAIMED_VERSION: Version = Version {
    numbers: [3, 5, 0],
    stage: Stage::Development(0),
};

/// A version such as `3.5-dev5`, `2.4.1` or `2.4-rc2-78`; missing parts are zero.
///
/// A development version is older than any candidate, and a candidate older than the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version {
    numbers: [u32; 3],
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    Development(u32),
    Candidate(u32),
    Release,
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.numbers;
        write!(out, "{major}.{minor}")?;
        match self.stage {
            Stage::Development(number) => write!(out, "-dev{number}"),
            Stage::Candidate(number) => write!(out, "-rc{number}"),
            Stage::Release => write!(out, ".{patch}"),
        }
    }
}
