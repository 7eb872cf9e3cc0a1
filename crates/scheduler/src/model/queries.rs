//! Questions about resources and nodes that need nothing but the tables.

use super::ids::{NodeId, ResourceId};
use super::plan::Plan;
use super::resource::{Clone_, Variant};
use super::role::Role;

impl<'c> Plan<'c> {
    /// The resource called `id`, parts included.
    #[must_use]
    pub fn resource_by_id(&self, id: &str) -> Option<ResourceId> {
        self.resource_ids.get(id).copied()
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

    /// Whether `resource` is part of `whole`, directly or not.
    #[must_use]
    pub fn is_part_of(&self, resource: ResourceId, whole: ResourceId) -> bool {
        let mut at = resource;
        while let Some(parent) = self.resources[at].parent {
            if parent == whole {
                return true;
            }
            at = parent;
        }
        false
    }

    /// The only node on which `resource`, all its parts included, is (`current`) or is to be;
    /// `None` where there is none or more than one.
    #[must_use]
    pub fn location(&self, resource: ResourceId, current: bool) -> Option<NodeId> {
        let mut only = None;
        self.adds_one_location(resource, current, &mut only)
            .then_some(only)
            .flatten()
    }

    /// Adds to `only` where `resource` is; says whether that is no more than one node.
    fn adds_one_location(
        &self,
        resource: ResourceId,
        current: bool,
        only: &mut Option<NodeId>,
    ) -> bool {
        let of = &self.resources[resource];
        let mut add = |node: NodeId| *only.get_or_insert(node) == node;
        if !of.children.is_empty() {
            of.children
                .iter()
                .all(|&child| self.adds_one_location(child, current, only))
        } else if current {
            of.active_on.iter().all(|&node| add(node))
        } else {
            of.assigned_to.is_none_or(add)
        }
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

    /// The role of a resource at the start (`current`) or to be reached: of a collective one, the
    /// highest of its parts.
    #[must_use]
    pub fn role(&self, resource: ResourceId, current: bool) -> Role {
        let of = &self.resources[resource];
        match &of.variant {
            Variant::Primitive if current => of.role,
            Variant::Primitive => of.next_role,
            Variant::Group(_) | Variant::Clone(_) => of
                .children
                .iter()
                .map(|&child| self.role(child, current))
                .max()
                .unwrap_or_default(),
            Variant::Bundle(bundle) => bundle
                .replicas
                .iter()
                .flat_map(|replica| {
                    [
                        replica.ip,
                        replica.child,
                        Some(replica.container),
                        replica.remote,
                    ]
                })
                .flatten()
                .map(|part| self.role(part, current))
                .max()
                .unwrap_or_default(),
        }
    }
}
