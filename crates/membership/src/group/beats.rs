//! Heartbeats: sent, answered, believed.

use std::time::Duration;

use super::Group;
use crate::change::Phase;
use crate::note::Note;
use crate::peer::{Pace, micros};
use crate::wire::{Body, Frame, Heartbeat, Settled};
use crate::{Incarnation, NodeId};

impl Group {
    /// How often heartbeats go to a node.
    pub(super) fn pace(&self, node: NodeId) -> Pace {
        let invited = match &self.phase {
            Phase::Proposing(proposal) => {
                proposal.awaited.contains(&node) || proposal.accepted.contains_key(&node)
            }
            Phase::Accepted(promise) => promise.proposal.leader.node == node,
            Phase::Operating => false,
        };
        if invited {
            return Pace::Close;
        }
        let fellow = self.view.member(node).is_some() && !self.gone.contains(&node);
        match (fellow, self.leads() || self.leader() == node) {
            (true, true) => Pace::Close,
            (true, false) => Pace::Acquaintance,
            (false, _) => Pace::Presence,
        }
    }

    /// Sends the heartbeats that are due.
    pub(super) fn beat_where_due(&mut self, now: Duration) {
        let due: Vec<NodeId> = self
            .peers
            .values()
            .filter(|peer| peer.next_heartbeat <= now)
            .map(|peer| peer.node)
            .collect();
        for node in due {
            self.beat(now, node, None);
        }
    }

    /// Sends a heartbeat to a node, over one link or over all that are connected.
    pub(super) fn beat(&mut self, now: Duration, node: NodeId, only: Option<u8>) {
        let interval = self.pace(node).interval(&self.timing);
        // A member answers its leader's heartbeats: its own clock runs only for the case that they
        // do not come.
        let answers = self.leader() == node && self.is_operating();
        let Some(peer) = self.peers.get_mut(&node) else {
            return;
        };
        peer.next_heartbeat = now + if answers { interval * 3 / 2 } else { interval };
        let links: Vec<u8> = match only {
            Some(link) => vec![link],
            None => self
                .links
                .iter()
                .copied()
                .filter(|link| peer.links[usize::from(*link)].connected)
                .collect(),
        };
        if links.is_empty() {
            return;
        }
        let to = peer.incarnation.unwrap_or(Incarnation(0));
        let body = Body::Heartbeat(self.heartbeat(now, node));
        let frame = Frame {
            from: self.me.incarnation,
            to,
            body,
        }
        .encode();
        for link in links {
            self.outputs.push_back(super::Output::Send {
                to: node,
                link,
                frame: frame.clone(),
            });
        }
        self.settle_quietly(now, node);
    }

    /// Sends heartbeats to every other member at once.
    pub(super) fn beat_all_members(&mut self, now: Duration) {
        let nodes: Vec<NodeId> = self
            .view
            .nodes()
            .filter(|node| *node != self.me.node)
            .collect();
        for node in nodes {
            self.beat(now, node, None);
        }
    }

    fn heartbeat(&mut self, now: Duration, node: NodeId) -> Heartbeat {
        let operating = self.is_operating();
        let fellow = self.view.member(node).is_some();
        let lease = self.grant(now, node);
        let peer = &self.peers[&node];
        let taken = self
            .sequencer
            .as_ref()
            .and_then(|s| s.followers.get(&node))
            .map_or(0, |f| f.taken);
        Heartbeat {
            sent_us: micros(now),
            view: self.view.id,
            operating,
            supports: operating
                && !self.leads()
                && self.leader() == node
                && self.supporting
                && now >= self.votes_from,
            lease_us: micros(lease),
            seq: self.log.received(),
            acknowledged: if self.leads() {
                self.committed
            } else {
                self.acknowledged
            },
            taken,
            members: if fellow {
                Vec::new()
            } else {
                self.view.nodes().collect()
            },
            echoes: peer.echoes(now),
        }
    }

