//! From one view to the next: invitations, and who follows whom.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Group;
use crate::change::{Acceptance, Phase, Promise, Proposal};
use crate::note::Note;
use crate::wire::{Accept, Body, Decline, Entry, Invite, Reluctance, Tail};
use crate::{Member, NodeId, ViewId};

/// Messages of an old view are handed on in frames of about this size.
pub(super) const TAIL_BYTES: usize = 512 * 1024;

impl Group {
    /// Invites the members of this view, save some, and the leaders of other views with theirs, to a
    /// new view. This one has ended for us.
    pub(super) fn propose(
        &mut self,
        now: Duration,
        without: BTreeSet<NodeId>,
        absorbs: BTreeSet<NodeId>,
    ) {
        self.counter += 1;
        let id = ViewId {
            counter: self.counter,
            leader: self.me,
        };
        self.note(Note::Proposes {
            proposal: id,
            without: without.iter().copied().collect(),
            absorbs: absorbs.iter().copied().collect(),
        });
        self.promised = id;
        self.merge_since = None;
        self.supporting = false;
        let mut awaited: BTreeSet<NodeId> = self.view.nodes().collect();
        awaited.remove(&self.me.node);
        awaited.retain(|node| !without.contains(node));
        awaited.extend(&absorbs);
        self.phase = Phase::Proposing(Proposal {
            id,
            weight: self.weight(),
            led: self.leads(),
            end: self.log.received(),
            awaited,
            absorbs,
            brought: BTreeMap::new(),
            accepted: BTreeMap::new(),
            wanted_end: self.log.received(),
            deadline: now + self.timing.gather(),
            resend_at: now,
            invited_at: now,
        });
        self.press_proposal(now);
    }

    /// Invites again who has not answered; goes on without them when the time is over.
    pub(super) fn press_proposal(&mut self, now: Duration) {
        let Phase::Proposing(proposal) = &mut self.phase else {
            return;
        };
        proposal.awaited.retain(|node| {
            let foreign = proposal.absorbs.contains(node) || proposal.brought.contains_key(node);
            foreign || !self.gone.contains(node)
        });
        proposal.accepted.retain(|node, acceptance| {
            let life = self.peers.get(node).and_then(|peer| peer.incarnation);
            life == Some(acceptance.member.incarnation)
        });
        if now >= proposal.resend_at {
            proposal.resend_at = now + self.timing.retransmit();
            proposal.invited_at = now;
            let (id, weight, led, end) = (proposal.id, proposal.weight, proposal.led, proposal.end);
            let absorbs = proposal.absorbs.clone();
            // Who is brought along hears it from its own leader, whom we ask to say it again.
            let awaited = proposal.awaited.iter();
            let asked = awaited.map(|node| *proposal.brought.get(node).unwrap_or(node));
            let asked: BTreeSet<NodeId> = asked.collect();
            for node in asked {
                let invite = Invite {
                    proposal: id,
                    weight,
                    from_view: self.view.id,
                    led,
                    end,
                    absorb: absorbs.contains(&node),
                };
                self.send(now, node, Body::Invite(invite));
            }
        }
        self.conclude(now);
    }

    /// Installs the view when nobody is missing, or when the time for those who are is over.
    fn conclude(&mut self, now: Duration) {
        let Phase::Proposing(proposal) = &self.phase else {
            return;
        };
        let has_all = self.log.received() >= proposal.wanted_end;
        if !(proposal.is_complete() && has_all) && now < proposal.deadline {
            return;
        }
        let left_out = self.view.nodes().filter(|node| {
            *node != self.me.node
                && !proposal.accepted.contains_key(node)
                && !self.gone.contains(node)
        });
        let granted = left_out.map(|node| self.granted_until(node)).max();
        if let Some(granted) = granted.filter(|granted| *granted > now) {
            if let Phase::Proposing(proposal) = &mut self.phase {
                proposal.deadline = proposal.deadline.max(granted);
                if proposal.is_complete() {
                    proposal.deadline = granted;
                }
            }
            return;
        }
        let received = self.log.received();
        let Phase::Proposing(mut proposal) = std::mem::replace(&mut self.phase, Phase::Operating)
        else {
            return;
        };
        // Who has seen more of the old view than we could get, cannot come along.
        let old = self.view.id;
        proposal
            .accepted
            .retain(|_, acceptance| acceptance.from_view != old || acceptance.received <= received);
        let missing: Vec<NodeId> = proposal
            .absorbs
            .iter()
            .copied()
            .filter(|node| !proposal.accepted.contains_key(node))
            .collect();
        for node in missing {
            self.rebuffed(now, node);
        }
        self.install_proposal(now, proposal);
    }

    pub(super) fn on_invite(&mut self, now: Duration, from: NodeId, invite: &Invite) {
        self.counter = self.counter.max(invite.proposal.counter);
        if invite.proposal == self.view.id {
            return;
        }
        if let Phase::Accepted(promise) = &self.phase
            && promise.proposal == invite.proposal
        {
            self.relay_invitation(now);
            self.answer(now, true);
            return;
        }
        match self.reluctance(now, from, invite) {
            Some(reason) => {
                let decline = Decline {
                    proposal: invite.proposal,
                    counter: self.counter.max(self.promised.counter),
                    reason,
                };
                self.send(now, invite.proposal.leader.node, Body::Decline(decline));
            }
            None => self.accept(now, invite),
        }
    }

