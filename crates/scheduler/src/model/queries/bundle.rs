//! The parts of bundles.

use crate::model::ids::{NodeId, ResourceId};
use crate::model::plan::Plan;
use crate::model::resource::{Bundle, Replica, Variant};

impl<'c> Plan<'c> {
    /// What only bundles have.
    #[must_use]
    pub fn bundle_data(&self, bundle: ResourceId) -> Option<&Bundle<'c>> {
        match &self.resources[bundle].variant {
            Variant::Bundle(data) => Some(data),
            _ => None,
        }
    }

    /// The replicas of a bundle; none of any other resource.
    #[must_use]
    pub fn replicas(&self, bundle: ResourceId) -> &[Replica<'c>] {
        self.bundle_data(bundle)
            .map_or(&[], |data| data.replicas.as_slice())
    }

    /// The containers of a bundle, in the order of its replicas.
    pub fn containers(&self, bundle: ResourceId) -> impl Iterator<Item = ResourceId> {
        self.replicas(bundle)
            .iter()
            .map(|replica| replica.container)
    }

    /// The clone inside the bundle that `resource` is, or is part of.
    #[must_use]
    pub fn bundled_resource(&self, resource: ResourceId) -> Option<ResourceId> {
        self.bundle_data(self.top(resource, true))?.child
    }

    /// The instance inside `container`, if that is the container of a bundle's replica.
    #[must_use]
    pub fn resource_in_container(&self, container: ResourceId) -> Option<ResourceId> {
        self.replicas(self.top(container, true))
            .iter()
            .find(|replica| replica.container == container)?
            .child
    }

    /// The replica of `bundle` that is `node`.
    #[must_use]
    pub fn replica_on(&self, bundle: ResourceId, node: NodeId) -> Option<&Replica<'c>> {
        self.replicas(bundle)
            .iter()
            .find(|replica| replica.node == Some(node))
    }

    /// The replica to whose agent executor `connection` leads.
    #[must_use]
    pub fn replica_of_connection(&self, connection: ResourceId) -> Option<&Replica<'c>> {
        self.replicas(self.top(connection, true))
            .iter()
            .find(|replica| replica.remote == Some(connection))
    }
}
