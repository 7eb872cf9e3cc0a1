//! Requests of this node's clients, on their way to the group.

use bytes::Bytes;
use membership::ViewId;

use super::Replica;
use crate::change::Change;
use crate::limits::{
    MAX_CIB_BYTES, MAX_OPERATIONS, MAX_REQUESTS, MAX_UNDER_WAY, MAX_UNDER_WAY_BYTES, PART_BYTES,
    PARTS_UNDER_WAY,
};
use crate::message::{Message, encode_change};
use crate::output::{Answer, Refusal, RequestId};

/// How far a request has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It waits for a view, or for others before it.
    Waiting,
    /// The group has it, or some of its parts.
    Submitted,
    /// It is in the log.
    Delivered,
}

/// A request of this node that is not answered.
pub(super) struct Own {
    pub(super) request: RequestId,
    /// The change, encoded; none for a read.
    pub(super) change: Option<Bytes>,
    pub(super) progress: Progress,
    /// It was under way when a view ended: others may have carried it out there.
    pub(super) may_be_elsewhere: bool,
}

impl Own {
    fn len(&self) -> usize {
        self.change.as_ref().map_or(0, Bytes::len)
    }

    /// Whether it goes in parts: these are of use in the view that they were submitted in alone.
    pub(super) fn is_in_parts(&self) -> bool {
        self.len() > PART_BYTES
    }
}

/// An own change whose parts are being submitted.
pub(super) struct Parts {
    number: u64,
    rest: Bytes,
    next: usize,
    count: usize,
    under_way: usize,
}

impl Replica {
    pub(super) fn accept_change(&mut self, request: RequestId, change: &Change) {
        let encoded = encode_change(change);
        if change.operations.len() > MAX_OPERATIONS || encoded.len() > MAX_CIB_BYTES {
            return self.answer(request, Answer::Refused(Refusal::TooLarge));
        }
        self.accept(request, Some(encoded));
    }

    pub(super) fn accept_read(&mut self, request: RequestId) {
        self.accept(request, None);
    }

    fn accept(&mut self, request: RequestId, change: Option<Bytes>) {
        if self.own.len() + self.carried.len() >= MAX_REQUESTS {
            return self.answer(request, Answer::Refused(Refusal::TooMany));
        }
        let number = self.next_number;
        self.next_number += 1;
        let own = Own {
            request,
            change,
            progress: Progress::Waiting,
            may_be_elsewhere: false,
        };
        self.own.insert(number, own);
        self.submit_waiting();
    }

    /// Submits what has waited, if the view is established, in the order that it came; not more at once
    /// than the group takes.
    pub(super) fn submit_waiting(&mut self) {
        let Some((view, _)) = self.established() else {
            return;
        };
        while let Some(message) = self.next_part(view).or_else(|| self.next_request()) {
            self.submit(&message);
        }
    }

    fn next_part(&mut self, view: ViewId) -> Option<Message> {
        let parts = self.parts.as_mut()?;
        if parts.rest.is_empty() || parts.under_way == PARTS_UNDER_WAY {
            return None;
        }
        let bytes = parts.rest.split_to(parts.rest.len().min(PART_BYTES));
        let index = parts.next;
        parts.next += 1;
        parts.under_way += 1;
        Some(Message::Part {
            view,
            number: parts.number,
            index,
            count: parts.count,
            bytes,
        })
    }

    fn next_request(&mut self) -> Option<Message> {
        if self.parts.is_some() {
            return None;
        }
        let submitted = self
            .own
            .values()
            .filter(|own| own.progress == Progress::Submitted);
        let (count, len) = submitted.fold((0, 0), |(count, len), own| (count + 1, len + own.len()));
        if count >= MAX_UNDER_WAY || len >= MAX_UNDER_WAY_BYTES {
            return None;
        }
        let mut all = self.own.iter_mut();
        let (&number, own) = all.find(|(_, own)| own.progress == Progress::Waiting)?;
        own.progress = Progress::Submitted;
        let Some(change) = own.change.clone() else {
            return Some(Message::Read { number });
        };
        if !own.is_in_parts() {
            return Some(Message::Change { number, change });
        }
        self.parts = Some(Parts {
            number,
            count: change.len().div_ceil(PART_BYTES),
            rest: change,
            next: 0,
            under_way: 0,
        });
        let (view, _) = self.established()?;
        self.next_part(view)
    }

    /// An own part was delivered in the view that it was submitted in.
    pub(super) fn own_part_delivered(&mut self, number: u64) {
        if let Some(parts) = self.parts.as_mut().filter(|parts| parts.number == number) {
            parts.under_way = parts.under_way.saturating_sub(1);
            if parts.rest.is_empty() && parts.under_way == 0 {
                self.parts = None;
            }
        }
        self.submit_waiting();
    }

    /// An own request was delivered, in full.
    pub(super) fn own_delivered(&mut self, number: u64) {
        if let Some(own) = self.own.get_mut(&number) {
            own.progress = Progress::Delivered;
        }
        self.submit_waiting();
    }

    /// The client that asked is gone. Whether the request is given up: it is not if it is under way.
    pub fn withdraw(&mut self, id: RequestId) -> bool {
        let before = self.own.len();
        self.own
            .retain(|_, own| own.request != id || own.progress != Progress::Waiting);
        self.own.len() < before
    }
}
