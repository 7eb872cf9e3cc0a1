//! The verdict: what the members of a view, given what each of them brought and the facts so far,
//! may do.

use std::collections::{BTreeMap, BTreeSet};

use crate::NodeId;
use crate::attachment::{Attachment, Memory};
use crate::electorate::Electorate;
use crate::knowledge::Knowledge;
use crate::options::{Options, majority};
use crate::reasons;
use crate::view::View;

/// What was said in the view so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts {
    /// The witness gives its vote.
    pub witness_vote: bool,
    /// The electorate that was proposed in this view, the last one.
    pub changed: Option<Electorate>,
    /// All members have it on record.
    pub formed: bool,
    /// The electorate that an operator asserted in this view, the last one.
    pub asserted: Option<Electorate>,
    /// An operator ended `wait_for_all`.
    pub unblocked: bool,
    /// Who leaves in order.
    pub leaving: BTreeSet<NodeId>,
}

impl Facts {
    /// What is known at the start of a view: who leaves, and whether the leader brings along the
    /// witness' vote.
    #[must_use]
    pub fn at_start(view: &View) -> Self {
        let leader = view.members.get(&view.id.leader);
        let leaving = view.members.iter().filter(|(_, member)| member.leaving);
        Self {
            witness_vote: leader.is_some_and(|leader| leader.witness),
            leaving: leaving.map(|(node, _)| *node).collect(),
            ..Self::default()
        }
    }
}

/// The witness' vote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WitnessVote {
    /// There is no witness.
    None,
    /// There is quorum without it.
    NotNeeded,
    /// It is given, and there is quorum by it.
    Given,
    /// With it there would be quorum, and it is not given.
    Missing,
    /// Even with it there would be no quorum.
    Useless,
}

/// What this partition may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// It has quorum.
    pub quorate: bool,
    /// No other partition can have quorum at the same time, on the terms of the crate's first page.
    pub exclusive: bool,
    /// Votes of the members, and of the witness where it gives its vote.
    pub total_votes: u32,
    /// Votes of everybody.
    pub expected_votes: u32,
    /// Votes that make a quorum.
    pub needed: u32,
    /// What the witness has to do with it.
    pub witness: WitnessVote,
    /// Each member's votes, as far as they count.
    pub member_votes: BTreeMap<NodeId, u32>,
    /// How many of the members' votes must be heard of for this verdict to hold: 0 without quorum;
    /// all of them where quorum hangs on a tie-breaker or on a change that is not yet formed.
    pub members_needed: u32,
    /// It waits for all nodes.
    pub waiting: bool,
    /// All nodes of the configuration are here.
    pub complete: bool,
    /// Why, for the operator, the most important first.
    pub reasons: Vec<String>,
}

/// The verdict: of agreed inputs alone, hence the same on every member.
#[must_use]
pub fn verdict(view: &View, facts: &Facts) -> Verdict {
    let mut knowledge = Knowledge::of(view);
    if let Some(changed) = facts.changed.as_ref().filter(|_| facts.formed) {
        knowledge.settle(changed);
    }
    let options: BTreeSet<&Options> = view
        .members
        .values()
        .map(|member| &member.options)
        .collect();
    let judge = |witness_vote| {
        let bench = options.iter().map(|options| Bench {
            view,
            facts,
            knowledge: &knowledge,
            options,
            witness_vote,
        });
        bench.map(|bench| bench.outcome()).collect::<Vec<_>>()
    };
    let outcomes = judge(facts.witness_vote);
    let quorate = |outcomes: &[Outcome]| outcomes.iter().all(|outcome| outcome.quorate);
    let Some(shown) = outcomes
        .iter()
        .max_by_key(|outcome| (!outcome.quorate, outcome.needed))
    else {
        return Verdict::nowhere();
    };
    let quorum = quorate(&outcomes);
    let witness = if options
        .iter()
        .all(|options| options.witness_votes().is_none())
    {
        WitnessVote::None
    } else if quorate(&judge(false)) {
        WitnessVote::NotNeeded
    } else if quorum {
        WitnessVote::Given
    } else if quorate(&judge(true)) {
        WitnessVote::Missing
    } else {
        WitnessVote::Useless
    };
    let mut verdict = Verdict {
        quorate: quorum,
        exclusive: options.len() == 1 && shown.exclusive,
        total_votes: shown.total_votes,
        expected_votes: shown.expected_votes,
        needed: shown.needed,
        witness,
        member_votes: shown.count.members.clone(),
        members_needed: if quorum { shown.members_needed } else { 0 },
        waiting: shown.waiting,
        complete: outcomes.iter().all(|outcome| outcome.complete),
        reasons: Vec::new(),
    };
    verdict.reasons = reasons::of(view, facts, shown, &verdict, options.len() == 1);
    verdict
}

