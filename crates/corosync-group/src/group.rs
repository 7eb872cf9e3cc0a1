//! One node's part: what corosync tells goes in, what the daemon hears and what is to be multicast
//! comes out.

mod forming;
mod working;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;
use membership::limits::MAX_ATTACHMENT_BYTES;
use membership::{Commitment, Delivery, Member, NodeId, Refused, View, ViewId, Votes};

use crate::Process;
use crate::beats::Beats;
use crate::order::Order;
use crate::quorum_state::{Judgement, QuorumState};
use crate::submissions::Submissions;
use crate::wire::{Body, Frame, Garbled, Hello};

/// What a group is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This node, in this life.
    pub me: Member,
    /// The greatest counter of a view that this node is known to have had.
    pub counter: u64,
    /// What this node brings along to views.
    pub attachment: Bytes,
    /// When a message is committed.
    pub commitment: Commitment,
    /// The votes of every node of the configuration.
    pub votes: BTreeMap<NodeId, u32>,
}

/// A connection with corosync.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// This process, as CPG names it.
    pub process: Process,
    /// How long corosync waits at least before it goes on without a node: the shorter one of `token`
    /// and `consensus`.
    pub patience: Duration,
}

/// What the daemon is told, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A view begins.
    View(View),
    /// The next message of the view.
    Deliver(Delivery),
    /// Everything up to this place is committed.
    Committed(u64),
    /// To the leader: every member has acknowledged everything up to this place.
    AcknowledgedByAll(u64),
    /// What votequorum says about the view, at this place of the order on every member.
    Judged(Judgement),
    /// Something for the log.
    Trouble(Trouble),
    /// Corosync has not kept the order: the group is to be left and joined anew.
    Broken,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Two processes of one node are in the group: no view begins until one has gone.
    TwoProcesses(NodeId),
    /// A node says what is not understood.
    Garbled(NodeId, Garbled),
    /// A node does not answer, though corosync says that its process is there.
    Silent(NodeId, Duration),
}

#[derive(Debug)]
enum Phase {
    /// Not in the group.
    Apart,
    /// In a configuration that is not yet a view.
    Forming(Forming),
    /// In a view.
    Operating,
}

/// What has been said since the configuration began.
#[derive(Debug, Default)]
struct Forming {
    /// The leader's latest call.
    call: Option<ViewId>,
    /// The answers to it.
    hellos: BTreeMap<Process, (Member, Hello)>,
}

/// What waits to be multicast ahead of messages.
#[derive(Debug)]
enum Control {
    Frame(Body),
    Beat,
}

/// A node's part in the group. Everything that happens is told with the time, as a `Duration` since
/// any fixed moment, which must count while the machine sleeps.
#[derive(Debug)]
pub struct CorosyncGroup {
    me: Member,
    attachment: Bytes,
    commitment: Commitment,
    configured: BTreeMap<NodeId, u32>,

    joined: Option<Joined>,
    configuration: BTreeSet<Process>,
    phase: Phase,
    view: View,
    /// The greatest counter of a view that was known here; the greatest one that was called.
    known: u64,
    called: u64,

    order: Order,
    submissions: Submissions,
    acknowledged: u64,
    /// What was last multicast of it.
    told: u64,
    votes: Votes,

    ring: Option<u64>,
    quorum: Option<QuorumState>,
    /// As the leader: what was last said of the view.
    judged: Option<Judgement>,

    beats: Beats,
    beat_waits: bool,
    heard: BTreeMap<NodeId, Duration>,
    silent: BTreeSet<NodeId>,
    control: VecDeque<Control>,
    outputs: VecDeque<Output>,
}

