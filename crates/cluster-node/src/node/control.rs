//! The node's controller: what it is told, and what it wants.

use std::time::Duration;

use bytes::Bytes;
use cib::xml::Document;
use controller::{CallId, Controller, Now, OperationResult, Ticket};
use membership::Member;

use super::{ClusterNode, Output};
use crate::message::Message;
use crate::resources::Wish;

/// How long a node that is plugged in again looks for the others.
pub const LOOK: Duration = Duration::from_secs(5);

impl ClusterNode {
    pub(super) fn hear_controller(&mut self, now: Duration, sender: Member, payload: &[u8]) {
        match controller::Message::decode(payload) {
            Ok(message) => {
                if let Some(resources) = &mut self.resources {
                    let now = resources.clock(now);
                    resources.controller.heard(now, sender.node.0, message);
                }
            }
            Err(_) => self.outputs.push_back(Output::Unreadable(sender)),
        }
    }

    /// What the calendar says, in seconds since 1970. It may be wrong, and jump: it is for people, and
    /// for rules about dates.
    pub fn calendar(&mut self, now: Duration, epoch_s: i64) {
        if let Some(resources) = &mut self.resources {
            resources.calendar(now, epoch_s);
        }
    }

    /// A node that had been gone was heard, and may come back.
    pub fn heard_of(&mut self, now: Duration, node: u32) {
        self.control(now, |controller, now| controller.heard_of(now, node));
    }

    /// Whether no interface of this node works that leads to others. Where nobody is with it, it stops
    /// what it runs as if it had no quorum, and looks for the others for [`LOOK`] before it goes on
    /// alone.
    pub fn unplugged(&mut self, now: Duration, is_unplugged: bool) {
        let was = std::mem::replace(&mut self.is_unplugged, is_unplugged);
        if was == is_unplugged {
            return;
        }
        self.looks_until = (was && self.is_alone).then(|| now + LOOK);
        self.settle_replica();
    }

    pub(super) fn look_no_longer(&mut self, now: Duration) {
        if self.looks_until.is_some_and(|until| now >= until) {
            self.looks_until = None;
            self.settle_replica();
        }
    }

    /// An agent has answered.
    pub fn operated(&mut self, now: Duration, call: CallId, result: OperationResult) {
        self.control(now, |controller, now| {
            controller.finished(now, call, result)
        });
    }

    /// Something happened to a resource of this node that its monitor has to look at.
    pub fn noticed(&mut self, now: Duration, resource: &str) {
        self.control(now, |controller, now| controller.noticed(now, resource));
    }

    /// An agent of this node wants a transient attribute of it to have that value, or (`None`) to go;
    /// `dampening`: how long is waited for further changes.
    pub fn attribute(
        &mut self,
        now: Duration,
        name: &str,
        value: Option<&str>,
        dampening: Duration,
    ) {
        self.control(now, |controller, now| {
            controller.attribute(now, name, value, dampening);
        });
    }

    /// The scheduler has decided.
    pub fn decided(&mut self, now: Duration, ticket: Ticket, graph: &Document) {
        self.control(now, |controller, now| {
            controller.decided(now, ticket, graph)
        });
    }

    /// Something happened that the CIB does not say, and that may lead to another decision.
    pub fn reconsider(&mut self, now: Duration) {
        self.control(now, Controller::reconsider);
    }

    /// What those say to each other who fence, for all, this node included.
    pub fn say_of_fencing(&mut self, message: Bytes) {
        self.outputs
            .push_back(Output::Submit(Message::Fencing(message).encode()));
    }

    /// A node was fenced, or could not be.
    pub fn fenced(&mut self, now: Duration, ticket: Ticket, is_done: bool) {
        self.control(now, |controller, now| {
            controller.fenced(now, ticket, is_done)
        });
    }

    /// This node is to leave the cluster: [`Action::MayLeave`] comes when nothing runs on it.
    pub fn wants_to_leave(&mut self, now: Duration) {
        self.control(now, Controller::leave);
    }

    fn control(&mut self, now: Duration, act: impl FnOnce(&mut Controller, Now)) {
        if let Some(resources) = &mut self.resources {
            let now = resources.clock(now);
            act(&mut resources.controller, now);
        }
        self.settle_replica();
    }

    /// What this node does for resources.
    #[must_use]
    pub fn controller(&self) -> Option<&Controller> {
        self.resources
            .as_ref()
            .map(|resources| &resources.controller)
    }

    /// What follows from the controller. Whether the replica was asked for something.
    pub(super) fn settle_resources(&mut self) -> bool {
        let is_cut_off = self.is_cut_off();
        let Some(resources) = &mut self.resources else {
            return false;
        };
        if let Some((view, standing)) = self.replica.established()
            && Some(view) == self.view
        {
            resources.established(standing.quorate && !is_cut_off);
        }
        while let Some(wish) = resources.poll(&mut self.replica) {
            self.outputs.push_back(match wish {
                Wish::Act(action) => Output::Act(action),
                Wish::Say(message) => Output::Submit(Message::Control(message).encode()),
            });
        }
        resources.take_asked()
    }
}
