//! The leader's part in a view: who has received, acknowledged and submitted how much, and what
//! follows for all.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use bytes::Bytes;

use crate::NodeId;
use crate::limits::WINDOW_BYTES;
use crate::submissions::FLIGHT_MESSAGES;

/// When a message counts as committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Commitment {
    /// Every member of the view has acknowledged it.
    #[default]
    All,
    /// Members with so many votes have, as [`Votes`] says.
    Votes,
}

/// The votes in the present view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Votes {
    /// Each member's votes. Who is not named has none.
    pub of: BTreeMap<NodeId, u32>,
    /// How many are needed for quorum. 0: the view has no quorum, however many vote for it.
    pub needed: u32,
}

impl Votes {
    /// The greatest value that members with the needed votes have reached, or nothing where there
    /// are not enough votes.
    pub(crate) fn reached<T: Ord + Copy>(
        &self,
        values: impl Iterator<Item = (NodeId, T)>,
    ) -> Option<T> {
        if self.needed == 0 {
            return None;
        }
        let mut values: Vec<(T, u32)> = values
            .map(|(node, value)| (value, self.of.get(&node).copied().unwrap_or(0)))
            .collect();
        values.sort_unstable_by(|a, b| b.cmp(a));
        let mut votes = 0u32;
        values.into_iter().find_map(|(value, its_votes)| {
            votes = votes.saturating_add(its_votes);
            (votes >= self.needed).then_some(value)
        })
    }
}

/// How far one member is, as far as its leader knows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Follower {
    pub received: u64,
    pub acknowledged: u64,
    /// How many of its submissions were taken.
    pub taken: u64,
    /// The last place that was sent to it.
    pub sent: u64,
    /// When something was last sent to it that it has not confirmed.
    pub sent_at: Option<Duration>,
    /// When we sent the latest heartbeat that it has heard while supporting us.
    pub supported_at: Option<Duration>,
    /// Until when it may believe in the quorum of this view, by our clock.
    pub granted_until: Duration,
    /// What it was last told that all have received.
    pub told_collected: u64,
}

/// What only the leader of a view has.
#[derive(Debug)]
pub(crate) struct Sequencer {
    /// The other members.
    pub followers: BTreeMap<NodeId, Follower>,
    /// Submissions that wait for room in the window.
    pub waiting: VecDeque<(NodeId, Bytes)>,
    /// Submissions that came before some that were sent earlier, by their numbers.
    early: BTreeMap<(NodeId, u64), Bytes>,
    early_bytes: usize,
    /// What was last told to all to be committed.
    pub announced: u64,
    /// What was last told to the layer above to be acknowledged by all.
    pub complete: u64,
}

impl Sequencer {
    pub(crate) fn new(others: impl Iterator<Item = NodeId>) -> Self {
        Self {
            followers: others.map(|node| (node, Follower::default())).collect(),
            waiting: VecDeque::new(),
            early: BTreeMap::new(),
            early_bytes: 0,
            announced: 0,
            complete: 0,
        }
    }

    /// Takes a member's submissions in; those that were taken before are ignored, those beyond a gap
    /// wait until it is filled, as far as a member may be ahead and there is room.
    pub(crate) fn take(&mut self, node: NodeId, first: u64, payloads: Vec<Bytes>) {
        let Some(follower) = self.followers.get_mut(&node) else {
            return;
        };
        for (number, payload) in (first..).zip(payloads) {
            let ahead = number.saturating_sub(follower.taken);
            let fits = self.early_bytes + payload.len() <= WINDOW_BYTES;
            if (1..=FLIGHT_MESSAGES).contains(&ahead) && (ahead == 1 || fits) {
                self.early_bytes += payload.len();
                if let Some(former) = self.early.insert((node, number), payload) {
                    self.early_bytes -= former.len();
                }
            }
            while let Some(payload) = self.early.remove(&(node, follower.taken + 1)) {
                self.early_bytes -= payload.len();
                follower.taken += 1;
                self.waiting.push_back((node, payload));
            }
        }
    }

