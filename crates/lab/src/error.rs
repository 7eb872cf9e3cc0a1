//! What can go wrong in a lab.

use std::io;

/// Why a lab, or something in it, did not work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// This computer does not allow labs. Whoever can, changes that with the command.
    #[error("no lab is possible here: {reason}\nto enable it: {enable}")]
    NotAllowed {
        /// What the kernel refused.
        reason: String,
        /// The command that would change it.
        enable: String,
    },
    /// A program that the lab's file asks for is not installed.
    #[error("{program} is not installed (try: {install})")]
    NotInstalled {
        /// The program.
        program: String,
        /// The command that would install it.
        install: String,
    },
    /// `lab.toml` cannot be used; the text is the whole message with its excerpts.
    #[error("{0}")]
    Plan(String),
    /// A request to the lab was refused.
    #[error("{what}: {reason}")]
    Refused {
        /// What was asked.
        what: String,
        /// Why it was not done.
        reason: String,
    },
    /// Something did not happen in time.
    #[error("{what} did not happen within {limit_ms} ms")]
    TooLate {
        /// What was waited for.
        what: String,
        /// For how long, in milliseconds.
        limit_ms: u64,
    },
    /// The lab's processes cannot be reached.
    #[error("the lab is gone: {0}")]
    Gone(#[from] io::Error),
}

/// The outcome of something done in a lab.
pub type Result<T> = std::result::Result<T, Error>;
