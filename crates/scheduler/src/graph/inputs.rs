//! Which actions are in the graph, and which of the actions before them they wait for.
//!
//! An action is in the graph if it can be done and is required (or marked to be there anyway);
//! for a resource that is not managed only monitors and the cancelling of recurring ones are. A real
//! action needs a node that can be reached.
//!
//! It waits for an action before it, unless one of the rules in [`should_add_input`] says that the
//! two have nothing to do with each other in this transition.

use crate::model::action::Related;
use crate::model::{Action, ActionId, Plan, Relation, Task};

/// Flags that order and mark but do not change what happens.
const HARMLESS: Relation = Relation::THEN_IMPLIES_FIRST_GRAPHED
    .union(Relation::FIRST_IMPLIES_THEN_GRAPHED)
    .union(Relation::ORDERED);

/// Whether `action` happens. Notes an error where one that should cannot, if `report` is set.
pub(super) fn should_add_action(plan: &mut Plan<'_>, action: ActionId, report: bool) -> bool {
    let of = &plan.actions[action];
    if !of.runnable || (of.optional && !of.always_in_graph) || is_left_alone(plan, of) {
        return false;
    }
    if of.pseudo || matches!(of.task, Task::Fence | Task::Shutdown) {
        return true;
    }
    let problem = match of.node {
        None => "it was not assigned to a node",
        Some(_) if of.on_dc => return true,
        Some(node) => {
            let of_node = &plan.nodes[node];
            if plan.is_guest(node) && !of_node.remote_reset {
                return true;
            } else if !of_node.online {
                "it was scheduled for offline node"
            } else if of_node.unclean {
                "it was scheduled for unclean node"
            } else {
                return true;
            }
        }
    };
    if report {
        let (key, number) = (&of.key, action.graph_number());
        let text = format!("Skipping action {key} ({number}) because {problem} (bug?)");
        plan.error(text);
    }
    false
}

/// Whether `action` is of a resource that is not managed, and neither a monitor nor the cancelling
/// of one.
fn is_left_alone(plan: &Plan<'_>, action: &Action<'_>) -> bool {
    action.resource.is_some_and(|resource| {
        !plan.resources[resource].managed
            && action.task != Task::Monitor
            && action
                .meta
                .get("interval")
                .is_none_or(|interval| interval == "0")
    })
}

/// Whether `action` waits for the one that its relation number `index` is to. A relation that is
/// about the same node and finds itself unneeded is emptied.
pub(super) fn should_add_input(plan: &mut Plan<'_>, action: ActionId, index: usize) -> bool {
    let of = &plan.actions[action];
    let input = of.before[index];
    let first = &plan.actions[input.action];
    let relation = input.relation;
    if input.graphed {
        return true;
    }
    if relation.is_empty() || is_void(first, relation) {
        return false;
    }
    let is_unneeded = if relation == Relation::IF_ON_SAME_NODE_OR_TARGET {
        is_elsewhere_or_optional(plan, of, first)
    } else if relation == Relation::IF_REQUIRED_ON_SAME_NODE {
        let is_elsewhere = first.node.is_some() && of.node.is_some() && first.node != of.node;
        is_elsewhere || first.optional
    } else if is_failed_stop_before_clone(plan, of, first) {
        return false;
    } else {
        let is_out = first.optional && !first.always_in_graph && !first.in_graph;
        return !is_out || should_add_action(plan, input.action, false);
    };
    if is_unneeded {
        plan.actions[action].before[index].relation = Relation::empty();
    }
    !is_unneeded
}

/// Whether a relation to `first` means nothing because of what `first` can or cannot do.
fn is_void(first: &Action<'_>, relation: Relation) -> bool {
    let only_with_runnable = Relation::MIN_RUNNABLE | Relation::UNMIGRATABLE_THEN_BLOCKS;
    let is_mere_order_after_stop = relation == Relation::ORDERED && first.key.ends_with("_stop_0");
    (!first.runnable && (HARMLESS.contains(relation) || relation.intersects(only_with_runnable)))
        || (first.migratable
            && (relation.contains(Relation::IF_FIRST_UNMIGRATABLE) || is_mere_order_after_stop))
}

/// For a relation that holds on the same node, or (before a `migrate_to`) on the target: whether
/// `first` is on another, or is optional.
fn is_elsewhere_or_optional(plan: &Plan<'_>, action: &Action<'_>, first: &Action<'_>) -> bool {
    match action.resource {
        Some(resource) if action.task_name == "migrate_to" => {
            first.node.is_none() || first.node != plan.resources[resource].assigned_to
        }
        _ => first.node.is_none() || first.node != action.node || first.optional,
    }
}

/// Whether `first` is the stop of a failed resource that is not managed, which must not keep a
/// clone from stopping.
fn is_failed_stop_before_clone(plan: &Plan<'_>, action: &Action<'_>, first: &Action<'_>) -> bool {
    let Some(first_resource) = first.resource else {
        return false;
    };
    let of = &plan.resources[first_resource];
    Some(first_resource) != action.resource
        && of.failed
        && !of.managed
        && first.key.ends_with("_stop_0")
        && action
            .resource
            .is_some_and(|resource| plan.is_clone(resource))
}

/// Makes `before` of `action` hold each action once, in order of creation.
pub(super) fn deduplicate_inputs(plan: &mut Plan<'_>, action: ActionId) {
    let of = &mut plan.actions[action];
    if std::mem::replace(&mut of.deduplicated, true) {
        return;
    }
    let mut before = std::mem::take(&mut of.before);
    before.sort_by_key(|related| related.action);
    for related in before {
        match of.before.last_mut() {
            Some(last) if last.action == related.action => {
                last.relation |= related.relation;
                last.graphed |= related.graphed;
            }
            _ => of.before.push(Related {
                graphed: false,
                ..related
            }),
        }
    }
}

/// Whether the relation number `index` of those before `action` closes a circle.
pub(crate) fn has_loop(plan: &mut Plan<'_>, action: ActionId, index: usize) -> bool {
    let mut seen = vec![false; plan.actions.len()];
    let mut pending = vec![(action, index)];
    while let Some((then, index)) = pending.pop() {
        let first = plan.actions[then].before[index].action;
        if seen[crate::model::ids::Id::index(first)] || !should_add_input(plan, then, index) {
            continue;
        }
        if first == action {
            return true;
        }
        seen[crate::model::ids::Id::index(first)] = true;
        pending.extend((0..plan.actions[first].before.len()).map(|index| (first, index)));
    }
    false
}
