//! The new view: made known by its proposer, begun by everybody.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Group, Output};
use crate::change::{Handover, Phase, Proposal, Unaware};
use crate::log::Log;
use crate::peer::Pace;
use crate::sequencer::{Sequencer, Votes};
use crate::wire::{Arrival, Body, Entry, Install, Tail};
use crate::{NodeId, View, ViewId};

impl Group {
    /// As the proposer: the view is what its accepted members make it.
    pub(super) fn install_proposal(&mut self, now: Duration, proposal: Proposal) {
        let (old, end) = (self.view.id, self.log.received());
        let mut arrivals: BTreeMap<NodeId, Arrival> = BTreeMap::new();
        let own = Arrival {
            member: self.me,
            from_view: old,
            end,
            attachment: self.attachment.clone(),
        };
        arrivals.insert(self.me.node, own);
        let mut unaware = BTreeMap::new();
        for (node, acceptance) in proposal.accepted {
            let from_here = acceptance.from_view == old;
            let lacks = from_here && acceptance.received < end;
            let tail = lacks.then(|| {
                let entries: Vec<Entry> = self.log.following(acceptance.received, usize::MAX);
                (old, acceptance.received + 1, entries)
            });
            unaware.insert(node, Unaware { tail });
            let arrival = Arrival {
                member: acceptance.member,
                from_view: acceptance.from_view,
                end: if from_here { end } else { acceptance.received },
                attachment: acceptance.attachment,
            };
            arrivals.insert(node, arrival);
        }
        let install = Install {
            view: proposal.id,
            members: arrivals.into_values().collect(),
        };
        self.handover = Some(Handover {
            install: install.clone(),
            unaware,
            resend_at: now,
        });
        self.begin(now, install);
        self.hand_over_again(now);
        self.beat_all_members(now);
    }

    /// As the proposer: tells the view to those who have not shown that they know it.
    pub(super) fn hand_over_again(&mut self, now: Duration) {
        let Some(mut handover) = self.handover.take() else {
            return;
        };
        handover.unaware.retain(|node, _| !self.gone.contains(node));
        if handover.install.view != self.view.id || handover.unaware.is_empty() {
            return;
        }
        if now >= handover.resend_at {
            handover.resend_at = now + self.timing.retransmit();
            for (node, unaware) in &handover.unaware {
                if let Some((view, first, entries)) = &unaware.tail {
                    self.send_tail(now, *node, handover.install.view, *view, *first, entries);
                }
                self.send(now, *node, Body::Install(handover.install.clone()));
            }
        }
        self.handover = Some(handover);
    }

    pub(super) fn on_tail(&mut self, now: Duration, from: NodeId, tail: Tail) {
        if tail.view != self.view.id {
            return;
        }
        match &mut self.phase {
            Phase::Proposing(proposal) if proposal.id == tail.proposal => {
                self.take_in(tail.first, tail.entries);
                self.press_proposal(now);
            }
            Phase::Accepted(promise)
                if promise.proposal == tail.proposal && promise.proposal.leader.node == from =>
            {
                let install = promise.install.take();
                self.take_in(tail.first, tail.entries);
                if let Some(install) = install {
                    self.on_install(now, from, install);
                }
            }
            _ => {}
        }
    }

    pub(super) fn on_install(&mut self, now: Duration, from: NodeId, install: Install) {
        let received = self.log.received();
        let me = self.me;
        let Phase::Accepted(promise) = &mut self.phase else {
            return;
        };
        if promise.proposal != install.view || install.view.leader.node != from {
            return;
        }
        let Some(own) = install.members.iter().find(|arrival| arrival.member == me) else {
            return;
        };
        if own.from_view != self.view.id || own.end < received {
            return;
        }
        if own.end > received {
            promise.install = Some(install);
            return;
        }
        let answered_at = promise.answered_at;
        self.begin(now, install);
        if let (Some(peer), Some(at)) = (self.peers.get_mut(&from), answered_at) {
            peer.confirmed(at);
        }
        self.beat(now, from, None);
        for ordered in std::mem::take(&mut self.overtaking) {
            self.on_ordered(now, from, ordered);
        }
    }

    /// Members of the view that have been heard in a later life already.
    fn members_reborn(&self) -> BTreeSet<NodeId> {
        let reborn = self.view.members.keys().filter(|member| {
            let peer = self.peers.get(&member.node);
            peer.and_then(|peer| peer.incarnation)
                .is_some_and(|life| life > member.incarnation)
        });
        reborn.map(|member| member.node).collect()
    }

    /// A view begins.
    fn begin(&mut self, now: Duration, install: Install) {
        let old: ViewId = self.view.id;
        let former: Vec<(NodeId, Pace)> = self
            .peers
            .keys()
            .map(|node| (*node, self.pace(*node)))
            .collect();
        let together = install
            .members
            .iter()
            .filter(|arrival| arrival.from_view == old);
        let together = together.map(|arrival| arrival.member).collect();
        let members = install
            .members
            .into_iter()
            .map(|arrival| (arrival.member, arrival.attachment))
            .collect();
        self.view = View {
            id: install.view,
            members,
            together,
        };
        self.counter = self.counter.max(install.view.counter);
        self.promised = install.view;
        self.phase = Phase::Operating;
        self.gone = self.members_reborn();
        self.merge_since = None;
        self.leaderless_since = None;
        self.votes = Votes::default();
        self.supporting = true;
        self.loyal_until = now + self.timing.detection_floor;
        self.lease_until = Duration::ZERO;
        self.log = Log::default();
        let me = self.me.node;
        let leads = install.view.leader == self.me;
        self.sequencer =
            leads.then(|| Sequencer::new(self.view.nodes().filter(|node| *node != me)));
        self.submissions.restart();
        (self.acknowledged, self.committed, self.settled_ahead) = (0, 0, 0);
        self.told = (0, 0);
        self.missing_at = None;
        self.outputs.push_back(Output::View(self.view.clone()));
        for (node, pace) in former {
            self.rebuffs
                .retain(|rebuffed, _| *rebuffed != node || self.view.member(node).is_none());
            if self.pace(node) != pace
                && let Some(peer) = self.peers.get_mut(&node)
            {
                peer.changes_pace();
                peer.next_heartbeat = now;
            }
        }
    }
}
