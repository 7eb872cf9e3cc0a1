//! Exit codes of commands and agents, and what they mean (`crm_error --exit --list`).

use std::io;

pub use scheduler::status::outcome::exit::text;

/// How a command ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl ExitCode {
    /// All is well.
    pub const OK: Self = Self(0);
    /// Any error that has no code of its own.
    pub const ERROR: Self = Self(1);
    /// The user may not do that.
    pub const INSUFFICIENT_PRIVILEGES: Self = Self(4);
    /// The arguments are not understood.
    pub const USAGE: Self = Self(64);
    /// The input is not what it should be.
    pub const INVALID_DATA: Self = Self(65);
    /// What should not have happened did.
    pub const SOFTWARE: Self = Self(70);
    /// An output file cannot be made.
    pub const CANNOT_CREATE: Self = Self(73);
    /// A file cannot be read or written.
    pub const INPUT_OUTPUT: Self = Self(74);
    /// The configuration is not valid.
    pub const CONFIGURATION: Self = Self(78);
    /// There is no connection to the cluster.
    pub const DISCONNECTED: Self = Self(102);
    /// Several things fit where one is meant.
    pub const MULTIPLE: Self = Self(109);
    /// It exists already.
    pub const EXISTS: Self = Self(108);
    /// There is no quorum.
    pub const QUORUM: Self = Self(106);
    /// What was given is older than what there is.
    pub const OLD: Self = Self(103);
    /// It would be dangerous.
    pub const UNSAFE: Self = Self(107);
    /// It did not happen in time.
    pub const TIMEOUT: Self = Self(124);
    /// The thing asked for does not exist.
    pub const NO_SUCH: Self = Self(105);

    /// How a command ends that could not use a file: with Pacemaker's code for the system's error.
    #[must_use]
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::NO_SUCH,
            io::ErrorKind::PermissionDenied => Self::INSUFFICIENT_PRIVILEGES,
            io::ErrorKind::InvalidInput => Self::SOFTWARE,
            _ => Self::ERROR,
        }
    }

    /// What the code means.
    #[must_use]
    pub fn text(self) -> &'static str {
        text(i64::from(self.0))
    }
}
