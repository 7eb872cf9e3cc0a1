//! One member's part: a state machine of ordered messages, writes that ended, and requests.
//!
//! ```text
//! request ──► waiting ──► Submit ──► (group) ──► deliver ──► applied ──► Write ──► written
//!                                                   │                                 │
//!    Answer, Changed ◄── committed ◄── stable ◄── (group: all have acknowledged) ◄── Acknowledge
//! ```

mod changes;
mod commit;
mod durability;
mod requests;
mod round;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cib::CibVersion;
use cib::xml::Document;
use membership::{Member, View, ViewId};

use crate::copy::{CibCopy, Position};
use crate::message::Message;
use crate::output::{Answer, Output, Report, Request, RequestId, Standing, WriteFailure, WriteId};
use changes::Assembly;
use commit::{Carried, Entry};
use durability::Durability;
use requests::{Own, Parts};
use round::Round;

/// The replicated CIB on one node.
///
/// Call [`Replica::poll`] until it has nothing more after every other call.
pub struct Replica {
    me: Member,
    /// With every message that was delivered.
    applied: CibCopy,
    /// With every message that is stable: the only tree that anybody sees.
    committed: Arc<Document>,
    /// Messages that are delivered and not stable, in order.
    log: VecDeque<Entry>,
    /// What `applied` was when a marker came that is not stable yet.
    markers: VecDeque<(u64, Arc<Document>)>,
    round: Option<Round>,
    /// Changes and reads that came before the marker.
    deferred: Vec<(Member, Message)>,
    assemblies: BTreeMap<Member, Assembly>,
    was_quorate: bool,
    own: BTreeMap<u64, Own>,
    next_number: u64,
    /// The own change that is being submitted in parts.
    parts: Option<Parts>,
    /// Own changes that were delivered in an earlier view and did not become stable there.
    carried: Vec<Carried>,
    durability: Durability,
    delivered: u64,
    acknowledged: u64,
    outbox: VecDeque<Output>,
}

impl Replica {
    /// A replica of `member` with the copy that was on disk, and the highest term that it promised.
    #[must_use]
    pub fn new(me: Member, copy: CibCopy, promised: u64) -> Self {
        let promised = promised.max(copy.position.term);
        Self {
            me,
            committed: Arc::clone(&copy.document),
            durability: Durability::new(&copy, promised),
            applied: copy,
            log: VecDeque::new(),
            markers: VecDeque::new(),
            round: None,
            deferred: Vec::new(),
            assemblies: BTreeMap::new(),
            was_quorate: false,
            own: BTreeMap::new(),
            next_number: 1,
            parts: None,
            carried: Vec::new(),
            delivered: 0,
            acknowledged: 0,
            outbox: VecDeque::new(),
        }
    }

    /// A view is installed: every message of the one before that will be delivered here was.
    pub fn view(&mut self, view: &View, standing: Standing) {
        // An acknowledgement of a message of the old view would be taken for one of the new.
        self.outbox
            .retain(|output| !matches!(output, Output::Acknowledge(_)));
        self.durability.begin_view();
        (self.delivered, self.acknowledged) = (0, 0);
        self.markers.clear();
        self.assemblies.clear();
        self.carry_over();
        self.end_round();
        let members = view.members.keys().copied().collect();
        self.begin_round(view.id, 0, members, standing);
        self.settle();
    }

    /// The standing of the view has changed, at this point of the order on every member.
    pub fn standing(&mut self, standing: Standing) {
        let Some(round) = &mut self.round else { return };
        let before = std::mem::replace(&mut round.standing, standing);
        if round.is_established() {
            self.was_quorate = standing.quorate;
        }
        if before.exclusive != standing.exclusive {
            self.durability.begin_round();
            let (view, number) = (round.id.view, round.id.number.saturating_add(1));
            let members = std::mem::take(&mut round.members);
            self.end_round();
            self.begin_round(view, number, members, standing);
        }
        self.settle();
    }

