//! One node's part in the group: what comes in, what goes out.

mod beats;
mod changing;
mod installing;
mod ordering;
mod watching;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::change::{Handover, Phase};
use crate::limits::{MAX_ATTACHMENT_BYTES, MAX_LINKS, MAX_NODES};
use crate::log::Log;
use crate::note::Note;
use crate::peer::{LinkHealth, Peer};
use crate::sequencer::{Commitment, Sequencer, Votes};
use crate::submissions::{Refused, Submissions};
use crate::wire::{Body, Frame, Garbled, Goodbye, Ordered};
use crate::{Incarnation, Member, NodeId, Timing, TimingError, View, ViewId};

/// What a group is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// This node, in this life.
    pub me: Member,
    /// The other nodes of the cluster.
    pub peers: Vec<NodeId>,
    /// The links between nodes, most preferred first; each below [`MAX_LINKS`].
    pub links: Vec<u8>,
    /// The times.
    pub timing: Timing,
    /// When a message is committed.
    pub commitment: Commitment,
    /// The greatest counter of a view that this node is known to have had.
    pub counter: u64,
    /// What this node brings along to views, see [`Group::set_attachment`].
    pub attachment: Bytes,
}

/// Settings that make no group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// See [`MAX_NODES`].
    #[error("{0} nodes are more than {MAX_NODES}")]
    TooManyNodes(usize),
    /// A node is named twice, or this node among its peers.
    #[error("node {0} is named twice")]
    Twice(NodeId),
    /// No link, or one whose number is not below [`MAX_LINKS`].
    #[error("the links are not 1 to {MAX_LINKS} different numbers from 0")]
    Links,
    /// Beyond [`MAX_ATTACHMENT_BYTES`].
    #[error("an attachment of {0} bytes is longer than {MAX_ATTACHMENT_BYTES}")]
    Attachment(usize),
    /// Times that contradict each other.
    #[error(transparent)]
    Timing(#[from] TimingError),
}

/// What the group wants done, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// A frame goes to a node over a link. It may be lost; nothing is reported back.
    Send {
        /// The receiver.
        to: NodeId,
        /// The link.
        link: u8,
        /// The bytes.
        frame: Bytes,
    },
    /// A view begins. Everything that is delivered from now on belongs to it.
    View(View),
    /// The next message of the view.
    Deliver(Delivery),
    /// Every message of the view up to this place is committed: acknowledged by all members, or by
    /// enough votes ([`Commitment`]).
    Committed(u64),
    /// To the leader: every member has acknowledged everything up to this place.
    AcknowledgedByAll(u64),
    /// Something for the log.
    Note(Note),
}

/// A message in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its place in its view, from 1.
    pub seq: u64,
    /// Who submitted it.
    pub sender: Member,
    /// What it says.
    pub payload: Bytes,
}

/// A node's part in the group. Everything that happens is told with the time, as a `Duration` since
/// any fixed moment, which must count while the machine sleeps; what follows is taken from
/// [`Group::poll`].
#[derive(Debug)]
pub struct Group {
    me: Member,
    timing: Timing,
    links: Vec<u8>,
    commitment: Commitment,
    attachment: Bytes,
    peers: BTreeMap<NodeId, Peer>,

    view: View,
    phase: Phase,
    /// The greatest view that was promised or installed.
    promised: ViewId,
    /// The greatest counter that was ever seen.
    counter: u64,
    /// Members of this view that are surely gone from it: no lease of theirs has to be waited for.
    gone: BTreeSet<NodeId>,
    handover: Option<Handover>,
    /// Leaders of other views that could not be absorbed: until when they are left alone.
    rebuffs: BTreeMap<NodeId, Rebuff>,
    merge_since: Option<Duration>,

    votes: Votes,
    /// Until then a former life of this node may have a promise to keep: this one supports nobody and
    /// votes for nothing.
    votes_from: Duration,
    /// As a member: whether our heartbeats prolong the leader's lease.
    supporting: bool,
    /// As a member: until when we follow nobody but our leader.
    loyal_until: Duration,
    /// As a member: until when the leader vouches for the view's quorum.
    lease_until: Duration,
    /// As a member: since when the leader has been gone.
    leaderless_since: Option<Duration>,

