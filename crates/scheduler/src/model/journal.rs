//! Why each score is what it is; kept only where an explanation was asked for.

use cib::Score;

use super::ids::{NodeId, ResourceId};

/// What changed a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The node's own base score, or its absence in an asymmetric cluster.
    Base,
    /// A location constraint, by id.
    Location(String),
    /// A colocation constraint, by id, and the other resource.
    Colocation(String, ResourceId),
    /// `resource-stickiness`.
    Stickiness,
    /// `migration-threshold` reached after this many failures.
    Failures(i32),
    /// The node's health.
    Health,
    /// A ticket, by id.
    Ticket(String),
    /// Not enough utilization capacity.
    Utilization,
    /// A shutdown lock.
    ShutdownLock,
    /// The launcher, or the guest's own placement.
    Launcher(ResourceId),
    /// Any other, in words.
    Other(String),
}

/// One change of one score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whose score.
    pub resource: ResourceId,
    /// For which node; `None` for all.
    pub node: Option<NodeId>,
    /// By how much.
    pub change: Score,
    /// Why.
    pub cause: Cause,
}

/// All changes of scores, in order, where they are wanted.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Whether changes are kept.
    pub enabled: bool,
    /// The changes.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// Notes a change, if changes are kept. `cause` is only asked then.
    pub fn note(
        &mut self,
        resource: ResourceId,
        node: Option<NodeId>,
        change: Score,
        cause: impl FnOnce() -> Cause,
    ) {
        if self.enabled {
            self.entries.push(Entry {
                resource,
                node,
                change,
                cause: cause(),
            });
        }
    }
}
