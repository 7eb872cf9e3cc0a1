//! Fail counts of resources on nodes.

use cib::hashed::HashMap;

use scheduler::Plan;
use scheduler::model::{NodeId, ResourceId};
use scheduler::status::{FailCountScope, fail_count};

/// Failures on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFailures {
    /// The node.
    pub node: NodeId,
    /// Its resources that have failed.
    pub resources: Vec<ResourceFailures>,
}

/// Failures of one resource on one node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceFailures {
    /// The resource.
    pub resource: ResourceId,
    /// Its name in the node's history.
    pub name: String,
    /// How many failures.
    pub count: i32,
    /// When the last one happened, in seconds since 1970; 0 for never.
    pub last_s: i64,
}

/// All failures, for each online node that history knows, in the order of the CIB.
pub fn collect(plan: &mut Plan<'_>) -> Vec<NodeFailures> {
    let Some(status) = plan.cib.child("status") else {
        return Vec::new();
    };
    let names = names(plan);
    let mut all = Vec::new();
    for state in status.children_named("node_state") {
        let node = state.id().and_then(|uuid| plan.node_by_uuid(uuid));
        let Some(node) = node.filter(|&node| plan.nodes[node].online) else {
            continue;
        };
        let histories = state
            .child("lrm")
            .and_then(|lrm| lrm.child("lrm_resources"))
            .into_iter()
            .flat_map(|resources| resources.children_named("lrm_resource"));
        let mut resources = Vec::new();
        for name in histories.filter_map(|history| history.id()) {
            let Some(&resource) = names.get(name) else {
                continue;
            };
            let scope = FailCountScope::default();
            let failures = fail_count(plan, node, resource, scope, None);
            if failures.count.value() > 0 {
                resources.push(ResourceFailures {
                    resource,
                    name: name.to_owned(),
                    count: failures.count.value(),
                    last_s: failures.last_s,
                });
            }
        }
        all.push(NodeFailures { node, resources });
    }
    all
}

/// Resources by id and by the name that history knows them by.
fn names(plan: &Plan<'_>) -> HashMap<String, ResourceId> {
    let mut names = HashMap::default();
    for (resource, of) in plan.resources.iter() {
        for name in [Some(&of.id), of.history_id.as_ref()].into_iter().flatten() {
            names.entry(name.clone()).or_insert(resource);
        }
    }
    names
}
