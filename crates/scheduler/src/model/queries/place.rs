//! Where resources are, and whether they are active.

use crate::model::ids::{NodeId, ResourceId};
use crate::model::plan::Plan;
use crate::model::resource::{Replica, Variant};

bitflags::bitflags! {
    /// What makes a node a place of a resource.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Places: u8 {
        /// The resource is active there at the start.
        const CURRENT = 1;
        /// An action is still pending there.
        const PENDING = 1 << 1;
        /// The resource was assigned to it.
        const ASSIGNED = 1 << 2;
    }
}

impl Plan<'_> {
    /// The places of `resource`: of a collective one, those of its parts. Each node once, in the
    /// order of parts.
    #[must_use]
    pub fn places(&self, resource: ResourceId, which: Places) -> Vec<NodeId> {
        let mut nodes = Vec::new();
        self.collect_places(resource, which, &mut nodes);
        nodes
    }

    /// The place of `resource`, if it is the only one.
    #[must_use]
    pub fn place(&self, resource: ResourceId, which: Places) -> Option<NodeId> {
        match *self.places(resource, which) {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The only node on which `resource`, all its parts included, is (`current`) or is to be;
    /// `None` where there is none or more than one.
    #[must_use]
    pub fn location(&self, resource: ResourceId, current: bool) -> Option<NodeId> {
        let which = if current {
            Places::CURRENT
        } else {
            Places::ASSIGNED
        };
        self.place(resource, which)
    }

    fn collect_places(&self, resource: ResourceId, which: Places, nodes: &mut Vec<NodeId>) {
        let of = &self.resources[resource];
        if !of.children.is_empty() {
            for &child in &of.children {
                self.collect_places(child, which, nodes);
            }
            return;
        }
        let mut add = |node: NodeId| {
            if !nodes.contains(&node) {
                nodes.push(node);
            }
        };
        if which.contains(Places::CURRENT) {
            of.active_on.iter().copied().for_each(&mut add);
        }
        if which.contains(Places::PENDING) {
            of.pending_node.into_iter().for_each(&mut add);
        }
        if which.contains(Places::ASSIGNED) {
            of.assigned_to.into_iter().for_each(&mut add);
        }
    }

    /// Whether `resource` is active: a collective one if any part is, or (`all`) if all are.
    ///
    /// What is recorded as active on a node that is down does not count, unless the node is unclean
    /// (nobody knows) or the resource is not managed.
    #[must_use]
    pub fn is_active(&self, resource: ResourceId, all: bool) -> bool {
        let of = &self.resources[resource];
        match &of.variant {
            Variant::Primitive => of.active_on.iter().any(|&node| {
                let node = &self.nodes[node];
                node.unclean || node.online || !of.managed
            }),
            Variant::Group(_) => {
                let is_active = |&member: &ResourceId| self.is_active(member, all);
                of.children.iter().any(is_active) && (!all || of.children.iter().all(is_active))
            }
            // All are active unless one is not; any is active if one is.
            Variant::Clone(_) => of
                .children
                .iter()
                .find_map(|&part| (self.is_active(part, all) != all).then_some(!all))
                .unwrap_or(all),
            Variant::Bundle(bundle) => bundle
                .replicas
                .iter()
                .flat_map(Replica::parts)
                .find_map(|part| (self.is_active(part, all) != all).then_some(!all))
                .unwrap_or(all),
        }
    }

    /// How many instances of `resource` may be active on one node.
    #[must_use]
    pub fn max_per_node(&self, resource: ResourceId) -> usize {
        match &self.resources[resource].variant {
            Variant::Primitive | Variant::Group(_) => 1,
            Variant::Clone(clone) => clone.node_max,
            Variant::Bundle(bundle) => bundle.replicas_per_host,
        }
    }
}
