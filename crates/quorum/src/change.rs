//! The next electorate: what each change makes of the current one. Of agreed inputs alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::attachment::Attachment;
use crate::electorate::Electorate;
use crate::fact::Refusal;
use crate::knowledge::Knowledge;
use crate::options::Options;
use crate::verdict::{Facts, Verdict};
use crate::view::View;
use crate::{MAX_NODES, NodeId};

/// The state of one view from which the next electorate is made.
pub(crate) struct Change<'a> {
    pub view: &'a View,
    pub facts: &'a Facts,
    pub knowledge: &'a Knowledge,
    pub verdict: &'a Verdict,
}

impl Change<'_> {
    /// The options that are meant: those of the leader, where nodes differ.
    fn options(&self) -> Option<&Options> {
        let leader = self.view.members.get(&self.view.id.leader);
        let any = || self.view.members.values().next();
        leader.or_else(any).map(|member| &member.options)
    }

    fn current(&self, options: &Options) -> Electorate {
        match &self.facts.changed {
            Some(changed) => changed.clone(),
            None => self.knowledge.formed(options),
        }
    }

    fn next_number(&self) -> u64 {
        let here = self.facts.changed.iter().chain(&self.facts.asserted);
        let here = here.map(|electorate| electorate.number).max().unwrap_or(0);
        self.knowledge.newest_number.max(here) + 1
    }

    /// A change needs a partition that rules out all others, and one change at a time.
    fn possible(&self) -> Result<(), Refusal> {
        let unsettled = self.facts.changed.is_some() && !self.facts.formed;
        if unsettled || !self.knowledge.fits() {
            Err(Refusal::Unsettled)
        } else if !self.verdict.exclusive {
            Err(Refusal::NotExclusive)
        } else {
            Ok(())
        }
    }

    /// [`crate::Fact::Grow`]: members that were not counted are, nodes that were taken from the
    /// `nodelist` are not any more.
    pub fn grown(&self) -> Result<Electorate, Refusal> {
        self.possible()?;
        let options = self.options().ok_or(Refusal::Nothing)?;
        let current = self.current(options);
        let mut grown = current.clone();
        if !current.votes.is_empty() {
            let listed =
                |node: &NodeId| options.votes().is_empty() || options.votes().contains_key(node);
            grown.votes.retain(|node, _| listed(node));
            grown.votes.extend(votes(&self.view.members));
        }
        let everybody = if grown.votes.is_empty() {
            &votes(&self.view.members)
        } else {
            &grown.votes
        };
        let all_votes = everybody.values().sum::<u32>() + options.witness_votes().unwrap_or(0);
        let removed = current
            .votes
            .keys()
            .any(|node| !grown.votes.contains_key(node));
        if removed {
            grown.expected_votes = all_votes;
        } else if self.verdict.complete || current.votes.is_empty() || grown.votes != current.votes
        {
            grown.expected_votes = current.expected_votes.max(all_votes);
        }
        let breaks_ties = options.auto_tie_breaker().is_some();
        let settles = self
            .knowledge
            .asserted
            .as_ref()
            .is_some_and(|asserted| asserted.newer(&current));
        if breaks_ties || settles || grown != current {
            grown.present = self.view.nodes();
        }
        if (grown == current && !settles) || grown.votes.len() > MAX_NODES {
            return Err(Refusal::Nothing);
        }
        grown.number = self.next_number();
        Ok(grown)
    }

    /// [`crate::Fact::Shrink`].
    pub fn shrunk(&self) -> Result<Electorate, Refusal> {
        self.possible()?;
        let options = self.options().ok_or(Refusal::Nothing)?;
        let current = self.current(options);
        let votes = votes(&self.view.members);
        let expected_votes = votes.values().sum::<u32>() + options.witness_votes().unwrap_or(0);
        if options.last_man_standing().is_none() || expected_votes >= current.expected_votes {
            return Err(Refusal::Nothing);
        }
        Ok(self.of_members(votes, expected_votes))
    }

    /// [`crate::Fact::ExpectedVotes`]: whether by assertion alone, and the electorate.
    pub fn set(&self, expected_votes: u32, asserted: bool) -> Result<(bool, Electorate), Refusal> {
        Refusal::of_expected_votes(expected_votes, self.verdict.total_votes)?;
        let by_assertion = match self.possible() {
            Ok(()) => false,
            Err(Refusal::NotExclusive) if asserted => true,
            Err(refusal) => return Err(refusal),
        };
        Ok((
            by_assertion,
            self.of_members(votes(&self.view.members), expected_votes),
        ))
    }

    fn of_members(&self, votes: BTreeMap<NodeId, u32>, expected_votes: u32) -> Electorate {
        Electorate {
            number: self.next_number(),
            present: votes.keys().copied().collect::<BTreeSet<_>>(),
            votes,
            expected_votes,
        }
    }
}

fn votes(members: &BTreeMap<NodeId, Attachment>) -> BTreeMap<NodeId, u32> {
    members
        .iter()
        .map(|(node, member)| (*node, member.votes))
        .collect()
}
