//! What is known of another node: whether it lives, whether it hears us, and over which link.

use std::time::Duration;

use crate::wire::{Echo, Heartbeat};
use crate::{Incarnation, NodeId, Timing, ViewId};

/// How often heartbeats go to a peer, by what it is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pace {
    /// The leader and its members, or somebody who is asked to join.
    Close,
    /// Of another view.
    Presence,
    /// A fellow member; neither leads.
    Acquaintance,
}

impl Pace {
    pub(crate) fn interval(self, timing: &Timing) -> Duration {
        match self {
            Pace::Close => timing.heartbeat,
            Pace::Presence => timing.presence(),
            Pace::Acquaintance => timing.acquaintance(),
        }
    }
}

/// What a peer last said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub view: ViewId,
    pub operating: bool,
    pub members: Vec<NodeId>,
}

/// The health of one link to one peer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkHealth {
    /// The transport has a connection.
    pub connected: bool,
    /// When the peer was last heard on it.
    pub heard_at: Option<Duration>,
    /// When we sent the latest heartbeat that the peer has heard on it.
    pub confirmed_at: Option<Duration>,
    /// The smoothed time of a round trip.
    pub round_trip: Option<Duration>,
    /// The peer's clock in its latest heartbeat on it.
    their_sent_us: u64,
}

/// Another node.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    pub node: NodeId,
    /// Its present life, once heard.
    pub incarnation: Option<Incarnation>,
    pub links: Vec<LinkHealth>,
    /// When anything was last heard of it.
    pub heard_at: Option<Duration>,
    /// When we sent the latest thing that it has surely heard.
    pub confirmed_at: Option<Duration>,
    pub report: Option<Report>,
    pub next_heartbeat: Duration,
    rhythm: Rhythm,
    /// Its silence until then is our own fault.
    excused_until: Duration,
}

/// The longest recent silence between two heartbeats, forgotten slowly.
#[derive(Clone, Copy, Debug, Default)]
struct Rhythm {
    last_beat: Option<Duration>,
    last_sent_us: u64,
    longest_gap: Duration,
}

/// Taken for dead after the longest recent silence times this, in halves.
const PATIENCE_HALVES: u32 = 5;
/// With each heartbeat, the longest silence is forgotten by one part in so many.
const FORGET: u32 = 200;

impl Peer {
    pub(crate) fn new(node: NodeId, links: usize) -> Self {
        Self {
            node,
            incarnation: None,
            links: vec![LinkHealth::default(); links],
            heard_at: None,
            confirmed_at: None,
            report: None,
            next_heartbeat: Duration::ZERO,
            rhythm: Rhythm::default(),
            excused_until: Duration::ZERO,
        }
    }

    /// Another life of the node begins: what was known of the former one is void, save that the
    /// links are connected.
    pub(crate) fn reborn(&mut self, incarnation: Incarnation) {
        for link in &mut self.links {
            *link = LinkHealth {
                connected: link.connected,
                ..LinkHealth::default()
            };
        }
        self.incarnation = Some(incarnation);
        self.heard_at = None;
        self.confirmed_at = None;
        self.report = None;
        self.rhythm = Rhythm::default();
    }

    /// Anything at all came.
    pub(crate) fn heard(&mut self, now: Duration, link: u8) {
        self.heard_at = Some(now);
        if let Some(link) = self.links.get_mut(usize::from(link)) {
            link.heard_at = Some(now);
        }
    }

    /// A heartbeat came. `meant_for_us`: its echoes are of this life of ours.
    pub(crate) fn beat(&mut self, now: Duration, link: u8, beat: &Heartbeat, meant_for_us: bool) {
        if let Some(link) = self.links.get_mut(usize::from(link)) {
            link.their_sent_us = link.their_sent_us.max(beat.sent_us);
        }
        self.rhythm.beat(now, beat.sent_us);
        if meant_for_us {
            for echo in &beat.echoes {
                self.echo(now, echo);
            }
        }
        self.report = Some(Report {
            view: beat.view,
            operating: beat.operating,
            members: beat.members.clone(),
        });
    }

