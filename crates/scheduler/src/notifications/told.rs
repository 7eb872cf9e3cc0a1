//! What instances are told: who is active and who does what, as names and values.
//!
//! Each list of instances comes with the list of their nodes, both sorted by instance, each
//! instance once. An empty list is written as one space, so that it is not mistaken for a missing
//! one.

use std::fmt::Write;

use crate::model::{NodeId, Plan, ResourceId, Role, Task};

/// An instance and where it is, or where its action is.
type Entry = (ResourceId, Option<NodeId>);

/// What there is to tell about a clone's instances.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    pub active: Vec<Entry>,
    pub inactive: Vec<Entry>,
    pub promoted: Vec<Entry>,
    pub unpromoted: Vec<Entry>,
    pub start: Vec<Entry>,
    pub stop: Vec<Entry>,
    pub promote: Vec<Entry>,
    pub demote: Vec<Entry>,
    /// Names and values that the agents are given.
    pub pairs: Vec<(&'static str, String)>,
}

impl Told {
    /// Adds the state of all instances in `resource`, and what they do if `with_actions`.
    pub fn collect(&mut self, plan: &mut Plan<'_>, resource: ResourceId, with_actions: bool) {
        if !plan.resources[resource].children.is_empty() {
            for child in plan.resources[resource].children.clone() {
                self.collect(plan, child, with_actions);
            }
            return;
        }
        let of = &plan.resources[resource];
        let entry = (resource, of.active_on.first().copied());
        match of.role {
            Role::Stopped => self.inactive.push(entry),
            Role::Started => self.active.push(entry),
            Role::Unpromoted => {
                self.unpromoted.push(entry);
                self.active.push(entry);
            }
            Role::Promoted => {
                self.promoted.push(entry);
                self.active.push(entry);
            }
            Role::Unknown => {
                let name = entry.1.map_or("<none>", |node| plan.nodes[node].name);
                let text = format!(
                    "Resource {} role on {name} (Unknown) is not supported for notifications (bug?)",
                    of.id
                );
                plan.error(text);
            }
        }
        if with_actions {
            self.collect_actions(plan, resource);
        }
    }

    fn collect_actions(&mut self, plan: &Plan<'_>, resource: ResourceId) {
        for &action in &plan.resources[resource].actions {
            let of = &plan.actions[action];
            let Some(node) = of.node.filter(|_| !of.optional) else {
                continue;
            };
            // Fencing will imply the stop, or nobody can do anything about the node.
            let is_lost = of.task == Task::Stop && plan.nodes[node].unclean;
            if let Some(list) = self.doing_mut(of.task)
                && (of.runnable || is_lost)
            {
                list.push((resource, Some(node)));
            }
        }
    }

    fn doing_mut(&mut self, task: Task) -> Option<&mut Vec<Entry>> {
        match task {
            Task::Start => Some(&mut self.start),
            Task::Stop => Some(&mut self.stop),
            Task::Promote => Some(&mut self.promote),
            Task::Demote => Some(&mut self.demote),
            _ => None,
        }
    }

    /// Whether any instance does `task`.
    pub fn any_does(&self, task: Task) -> bool {
        let list = match task {
            Task::Start => &self.start,
            Task::Stop => &self.stop,
            Task::Promote => &self.promote,
            Task::Demote => &self.demote,
            _ => return false,
        };
        !list.is_empty()
    }

    /// Writes all lists as names and values.
    pub fn write_pairs(&mut self, plan: &Plan<'_>, clone: ResourceId) {
        let lists: [(&[&str], &[&str], &Vec<Entry>); 8] = [
            (
                &["notify_stop_resource"],
                &["notify_stop_uname"],
                &self.stop,
            ),
            (
                &["notify_start_resource"],
                &["notify_start_uname"],
                &self.start,
            ),
            (
                &["notify_demote_resource"],
                &["notify_demote_uname"],
                &self.demote,
            ),
            (
                &["notify_promote_resource"],
                &["notify_promote_uname"],
                &self.promote,
            ),
            (
                &["notify_active_resource"],
                &["notify_active_uname"],
                &self.active,
            ),
            // The second names are those that agents of old expect.
            (
                &["notify_unpromoted_resource", "notify_slave_resource"],
                &["notify_unpromoted_uname", "notify_slave_uname"],
                &self.unpromoted,
            ),
            (
                &["notify_promoted_resource", "notify_master_resource"],
                &["notify_promoted_uname", "notify_master_uname"],
                &self.promoted,
            ),
            (&["notify_inactive_resource"], &[], &self.inactive),
        ];
        let mut pairs = Vec::new();
        for (resource_names, node_names, entries) in lists {
            let (resources, nodes) = names_of(plan, entries, !node_names.is_empty());
            pairs.extend(resource_names.iter().map(|&name| (name, resources.clone())));
            pairs.extend(node_names.iter().map(|&name| (name, nodes.clone())));
        }
        let of = &plan.resources[clone];
        let available = plan
            .nodes_by_name
            .iter()
            .filter(|&&node| of.allowed.contains(node))
            .map(|&node| plan.nodes[node].name);
        pairs.push(("notify_available_uname", joined(available)));
        if of.meta.get("container-attribute-target") == Some("host") {
            let hosts = plan.nodes_by_name.iter().map(|&node| host_name(plan, node));
            pairs.push(("notify_all_hosts", joined(hosts)));
        }
        let all = plan.nodes_by_name.iter().map(|&node| plan.nodes[node].name);
        pairs.push(("notify_all_uname", joined(all)));
        self.pairs = pairs;
    }
}

/// The instances of `entries` and their nodes; only those that have one, if nodes are wanted.
fn names_of(plan: &Plan<'_>, entries: &[Entry], with_nodes: bool) -> (String, String) {
    let mut sorted = entries.to_vec();
    sorted.sort_by_key(|&(resource, node)| {
        (
            plan.resources[resource].id.as_str(),
            node.map(|node| plan.nodes[node].uuid),
        )
    });
    sorted.retain(|(_, node)| !with_nodes || node.is_some());
    sorted.dedup_by_key(|&mut (resource, _)| resource);
    let resources = sorted
        .iter()
        .map(|&(resource, _)| plan.resources[resource].id.as_str());
    let nodes = sorted
        .iter()
        .filter_map(|&(_, node)| Some(plan.nodes[node?].name));
    (joined(resources), joined(nodes))
}

/// The node's name; of a guest that is active, its host's.
fn host_name<'c>(plan: &Plan<'c>, node: NodeId) -> &'c str {
    let host = plan
        .launcher_of_node(node)
        .filter(|_| plan.is_guest(node))
        .and_then(|launcher| plan.active_node(launcher));
    plan.nodes[host.unwrap_or(node)].name
}

/// Words with a space between them, or one space.
fn joined<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for word in words {
        if !text.is_empty() {
            text.push(' ');
        }
        // Writing to a String cannot fail.
        let _ = text.write_str(word);
    }
    if text.is_empty() {
        text.push(' ');
    }
    text
}
