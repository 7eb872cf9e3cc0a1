//! Messages in a view: submitted, put in order, received, acknowledged, committed.

use std::time::Duration;

use super::{Delivery, Group, Output};
use crate::change::Phase;
use crate::wire::{Body, Entry, Frame, Missing, Ordered, Progress, Settled, Submit};
use crate::{Incarnation, NodeId};

/// Messages are sent together in frames of about this size.
const BATCH_BYTES: usize = 64 * 1024;
/// Frames of a promised view that may overtake its installation; more are sent again by its leader.
const OVERTAKING: usize = 64;

impl Group {
    /// Sends what has gathered: submissions, messages in order, progress. To be called after each
    /// batch of inputs, so that what came together goes out together.
    pub fn flush(&mut self, now: Duration) {
        if self.left {
            return;
        }
        if self.leads() {
            if self.is_operating() {
                self.order();
            }
            self.send_ordered(now);
            self.settle_loudly(now);
        } else {
            if self.is_operating() {
                self.send_submissions(now);
            }
            self.tell_progress(now);
        }
    }

    /// As the leader: gives places to what waits, as far as the window allows.
    fn order(&mut self) {
        while self.log.has_room() {
            let waiting = self.sequencer.as_mut().and_then(|s| s.waiting.pop_front());
            let own = || {
                self.submissions
                    .take_one()
                    .map(|payload| (self.me.node, payload))
            };
            let Some((origin, payload)) = waiting.or_else(own) else {
                break;
            };
            let seq = self.log.append(Entry { origin, payload });
            self.deliver_from(seq - 1);
        }
    }

    /// Delivers everything received after `delivered`.
    fn deliver_from(&mut self, delivered: u64) {
        for seq in delivered + 1..=self.log.received() {
            let Some(Entry { origin, payload }) = self.log.entry(seq).cloned() else {
                break;
            };
            if origin == self.me.node {
                self.submissions.ordered();
            }
            if let Some(sender) = self.view.member(origin) {
                self.outputs.push_back(Output::Deliver(Delivery {
                    seq,
                    sender,
                    payload,
                }));
            }
        }
    }

    /// Takes messages in, and delivers those that are in order. Whether there is a gap.
    pub(super) fn take_in(&mut self, first: u64, entries: Vec<Entry>) -> bool {
        let delivered = self.log.received();
        let gap = self.log.insert(first, entries);
        self.deliver_from(delivered);
        gap
    }

    fn send_ordered(&mut self, now: Duration) {
        let Some(sequencer) = self.sequencer.as_mut() else {
            return;
        };
        let last = self.log.received();
        let committed = sequencer.committed(
            self.me.node,
            self.acknowledged,
            &self.commitment,
            &self.votes,
        );
        let collected = sequencer.collected(last);
        let mut frames: Vec<(NodeId, u64)> = Vec::new();
        for (node, follower) in &mut sequencer.followers {
            if follower.sent < last && !self.gone.contains(node) {
                frames.push((*node, follower.sent));
                follower.sent = last;
                follower.sent_at = Some(now);
            }
        }
        // Most members are equally far: what was encoded for one serves the next.
        let mut encoded: Vec<(u64, u64, bytes::Bytes)> = Vec::new();
        for (node, mut after) in frames {
            while after < last {
                let known = encoded.iter().find(|(first, _, _)| *first == after);
                let (next, frame) = match known {
                    Some((_, next, frame)) => (*next, frame.clone()),
                    None => {
                        let entries = self.log.following(after, BATCH_BYTES);
                        let next = after + entries.len() as u64;
                        if next == after {
                            break;
                        }
                        let body = Body::Ordered(Ordered {
                            view: self.view.id,
                            first: after + 1,
                            committed,
                            collected,
                            entries,
                        });
                        let frame = Frame {
                            from: self.me.incarnation,
                            to: Incarnation(0),
                            body,
                        }
                        .encode();
                        encoded.push((after, next, frame.clone()));
                        (next, frame)
                    }
                };
                self.send_frame(now, node, frame);
                after = next;
            }
        }
    }

    pub(super) fn on_ordered(&mut self, now: Duration, from: NodeId, ordered: Ordered) {
        if let Phase::Accepted(promise) = &self.phase
            && promise.proposal == ordered.view
            && ordered.view.leader.node == from
        {
            if self.overtaking.len() < OVERTAKING {
                self.overtaking.push(ordered);
            }
            return;
        }
        if ordered.view != self.view.id || from != self.leader() || !self.still_receives() {
            return;
        }
        let gap = self.take_in(ordered.first, ordered.entries);
        self.settle(&Settled {
            view: ordered.view,
            committed: ordered.committed,
            collected: ordered.collected,
        });
        if gap {
            self.ask(now);
        }
        // Perhaps it was the last of a view that has ended.
        self.answer(now, false);
    }

    /// Whether messages of the old view's leader are still to be taken: not once this node has told a
    /// proposer how far it is.
    fn still_receives(&self) -> bool {
        match &self.phase {
            Phase::Operating => true,
            Phase::Proposing(_) => false,
            Phase::Accepted(promise) => promise.led && promise.answered_at.is_none(),
        }
    }

    /// As a member: asks the leader for what is missing, not more often than an answer takes.
    fn ask(&mut self, now: Duration) {
        let leader = self.leader();
        let pause = self
            .peers
            .get(&leader)
            .and_then(|peer| peer.round_trip())
            .unwrap_or(self.timing.retransmit());
        if self.missing_at.is_some_and(|at| now < at + pause) {
            return;
        }
        self.missing_at = Some(now);
        let missing = Missing {
            view: self.view.id,
            after: self.log.received(),
        };
        self.send(now, leader, Body::Missing(missing));
    }

