//! Node attributes that say which nodes count as the same place for a colocation.
//!
//! A guest or bundle node may answer for itself or for the machine that hosts it: for the host where
//! the resource's `container-attribute-target` says so, and for what is inside a bundle.
//!
//! Nodes without the attribute are in one place. By accident that holds for `#uname` too: remote nodes
//! that neither `<nodes>` nor the status section speak of yet have no attributes at all, so what
//! belongs together may start on several of them.

use crate::model::{NodeId, Plan, ResourceId};

/// The attribute that names the node itself.
const NODE_NAME: &str = "#uname";

/// Whose attribute is asked for where the node is a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// The node that the guest is active on at the start.
    Current,
    /// The node that the guest is assigned to.
    Assigned,
}

/// Nodes as places, in the eyes of one resource and by one attribute.
pub(super) struct Places<'p, 'c> {
    plan: &'p Plan<'c>,
    attribute: &'p str,
    answers: Answers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answers {
    /// Each node answers for itself.
    Nodes,
    /// Hosts answer for their guests.
    Hosts,
    /// Hosts answer for the nodes of bundles.
    BundleHosts,
}

impl<'p, 'c> Places<'p, 'c> {
    /// Places by `attribute` for `resource`.
    pub(super) fn new(plan: &'p Plan<'c>, attribute: &'p str, resource: ResourceId) -> Self {
        let answers = if targets_host(plan, resource) {
            Answers::Hosts
        } else if is_inside_bundle(plan, resource) {
            Answers::BundleHosts
        } else {
            Answers::Nodes
        };
        Self {
            plan,
            attribute,
            answers,
        }
    }

    /// Whether each node is a place of its own.
    pub(super) fn are_nodes(&self) -> bool {
        self.are_names() && self.plan.nodes.values().all(|node| node.described)
    }

    fn are_names(&self) -> bool {
        self.attribute == NODE_NAME && self.answers == Answers::Nodes
    }

    /// The name of the place where `node` is; nodes for which it is not known are in the same
    /// place.
    pub(super) fn of(&self, node: NodeId) -> Option<&'p str> {
        if self.are_names() {
            let node = &self.plan.nodes[node];
            return node.described.then_some(node.name);
        }
        let ask_host = match self.answers {
            Answers::Nodes => false,
            Answers::Hosts => true,
            Answers::BundleHosts => self.plan.is_bundle_node(node),
        };
        if ask_host {
            host_value(self.plan, node, self.attribute, Host::Assigned)
        } else {
            self.plan.nodes[node].attributes.get(self.attribute)
        }
    }
}

/// Whether two places are the same.
pub(super) fn same_place(one: Option<&str>, other: Option<&str>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        (None, None) => true,
        _ => false,
    }
}

/// The value of `attribute` of `node`, or of its host where `node` is a guest.
pub(super) fn host_value<'p>(
    plan: &'p Plan<'_>,
    node: NodeId,
    attribute: &str,
    which: Host,
) -> Option<&'p str> {
    let from = if plan.is_guest(node) {
        let connection = plan.nodes[node].connection?;
        let guest = &plan.resources[plan.resources[connection].launcher?];
        match which {
            Host::Assigned => guest.assigned_to?,
            Host::Current => *guest.active_on.first()?,
        }
    } else {
        node
    };
    plan.nodes[from].attributes.get(attribute)
}

/// Whether `container-attribute-target` of `resource` is the host.
pub(super) fn targets_host(plan: &Plan<'_>, resource: ResourceId) -> bool {
    plan.resources[resource]
        .meta
        .get("container-attribute-target")
        .is_some_and(|target| target.eq_ignore_ascii_case("host"))
}

fn is_inside_bundle(plan: &Plan<'_>, resource: ResourceId) -> bool {
    super::location::bundled_resource(plan, resource)
        .is_some_and(|inside| plan.top(resource, false) == inside)
}
