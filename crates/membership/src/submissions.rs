//! The messages that this node has submitted and has not yet seen in order.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

use crate::limits::{MAX_MESSAGE_BYTES, MAX_PENDING_BYTES, MAX_PENDING_MESSAGES};
use crate::wire::ENTRY_OVERHEAD;

/// Why a message was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much waits to be ordered; try again when something has been delivered.
    #[error("too many messages wait to be ordered")]
    Full,
    /// Beyond [`MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes is longer than {MAX_MESSAGE_BYTES}")]
    TooLong(usize),
}

/// In flight to the leader, at most, before some of it is seen in order: in bytes (or one message),
/// and in number.
const FLIGHT_BYTES: usize = 1024 * 1024;
/// See [`FLIGHT_BYTES`].
pub(crate) const FLIGHT_MESSAGES: u64 = 8192;

/// Own messages, oldest first. In each view they are numbered anew, from 1.
#[derive(Debug)]
pub(crate) struct Submissions {
    pending: VecDeque<Bytes>,
    bytes: usize,
    /// The number of the oldest pending one.
    first: u64,
    /// The number of the next one to be sent.
    next: u64,
    flight_bytes: usize,
    /// The oldest one in flight, and since when it is known to be that. Not when something was last
    /// sent: who sends all the time would never notice that the oldest one was lost.
    waiting: Option<(u64, Duration)>,
}

impl Default for Submissions {
    fn default() -> Self {
        Self {
            pending: VecDeque::new(),
            bytes: 0,
            first: 1,
            next: 1,
            flight_bytes: 0,
            waiting: None,
        }
    }
}

impl Submissions {
    pub(crate) fn push(&mut self, payload: Bytes) -> Result<(), Refused> {
        if payload.len() > MAX_MESSAGE_BYTES {
            return Err(Refused::TooLong(payload.len()));
        }
        if self.bytes + payload.len() > MAX_PENDING_BYTES
            || self.pending.len() >= MAX_PENDING_MESSAGES
        {
            return Err(Refused::Full);
        }
        self.bytes += payload.len();
        self.pending.push_back(payload);
        Ok(())
    }

    /// The oldest one was seen in order.
    pub(crate) fn ordered(&mut self) {
        let Some(payload) = self.pending.pop_front() else {
            return;
        };
        self.bytes -= payload.len();
        if self.first < self.next {
            self.flight_bytes -= payload.len();
        }
        self.first += 1;
        self.next = self.next.max(self.first);
    }

    /// A new view: everything pending is sent again.
    pub(crate) fn restart(&mut self) {
        (self.first, self.next, self.flight_bytes, self.waiting) = (1, 1, 0, None);
    }

    /// The leader has taken only so many: the rest is sent again.
    pub(crate) fn rewind(&mut self, taken: u64) {
        let next = (taken + 1).max(self.first);
        if next < self.next {
            let back = self.slice(next, self.next).map(Bytes::len).sum::<usize>();
            self.flight_bytes -= back;
            self.next = next;
        }
    }

    /// What follows is sent now.
    pub(crate) fn sends(&mut self, now: Duration) {
        if self.first == self.next {
            self.waiting = Some((self.first, now));
        }
    }

    /// Whether the same one has been the oldest in flight for that long. Says so once for each such
    /// time.
    pub(crate) fn is_stuck(&mut self, now: Duration, pause: Duration) -> bool {
        if self.first == self.next {
            return false;
        }
        match self.waiting {
            Some((oldest, since)) if oldest == self.first && now < since + pause => false,
            waiting => {
                self.waiting = Some((self.first, now));
                waiting.is_some_and(|(oldest, _)| oldest == self.first)
            }
        }
    }

    /// The number of the last one that was sent.
    pub(crate) fn sent(&self) -> u64 {
        self.next - 1
    }

    fn slice(&self, from: u64, to: u64) -> impl Iterator<Item = &Bytes> {
        let skip = usize::try_from(from - self.first).unwrap_or(usize::MAX);
        let take = usize::try_from(to - from).unwrap_or(usize::MAX);
        self.pending.iter().skip(skip).take(take)
    }

    /// The next messages to be sent: their first number, and up to `max_bytes` of them.
    pub(crate) fn take(&mut self, max_bytes: usize) -> Option<(u64, Vec<Bytes>)> {
        let (first, mut bytes, mut batch) = (self.next, 0, Vec::new());
        let skip = usize::try_from(self.next - self.first).ok()?;
        for payload in self.pending.iter().skip(skip) {
            let flight_full = self.flight_bytes > 0
                && (self.flight_bytes + payload.len() > FLIGHT_BYTES
                    || self.next - self.first >= FLIGHT_MESSAGES);
            bytes += payload.len() + ENTRY_OVERHEAD;
            if flight_full || (bytes > max_bytes && !batch.is_empty()) {
                break;
            }
            self.next += 1;
            self.flight_bytes += payload.len();
            batch.push(payload.clone());
        }
        (!batch.is_empty()).then_some((first, batch))
    }

    /// For the leader itself, which orders its own messages where they are.
    pub(crate) fn take_one(&mut self) -> Option<Bytes> {
        let skip = usize::try_from(self.next - self.first).ok()?;
        let payload = self.pending.get(skip)?.clone();
        self.next += 1;
        self.flight_bytes += payload.len();
        Some(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_sends_all_the_time_notices_that_the_oldest_one_was_lost() {
        let ms = Duration::from_millis;
        let mut submissions = Submissions::default();
        let send = |submissions: &mut Submissions, at: u64| {
            submissions
                .push(Bytes::from_static(b"x"))
                .expect("there is room");
            submissions.sends(ms(at));
            assert!(submissions.take(1000).is_some());
        };
        send(&mut submissions, 0);
        send(&mut submissions, 20);
        assert!(!submissions.is_stuck(ms(24), ms(25)));
        assert!(submissions.is_stuck(ms(25), ms(25)));
        assert!(!submissions.is_stuck(ms(26), ms(25)), "it was sent again");
        submissions.ordered();
        send(&mut submissions, 40);
        assert!(
            !submissions.is_stuck(ms(60), ms(25)),
            "another one is the oldest"
        );
        assert!(submissions.is_stuck(ms(90), ms(25)));
        submissions.ordered();
        submissions.ordered();
        assert!(
            !submissions.is_stuck(ms(500), ms(25)),
            "nothing is in flight"
        );
        send(&mut submissions, 600);
        assert!(!submissions.is_stuck(ms(601), ms(25)));
    }
}