    /// What is committed, the leader having acknowledged `own`.
    pub(crate) fn committed(
        &self,
        me: NodeId,
        own: u64,
        commitment: &Commitment,
        votes: &Votes,
    ) -> u64 {
        let others = self
            .followers
            .iter()
            .map(|(node, follower)| (*node, follower.acknowledged));
        let all = std::iter::once((me, own)).chain(others);
        match commitment {
            Commitment::Votes if votes.needed > 0 => votes.reached(all).unwrap_or(0),
            _ => self.acknowledged_by_all(own),
        }
    }

    /// What all have acknowledged, the leader `own`.
    pub(crate) fn acknowledged_by_all(&self, own: u64) -> u64 {
        let others = self
            .followers
            .values()
            .map(|follower| follower.acknowledged);
        others.min().unwrap_or(own).min(own)
    }

    /// What all have received, the leader having received `own`.
    pub(crate) fn collected(&self, own: u64) -> u64 {
        let others = self.followers.values().map(|follower| follower.received);
        others.min().unwrap_or(own).min(own)
    }

    /// Until when this view surely has its votes: the leader's heartbeats that so many have heard
    /// vouch for `lease` each. The leader's own vote never ends.
    pub(crate) fn lease_until(
        &self,
        me: NodeId,
        votes: &Votes,
        lease: Duration,
    ) -> Option<Duration> {
        let others = self
            .followers
            .iter()
            .map(|(node, follower)| (*node, follower.supported_at.map(|at| at + lease)));
        let own = std::iter::once((me, Some(Duration::MAX)));
        votes.reached(others.chain(own)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn votes(of: &[(u32, u32)], needed: u32) -> Votes {
        Votes {
            of: of
                .iter()
                .map(|(node, votes)| (NodeId(*node), *votes))
                .collect(),
            needed,
        }
    }

    #[test]
    fn the_value_that_enough_votes_have_reached() {
        let values = [(NodeId(1), 9), (NodeId(2), 5), (NodeId(3), 1)];
        let reached = |votes: Votes| votes.reached(values.into_iter());
        assert_eq!(reached(votes(&[(1, 1), (2, 1), (3, 1)], 1)), Some(9));
        assert_eq!(reached(votes(&[(1, 1), (2, 1), (3, 1)], 2)), Some(5));
        assert_eq!(reached(votes(&[(1, 1), (2, 1), (3, 1)], 3)), Some(1));
        assert_eq!(reached(votes(&[(1, 1), (2, 1), (3, 1)], 4)), None);
        assert_eq!(reached(votes(&[(1, 1), (3, 2)], 3)), Some(1));
        assert_eq!(reached(votes(&[(1, 0), (2, 1)], 1)), Some(5));
        assert_eq!(reached(votes(&[(1, 1)], 0)), None);
    }

    #[test]
    fn submissions_are_taken_once_and_without_gaps() {
        let mut sequencer = Sequencer::new([NodeId(2)].into_iter());
        let message = |text: &'static str| Bytes::from_static(text.as_bytes());
        sequencer.take(NodeId(2), 2, vec![message("b")]);
        sequencer.take(NodeId(2), 1, vec![message("a")]);
        sequencer.take(NodeId(2), 1, vec![message("a"), message("b")]);
        sequencer.take(NodeId(9), 1, vec![message("x")]);
        let taken: Vec<_> = sequencer
            .waiting
            .iter()
            .map(|(_, payload)| payload.clone())
            .collect();
        assert_eq!(taken, [message("a"), message("b")]);
        sequencer.take(NodeId(2), 3 + FLIGHT_MESSAGES, vec![message("far")]);
        sequencer.take(NodeId(2), 4, vec![message("d")]);
        sequencer.take(NodeId(2), 3, vec![message("c")]);
        let last = sequencer.waiting.back().map(|(_, payload)| payload.clone());
        assert_eq!((sequencer.waiting.len(), last), (4, Some(message("d"))));
        assert!(sequencer.early.is_empty());
    }
}