    /// As the leader: for how long from now a member may believe in the quorum of this view. It is
    /// remembered, because the member cannot be left out of a view before.
    fn grant(&mut self, now: Duration, node: NodeId) -> Duration {
        let Some(own) = self.lease(now) else {
            return Duration::ZERO;
        };
        let lease = self.timing.lease();
        let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&node))
        else {
            return Duration::ZERO;
        };
        let by_itself = follower
            .supported_at
            .map_or(Duration::ZERO, |at| (at + lease).saturating_sub(now));
        let granted = own.min(by_itself);
        if !granted.is_zero() {
            follower.granted_until = follower.granted_until.max(now + granted);
        }
        granted
    }

    pub(super) fn on_heartbeat(
        &mut self,
        now: Duration,
        from: NodeId,
        link: u8,
        beat: &Heartbeat,
        meant_for_us: bool,
    ) {
        let close = self.pace(from) == Pace::Close;
        let Some(peer) = self.peers.get_mut(&from) else {
            return;
        };
        peer.beat(now, link, beat, meant_for_us);
        if !close {
            peer.changes_pace();
        }
        self.counter = self.counter.max(beat.view.counter);
        if let Some(handover) = &mut self.handover
            && handover.install.view <= beat.view
        {
            handover.unaware.remove(&from);
        }
        if beat.view == self.view.id {
            self.on_fellow_heartbeat(now, from, link, beat, meant_for_us);
        } else if self.view.member(from).is_some() && beat.view > self.view.id && beat.operating {
            self.on_deserter(from);
        }
    }

    /// A member of our view shows that it is in a later one.
    fn on_deserter(&mut self, from: NodeId) {
        let awaited =
            matches!(&self.phase, Phase::Accepted(promise) if promise.proposal.leader.node == from);
        if !awaited && self.gone.insert(from) {
            self.note(Note::MovedOn { node: from });
        }
    }

    fn on_fellow_heartbeat(
        &mut self,
        now: Duration,
        from: NodeId,
        link: u8,
        beat: &Heartbeat,
        meant_for_us: bool,
    ) {
        if self.leads() {
            self.on_follower_heartbeat(now, from, beat, meant_for_us);
        } else if from == self.leader() {
            self.on_leader_heartbeat(now, beat, meant_for_us);
            self.beat(now, from, Some(link));
        }
    }

    fn on_follower_heartbeat(
        &mut self,
        now: Duration,
        from: NodeId,
        beat: &Heartbeat,
        meant_for_us: bool,
    ) {
        let had_lease = self.lease(now).is_some();
        let lease = self.timing.lease();
        let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&from))
        else {
            return;
        };
        if beat.supports && meant_for_us {
            let heard = beat
                .echoes
                .iter()
                .map(|echo| Duration::from_micros(echo.sent_us));
            let heard = heard.filter(|sent| *sent <= now).max();
            follower.supported_at = follower.supported_at.max(heard);
        }
        let waits_for_grant = follower.granted_until.is_zero()
            && follower.supported_at.is_some_and(|at| now < at + lease);
        self.record_progress(from, beat.seq, beat.acknowledged);
        self.resend_where_stuck(now, from);
        if self.lease(now).is_some() {
            if !had_lease {
                self.beat_all_members(now);
            } else if waits_for_grant {
                self.beat(now, from, None);
            }
        }
    }

    fn on_leader_heartbeat(&mut self, now: Duration, beat: &Heartbeat, meant_for_us: bool) {
        if self.supporting {
            self.loyal_until = self.loyal_until.max(now + self.timing.detection_floor);
        }
        if meant_for_us && beat.operating {
            let heard = beat
                .echoes
                .iter()
                .map(|echo| Duration::from_micros(echo.sent_us));
            if let Some(heard) = heard.filter(|sent| *sent <= now).max() {
                let lease = Duration::from_micros(beat.lease_us).min(self.timing.lease());
                self.lease_until = self.lease_until.max(heard + lease);
            }
        }
        let settled = Settled {
            view: beat.view,
            committed: beat.acknowledged,
            collected: 0,
        };
        self.settle(&settled);
        self.ask_where_stuck(now, beat.seq);
        self.submit_again_where_stuck(now, beat.taken);
    }
}