    log: Log,
    sequencer: Option<Sequencer>,
    submissions: Submissions,
    acknowledged: u64,
    committed: u64,
    /// What the leader said is committed; some of it may not have come yet.
    settled_ahead: u64,
    /// What the leader was last told of our progress.
    told: (u64, u64),
    missing_at: Option<Duration>,
    /// Messages of the view that was promised, which have overtaken its installation.
    overtaking: Vec<Ordered>,

    outputs: VecDeque<Output>,
    /// When we last looked, and when we meant to look again.
    awake_until: Option<Duration>,
    left: bool,
}

/// A leader that did not come along.
#[derive(Clone, Copy, Debug)]
struct Rebuff {
    until: Duration,
    next_pause: Duration,
}

impl Group {
    /// A node alone, in a view of its own.
    ///
    /// # Errors
    /// Where the settings break a limit or contradict each other.
    pub fn new(settings: Settings, now: Duration) -> Result<Self, SettingsError> {
        check(&settings)?;
        let counter = settings.counter + 1;
        let me = settings.me;
        let id = ViewId {
            counter,
            leader: me,
        };
        let links = settings
            .links
            .iter()
            .max()
            .map_or(0, |max| usize::from(*max) + 1);
        let mut peers = BTreeMap::new();
        for node in settings.peers {
            let mut peer = Peer::new(node, links);
            peer.next_heartbeat = now;
            peers.insert(node, peer);
        }
        let view = View {
            id,
            members: BTreeMap::from([(me, settings.attachment.clone())]),
            together: vec![me],
        };
        Ok(Self {
            me,
            timing: settings.timing,
            links: settings.links,
            commitment: settings.commitment,
            attachment: settings.attachment,
            peers,
            outputs: VecDeque::from([Output::View(view.clone())]),
            view,
            phase: Phase::Operating,
            promised: id,
            counter,
            gone: BTreeSet::new(),
            handover: None,
            rebuffs: BTreeMap::new(),
            merge_since: None,
            votes: Votes::default(),
            votes_from: now + settings.timing.detection_floor,
            supporting: true,
            loyal_until: now,
            lease_until: Duration::ZERO,
            leaderless_since: None,
            log: Log::default(),
            sequencer: Some(Sequencer::new(std::iter::empty())),
            submissions: Submissions::default(),
            acknowledged: 0,
            committed: 0,
            settled_ahead: 0,
            told: (0, 0),
            missing_at: None,
            overtaking: Vec::new(),
            awake_until: None,
            left: false,
        })
    }

    /// This node, in this life.
    #[must_use]
    pub fn me(&self) -> Member {
        self.me
    }

    /// The view that this node is in.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The greatest counter of a view that was ever seen: what [`Settings::counter`] should be in the
    /// next life.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// For how long from now this node may rely on the votes of its view ([`Group::set_votes`]);
    /// nothing where it may not. While it may, no view that excludes this node has gained a quorum
    /// that intersects this one's votes.
    #[must_use]
    pub fn lease(&self, now: Duration) -> Option<Duration> {
        if !matches!(self.phase, Phase::Operating) || self.left || now < self.votes_from {
            return None;
        }
        let until = match &self.sequencer {
            Some(sequencer) => {
                sequencer.lease_until(self.me.node, &self.votes, self.timing.lease())?
            }
            None => self.lease_until,
        };
        until.checked_sub(now).filter(|left| !left.is_zero())
    }

    /// Says what votes the present view has, and how many it needs. Until then it has no lease, and
    /// with [`Commitment::Votes`] a message is committed when all have acknowledged it. To be called
    /// after every [`Output::View`].
    pub fn set_votes(&mut self, votes: Votes) {
        self.votes = votes;
    }

