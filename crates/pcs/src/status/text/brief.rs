//! Primitives counted by agent and node, instead of a line for each.

use std::collections::BTreeMap;

use scheduler::model::{NodeId, ResourceId};

use super::Resources;
use crate::status::resources;

/// How many primitives of an agent there are, and how many of them on which node.
#[derive(Default)]
struct Count {
    all: usize,
    active: BTreeMap<usize, (NodeId, usize)>,
}

impl Resources<'_, '_> {
    /// A line for each agent and node; `node` where all are on that one.
    pub(super) fn brief_lines(&self, all: &[ResourceId], node: Option<NodeId>) -> Vec<String> {
        let mut counts: BTreeMap<String, Count> = BTreeMap::new();
        for &resource in all {
            let of = &self.plan.resources[resource];
            if resources::is_internal(of) || (of.removed && of.active_on.is_empty()) {
                continue;
            }
            let count = counts.entry(resources::agent(of)).or_default();
            count.all += 1;
            let places = match node {
                Some(node) => vec![node],
                None => of.active_on.clone(),
            };
            for place in places {
                let rank = self.rank(place);
                let entry = count.active.entry(rank).or_insert((place, 0));
                entry.1 += 1;
            }
        }
        let mut lines = Vec::new();
        for (agent, count) in counts {
            let of_all = match node.is_none() && self.shape.inactive {
                true => format!("/{}", count.all),
                false => String::new(),
            };
            for (place, number) in count.active.values() {
                let name = match node {
                    Some(_) => "",
                    None => self.plan.nodes[*place].name,
                };
                lines.push(format!("{number}{of_all}\t({agent}):\tActive {name}"));
            }
            if count.active.is_empty() && self.shape.inactive {
                lines.push(format!("0{of_all}\t({agent}):\tActive"));
            }
        }
        lines
    }
}
