//! The graph for Graphviz.
//!
//! | action | style | color | font |
//! | --- | --- | --- | --- |
//! | happens | bold | green | black, orange for what no agent is asked |
//! | resource is not managed | dashed | red | purple |
//! | optional | dashed | blue | as above |
//! | required, but cannot be done | dashed | red | as above |
//!
//! The two in the middle are shown only where all actions are wanted. A relation is bold where the
//! graph has it, and dashed where it was left out although both actions are shown.

use std::fmt::Write;

use crate::actions::{notification_key, operation_key};
use crate::model::ids::Id;
use crate::model::{ActionId, Plan, Relation, Task};

/// The graph for Graphviz; with all actions rather than those that happen where `all_actions`, and
/// with their numbers where `verbose`.
#[must_use]
pub fn to_dot(plan: &Plan<'_>, all_actions: bool, verbose: bool) -> String {
    let mut text = String::from(" digraph \"g\" {\n");
    let names: Vec<String> = plan
        .actions
        .ids()
        .map(|action| name(plan, action, verbose))
        .collect();
    let mut shown = vec![false; names.len()];
    for action in plan.actions.ids().rev() {
        if let Some((style, color, font)) = look(plan, action, all_actions) {
            shown[action.index()] = true;
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "\"{}\" [ style={style} color=\"{color}\" fontcolor=\"{font}\"]",
                names[action.index()]
            );
        }
    }
    for (then, of) in plan.actions.iter().rev() {
        for input in &of.before {
            let both_shown = shown[input.action.index()] || plan.actions[input.action].in_graph;
            let both_shown = both_shown && (shown[then.index()] || of.in_graph);
            let style = if input.graphed {
                "bold"
            } else if input.relation.is_empty() {
                continue;
            } else {
                "dashed"
            };
            let is_shown = input.graphed
                || all_actions
                || (both_shown && input.relation != Relation::IF_ON_SAME_NODE_OR_TARGET);
            if is_shown {
                let _ = writeln!(
                    text,
                    "\"{}\" -> \"{}\" [ style = {style}]",
                    names[input.action.index()],
                    names[then.index()]
                );
            }
        }
    }
    text.push_str("}\n");
    text
}

/// Style, color and font color of an action; `None` where it is not shown.
fn look(
    plan: &Plan<'_>,
    action: ActionId,
    all_actions: bool,
) -> Option<(&'static str, &'static str, &'static str)> {
    let of = &plan.actions[action];
    let font = if of.pseudo { "orange" } else { "black" };
    let is_managed = of
        .resource
        .is_none_or(|resource| plan.resources[resource].managed);
    if of.in_graph {
        Some(("bold", "green", font))
    } else if !is_managed {
        all_actions.then_some(("dashed", "red", "purple"))
    } else if of.optional {
        all_actions.then_some(("dashed", "blue", font))
    } else {
        Some(("dashed", "red", font))
    }
}

/// What the action is called in the graph.
fn name(plan: &Plan<'_>, action: ActionId, verbose: bool) -> String {
    let of = &plan.actions[action];
    let host = match of.node {
        Some(node) => Some(plan.nodes[node].name),
        None => (!of.pseudo).then_some("<none>"),
    };
    let is_cancel = of.task_name == "cancel";
    let prefix = if is_cancel { "Cancel " } else { "" };
    let meta = |name: &str| of.meta.get(name).unwrap_or_default();
    let history_id = of
        .resource
        .and_then(|resource| plan.resources[resource].history_id.as_deref());
    let what = if let Some(history_id) = history_id {
        if matches!(of.task, Task::Notify | Task::Notified) {
            notification_key(
                history_id,
                meta("notify_key_type"),
                meta("notify_key_operation"),
            )
        } else {
            let task = of.cancel_task.as_deref().filter(|_| is_cancel);
            let interval_ms = meta("interval").parse().unwrap_or(0);
            operation_key(history_id, task.unwrap_or(&of.task_name), interval_ms)
        }
    } else if of.task == Task::Fence {
        format!("{} '{}'", of.task_name, meta("stonith_action"))
    } else if of.resource.is_some() || host.is_none() {
        of.key.to_string()
    } else {
        of.task_name.to_string()
    };
    let mut text = match host {
        Some(host) => format!("{prefix}{what} {host}"),
        None if history_id.is_some() => format!("{prefix}{what}"),
        None => what,
    };
    if verbose {
        // Writing to a String cannot fail.
        let _ = write!(text, " ({})", action.graph_number());
    }
    text
}
