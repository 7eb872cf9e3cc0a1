//! Scores: integers between minus and plus infinity, where infinity is 1,000,000.

use std::fmt;
use std::ops::Neg;

use crate::number::scan_integer;

/// How much something is wanted (positive) or unwanted (negative). Never beyond plus or minus
/// [`Score::INFINITY`]; sums with minus infinity are minus infinity, other sums with plus infinity
/// are plus infinity (Pacemaker Explained, "Score").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i32);

/// What the colours of node health stand for (`node-health-red` and so on).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HealthScores {
    /// `red`.
    pub red: Score,
    /// `yellow`.
    pub yellow: Score,
    /// `green`.
    pub green: Score,
}

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
    /// `INFINITY`, `+INFINITY` or `-INFINITY`, or a colour of node health, which is zero here.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::parse_with_health(text, HealthScores::default())
    }

    /// As [`Score::parse`], with what the colours of node health stand for.
    #[must_use]
    pub fn parse_with_health(text: &str, health: HealthScores) -> Option<Self> {
        match text {
            "INFINITY" | "+INFINITY" => Some(Self::INFINITY),
            "-INFINITY" => Some(Self::MINUS_INFINITY),
            _ if text.eq_ignore_ascii_case("red") => Some(health.red),
            _ if text.eq_ignore_ascii_case("yellow") => Some(health.yellow),
            _ if text.eq_ignore_ascii_case("green") => Some(health.green),
            _ => scan_integer(text).map(|scanned| Self::new(scanned.value)),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let health = HealthScores {
            red: Score::MINUS_INFINITY,
            yellow: Score::new(-5),
            green: Score::new(7),
        };
        let check = |text, expected: Option<i64>| {
            let expected = expected.map(Score::new);
            assert_eq!(Score::parse_with_health(text, health), expected, "{text:?}");
        };
        check("0", Some(0));
        check(" -12 or so", Some(-12));
        check("1000000", Some(1_000_000));
        check("1000001", Some(1_000_000));
        check("-99999999999999999999", Some(-1_000_000));
        check("INFINITY", Some(1_000_000));
        check("+INFINITY", Some(1_000_000));
        check("-INFINITY", Some(-1_000_000));
        check("infinity", None);
        check("INFINITY ", None);
        check("", None);
        check("x", None);
        check("Red", Some(-1_000_000));
        check("yellow", Some(-5));
        check("GREEN", Some(7));
        assert_eq!(Score::parse("red"), Some(Score::ZERO));
        assert_eq!(Score::parse_or(Some("x"), Score::new(3)), Score::new(3));
        assert_eq!(Score::parse_or(None, Score::new(4)), Score::new(4));
    }

    #[test]
    fn sums() {
        let (plus, minus, one) = (Score::INFINITY, Score::MINUS_INFINITY, Score::new(1));
        assert_eq!(plus.plus(minus), minus);
        assert_eq!(minus.plus(plus), minus);
        assert_eq!(plus.plus(-one), plus);
        assert_eq!(Score::new(999_999).plus(one), plus);
        assert_eq!(one.plus(one), Score::new(2));
    }
}
