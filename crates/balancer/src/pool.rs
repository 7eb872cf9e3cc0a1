//! One worker's idle connections to one server.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::server_connection::ServerConnection;
use crate::timeouts::coarse_now_ms;

/// Idle connections that one worker keeps to one server where `pool-max-conn` sets no limit.
pub(crate) const IDLE_MAX_DEFAULT: usize = 1_024;

/// Idle connections, the latest used last, and how many are worth keeping.
///
/// A new client's first request does not share a connection (`http-reuse safe`), so each such
/// client leaves one behind. More than were in use at once lately would only burden the server.
#[derive(Default)]
pub(crate) struct Pool {
    idle: RefCell<Vec<Idle>>,
    need: Need,
}

/// The most connections in use at once, in this period and in the one before.
#[derive(Default)]
struct Need {
    now: Cell<usize>,
    before: Cell<usize>,
    since_ms: Cell<u64>,
}

impl Need {
    fn saw(&self, in_use: usize) {
        self.now.set(self.now.get().max(in_use));
    }

    fn most(&self) -> usize {
        self.now.get().max(self.before.get())
    }

    fn begin_period(&self, now_ms: u64, period_ms: u64) {
        if self.since_ms.get().saturating_add(period_ms) <= now_ms {
            self.before.set(self.now.take());
            self.since_ms.set(now_ms);
        }
    }
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

    /// Says how many requests are in progress at the server, each on a connection of its own.
    pub fn saw_in_use(&self, in_use: usize) {
        self.need.saw(in_use);
    }

    /// Keeps a connection of one of the `in_use` requests; false where there are `max` already, and
    /// it was dropped. Where as many are kept as were needed lately, the one longest idle goes for
    /// it: its server is the next to close it, or did so already.
    pub fn keep(&self, mut connection: Box<ServerConnection>, in_use: usize, max: usize) -> bool {
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= max || !connection.peer.reader.is_quiet() {
            return false;
        }
        if !idle.is_empty() && idle.len() + in_use > self.need.most() {
            idle.remove(0);
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
        self.need.begin_period(now, delay_ms);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_needed_lately_is_what_was_in_use_in_this_period_or_the_one_before() {
        let need = Need::default();
        let (period, mut seen) = (5_000, Vec::new());
        for (at, in_use) in [
            (5_000, 3),
            (6_000, 1),
            (10_000, 2),
            (15_000, 0),
            (20_000, 0),
        ] {
            need.begin_period(at, period);
            need.saw(in_use);
            seen.push(need.most());
        }
        assert_eq!(seen, [3, 3, 3, 2, 0]);
    }
}
