//! Own messages that have not yet come back in order.

use std::collections::VecDeque;

use bytes::Bytes;
use membership::Refused;
use membership::limits::{MAX_PENDING_BYTES, MAX_PENDING_MESSAGES};

use crate::limits::{BATCH_BYTES, FLIGHT_BYTES, FLIGHT_MESSAGES, MAX_MESSAGE_BYTES};

/// Own messages, oldest first. In each view they are numbered anew, from 1.
#[derive(Debug, Default)]
pub(crate) struct Submissions {
    pending: VecDeque<Bytes>,
    bytes: usize,
    /// How many of this view have come back.
    ordered: u64,
    /// How many of the pending ones were multicast in this view, and their bytes.
    in_flight: usize,
    flight_bytes: usize,
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

    /// The next ones to be multicast: the first one's number, and as many as go into one frame.
    pub(crate) fn take(&mut self) -> Option<(u64, Vec<Bytes>)> {
        let first = self.ordered + u64::try_from(self.in_flight).ok()? + 1;
        let (mut batch, mut bytes) = (Vec::new(), 0);
        for payload in self.pending.iter().skip(self.in_flight + batch.len()) {
            let in_flight = self.in_flight + batch.len();
            let full = in_flight > 0
                && (in_flight >= FLIGHT_MESSAGES
                    || self.flight_bytes + bytes + payload.len() > FLIGHT_BYTES);
            if full || (!batch.is_empty() && bytes + payload.len() > BATCH_BYTES) {
                break;
            }
            bytes += payload.len();
            batch.push(payload.clone());
        }
        self.in_flight += batch.len();
        self.flight_bytes += bytes;
        (!batch.is_empty()).then_some((first, batch))
    }

    /// The oldest one came back in order.
    pub(crate) fn ordered(&mut self) {
        if let Some(payload) = self.pending.pop_front() {
            self.bytes -= payload.len();
            self.ordered += 1;
            if self.in_flight > 0 {
                self.in_flight -= 1;
                self.flight_bytes -= payload.len();
            }
        }
    }

    /// Those that were multicast in the view that ends and have not come back.
    pub(crate) fn take_unsettled(&mut self) -> Vec<Bytes> {
        let unsettled: Vec<Bytes> = self.pending.drain(..self.in_flight).collect();
        self.bytes -= self.flight_bytes;
        (self.in_flight, self.flight_bytes) = (0, 0);
        unsettled
    }

    /// A view begins: everything that is pending is multicast again.
    pub(crate) fn restart(&mut self) {
        (self.ordered, self.in_flight, self.flight_bytes) = (0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(taken: Option<(u64, Vec<Bytes>)>) -> (u64, Vec<usize>) {
        let (first, batch) = taken.expect("there is something");
        (first, batch.iter().map(Bytes::len).collect())
    }

    #[test]
    fn messages_are_batched_numbered_and_sent_again_in_the_next_view() {
        let mut own = Submissions::default();
        for length in [10, 20, BATCH_BYTES, 30] {
            own.push(Bytes::from(vec![0; length]))
                .expect("there is room");
        }
        assert_eq!(lengths(own.take()), (1, vec![10, 20]));
        assert_eq!(lengths(own.take()), (3, vec![BATCH_BYTES]));
        own.ordered();
        assert_eq!(lengths(own.take()), (4, vec![30]));
        assert_eq!(own.take(), None);
        own.restart();
        assert_eq!(lengths(own.take()), (1, vec![20]));
        assert_eq!(own.take_unsettled().len(), 1);
        own.restart();
        assert_eq!(lengths(own.take()), (1, vec![BATCH_BYTES]));
    }

    #[test]
    fn limits_hold_at_their_edges() {
        let mut own = Submissions::default();
        let long = Bytes::from(vec![0; MAX_MESSAGE_BYTES + 1]);
        assert_eq!(
            own.push(long.clone()),
            Err(Refused::TooLong(MAX_MESSAGE_BYTES + 1))
        );
        let longest = long.slice(1..);
        for _ in 0..MAX_PENDING_BYTES / MAX_MESSAGE_BYTES {
            own.push(longest.clone()).expect("there is room");
        }
        assert_eq!(own.push(longest), Err(Refused::Full));
        // One goes beyond the flight's limit alone, a second one does not.
        assert_eq!(
            own.take().map(|(first, batch)| (first, batch.len())),
            Some((1, 1))
        );
        assert_eq!(own.take(), None);
        own.ordered();
        assert_eq!(
            own.take().map(|(first, batch)| (first, batch.len())),
            Some((2, 1))
        );
    }
}
