//! Our own group over our own links.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use cluster_api::{LinkStatus, PathStatus};
use membership::{Garbled, Group, NodeId, Output, Refused, SettingsError, View, ViewId, Votes};

use super::{GroupEvent, GroupService};
use crate::keys::{Keys, KeysError};
use crate::setup::Setup;
use crate::transport::{self, Event, Events, Limits, Sent, StartError, Transport};

/// Frames that are taken in before the clock is looked at again.
const TAKE_IN: usize = 512;
/// Nonsense from a node is told so often.
const GARBLED_PAUSE: Duration = Duration::from_secs(10);

/// Why the group does not start.
#[derive(Debug, thiserror::Error)]
pub enum EmbeddedError {
    /// The keys cannot be read or used.
    #[error("the cluster's keys: {0}")]
    Keys(#[from] KeysError),
    /// A socket cannot be had.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The configuration makes no group.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// Our own group over our own links.
pub struct Embedded {
    group: Group,
    transport: Transport,
    events: Events,
    /// The event that made us ready.
    waiting: Option<Event>,
    said: VecDeque<GroupEvent>,
    keys: PathBuf,
    cluster: String,
    own: NodeId,
    names: BTreeMap<NodeId, String>,
    /// Of each node that sent nonsense: when that was told, and how often it came since.
    garbled: BTreeMap<u32, (Duration, u64)>,
}

impl Embedded {
    /// Binds the links and begins, alone.
    ///
    /// # Errors
    /// Where keys, addresses or settings do not allow it.
    pub fn start(
        setup: &Setup,
        settings: membership::Settings,
        now: Duration,
    ) -> Result<Self, EmbeddedError> {
        let own = setup.node;
        let keys = Keys::read(&setup.keys, setup.cluster(), own.0)?;
        let links = setup.links.iter().map(|link| transport::Link {
            number: link.number,
            listen: link.listen,
            peers: link
                .peers
                .iter()
                .map(|(node, address)| (node.0, *address))
                .collect(),
        });
        let incarnation = settings.me.incarnation.0;
        let group = Group::new(settings, now)?;
        let (transport, events) = Transport::start(transport::Settings {
            own: own.0,
            incarnation,
            cluster: setup.cluster().to_owned(),
            links: links.collect(),
            keys,
            limits: Limits::default(),
        })?;
        Ok(Self {
            group,
            transport,
            events,
            waiting: None,
            said: VecDeque::new(),
            keys: setup.keys.clone(),
            cluster: setup.cluster().to_owned(),
            own,
            names: setup.names.clone(),
            garbled: BTreeMap::new(),
        })
    }

    fn take(&mut self, now: Duration, event: Event) {
        match event {
            Event::Frame {
                peer, link, bytes, ..
            } => {
                if let Err(garbled) = self.group.receive(now, NodeId(peer), link, bytes) {
                    self.say_garbled(now, peer, link, garbled);
                }
            }
            Event::Connected { peer, link, .. } => self.group.link(now, NodeId(peer), link, true),
            Event::Disconnected { peer, link, why } => {
                self.group.link(now, NodeId(peer), link, false);
                self.say(format!("link {link} to {} is down: {why}", self.name(peer)));
            }
            Event::Refused {
                link,
                address,
                why,
                untold,
            } => {
                let more = if untold > 0 {
                    format!(" ({untold} more)")
                } else {
                    String::new()
                };
                self.say(format!(
                    "a connection with {address} on link {link} is refused: {why}{more}"
                ));
            }
            Event::Limited {
                peer,
                link,
                limit,
                times,
            } => {
                self.say(format!(
                    "{} exceeds a limit on link {link}, {limit}, {times} times; the surplus is dropped",
                    self.name(peer)
                ));
            }
        }
    }

    /// A node that sends nonsense does so often: it is told once in a while.
    fn say_garbled(&mut self, now: Duration, peer: u32, link: u8, garbled: Garbled) {
        let told = self.garbled.entry(peer).or_default();
        told.1 += 1;
        if told.1 > 1 && now < told.0 + GARBLED_PAUSE {
            return;
        }
        let times = std::mem::replace(&mut told.1, 1);
        told.0 = now;
        let name = self.name(peer);
        self.say(format!(
            "{name} sent over link {link} what is not understood, {times} times: {garbled}; it is ignored"
        ));
    }

    fn name(&self, node: u32) -> &str {
        self.names
            .get(&NodeId(node))
            .map_or("a stranger", String::as_str)
    }

    fn say(&mut self, text: String) {
        self.said.push_back(GroupEvent::Said(text));
    }
}

impl GroupService for Embedded {
    async fn ready(&mut self) {
        if self.waiting.is_none() {
            self.waiting = self.events.recv().await;
        }
    }

    fn take_in(&mut self, now: Duration) {
        if let Some(event) = self.waiting.take() {
            self.take(now, event);
        }
        for _ in 1..TAKE_IN {
            let Some(event) = self.events.try_recv() else {
                break;
            };
            self.take(now, event);
        }
    }

    fn tick(&mut self, now: Duration) {
        self.group.tick(now);
    }

    fn deadline(&self) -> Duration {
        self.group.deadline()
    }

    fn poll(&mut self) -> Option<GroupEvent> {
        if let Some(said) = self.said.pop_front() {
            return Some(said);
        }
        loop {
            return Some(match self.group.poll()? {
                Output::Send { to, link, frame } => {
                    // What is lost is sent again by the group, which knows best what still matters.
                    let (Sent::As(_) | Sent::Dropped(_)) = self.transport.send(to.0, link, frame);
                    continue;
                }
                Output::View(view) => GroupEvent::View(view),
                Output::Deliver(delivery) => GroupEvent::Deliver(delivery),
                Output::Committed(seq) => GroupEvent::Committed(seq),
                Output::AcknowledgedByAll(seq) => GroupEvent::AcknowledgedByAll(seq),
                Output::Note(note) => GroupEvent::Note(note),
            });
        }
    }

    fn submit(&mut self, payload: Bytes) -> Result<(), Refused> {
        self.group.submit(payload)
    }

    fn acknowledge(&mut self, view: ViewId, seq: u64) {
        self.group.acknowledge(view, seq);
    }

    fn set_votes(&mut self, votes: Votes) {
        self.group.set_votes(votes);
    }

    fn set_attachment(&mut self, attachment: Bytes) {
        if let Err(error) = self.group.set_attachment(attachment) {
            self.say(format!(
                "this node brings nothing new along to the next view: {error}"
            ));
        }
    }

    fn flush(&mut self, now: Duration) {
        self.group.flush(now);
    }

    fn leave(&mut self, now: Duration) {
        self.group.leave(now);
    }

    fn lease(&self, now: Duration) -> Option<Duration> {
        self.group.lease(now)
    }

    fn view(&self) -> &View {
        self.group.view()
    }

    fn is_operating(&self) -> bool {
        self.group.is_operating()
    }

    fn heard_at(&self, node: NodeId) -> Option<Duration> {
        self.group.heard_at(node)
    }

    fn patience(&self, node: NodeId) -> Option<Duration> {
        self.group.patience(node)
    }

    fn links(&self, now: Duration) -> Vec<LinkStatus> {
        let links = self.transport.links().into_iter();
        links.map(|link| self.link_status(now, link)).collect()
    }

    fn reload_keys(&mut self) -> Result<(), String> {
        let keys =
            Keys::read(&self.keys, &self.cluster, self.own.0).map_err(|error| error.to_string())?;
        self.transport
            .reload(keys)
            .map_err(|error| error.to_string())
    }

    async fn shutdown(self) {
        self.transport.shutdown().await;
    }
}

impl Embedded {
    fn link_status(&self, now: Duration, link: transport::LinkStatus) -> LinkStatus {
        let paths = link.paths.into_iter().map(|path| PathStatus {
            node: path.peer,
            address: path.address.to_string(),
            is_connected: path.connected,
            is_in_use: path.connected
                && self.group.link_in_use(now, NodeId(path.peer)) == Some(link.link),
            round_trip_us: path.round_trip_us,
            frames: (path.sent_frames, path.received_frames),
            bytes: (path.sent_bytes, path.received_bytes),
            dropped: path.dropped_full + path.dropped_too_large + path.dropped_by_limit,
            last_error: path.last_error,
        });
        LinkStatus {
            number: link.link,
            address: link.listen.to_string(),
            is_bound: !link.address_missing,
            paths: paths.collect(),
        }
    }
}