impl CorosyncGroup {
    /// A node that is not yet in the group.
    #[must_use]
    pub fn new(settings: Settings, now: Duration) -> Self {
        let me = settings.me;
        let id = ViewId {
            counter: settings.counter,
            leader: me,
        };
        let view = View {
            id,
            members: BTreeMap::from([(me, settings.attachment.clone())]),
            together: vec![me],
        };
        Self {
            me,
            attachment: settings.attachment,
            commitment: settings.commitment,
            configured: settings.votes,
            joined: None,
            configuration: BTreeSet::new(),
            phase: Phase::Apart,
            view,
            known: settings.counter,
            called: settings.counter,
            order: Order::default(),
            submissions: Submissions::default(),
            acknowledged: 0,
            told: 0,
            votes: Votes::default(),
            ring: None,
            quorum: None,
            judged: None,
            beats: Beats::new(Duration::ZERO, now),
            beat_waits: false,
            heard: BTreeMap::new(),
            silent: BTreeSet::new(),
            control: VecDeque::new(),
            outputs: VecDeque::new(),
        }
    }

    /// This process has asked CPG to be in the group.
    pub fn join(&mut self, now: Duration, joined: Joined) {
        self.disconnected();
        self.joined = Some(joined);
        self.beats = Beats::new(joined.patience, now);
    }

    /// Corosync is gone, or the group was left.
    pub fn disconnected(&mut self) {
        self.joined = None;
        self.configuration.clear();
        self.phase = Phase::Apart;
        self.control.clear();
        self.beat_waits = false;
        (self.ring, self.quorum) = (None, None);
        self.heard.clear();
        self.silent.clear();
    }

    /// CPG has another configuration: these processes are in it.
    pub fn configuration(&mut self, now: Duration, processes: impl IntoIterator<Item = Process>) {
        self.configuration = processes.into_iter().collect();
        self.control
            .retain(|control| matches!(control, Control::Beat));
        let me = self.joined.map(|joined| joined.process);
        if !me.is_some_and(|me| self.configuration.contains(&me)) {
            self.phase = Phase::Apart;
            return;
        }
        self.phase = Phase::Forming(Forming::default());
        self.heard = self.nodes().map(|node| (node, now)).collect();
        self.silent.clear();
        if let Some(node) = self.doubled() {
            self.outputs
                .push_back(Output::Trouble(Trouble::TwoProcesses(node)));
        } else if self.leads() {
            self.call(self.known);
        }
    }

    /// CPG tells the ring's number.
    pub fn ring(&mut self, number: u64) {
        self.ring = Some(number);
        self.judge();
    }

    /// Votequorum says something.
    pub fn quorum(&mut self, state: QuorumState) {
        // CPG tells the ring only when it changes: until then it is the one that votequorum names.
        self.ring.get_or_insert(state.ring);
        self.quorum = Some(state);
        self.judge();
    }

    /// CPG delivers a message.
    pub fn deliver(&mut self, now: Duration, from: Process, bytes: Bytes) {
        if !self.configuration.contains(&from) {
            return;
        }
        self.heard.insert(from.node, now);
        self.silent.remove(&from.node);
        let Frame { from: life, body } = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(garbled) => {
                let trouble = Trouble::Garbled(from.node, garbled);
                self.outputs.push_back(Output::Trouble(trouble));
                return;
            }
        };
        let member = Member {
            node: from.node,
            incarnation: life,
        };
        match body {
            Body::Call { counter } => self.on_call(from, member, counter),
            Body::Hello(hello) => self.on_hello(from, member, hello),
            Body::Work(work) => self.on_work(member, work),
            Body::Beat { number } => {
                if self.is_me(from) {
                    self.beats.came_back(number);
                }
            }
            Body::Judged { view, judgement } => self.on_judged(member, view, judgement),
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, now: Duration) {
        if matches!(self.phase, Phase::Apart) {
            return;
        }
        if now >= self.beats.next_at && !self.beat_waits {
            self.beat_waits = true;
            self.control.push_back(Control::Beat);
        }
        let patience = self.beats.patience();
        // Where nothing comes back of our own, it is the ring that is silent, and corosync's to tell.
        let own = self.heard.get(&self.me.node).copied().unwrap_or(now);
        for (node, at) in &self.heard {
            let silence = own.saturating_sub(*at);
            if silence > patience && self.silent.insert(*node) {
                let trouble = Trouble::Silent(*node, silence);
                self.outputs.push_back(Output::Trouble(trouble));
            }
        }
    }

