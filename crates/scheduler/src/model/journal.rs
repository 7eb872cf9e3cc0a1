//! Why each score is what it is; kept only where an explanation was asked for.
//!
//! The entries about a resource and a node, added up in order, give the resource's score for the
//! node: whoever changes a score notes it. What is taken back is taken out.

use cib::Score;

use super::ids::{ColocationId, NodeId, ResourceId};

/// What changed a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The node's own base score.
    Base,
    /// A location constraint, by id; or the strategy of node health.
    Location(String),
    /// A colocation constraint.
    Colocation(ColocationId),
    /// `resource-stickiness`.
    Stickiness,
    /// `migration-threshold` reached after this many failures.
    Failures(i32),
    /// A ticket, by id.
    Ticket(String),
    /// Not enough utilization capacity.
    Utilization(Vec<Shortage>),
    /// A shutdown lock.
    ShutdownLock,
    /// The launcher, or the guest's own placement.
    Launcher(ResourceId),
    /// It is to be stopped, because of what is named.
    ToBeStopped(Option<String>),
    /// There are as many instances as there may be in the cluster.
    InstanceLimit,
    /// The node has as many instances as it may have, or cannot have any.
    NodeFull,
    /// The agent's promotion score on the node.
    PromotionScore,
    /// Any other, in words.
    Other(String),
}

/// What a node lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// The utilization attribute.
    pub attribute: String,
    /// How much is needed, together with what has to be on the same node.
    pub need: i64,
    /// How much is free.
    pub free: i64,
}

/// What happens to a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// This is added.
    Plus(Score),
    /// It becomes this, whatever it was.
    Becomes(Score),
}

impl Change {
    /// What `score` is after it.
    #[must_use]
    pub fn apply(self, score: Score) -> Score {
        match self {
            Self::Plus(change) => score.plus(change),
            Self::Becomes(after) => after,
        }
    }

    /// The change that leads from one score to another.
    #[must_use]
    pub fn between(before: Score, after: Score) -> Self {
        let difference = if after.is_infinite() {
            after
        } else {
            after.plus(-before)
        };
        if before.plus(difference) == after {
            Self::Plus(difference)
        } else {
            Self::Becomes(after)
        }
    }
}

/// One change of one score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose score.
    pub resource: ResourceId,
    /// For which node.
    pub node: NodeId,
    /// What happened to it.
    pub change: Change,
    /// Why.
    pub cause: Cause,
}

/// How a primitive got its node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It stays where it is, whatever the scores: it is not managed.
    Unmanaged,
    /// `stop-all-resources`.
    StopAll,
    /// The whole that it is part of, or the room that it needs, asked for this node, and no other
    /// is better.
    Preferred,
    /// It is active there, and no other is better.
    Stays,
    /// The best.
    Best,
    /// There is no node.
    Nowhere,
}

/// A choice that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Which resource.
    pub resource: ResourceId,
    /// How.
    pub choice: Choice,
    /// How many resources each node had been given by then.
    pub loads: Vec<(NodeId, usize)>,
}

/// All changes of scores, in order, where they are wanted.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Whether changes are kept.
    pub enabled: bool,
    /// The changes.
    pub entries: Vec<Entry>,
    /// The choices; the last one of a resource counts.
    pub decisions: Vec<Decision>,
    /// The promotion scores of instances by themselves.
    pub promotions: Vec<(ResourceId, Score)>,
}

impl Journal {
    /// Notes that something was added to a score, if changes are kept. `cause` is only asked then.
    pub fn note(
        &mut self,
        resource: ResourceId,
        node: NodeId,
        added: Score,
        cause: impl FnOnce() -> Cause,
    ) {
        self.note_change(resource, node, Change::Plus(added), cause);
    }

    /// Notes a change, if changes are kept. `cause` is only asked then.
    pub fn note_change(
        &mut self,
        resource: ResourceId,
        node: NodeId,
        change: Change,
        cause: impl FnOnce() -> Cause,
    ) {
        if self.enabled && change != Change::Plus(Score::ZERO) {
            self.entries.push(Entry {
                resource,
                node,
                change,
                cause: cause(),
            });
        }
    }
}
