//! Interleaving: an instance of one clone waits only for the matching instance of another.
//!
//! * Two clones (or bundles) are interleaved where `interleave` is set for the one that comes after:
//!   `then`'s, or, on the way down (stop, demote), `first`'s.
//! * Instances match that are on the same node: now, for stops and demotions, else as assigned. An
//!   instance without a node matches one on the first of its allowed nodes, best first, that has one.
//!   Blocked instances match nothing.
//! * Of a bundle, the resource in the container counts: for `first`, except for stops; for `then`,
//!   only for promotions and demotions. Otherwise the container counts.
//! * Where nothing matches and `first` has to run, the instance is left without a node.

use super::collective::instances;
use super::pair::Pair;
use super::propagation::{Changed, Propagation};
use crate::actions::{find, order, parse_operation_key};
use crate::assignment::{self, compatible_instance};
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId, Role, Task, Variant};
use crate::transition::action_flags;

impl Propagation<'_, '_> {
    /// Whether the parts of the two resources are matched one by one.
    pub(super) fn can_interleave(&self, pair: Pair) -> bool {
        let (first, then) = (
            &self.plan.actions[pair.first],
            &self.plan.actions[pair.then],
        );
        let (Some(first_resource), Some(then_resource)) = (first.resource, then.resource) else {
            return false;
        };
        let has_instances = |resource: ResourceId| {
            matches!(
                self.plan.resources[resource].variant,
                Variant::Clone(_) | Variant::Bundle(_)
            )
        };
        if first_resource == then_resource
            || !has_instances(first_resource)
            || !has_instances(then_resource)
        {
            return false;
        }
        let goes_down = then.key.ends_with("_stop_0") || then.key.ends_with("_demote_0");
        let deciding = if goes_down {
            first_resource
        } else {
            then_resource
        };
        self.plan.resources[deciding]
            .meta
            .get("interleave")
            .and_then(cib::literal::parse_boolean)
            .unwrap_or(false)
    }

    /// Applies the flag of `pair` to each instance of `then` and the matching one of `first`.
    pub(super) fn update_interleaved(&mut self, pair: Pair) -> Changed {
        let (first, then) = (
            &self.plan.actions[pair.first],
            &self.plan.actions[pair.then],
        );
        let (Some(first_resource), Some(then_resource)) = (first.resource, then.resource) else {
            return Changed::default();
        };
        let first_task = original_task(self.plan, pair.first);
        let goes_down = first.key.ends_with("_stopped_0") || first.key.ends_with("_demoted_0");
        let mut changed = Changed::default();
        for then_instance in instances(self.plan, then_resource) {
            let Some(first_instance) = compatible_instance(
                self.plan,
                then_instance,
                first_resource,
                Role::Unknown,
                goes_down,
                None,
            ) else {
                changed.then |= !goes_down && self.leave_without_node(pair.relation, then_instance);
                continue;
            };
            changed |= self.update_matched(pair, first_task, first_instance, then_instance);
        }
        changed
    }

    /// Applies the flag of `pair` to two instances that match.
    fn update_matched(
        &mut self,
        pair: Pair,
        first_task: Task,
        first_instance: ResourceId,
        then_instance: ResourceId,
    ) -> Changed {
        let then_task = self.plan.actions[pair.then].task_name.clone();
        let first = part_action(
            self.plan,
            pair.first,
            first_instance,
            first_task.name(),
            pair.node,
            true,
        );
        let then = part_action(
            self.plan,
            pair.then,
            then_instance,
            &then_task,
            pair.node,
            false,
        );
        let (Some(first), Some(then)) = (first, then) else {
            return Changed::default();
        };
        let mut changed = Changed::default();
        if order(self.plan, first, then, pair.relation) {
            changed = Changed {
                first: true,
                then: true,
            };
        }
        let first_flags = action_flags(self.plan, first, pair.node);
        changed |= self.update(
            then_instance,
            Pair {
                first,
                then,
                first_flags,
                ..pair
            },
        );
        changed
    }

    /// Leaves `instance` without a node, where it may not run without something to match.
    fn leave_without_node(&mut self, relation: Relation, instance: ResourceId) -> bool {
        relation.intersects(Relation::UNRUNNABLE_FIRST_BLOCKS | Relation::FIRST_IMPLIES_THEN)
            && unassign_parts(self.plan, instance)
    }
}

/// Leaves all primitives in `resource` without a node; says whether any had one.
fn unassign_parts(plan: &mut Plan<'_>, resource: ResourceId) -> bool {
    let children = plan.resources[resource].children.clone();
    if children.is_empty() {
        return assignment::assign_to(plan, resource, None, true, true);
    }
    let mut changed = false;
    for child in children {
        changed |= unassign_parts(plan, child);
    }
    changed
}

/// The task that the instances of `action`'s resource do for it: what a notification is about, and
/// for primitive instances, what a completion is the completion of.
pub(crate) fn original_task(plan: &Plan<'_>, action: ActionId) -> Task {
    let of = &plan.actions[action];
    let task = if matches!(of.task, Task::Notify | Task::Notified) {
        parse_operation_key(&of.key)
            .and_then(|(_, task, _)| task.split_once("_notify_"))
            .map_or(Task::Other, |(_, task)| Task::parse(task))
    } else {
        of.task
    };
    let of_primitives = of
        .resource
        .and_then(|resource| plan.resources[resource].children.first())
        .is_some_and(|&instance| plan.is_primitive(instance));
    match task {
        Task::Stopped if of_primitives => Task::Stop,
        Task::Started if of_primitives => Task::Start,
        Task::Promoted if of_primitives => Task::Promote,
        Task::Demoted if of_primitives => Task::Demote,
        other => other,
    }
}

/// The action of `instance` that takes part in the interleaving of `action`.
fn part_action(
    plan: &Plan<'_>,
    action: ActionId,
    instance: ResourceId,
    task: &str,
    node: Option<NodeId>,
    is_first: bool,
) -> Option<ActionId> {
    let of_action = plan.actions[action].task;
    let inner_counts = if is_first {
        !matches!(of_action, Task::Stop | Task::Stopped)
    } else {
        matches!(
            of_action,
            Task::Promote | Task::Promoted | Task::Demote | Task::Demoted
        )
    };
    match plan
        .resource_in_container(instance)
        .filter(|_| inner_counts)
    {
        // What is in a container is on the node that the container is.
        Some(inner) => find(plan, inner, None, Some(task), None),
        None => find(plan, instance, None, Some(task), node),
    }
}
