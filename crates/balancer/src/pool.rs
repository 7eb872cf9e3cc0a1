//! One worker's idle connections to one server.

use std::cell::RefCell;
use std::time::Duration;

use crate::server_connection::ServerConnection;
use crate::timeouts::coarse_now_ms;

/// Idle connections that one worker keeps to one server where `pool-max-conn` sets no limit.
pub(crate) const IDLE_MAX_DEFAULT: usize = 1_024;

/// Idle connections, the latest used last.
#[derive(Default)]
pub(crate) struct Pool {
    idle: RefCell<Vec<Idle>>,
}

struct Idle {
    connection: Box<ServerConnection>,
    since_ms: u64,
}

impl Pool {
    /// The connection used last that still stands; with `reused_only` one that has served more
    /// than one request (`http-reuse aggressive`). Those found closed are dropped.
    pub fn take(&self, reused_only: bool) -> Option<Box<ServerConnection>> {
        let mut idle = self.idle.borrow_mut();
        let mut from = idle.len();
        while from > 0 {
            from -= 1;
            if reused_only && idle[from].connection.requests < 2 {
                continue;
            }
            let mut found = idle.remove(from).connection;
            if found.peer.reader.is_quiet() {
                return Some(found);
            }
        }
        None
    }

    /// Keeps a connection; false where there are `max` already and it was dropped.
    pub fn keep(&self, mut connection: Box<ServerConnection>, max: usize) -> bool {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= max || !connection.peer.reader.is_quiet() {
            return false;
        }
        connection.peer.deadline.clear();
        idle.push(Idle {
            connection,
            since_ms: coarse_now_ms(),
        });
        true
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.idle.borrow().len()
    }

    /// Drops those that the server closed, and half of those that nobody wanted for `delay`.
    /// Returns how many went.
    pub fn purge(&self, delay: Duration) -> usize {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain_mut(|idle| idle.connection.peer.reader.is_quiet());
        let now = coarse_now_ms();
        let delay_ms = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        let unwanted = idle
            .iter()
            .take_while(|idle| idle.since_ms.saturating_add(delay_ms) < now)
            .count();
        idle.drain(..unwanted.div_ceil(2));
        before - idle.len()
    }

    /// Drops all. Returns how many.
    pub fn clear(&self) -> usize {
        std::mem::take(&mut *self.idle.borrow_mut()).len()
    }
}
