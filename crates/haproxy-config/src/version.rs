//! Versions as `version_atleast` and its kin compare them.

use std::fmt;
use std::str::FromStr;

/// The version of the language that is understood, which `-v`, `HAPROXY_BRANCH` and
/// `version_atleast()` answer with.
pub const CLAIMED_VERSION: Version = Version {
    numbers: [3, 5, 0],
    stage: Stage::Development(5),
};

/// A version such as `3.5-dev5`, `2.4.1` or `2.4-rc2-78`; missing parts are zero.
///
/// Also read: a leading `v` and a trailing `-COMMITS`, as in `v3.5-dev3-78`, and a letter after an
/// OpenSSL version, as in `1.0.2k`, neither of which counts.
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

impl Version {
    /// `MAJOR.MINOR`, as `HAPROXY_BRANCH` holds it.
    #[must_use]
    pub fn branch(&self) -> String {
        let [major, minor, _] = self.numbers;
        format!("{major}.{minor}")
    }
}

impl FromStr for Version {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.strip_prefix('v').unwrap_or(text);
        let mut parts = text.split('-');
        let mut numbers = [0; 3];
        let mut given = parts.next().ok_or(())?.split('.');
        for number in &mut numbers {
            let Some(part) = given.next() else { break };
            *number = part
                .trim_end_matches(|letter: char| letter.is_ascii_lowercase())
                .parse()
                .map_err(|_| ())?;
        }
        if given.next().is_some() {
            return Err(());
        }
        let stage = match parts.next() {
            None => Stage::Release,
            Some(part) => {
                if let Some(number) = part.strip_prefix("dev") {
                    Stage::Development(number_or_zero(number)?)
                } else if let Some(number) = part.strip_prefix("rc") {
                    Stage::Candidate(number_or_zero(number)?)
                } else {
                    part.parse::<u32>().map_err(|_| ())?;
                    Stage::Release
                }
            }
        };
        Ok(Self { numbers, stage })
    }
}

fn number_or_zero(text: &str) -> Result<u32, ()> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| ())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_they_were_released() {
        let order = [
            "1.8",
            "2.4-dev1",
            "2.4-dev19",
            "2.4-rc2-78",
            "2.4",
            "2.4.1",
            "v3.5-dev3",
            "3.5-dev5",
            "3.5",
            "1024",
        ];
        let parsed: Vec<Version> = order.iter().map(|text| text.parse().unwrap()).collect();
        assert!(parsed.is_sorted_by(|a, b| a < b), "{parsed:?}");
        assert_eq!("2.4".parse::<Version>(), "2.4.0".parse());
    }

    #[test]
    fn what_is_no_version_is_refused() {
        for text in ["", "x", "1.2.3.4", "2.4-beta", "2.4-devx", "-1"] {
            assert_eq!(text.parse::<Version>(), Err(()), "{text}");
        }
    }

    #[test]
    fn the_claimed_version_reads_back() {
        assert_eq!(CLAIMED_VERSION.to_string(), "3.5-dev5");
        assert_eq!("3.5-dev5".parse(), Ok(CLAIMED_VERSION));
        assert_eq!(CLAIMED_VERSION.branch(), "3.5");
    }
}
