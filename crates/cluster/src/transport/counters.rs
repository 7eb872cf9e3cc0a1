//! What is counted of a path and of a link.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::Serialize;

/// A number that only grows.
#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self, amount: usize) {
        self.0.fetch_add(amount as u64, Relaxed);
    }

    pub(super) fn read(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Of one path, over all of its connections.
#[derive(Debug, Default)]
pub(super) struct PathCounters {
    pub(super) sent_frames: Count,
    pub(super) sent_bytes: Count,
    pub(super) received_frames: Count,
    pub(super) received_bytes: Count,
    pub(super) dropped_not_connected: Count,
    pub(super) dropped_full: Count,
    pub(super) dropped_too_large: Count,
    pub(super) dropped_by_limit: Count,
    pub(super) connections: Count,
}

/// Connections of a link that were refused, by reason.
#[derive(Debug, Default)]
pub(super) struct RefusalCounters {
    pub(super) handshake: Count,
    pub(super) not_configured: Count,
    pub(super) attempts: Count,
    pub(super) handshakes: Count,
    pub(super) retries: Count,
}

/// [`RefusalCounters`] as they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// No valid certificate, another protocol, or too slow.
    pub handshake: u64,
    /// Nodes with a valid certificate that are not configured here, or claim this node's own id.
    pub not_configured: u64,
    /// Above the attempts that one address has in a second.
    pub attempts: u64,
    /// While too many handshakes were in progress.
    pub handshakes: u64,
    /// Not refused: asked to prove their address first.
    pub retries: u64,
}

impl RefusalCounters {
    pub(super) fn read(&self) -> Refused {
        Refused {
            handshake: self.handshake.read(),
            not_configured: self.not_configured.read(),
            attempts: self.attempts.read(),
            handshakes: self.handshakes.read(),
            retries: self.retries.read(),
        }
    }
}
