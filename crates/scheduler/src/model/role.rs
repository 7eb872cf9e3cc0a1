//! The roles of a resource.

/// What a resource is doing on a node, in ascending order (Pacemaker Explained, "Roles").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nothing is known, or nothing was asked for.
    #[default]
    Unknown,
    /// Not active.
    Stopped,
    /// Active, and not able to be promoted.
    Started,
    /// Active in its lower role.
    Unpromoted,
    /// Active in its higher role.
    Promoted,
}

impl Role {
    /// The role called `text`, in any spelling of any version and case-insensitively (`Slave` and
    /// `Master` included).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        const NAMES: &[(&str, Role)] = &[
            ("Stopped", Role::Stopped),
            ("Started", Role::Started),
            ("Unpromoted", Role::Unpromoted),
            ("Slave", Role::Unpromoted),
            ("Promoted", Role::Promoted),
            ("Master", Role::Promoted),
            ("Unknown", Role::Unknown),
        ];
        NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(_, role)| role)
    }

    /// The name that status texts use.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown",
            Self::Stopped => "Stopped",
            Self::Started => "Started",
            Self::Unpromoted => "Unpromoted",
            Self::Promoted => "Promoted",
        }
    }
}
