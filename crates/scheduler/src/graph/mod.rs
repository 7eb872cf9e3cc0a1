//! The transition graph: required actions, each with what it waits for.
//!
//! * Each action that happens is one synapse: the action, and as triggers the actions that have to
//!   be done before it ([`inputs`] says which are).
//! * Synapses come in the order of the resources (as sorted for assignment), each with its actions
//!   from the last made to the first and then its parts; a clone's instances come before it. Then
//!   come all other actions, the last made first.
//! * Notifications of a clone are made when its turn comes.
//!
//! [`build`] decides, and marks in the plan what is in the graph; [`Transition`] writes it down.

mod attributes;
mod dot;
mod element;
mod inputs;
mod text;
mod unplaced;
mod write;

pub use dot::to_dot;
pub(crate) use inputs::has_loop;

use crate::actions::milestone;
use crate::model::{ActionId, Plan, ResourceId, Variant};
use crate::{notifications, transition};
use inputs::{deduplicate_inputs, should_add_action, should_add_input};

/// The feature set that graph and history follow, and the newest of a CIB that is understood
/// (`crm_feature_set` of Pacemaker 3.0.2).
pub const FEATURE_SET: &str = "3.20.5";

/// What is to be done: the actions of the graph, in its order. What each waits for is marked in the
/// plan that it was built from.
#[derive(Clone, Debug, Default)]
pub struct Transition {
    synapses: Vec<ActionId>,
}

/// Decides what is in the graph.
pub fn build(plan: &mut Plan<'_>) -> Transition {
    unplaced::place(plan);
    let mut transition = Transition::default();
    for root in plan.roots.clone() {
        transition.add_resource(plan, root);
    }
    if element::nodes_in_need_of_maintenance_update(plan)
        .next()
        .is_some()
    {
        let update = milestone(plan, element::MAINTENANCE_TASK);
        plan.actions[update].always_in_graph = true;
    }
    for action in plan.actions.ids().rev() {
        transition.add_action(plan, action);
    }
    transition
}

impl Transition {
    /// The actions, in order.
    #[must_use]
    pub fn actions(&self) -> &[ActionId] {
        &self.synapses
    }

    /// Adds all actions of a resource and of its parts.
    fn add_resource(&mut self, plan: &mut Plan<'_>, resource: ResourceId) {
        match &plan.resources[resource].variant {
            Variant::Primitive | Variant::Group(_) => {
                self.add_own(plan, resource);
                self.add_parts(plan, resource);
            }
            Variant::Clone(_) => {
                for index in (0..plan.resources[resource].actions.len()).rev() {
                    // What the instances make of the clone's own actions is recorded in these.
                    let action = plan.resources[resource].actions[index];
                    transition::action_flags(plan, action, None);
                }
                notifications::create(plan, resource);
                self.add_parts(plan, resource);
                self.add_own(plan, resource);
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

    fn add_own(&mut self, plan: &mut Plan<'_>, resource: ResourceId) {
        for index in (0..plan.resources[resource].actions.len()).rev() {
            let action = plan.resources[resource].actions[index];
            self.add_action(plan, action);
        }
    }

    fn add_parts(&mut self, plan: &mut Plan<'_>, resource: ResourceId) {
        for index in 0..plan.resources[resource].children.len() {
            let part = plan.resources[resource].children[index];
            self.add_resource(plan, part);
        }
    }

    /// Adds an action, with what it waits for, if it happens.
    fn add_action(&mut self, plan: &mut Plan<'_>, action: ActionId) {
        deduplicate_inputs(plan, action);
        if plan.actions[action].in_graph || !should_add_action(plan, action, true) {
            return;
        }
        plan.actions[action].in_graph = true;
        self.synapses.push(action);
        for index in 0..plan.actions[action].before.len() {
            if should_add_input(plan, action, index) {
                plan.actions[action].before[index].graphed = true;
            }
        }
    }
}
