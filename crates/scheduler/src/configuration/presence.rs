//! Which nodes are there while resources are read, and what that means for a resource.
//!
//! In a symmetric cluster a resource is allowed, with a node's base score, on all nodes that are
//! there when it is read. Replicas of bundles appear with their bundle, and nothing but what is
//! inside may run on them, so that nothing else is ever allowed there.

use crate::model::{Candidates, Cause, NodeId, Plan, ProbeMode, ResourceId};

/// The nodes that are there.
#[derive(Clone, Debug, Default)]
pub(super) struct Presence {
    count: usize,
    /// Every node that is there.
    all: Candidates,
    /// Those that resources are allowed on by default.
    common: Candidates,
}

impl Presence {
    /// All nodes of `plan`.
    pub fn all(plan: &Plan<'_>) -> Self {
        let mut presence = Self::default();
        for node in plan.nodes.ids() {
            presence.add(plan, node);
        }
        presence
    }

    /// Notes that `node` is there, as it is now.
    pub fn add(&mut self, plan: &Plan<'_>, node: NodeId) {
        let of = &plan.nodes[node];
        let candidate = of.as_candidate(node);
        self.count += usize::from(!self.all.contains(node));
        self.all.insert(candidate);
        if of.probe_mode == ProbeMode::Never {
            self.common.remove(node);
        } else {
            self.common.insert(candidate);
        }
    }

    /// Whether `node` is there.
    pub fn contains(&self, node: NodeId) -> bool {
        self.all.contains(node)
    }

    /// How many nodes are there.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Allows `resource` on the nodes that it may run on if nothing more is said.
    ///
    /// Where nothing is allowed by default, the connection to a guest still is: where it may be
    /// depends on the guest alone.
    pub fn allow_default(&self, plan: &mut Plan<'_>, resource: ResourceId, is_guest: bool) {
        let symmetric = plan.options.symmetric;
        let of = &mut plan.resources[resource];
        if symmetric && !of.exclusive_probes {
            of.allowed.clone_from(&self.common);
        } else if !symmetric && is_guest {
            of.allowed.clone_from(&self.all);
        }
    }
}

/// Notes the scores that the resources from number `first` on start with.
pub(super) fn note_base_scores(plan: &mut Plan<'_>, first: ResourceId) {
    if !plan.journal.enabled {
        return;
    }
    for resource in plan.resources.ids().filter(|&resource| resource >= first) {
        for candidate in plan.resources[resource].allowed.iter() {
            plan.journal
                .note(resource, candidate.node, candidate.score, || Cause::Base);
        }
    }
}
