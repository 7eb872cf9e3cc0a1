//! Nodes, and the nodes that a resource may run on.

use cib::xml::Element;
use cib::{Score, Values};

use super::ids::{Id, NodeId, ResourceId};

/// What kind of machine a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A full member of the cluster.
    Cluster,
    /// A Pacemaker Remote node: a remote node, or a guest or bundle node where
    /// [`Node::connection`]'s resource has a launcher.
    Remote,
}

/// A node and what is known of it.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one fact about the node"
)]
pub struct Node<'c> {
    /// The identity in the CIB: the cluster layer's number, or the name of a remote node.
    pub uuid: &'c str,
    /// The name that operators use (`uname`).
    pub name: &'c str,
    /// Cluster node or remote node.
    pub kind: NodeKind,
    /// The base score of the node for every resource (`score` of `<node>`).
    pub base_score: Score,
    /// How resources are probed there by default (`Never` for a bundle's replica).
    pub probe_mode: ProbeMode,
    /// Where `<node>` stands in the CIB, if it does.
    pub xml: Option<Element<'c>>,
    /// Permanent and transient attributes, and the built-in ones (`#uname`, `#kind`, …).
    pub attributes: Values<'c>,
    /// Whether the CIB says anything about it: `<node>` or `<node_state>`. A remote node that only
    /// its connection stands for has no built-in attributes, not even a name, for colocations.
    pub described: bool,
    /// Utilization attributes, less what has been assigned so far.
    pub utilization: Values<'c>,
    /// The connection resource of a remote, guest or bundle node.
    pub connection: Option<ResourceId>,

    /// Whether it is a working member now.
    pub online: bool,
    /// Whether it has to be fenced before its resources may be recovered elsewhere.
    pub unclean: bool,
    /// Whether it is shutting down.
    pub shutdown: bool,
    /// Whether it is in the process of joining (has not answered yet).
    pub pending: bool,
    /// Whether it is the designated controller.
    pub is_dc: bool,
    /// Whether resources must leave it (`standby`).
    pub standby: bool,
    /// Whether `standby` was caused by `on-fail="standby"`.
    pub standby_on_fail: bool,
    /// Whether its resources are left alone (`maintenance`).
    pub maintenance: bool,
    /// Whether a state of it has ever been recorded.
    pub seen: bool,
    /// Whether it is expected to be a member.
    pub expected_up: bool,
    /// Whether resources may be probed there.
    pub probes_allowed: bool,
    /// Whether this is a guest node to be recovered with its guest, or a remote node to be fenced.
    pub remote_reset: bool,
    /// Whether this is a remote node that has been fenced since it was last connected.
    pub remote_fenced: bool,
    /// Whether a remote node's recorded state says maintenance.
    pub remote_maintenance: bool,
    /// Whether its history has been read.
    pub unpacked: bool,

    /// Sum of the priorities of what is active there, for `priority-fencing-delay`.
    pub priority: i32,
    /// Resources (primitives) known to be active there at the start.
    pub running: Vec<ResourceId>,
    /// Resources (primitives) assigned to it so far.
    pub assigned: Vec<ResourceId>,
}

impl<'c> Node<'c> {
    /// A node of which nothing is known but what it is called: clean, not seen, not online.
    #[must_use]
    pub fn new(uuid: &'c str, name: &'c str, kind: NodeKind) -> Self {
        let mut attributes = Values::new();
        attributes.set(
            "#kind",
            match kind {
                NodeKind::Cluster => "cluster",
                NodeKind::Remote => "remote",
            },
        );
        Self {
            uuid,
            name,
            kind,
            base_score: Score::ZERO,
            probe_mode: ProbeMode::Always,
            xml: None,
            attributes,
            utilization: Values::new(),
            connection: None,
            online: false,
            unclean: false,
            shutdown: false,
            pending: false,
            is_dc: false,
            standby: false,
            standby_on_fail: false,
            maintenance: false,
            described: false,
            seen: false,
            expected_up: false,
            probes_allowed: true,
            remote_reset: false,
            remote_fenced: false,
            remote_maintenance: false,
            unpacked: false,
            priority: 0,
            running: Vec::new(),
            assigned: Vec::new(),
        }
    }

    /// The node, which is `node`, for a resource of which nothing else is known.
    #[must_use]
    pub fn as_candidate(&self, node: NodeId) -> Candidate {
        Candidate {
            probe_mode: self.probe_mode,
            ..Candidate::new(node, self.base_score)
        }
    }
}

/// When a resource is probed on a node (`resource-discovery` of location constraints).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProbeMode {
    /// Always.
    #[default]
    Always,
    /// Never.
    Never,
    /// Only on nodes that are named so.
    Exclusive,
}

/// A node from one resource's point of view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The node.
    pub node: NodeId,
    /// How much the resource wants to be there.
    pub score: Score,
    /// How many instances have been placed there, where instances of a clone are counted.
    pub count: i32,
    /// Whether the resource is probed there.
    pub probe_mode: ProbeMode,
}

impl Candidate {
    /// `node` with `score`, nothing counted, probed as usual.
    #[must_use]
    pub const fn new(node: NodeId, score: Score) -> Self {
        Self {
            node,
            score,
            count: 0,
            probe_mode: ProbeMode::Always,
        }
    }
}

/// A set of nodes, each with a score: at most one entry a node, in the order of node numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidates {
    /// Indexed by node number; `None` for nodes that are not in the set.
    entries: Vec<Option<Candidate>>,
}

impl Candidates {
    /// No nodes.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// The entry of `node`.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Candidate> {
        self.entries.get(node.index())?.as_ref()
    }

    /// The entry of `node`, to be changed.
    pub fn get_mut(&mut self, node: NodeId) -> Option<&mut Candidate> {
        self.entries.get_mut(node.index())?.as_mut()
    }

    /// Whether `node` is in the set.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        self.get(node).is_some()
    }

    /// Adds an entry, or replaces the one of the same node.
    pub fn insert(&mut self, candidate: Candidate) {
        let index = candidate.node.index();
        if self.entries.len() <= index {
            self.entries.resize(index + 1, None);
        }
        self.entries[index] = Some(candidate);
    }

    /// Removes the entry of `node`.
    pub fn remove(&mut self, node: NodeId) -> Option<Candidate> {
        self.entries.get_mut(node.index())?.take()
    }

    /// All entries, by node number.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Candidate> {
        self.entries.iter().flatten()
    }

    /// All entries, by node number, to be changed.
    pub fn iter_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut Candidate> {
        self.entries.iter_mut().flatten()
    }

    /// How many nodes are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there is no node in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl FromIterator<Candidate> for Candidates {
    fn from_iter<T: IntoIterator<Item = Candidate>>(candidates: T) -> Self {
        let mut set = Self::new();
        for candidate in candidates {
            set.insert(candidate);
        }
        set
    }
}