    /// The leader's heartbeat shows that it has ordered more than has come.
    pub(super) fn ask_where_stuck(&mut self, now: Duration, ordered: u64) {
        if ordered > self.log.received() && self.still_receives() {
            self.ask(now);
        }
    }

    pub(super) fn on_missing(&mut self, now: Duration, from: NodeId, missing: &Missing) {
        if missing.view != self.view.id {
            return;
        }
        let pause = self
            .peers
            .get(&from)
            .and_then(|peer| peer.round_trip())
            .unwrap_or_default();
        if let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&from))
            && follower.sent_at.is_none_or(|at| now >= at + pause)
        {
            follower.sent = follower.sent.min(missing.after).max(follower.received);
        }
    }

    /// As the leader: a member has not confirmed for long what was sent to it.
    pub(super) fn resend_where_stuck(&mut self, now: Duration, node: NodeId) {
        let pause = self.resend_pause(node);
        if let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&node))
            && follower.received < follower.sent
            && follower.sent_at.is_some_and(|at| now >= at + pause)
        {
            follower.sent = follower.received;
        }
    }

    /// As a member: the leader has not taken what was submitted to it long ago.
    pub(super) fn submit_again_where_stuck(&mut self, now: Duration, taken: u64) {
        let pause = self.resend_pause(self.leader());
        if self.submissions.is_stuck(now, pause) && taken < self.submissions.sent() {
            self.submissions.rewind(taken);
        }
    }

    fn resend_pause(&self, node: NodeId) -> Duration {
        let round_trip = self.peers.get(&node).and_then(|peer| peer.round_trip());
        round_trip
            .map_or(Duration::ZERO, |time| time * 3)
            .max(self.timing.retransmit())
    }

    pub(super) fn on_submit(&mut self, from: NodeId, submit: Submit) {
        if submit.view == self.view.id
            && self.is_operating()
            && let Some(sequencer) = &mut self.sequencer
        {
            sequencer.take(from, submit.first, submit.payloads);
        }
    }

    fn send_submissions(&mut self, now: Duration) {
        let leader = self.leader();
        self.submissions.sends(now);
        while let Some((first, payloads)) = self.submissions.take(BATCH_BYTES) {
            let submit = Submit {
                view: self.view.id,
                first,
                payloads,
            };
            self.send(now, leader, Body::Submit(submit));
        }
    }

    fn tell_progress(&mut self, now: Duration) {
        let progress = (self.log.received(), self.acknowledged);
        if progress != self.told {
            self.told = progress;
            let (received, acknowledged) = progress;
            let body = Body::Progress(Progress {
                view: self.view.id,
                received,
                acknowledged,
            });
            self.send(now, self.leader(), body);
        }
    }

    pub(super) fn on_progress(&mut self, from: NodeId, progress: &Progress) {
        if progress.view == self.view.id {
            self.record_progress(from, progress.received, progress.acknowledged);
        }
    }

    pub(super) fn record_progress(&mut self, from: NodeId, received: u64, acknowledged: u64) {
        let last = self.log.received();
        if let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&from))
        {
            follower.received = follower.received.max(received.min(last));
            follower.acknowledged = follower.acknowledged.max(acknowledged.min(last));
        }
    }

    /// As the leader: what is committed and collected now.
    fn settled(&self) -> Option<Settled> {
        let sequencer = self.sequencer.as_ref()?;
        let committed = sequencer.committed(
            self.me.node,
            self.acknowledged,
            &self.commitment,
            &self.votes,
        );
        Some(Settled {
            view: self.view.id,
            committed: committed.max(self.committed),
            collected: sequencer.collected(self.log.received()),
        })
    }

    /// As the leader: tells all at once when more is committed.
    fn settle_loudly(&mut self, now: Duration) {
        let Some(settled) = self.settled() else {
            return;
        };
        self.settle(&settled);
        let Some(sequencer) = self.sequencer.as_mut() else {
            return;
        };
        let complete = sequencer.acknowledged_by_all(self.acknowledged);
        if complete > sequencer.complete {
            sequencer.complete = complete;
            self.outputs.push_back(Output::AcknowledgedByAll(complete));
        }
        if settled.committed <= sequencer.announced {
            return;
        }
        sequencer.announced = settled.committed;
        let nodes: Vec<NodeId> = sequencer.followers.keys().copied().collect();
        for node in nodes {
            self.send(now, node, Body::Settled(settled));
        }
    }

    /// As the leader: tells one member with its heartbeat what may be forgotten.
    pub(super) fn settle_quietly(&mut self, now: Duration, node: NodeId) {
        let Some(settled) = self.settled() else {
            return;
        };
        if let Some(follower) = self
            .sequencer
            .as_mut()
            .and_then(|s| s.followers.get_mut(&node))
            && follower.told_collected < settled.collected
        {
            follower.told_collected = settled.collected;
            self.send(now, node, Body::Settled(settled));
        }
    }

    pub(super) fn on_settled(&mut self, from: NodeId, settled: &Settled) {
        if settled.view == self.view.id && from == self.leader() {
            self.settle(settled);
        }
    }

    /// Believes what is committed and collected.
    pub(super) fn settle(&mut self, settled: &Settled) {
        self.settled_ahead = self.settled_ahead.max(settled.committed);
        let committed = self.settled_ahead.min(self.log.received());
        if committed > self.committed {
            self.committed = committed;
            self.outputs.push_back(Output::Committed(committed));
        }
        self.log.collect(settled.collected);
    }
}
