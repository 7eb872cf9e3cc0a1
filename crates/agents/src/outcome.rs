//! What came of an operation.

use std::fmt;
use std::time::{Duration, SystemTime};

/// An exit code of the OCF resource agent API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OcfCode {
    /// 0: done; of a monitor: running.
    Ok,
    /// 1: failed, for a reason that no other code names.
    Error,
    /// 2: a parameter does not fit this machine.
    InvalidParameter,
    /// 3: the agent knows no such action.
    Unimplemented,
    /// 4: not allowed.
    InsufficientPrivileges,
    /// 5: something that is needed is not installed here.
    NotInstalled,
    /// 6: the configuration is wrong, on every machine.
    NotConfigured,
    /// 7: stopped, cleanly.
    NotRunning,
    /// 8: running and promoted.
    Promoted,
    /// 9: failed, and promoted.
    PromotedFailed,
    /// 190: running, but likely to fail soon.
    Degraded,
    /// 191: promoted, but likely to fail soon.
    PromotedDegraded,
    /// A code that the API does not know.
    Other(u8),
}

impl OcfCode {
    const KNOWN: [Self; 12] = [
        Self::Ok,
        Self::Error,
        Self::InvalidParameter,
        Self::Unimplemented,
        Self::InsufficientPrivileges,
        Self::NotInstalled,
        Self::NotConfigured,
        Self::NotRunning,
        Self::Promoted,
        Self::PromotedFailed,
        Self::Degraded,
        Self::PromotedDegraded,
    ];

    /// The number (`rc-code` in histories).
    #[must_use]
    pub fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Error => 1,
            Self::InvalidParameter => 2,
            Self::Unimplemented => 3,
            Self::InsufficientPrivileges => 4,
            Self::NotInstalled => 5,
            Self::NotConfigured => 6,
            Self::NotRunning => 7,
            Self::Promoted => 8,
            Self::PromotedFailed => 9,
            Self::Degraded => 190,
            Self::PromotedDegraded => 191,
            Self::Other(number) => number,
        }
    }

    /// Whether a monitor that ends so says that the resource is active.
    #[must_use]
    pub fn is_active(self) -> bool {
        matches!(
            self,
            Self::Ok | Self::Promoted | Self::Degraded | Self::PromotedDegraded
        )
    }
}

impl From<u8> for OcfCode {
    fn from(number: u8) -> Self {
        Self::KNOWN
            .into_iter()
            .find(|known| known.number() == number)
            .unwrap_or(Self::Other(number))
    }
}

impl fmt::Display for OcfCode {
    /// As status texts name it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::InvalidParameter => "invalid parameter",
            Self::Unimplemented => "unimplemented feature",
            Self::InsufficientPrivileges => "insufficient privileges",
            Self::NotInstalled => "not installed",
            Self::NotConfigured => "not configured",
            Self::NotRunning => "not running",
            Self::Promoted => "promoted",
            Self::PromotedFailed => "promoted (failed)",
            Self::Degraded => "degraded",
            Self::PromotedDegraded => "promoted (degraded)",
            Self::Other(number) => return write!(out, "unknown exit code {number}"),
        })
    }
}

/// How the carrying out went, apart from what the agent says of the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// The agent ended by itself; its exit code counts.
    Done,
    /// It did not end in time and was killed.
    Timeout,
    /// This machine cannot carry such an operation out at all.
    NotSupported,
    /// It could not be carried out, or was ended by a signal.
    Error,
    /// There is no such agent.
    NotInstalled,
}

impl ExecutionStatus {
    /// The number (`op-status` in histories, as Pacemaker writes them).
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Timeout => 2,
            Self::NotSupported => 3,
            Self::Error => 4,
            Self::NotInstalled => 7,
        }
    }
}

impl fmt::Display for ExecutionStatus {
    /// As status texts name it.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Done => "complete",
            Self::Timeout => "Timed Out",
            Self::NotSupported => "NOT SUPPORTED",
            Self::Error => "Error",
            Self::NotInstalled => "Not installed",
        })
    }
}

/// The result of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What the agent says.
    pub code: OcfCode,
    /// How the carrying out went.
    pub status: ExecutionStatus,
    /// Why, in the agent's words or ours; empty where there is nothing to say. One line.
    pub exit_reason: String,
    /// What the agent printed on its standard output, up to [`crate::MAX_OUTPUT_BYTES`].
    pub output: String,
    /// What it printed on its standard error, its log included, up to the same limit.
    pub error_output: String,
    /// When it was begun.
    pub started_at: SystemTime,
    /// How long it took.
    pub duration: Duration,
    /// Transient attributes of this node that the agent wants to be set, in this order: whoever has
    /// the operation carried out sets them, whatever the code. Agents that are scripts call
    /// `attrd_updater` instead.
    pub attributes: Vec<AttributeUpdate>,
}

/// A transient attribute of a node, as an agent wants it (attrd_updater(8)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeUpdate {
    /// Its name.
    pub name: String,
    /// Its value; `None` removes it.
    pub value: Option<String>,
    /// How long is waited for further changes before it is written to the status section, counted
    /// from the first; the attribute's from now on.
    pub dampening: Duration,
}

impl Outcome {
    /// A result that is known without an agent's run, begun now.
    #[must_use]
    pub fn immediate(
        code: OcfCode,
        status: ExecutionStatus,
        exit_reason: impl Into<String>,
    ) -> Self {
        Self {
            code,
            status,
            exit_reason: exit_reason.into(),
            output: String::new(),
            error_output: String::new(),
            started_at: SystemTime::now(),
            duration: Duration::ZERO,
            attributes: Vec::new(),
        }
    }

    /// An agent's own word.
    #[must_use]
    pub fn done(code: OcfCode, exit_reason: impl Into<String>) -> Self {
        Self::immediate(code, ExecutionStatus::Done, exit_reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_code() {
        for number in 0..=u8::MAX {
            assert_eq!(OcfCode::from(number).number(), number);
        }
        assert_eq!(OcfCode::from(9), OcfCode::PromotedFailed);
        assert_eq!(OcfCode::from(10), OcfCode::Other(10));
        assert_eq!(OcfCode::from(190), OcfCode::Degraded);
        assert!(!OcfCode::from(9).is_active());
    }
}