    /// When to tick next, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        if matches!(self.phase, Phase::Apart) || self.beat_waits {
            return Duration::MAX;
        }
        self.beats.next_at
    }

    /// What is to be multicast next, in agreed order. It may be tried again later, but must not be
    /// left out.
    pub fn frame(&mut self, now: Duration) -> Option<Bytes> {
        if matches!(self.phase, Phase::Apart) {
            return None;
        }
        let body = match self.control.pop_front() {
            Some(Control::Frame(body)) => body,
            Some(Control::Beat) => {
                self.beat_waits = false;
                let number = self.beats.send(now);
                Body::Beat { number }
            }
            None => Body::Work(self.work()?),
        };
        let from = self.me.incarnation;
        Some(Frame { from, body }.encode())
    }

    /// What has happened. To be asked until there is nothing more.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Submits a message. It is delivered to every member once, after those that this node has
    /// submitted before; in this view, or, if that ends before, in the next.
    ///
    /// # Errors
    /// When it is longer than [`crate::limits::MAX_MESSAGE_BYTES`], or too many messages wait.
    pub fn submit(&mut self, payload: Bytes) -> Result<(), Refused> {
        self.submissions.push(payload)
    }

    /// Tells that this node acknowledges every message of a view up to this place. Ignored when the
    /// view has ended.
    pub fn acknowledge(&mut self, view: ViewId, seq: u64) {
        if self.is_operating() && view == self.view.id {
            self.acknowledged = self.acknowledged.max(seq.min(self.order.seq));
        }
    }

    /// Says what votes the view has, for [`Commitment::Votes`] and the lease.
    pub fn set_votes(&mut self, votes: Votes) {
        self.votes = votes;
        if self.is_operating() {
            self.review_commitment();
        }
    }

    /// What this node brings along to the next views. Whether it is short enough
    /// ([`MAX_ATTACHMENT_BYTES`]).
    pub fn set_attachment(&mut self, attachment: Bytes) -> bool {
        let fits = attachment.len() <= MAX_ATTACHMENT_BYTES;
        if fits {
            self.attachment = attachment;
        }
        fits
    }

    /// For how long this node may rely on the view's quorum: see `PROTOCOL.md`, "The lease".
    #[must_use]
    pub fn lease(&self, now: Duration) -> Option<Duration> {
        let state = self.current_quorum()?;
        if !self.is_operating() || self.votes.needed == 0 || !state.quorate {
            return None;
        }
        let until = self.beats.lease_until()?;
        until.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// The view that this node is in, or was last in.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Whether this node is in a view now.
    #[must_use]
    pub fn is_operating(&self) -> bool {
        matches!(self.phase, Phase::Operating)
    }

    /// When the process of a node was last heard.
    #[must_use]
    pub fn heard_at(&self, node: NodeId) -> Option<Duration> {
        self.heard.get(&node).copied()
    }

    /// How long corosync waits before it goes on without a node.
    #[must_use]
    pub fn patience(&self) -> Option<Duration> {
        self.joined.map(|joined| joined.patience)
    }

    /// What votequorum says, if it speaks of the ring in which CPG is.
    fn current_quorum(&self) -> Option<&QuorumState> {
        let state = self.quorum.as_ref()?;
        (Some(state.ring) == self.ring).then_some(state)
    }

    fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.configuration.iter().map(|process| process.node)
    }

    /// A node of which two processes are in the configuration.
    fn doubled(&self) -> Option<NodeId> {
        let mut nodes = self.nodes().zip(self.nodes().skip(1));
        nodes
            .find(|(one, other)| one == other)
            .map(|(node, _)| node)
    }

    fn is_me(&self, process: Process) -> bool {
        self.joined.is_some_and(|joined| joined.process == process)
    }

    /// The process of the lowest node leads.
    fn leader(&self) -> Option<Process> {
        self.configuration.first().copied()
    }

    fn leads(&self) -> bool {
        self.leader().is_some_and(|leader| self.is_me(leader))
    }
}
