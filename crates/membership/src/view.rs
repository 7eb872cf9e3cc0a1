//! Who is meant: nodes, their incarnations, and the views that they agree on.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;

/// A node of the cluster: the `nodeid` of `corosync.conf(5)`, 1 or above.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One life of a node's process. A later life of the same node has a greater number: a node that
/// was restarted is a new member, which knows nothing of what its former life was told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Incarnation(pub u64);

/// A node in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member {
    /// The node.
    pub node: NodeId,
    /// Which of its lives.
    pub incarnation: Incarnation,
}

/// The name of a view. Views of one node have rising names; of two views that share a member, the
/// later one has the greater name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId {
    /// Greater than the counter of every view that a member of this view has known before.
    pub counter: u64,
    /// The member that proposed the view, leads it and orders its messages.
    pub leader: Member,
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.counter, self.leader.node)
    }
}

/// A set of nodes that agree on who they are. All who install a view of one name see the same
/// members and attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The name.
    pub id: ViewId,
    /// Everybody in it, this node included, ascending by node, with what each one brought along:
    /// opaque bytes of the layer above, at most [`crate::limits::MAX_ATTACHMENT_BYTES`].
    pub members: BTreeMap<Member, Bytes>,
    /// The members that came here from the view in which this node was before, this node included:
    /// they have delivered the same messages in it.
    pub together: Vec<Member>,
}

impl View {
    /// Whether this member leads the view.
    #[must_use]
    pub fn is_led_by(&self, member: Member) -> bool {
        self.id.leader == member
    }

    /// The nodes, ascending.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.members.keys().map(|member| member.node)
    }

    /// The member that is this node's present life, if the node is in the view.
    #[must_use]
    pub fn member(&self, node: NodeId) -> Option<Member> {
        self.members
            .keys()
            .copied()
            .find(|member| member.node == node)
    }
}
