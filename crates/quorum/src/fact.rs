//! Facts: what is said within a view, in its order, that changes the verdict.

use thiserror::Error;

use crate::bytes::{DecodeError, Reader, Writer};
use crate::{MAX_EXPECTED_VOTES, NodeId};

const VERSION: u8 = 1;

/// The longest fact.
const MAX_FACT_BYTES: usize = 16;

/// Said by the leader, save where another is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fact {
    /// There are members that were not counted, or more votes than expected, or the tie-breaker is
    /// to mean the nodes that are here now: the electorate grows to all of them.
    Grow,
    /// `last_man_standing_window` is over: the electorate is the members of this view.
    Shrink,
    /// The electorate of that number is on record with all members.
    Formed {
        /// Its number.
        number: u64,
    },
    /// Whether the witness gives its vote.
    Witness {
        /// It does.
        vote: bool,
    },
    /// An operator sets `expected_votes`; any member may say it.
    ExpectedVotes {
        /// How many.
        votes: u32,
        /// He vouches that no other partition is active, so that no quorum is needed for it.
        asserted: bool,
    },
    /// An operator ends `wait_for_all` (`quorum.cancel_wait_for_all`); any member may say it.
    Unblock,
    /// A node leaves in order; it says so itself.
    Leaving {
        /// The node.
        node: NodeId,
    },
}

impl Fact {
    /// The message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u8(VERSION);
        match self {
            Self::Grow => to.u8(0),
            Self::Shrink => to.u8(1),
            Self::Formed { number } => to.u8(2).u64(*number),
            Self::Witness { vote } => to.u8(3).flag(*vote),
            Self::ExpectedVotes { votes, asserted } => to.u8(4).u32(*votes).flag(*asserted),
            Self::Unblock => to.u8(5),
            Self::Leaving { node } => to.u8(6).u32(*node),
        };
        to.0
    }

    /// The fact in `bytes`.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes, MAX_FACT_BYTES)?;
        from.version(VERSION)?;
        let fact = match from.u8()? {
            0 => Self::Grow,
            1 => Self::Shrink,
            2 => Self::Formed {
                number: from.u64()?,
            },
            3 => Self::Witness {
                vote: from.flag("vote")?,
            },
            4 => Self::ExpectedVotes {
                votes: from.u32()?,
                asserted: from.flag("asserted")?,
            },
            5 => Self::Unblock,
            6 => Self::Leaving {
                node: from.node("node")?,
            },
            _ => return Err(DecodeError::Field("fact")),
        };
        from.end()?;
        Ok(fact)
    }
}

/// Why a fact changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// `expected_votes` that this partition could not reach, or that another could reach, too.
    #[error("expected_votes must be {lowest} to {highest} while {total_votes} votes are present")]
    ExpectedVotes {
        /// The lowest that makes sense.
        lowest: u32,
        /// The highest that makes sense.
        highest: u32,
        /// Votes that are there.
        total_votes: u32,
    },
    /// Nobody knows what other partitions do.
    #[error(
        "this partition cannot rule out that another one is active; say that none is to set expected_votes nevertheless"
    )]
    NotExclusive,
    /// One after the other.
    #[error("an earlier change of expected_votes is not yet on record with all members")]
    Unsettled,
    /// The leader and this node disagree on what is to be done, which changes nothing.
    #[error("there is nothing to change")]
    Nothing,
}

impl Refusal {
    /// Whether `votes` make sense while `total_votes` are present: a majority of them is more than
    /// half of what is present, and can be reached.
    pub(crate) fn of_expected_votes(votes: u32, total_votes: u32) -> Result<(), Self> {
        let needed = crate::options::majority(votes.min(MAX_EXPECTED_VOTES));
        if votes > 0 && 2 * needed > total_votes && needed <= total_votes {
            return Ok(());
        }
        Err(Self::ExpectedVotes {
            lowest: if total_votes <= 1 {
                1
            } else {
                total_votes - total_votes % 2
            },
            highest: (2 * total_votes).saturating_sub(1),
            total_votes,
        })
    }
}
