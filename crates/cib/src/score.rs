//! Scores: integers between minus and plus infinity, where infinity is 1,000,000.

use std::fmt;
use std::ops::Neg;

/// How much something is wanted (positive) or unwanted (negative). Never beyond plus or minus
/// [`Score::INFINITY`]; sums with minus infinity are minus infinity, other sums with plus infinity
/// are plus infinity (Pacemaker Explained, "Score").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

impl Score {
    /// Mandatory.
    pub const INFINITY: Self = Self(1_000_000);
    /// Forbidden.
    pub const MINUS_INFINITY: Self = Self(-1_000_000);
    /// Neither wanted nor unwanted.
    pub const ZERO: Self = Self(0);

    /// The score nearest to `value`.
    #[must_use]
    pub const fn new(value: i64) -> Self {
        if value >= Self::INFINITY.0 as i64 {
            Self::INFINITY
        } else if value <= Self::MINUS_INFINITY.0 as i64 {
            Self::MINUS_INFINITY
        } else {
            #[expect(clippy::cast_possible_truncation, reason = "checked above")]
            Self(value as i32)
        }
    }

    /// The score that `text` stands for: a number (brought into range; what follows it is ignored),
    /// `INFINITY`, `+INFINITY` or `-INFINITY`, or a health of a node, which is zero here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let _ = text;
        todo!()
    }

    /// The score that `text` stands for, or `default` for no text or one that is no score.
    #[must_use]
    pub fn parse_or(text: Option<&str>, default: Self) -> Self {
        text.and_then(Self::parse).unwrap_or(default)
    }

    /// The score as a number.
    #[must_use]
    pub const fn value(self) -> i32 {
        self.0
    }

    /// Whether this is plus or minus infinity.
    #[must_use]
    pub const fn is_infinite(self) -> bool {
        self.0.abs() >= Self::INFINITY.0
    }

    /// The sum, where minus infinity wins over everything and plus infinity over everything else.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        let least = Self::MINUS_INFINITY.0;
        if self.0 <= least || other.0 <= least {
            Self::MINUS_INFINITY
        } else if self.0 >= Self::INFINITY.0 || other.0 >= Self::INFINITY.0 {
            Self::INFINITY
        } else {
            Self::new(self.0 as i64 + other.0 as i64)
        }
    }
}

impl Neg for Score {
    type Output = Self;

    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl fmt::Display for Score {
    /// `INFINITY`, `-INFINITY` or the number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::INFINITY => f.write_str("INFINITY"),
            Self::MINUS_INFINITY => f.write_str("-INFINITY"),
            Self(value) => value.fmt(f),
        }
    }
}
