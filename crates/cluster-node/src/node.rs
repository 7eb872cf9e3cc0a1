//! Quorum and replica, fed from one order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use controller::{Controller, Identity};
use membership::{Delivery, Member, View, ViewId, Votes};
use quorum::{Attachment, Command, Fact, Options, Quorum, Record, Refusal, Verdict};
use replica::limits::{FIRST_RETRY, LONGEST_RETRY, WRITE_FAILURES};
use replica::{
    Answer, Changed, Replica, Report, Request, RequestId, Standing, WriteFailure, WriteId, WriteJob,
};

use crate::acknowledging::Acknowledging;
use crate::lease_votes::lease_votes;
use crate::message::Message;
use crate::resources::{Action, Resources};

mod control;

/// What a node finds of its former life.
pub struct Start {
    /// This node, in this life.
    pub me: Member,
    /// The options of quorum.
    pub options: Options,
    /// Quorum's record.
    pub record: quorum::Start,
    /// The replica, with the copy of the CIB that is on disk.
    pub replica: Replica,
    /// The names of all nodes that are configured, by their ids; none where this node runs no
    /// resources, and only votes and keeps the CIB.
    pub nodes: Option<BTreeMap<u32, String>>,
}

/// A write's number, rising.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WriteNumber(pub u64);

/// Something for the disk. Writes are carried out one after the other, in the order of their numbers.
#[derive(Clone, Debug)]
pub enum Write {
    /// Of the replica.
    Replica(WriteJob),
    /// Quorum's record.
    Record(Record),
}

/// What the node wants done, in order.
#[derive(Clone, Debug)]
pub enum Output {
    /// The group is to order this message.
    Submit(Bytes),
    /// The group is told that everything up to this message of the view is safe here.
    Acknowledge(ViewId, u64),
    /// The group's lease rests on these votes.
    SetVotes(Votes),
    /// This is brought along to the next views.
    SetAttachment(Bytes),
    /// Something is to be written; [`ClusterNode::written`] is told how it went.
    Write(WriteNumber, Write),
    /// A client's request is answered.
    Answer(RequestId, Answer),
    /// The verdict on the view is another one.
    Verdict(Verdict),
    /// A fact that was asked for changed nothing.
    FactRefused(Fact, Refusal),
    /// The committed CIB is another one.
    Changed(Changed),
    /// Something is to be done for resources.
    Act(Action),
    /// What somebody says who fences.
    Fencing {
        /// Who.
        sender: Member,
        /// What.
        payload: Bytes,
    },
    /// A message of somebody who uses the group for his own.
    Application {
        /// Who sent it.
        sender: Member,
        /// What it says.
        payload: Bytes,
    },
    /// A message that is not understood was left out.
    Unreadable(Member),
    /// Something for the log.
    Report(Report),
}

/// Somebody else who decides about quorum.
struct Judge {
    whom: String,
    verdict: Verdict,
}

fn unjudged(whom: &str) -> Verdict {
    Verdict {
        reasons: vec![format!("{whom} has not yet judged this view")],
        ..Verdict::nowhere()
    }
}

/// One node's decisions.
pub struct ClusterNode {
    quorum: Quorum,
    replica: Replica,
    /// What this node does for resources, where it does anything.
    resources: Option<Resources>,
    view: Option<ViewId>,
    /// Nobody else is in the view.
    is_alone: bool,
    /// No interface works that leads to the others.
    is_unplugged: bool,
    /// One works again: until when this node looks for the others before it acts alone.
    looks_until: Option<Duration>,
    set_votes: Option<Votes>,
    attachment: Bytes,
    /// What was last told.
    verdict: Verdict,
    /// Who decides about quorum instead of `quorum`, and what he has said.
    judge: Option<Judge>,
    acknowledging: Acknowledging,
    next_write: u64,
    /// Quorum's record, as it is to be on disk.
    record: Option<Record>,
    /// When it is tried again to write it, and how many times in a row that has failed.
    record_retry_at: Option<Duration>,
    record_failures: u32,
    /// Writes of the replica that are under way.
    replica_writes: BTreeMap<u64, WriteId>,
    outputs: VecDeque<Output>,
}

