//! The transition graph: required actions, each with what it waits for.
//!
//! * Each action that happens is one synapse: the action, and as triggers the actions that have to
//!   be done before it ([`inputs`] says which are).
//! * Synapses come in the order of the resources (as sorted for assignment), each with its actions
//!   from the last made to the first and then its parts; a clone's instances come before it. Then
//!   come all other actions, the last made first.
//! * Notifications of a clone are made when its turn comes.

mod attributes;
mod dot;
mod element;
mod inputs;

pub use dot::to_dot;
pub(crate) use inputs::has_loop;

use cib::literal::parse_milliseconds;
use cib::xml::{Document, XmlId};

use crate::actions::milestone;
use crate::model::{Action, ActionId, Plan, ResourceId, Variant};
use crate::{notifications, transition};
use inputs::{deduplicate_inputs, should_add_action, should_add_input};

/// The feature set that the graph follows, as the controller compares it.
pub const FEATURE_SET: &str = "3.20.5";

/// The graph as the controller reads it (`<transition_graph>`).
pub fn build(plan: &mut Plan<'_>) -> Document {
    let mut graph = Graph {
        document: start(plan),
        synapses: 0,
    };
    for root in plan.roots.clone() {
        graph.add_resource(plan, root);
    }
    if element::nodes_in_need_of_maintenance_update(plan)
        .next()
        .is_some()
    {
        let update = milestone(plan, element::MAINTENANCE_TASK);
        plan.actions[update].always_in_graph = true;
    }
    for action in plan.actions.ids().rev() {
        graph.add_action(plan, action);
    }
    graph.document
}

/// An empty graph with what holds for all of it.
fn start(plan: &Plan<'_>) -> Document {
    let mut document = Document::new("transition_graph");
    let root = document.root().xml_id();
    let duration = |name: &str| {
        plan.options
            .all
            .get(name)
            .filter(|text| text.starts_with('P') || parse_milliseconds(text).is_some())
            .unwrap_or("60s")
    };
    document.set(root, "cluster-delay", duration("cluster-delay"));
    document.set(root, "fencing-timeout", duration("fencing-timeout"));
    document.set(root, "failed-stop-offset", "INFINITY");
    let start_failure = if plan.options.start_failure_is_fatal {
        "INFINITY"
    } else {
        "1"
    };
    document.set(root, "failed-start-offset", start_failure);
    let integer = |name: &str| {
        let text = plan.options.all.get(name)?;
        Some((text, text.parse::<i64>().ok()?))
    };
    let batch_limit = integer("batch-limit").map_or("0", |(text, _)| text);
    document.set(root, "batch-limit", batch_limit);
    document.set(root, "transition_id", "1");
    if let Some((text, 1..)) = integer("migration-limit") {
        document.set(root, "migration-limit", text);
    }
    if let Some(recheck_by_s) = plan.recheck_by_s {
        document.set(root, "recheck-by", &recheck_by_s.to_string());
    }
    document
}

/// A graph that is being written.
struct Graph {
    document: Document,
    synapses: usize,
}

impl Graph {
    /// Adds all actions of a resource and of its parts.
    fn add_resource(&mut self, plan: &mut Plan<'_>, resource: ResourceId) {
        match &plan.resources[resource].variant {
            Variant::Primitive | Variant::Group(_) => self.add_own_then_parts(plan, resource),
            Variant::Clone(_) => {
                for action in plan.resources[resource].actions.clone().into_iter().rev() {
                    // What the instances make of the clone's own actions is recorded in these.
                    transition::action_flags(plan, action, None);
                }
                notifications::create(plan, resource);
                for instance in plan.resources[resource].children.clone() {
                    self.add_resource(plan, instance);
                }
                self.add_own_then_parts(plan, resource);
            }
            Variant::Bundle(bundle) => {
                let mut parts: Vec<ResourceId> = bundle.child.into_iter().collect();
                for replica in &bundle.replicas {
                    parts.extend(replica.ip);
                    parts.push(replica.container);
                    parts.extend(replica.remote);
                }
                for part in parts {
                    self.add_resource(plan, part);
                }
            }
        }
    }

    fn add_own_then_parts(&mut self, plan: &mut Plan<'_>, resource: ResourceId) {
        for action in plan.resources[resource].actions.clone().into_iter().rev() {
            self.add_action(plan, action);
        }
        // Parts of a clone that were added before are not added again.
        for part in plan.resources[resource].children.clone() {
            if !plan.is_clone(resource) {
                self.add_resource(plan, part);
            }
        }
    }

    /// Adds an action, with what it waits for, if it happens.
    fn add_action(&mut self, plan: &mut Plan<'_>, action: ActionId) {
        deduplicate_inputs(plan, action);
        if plan.actions[action].in_graph || !should_add_action(plan, action, true) {
            return;
        }
        plan.actions[action].in_graph = true;
        let synapse = self.start_synapse(plan, &plan.actions[action]);
        let set = self.document.append(synapse, "action_set");
        element::write(&mut self.document, set, plan, action, true);
        let inputs = self.document.append(synapse, "inputs");
        for index in 0..plan.actions[action].before.len() {
            if should_add_input(plan, action, index) {
                let input = &mut plan.actions[action].before[index];
                input.graphed = true;
                let input = input.action;
                let trigger = self.document.append(inputs, "trigger");
                element::write(&mut self.document, trigger, plan, input, false);
            }
        }
    }

    fn start_synapse(&mut self, plan: &Plan<'_>, action: &Action<'_>) -> XmlId {
        let root = self.document.root().xml_id();
        let synapse = self.document.append(root, "synapse");
        self.document.set(synapse, "id", &self.synapses.to_string());
        self.synapses += 1;
        let of_resource = action
            .resource
            .map_or(0, |resource| plan.resources[resource].priority);
        let priority = action.priority.max(of_resource);
        if priority > 0 {
            self.document
                .set(synapse, "priority", &priority.to_string());
        }
        synapse
    }
}
