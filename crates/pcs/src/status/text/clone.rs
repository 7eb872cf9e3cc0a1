//! A clone: which nodes its instances are on, by state.
//!
//! - An instance stands on a line of its own where it is one of different ones (unique), has an
//!   action pending, is active but removed, unmanaged or failed, is only partly active, or is on a
//!   node that is down and unclean.
//! - All other active instances are summed up as nodes: promoted ones, and the rest.
//! - All nodes where the clone might be but is not are summed up as stopped, with the reason.

use std::collections::BTreeMap;

use scheduler::model::{NodeId, Resource, ResourceId, Role};

use super::Resources;
use crate::exit;
use crate::outline::Outline;
use crate::status::doubt::Doubt;
use crate::status::resources;

/// Instances of a clone that are on no line of their own.
#[derive(Default)]
struct Summary {
    promoted: Vec<NodeId>,
    started: Vec<NodeId>,
    /// Stopped instances, by id.
    stopped: Vec<String>,
}

impl Resources<'_, '_> {
    pub(super) fn write_clone(&self, outline: &mut Outline, clone: ResourceId) -> bool {
        let of = &self.plan.resources[clone];
        let mut begun = false;
        let mut begin = |outline: &mut Outline| {
            if !begun {
                outline.begin(&self.clone_heading(clone));
            }
            begun = true;
        };
        let mut summary = Summary::default();
        for &instance in &of.children {
            if !self.sum_up(clone, instance, &mut summary) {
                begin(outline);
                self.write(outline, instance);
            }
        }
        let active = summary.promoted.len() + summary.started.len();
        let max = self.plan.clone_data(clone).map_or(0, |data| data.max);
        for (state, nodes) in [
            ("Promoted", std::mem::take(&mut summary.promoted)),
            (
                self.started_state(clone),
                std::mem::take(&mut summary.started),
            ),
        ] {
            if !nodes.is_empty() {
                begin(outline);
                let state = self.doubtful_state(state, &nodes);
                outline.item(&format!("{state}: [ {} ]", self.names(nodes)));
            }
        }
        let stopped = if !self.shape.inactive {
            Vec::new()
        } else if of.unique || max <= active {
            let ids = summary.stopped.join(" ");
            Vec::from_iter((!ids.is_empty()).then(|| ("Stopped".to_owned(), ids)))
        } else {
            self.stopped_nodes(clone)
        };
        for (state, names) in &stopped {
            begin(outline);
            outline.item(&format!("{state}: [ {names} ]"));
        }
        if stopped.is_empty() && active == 0 {
            begin(outline);
        }
        if begun {
            outline.end();
        }
        begun
    }

    /// Adds an instance to the summary, if it is not to have a line of its own.
    fn sum_up(&self, clone: ResourceId, instance: ResourceId, summary: &mut Summary) -> bool {
        let plan = self.plan;
        let part = &plan.resources[instance];
        let is_partly_active = plan.is_active(instance, false);
        if plan.resources[clone].unique {
            return !is_partly_active && plan.resources[clone].removed;
        }
        if self.shape.detail {
            return part.removed && !is_partly_active;
        }
        if self.shape.pending && part.pending_task.is_some_and(|task| task != "probe") {
            return false;
        }
        if !is_partly_active {
            if !part.removed {
                summary.stopped.push(part.id.clone());
            }
            return true;
        }
        let is_special = |part: &Resource<'_>| part.removed || !part.managed || part.failed;
        if plan.any_part(instance, is_special) || !plan.is_active(instance, true) {
            return false;
        }
        let Some(node) = plan.location(instance, true) else {
            return false;
        };
        if !plan.nodes[node].online && plan.nodes[node].unclean {
            return false;
        }
        if plan.role(instance, true) > Role::Unpromoted {
            summary.promoted.push(node);
        } else {
            summary.started.push(node);
        }
        true
    }

    /// The state of instances on `nodes`, with what this node cannot vouch for.
    fn doubtful_state(&self, state: &str, nodes: &[NodeId]) -> String {
        let here = match &self.shape.doubt {
            Some(Doubt::Stopping { here, .. }) => here,
            _ => return state.to_owned(),
        };
        let name = |node: &NodeId| self.plan.nodes[*node].name;
        match &self.shape.doubt {
            Some(doubt) if nodes.iter().any(|it| name(it) == here) => {
                let own = doubt.state(state, here);
                format!("{state} ({here}: {own})")
            }
            _ => state.to_owned(),
        }
    }

    fn clone_heading(&self, clone: ResourceId) -> String {
        let of = &self.plan.resources[clone];
        let mut flags = Vec::new();
        if of.promotable {
            flags.push("promotable");
        }
        if of.unique {
            flags.push("unique");
        }
        flags.extend(resources::collective_flags(self.plan, clone));
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!(" ({})", flags.join(", "))
        };
        let inside = of
            .xml
            .children()
            .find(|child| matches!(child.name(), "primitive" | "group"))
            .and_then(|child| child.id())
            .unwrap_or_default();
        format!("Clone Set: {} [{inside}]{flags}", of.id)
    }

    fn started_state(&self, clone: ResourceId) -> &'static str {
        let configured = resources::configured_role(self.plan, clone).and_then(Role::parse);
        match (self.plan.resources[clone].promotable, configured) {
            (false, _) => "Started",
            (true, Some(Role::Unpromoted)) => "Unpromoted (target-role)",
            (true, _) => "Unpromoted",
        }
    }

    /// Nodes where the clone might be but is not, by state.
    fn stopped_nodes(&self, clone: ResourceId) -> Vec<(String, String)> {
        let plan = self.plan;
        let of = &plan.resources[clone];
        // In a cluster that is not symmetric, no nodes are allowed before constraints have been
        // read: nodes that were probed will do.
        let candidates = if of.allowed.is_empty() {
            &of.known_on
        } else {
            &of.allowed
        };
        let configured = resources::configured_role(plan, clone).and_then(Role::parse);
        let mut by_state: BTreeMap<String, Vec<NodeId>> = BTreeMap::new();
        for candidate in candidates.iter() {
            if of.active_on.contains(&candidate.node) {
                continue;
            }
            let name = plan.nodes[candidate.node].name;
            let state = match self.probes.result(plan, clone, Some(name)) {
                Some(result) => format!("Stopped ({})", exit::text(result)),
                None if configured == Some(Role::Stopped) => "Stopped (disabled)".to_owned(),
                None => "Stopped".to_owned(),
            };
            by_state.entry(state).or_default().push(candidate.node);
        }
        by_state
            .into_iter()
            .map(|(state, nodes)| (state, self.names(nodes)))
            .collect()
    }
}