    /// What this node brings along to the next views.
    ///
    /// # Errors
    /// When it is longer than [`MAX_ATTACHMENT_BYTES`].
    pub fn set_attachment(&mut self, attachment: Bytes) -> Result<(), SettingsError> {
        if attachment.len() > MAX_ATTACHMENT_BYTES {
            return Err(SettingsError::Attachment(attachment.len()));
        }
        self.attachment = attachment;
        Ok(())
    }

    /// Submits a message. It is delivered to every member once, after those that this node has
    /// submitted before; in this view, or, if that ends before, in the next. A node that had it in
    /// order in a view, and was parted from this one before this one had, may be given it again in a
    /// later view: the layer above names its messages where that matters.
    ///
    /// # Errors
    /// When it is too long, or too many messages wait.
    pub fn submit(&mut self, payload: Bytes) -> Result<(), Refused> {
        self.submissions.push(payload)
    }

    /// Tells that this node acknowledges every message of a view up to this place. Ignored when the
    /// view has ended.
    pub fn acknowledge(&mut self, view: ViewId, seq: u64) {
        if view == self.view.id {
            self.acknowledged = self.acknowledged.max(seq.min(self.log.received()));
        }
    }

    /// The transport has, or no longer has, a way to a peer over a link.
    pub fn link(&mut self, now: Duration, node: NodeId, link: u8, connected: bool) {
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        if let Some(health) = peer.links.get_mut(usize::from(link))
            && health.connected != connected
        {
            health.connected = connected;
            if connected {
                peer.next_heartbeat = now;
            }
            let note = if connected {
                Note::LinkUp { node, link }
            } else {
                Note::LinkDown { node, link }
            };
            self.outputs.push_back(Output::Note(note));
        }
    }

