//! Changes and reads of all members, as they are delivered.

use bytes::{Bytes, BytesMut};
use membership::{Member, ViewId};

use super::Replica;
use super::commit::{Entry, What};
use crate::history::ChangeId;
use crate::limits::{MAX_CIB_BYTES, MAX_DEFERRED};
use crate::message::{Message, decode_change};
use crate::output::{Refusal, Report};

/// A change that comes in parts.
pub(super) struct Assembly {
    number: u64,
    next: usize,
    bytes: BytesMut,
}

impl Replica {
    /// The whole change, if this was its last part.
    pub(super) fn assemble(
        &mut self,
        sender: Member,
        view: ViewId,
        number: u64,
        (index, count): (usize, usize),
        bytes: &Bytes,
    ) -> Option<Bytes> {
        if !self.is_in_view(view) {
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
        if let Message::Change { number, .. } | Message::Read { number } = message
            && sender == self.me
        {
            self.own_delivered(number);
        }
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
