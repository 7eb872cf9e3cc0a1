//! An explanation as a JSON value. Sentences are those of the text; beside them stands what a
//! program can use.

use scheduler::explain::{ActionView, Explanation, NodeView, Part, Placement, Step, Wait};
use scheduler::model::journal::Change;
use serde_json::{Value, json};

use super::outcomes::{circumstance, headline, promotion, verdict};
use super::sources::{advice, obstacle, source};
use super::{facts, kind_name, outcome_name, steps};

/// The whole value.
pub fn value(explanation: &Explanation) -> Value {
    let placements: Vec<Value> = explanation.placements.iter().map(placement_value).collect();
    json!({
        "resource": explanation.resource,
        "kind": kind_name(explanation.kind),
        "node": explanation.node,
        "placements": placements,
        "spare": explanation.spare,
    })
}

fn placement_value(placement: &Placement) -> Value {
    let circumstances: Vec<String> = placement
        .circumstances
        .iter()
        .map(|found| circumstance(found, &placement.resource))
        .collect();
    let nodes: Vec<Value> = placement
        .nodes
        .iter()
        .map(|view| node_value(view, placement))
        .collect();
    let actions: Vec<Value> = placement.actions.iter().map(action_value).collect();
    json!({
        "resource": placement.resource,
        "text": headline(placement),
        "outcome": outcome_name(placement.outcome),
        "blocked": placement.blocked,
        "current": placement.current,
        "role": placement.role.name(),
        "next": placement.next,
        "next_role": placement.next_role.name(),
        "circumstances": circumstances,
        "promotion": placement.promotion.as_ref().map(|found| json!({
            "score": found.score.to_string(),
            "promoted": found.promoted,
            "text": promotion(found),
            "parts": found.parts.iter().map(part_value).collect::<Vec<Value>>(),
        })),
        "nodes": nodes,
        "actions": actions,
    })
}

fn node_value(view: &NodeView, placement: &Placement) -> Value {
    let parts: Vec<Value> = view
        .parts
        .iter()
        .map(|part| {
            let advice = advice(&part.source, &placement.resource, &view.node);
            with(part_value(part), advice.map(|advice| ("advice", advice)))
        })
        .collect();
    let obstacles: Vec<&str> = view
        .obstacles
        .iter()
        .map(|&found| obstacle(found))
        .collect();
    json!({
        "node": view.node,
        "score": view.score.map(|score| score.to_string()),
        "verdict": verdict(view, placement),
        "obstacles": obstacles,
        "parts": parts,
    })
}

fn part_value(part: &Part) -> Value {
    let (score, replaces) = match part.change {
        Change::Plus(score) => (score, false),
        Change::Becomes(score) => (score, true),
    };
    let value = json!({
        "score": score.to_string(),
        "replaces": replaces,
        "text": source(&part.source),
    });
    with(value, facts::of_source(&part.source))
}

fn action_value(action: &ActionView) -> Value {
    let waits: Vec<Value> = action.waits.iter().map(wait_value).collect();
    json!({
        "action": step_value(&action.step),
        "nodes": action.nodes,
        "reason": action.reason,
        "blocked": action.blocker.as_ref().map(steps::blocker),
        "waits": waits,
        "more_waits": action.more_waits,
    })
}

fn wait_value(wait: &Wait) -> Value {
    let value = json!({
        "action": step_value(&wait.step),
        "text": steps::origin(&wait.origin),
    });
    with(value, facts::of_origin(&wait.origin))
}

/// `value`, an object, with more members.
fn with(mut value: Value, members: impl IntoIterator<Item = (&'static str, String)>) -> Value {
    if let Value::Object(object) = &mut value {
        let members = members.into_iter();
        object.extend(members.map(|(name, value)| (name.to_owned(), value.into())));
    }
    value
}

fn step_value(step: &Step) -> Value {
    json!({
        "number": step.number,
        "resource": step.resource,
        "task": step.task,
        "interval_ms": step.interval_ms,
        "node": step.node,
    })
}
