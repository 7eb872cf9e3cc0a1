//! What `keel status` and `keel reload` say to a supervisor, and where they find it.
//!
//! A request is one line, the answer one JSON document up to the end of the stream. Each
//! supervisor has a socket of its own in the runtime folder, so that several can run on a machine.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::supervision::report::Report;

/// Names another runtime folder.
pub const RUNTIME_VARIABLE: &str = "KEEL_RUNTIME_DIR";

/// The runtime folder of root.
const SYSTEM_RUNTIME_FOLDER: &str = "/run/keel";

/// A longer answer is not read.
pub const ANSWER_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// How sockets end in the runtime folder.
pub const SOCKET_EXTENSION: &str = "sock";

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// `status`.
    Status,
    /// `reload`.
    Reload,
}

impl Request {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Reload => "reload",
        }
    }

    /// Reads a line without its end.
    pub fn parse(line: &str) -> Option<Self> {
        [Self::Status, Self::Reload]
            .into_iter()
            .find(|request| request.word() == line)
    }
}

/// The supervisor's answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// To `status`.
    Status(Box<Status>),
    /// To `reload`: what came of it, with the messages of the new configuration.
    Reload(Result<String, String>),
    /// The request was not understood or not allowed.
    Refused(String),
}

/// A supervisor and what it looks after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `keel run`, `keel haproxy` or `keel keepalived`.
    pub command: String,
    /// Its version.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// The rest.
    #[serde(flatten)]
    pub report: Report,
}

/// The folder in which supervisors have their sockets: `KEEL_RUNTIME_DIR`, else `/run/keel` for
/// root, else `$XDG_RUNTIME_DIR/keel`; none for a user without any of these.
pub fn runtime_folder() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os(RUNTIME_VARIABLE) {
        return Some(folder.into());
    }
    if nix::unistd::geteuid().is_root() {
        return Some(SYSTEM_RUNTIME_FOLDER.into());
    }
    let folder = std::env::var_os("XDG_RUNTIME_DIR")?;
    Some(PathBuf::from(folder).join("keel"))
}
