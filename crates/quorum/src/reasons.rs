//! The verdict in plain sentences.

use std::collections::BTreeSet;

use crate::NodeId;
use crate::options::Options;
use crate::verdict::{Count, Facts, Outcome, Verdict, WitnessVote};
use crate::view::View;

/// Why, the most important first.
pub(crate) fn of(
    view: &View,
    facts: &Facts,
    outcome: &Outcome,
    verdict: &Verdict,
    same_options: bool,
) -> Vec<String> {
    let mut reasons = Vec::new();
    if outcome.waiting {
        reasons.push(waits(outcome));
    }
    reasons.push(votes(&outcome.count));
    reasons.extend(tie(&outcome.count));
    if outcome.count.two_node && !outcome.complete {
        let others = if outcome.missing.is_empty() {
            "the other node is not here and may be active, too".to_owned()
        } else {
            absent(&outcome.missing, "not here and may be active, too")
        };
        reasons.push(format!("one of two nodes is enough (two_node): {others}"));
    }
    match verdict.witness {
        WitnessVote::None | WitnessVote::NotNeeded => {}
        WitnessVote::Given => reasons.push("the witness gives its vote".to_owned()),
        WitnessVote::Missing => {
            reasons.push("the witness does not give its vote, which is needed".to_owned());
        }
        WitnessVote::Useless => {
            reasons.push("the witness' vote would not be enough".to_owned());
        }
    }
    reasons.extend(doubts(outcome));
    if !same_options {
        let odd = odd_options(view);
        reasons.push(format!(
            "the quorum options of {} differ from the others'",
            list(&odd)
        ));
    }
    if !facts.leaving.is_empty() {
        let leaving: Vec<_> = facts.leaving.iter().copied().collect();
        reasons.push(absent(&leaving, "leaving in order"));
    }
    reasons
}

fn waits(outcome: &Outcome) -> String {
    if outcome.missing.is_empty() {
        "waits for all nodes: not all votes were present since the start".to_owned()
    } else {
        let plural = if outcome.missing.len() == 1 {
            "was"
        } else {
            "were"
        };
        format!(
            "waits for all nodes: {} {plural} not seen since the start",
            list(&outcome.missing)
        )
    }
}

fn votes(count: &Count) -> String {
    let Count {
        votes,
        expected_votes,
        needed,
        ..
    } = count;
    let present = if *expected_votes == 1 {
        "vote"
    } else {
        "votes"
    };
    format!("{votes} of {expected_votes} {present} present, {needed} needed")
}

fn tie(count: &Count) -> Option<String> {
    Some(match count.tie? {
        (Some(node), true) => {
            format!("half of the votes is enough with node {node}, which breaks the tie")
        }
        (Some(node), false) => {
            format!("half of the votes is not enough without node {node}, which breaks the tie")
        }
        (None, _) => "half of the votes is not enough: no node that breaks the tie was here before"
            .to_owned(),
    })
}

/// Why there may be more to it than the votes.
fn doubts(outcome: &Outcome) -> Vec<String> {
    let mut doubts = Vec::new();
    if outcome.open {
        doubts.push(
            "the absent nodes may have agreed on other expected votes, which these are".to_owned(),
        );
    }
    if outcome.asserted {
        doubts.push(
            "an operator set the expected votes without a quorum: another partition may be active"
                .to_owned(),
        );
    }
    if !outcome.forgetful.is_empty() {
        let nodes = list(&outcome.forgetful);
        doubts.push(format!(
            "votes that do not count: {nodes} may have forgotten what the cluster agreed on"
        ));
    }
    if outcome.quorate && !outcome.exclusive && !outcome.count.two_node && !outcome.count.excludes {
        doubts.push("expected votes are lower than the votes there are: another partition may have quorum, too".to_owned());
    }
    doubts
}

/// The nodes whose options are not those of most; of the higher ids where there are as many.
fn odd_options(view: &View) -> Vec<NodeId> {
    let sets: BTreeSet<_> = view
        .members
        .values()
        .map(|member| &member.options)
        .collect();
    let holders = |options: &Options| {
        let members = view
            .members
            .iter()
            .filter(move |(_, member)| member.options == *options);
        members.map(|(node, _)| *node).collect::<Vec<_>>()
    };
    let groups = sets.into_iter().map(holders);
    let usual = groups.max_by_key(|nodes| (nodes.len(), std::cmp::Reverse(nodes.first().copied())));
    let usual = usual.unwrap_or_default();
    view.members
        .keys()
        .copied()
        .filter(|node| !usual.contains(node))
        .collect()
}

fn absent(nodes: &[NodeId], what: &str) -> String {
    let verb = if nodes.len() == 1 { "is" } else { "are" };
    format!("{} {verb} {what}", list(nodes))
}

/// `node 3`, `nodes 1, 2 and 4`.
fn list(nodes: &[NodeId]) -> String {
    match nodes {
        [] => "no node".to_owned(),
        [node] => format!("node {node}"),
        [before @ .., last] => {
            let before: Vec<_> = before.iter().map(NodeId::to_string).collect();
            format!("nodes {} and {last}", before.join(", "))
        }
    }
}
