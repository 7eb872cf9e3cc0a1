//! Questions about resources and nodes that need nothing but the tables.
//!
//! - here: what kind of thing a resource or a node is, and finding them by name;
//! - [`bundle`]: the parts of bundles;
//! - [`find`]: finding a part of a resource;
//! - [`place`]: where resources are;
//! - [`remote`]: guest nodes and what makes them;
//! - [`role`]: roles, and what the operator wants them to be;
//! - [`state`]: what holds for a resource and its parts, and how many there are.
//!
//! Where a resource is active, and on how many nodes, is [`super::activity`]'s.

pub mod bundle;
pub mod find;
pub mod place;
pub mod remote;
pub mod role;
pub mod state;

use super::ids::{NodeId, ResourceId};
use super::node::Candidate;
use super::plan::Plan;
use super::resource::{Clone_, Variant};

impl<'c> Plan<'c> {
    /// The resource called `id`, parts included.
    #[must_use]
    pub fn resource_by_id(&self, id: &str) -> Option<ResourceId> {
        self.resource_ids.get(id).copied()
    }

    /// The name of a resource in status texts: instances of anonymous clones go without their
    /// number.
    #[must_use]
    pub fn printable_id(&self, resource: ResourceId) -> &str {
        let of = &self.resources[resource];
        if of.unique {
            &of.id
        } else {
            of.xml.id().unwrap_or(&of.id)
        }
    }

    /// The node called `name` (case-insensitively, as cluster nodes' names are).
    #[must_use]
    pub fn node_by_name(&self, name: &str) -> Option<NodeId> {
        self.nodes
            .iter()
            .find_map(|(id, node)| node.name.eq_ignore_ascii_case(name).then_some(id))
    }

    /// The node with the identity `uuid`.
    #[must_use]
    pub fn node_by_uuid(&self, uuid: &str) -> Option<NodeId> {
        self.nodes
            .iter()
            .find_map(|(id, node)| (node.uuid == uuid).then_some(id))
    }

    /// `node` as a resource sees it of which nothing more is said: with the node's base score, and
    /// probed as usual there.
    #[must_use]
    pub fn candidate(&self, node: NodeId) -> Candidate {
        let of = &self.nodes[node];
        Candidate {
            probe_mode: of.probe_mode,
            ..Candidate::new(node, of.base_score)
        }
    }

    /// The outermost resource that `resource` is part of; itself if it is part of none. Bundles
    /// count only where `include_bundle` is set: otherwise the search ends below them.
    #[must_use]
    pub fn top(&self, resource: ResourceId, include_bundle: bool) -> ResourceId {
        let mut at = resource;
        while let Some(parent) = self.resources[at].parent {
            if !include_bundle && self.is_bundle(parent) {
                break;
            }
            at = parent;
        }
        at
    }

    /// Whether `part` is a part of `whole`, directly or not.
    #[must_use]
    pub fn is_part_of(&self, part: ResourceId, whole: ResourceId) -> bool {
        std::iter::successors(self.resources[part].parent, |&at| self.resources[at].parent)
            .any(|at| at == whole)
    }

    /// Whether it is a primitive.
    #[must_use]
    pub fn is_primitive(&self, resource: ResourceId) -> bool {
        matches!(self.resources[resource].variant, Variant::Primitive)
    }

    /// Whether it is a group.
    #[must_use]
    pub fn is_group(&self, resource: ResourceId) -> bool {
        matches!(self.resources[resource].variant, Variant::Group(_))
    }

    /// Whether it is a clone.
    #[must_use]
    pub fn is_clone(&self, resource: ResourceId) -> bool {
        matches!(self.resources[resource].variant, Variant::Clone(_))
    }

    /// Whether it is a bundle.
    #[must_use]
    pub fn is_bundle(&self, resource: ResourceId) -> bool {
        matches!(self.resources[resource].variant, Variant::Bundle(_))
    }

    /// What only clones have.
    #[must_use]
    pub fn clone_data(&self, resource: ResourceId) -> Option<&Clone_> {
        match &self.resources[resource].variant {
            Variant::Clone(clone) => Some(clone),
            _ => None,
        }
    }

    /// Whether it is part of a bundle, or one.
    #[must_use]
    pub fn is_bundled(&self, resource: ResourceId) -> bool {
        self.is_bundle(self.top(resource, true))
    }

    /// Whether it is a clone whose instances are all different.
    #[must_use]
    pub fn is_unique_clone(&self, resource: ResourceId) -> bool {
        self.is_clone(resource) && self.resources[resource].unique
    }

    /// Whether it is a clone whose instances are all alike.
    #[must_use]
    pub fn is_anonymous_clone(&self, resource: ResourceId) -> bool {
        self.is_clone(resource) && !self.resources[resource].unique
    }

    /// Whether the node is a remote node, guest nodes included.
    #[must_use]
    pub fn is_remote_or_guest(&self, node: NodeId) -> bool {
        self.nodes[node].kind == super::node::NodeKind::Remote
    }

    /// Whether the node is launched by a resource of the cluster (a guest, or a bundle's replica).
    #[must_use]
    pub fn is_guest(&self, node: NodeId) -> bool {
        self.is_remote_or_guest(node)
            && self.nodes[node]
                .connection
                .is_some_and(|rsc| self.resources[rsc].launcher.is_some())
    }

    /// Whether the node is a remote node that is not a guest.
    #[must_use]
    pub fn is_remote(&self, node: NodeId) -> bool {
        self.is_remote_or_guest(node)
            && self.nodes[node]
                .connection
                .is_none_or(|rsc| self.resources[rsc].launcher.is_none())
    }

    /// Whether the node is a replica of a bundle.
    #[must_use]
    pub fn is_bundle_node(&self, node: NodeId) -> bool {
        self.is_guest(node)
            && self.nodes[node]
                .connection
                .is_some_and(|rsc| self.is_bundled(rsc))
    }
}
