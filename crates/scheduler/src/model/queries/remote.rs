//! Guest nodes, and the resources that make them.

use crate::model::ids::{NodeId, ResourceId};
use crate::model::plan::Plan;

impl Plan<'_> {
    /// The connection to the guest node that `resource` launches, if it launches one.
    #[must_use]
    pub fn guest_connection(&self, resource: ResourceId) -> Option<ResourceId> {
        if !self.options.have_remote_nodes {
            return None;
        }
        self.resources[resource]
            .launched
            .iter()
            .copied()
            .find(|&launched| self.resources[launched].is_remote_connection)
    }

    /// The guest nodes whose connections are active on `host`.
    pub fn guests_on(&self, host: NodeId) -> impl Iterator<Item = NodeId> {
        self.nodes[host]
            .running
            .iter()
            .filter_map(|&resource| {
                let of = &self.resources[resource];
                (of.is_remote_connection && of.launcher.is_some()).then_some(&*of.id)
            })
            .filter_map(|name| self.node_by_name(name))
    }

    /// The resource that launches `node`, if it is a guest node (a bundle's replica included).
    #[must_use]
    pub fn launcher_of_node(&self, node: NodeId) -> Option<ResourceId> {
        let connection = self.nodes[node].connection?;
        self.resources[connection].launcher
    }
}
