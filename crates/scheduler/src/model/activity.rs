//! Where resources are active at the start.

use super::ids::{NodeId, ResourceId};
use super::plan::Plan;
use super::resource::Variant;

/// How many nodes a resource is active on, and the one that counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// The node that is taken for the place of a resource that is active in several: the source of
    /// a migration that is half done; otherwise, for a resource that does not need fencing, the
    /// first clean node; otherwise the first node.
    pub node: Option<NodeId>,
    /// How many nodes there are.
    pub all: usize,
    /// How many of them are online and clean.
    pub clean: usize,
}

impl Plan<'_> {
    /// Where `resource` is active. For a bundle that is where its containers are.
    #[must_use]
    pub fn activity(&self, resource: ResourceId) -> Activity {
        let Variant::Bundle(bundle) = &self.resources[resource].variant else {
            return self.activity_among(resource, &self.resources[resource].active_on);
        };
        let mut containers = bundle
            .replicas
            .iter()
            .map(|replica| replica.container)
            .filter(|&container| !self.resources[container].active_on.is_empty());
        match (containers.next(), containers.next()) {
            (None, _) => Activity::default(),
            (Some(only), None) => self.activity_among(only, &self.resources[only].active_on),
            (Some(_), Some(_)) => {
                let mut nodes: Vec<NodeId> = Vec::new();
                for replica in &bundle.replicas {
                    for &node in &self.resources[replica.container].active_on {
                        if !nodes.contains(&node) {
                            nodes.push(node);
                        }
                    }
                }
                self.activity_among(resource, &nodes)
            }
        }
    }

    /// The node that is taken for the place of `resource`, see [`Activity::node`].
    #[must_use]
    pub fn active_node(&self, resource: ResourceId) -> Option<NodeId> {
        self.activity(resource).node
    }

    /// How many nodes `resource` is active on, for the question whether it is active in too many
    /// places: nodes that are down or unclean count only where it needs fencing.
    #[must_use]
    pub fn active_count(&self, resource: ResourceId) -> usize {
        let activity = self.activity(resource);
        if self.resources[resource].needs_fencing {
            activity.all
        } else {
            activity.clean
        }
    }

    fn activity_among(&self, resource: ResourceId, nodes: &[NodeId]) -> Activity {
        let is_clean = |node: &&NodeId| self.nodes[**node].online && !self.nodes[**node].unclean;
        let of = &self.resources[resource];
        let preferred = match of.partial_migration_source {
            Some(source) => nodes.iter().find(|&&node| node == source),
            None if of.needs_fencing => None,
            None => nodes.iter().find(is_clean),
        };
        Activity {
            node: preferred.or(nodes.first()).copied(),
            all: nodes.len(),
            clean: nodes.iter().filter(is_clean).count(),
        }
    }
}