    /// A frame came from a node over a link. The transport has made sure who sent it.
    ///
    /// # Errors
    /// When the bytes are no frame of this version. Nothing has changed then.
    pub fn receive(
        &mut self,
        now: Duration,
        from: NodeId,
        link: u8,
        bytes: Bytes,
    ) -> Result<(), Garbled> {
        let frame = Frame::decode(bytes)?;
        if self.left || !self.is_present(now, from, &frame) {
            return Ok(());
        }
        let Frame {
            from: life,
            to,
            body,
        } = frame;
        let sender = Member {
            node: from,
            incarnation: life,
        };
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.heard(now, link);
        }
        match body {
            Body::Heartbeat(body) => {
                self.on_heartbeat(now, from, link, &body, to == self.me.incarnation)
            }
            Body::Submit(body) => self.on_submit(from, body),
            Body::Ordered(body) => self.on_ordered(now, from, body),
            Body::Progress(body) => self.on_progress(from, &body),
            Body::Settled(body) => self.on_settled(from, &body),
            Body::Missing(body) => self.on_missing(now, from, &body),
            Body::Invite(body) => self.on_invite(now, from, &body),
            Body::Accept(body) => self.on_accept(now, sender, body),
            Body::Decline(body) => self.on_decline(now, from, &body),
            Body::Tail(body) => self.on_tail(now, from, body),
            Body::Install(body) => self.on_install(now, from, body),
            Body::Goodbye(body) => self.on_goodbye(from, &body),
        }
        Ok(())
    }

    /// Whether a frame comes from the present life of a known node and is meant for ours. The first
    /// sign of a later life ends the former one.
    fn is_present(&mut self, now: Duration, from: NodeId, frame: &Frame) -> bool {
        let Some(peer) = self.peers.get_mut(&from) else {
            return false;
        };
        let meant_for_us = frame.to == Incarnation(0) || frame.to == self.me.incarnation;
        if !meant_for_us {
            // It speaks to a former life of ours, and learns of this one by our next heartbeat.
            peer.next_heartbeat = peer.next_heartbeat.min(now + self.timing.heartbeat / 4);
        }
        match peer.incarnation {
            Some(known) if frame.from < known => return false,
            Some(known) if frame.from == known => return meant_for_us,
            // Even if it speaks to a former life: where both have been started again, somebody must
            // notice the other one first.
            _ => {}
        }
        let restarted = peer.incarnation.is_some();
        peer.reborn(frame.from);
        peer.next_heartbeat = now;
        self.rebuffs.remove(&from);
        let member = Member {
            node: from,
            incarnation: frame.from,
        };
        if self
            .view
            .member(from)
            .is_some_and(|former| former != member)
        {
            self.gone.insert(from);
        }
        self.note(Note::Heard {
            node: from,
            restarted,
        });
        meant_for_us
    }

    fn on_goodbye(&mut self, from: NodeId, goodbye: &Goodbye) {
        if goodbye.view == self.view.id && self.gone.insert(from) {
            self.note(Note::Left { node: from });
        }
        // It is not to be invited either, for as long as its presence does not come again.
        if let Some(peer) = self.peers.get_mut(&from) {
            peer.report = None;
        }
    }

    /// Leaves for good, and says so. Nothing else comes from this group afterwards.
    pub fn leave(&mut self, now: Duration) {
        self.flush(now);
        let nodes: Vec<NodeId> = self.peers.keys().copied().collect();
        for node in nodes {
            self.send(now, node, Body::Goodbye(Goodbye { view: self.view.id }));
        }
        self.left = true;
    }

    /// What is wanted next. To be asked until there is nothing more.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// The state of every link to a peer, by number.
    #[must_use]
    pub fn links(&self, node: NodeId) -> Option<&[LinkHealth]> {
        Some(&self.peers.get(&node)?.links)
    }

    /// When anything was last heard of a peer in its present life.
    #[must_use]
    pub fn heard_at(&self, node: NodeId) -> Option<Duration> {
        self.peers.get(&node)?.heard_at
    }

    /// The link that messages to a peer take.
    #[must_use]
    pub fn link_in_use(&self, now: Duration, node: NodeId) -> Option<u8> {
        let peer = self.peers.get(&node)?;
        Some(peer.best_link(now, &self.timing, self.pace(node), &self.links))
    }

    /// After what silence a peer is taken for dead, as its heartbeats come at present.
    #[must_use]
    pub fn patience(&self, node: NodeId) -> Option<Duration> {
        Some(self.peers.get(&node)?.patience(&self.timing))
    }

    /// Whether the view is as it was installed: nobody changes it.
    #[must_use]
    pub fn is_operating(&self) -> bool {
        matches!(self.phase, Phase::Operating)
    }

    fn leads(&self) -> bool {
        self.sequencer.is_some()
    }

    fn leader(&self) -> NodeId {
        self.view.id.leader.node
    }

    fn weight(&self) -> u32 {
        u32::try_from(self.view.members.len()).unwrap_or(u32::MAX)
    }

    fn note(&mut self, note: Note) {
        self.outputs.push_back(Output::Note(note));
    }

    /// Sends over the link that works.
    fn send(&mut self, now: Duration, to: NodeId, body: Body) {
        let frame = Frame {
            from: self.me.incarnation,
            to: Incarnation(0),
            body,
        }
        .encode();
        self.send_frame(now, to, frame);
    }

    fn send_frame(&mut self, now: Duration, to: NodeId, frame: Bytes) {
        if let Some(link) = self.link_in_use(now, to) {
            self.outputs.push_back(Output::Send { to, link, frame });
        }
    }
}

fn check(settings: &Settings) -> Result<(), SettingsError> {
    settings.timing.check()?;
    let count = settings.peers.len() + 1;
    if count > MAX_NODES {
        return Err(SettingsError::TooManyNodes(count));
    }
    let mut nodes = BTreeSet::from([settings.me.node]);
    if let Some(twice) = settings.peers.iter().find(|node| !nodes.insert(**node)) {
        return Err(SettingsError::Twice(*twice));
    }
    let links: BTreeSet<u8> = settings.links.iter().copied().collect();
    let in_range = links.iter().all(|link| usize::from(*link) < MAX_LINKS);
    if links.is_empty() || links.len() != settings.links.len() || !in_range {
        return Err(SettingsError::Links);
    }
    if settings.attachment.len() > MAX_ATTACHMENT_BYTES {
        return Err(SettingsError::Attachment(settings.attachment.len()));
    }
    Ok(())
}
