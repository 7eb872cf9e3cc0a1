//! An electorate: the nodes whose votes count, and how many are expected.
//!
//! The first one comes from the configuration. Where it changes (`last_man_standing`, an operator's
//! `expected_votes`, more nodes than expected, the tie-breaker's "nodes before the split"), two
//! partitions must not go on under different ones. This is the problem of dynamic voting
//! (Jajodia and Mutchler 1990; Yeger-Lotem, Keidar and Dolev 1997): a new electorate is *open* on
//! each node that has heard of it and *formed* once all nodes of the view in which it was proposed
//! have it on record. Until a node knows which, a partition with that node needs quorum under both.

use std::collections::{BTreeMap, BTreeSet};

use crate::bytes::{DecodeError, Reader, Writer};
use crate::options::{Options, TieBreaker, majority};
use crate::{MAX_NODES, NodeId};

/// The nodes whose votes count, and how many votes are expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Electorate {
    /// Rises with each electorate; 0 is the configuration.
    pub number: u64,
    /// The nodes with their votes. Empty where no `nodelist` says: then every node counts.
    pub votes: BTreeMap<NodeId, u32>,
    /// `expected_votes`, the witness' votes together.
    pub expected_votes: u32,
    /// The nodes of the view in which this was proposed: those that know of it, and those that the
    /// tie-breaker means by "in the cluster before the split".
    pub present: BTreeSet<NodeId>,
}

const VOTER: u8 = 1;
const PRESENT: u8 = 2;

impl Electorate {
    /// What the configuration says. `tracked` is the highest `expected_votes` ever seen, where
    /// `expected_votes_tracking` is on.
    #[must_use]
    pub fn configured(options: &Options, tracked: u32) -> Self {
        Self {
            number: 0,
            votes: options.votes().clone(),
            expected_votes: options.expected_votes().max(tracked),
            present: options.votes().keys().copied().collect(),
        }
    }

    /// The node that breaks a tie, if one of them was there before the split.
    pub(crate) fn tie_node(&self, tie_breaker: &TieBreaker) -> Option<NodeId> {
        match tie_breaker {
            TieBreaker::Lowest => self.present.first().copied(),
            TieBreaker::Highest => self.present.last().copied(),
            TieBreaker::Nodes(nodes) => nodes
                .iter()
                .copied()
                .find(|node| self.present.contains(node)),
        }
    }

    /// Whether two disjoint partitions cannot both reach a majority of the expected votes, nor one
    /// of them half of them (`ties`) while the other has a majority. What one node has tracked
    /// (`expected_votes_tracking`) another may not know.
    pub(crate) fn excludes(&self, options: &Options, ties: bool) -> bool {
        let expected_votes = match self.number {
            0 => options.expected_votes(),
            _ => self.expected_votes,
        };
        let votes = if self.votes.is_empty() {
            // Nothing but expected_votes says how many there are.
            self.expected_votes
        } else {
            self.votes.values().sum::<u32>() + options.witness_votes().unwrap_or(0)
        };
        2 * majority(expected_votes) > votes && (!ties || expected_votes >= votes)
    }

    /// Newer by number.
    pub(crate) fn newer(&self, other: &Self) -> bool {
        self.number > other.number
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        let nodes: BTreeSet<NodeId> = self.votes.keys().chain(&self.present).copied().collect();
        to.u64(self.number)
            .u32(self.expected_votes)
            .len(nodes.len());
        for node in nodes {
            let (votes, present) = (self.votes.get(&node), self.present.contains(&node));
            let voter = if votes.is_some() { VOTER } else { 0 };
            to.u32(node).u8(voter | if present { PRESENT } else { 0 });
            to.votes(votes.copied().unwrap_or(0));
        }
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut electorate = Self {
            // A number that cannot rise any more would end the counting.
            number: match from.u64()? {
                number if number > u64::MAX / 2 => return Err(DecodeError::Field("electorate")),
                number => number,
            },
            expected_votes: from.expected_votes()?,
            votes: BTreeMap::new(),
            present: BTreeSet::new(),
        };
        let mut last = 0;
        for _ in 0..from.len(MAX_NODES, "electorate")? {
            let (node, flags, votes) = (from.node("electorate")?, from.u8()?, from.node_votes()?);
            if node <= last || !(1..=VOTER | PRESENT).contains(&flags) {
                return Err(DecodeError::Field("electorate"));
            }
            last = node;
            if flags & VOTER != 0 {
                electorate.votes.insert(node, votes);
            } else if votes != 0 {
                return Err(DecodeError::Field("electorate"));
            }
            if flags & PRESENT != 0 {
                electorate.present.insert(node);
            }
        }
        Ok(electorate)
    }
}
