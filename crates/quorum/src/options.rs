//! The options of votequorum(5), checked once: what contradicts itself does not become `Options`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thiserror::Error;

use crate::bytes::{DecodeError, Reader, Writer};
use crate::{MAX_NODES, MAX_VOTES, NodeId};

/// How long losses must have settled before `expected_votes` follows them: the default of
/// `last_man_standing_window` (votequorum(5)).
pub const DEFAULT_LAST_MAN_STANDING_WINDOW: Duration = Duration::from_secs(10);

/// The shortest `last_man_standing_window`: a shorter one would follow every hiccup.
pub const MIN_LAST_MAN_STANDING_WINDOW: Duration = Duration::from_millis(100);

/// The longest `last_man_standing_window`.
pub const MAX_LAST_MAN_STANDING_WINDOW: Duration = Duration::from_secs(3600);

/// `auto_tie_breaker_node`: which half goes on when exactly half of the votes is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TieBreaker {
    /// The half with the lowest node id: the default.
    Lowest,
    /// The half with the highest node id.
    Highest,
    /// The half with the first node of this list that was in the cluster before the split.
    Nodes(Vec<NodeId>),
}

/// `quorum.device.net.algorithm`: how the witness chooses (corosync-qdevice(8)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Algorithm {
    /// One vote, for even splits.
    #[default]
    Ffsplit,
    /// As many votes as all nodes but one, so that a last node goes on.
    LastManStanding,
}

/// The witness as the cluster counts it (`quorum.device`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WitnessSettings {
    /// How it chooses.
    pub algorithm: Algorithm,
    /// `quorum.device.votes`; the default is the sum of all nodes' votes less one.
    pub votes: Option<u32>,
}

/// The options as an operator writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Every node of the `nodelist` with its `quorum_votes`. Empty: there is no `nodelist`.
    pub votes: BTreeMap<NodeId, u32>,
    /// `quorum.votes`: the votes of a node that is not in the `nodelist`.
    pub default_votes: u32,
    /// `expected_votes`, where it is set by hand.
    pub expected_votes: Option<u32>,
    /// `two_node`.
    pub two_node: bool,
    /// `wait_for_all`, where it is set by hand; `two_node` implies it.
    pub wait_for_all: Option<bool>,
    /// `auto_tie_breaker` and `auto_tie_breaker_node`.
    pub auto_tie_breaker: Option<TieBreaker>,
    /// `last_man_standing` with its window.
    pub last_man_standing: Option<Duration>,
    /// `expected_votes_tracking`.
    pub expected_votes_tracking: bool,
    /// The witness, where there is one.
    pub witness: Option<WitnessSettings>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            votes: BTreeMap::new(),
            default_votes: 1,
            expected_votes: None,
            two_node: false,
            wait_for_all: None,
            auto_tie_breaker: None,
            last_man_standing: None,
            expected_votes_tracking: false,
            witness: None,
        }
    }
}