impl Verdict {
    /// Before the first view: nobody is there.
    #[must_use]
    pub fn nowhere() -> Self {
        Self {
            quorate: false,
            exclusive: false,
            total_votes: 0,
            expected_votes: 0,
            needed: 0,
            witness: WitnessVote::None,
            member_votes: BTreeMap::new(),
            members_needed: 0,
            waiting: false,
            complete: false,
            reasons: vec!["this node is not yet in a view".to_owned()],
        }
    }

    /// Quorum that does not hang on the witness.
    #[must_use]
    pub const fn quorate_without_witness(&self) -> bool {
        self.quorate && !matches!(self.witness, WitnessVote::Given)
    }
}

/// One electorate's votes, counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Count {
    /// Each member's, as far as they count.
    pub members: BTreeMap<NodeId, u32>,
    /// All of them, and the witness'.
    pub votes: u32,
    pub expected_votes: u32,
    pub needed: u32,
    /// Exactly half is there; who breaks the tie; whether that one is here.
    pub tie: Option<(Option<NodeId>, bool)>,
    /// `two_node` lowered what is needed.
    pub two_node: bool,
    pub reached: bool,
    /// No other partition can reach it at once.
    pub excludes: bool,
}

/// What comes of one set of options.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub quorate: bool,
    pub exclusive: bool,
    pub waiting: bool,
    pub complete: bool,
    /// Listed nodes that are not here.
    pub missing: Vec<NodeId>,
    /// Members without a vote, as they do not know what they took part in.
    pub forgetful: Vec<NodeId>,
    pub total_votes: u32,
    pub expected_votes: u32,
    pub needed: u32,
    pub members_needed: u32,
    /// The electorate that decides.
    pub count: Count,
    /// It is one that may or may not have been formed.
    pub open: bool,
    /// Quorum rests on what an operator asserted.
    pub asserted: bool,
}

/// Everything that one count looks at.
struct Bench<'a> {
    view: &'a View,
    facts: &'a Facts,
    knowledge: &'a Knowledge,
    options: &'a Options,
    witness_vote: bool,
}

