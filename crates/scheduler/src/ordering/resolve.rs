//! From orderings to relations between the actions that exist.
//!
//! * An end that names a task stands for all actions of its resource that do it once. Where no
//!   shutdown lock is removed from the history (`lrm_delete`), the removal of all of it (`delete`)
//!   is meant.
//! * Where no first action exists, one is made, optional and without a node; not so for an ordering
//!   within one resource, for the stop of what is stopped and the demotion of what is not promoted.
//! * Where nothing is to come first although the relation would make `then` required by it, `then`
//!   cannot run.
//! * The stop that ends a dangling migration does not make other actions of its resource required.
//!
//! Orderings are applied in order of creation, because what one makes is there for the next.

use std::rc::Rc;

use crate::actions::{find_once, once, order};
use crate::model::ids::Id;
use crate::model::{ActionId, Ordering, OrderingEnd, Plan, Relation, ResourceId, Role};

/// Applies all orderings of the plan.
pub(super) fn resolve_all(plan: &mut Plan<'_>) {
    let orderings = std::mem::take(&mut plan.orderings);
    let mut found = Found::new(plan);
    for ordering in &orderings {
        resolve(plan, &mut found, ordering);
    }
    plan.orderings = orderings;
}

/// What was found last for each resource: a cluster with many nodes has many orderings that end
/// at the same action.
struct Found<'o>(Vec<Option<LastFound<'o>>>);

/// The actions that a task stood for while a resource had so many actions.
struct LastFound<'o> {
    task: &'o str,
    known: usize,
    actions: Rc<[ActionId]>,
}

/// The actions at an end of an ordering.
enum Ends {
    One(ActionId),
    Found(Rc<[ActionId]>),
}

impl std::ops::Deref for Ends {
    type Target = [ActionId];

    fn deref(&self) -> &[ActionId] {
        match self {
            Self::One(action) => std::slice::from_ref(action),
            Self::Found(actions) => actions,
        }
    }
}

impl<'o> Found<'o> {
    fn new(plan: &Plan<'_>) -> Self {
        Self(plan.resources.ids().map(|_| None).collect())
    }

    /// The actions of `resource` that stand at an end of an ordering.
    fn actions_at(&mut self, plan: &Plan<'_>, resource: ResourceId, end: &'o OrderingEnd) -> Ends {
        if let Some(action) = end.action {
            return Ends::One(action);
        }
        let Some(task) = end.task.as_deref() else {
            return Ends::Found(Rc::default());
        };
        let known = plan.resources[resource].actions.len();
        let last = &mut self.0[resource.index()];
        if let Some(last) = last
            && last.task == task
            && last.known == known
        {
            return Ends::Found(last.actions.clone());
        }
        let actions: Rc<[ActionId]> = named_actions(plan, resource, task).into();
        *last = Some(LastFound {
            task,
            known,
            actions: actions.clone(),
        });
        Ends::Found(actions)
    }
}

/// The actions that `task` stands for.
fn named_actions(plan: &Plan<'_>, resource: ResourceId, task: &str) -> Vec<ActionId> {
    let actions = find_once(plan, resource, task);
    if actions.is_empty() && task == "lrm_delete" {
        return find_once(plan, resource, "delete");
    }
    actions
}

fn resolve<'o>(plan: &mut Plan<'_>, found: &mut Found<'o>, ordering: &'o Ordering) {
    match (ordering.first.resource, ordering.then.resource) {
        (Some(first), then) => {
            for &first in &*first_actions(plan, found, first, ordering) {
                match (then, ordering.then.action) {
                    (Some(then), _) => order_after(plan, found, Some(first), then, ordering),
                    (None, Some(then)) => {
                        order(plan, first, then, ordering.relation);
                    }
                    (None, None) => {}
                }
            }
        }
        (None, Some(then)) => order_after(plan, found, ordering.first.action, then, ordering),
        (None, None) => {
            if let (Some(first), Some(then)) = (ordering.first.action, ordering.then.action) {
                order(plan, first, then, ordering.relation);
            }
        }
    }
}

/// The actions of `resource` that come first, made where needed.
fn first_actions<'o>(
    plan: &mut Plan<'_>,
    found: &mut Found<'o>,
    resource: ResourceId,
    ordering: &'o Ordering,
) -> Ends {
    let actions = found.actions_at(plan, resource, &ordering.first);
    if !actions.is_empty() || ordering.then.resource == Some(resource) {
        return actions;
    }
    let Some(task) = ordering.first.task.as_deref() else {
        return actions;
    };
    let role = plan.role(resource, true);
    let is_done =
        (role == Role::Stopped && task == "stop") || (role == Role::Unpromoted && task == "demote");
    if is_done {
        return actions;
    }
    Ends::One(once(plan, resource, task, None, true))
}

/// Puts the actions of `resource` that `ordering` names after `first`.
fn order_after<'o>(
    plan: &mut Plan<'_>,
    found: &mut Found<'o>,
    first: Option<ActionId>,
    resource: ResourceId,
    ordering: &'o Ordering,
) {
    let mut relation = ordering.relation;
    if let Some(first) = first {
        let of = &plan.actions[first];
        if of.resource == Some(resource) && of.migration_abort {
            relation -= Relation::FIRST_IMPLIES_THEN;
        }
    }
    let then_actions = found.actions_at(plan, resource, &ordering.then);
    match first {
        Some(first) => {
            for &then in &*then_actions {
                order(plan, first, then, relation);
            }
        }
        None if relation.contains(Relation::FIRST_IMPLIES_THEN) => {
            for &then in &*then_actions {
                plan.actions[then].runnable = false;
            }
        }
        None => {}
    }
}
