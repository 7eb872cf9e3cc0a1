//! Which partition should have the vote: the algorithms of corosync-qdevice(8).

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use super::message::{Preference, TieBreaker};
use crate::NodeId;
use crate::options::Algorithm;

/// A partition as the witness sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partition<'a> {
    pub members: &'a BTreeSet<NodeId>,
    /// Members that the witness hears from.
    pub connected: usize,
    /// `1` for each of these, `+1` where its heuristics pass, `-1` where they fail.
    pub score: i32,
    /// Members of the partition that was active before.
    pub active: usize,
}

impl Partition<'_> {
    /// Better first: `Greater` means that `self` gets the vote. Disjoint partitions are never equal.
    ///
    /// `ffsplit`: the most nodes, the highest score, the most connected nodes, the active partition,
    /// the tie-breaker. `lms`: the highest score, the most nodes, the active partition, the
    /// tie-breaker.
    pub fn compare(&self, other: &Self, preference: &Preference) -> Ordering {
        let nodes = |of: &Self| of.members.len();
        let by_merit = match preference.algorithm {
            Algorithm::Ffsplit => (nodes(self), self.score, self.connected).cmp(&(
                nodes(other),
                other.score,
                other.connected,
            )),
            Algorithm::LastManStanding => {
                (self.score, nodes(self)).cmp(&(other.score, nodes(other)))
            }
        };
        let keeps = preference.keep_active || preference.algorithm == Algorithm::LastManStanding;
        by_merit
            .then_with(|| {
                if keeps {
                    self.active.cmp(&other.active)
                } else {
                    Ordering::Equal
                }
            })
            .then_with(|| self.tie(other, preference.tie_breaker))
    }

    fn tie(&self, other: &Self, tie_breaker: TieBreaker) -> Ordering {
        let lowest = |of: &Self| Reverse(of.members.first().copied());
        let by_lowest = lowest(self).cmp(&lowest(other));
        match tie_breaker {
            TieBreaker::Lowest => by_lowest,
            TieBreaker::Highest => self.members.last().cmp(&other.members.last()),
            TieBreaker::Node(node) => {
                let has = |of: &Self| of.members.contains(&node);
                has(self).cmp(&has(other)).then(by_lowest)
            }
        }
    }
}
