//! Requests of this node's clients, and changes of all members as they are delivered.

use bytes::{Bytes, BytesMut};
use membership::{Member, ViewId};

use super::Replica;
use super::commit::{Entry, What};
use crate::change::Change;
use crate::history::ChangeId;
use crate::limits::{MAX_CIB_BYTES, MAX_DEFERRED, MAX_OPERATIONS, MAX_REQUESTS, PART_BYTES};
use crate::message::{Message, decode_change, encode_change};
use crate::output::{Answer, Refusal, Report, RequestId};

/// A request of this node that is not answered.
pub(super) struct Own {
    pub(super) request: RequestId,
    /// The change, encoded; none for a read.
    pub(super) change: Option<Bytes>,
    pub(super) is_submitted: bool,
}

impl Own {
    /// Whether it goes in parts: these are of use in the view that they were submitted in alone.
    pub(super) fn is_in_parts(&self) -> bool {
        (self.change.as_ref()).is_some_and(|change| change.len() > PART_BYTES)
    }
}

/// A change that comes in parts.
pub(super) struct Assembly {
    number: u64,
    next: usize,
    bytes: BytesMut,
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
        if self.own.len() >= MAX_REQUESTS {
            return self.answer(request, Answer::Refused(Refusal::TooMany));
        }
        let number = self.next_number;
        self.next_number += 1;
        let own = Own {
            request,
            change,
            is_submitted: false,
        };
        self.own.insert(number, own);
        self.submit_waiting();
    }

    /// Submits what has waited, if the view is established.
    pub(super) fn submit_waiting(&mut self) {
        let Some((view, _)) = self.established() else {
            return;
        };
        let mut messages = Vec::new();
        for (&number, own) in self.own.iter_mut().filter(|(_, own)| !own.is_submitted) {
            own.is_submitted = true;
            match &own.change {
                None => messages.push(Message::Read { number }),
                Some(change) if change.len() <= PART_BYTES => messages.push(Message::Change {
                    number,
                    change: change.clone(),
                }),
                Some(change) => messages.extend(parts(view, number, change)),
            }
        }
        for message in messages {
            self.submit(&message);
        }
    }

    /// The whole change, if this was its last part.
    pub(super) fn assemble(
        &mut self,
        sender: Member,
        view: ViewId,
        number: u64,
        (index, count): (usize, usize),
        bytes: &Bytes,
    ) -> Option<Bytes> {
        if self.round.as_ref()?.id.view != view {
            return None;
        }
        if index == 0 {
            let assembly = Assembly {
                number,
                next: 0,
                bytes: BytesMut::new(),
            };
            self.assemblies.insert(sender, assembly);
        }
        let assembly = self.assemblies.get_mut(&sender)?;
        let is_next = assembly.number == number && assembly.next == index;
        if !is_next || assembly.bytes.len() + bytes.len() > MAX_CIB_BYTES {
            self.assemblies.remove(&sender);
            return None;
        }
        assembly.next += 1;
        assembly.bytes.extend_from_slice(bytes);
        if assembly.next < count {
            return None;
        }
        Some(self.assemblies.remove(&sender)?.bytes.freeze())
    }

    pub(super) fn run_or_defer(&mut self, seq: u64, sender: Member, message: Message) {
        match &self.round {
            Some(round) if round.is_marked() => self.run(seq, sender, message),
            // What is beyond the limit is refused later; what is ours, answered later.
            Some(_) if self.deferred.len() < 2 * MAX_DEFERRED || sender == self.me => {
                self.deferred.push((sender, message));
            }
            _ => {}
        }
    }

    /// Carries out what came before the marker, as if it had come with it.
    pub(super) fn run_deferred(&mut self, seq: u64) {
        for (at, (sender, message)) in std::mem::take(&mut self.deferred).into_iter().enumerate() {
            if at < MAX_DEFERRED {
                self.run(seq, sender, message);
            } else {
                self.refuse_deferred(seq, sender, &message);
            }
        }
    }

    fn run(&mut self, seq: u64, sender: Member, message: Message) {
        match message {
            Message::Change { number, change } => self.run_change(seq, sender, number, change),
            Message::Read { number } => self.log_entry(seq, sender, number, What::Read),
            _ => {}
        }
    }

    fn run_change(&mut self, seq: u64, sender: Member, number: u64, encoded: Bytes) {
        let change = match decode_change(encoded.clone()) {
            Ok(change) => change,
            Err(problem) => {
                self.report(Report::Unreadable { sender, problem });
                let refusal = Refusal::Damaged(problem);
                return self.log_entry(seq, sender, number, What::Refused(refusal));
            }
        };
        let id = ChangeId {
            member: sender,
            number,
        };
        match self.applied.make(id, &change, &encoded) {
            Ok(outcome) => {
                if outcome.effect.configuration {
                    self.raise_position(seq);
                }
                self.durability.need_copy(seq, &self.applied);
                self.log_entry(seq, sender, number, What::Change(change, outcome));
            }
            Err(error) => {
                let refusal = Refusal::Change(error);
                self.log_entry(seq, sender, number, What::Refused(refusal));
            }
        }
    }

    fn refuse_deferred(&mut self, seq: u64, sender: Member, message: &Message) {
        if let Message::Change { number, .. } | Message::Read { number } = *message {
            self.log_entry(seq, sender, number, What::Refused(Refusal::Deferred));
        }
    }

    fn log_entry(&mut self, seq: u64, sender: Member, number: u64, what: What) {
        let exclusive_in = self.exclusive_round();
        self.log.push_back(Entry {
            seq,
            id: ChangeId {
                member: sender,
                number,
            },
            what,
            exclusive_in,
        });
    }
}

fn parts(view: ViewId, number: u64, change: &Bytes) -> Vec<Message> {
    let count = change.len().div_ceil(PART_BYTES);
    (0..count)
        .map(|index| {
            let start = index * PART_BYTES;
            let end = change.len().min(start + PART_BYTES);
            Message::Part {
                view,
                number,
                index,
                count,
                bytes: change.slice(start..end),
            }
        })
        .collect()
}