    /// Why this node does not follow an invitation, if it does not.
    fn reluctance(&self, now: Duration, from: NodeId, invite: &Invite) -> Option<Reluctance> {
        let proposer = invite.proposal.leader;
        if self.peers.get(&proposer.node).is_none_or(|peer| {
            peer.incarnation
                .is_some_and(|known| known > proposer.incarnation)
        }) {
            return Some(Reluctance::Elsewhere);
        }
        let ours = invite.from_view == self.view.id;
        let by_our_leader = ours && invite.led && from == self.leader();
        let to_our_leader = invite.absorb && self.leads() && proposer.node == from && !ours;
        let by_candidate = ours && !invite.led && proposer.node == from && !self.leads();
        if !(by_our_leader || to_our_leader || by_candidate) {
            return Some(if ours {
                Reluctance::LeaderAlive
            } else {
                Reluctance::Elsewhere
            });
        }
        if by_candidate && !self.leader_is_silent(now) {
            return Some(Reluctance::LeaderAlive);
        }
        let rank = |weight: u32, node: NodeId| (weight, Reverse(node));
        let theirs = rank(invite.weight, proposer.node);
        match &self.phase {
            Phase::Operating if to_our_leader && theirs <= rank(self.weight(), self.me.node) => {
                return Some(Reluctance::Busy);
            }
            Phase::Operating => {}
            Phase::Proposing(own) if !by_our_leader && theirs <= rank(own.weight, self.me.node) => {
                return Some(Reluctance::Busy);
            }
            Phase::Proposing(_) => {}
            Phase::Accepted(promise) => {
                let theirs_before = rank(promise.weight, promise.proposal.leader.node);
                let same = promise.proposal.leader == proposer;
                if !same && !by_our_leader && theirs <= theirs_before {
                    return Some(Reluctance::Busy);
                }
            }
        }
        (invite.proposal <= self.promised).then_some(Reluctance::Promised)
    }

    /// As a member: the leader is gone, or has been silent for so long that it cannot rely on us, even
    /// if it is not yet taken for dead.
    fn leader_is_silent(&self, now: Duration) -> bool {
        let leader = self.leader();
        if self.gone.contains(&leader) {
            return true;
        }
        let heard = self.peers.get(&leader).and_then(|peer| peer.heard_at);
        let silent = heard.is_none_or(|at| now >= at + self.timing.detection_floor);
        self.is_free(now) && (silent || !self.supporting)
    }

    /// Promises to come.
    fn accept(&mut self, now: Duration, invite: &Invite) {
        self.note(Note::Follows {
            proposal: invite.proposal,
        });
        self.promised = invite.proposal;
        self.supporting = false;
        self.merge_since = None;
        let ours = invite.from_view == self.view.id;
        self.overtaking.clear();
        self.phase = Phase::Accepted(Promise {
            proposal: invite.proposal,
            weight: invite.weight,
            end: if ours && invite.led {
                invite.end
            } else {
                self.log.received()
            },
            led: ours && invite.led,
            answered_at: None,
            since: now,
            brings: invite.absorb,
            until: now + self.timing.gather() * 3,
            install: None,
        });
        self.relay_invitation(now);
        self.answer(now, false);
        if ours && !invite.led {
            self.hand_tail(now, invite);
        }
    }

    /// As a leader that brings its view along: passes the invitation on.
    fn relay_invitation(&mut self, now: Duration) {
        let Phase::Accepted(promise) = &self.phase else {
            return;
        };
        if !promise.brings {
            return;
        }
        let invite = Invite {
            proposal: promise.proposal,
            weight: promise.weight,
            from_view: self.view.id,
            led: true,
            end: promise.end,
            absorb: false,
        };
        let nodes: Vec<NodeId> = self
            .view
            .nodes()
            .filter(|node| *node != self.me.node && !self.gone.contains(node))
            .collect();
        for node in nodes {
            self.send(now, node, Body::Invite(invite.clone()));
        }
    }

    /// Says that we come, once the old view has been received to its end.
    pub(super) fn answer(&mut self, now: Duration, again: bool) {
        let received = self.log.received();
        let Phase::Accepted(promise) = &mut self.phase else {
            return;
        };
        if received < promise.end || (promise.answered_at.is_some() && !again) {
            return;
        }
        promise.answered_at = Some(now);
        let (proposal, brings) = (promise.proposal, promise.brings);
        let brings = if brings {
            self.view
                .nodes()
                .filter(|node| *node != self.me.node && !self.gone.contains(node))
                .collect()
        } else {
            Vec::new()
        };
        let accept = Accept {
            proposal,
            from_view: self.view.id,
            received,
            brings,
            attachment: self.attachment.clone(),
        };
        self.send(now, proposal.leader.node, Body::Accept(accept));
    }

