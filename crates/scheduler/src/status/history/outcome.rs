//! How an operation went: whether it was carried out (`op-status`), and what the agent said of it
//! (`rc-code`).

/// Whether an operation could be carried out (`op-status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Execution {
    /// In progress.
    Pending,
    /// Complete; the agent's answer is known.
    Done,
    /// Complete too late.
    TimedOut,
    /// The agent does not know such an operation.
    NotSupported,
    /// Failed, and may be tried again.
    Error,
    /// Failed, and must not be tried again on this node.
    HardError,
    /// Failed, and must not be tried again on any node.
    FatalError,
    /// The agent, or what it needs, is not there.
    NotInstalled,
    /// There was no connection to the executor.
    NotConnected,
    /// It could not be tried (during shutdown, for example).
    Invalid,
    /// There is nothing to fence the target with.
    NoFenceDevice,
    /// A secret that it needs is not there.
    NoSecrets,
}

impl Execution {
    /// The one with this number. A cancelled operation (1) is not one that a history can hold.
    #[must_use]
    pub fn from_code(code: i32) -> Option<Self> {
        Some(match code {
            -1 => Self::Pending,
            0 => Self::Done,
            2 => Self::TimedOut,
            3 => Self::NotSupported,
            4 => Self::Error,
            5 => Self::HardError,
            6 => Self::FatalError,
            7 => Self::NotInstalled,
            8 => Self::NotConnected,
            9 => Self::Invalid,
            10 => Self::NoFenceDevice,
            11 => Self::NoSecrets,
            _ => return None,
        })
    }
}

/// What an agent said (OCF Resource Agent API; Pacemaker Administration, "OCF Return Codes").
pub mod exit {
    /// Success; for a monitor: active.
    pub const OK: i32 = 0;
    /// The parameters are wrong on this node.
    pub const INVALID_PARAMETER: i32 = 2;
    /// The agent does not know such an operation.
    pub const UNIMPLEMENTED: i32 = 3;
    /// The agent is not allowed to do what it should.
    pub const INSUFFICIENT_PRIVILEGES: i32 = 4;
    /// What the agent needs is not there.
    pub const NOT_INSTALLED: i32 = 5;
    /// The parameters are wrong.
    pub const NOT_CONFIGURED: i32 = 6;
    /// Not active.
    pub const NOT_RUNNING: i32 = 7;
    /// Active in the promoted role.
    pub const PROMOTED: i32 = 8;
    /// Failed in the promoted role.
    pub const FAILED_PROMOTED: i32 = 9;
    /// Active, and likely to fail soon.
    pub const DEGRADED: i32 = 190;
    /// Active in the promoted role, and likely to fail soon.
    pub const DEGRADED_PROMOTED: i32 = 191;
    /// Nothing is known yet.
    pub const UNKNOWN: i32 = 193;
    /// The largest number there is.
    pub const MAX: i32 = 255;

    /// What `code`, of an agent or a command, means in Pacemaker's words.
    #[must_use]
    pub fn text(code: i64) -> &'static str {
        const TEXTS: &[(i64, &str)] = &[
            (0, "OK"),
            (1, "Error occurred"),
            (2, "Invalid parameter"),
            (3, "Unimplemented"),
            (4, "Insufficient privileges"),
            (5, "Not installed"),
            (6, "Not configured"),
            (7, "Not running"),
            (8, "Promoted"),
            (9, "Failed in promoted role"),
            (64, "Incorrect usage"),
            (65, "Invalid data given"),
            (66, "Input file not available"),
            (67, "User does not exist"),
            (68, "Host does not exist"),
            (69, "Necessary service unavailable"),
            (70, "Internal software bug"),
            (71, "Operating system error occurred"),
            (72, "System file not available"),
            (73, "Cannot create output file"),
            (74, "I/O error occurred"),
            (75, "Temporary failure, try again"),
            (76, "Protocol violated"),
            (77, "Insufficient privileges"),
            (78, "Invalid configuration"),
            (100, "Fatal error occurred, will not respawn"),
            (101, "System panic required"),
            (102, "Not connected"),
            (103, "Update was older than existing configuration"),
            (104, "Digest mismatch"),
            (105, "No such object"),
            (106, "Quorum required"),
            (107, "Operation not safe"),
            (108, "Requested item already exists"),
            (109, "Multiple items match request"),
            (110, "Requested item has expired"),
            (111, "Requested item is not yet in effect"),
            (112, "Could not determine status"),
            (113, "Not applicable under current conditions"),
            (114, "DC is not yet elected"),
            (124, "Timeout occurred"),
            (190, "Service is active but might fail soon"),
            (191, "Service is promoted but might fail soon"),
            (193, "No exit status available"),
            (255, "Error occurred"),
        ];
        match TEXTS.binary_search_by_key(&code, |&(number, _)| number) {
            Ok(index) => TEXTS[index].1,
            Err(_) if (129..255).contains(&code) => "Interrupted by signal",
            Err(_) => "Unknown exit status",
        }
    }
}
