//! From delivered to committed: what is stable is shown and answered, in order.

use std::sync::Arc;

use cib::CibVersion;

use super::Replica;
use super::requests::Progress;
use crate::change::{CONTROLLER, Change};
use crate::copy::Outcome;
use crate::execute::repeat;
use crate::history::ChangeId;
use crate::message::Message;
use crate::output::{Answer, Changed, Durability, Output, Refusal, RequestId};

/// A message that was delivered and is not stable.
pub(super) struct Entry {
    pub(super) seq: u64,
    pub(super) id: ChangeId,
    pub(super) what: What,
    /// The exchange in whose exclusive term it was delivered, if it was.
    pub(super) exclusive_in: Option<u32>,
}

impl Entry {
    /// Whether it changed something, and was not a controller's.
    fn is_foreign(&self) -> bool {
        let What::Change(change, outcome) = &self.what else {
            return false;
        };
        let client = change.origin.as_ref().map(|origin| origin.client.as_str());
        outcome.effect.is_any() && client != Some(CONTROLLER)
    }
}

/// What a message was, and what came of it.
pub(super) enum What {
    Read,
    Change(Change, Outcome),
    Refused(Refusal),
}

/// An own change of an earlier view, of which nobody knows yet whether it survives.
pub(super) struct Carried {
    pub(super) id: ChangeId,
    pub(super) request: RequestId,
    /// The file that keeps it, once the copy lost that had it.
    pub(super) kept: Option<String>,
}

impl Replica {
    /// Everything up to `seq` is stable.
    pub(super) fn commit(&mut self, seq: u64) {
        let before = Arc::clone(&self.committed);
        // Up to where the effects of messages are in the tree already.
        let mut settled = 0;
        while let Some((marker, document)) = self.markers.pop_front_if(|(it, _)| *it <= seq) {
            self.committed = document;
            settled = marker;
        }
        let is_last = self.log.back().is_none_or(|entry| entry.seq <= seq);
        if is_last && self.markers.is_empty() && self.is_marked() {
            // Everything that was applied is committed.
            self.committed = Arc::clone(&self.applied.document);
            settled = seq;
        }
        let mut answers = Vec::new();
        // What is settled without an entry came with another copy.
        let mut is_foreign = settled > 0 && self.log.front().is_none_or(|entry| entry.seq > seq);
        while let Some(entry) = self.log.pop_front_if(|entry| entry.seq <= seq) {
            is_foreign |= entry.is_foreign();
            if let What::Change(change, outcome) = &entry.what
                && outcome.effect.is_any()
                && entry.seq > settled
            {
                let document = Arc::make_mut(&mut self.committed);
                repeat(document, change, outcome.effect, outcome.version);
            }
            answers.push(entry);
        }
        if !Arc::ptr_eq(&before, &self.committed) {
            let after = Arc::clone(&self.committed);
            self.outbox.push_back(Output::Changed(Changed {
                before,
                after,
                is_foreign,
            }));
        }
        for entry in answers {
            self.answer_entry(entry);
        }
    }

    fn is_marked(&self) -> bool {
        self.round.as_ref().is_some_and(super::Round::is_marked)
    }

    fn answer_entry(&mut self, entry: Entry) {
        if entry.id.member != self.me {
            return;
        }
        let Some(own) = self.own.remove(&entry.id.number) else {
            return;
        };
        match entry.what {
            What::Read => self.answer_with_cib(own.request),
            // An exclusive view has what any before it has carried out; another one may not know.
            What::Refused(_)
                if own.may_be_elsewhere && !self.is_exclusive_since(entry.exclusive_in) =>
            {
                self.answer(own.request, Answer::Unknown { kept: None });
            }
            What::Refused(refusal) => self.answer(own.request, Answer::Refused(refusal)),
            What::Change(_, outcome) => {
                let is_changed = outcome.is_repeated || outcome.effect.is_any();
                let answer = self.changed_answer(outcome.version, is_changed, entry.exclusive_in);
                self.answer(own.request, answer);
            }
        }
    }

    fn changed_answer(
        &self,
        version: CibVersion,
        is_changed: bool,
        exclusive_in: Option<u32>,
    ) -> Answer {
        Answer::Changed {
            version,
            is_changed,
            durability: if self.is_exclusive_since(exclusive_in) {
                Durability::ExclusiveQuorum
            } else {
                Durability::WithoutQuorum
            },
        }
    }

    /// Whether the view is in the exclusive term in which a message was delivered.
    fn is_exclusive_since(&self, delivered: Option<u32>) -> bool {
        delivered.is_some() && delivered == self.exclusive_round()
    }

    /// The exchange that gave the view the exclusive term that it is in, if it is.
    pub(super) fn exclusive_round(&self) -> Option<u32> {
        let round = self.round.as_ref()?;
        round.standing.exclusive.then_some(round.id.number)
    }

    pub(super) fn answer_with_cib(&mut self, request: RequestId) {
        let standing = self.round.as_ref().map(|round| round.standing);
        let answer = Answer::Cib {
            document: Arc::clone(&self.committed),
            is_established: self.established().is_some(),
            standing: standing.unwrap_or_default(),
        };
        self.answer(request, answer);
    }

    /// The view is over. Own changes that were delivered wait for what survives; what had no effect
    /// (a read, a refusal that rested on what may not survive) or was not carried out is submitted
    /// again; where others have carried it out, they know it by its name.
    pub(super) fn carry_over(&mut self) {
        for own in self.own.values_mut() {
            own.may_be_elsewhere |= own.progress == Progress::Submitted;
        }
        for entry in std::mem::take(&mut self.log) {
            if entry.id.member != self.me {
                continue;
            }
            let Some(own) = self.own.get_mut(&entry.id.number) else {
                continue;
            };
            let has_effect = match entry.what {
                What::Read | What::Refused(_) => false,
                What::Change(_, outcome) => outcome.effect.is_any() || outcome.is_repeated,
            };
            if !has_effect {
                own.progress = Progress::Waiting;
                continue;
            }
            let request = own.request;
            self.own.remove(&entry.id.number);
            self.carried.push(Carried {
                id: entry.id,
                request,
                kept: None,
            });
        }
        for (sender, message) in std::mem::take(&mut self.deferred) {
            if let Message::Change { number, .. } | Message::Read { number } = message
                && sender == self.me
                && let Some(own) = self.own.get_mut(&number)
            {
                own.progress = Progress::Waiting;
                own.may_be_elsewhere = true;
            }
        }
        self.parts = None;
        for own in self.own.values_mut() {
            if own.is_in_parts() {
                own.progress = Progress::Waiting;
            }
        }
    }

    /// The view is established: what of earlier views is in its copy has survived.
    pub(super) fn resolve_carried(&mut self) {
        let exclusive_in = self.exclusive_round();
        for carried in std::mem::take(&mut self.carried) {
            let answer = match self.applied.made(carried.id) {
                Some(made) => self.changed_answer(made.version, true, exclusive_in),
                None => Answer::Unknown { kept: carried.kept },
            };
            self.answer(carried.request, answer);
        }
    }
}
