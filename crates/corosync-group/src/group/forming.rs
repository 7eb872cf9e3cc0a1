//! From a configuration to a view.

use bytes::Bytes;
use membership::{Delivery, Member, View, ViewId, Votes};

use super::{Control, CorosyncGroup, Output, Phase};
use crate::Process;
use crate::order::Order;
use crate::wire::{Body, Came, Hello};

impl CorosyncGroup {
    /// As the leader: asks everybody for a hello, to a view whose counter is above `known`.
    pub(super) fn call(&mut self, known: u64) {
        // Never one counter twice: what was called may have become a view somewhere. Always an even
        // one: the odd one before is for `part`.
        self.called = (known.max(self.called) / 2 + 1) * 2;
        let body = Body::Call {
            counter: self.called,
        };
        self.control.push_back(Control::Frame(body));
    }

    pub(super) fn on_call(&mut self, from: Process, leader: Member, counter: u64) {
        let is_leaders = self.leader() == Some(from) && self.doubled().is_none();
        let came = self.came();
        let Phase::Forming(forming) = &mut self.phase else {
            return;
        };
        if !is_leaders {
            return;
        }
        let call = ViewId { counter, leader };
        forming.call = Some(call);
        forming.hellos.clear();
        let hello = Hello {
            call,
            known: self.known,
            came,
            attachment: self.attachment.clone(),
        };
        self.control.push_back(Control::Frame(Body::Hello(hello)));
    }

    pub(super) fn on_hello(&mut self, from: Process, member: Member, hello: Hello) {
        let Phase::Forming(forming) = &mut self.phase else {
            return;
        };
        if forming.call != Some(hello.call) {
            return;
        }
        let call = hello.call;
        forming.hellos.insert(from, (member, hello));
        if !self
            .configuration
            .iter()
            .all(|process| forming.hellos.contains_key(process))
        {
            return;
        }
        let hellos = forming.hellos.values();
        let known = hellos.map(|(_, hello)| hello.known).max().unwrap_or(0);
        if known + 1 < call.counter {
            self.begin();
        } else if self.leads() && self.called <= known + 1 {
            self.call(known + 1);
        }
    }

    fn came(&self) -> Came {
        Came {
            from: self.view.id,
            seq: self.order.seq,
            digest: self.order.digest,
        }
    }

    /// All have answered the call: the view begins, at this place of CPG's order for all.
    fn begin(&mut self) {
        let Phase::Forming(forming) = std::mem::replace(&mut self.phase, Phase::Operating) else {
            return;
        };
        let Some(id) = forming.call else { return };
        let came = self.came();
        let hellos: Vec<(Member, Hello)> = forming.hellos.into_values().collect();
        let parted = |(member, hello): &(Member, Hello)| {
            self.view.members.contains_key(member) && hello.came != came
        };
        if hellos.iter().any(parted) {
            self.part(id.counter - 1);
        }
        let together = hellos
            .iter()
            .filter(|(member, hello)| *member == self.me || hello.came == came);
        self.view = View {
            id,
            together: together.map(|(member, _)| *member).collect(),
            members: hellos
                .into_iter()
                .map(|(member, hello)| (member, hello.attachment))
                .collect(),
        };
        self.known = id.counter;
        self.restart();
        self.outputs.push_back(Output::View(self.view.clone()));
        self.judge();
    }

    /// A member of our last view has not come here with us: some of our messages may have reached it
    /// there and not us. They must not reach it again, so they are delivered to
    /// ourselves in a view of our own, as if the cut had lasted a moment longer.
    fn part(&mut self, counter: u64) {
        let unsettled = self.submissions.take_unsettled();
        if unsettled.is_empty() {
            return;
        }
        let view = View {
            id: ViewId {
                counter,
                leader: self.me,
            },
            members: [(self.me, self.attachment.clone())].into(),
            together: vec![self.me],
        };
        self.outputs.push_back(Output::View(view));
        let deliver = |(seq, payload): (u64, Bytes)| {
            Output::Deliver(Delivery {
                seq,
                sender: self.me,
                payload,
            })
        };
        let deliveries: Vec<Output> = (1..).zip(unsettled).map(deliver).collect();
        self.outputs.extend(deliveries);
    }

    fn restart(&mut self) {
        self.order = Order::new(self.view.members.keys().copied());
        self.submissions.restart();
        (self.acknowledged, self.told) = (0, 0);
        self.votes = Votes::default();
        self.judged = None;
    }
}
