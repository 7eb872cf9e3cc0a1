//! Where the order of two actions comes from: a constraint, or what the actions are.

use cib::hashed::HashMap;

use super::data::Origin;
use crate::model::{Action, ActionId, OrderingEnd, Plan, ResourceId, Task};

/// The ordering constraints, to be found by what they order.
pub(super) struct Origins<'p, 'c> {
    plan: &'p Plan<'c>,
    /// Places in `Plan::order_constraints` and `Plan::orderings`, by resources.
    by_resources: HashMap<(ResourceId, ResourceId), Vec<(usize, usize)>>,
    /// Places in `Plan::order_constraints`, by the milestones that they made.
    by_milestone: HashMap<ActionId, usize>,
}

impl<'p, 'c> Origins<'p, 'c> {
    pub fn new(plan: &'p Plan<'c>) -> Self {
        let mut origins = Self {
            plan,
            by_resources: HashMap::default(),
            by_milestone: HashMap::default(),
        };
        for (place, constraint) in plan.order_constraints.iter().enumerate() {
            for index in constraint.orderings.clone() {
                let ordering = &plan.orderings[index];
                if let (Some(first), Some(then)) = (ordering.first.resource, ordering.then.resource)
                {
                    origins
                        .by_resources
                        .entry((first, then))
                        .or_default()
                        .push((place, index));
                }
                for end in [&ordering.first, &ordering.then] {
                    if let (Some(action), None) = (end.action, end.resource) {
                        origins.by_milestone.insert(action, place);
                    }
                }
            }
        }
        origins
    }

    /// Where it comes from that `first` is before `then`.
    pub fn of(&self, first: ActionId, then: ActionId) -> Origin {
        match self.constraint(first, then) {
            Some(id) => Origin::Constraint(id.to_owned()),
            None => self.natural(first, then),
        }
    }

    fn constraint(&self, first: ActionId, then: ActionId) -> Option<&'c str> {
        let plan = self.plan;
        let milestone = self
            .by_milestone
            .get(&first)
            .or_else(|| self.by_milestone.get(&then));
        if let Some(&place) = milestone {
            return Some(plan.order_constraints[place].id);
        }
        let (of_first, of_then) = (&plan.actions[first], &plan.actions[then]);
        for first_resource in self.and_wholes(of_first.resource) {
            for then_resource in self.and_wholes(of_then.resource) {
                let known = self.by_resources.get(&(first_resource, then_resource));
                let found = known.into_iter().flatten().find(|&&(_, index)| {
                    let ordering = &plan.orderings[index];
                    names_task(&ordering.first, of_first) && names_task(&ordering.then, of_then)
                });
                if let Some(&(place, _)) = found {
                    return Some(plan.order_constraints[place].id);
                }
            }
        }
        None
    }

    fn and_wholes(&self, resource: Option<ResourceId>) -> impl Iterator<Item = ResourceId> {
        std::iter::successors(resource, |&part| self.plan.resources[part].parent)
    }

    fn natural(&self, first: ActionId, then: ActionId) -> Origin {
        let plan = self.plan;
        let (of_first, of_then) = (&plan.actions[first], &plan.actions[then]);
        match (of_first.task, of_then.task) {
            (Task::Fence, _) if of_first.meta.get("stonith_action") == Some("on") => {
                return Origin::Unfencing;
            }
            (Task::Fence, _) => return Origin::Fencing,
            (_, Task::Fence | Task::Shutdown) => return Origin::Shutdown,
            (Task::Notify | Task::Notified, _) | (_, Task::Notify | Task::Notified) => {
                return Origin::Notification;
            }
            (Task::Monitor, _) if of_first.interval_ms == 0 => return Origin::Probe,
            _ => {}
        }
        if of_first.task_name.starts_with("load_stopped")
            || of_then.task_name.starts_with("load_stopped")
        {
            return Origin::Room;
        }
        match (of_first.resource, of_then.resource) {
            (Some(one), Some(other)) => self.between(one, other, of_first, of_then),
            _ => Origin::Nature,
        }
    }

    fn between(
        &self,
        one: ResourceId,
        other: ResourceId,
        first: &Action<'_>,
        then: &Action<'_>,
    ) -> Origin {
        let plan = self.plan;
        if one == other {
            return match (first.task, then.task) {
                (Task::Stop, Task::Start) => Origin::Restart,
                _ => Origin::Sequence,
            };
        }
        let (of_one, of_other) = (&plan.resources[one], &plan.resources[other]);
        let shared = of_one.parent.filter(|_| of_one.parent == of_other.parent);
        if let Some(whole) = shared
            && plan.is_group(whole)
        {
            return Origin::Group(plan.printable_id(whole).to_owned());
        }
        if of_one.launcher == Some(other) || of_other.launcher == Some(one) {
            return Origin::Container;
        }
        let carries = |carrier: ResourceId, action: &Action<'_>| {
            let connection = action.node.and_then(|node| plan.nodes[node].connection);
            connection.is_some_and(|connection| {
                connection == carrier || plan.resources[connection].launcher == Some(carrier)
            })
        };
        if carries(one, then) || carries(other, first) {
            return Origin::Connection;
        }
        let top = plan.top(one, true);
        if top == plan.top(other, true) {
            let id = plan.printable_id(top).to_owned();
            return if plan.is_group(top) {
                Origin::Group(id)
            } else if plan.is_bundle(top) && plan.is_bundle(of_one.parent.unwrap_or(one)) {
                Origin::Container
            } else {
                Origin::Instances(id)
            };
        }
        Origin::Nature
    }
}

/// Whether `end` is about the task of `action`. The end of what a collective does stands for what
/// its parts do.
fn names_task(end: &OrderingEnd, action: &Action<'_>) -> bool {
    let named = end.task.as_deref().map(|task| match task {
        "running" => "start",
        "stopped" => "stop",
        "promoted" => "promote",
        "demoted" => "demote",
        task => task,
    });
    let own = match action.task {
        Task::Started => "start",
        Task::Stopped => "stop",
        Task::Promoted => "promote",
        Task::Demoted => "demote",
        _ => match &*action.task_name {
            "migrate_to" => "stop",
            "migrate_from" => "start",
            name => name,
        },
    };
    named.is_none_or(|task| task == own || task == action.task_name)
}