impl ClusterNode {
    /// A node at its start.
    #[must_use]
    pub fn new(start: Start, now: Duration) -> Self {
        let quorum = Quorum::new(start.me.node.0, start.options, start.record);
        let attachment = Bytes::from(quorum.attachment(now).encode());
        let verdict = quorum.verdict().clone();
        let id = start.me.node.0;
        let cib = Arc::clone(start.replica.committed());
        let resources = start.nodes.map(|nodes| {
            let name = nodes.get(&id).cloned().unwrap_or_default();
            let life = start.me.incarnation.0;
            Resources::new(Identity { id, name }, life, nodes, cib, now)
        });
        Self {
            quorum,
            resources,
            replica: start.replica,
            view: None,
            is_alone: false,
            is_unplugged: false,
            looks_until: None,
            set_votes: None,
            attachment,
            verdict,
            judge: None,
            acknowledging: Acknowledging::default(),
            next_write: 1,
            record: None,
            record_retry_at: None,
            record_failures: 0,
            replica_writes: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// A node that does not decide about quorum itself: somebody else does, and
    /// [`ClusterNode::judge`] is told. `whom`: who, for the operator.
    #[must_use]
    pub fn judged_by(mut self, whom: &str) -> Self {
        self.judge = Some(Judge {
            whom: whom.to_owned(),
            verdict: unjudged(whom),
        });
        self
    }

    /// The verdict on the present view, given at this place of the order on every member. Heard only
    /// where somebody else is to decide ([`ClusterNode::judged_by`]); each view begins without one.
    pub fn judge(&mut self, now: Duration, verdict: Verdict) {
        if let Some(judge) = &mut self.judge {
            judge.verdict = verdict;
            self.settle(now, false);
        }
    }

    /// What this node brings along to its first view.
    #[must_use]
    pub fn attachment(&self) -> Bytes {
        self.attachment.clone()
    }

    /// The quorum.
    #[must_use]
    pub fn quorum(&self) -> &Quorum {
        &self.quorum
    }

    /// The replica.
    #[must_use]
    pub fn replica(&self) -> &Replica {
        &self.replica
    }

    /// The verdict on the present view.
    #[must_use]
    pub fn verdict(&self) -> &Verdict {
        match &self.judge {
            Some(judge) => &judge.verdict,
            None => self.quorum.verdict(),
        }
    }

    /// Whether the verdict says so and the leader may vouch for it. The group's lease must hold,
    /// too.
    #[must_use]
    pub fn is_quorate(&self, now: Duration) -> bool {
        if self.is_cut_off() {
            return false;
        }
        match &self.judge {
            Some(judge) => judge.verdict.quorate,
            None => self.quorum.quorate(now),
        }
    }

    /// Whether this node is alone because its own cables are out: whatever its votes say, others may
    /// have taken over what it ran.
    #[must_use]
    pub fn is_cut_off(&self) -> bool {
        self.is_alone && (self.is_unplugged || self.looks_until.is_some())
    }

    /// The group has installed a view.
    pub fn view(&mut self, now: Duration, view: &View) {
        self.view = Some(view.id);
        self.is_alone = view.nodes().count() == 1;
        if !self.is_alone {
            self.looks_until = None;
        }
        self.acknowledging.restart();
        let mut members = BTreeMap::new();
        for (member, attachment) in &view.members {
            // Whoever brings what nobody understands is there, and has no vote.
            if let Ok(attachment) = Attachment::decode(attachment) {
                members.insert(member.node.0, attachment);
            }
        }
        self.set_votes = None;
        let id = quorum::ViewId {
            counter: view.id.counter,
            leader: view.id.leader.node.0,
        };
        match &mut self.judge {
            Some(judge) => judge.verdict = unjudged(&judge.whom),
            None => {
                let commands = self.quorum.view(quorum::View { id, members }, now);
                self.obey(commands);
            }
        }
        let standing = self.standing();
        if let Some(resources) = &mut self.resources {
            resources.view(now, view);
        }
        self.replica.view(view, standing);
        self.settle(now, true);
    }

    /// The group delivers the next message of the view.
    pub fn deliver(&mut self, now: Duration, delivery: Delivery) {
        let Delivery {
            seq,
            sender,
            payload,
        } = delivery;
        match Message::decode(payload) {
            Ok(Message::Replica(payload)) => {
                self.acknowledging.delivered(seq, true);
                self.replica.deliver(seq, sender, payload);
            }
            Ok(Message::Fact(fact)) => {
                self.acknowledging.delivered(seq, false);
                if self.judge.is_none() {
                    let commands = self.quorum.deliver(seq, fact, now);
                    self.obey(commands);
                }
                self.settle_quorum(now, false);
            }
            Ok(Message::Control(payload)) => {
                self.acknowledging.delivered(seq, false);
                self.hear_controller(now, sender, &payload);
            }
            Ok(Message::Fencing(payload)) => {
                self.acknowledging.delivered(seq, false);
                self.outputs.push_back(Output::Fencing { sender, payload });
            }
            Ok(Message::Application(payload)) => {
                self.acknowledging.delivered(seq, false);
                self.outputs
                    .push_back(Output::Application { sender, payload });
            }
            Err(_) => {
                self.acknowledging.delivered(seq, false);
                self.outputs.push_back(Output::Unreadable(sender));
            }
        }
        self.settle_replica();
    }

    /// Everything up to this message of the view is committed.
    pub fn committed(&mut self, seq: u64) {
        self.replica.stable(seq);
        self.settle_replica();
    }

    /// To the leader: every member has acknowledged everything up to this message of the view.
    pub fn acknowledged_by_all(&mut self, now: Duration, seq: u64) {
        if self.judge.is_none() {
            let commands = self.quorum.stable(seq, now);
            self.obey(commands);
        }
        self.settle(now, false);
    }

    /// A write has ended.
    pub fn written(
        &mut self,
        now: Duration,
        number: WriteNumber,
        result: Result<(), WriteFailure>,
    ) {
        match self.replica_writes.remove(&number.0) {
            Some(id) => self.replica.written(id, result),
            None => self.record_written(now, number, result),
        }
        self.settle(now, false);
    }

    /// A record that could not be written holds acknowledgements up until it is: it is tried again.
    fn record_written(
        &mut self,
        now: Duration,
        number: WriteNumber,
        result: Result<(), WriteFailure>,
    ) {
        let Err(failure) = result else {
            self.acknowledging.saved(number.0);
            self.record_failures = 0;
            return;
        };
        let pause = FIRST_RETRY.saturating_mul(1 << self.record_failures.min(16));
        self.record_retry_at = Some(now + pause.min(LONGEST_RETRY));
        self.record_failures = self.record_failures.saturating_add(1);
        let failures = self.record_failures;
        self.outputs
            .push_back(Output::Report(if failures == WRITE_FAILURES {
                Report::NotDurable
            } else {
                Report::WriteFailed { failure, failures }
            }));
    }

    fn retry_record(&mut self, now: Duration) {
        if self.record_retry_at.is_none_or(|at| now < at) {
            return;
        }
        self.record_retry_at = None;
        if let Some(record) = self.record.clone() {
            let number = self.number();
            self.outputs
                .push_back(Output::Write(number, Write::Record(record)));
        }
    }

    /// A client of this node wants something.
    pub fn request(&mut self, id: RequestId, request: Request) {
        self.replica.request(id, request);
        self.settle_replica();
    }

    /// An operator says something that changes the verdict.
    pub fn say(&mut self, fact: Fact) {
        self.outputs
            .push_back(Output::Submit(Message::Fact(fact).encode()));
    }

    /// Somebody uses the group for a message of his own.
    pub fn send(&mut self, payload: Bytes) {
        self.outputs
            .push_back(Output::Submit(Message::Application(payload).encode()));
    }

    /// The witness gives its vote for the present view until then, or (`None`) not.
    pub fn witness(&mut self, now: Duration, until: Option<Duration>) {
        if self.judge.is_none() {
            let commands = self.quorum.witness(until, now);
            self.obey(commands);
        }
        self.settle(now, false);
    }

    /// Time passes.
    pub fn tick(&mut self, now: Duration) {
        if self.judge.is_none() {
            let commands = self.quorum.tick(now);
            self.obey(commands);
        }
        self.replica.tick(now);
        self.retry_record(now);
        self.look_no_longer(now);
        if let Some(resources) = &mut self.resources {
            let clocks = resources.clock(now);
            resources.controller.tick(clocks);
        }
        self.settle(now, false);
    }

    /// When [`ClusterNode::tick`] is to be called next, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let quorum = self.quorum.deadline().filter(|_| self.judge.is_none());
        let controller = self.controller().and_then(Controller::deadline);
        let others = self.replica.deadline().into_iter().chain(controller);
        let others = others.chain(self.looks_until);
        others.chain(quorum).chain(self.record_retry_at).min()
    }

    /// What is wanted next. To be asked until there is nothing more.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn obey(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Broadcast(fact) => self.say(fact),
                Command::Save(record) => {
                    let number = self.number();
                    self.acknowledging.waits_for(number.0);
                    self.record = Some(record.clone());
                    self.outputs
                        .push_back(Output::Write(number, Write::Record(record)));
                }
                Command::Refused(fact, refusal) => {
                    self.outputs.push_back(Output::FactRefused(fact, refusal));
                }
            }
        }
    }

    fn number(&mut self) -> WriteNumber {
        self.next_write += 1;
        WriteNumber(self.next_write - 1)
    }

    fn standing(&self) -> Standing {
        let verdict = self.verdict();
        Standing {
            quorate: verdict.quorate,
            exclusive: verdict.exclusive,
        }
    }

    /// What follows for the group, the replica and the clients.
    fn settle(&mut self, now: Duration, view_began: bool) {
        self.settle_quorum(now, view_began);
        self.settle_replica();
    }

    /// What follows from quorum. The replica's messages and those of others do not touch it, and are
    /// many.
    fn settle_quorum(&mut self, now: Duration, view_began: bool) {
        if view_began || self.verdict != *self.verdict() {
            self.verdict = self.verdict().clone();
            self.outputs
                .push_back(Output::Verdict(self.verdict.clone()));
            if !view_began {
                self.replica.standing(self.standing());
            }
        }
        self.settle_votes(now);
        let attachment = Bytes::from(self.quorum.attachment(now).encode());
        if attachment != self.attachment {
            self.attachment = attachment.clone();
            self.outputs.push_back(Output::SetAttachment(attachment));
        }
    }

    /// What follows from the replica, and what can be acknowledged by now.
    fn settle_replica(&mut self) {
        loop {
            while let Some(output) = self.replica.poll() {
                self.pass_on(output);
            }
            if !self.settle_resources() {
                break;
            }
        }
        if let (Some(view), Some(seq)) = (self.view, self.acknowledging.advance()) {
            self.outputs.push_back(Output::Acknowledge(view, seq));
        }
    }

    fn settle_votes(&mut self, now: Duration) {
        let mut votes = lease_votes(self.verdict());
        if self.judge.is_none() && !self.quorum.vouches(now) {
            votes.needed = 0;
        }
        if self.set_votes.as_ref() != Some(&votes) {
            self.set_votes = Some(votes.clone());
            self.outputs.push_back(Output::SetVotes(votes));
        }
    }

    fn pass_on(&mut self, output: replica::Output) {
        let output = match output {
            replica::Output::Submit(payload) => Output::Submit(Message::Replica(payload).encode()),
            replica::Output::Acknowledge(seq) => {
                self.acknowledging.replica_acknowledged(seq);
                return;
            }
            replica::Output::Write { id, job } => {
                let number = self.number();
                self.replica_writes.insert(number.0, id);
                Output::Write(number, Write::Replica(job))
            }
            replica::Output::Answer { request, answer } => {
                let answer = match &mut self.resources {
                    Some(resources) => resources.answered(request, answer),
                    None => Some(answer),
                };
                let Some(answer) = answer else { return };
                Output::Answer(request, answer)
            }
            replica::Output::Changed(changed) => {
                if let Some(resources) = &mut self.resources {
                    resources.changed(&changed);
                }
                Output::Changed(changed)
            }
            replica::Output::Report(report) => Output::Report(report),
        };
        self.outputs.push_back(output);
    }
}