    /// Message `seq` of the view, which `sender` submitted, is delivered.
    pub fn deliver(&mut self, seq: u64, sender: Member, payload: Bytes) {
        self.delivered = seq;
        match Message::decode(payload) {
            Ok(message) => self.receive(seq, sender, message),
            Err(problem) => self.report(Report::Unreadable { sender, problem }),
        }
        self.settle();
    }

    /// All members (or those with a quorum of votes) have acknowledged every message up to `seq`.
    pub fn stable(&mut self, seq: u64) {
        self.commit(seq);
        self.round_is_stable(seq);
        self.settle();
    }

    /// The write `id` has come to an end.
    pub fn written(&mut self, id: WriteId, result: Result<(), WriteFailure>) {
        if let Some(report) = self.durability.written(id, result) {
            self.report(report);
        }
        self.settle();
    }

    /// It is `now`, since an arbitrary start: a write that failed may be due again.
    pub fn tick(&mut self, now: Duration) {
        self.durability.set_time(now);
        self.settle();
    }

    /// When [`Replica::tick`] has something to do, if it has.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.durability.deadline()
    }

    /// A client of this node asks for something; the answer comes as an output, for a change not
    /// before it is committed or known to be lost.
    pub fn request(&mut self, id: RequestId, request: Request) {
        match request {
            Request::ReadLocal => self.answer_with_cib(id),
            Request::Read => self.accept_read(id),
            Request::Change(change) => self.accept_change(id, &change),
        }
        self.settle();
    }

    /// What is to be done next.
    pub fn poll(&mut self) -> Option<Output> {
        self.outbox.pop_front()
    }

    /// The committed CIB.
    #[must_use]
    pub fn committed(&self) -> &Arc<Document> {
        &self.committed
    }

    /// The version of the committed CIB.
    #[must_use]
    pub fn version(&self) -> CibVersion {
        CibVersion::of(self.committed.root())
    }

    /// What of the exclusive order this node's copy has, what is not committed included.
    #[must_use]
    pub fn position(&self) -> Position {
        self.applied.position
    }

    /// The view whose members all have one copy, if this node is in one.
    #[must_use]
    pub fn established(&self) -> Option<(ViewId, Standing)> {
        let round = self.round.as_ref().filter(|it| it.is_established())?;
        Some((round.id.view, round.standing))
    }

    /// Whether writes succeed; if not, the node should leave.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        self.durability.is_durable()
    }

    fn receive(&mut self, seq: u64, sender: Member, message: Message) {
        match message {
            Message::Summary(round, summary) => self.summary(seq, sender, round, *summary),
            Message::State {
                round,
                index,
                bytes,
            } => self.state_part(sender, round, index, &bytes),
            Message::Marker(round) => self.marker(seq, sender, round),
            Message::Part {
                view,
                number,
                index,
                count,
                bytes,
            } => {
                let is_own = sender == self.me && self.is_in_view(view);
                if let Some(change) = self.assemble(sender, view, number, (index, count), &bytes) {
                    self.run_or_defer(seq, sender, Message::Change { number, change });
                }
                if is_own {
                    self.own_part_delivered(number);
                }
            }
            Message::Change { .. } | Message::Read { .. } => {
                self.run_or_defer(seq, sender, message);
            }
        }
    }

    fn is_in_view(&self, view: ViewId) -> bool {
        self.round
            .as_ref()
            .is_some_and(|round| round.id.view == view)
    }

    /// Does what has become possible: writes, acknowledgements.
    fn settle(&mut self) {
        if let Some(write) = self.durability.next_write(&self.applied) {
            self.outbox.push_back(write);
        }
        let acknowledged = self.durability.acknowledged(self.delivered);
        if acknowledged > self.acknowledged {
            self.acknowledged = acknowledged;
            self.outbox.push_back(Output::Acknowledge(acknowledged));
        }
    }

    fn submit(&mut self, message: &Message) {
        self.outbox.push_back(Output::Submit(message.encode()));
    }

    fn report(&mut self, report: Report) {
        self.outbox.push_back(Output::Report(report));
    }

    fn answer(&mut self, request: RequestId, answer: Answer) {
        self.outbox.push_back(Output::Answer { request, answer });
    }
}
