//! In a view: messages, acknowledgements, and what votequorum says.

use std::collections::BTreeSet;

use membership::{Delivery, Member, NodeId, ViewId};

use super::{Control, CorosyncGroup, Output, Phase};
use crate::quorum_state::Judgement;
use crate::wire::{Body, Work};

impl CorosyncGroup {
    /// The next messages and acknowledgement, if there are any.
    pub(super) fn work(&mut self) -> Option<Work> {
        if !self.is_operating() {
            return None;
        }
        let batch = self.submissions.take();
        if batch.is_none() && self.acknowledged <= self.told {
            return None;
        }
        self.told = self.acknowledged;
        let (first, payloads) = batch.unwrap_or((1, Vec::new()));
        Some(Work {
            view: self.view.id,
            acknowledged: self.acknowledged,
            first,
            payloads,
        })
    }

    /// What belongs to another view is passed over by all: its sender has sent it again.
    pub(super) fn on_work(&mut self, sender: Member, work: Work) {
        if !self.is_operating() || work.view != self.view.id {
            return;
        }
        for (number, payload) in (work.first..).zip(work.payloads) {
            let Ok(seq) = self.order.place(sender, number) else {
                self.phase = Phase::Apart;
                self.outputs.push_back(Output::Broken);
                return;
            };
            if sender == self.me {
                self.submissions.ordered();
            }
            self.outputs.push_back(Output::Deliver(Delivery {
                seq,
                sender,
                payload,
            }));
        }
        self.order.acknowledge(sender, work.acknowledged);
        self.review_commitment();
    }

    pub(super) fn review_commitment(&mut self) {
        if let Some(seq) = self.order.commit(&self.commitment, &self.votes) {
            self.outputs.push_back(Output::Committed(seq));
        }
        if let Some(seq) = self.order.complete()
            && self.view.is_led_by(self.me)
        {
            self.outputs.push_back(Output::AcknowledgedByAll(seq));
        }
    }

    /// As the leader: tells all what votequorum says, where that is news.
    pub(super) fn judge(&mut self) {
        if !self.is_operating() || !self.view.is_led_by(self.me) {
            return;
        }
        let members: BTreeSet<NodeId> = self.view.nodes().collect();
        let Some(state) = self.current_quorum() else {
            return;
        };
        let judgement = state.judge(&members, &self.configured);
        if self.judged.as_ref() != Some(&judgement) {
            self.judged = Some(judgement.clone());
            let view = self.view.id;
            self.control
                .push_back(Control::Frame(Body::Judged { view, judgement }));
        }
    }

    pub(super) fn on_judged(&mut self, sender: Member, view: ViewId, judgement: Judgement) {
        if self.is_operating() && view == self.view.id && view.leader == sender {
            self.outputs.push_back(Output::Judged(judgement));
        }
    }
}
