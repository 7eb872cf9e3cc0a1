//! The node's controller, between the replica and whoever calls agents.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cib::xml::Document;
use controller::{
    CallId, ChangeNumber, Controller, Fencing, Identity, Now, Operation, Report, Ticket, View,
};
use replica::{Answer, CONTROLLER, Change, Changed, Origin, Replica, Request, RequestId};

/// The numbers of the controller's requests begin here; clients' are far below.
const FIRST_REQUEST: u64 = 1 << 63;

/// What is wanted for resources.
#[derive(Clone, Debug)]
pub enum Action {
    /// Call an agent; [`ClusterNode::operated`](crate::ClusterNode::operated) is told what it answered.
    Operate(CallId, Operation),
    /// Run the scheduler on this CIB; [`ClusterNode::decided`](crate::ClusterNode::decided) is told the
    /// graph.
    Decide(Ticket, Arc<Document>),
    /// Fence a node; [`ClusterNode::fenced`](crate::ClusterNode::fenced) is told whether it is.
    Fence(Ticket, Fencing),
    /// This node has nothing left to run and may leave.
    MayLeave,
    /// For the log.
    Report(Report),
}

/// What follows for the node.
pub(crate) enum Wish {
    /// For the shell.
    Act(Action),
    /// To be ordered.
    Say(Bytes),
}

/// See above.
pub(crate) struct Resources {
    pub controller: Controller,
    requests: BTreeMap<RequestId, ChangeNumber>,
    next_request: u64,
    /// The replica was asked for something since it was last looked at.
    has_asked: bool,
    now: Duration,
    /// What the calendar is ahead of the clock, in seconds.
    ahead_s: i64,
}

impl Resources {
    pub fn new(
        identity: Identity,
        life: u64,
        nodes: BTreeMap<u32, String>,
        cib: Arc<Document>,
        now: Duration,
    ) -> Self {
        let clocks = Now {
            at: now,
            epoch_s: 0,
        };
        Self {
            controller: Controller::new(identity, life, nodes, cib, clocks),
            requests: BTreeMap::new(),
            next_request: FIRST_REQUEST,
            has_asked: false,
            now,
            ahead_s: 0,
        }
    }

    /// What the clocks say from now on.
    pub fn clock(&mut self, now: Duration) -> Now {
        self.now = self.now.max(now);
        let seconds = i64::try_from(self.now.as_secs()).unwrap_or(i64::MAX);
        Now {
            at: self.now,
            epoch_s: seconds.saturating_add(self.ahead_s),
        }
    }

    /// The calendar says that it is so many seconds after the beginning of 1970.
    pub fn calendar(&mut self, now: Duration, epoch_s: i64) {
        let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        self.ahead_s = epoch_s.saturating_sub(seconds);
    }

    pub fn view(&mut self, now: Duration, view: &membership::View) {
        self.clock(now);
        self.requests.clear();
        self.controller.view(View {
            number: view.id.counter,
            leader: view.id.leader.node.0,
            members: view.nodes().map(|node| node.0).collect(),
        });
    }

    /// A request of the replica is answered. Gives the answer back where it is not the controller's.
    pub fn answered(&mut self, request: RequestId, answer: Answer) -> Option<Answer> {
        if request.0 < FIRST_REQUEST {
            return Some(answer);
        }
        if let Some(number) = self.requests.remove(&request) {
            let is_made = matches!(answer, Answer::Changed { .. });
            let now = self.clock(self.now);
            self.controller.changed(now, number, is_made);
        }
        None
    }

    /// Passes on what the controller wants: changes to the replica; the rest is for the node.
    pub fn poll(&mut self, replica: &mut Replica) -> Option<Wish> {
        loop {
            return Some(match self.controller.poll()? {
                controller::Output::Change(number, operations) => {
                    let request = RequestId(self.next_request);
                    self.next_request += 1;
                    self.requests.insert(request, number);
                    let origin = Origin {
                        client: CONTROLLER.to_owned(),
                        ..Origin::default()
                    };
                    let change = Change {
                        expectation: None,
                        origin: Some(origin),
                        operations,
                    };
                    replica.request(request, Request::Change(change));
                    self.has_asked = true;
                    continue;
                }
                controller::Output::Say(message) => match message.encode() {
                    Ok(bytes) => Wish::Say(Bytes::from(bytes)),
                    Err(error) => {
                        let report = Report::Unsaid(error.to_string());
                        Wish::Act(Action::Report(report))
                    }
                },
                controller::Output::Start(call, operation) => {
                    Wish::Act(Action::Operate(call, operation))
                }
                controller::Output::Decide(ticket, cib) => Wish::Act(Action::Decide(ticket, cib)),
                controller::Output::Fence(ticket, fencing) => {
                    Wish::Act(Action::Fence(ticket, fencing))
                }
                controller::Output::Leave => Wish::Act(Action::MayLeave),
                controller::Output::Report(report) => Wish::Act(Action::Report(report)),
            });
        }
    }

    /// Whether the replica was asked for something since the last call.
    pub fn take_asked(&mut self) -> bool {
        std::mem::take(&mut self.has_asked)
    }

    /// All members have one CIB.
    pub fn established(&mut self, is_quorate: bool) {
        let now = self.clock(self.now);
        self.controller.established(now, is_quorate);
    }

    /// The committed CIB is another one.
    pub fn changed(&mut self, changed: &Changed) {
        let now = self.clock(self.now);
        let cib = Arc::clone(&changed.after);
        self.controller.cib(now, cib, changed.is_foreign);
    }
}
