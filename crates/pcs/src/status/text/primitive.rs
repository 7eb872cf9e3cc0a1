//! One line for a primitive: name, agent, state and place, and what is special about it.

use scheduler::Plan;
use scheduler::model::{NodeId, ResourceId, Role};

use super::Resources;
use crate::exit;
use crate::outline::Outline;
use crate::status::resources;

impl Resources<'_, '_> {
    pub(super) fn write_primitive(&self, outline: &mut Outline, resource: ResourceId) -> bool {
        let name = self.plan.printable_id(resource);
        let node = resources::displayed_node(self.plan, resource);
        self.write_named(outline, resource, name, node)
    }

    /// Writes a primitive under another name, as if it were on `node`.
    pub(super) fn write_named(
        &self,
        outline: &mut Outline,
        resource: ResourceId,
        name: &str,
        node: Option<NodeId>,
    ) -> bool {
        if resources::is_internal(&self.plan.resources[resource]) {
            return false;
        }
        outline.item(&self.line(resource, name, node));
        true
    }

    fn line(&self, resource: ResourceId, name: &str, node: Option<NodeId>) -> String {
        let plan = self.plan;
        let of = &plan.resources[resource];
        let is_multiple = of.active_on.len() > 1;
        let node = node.or(of.lock_node).filter(|_| !is_multiple);
        let role = resources::displayed_role(plan, resource);

        let mut line = format!("{name}\t({}):\t", resources::agent(of));
        let mut add = |word: &str| {
            line.push(' ');
            line.push_str(word);
        };
        if of.removed {
            add("ORPHANED");
        }
        if of.failed {
            add("FAILED");
            if role > Role::Unpromoted {
                add(role.name());
            }
        } else {
            let state = resources::displayed_state(plan, resource, self.shape.pending);
            let place = of.active_on.first().map(|&node| plan.nodes[node].name);
            match (&self.shape.doubt, place) {
                (Some(doubt), Some(place)) => add(&doubt.state(state, place)),
                _ => add(state),
            }
        }
        let node_name = node.map(|node| plan.nodes[node].name);
        if let Some(name) = node_name {
            add(name);
        }
        if role == Role::Stopped
            && let Some(result) = self.probes.result(plan, resource, node_name)
        {
            line.push_str(&format!(" ({}) ", exit::text(result)));
        }
        let flags = self.flags(resource, node);
        if !flags.is_empty() {
            line.push_str(&format!(" ({})", flags.join(", ")));
        }
        if is_multiple {
            if let Some(description) = of.xml.attribute("description") {
                line.push_str(&format!(" ({description})"));
            }
            let nodes: Vec<&str> = of
                .active_on
                .iter()
                .map(|&node| plan.nodes[node].name)
                .collect();
            line.push_str(&format!(" [ {} ]", nodes.join(" ")));
        }
        line
    }

    /// What stands in parentheses at the end of a line.
    fn flags(&self, resource: ResourceId, node: Option<NodeId>) -> Vec<String> {
        let plan = self.plan;
        let of = &plan.resources[resource];
        let mut flags = Vec::new();
        let mut add = |flag: &str| flags.push(flag.to_owned());
        if let Some(node) = node {
            let state = &plan.nodes[node];
            if !state.online && state.unclean {
                add("UNCLEAN");
            }
            if of.lock_node == Some(node) {
                add("LOCKED");
            }
        }
        if self.shape.pending
            && let Some(check) = resources::pending_check(of)
        {
            add(check);
        }
        if let Some(flag) = target_role_flag(plan, resource) {
            add(&flag);
        }
        if of.blocked {
            add("blocked");
        } else if of.maintenance {
            add("maintenance");
        } else if !of.managed {
            add("unmanaged");
        }
        if of.ignore_failure {
            add("failure ignored");
        }
        if let Some(doubt) = &self.shape.doubt {
            let place = of.active_on.first().map(|&node| plan.nodes[node].name);
            // What stands in a clone is in doubt as a whole.
            let is_stopped_instance = place.is_none() && of.instance.is_some();
            if let Some(remark) = doubt.remark(place).filter(|_| !is_stopped_instance) {
                add(&remark);
            }
        }
        flags
    }
}

/// What `target-role` holds the resource back from.
fn target_role_flag(plan: &Plan<'_>, resource: ResourceId) -> Option<String> {
    let wanted = plan.resources[resource].meta.get("target-role")?;
    match Role::parse(wanted)? {
        Role::Stopped => Some("disabled".to_owned()),
        Role::Unpromoted if plan.resources[plan.top(resource, false)].promotable => {
            Some(format!("target-role:{wanted}"))
        }
        _ => None,
    }
}