/// Why settings contradict themselves. The option names are those of votequorum(5) and
/// corosync-qdevice(8).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OptionsError {
    /// Nothing says how many votes there are.
    #[error("neither a nodelist nor expected_votes says how many votes the cluster has")]
    NoVotes,
    /// The list is too long.
    #[error("{nodes} nodes; at most {MAX_NODES} can vote")]
    TooManyNodes {
        /// Nodes listed.
        nodes: usize,
    },
    /// Node ids start at 1.
    #[error("node id 0 is not allowed")]
    NodeZero,
    /// A number of votes outside its range.
    #[error("{votes} votes; at most {MAX_VOTES} are allowed")]
    TooManyVotes {
        /// The number.
        votes: u32,
    },
    /// Nobody could ever be quorate, or everybody always.
    #[error("expected_votes must be at least 1")]
    NoExpectedVotes,
    /// `two_node` without two nodes.
    #[error("two_node needs exactly 2 nodes, the nodelist has {nodes}")]
    TwoNodeNodes {
        /// Nodes listed.
        nodes: usize,
    },
    /// `two_node` with another number of votes.
    #[error("two_node needs 2 expected_votes, one for each node, not {expected_votes}")]
    TwoNodeVotes {
        /// What was set, or comes of the nodes' votes.
        expected_votes: u32,
    },
    /// Two answers to one question.
    #[error("two_node and auto_tie_breaker exclude each other: with two_node either node goes on")]
    TwoNodeTieBreaker,
    /// The same.
    #[error("auto_tie_breaker and a witness exclude each other: the witness breaks ties")]
    TieBreakerWitness,
    /// A window would change what the witness' votes were counted against.
    #[error("last_man_standing and a witness exclude each other: use the witness algorithm lms")]
    LastManStandingWitness,
    /// `last_man_standing` with weights.
    #[error("last_man_standing needs 1 vote for each node, node {node} has {votes}")]
    LastManStandingVotes {
        /// The node.
        node: NodeId,
        /// Its votes.
        votes: u32,
    },
    /// Too short or too long.
    #[error("last_man_standing_window of {} ms; it must be {} to {} ms",
        .window.as_millis(),
        MIN_LAST_MAN_STANDING_WINDOW.as_millis(),
        MAX_LAST_MAN_STANDING_WINDOW.as_millis())]
    LastManStandingWindow {
        /// What was set.
        window: Duration,
    },
    /// A list without nodes breaks no tie.
    #[error("auto_tie_breaker_node names no node")]
    TieBreakerEmpty,
    /// A node that is not there.
    #[error("auto_tie_breaker_node {node} is not in the nodelist")]
    TieBreakerNode {
        /// The node.
        node: NodeId,
    },
    /// What the algorithm needs.
    #[error("the witness algorithm ffsplit needs 1 vote for each node and 1 for the witness")]
    FfsplitVotes,
    /// What the algorithm needs.
    #[error("the witness algorithm lms needs {needed} votes for the witness, not {votes}")]
    LmsVotes {
        /// The sum of all nodes' votes less one.
        needed: u32,
        /// What was set.
        votes: u32,
    },
    /// "The nodelist directive has to be used" (corosync-qdevice(8)).
    #[error("a witness needs a nodelist")]
    WitnessNodes,
}

/// Something that works, but perhaps not as it was meant.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Notice {
    /// See votequorum(5), `last_man_standing`.
    #[error(
        "last_man_standing without wait_for_all: nodes that start apart may not know of a cluster that went on without them"
    )]
    LastManStandingAlone,
    /// The witness decides instead.
    #[error("two_node has no effect: the witness decides between two nodes")]
    TwoNodeWitness,
    /// Two partitions could have it.
    #[error(
        "expected_votes {expected_votes} is so low that two partitions could have quorum at once: the cluster has {votes} votes"
    )]
    ExpectedVotesLow {
        /// What was set.
        expected_votes: u32,
        /// The sum of all votes.
        votes: u32,
    },
    /// corosync-qdevice(8): "makes sense only for clusters with an even number of nodes".
    #[error("the witness algorithm ffsplit gains nothing with an odd number of nodes")]
    FfsplitOdd,
}

/// Options without contradiction, the same on every node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Options {
    votes: BTreeMap<NodeId, u32>,
    default_votes: u32,
    expected_votes: u32,
    witness_votes: Option<u32>,
    two_node: bool,
    wait_for_all: bool,
    auto_tie_breaker: Option<TieBreaker>,
    last_man_standing: Option<Duration>,
    expected_votes_tracking: bool,
}

impl TryFrom<Settings> for Options {
    type Error = OptionsError;

    fn try_from(settings: Settings) -> Result<Self, OptionsError> {
        check_numbers(&settings)?;
        let witness_votes = settings.witness.map(|witness| {
            let votes: u32 = settings.votes.values().sum();
            witness.votes.unwrap_or(votes.saturating_sub(1))
        });
        let nodes_votes: u32 = settings.votes.values().sum();
        let options = Self {
            expected_votes: settings
                .expected_votes
                .unwrap_or(nodes_votes + witness_votes.unwrap_or(0)),
            witness_votes,
            two_node: settings.two_node && settings.witness.is_none(),
            wait_for_all: settings.wait_for_all.unwrap_or(settings.two_node),
            votes: settings.votes,
            default_votes: settings.default_votes,
            auto_tie_breaker: settings.auto_tie_breaker,
            last_man_standing: settings.last_man_standing,
            expected_votes_tracking: settings.expected_votes_tracking,
        };
        if options.expected_votes == 0 {
            return Err(OptionsError::NoExpectedVotes);
        }
        options.check_two_node(settings.two_node)?;
        options.check_tie_breaker()?;
        options.check_last_man_standing()?;
        if let Some(witness) = settings.witness {
            options.check_witness(witness.algorithm)?;
        }
        Ok(options)
    }
}

