//! How two actions depend on each other.

use std::borrow::Cow;

use super::ids::{ActionId, ResourceId};

bitflags::bitflags! {
    /// What an ordering of a `first` and a `then` action means beyond their order.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Relation: u32 {
        /// They are ordered, if both happen.
        const ORDERED = 1;
        /// Only where `first` cannot be part of a live migration.
        const IF_FIRST_UNMIGRATABLE = 1 << 1;
        /// A required `then` makes `first` required (and unmigratable if `then` is); where `first`
        /// is a stop of a blocked resource, `then` cannot run.
        const THEN_IMPLIES_FIRST = 1 << 2;
        /// A required `first` makes `then` required; where `first` is a stop of a blocked
        /// resource, `then` cannot run.
        const FIRST_IMPLIES_THEN = 1 << 3;
        /// A required `then` of a promoted instance makes `first` required.
        const PROMOTED_THEN_IMPLIES_FIRST = 1 << 4;
        /// `first` can run only if `then` can run and migrate; a required `then` makes it required.
        const UNMIGRATABLE_THEN_BLOCKS = 1 << 5;
        /// `then` can run (and migrate) only if `first` can run.
        const UNRUNNABLE_FIRST_BLOCKS = 1 << 6;
        /// Where `first` cannot run, `then` becomes a real, unmigratable action.
        const FIRST_ELSE_THEN = 1 << 7;
        /// A required `first` makes the `then` of the instance on the same node required.
        const FIRST_IMPLIES_SAME_NODE_THEN = 1 << 8;
        /// The start of a bundle's container before the probe of its connection: void where `first`
        /// cannot run and is of an active resource, otherwise ordered and blocking.
        const NESTED_REMOTE_PROBE = 1 << 9;
        /// The stop in a restart, or of the member above in a group: `then` cannot run if `first`
        /// is of a blocked resource; a required `then` makes `first` required and cannot run
        /// without it; an unrunnable `then` of the same resource makes `first` required.
        const INTERMEDIATE_STOP = 1 << 10;
        /// They must not run at the same time.
        const SERIALIZE = 1 << 11;
        /// Only if both are on the same node.
        const IF_ON_SAME_NODE = 1 << 12;
        /// A required `then` puts `first` into the graph.
        const THEN_IMPLIES_FIRST_GRAPHED = 1 << 13;
        /// A required and runnable `first` puts `then` into the graph.
        const FIRST_IMPLIES_THEN_GRAPHED = 1 << 14;
        /// Configured by the operator with `symmetrical="false"`.
        const ASYMMETRIC = 1 << 15;
        /// Only if both are on the same node (or the target of a migrate_to).
        const IF_ON_SAME_NODE_OR_TARGET = 1 << 16;
        /// `then` can run if a certain number of `first` instances can.
        const MIN_RUNNABLE = 1 << 17;
        /// Only if `first` is required and on the same node as `then`.
        const IF_REQUIRED_ON_SAME_NODE = 1 << 18;
        /// Also where `first` runs on a guest node that `then` makes.
        const GUEST_ALLOWED = 1 << 19;
        /// A required `then` makes `first` optional.
        const THEN_CANCELS_FIRST = 1 << 20;
    }
}

/// One end of an ordering: an action, or actions that may come to be.
#[derive(Clone, Debug, Default)]
pub struct OrderingEnd {
    /// The resource, if any.
    pub resource: Option<ResourceId>,
    /// The task of the action (interval 0), where that is not known yet.
    pub task: Option<Cow<'static, str>>,
    /// The action itself.
    pub action: Option<ActionId>,
}

impl From<ActionId> for OrderingEnd {
    fn from(action: ActionId) -> Self {
        Self {
            resource: None,
            task: None,
            action: Some(action),
        }
    }
}

/// An ordering between (future) actions; applied to the actions themselves when all are known.
#[derive(Clone, Debug)]
pub struct Ordering {
    /// What comes first.
    pub first: OrderingEnd,
    /// What comes then.
    pub then: OrderingEnd,
    /// What it means.
    pub relation: Relation,
}
