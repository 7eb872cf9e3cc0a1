//! Exit codes of commands and agents, and what they mean (`crm_error --exit --list`).

/// How a command ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExitCode(pub u8);

impl ExitCode {
    /// All is well.
    pub const OK: Self = Self(0);
    /// Any error that has no code of its own.
    pub const ERROR: Self = Self(1);
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
    /// The thing asked for does not exist.
    pub const NO_SUCH: Self = Self(105);

    /// What the code means.
    #[must_use]
    pub fn text(self) -> &'static str {
        text(i64::from(self.0))
    }
}

/// What `code`, of a command or an agent, means.
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
