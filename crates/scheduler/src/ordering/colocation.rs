//! What cannot start or be promoted holds back what must be with it.
//!
//! A start or promotion that cannot run, of a resource no part of which can do it, holds back the
//! dependents of mandatory colocations with that resource: their promotion, where the colocation is
//! about the promoted role of the dependent, else their start. A promotion that cannot run matters
//! only for colocations with the promoted role.

use cib::Score;

use super::propagation::Propagation;
use crate::actions::{find, set_reason};
use crate::assignment::colocations_with;
use crate::model::{ActionId, ResourceId, Role, Task};

impl Propagation<'_, '_> {
    /// Holds back what must be with the resource of `action`, where that cannot run.
    pub(super) fn block_dependents_now(&mut self, action: ActionId) {
        let plan = &*self.plan;
        let of = &plan.actions[action];
        let is_start = of.task == Task::Start;
        let (false, Some(resource)) = (of.runnable, of.resource) else {
            return;
        };
        if !is_start && of.task != Task::Promote {
            return;
        }
        let top = plan.top(resource, true);
        let can_reach_role = |&child: &ResourceId| {
            find(plan, child, None, Some(&of.task_name), None)
                .is_none_or(|action| plan.actions[action].runnable)
        };
        if plan.resources[top].children.iter().any(can_reach_role) {
            return;
        }
        let dependents: Vec<(ResourceId, Task)> = colocations_with(plan, top)
            .into_iter()
            .map(|colocation| &plan.colocations[colocation])
            .filter(|colocation| colocation.score >= Score::INFINITY)
            .filter(|colocation| is_start || colocation.primary_role == Role::Promoted)
            .map(|colocation| {
                let task = match colocation.dependent_role {
                    Role::Promoted => Task::Promote,
                    _ => Task::Start,
                };
                (colocation.dependent, task)
            })
            .collect();
        for (dependent, task) in dependents {
            self.block(dependent, task, resource);
        }
    }

    /// Makes `task` of `resource` and of its parts unrunnable because of `reason`.
    fn block(&mut self, resource: ResourceId, task: Task, reason: ResourceId) {
        let actions = self.plan.resources[resource].actions.clone();
        for action in actions.into_iter().rev() {
            let of = &mut self.plan.actions[action];
            if of.runnable && of.task == task {
                of.runnable = false;
                let text = format!("colocation with {}", self.plan.resources[reason].id);
                set_reason(self.plan, action, &text, false);
                self.block_colocation_dependents(action);
                self.settle(action);
            }
        }
        for child in self.plan.resources[resource].children.clone() {
            self.block(child, task, reason);
        }
    }
}
