//! The configuration sections: options, nodes, resources, tags.

use cib::Values;
use cib::xml::Element;

use crate::model::{NodeId, NodeKind, Plan, ResourceId};

/// Reads options, nodes, resources and tags into `plan`.
pub fn unpack(plan: &mut Plan<'_>) {
    let _ = plan;
    todo!()
}

/// Adds a node that no element of the configuration names.
pub fn add_node<'c>(plan: &mut Plan<'c>, uuid: &'c str, name: &'c str, kind: NodeKind) -> NodeId {
    let _ = (plan, uuid, name, kind);
    todo!()
}

/// Adds the resource (with all its parts) that `element` describes. `None`, with an error noted,
/// where it cannot be used.
pub fn add_resource<'c>(
    plan: &mut Plan<'c>,
    element: Element<'c>,
    parent: Option<ResourceId>,
) -> Option<ResourceId> {
    let _ = (plan, element, parent);
    todo!()
}

/// Adds one more instance to `clone`, numbered after those that it has.
pub fn add_instance(plan: &mut Plan<'_>, clone: ResourceId) -> Option<ResourceId> {
    let _ = (plan, clone);
    todo!()
}

/// The parameters (instance attributes) of `resource` as they hold on `node`.
#[must_use]
pub fn parameters<'c>(plan: &Plan<'c>, resource: ResourceId, node: Option<NodeId>) -> Values<'c> {
    let _ = (plan, resource, node);
    todo!()
}

/// Adds to the attributes of `node` what the sets in `element` say: over what was there before, or
/// not, and the built-in attributes.
pub fn add_node_attributes<'c>(
    plan: &mut Plan<'c>,
    node: NodeId,
    element: Option<Element<'c>>,
    overwrite: bool,
) {
    let _ = (plan, node, element, overwrite);
    todo!()
}

/// Connects a remote node with the resource that is the connection to it.
pub fn link_remote_node(plan: &mut Plan<'_>, connection: ResourceId) {
    let _ = (plan, connection);
    todo!()
}

/// `target-role`, where it limits what the resource may become.
#[must_use]
pub fn target_role(plan: &Plan<'_>, resource: ResourceId) -> Option<crate::model::Role> {
    let _ = (plan, resource);
    todo!()
}
