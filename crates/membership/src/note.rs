//! What the group tells the log: events with what follows from them.

use std::time::Duration;

use crate::{NodeId, ViewId};

/// An event in the life of the group, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// A node was heard for the first time, or for the first time after it was started again.
    Heard {
        /// The node.
        node: NodeId,
        /// Whether it had been heard before, in a former life.
        restarted: bool,
    },
    /// A node said that it leaves.
    Left {
        /// The node.
        node: NodeId,
    },
    /// Nothing was heard of a member, or it heard nothing of us, for too long.
    Lost {
        /// The member.
        node: NodeId,
        /// For how long it has been silent.
        silence: Duration,
        /// It is heard, but does not hear us.
        deaf: bool,
    },
    /// A member has gone to another view without us.
    MovedOn {
        /// The member.
        node: NodeId,
    },
    /// A link works.
    LinkUp {
        /// To whom.
        node: NodeId,
        /// Its number.
        link: u8,
    },
    /// A link is broken.
    LinkDown {
        /// To whom.
        node: NodeId,
        /// Its number.
        link: u8,
    },
    /// We propose a view.
    Proposes {
        /// Its name.
        proposal: ViewId,
        /// Members of the present view that are left out.
        without: Vec<NodeId>,
        /// Leaders of other views that are asked to join with theirs.
        absorbs: Vec<NodeId>,
    },
    /// We go to a view that somebody else proposes.
    Follows {
        /// Its name.
        proposal: ViewId,
    },
    /// A view was given up before it began.
    GaveUp {
        /// Its name.
        proposal: ViewId,
    },
    /// This process was held up: what it did not hear meanwhile is not held against others.
    HeldUp {
        /// For how long.
        pause: Duration,
    },
}