impl Bench<'_> {
    fn outcome(&self) -> Outcome {
        let formed = self.knowledge.formed(self.options);
        let missing = self.options.missing(&self.view.nodes());
        let complete = self.complete(&formed, &missing);
        let changed = self.facts.changed.iter().filter(|_| !self.facts.formed);
        let newer: Vec<&Electorate> = self.knowledge.open.iter().chain(changed).collect();
        let all = [&formed].into_iter().chain(newer);
        let mut counts: Vec<Count> = all
            .map(|electorate| self.count(electorate, complete, complete))
            .collect();
        let waiting = !complete
            && !self.facts.unblocked
            && self.view.members.values().all(|member| member.waiting);
        let reached = counts.iter().all(|count| count.reached);
        let asserted = self.asserted(&formed).filter(|_| !reached);
        let by_assertion = asserted
            .map(|electorate| self.count(electorate, complete, true))
            .filter(|count| count.reached);
        let first_short = counts.iter().position(|count| !count.reached);
        let excludes = counts.iter().all(|count| count.excludes) && by_assertion.is_none();
        let deciding = first_short.unwrap_or(counts.len() - 1);
        let settled = counts.len() == 1 || by_assertion.is_some();
        let count = by_assertion
            .clone()
            .unwrap_or_else(|| counts.swap_remove(deciding));
        let quorate = !waiting && (reached || by_assertion.is_some());
        Outcome {
            quorate,
            exclusive: quorate && (complete || (excludes && !self.rivalled(&formed, complete))),
            waiting,
            complete,
            missing,
            forgetful: self.forgetful(&formed, complete),
            total_votes: self.total_votes(),
            expected_votes: count.expected_votes,
            needed: count.needed,
            members_needed: self.members_needed(&count, settled),
            open: deciding > 0 && deciding <= self.knowledge.open.len() && by_assertion.is_none(),
            asserted: by_assertion.is_some(),
            count,
        }
    }

    /// How many of the members' votes quorum takes.
    fn members_needed(&self, count: &Count, settled: bool) -> u32 {
        let all = count.members.values().sum();
        if !settled || count.votes < count.needed {
            return all;
        }
        count
            .needed
            .saturating_sub(self.witness_votes())
            .clamp(1, all.max(1))
    }

    /// Whether everybody is here whom the configuration or the electorate names.
    fn complete(&self, formed: &Electorate, missing: &[NodeId]) -> bool {
        let here = |node: &NodeId| self.view.members.contains_key(node);
        if self.options.votes().is_empty() && formed.votes.is_empty() {
            return self.votes()
                >= formed.expected_votes - self.all_witness_votes().min(formed.expected_votes);
        }
        let named = self.knowledge.open.iter().chain([formed]);
        missing.is_empty()
            && named
                .flat_map(|electorate| electorate.votes.keys())
                .all(here)
    }

    /// The asserted electorate, where nothing newer was formed.
    fn asserted(&self, formed: &Electorate) -> Option<&Electorate> {
        let now = self.facts.asserted.as_ref();
        now.or(self.knowledge.asserted.as_ref())
            .filter(|asserted| asserted.newer(formed))
    }

    /// Whether others may go on by an assertion that is not yet settled.
    fn rivalled(&self, formed: &Electorate, complete: bool) -> bool {
        let counted = self
            .asserted(formed)
            .map(|asserted| self.count(asserted, complete, true));
        counted.is_some_and(|count| !(count.reached && count.excludes))
    }

    /// Counts the votes of those who know what they took part in, or of all members where
    /// `everybody` counts: what was proposed in this view is known to all of its members. In a
    /// `complete` view, nodes that came later count, too.
    fn count(&self, electorate: &Electorate, complete: bool, everybody: bool) -> Count {
        let everybody = everybody || self.facts.changed.as_ref() == Some(electorate);
        let any = electorate.votes.is_empty();
        let counted = |(node, member): (&NodeId, &Attachment)| {
            let listed = electorate.votes.get(node).copied();
            let votes = listed.or((any || complete).then_some(member.votes));
            let votes = votes.filter(|_| everybody || remembers(member, electorate));
            votes.map(|votes| (*node, votes))
        };
        let members: BTreeMap<NodeId, u32> = self.view.members.iter().filter_map(counted).collect();
        let nodes_votes: u32 = members.values().sum();
        let votes = nodes_votes + self.witness_votes();
        let grown = any && nodes_votes + self.all_witness_votes() > electorate.expected_votes;
        let expected_votes = if grown {
            nodes_votes + self.all_witness_votes()
        } else {
            electorate.expected_votes
        };
        let two_node = self.options.two_node()
            && expected_votes == 2
            && self.view.members.len() <= 2
            && electorate.votes.len() <= 2;
        let needed = if two_node {
            1
        } else {
            majority(expected_votes)
        };
        let tie = self
            .options
            .auto_tie_breaker()
            .filter(|_| 2 * votes == expected_votes)
            .map(|tie_breaker| {
                let node = electorate.tie_node(tie_breaker);
                let member = node.and_then(|node| self.view.members.get(&node));
                (
                    node,
                    member.is_some_and(|member| everybody || remembers(member, electorate)),
                )
            });
        let ties = self.options.auto_tie_breaker().is_some();
        Count {
            members,
            votes,
            expected_votes,
            needed,
            tie,
            two_node,
            reached: votes >= needed || tie.is_some_and(|(_, here)| here),
            excludes: !grown && !two_node && electorate.excludes(self.options, ties),
        }
    }

    fn forgetful(&self, formed: &Electorate, complete: bool) -> Vec<NodeId> {
        let newest = self.knowledge.open.last().unwrap_or(formed);
        let members = self.view.members.iter();
        let forgetful = members.filter(|(_, member)| !complete && !remembers(member, newest));
        forgetful.map(|(node, _)| *node).collect()
    }

    /// The votes of all members.
    fn votes(&self) -> u32 {
        self.view.members.values().map(|member| member.votes).sum()
    }

    fn total_votes(&self) -> u32 {
        self.votes() + self.witness_votes()
    }

    fn all_witness_votes(&self) -> u32 {
        self.options.witness_votes().unwrap_or(0)
    }

    fn witness_votes(&self) -> u32 {
        if self.witness_vote {
            self.all_witness_votes()
        } else {
            0
        }
    }
}

/// Whether a member's vote counts: it knows of what it took part in, or there was nothing yet.
fn remembers(member: &Attachment, electorate: &Electorate) -> bool {
    match member.memory {
        Memory::Kept => true,
        Memory::New => electorate.number == 0,
        Memory::Lost => false,
    }
}