    /// Hands a candidate what it lacks of the old view.
    fn hand_tail(&mut self, now: Duration, invite: &Invite) {
        let entries = self.log.following(invite.end, usize::MAX);
        self.send_tail(
            now,
            invite.proposal.leader.node,
            invite.proposal,
            self.view.id,
            invite.end + 1,
            &entries,
        );
    }

    pub(super) fn send_tail(
        &mut self,
        now: Duration,
        to: NodeId,
        proposal: ViewId,
        view: ViewId,
        first: u64,
        entries: &[Entry],
    ) {
        let mut first = first;
        let mut rest = entries;
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|entry| {
                bytes += entry.payload.len();
                bytes <= TAIL_BYTES
            });
            let (now_sent, later) = rest.split_at(fits.count().max(1));
            let tail = Tail {
                proposal,
                view,
                first,
                entries: now_sent.to_vec(),
            };
            self.send(now, to, Body::Tail(tail));
            first += now_sent.len() as u64;
            rest = later;
        }
    }

    pub(super) fn on_accept(&mut self, now: Duration, sender: Member, accept: Accept) {
        let floor = self.timing.detection_floor;
        let (me, old) = (self.me.node, self.view.id);
        let Phase::Proposing(proposal) = &mut self.phase else {
            return;
        };
        if proposal.id != accept.proposal {
            return;
        }
        let invited_at = proposal.invited_at;
        proposal.awaited.remove(&sender.node);
        let first = !proposal.accepted.contains_key(&sender.node);
        if first && !accept.brings.is_empty() {
            let more = accept.brings.iter().copied().filter(|node| *node != me);
            let more: Vec<NodeId> = more
                .filter(|node| !proposal.accepted.contains_key(node))
                .filter(|node| self.peers.contains_key(node))
                .collect();
            proposal.awaited.extend(&more);
            proposal
                .brought
                .extend(more.into_iter().map(|node| (node, sender.node)));
            // Whoever does not come along may believe for so long in the view that it was in.
            proposal.deadline = proposal.deadline.max(now + floor);
        }
        if accept.from_view == old {
            proposal.wanted_end = proposal.wanted_end.max(accept.received);
        }
        let acceptance = Acceptance {
            member: sender,
            from_view: accept.from_view,
            received: accept.received,
            attachment: accept.attachment,
        };
        proposal.accepted.insert(sender.node, acceptance);
        if let Some(peer) = self.peers.get_mut(&sender.node) {
            peer.confirmed(invited_at);
        }
        self.conclude(now);
    }

    pub(super) fn on_decline(&mut self, now: Duration, from: NodeId, decline: &Decline) {
        self.counter = self.counter.max(decline.counter);
        let Phase::Proposing(proposal) = &mut self.phase else {
            return;
        };
        if proposal.id != decline.proposal || !proposal.awaited.contains(&from) {
            return;
        }
        let absorbed = proposal.absorbs.contains(&from);
        match decline.reason {
            Reluctance::Promised => self.propose_again(now),
            // It has left our view. One that is brought along may just not know its own view yet, and
            // is asked again.
            Reluctance::Elsewhere if !proposal.brought.contains_key(&from) => {
                proposal.awaited.remove(&from);
                self.gone.insert(from);
                self.conclude(now);
            }
            Reluctance::LeaderAlive | Reluctance::Busy if absorbed => {
                proposal.awaited.remove(&from);
                self.conclude(now);
            }
            // Asked again until the time is over.
            Reluctance::LeaderAlive | Reluctance::Busy | Reluctance::Elsewhere => {}
        }
    }

    /// Somebody has promised to come to a view with a greater name: ours gets a greater one still.
    fn propose_again(&mut self, now: Duration) {
        let Phase::Proposing(proposal) = &mut self.phase else {
            return;
        };
        self.counter += 1;
        proposal.id.counter = self.counter;
        self.promised = proposal.id;
        let accepted: Vec<NodeId> = proposal.accepted.keys().copied().collect();
        proposal.awaited.extend(accepted);
        proposal.accepted.clear();
        proposal.resend_at = now;
        self.press_proposal(now);
    }

    /// The view that was promised does not come: we look for another one.
    pub(super) fn review_promise(&mut self, now: Duration) {
        let Phase::Accepted(promise) = &self.phase else {
            return;
        };
        let proposer = promise.proposal.leader;
        let reborn = self
            .peers
            .get(&proposer.node)
            .is_none_or(|peer| peer.incarnation != Some(proposer.incarnation));
        let elsewhere = self
            .peers
            .get(&proposer.node)
            .and_then(|peer| peer.report.as_ref())
            .is_some_and(|report| report.operating && report.view > promise.proposal);
        let lost = now >= promise.since + self.timing.gather() && self.is_lost(now, proposer.node);
        if now < promise.until && !reborn && !elsewhere && !lost {
            return;
        }
        let proposal = promise.proposal;
        self.note(Note::GaveUp { proposal });
        let mut without = self.gone.clone();
        without.insert(proposer.node);
        self.propose(now, without, BTreeSet::new());
    }
}