fn check_numbers(settings: &Settings) -> Result<(), OptionsError> {
    let nodes = settings.votes.len();
    if nodes == 0 && settings.expected_votes.is_none() {
        return Err(OptionsError::NoVotes);
    }
    if nodes > MAX_NODES {
        return Err(OptionsError::TooManyNodes { nodes });
    }
    if settings.votes.contains_key(&0) {
        return Err(OptionsError::NodeZero);
    }
    let witness = settings.witness.and_then(|witness| witness.votes);
    let each = settings.votes.values().copied();
    let others = [
        Some(settings.default_votes),
        witness,
        settings.expected_votes,
    ];
    match each.chain(others.into_iter().flatten()).max() {
        Some(votes) if votes > MAX_VOTES => Err(OptionsError::TooManyVotes { votes }),
        _ => Ok(()),
    }
}

impl Options {
    fn check_two_node(&self, wanted: bool) -> Result<(), OptionsError> {
        if !wanted {
            return Ok(());
        }
        let nodes = self.votes.len();
        if nodes != 0 && nodes != 2 {
            return Err(OptionsError::TwoNodeNodes { nodes });
        }
        let expected_votes =
            self.expected_votes - self.witness_votes.unwrap_or(0).min(self.expected_votes);
        if expected_votes != 2 || self.votes.values().any(|votes| *votes != 1) {
            return Err(OptionsError::TwoNodeVotes { expected_votes });
        }
        if self.auto_tie_breaker.is_some() {
            return Err(OptionsError::TwoNodeTieBreaker);
        }
        Ok(())
    }

    fn check_tie_breaker(&self) -> Result<(), OptionsError> {
        if self.auto_tie_breaker.is_some() && self.witness_votes.is_some() {
            return Err(OptionsError::TieBreakerWitness);
        }
        let Some(TieBreaker::Nodes(nodes)) = &self.auto_tie_breaker else {
            return Ok(());
        };
        if nodes.is_empty() {
            return Err(OptionsError::TieBreakerEmpty);
        }
        if nodes.len() > MAX_NODES {
            return Err(OptionsError::TooManyNodes { nodes: nodes.len() });
        }
        let known =
            |node: &NodeId| *node != 0 && (self.votes.is_empty() || self.votes.contains_key(node));
        match nodes.iter().find(|node| !known(node)) {
            Some(node) => Err(OptionsError::TieBreakerNode { node: *node }),
            None => Ok(()),
        }
    }

    fn check_last_man_standing(&self) -> Result<(), OptionsError> {
        let Some(window) = self.last_man_standing else {
            return Ok(());
        };
        if self.witness_votes.is_some() {
            return Err(OptionsError::LastManStandingWitness);
        }
        if !(MIN_LAST_MAN_STANDING_WINDOW..=MAX_LAST_MAN_STANDING_WINDOW).contains(&window) {
            return Err(OptionsError::LastManStandingWindow { window });
        }
        match self.votes.iter().find(|(_, votes)| **votes != 1) {
            Some((&node, &votes)) => Err(OptionsError::LastManStandingVotes { node, votes }),
            None => Ok(()),
        }
    }

    fn check_witness(&self, algorithm: Algorithm) -> Result<(), OptionsError> {
        if self.votes.is_empty() {
            return Err(OptionsError::WitnessNodes);
        }
        let votes = self.witness_votes.unwrap_or(0);
        let needed = self.votes.values().sum::<u32>().saturating_sub(1);
        match algorithm {
            Algorithm::Ffsplit if votes != 1 || self.votes.values().any(|votes| *votes != 1) => {
                Err(OptionsError::FfsplitVotes)
            }
            Algorithm::LastManStanding if votes != needed => {
                Err(OptionsError::LmsVotes { needed, votes })
            }
            _ => Ok(()),
        }
    }

    /// What an operator should hear about settings that are allowed.
    #[must_use]
    pub fn notices(settings: &Settings) -> Vec<Notice> {
        let mut notices = Vec::new();
        let waits = settings.wait_for_all.unwrap_or(settings.two_node);
        if settings.last_man_standing.is_some() && !waits {
            notices.push(Notice::LastManStandingAlone);
        }
        if settings.two_node && settings.witness.is_some() {
            notices.push(Notice::TwoNodeWitness);
        }
        let nodes: u32 = settings.votes.values().sum();
        let witness = settings.witness.map_or(0, |witness| {
            witness.votes.unwrap_or(nodes.saturating_sub(1))
        });
        match settings.expected_votes {
            Some(expected_votes) if 2 * majority(expected_votes) <= nodes + witness => {
                notices.push(Notice::ExpectedVotesLow {
                    expected_votes,
                    votes: nodes + witness,
                });
            }
            _ => {}
        }
        let ffsplit = settings
            .witness
            .is_some_and(|witness| witness.algorithm == Algorithm::Ffsplit);
        if ffsplit && settings.votes.len() % 2 == 1 {
            notices.push(Notice::FfsplitOdd);
        }
        notices
    }

