//! What is done for resources: by agents, the scheduler and fencing, beside the daemon's own work.

use std::sync::Arc;

use cluster_api::{Answer, Refusal};
use cluster_node::Action;
use membership::{NodeId, View};

use super::Daemon;
use crate::alerts::Event;
use crate::clock;
use crate::fencing::{Asker, Wish};
use crate::group::GroupService;
use crate::resources::{Answered, Ended};

/// The class of resources that are fence devices.
const FENCING_CLASS: &str = "stonith";

impl<G: GroupService> Daemon<G> {
    /// Does what the node wants for resources.
    pub(super) fn act(&mut self, action: Action) {
        match action {
            Action::Operate(call, operation) if operation.agent.class == FENCING_CLASS => {
                self.fencing.operate(call, &operation);
            }
            Action::Operate(call, operation) => self.resources.operate(call, &operation),
            Action::Decide(ticket, cib) => self.resources.decide(ticket, cib),
            Action::Fence(ticket, fencing) => self.fencing.fence(clock::now(), ticket, &fencing),
            Action::MayLeave => self.leave("nothing runs here any more"),
            Action::Report(report) => self.log.say(&report.to_string()),
        }
    }

    /// Something that was begun for resources has ended.
    pub(super) fn take_ended(&mut self, ended: Ended) {
        let answered = self.resources.tell(&mut self.node, clock::now(), ended);
        if let Some(answered) = answered {
            let Answered {
                operation,
                outcome,
                expected,
            } = &*answered;
            self.alert(&Event::Operation {
                operation,
                outcome,
                expected: *expected,
            });
        }
    }

    /// Tells operators' programs who came and who went.
    pub(super) fn alert_of_view(&mut self, view: &View) {
        let members = view.nodes().map(|node| node.0).collect();
        for (id, is_member) in self.alerts.compare(members) {
            let name = self.setup.name(NodeId(id)).to_owned();
            self.alert(&Event::Node {
                name: &name,
                id,
                is_member,
            });
        }
    }

    fn alert(&mut self, event: &Event<'_>) {
        let cib = Arc::clone(self.node.replica().committed());
        for problem in self.alerts.tell(&cib, event) {
            self.log.say(&problem);
        }
    }

    /// Does what fencing wants. Whether there was anything.
    pub(super) fn obey_fencing(&mut self) -> bool {
        let wishes = self.fencing.take_wishes();
        let any = !wishes.is_empty();
        let now = clock::now();
        for wish in wishes {
            match wish {
                Wish::Say(message) => self.node.say_of_fencing(message),
                Wish::Tell(Asker::Coordinator(ticket), result) => {
                    self.node.fenced(now, ticket, result.is_ok());
                }
                Wish::Tell(Asker::Client(client), result) => {
                    let answer = match result {
                        Ok(()) => Answer::Done,
                        Err(why) => Answer::Refused(Refusal::new(why)),
                    };
                    self.answer(client, &answer);
                }
                Wish::Operated(call, result) => self.node.operated(now, call, result),
                Wish::Fenced => self.node.reconsider(now),
                Wish::Over(entry) => self.alert(&Event::Fencing(&entry)),
                Wish::Log(text) => self.log.say(&text),
            }
        }
        any
    }
}
