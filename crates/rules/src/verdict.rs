//! What a program decides.

use http1::Answer;

/// What becomes of a connection before its first byte is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionVerdict {
    /// It goes on.
    Accept,
    /// It is closed without an answer.
    Reject,
}

/// What becomes of a message after its rules. Edits are already in its head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Continue,
    /// It is refused (counted as denied) and answered so. Where the answer is the plain page of
    /// its status (`is_page`), an `errorfile` for that status replaces it.
    Deny {
        /// The answer.
        answer: Answer,
        /// The answer is the status's own page.
        is_page: bool,
    },
    /// As [`Self::Deny`], but only after `timeout tarpit`.
    Tarpit {
        /// The answer.
        answer: Answer,
        /// The answer is the status's own page.
        is_page: bool,
    },
    /// The proxy answers by itself: `return`, `redirect`, `auth`.
    Answer(Answer),
    /// The connection is closed without an answer.
    Reject,
}