    /// The nodes of the `nodelist` with their votes; empty without one.
    #[must_use]
    pub const fn votes(&self) -> &BTreeMap<NodeId, u32> {
        &self.votes
    }

    /// The votes of one node.
    #[must_use]
    pub fn votes_of(&self, node: NodeId) -> u32 {
        self.votes.get(&node).copied().unwrap_or(self.default_votes)
    }

    /// `expected_votes`, set or computed, the witness' votes together.
    #[must_use]
    pub const fn expected_votes(&self) -> u32 {
        self.expected_votes
    }

    /// The votes of the witness, where there is one.
    #[must_use]
    pub const fn witness_votes(&self) -> Option<u32> {
        self.witness_votes
    }

    /// Whether one of two nodes goes on alone. Off where a witness decides.
    #[must_use]
    pub const fn two_node(&self) -> bool {
        self.two_node
    }

    /// Whether nothing starts before all nodes were seen together.
    #[must_use]
    pub const fn wait_for_all(&self) -> bool {
        self.wait_for_all
    }

    /// Which half goes on.
    #[must_use]
    pub const fn auto_tie_breaker(&self) -> Option<&TieBreaker> {
        self.auto_tie_breaker.as_ref()
    }

    /// `last_man_standing_window`, where the option is on.
    #[must_use]
    pub const fn last_man_standing(&self) -> Option<Duration> {
        self.last_man_standing
    }

    /// `expected_votes_tracking`.
    #[must_use]
    pub const fn expected_votes_tracking(&self) -> bool {
        self.expected_votes_tracking
    }

    /// The nodes of the list that are not among `present`.
    pub(crate) fn missing(&self, present: &BTreeSet<NodeId>) -> Vec<NodeId> {
        let listed = self.votes.keys().copied();
        listed.filter(|node| !present.contains(node)).collect()
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.len(self.votes.len());
        for (node, votes) in &self.votes {
            to.u32(*node).votes(*votes);
        }
        to.votes(self.default_votes).u32(self.expected_votes);
        to.option(self.witness_votes.as_ref(), |to, votes| {
            to.u32(*votes);
        });
        to.flag(self.two_node).flag(self.wait_for_all);
        match &self.auto_tie_breaker {
            None => to.u8(0),
            Some(TieBreaker::Lowest) => to.u8(1),
            Some(TieBreaker::Highest) => to.u8(2),
            Some(TieBreaker::Nodes(nodes)) => to.u8(3).nodes(nodes.iter()),
        };
        to.option(self.last_man_standing.as_ref(), |to, window| {
            to.duration(*window);
        });
        to.flag(self.expected_votes_tracking);
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut votes = BTreeMap::new();
        for _ in 0..from.len(MAX_NODES, "nodes")? {
            let (node, its) = (from.node("nodes")?, from.node_votes()?);
            if votes
                .last_key_value()
                .is_some_and(|(last, _)| *last >= node)
            {
                return Err(DecodeError::Field("nodes"));
            }
            votes.insert(node, its);
        }
        Ok(Self {
            votes,
            default_votes: from.node_votes()?,
            expected_votes: from.expected_votes()?,
            witness_votes: from.option("witness", Reader::expected_votes)?,
            two_node: from.flag("two_node")?,
            wait_for_all: from.flag("wait_for_all")?,
            auto_tie_breaker: match from.u8()? {
                0 => None,
                1 => Some(TieBreaker::Lowest),
                2 => Some(TieBreaker::Highest),
                3 => Some(TieBreaker::Nodes(from.node_list("auto_tie_breaker_node")?)),
                _ => return Err(DecodeError::Field("auto_tie_breaker")),
            },
            last_man_standing: from.option("last_man_standing", Reader::duration)?,
            expected_votes_tracking: from.flag("expected_votes_tracking")?,
        })
    }
}

/// More than half of that many votes.
pub(crate) const fn majority(expected_votes: u32) -> u32 {
    expected_votes / 2 + 1
}
