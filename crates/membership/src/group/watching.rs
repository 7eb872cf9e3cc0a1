//! What the passing of time brings: silence that becomes a death, leaders that are gone, foreign
//! views that can be absorbed.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Group;
use crate::NodeId;
use crate::change::Phase;
use crate::note::Note;
use crate::peer::Pace;

/// The first pause after a foreign leader did not come along, and the longest, in gather times.
const REBUFF_MAX: u32 = 16;

impl Group {
    /// Time has passed. To be called at [`Group::deadline`] and with every batch of inputs, after
    /// them: what has come in must count before anybody is taken for dead.
    pub fn tick(&mut self, now: Duration) {
        if self.left {
            return;
        }
        self.notice_own_pause(now);
        self.beat_where_due(now);
        match &self.phase {
            Phase::Operating if self.leads() => self.review_members(now),
            Phase::Operating => self.review_leader(now),
            Phase::Proposing(_) => self.press_proposal(now),
            Phase::Accepted(_) => self.review_promise(now),
        }
        self.hand_over_again(now);
        self.flush(now);
        self.awake_until = Some(self.deadline());
    }

    /// When [`Group::tick`] is to be called next, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        if self.left {
            return Duration::MAX;
        }
        let beats = self.peers.values().map(|peer| peer.next_heartbeat);
        let phase = match &self.phase {
            Phase::Operating if self.leads() => self.members_deadline(),
            Phase::Operating => self.leader_deadline(),
            Phase::Proposing(proposal) => Some(proposal.resend_at.min(proposal.deadline)),
            Phase::Accepted(promise) => {
                let proposer = self.peers.get(&promise.proposal.leader.node);
                let lost_at = proposer.map(|peer| peer.lost_at(&self.timing, Pace::Close));
                let lost_at = lost_at
                    .unwrap_or_default()
                    .max(promise.since + self.timing.gather());
                Some(promise.until.min(lost_at))
            }
        };
        let handover = self.handover.as_ref().map(|handover| handover.resend_at);
        beats
            .chain(phase)
            .chain(handover)
            .min()
            .unwrap_or(Duration::MAX)
    }

    fn notice_own_pause(&mut self, now: Duration) {
        let Some(pause) = self.awake_until.and_then(|until| now.checked_sub(until)) else {
            return;
        };
        if pause <= self.timing.own_pause() {
            return;
        }
        let until = now + self.timing.heartbeat * 2;
        for peer in self.peers.values_mut() {
            peer.excuse(until);
        }
        self.note(Note::HeldUp { pause });
    }

    pub(super) fn is_lost(&self, now: Duration, node: NodeId) -> bool {
        let lost_at = self
            .peers
            .get(&node)
            .map(|peer| peer.lost_at(&self.timing, Pace::Close));
        lost_at.is_none_or(|at| now >= at)
    }

    fn note_lost(&mut self, now: Duration, node: NodeId) {
        let Some(peer) = self.peers.get(&node) else {
            return;
        };
        let silence = now.saturating_sub(peer.heard_at.unwrap_or_default());
        let deaf = silence < peer.patience(&self.timing);
        self.note(Note::Lost {
            node,
            silence,
            deaf,
        });
    }

    /// As the leader: is somebody gone, has somebody come?
    fn review_members(&mut self, now: Duration) {
        let mut without = self.gone.clone();
        without.retain(|node| self.view.member(*node).is_some());
        let lost: Vec<NodeId> = self
            .followers()
            .filter(|node| self.is_overdue(now, *node))
            .collect();
        for node in lost {
            if without.insert(node) {
                self.note_lost(now, node);
            }
        }
        let absorbs = self.foreign_leaders(now);
        let waited = match (absorbs.is_empty(), self.merge_since) {
            (true, _) => {
                self.merge_since = None;
                false
            }
            (false, None) => {
                self.merge_since = Some(now);
                false
            }
            (false, Some(since)) => now >= since + self.timing.merge_wait(),
        };
        if !without.is_empty() || waited {
            self.propose(now, without, absorbs);
        }
    }

    fn followers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.sequencer
            .iter()
            .flat_map(|sequencer| sequencer.followers.keys().copied())
    }

    /// Lost, and no longer able to believe in this view's quorum.
    fn is_overdue(&self, now: Duration, node: NodeId) -> bool {
        self.is_lost(now, node) && now >= self.granted_until(node)
    }

    pub(super) fn granted_until(&self, node: NodeId) -> Duration {
        let follower = self.sequencer.as_ref().and_then(|s| s.followers.get(&node));
        let granted = follower.map_or(Duration::ZERO, |follower| follower.granted_until);
        // The member's clock may be slower than ours.
        if granted.is_zero() {
            granted
        } else {
            granted + self.timing.lease() / 20
        }
    }

    fn members_deadline(&self) -> Option<Duration> {
        let lost = self
            .followers()
            .filter(|node| !self.gone.contains(node))
            .filter_map(|node| {
                let peer = self.peers.get(&node)?;
                Some(
                    peer.lost_at(&self.timing, Pace::Close)
                        .max(self.granted_until(node)),
                )
            });
        let merge = self
            .merge_since
            .map(|since| since + self.timing.merge_wait());
        let gone = self
            .gone
            .iter()
            .any(|node| self.view.member(*node).is_some());
        lost.chain(merge)
            .chain(gone.then_some(Duration::ZERO))
            .min()
    }

    /// Leaders of other views that this one outranks, and that hear us as we hear them.
    fn foreign_leaders(&self, now: Duration) -> BTreeSet<NodeId> {
        let mine = (self.weight(), std::cmp::Reverse(self.me.node));
        let absorbable = self.peers.values().filter(|peer| {
            let Some(report) = &peer.report else {
                return false;
            };
            let theirs = (
                u32::try_from(report.members.len()).unwrap_or(u32::MAX),
                std::cmp::Reverse(peer.node),
            );
            report.view != self.view.id
                && report.operating
                && report.view.leader.node == peer.node
                && Some(report.view.leader.incarnation) == peer.incarnation
                && !report.members.is_empty()
                && mine > theirs
                && peer.is_connected(now, &self.timing, Pace::Presence)
                && self
                    .rebuffs
                    .get(&peer.node)
                    .is_none_or(|rebuff| now >= rebuff.until)
        });
        absorbable
            .map(|peer| peer.node)
            .filter(|node| self.view.member(*node).is_none() || self.gone.contains(node))
            .collect()
    }

    /// A foreign leader did not come along: it is left alone for a while, longer each time.
    pub(super) fn rebuffed(&mut self, now: Duration, node: NodeId) {
        let first = self.timing.gather() / 2;
        let rebuff = self.rebuffs.entry(node).or_insert(super::Rebuff {
            until: now,
            next_pause: first,
        });
        rebuff.until = now + rebuff.next_pause;
        rebuff.next_pause = (rebuff.next_pause * 2).min(self.timing.gather() * REBUFF_MAX);
    }

    /// As a member: is the leader still there, and if not, is it our turn?
    fn review_leader(&mut self, now: Duration) {
        let leader = self.leader();
        let gone = self.gone.contains(&leader);
        let lost = self.is_lost(now, leader);
        let supports = !lost && !gone;
        if supports && !self.supporting {
            self.loyal_until = now + self.timing.detection_floor;
        }
        self.supporting = supports;
        if !self.is_free(now) {
            if self.supporting {
                self.leaderless_since = None;
            }
            return;
        }
        if self.supporting {
            self.leaderless_since = None;
            return;
        }
        if self.leaderless_since.is_none() {
            self.leaderless_since = Some(now);
            if !gone {
                self.note_lost(now, leader);
            }
        }
        if self.candidate_at().is_some_and(|at| now >= at) {
            let mut without = self.gone.clone();
            without.insert(leader);
            self.propose(now, without, BTreeSet::new());
        }
    }

    /// As a member: no promise to our leader holds us any more.
    pub(super) fn is_free(&self, now: Duration) -> bool {
        self.gone.contains(&self.leader()) || now >= self.loyal_until
    }

    /// When it is our turn to propose a view without the leader: the members do it one after the
    /// other, so that the first one is not disturbed.
    fn candidate_at(&self) -> Option<Duration> {
        let leader = self.leader();
        let before_us = self
            .view
            .nodes()
            .filter(|node| *node != leader && *node < self.me.node && !self.gone.contains(node))
            .count();
        let rank = u32::try_from(before_us).unwrap_or(u32::MAX);
        Some(self.leaderless_since? + self.timing.stagger() * rank)
    }

    fn leader_deadline(&self) -> Option<Duration> {
        if let Some(at) = self.candidate_at() {
            return Some(at);
        }
        let leader = self.leader();
        if self.gone.contains(&leader) {
            return Some(Duration::ZERO);
        }
        let lost_at = self.peers.get(&leader)?.lost_at(&self.timing, Pace::Close);
        Some(if self.supporting {
            lost_at
        } else {
            lost_at.max(self.loyal_until)
        })
    }
}