    fn echo(&mut self, now: Duration, echo: &Echo) {
        let sent = Duration::from_micros(echo.sent_us);
        // Nobody hears what we have not sent yet.
        if sent > now {
            return;
        }
        let Some(link) = self.links.get_mut(usize::from(echo.link)) else {
            return;
        };
        if link.confirmed_at.is_none_or(|confirmed| sent > confirmed) {
            link.confirmed_at = Some(sent);
            let held = Duration::from_micros(echo.held_us);
            let sample = (now - sent).saturating_sub(held);
            link.round_trip = Some(match link.round_trip {
                None => sample,
                Some(smooth) => (smooth * 7 + sample) / 8,
            });
        }
        self.confirmed(sent);
    }

    /// The peer has heard what we sent at this time.
    pub(crate) fn confirmed(&mut self, sent: Duration) {
        self.confirmed_at = self.confirmed_at.max(Some(sent));
    }

    /// What we tell the peer of what we have heard of it.
    pub(crate) fn echoes(&self, now: Duration) -> Vec<Echo> {
        let links = (0u8..).zip(&self.links);
        links
            .filter_map(|(link, health)| {
                let held = now.saturating_sub(health.heard_at?);
                (health.their_sent_us > 0).then(|| Echo {
                    link,
                    sent_us: health.their_sent_us,
                    held_us: micros(held),
                })
            })
            .collect()
    }

    /// After what silence this peer is taken for dead: two and a half times its longest recent one,
    /// between the floor and the ceiling.
    pub(crate) fn patience(&self, timing: &Timing) -> Duration {
        let patience = self.rhythm.longest_gap * PATIENCE_HALVES / 2;
        patience.clamp(timing.detection_floor, timing.detection_ceiling)
    }

    /// When this peer's silence, or its deafness, will be too long. Deafness is given two heartbeats
    /// more, for the way there and back.
    pub(crate) fn lost_at(&self, timing: &Timing, pace: Pace) -> Duration {
        let patience = self.patience(timing).max(pace.interval(timing) * 3);
        let silent = self.heard_at.unwrap_or_default() + patience;
        let deaf = self.confirmed_at.unwrap_or_default() + patience + pace.interval(timing) * 2;
        silent.min(deaf).max(self.excused_until)
    }

    /// Heard, and hearing us.
    pub(crate) fn is_connected(&self, now: Duration, timing: &Timing, pace: Pace) -> bool {
        self.heard_at.is_some() && self.confirmed_at.is_some() && now < self.lost_at(timing, pace)
    }

    /// From now on the peer's heartbeats come at another pace.
    pub(crate) fn changes_pace(&mut self) {
        self.rhythm.last_beat = None;
        self.rhythm.longest_gap = Duration::ZERO;
    }

    /// We were held up ourselves: what the peer sent meanwhile may still wait to be read.
    pub(crate) fn excuse(&mut self, until: Duration) {
        self.excused_until = self.excused_until.max(until);
        self.rhythm.last_beat = None;
    }

    /// The link for messages: the first one that works both ways, in the order of preference. Where
    /// none does, the one that did last.
    pub(crate) fn best_link(
        &self,
        now: Duration,
        timing: &Timing,
        pace: Pace,
        preference: &[u8],
    ) -> u8 {
        let silence = timing.link_silence().max(pace.interval(timing) * 3);
        let works = |link: &&u8| {
            let health = &self.links[usize::from(**link)];
            health.connected && health.confirmed_at.is_some_and(|at| at + silence > now)
        };
        let latest = || {
            preference.iter().max_by_key(|link| {
                let health = &self.links[usize::from(**link)];
                (health.connected, health.confirmed_at, health.heard_at)
            })
        };
        preference
            .iter()
            .find(works)
            .or_else(latest)
            .copied()
            .unwrap_or(0)
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        self.links.iter().filter_map(|link| link.round_trip).min()
    }
}

impl Rhythm {
    fn beat(&mut self, now: Duration, sent_us: u64) {
        if sent_us <= self.last_sent_us {
            return;
        }
        self.last_sent_us = sent_us;
        if let Some(last) = self.last_beat.replace(now) {
            let faded = self.longest_gap - self.longest_gap / FORGET;
            self.longest_gap = faded.max(now.saturating_sub(last));
        }
    }
}

/// A time as the wire has it.
pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
