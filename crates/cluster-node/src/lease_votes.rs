//! What votes must be there, moment by moment, for the node to rely on a verdict.

use membership::{NodeId, Votes};
use quorum::Verdict;

/// The votes that the group's lease rests on: as many as the verdict needs of its members. Where the
/// members that it needs are no majority and it is exclusive nevertheless (both nodes of a pair are
/// there), all must be heard: it is for as long as they are that nobody else can act. Where both sides
/// of a cut go on anyway, nobody else need be heard.
pub(crate) fn lease_votes(verdict: &Verdict) -> Votes {
    let present: u32 = verdict.member_votes.values().sum();
    let by_majority = u64::from(verdict.members_needed) * 2 > u64::from(verdict.expected_votes);
    let needed = match (verdict.quorate, verdict.exclusive) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) if by_majority => verdict.members_needed,
        (true, true) => present,
    };
    let of = verdict.member_votes.iter();
    Votes {
        of: of.map(|(node, votes)| (NodeId(*node), *votes)).collect(),
        needed,
    }
}
