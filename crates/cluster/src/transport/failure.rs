//! What a connection's error means for the operator.

use quinn::ConnectionError;

use super::connection::{Code, words};
use super::event::Refusal;

/// What rustls puts before the words of [`tls`](super::tls).
const RUSTLS_SAYS: &str = "unexpected error: ";

/// The refusal in `error`, if waiting will not cure it: a peer that is down, restarting or slow is
/// no news, and a path that is not connected shows it.
pub(super) fn refusal(error: &ConnectionError) -> Option<Refusal> {
    match error {
        ConnectionError::TransportError(error) => {
            let reason = said(error.reason.as_bytes(), &error.code);
            Some(Refusal::Handshake(reason))
        }
        ConnectionError::VersionMismatch => {
            Some(Refusal::Handshake("no common version of QUIC".to_owned()))
        }
        ConnectionError::ConnectionClosed(close) => {
            Some(Refusal::ByPeer(said(&close.reason, &close.error_code)))
        }
        ConnectionError::ApplicationClosed(close)
            if [Code::Stopped.into(), Code::Replaced.into()].contains(&close.error_code) =>
        {
            None
        }
        ConnectionError::ApplicationClosed(close) => {
            Some(Refusal::ByPeer(said(&close.reason, &close.error_code)))
        }
        ConnectionError::Reset
        | ConnectionError::TimedOut
        | ConnectionError::LocallyClosed
        | ConnectionError::CidsExhausted => None,
    }
}

/// The reason in words, else the number.
fn said(reason: &[u8], code: &impl ToString) -> String {
    let reason = words(reason);
    match reason.strip_prefix(RUSTLS_SAYS).unwrap_or(&reason) {
        "" => code.to_string(),
        reason => reason.to_owned(),
    }
}
