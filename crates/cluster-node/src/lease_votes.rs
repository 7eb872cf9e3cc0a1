//! What votes must be there, moment by moment, for the node to rely on a verdict.

use std::collections::BTreeMap;

use membership::{NodeId, Votes};
use quorum::{Verdict, WitnessVote};

/// The votes that the group's lease rests on. Where a majority decides, a majority must be heard;
/// where something else gave the quorum (a witness, a tie-breaker), everybody in the view must, for
/// what was decided for all of them need not hold for a part. Where both sides of a cut go on anyway,
/// nobody else need be heard.
pub(crate) fn lease_votes(verdict: &Verdict, of: BTreeMap<NodeId, u32>) -> Votes {
    let present: u32 = of.values().sum();
    let by_majority = u64::from(verdict.needed) * 2 > u64::from(verdict.expected_votes)
        && verdict.witness != WitnessVote::Given
        && present >= verdict.needed;
    let needed = match (verdict.quorate, verdict.exclusive) {
        (false, _) => 0,
        (true, false) => 1,
        (true, true) if by_majority => verdict.needed,
        (true, true) => present,
    };
    Votes { of, needed }
}
