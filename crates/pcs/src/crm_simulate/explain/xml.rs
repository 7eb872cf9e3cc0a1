//! An explanation as elements. Pacemaker's schema knows nothing like it; sentences are those of the
//! text.

use cib::xml::{Document, XmlId};
use scheduler::explain::{ActionView, Explanation, NodeView, Part, Placement, Step};
use scheduler::model::journal::Change;

use super::outcomes::{circumstance, headline, promotion, verdict};
use super::sources::{advice, obstacle, source};
use super::{facts, kind_name, outcome_name, steps};

/// Adds the explanation to `parent`.
pub fn append(document: &mut Document, parent: XmlId, explanation: &Explanation) {
    let list = document.append(parent, "explanation");
    document.set(list, "resource", &explanation.resource);
    document.set(list, "kind", kind_name(explanation.kind));
    if let Some(node) = &explanation.node {
        document.set(list, "node", node);
    }
    document.set(list, "spare", &explanation.spare.to_string());
    for placement in &explanation.placements {
        append_placement(document, list, placement);
    }
}

fn append_placement(document: &mut Document, parent: XmlId, placement: &Placement) {
    let element = document.append(parent, "placement");
    document.set(element, "resource", &placement.resource);
    document.set(element, "outcome", outcome_name(placement.outcome));
    document.set(element, "blocked", &placement.blocked.to_string());
    document.set(element, "role", placement.role.name());
    document.set(element, "next_role", placement.next_role.name());
    if let Some(next) = &placement.next {
        document.set(element, "next", next);
    }
    document.set(element, "text", &headline(placement));
    for node in &placement.current {
        let current = document.append(element, "current");
        document.set(current, "node", node);
    }
    for found in &placement.circumstances {
        let text = circumstance(found, &placement.resource);
        let circumstance = document.append(element, "circumstance");
        document.set(circumstance, "text", &text);
    }
    if let Some(found) = &placement.promotion {
        let element = document.append(element, "promotion");
        document.set(element, "score", &found.score.to_string());
        document.set(element, "promoted", &found.promoted.to_string());
        document.set(element, "text", &promotion(found));
        for part in &found.parts {
            append_part(document, element, part);
        }
    }
    for view in &placement.nodes {
        append_node(document, element, view, placement);
    }
    for action in &placement.actions {
        append_action(document, element, action);
    }
}

fn append_node(document: &mut Document, parent: XmlId, view: &NodeView, placement: &Placement) {
    let element = document.append(parent, "node");
    document.set(element, "name", &view.node);
    if let Some(score) = view.score {
        document.set(element, "score", &score.to_string());
    }
    document.set(element, "verdict", &verdict(view, placement));
    for &found in &view.obstacles {
        let child = document.append(element, "obstacle");
        document.set(child, "text", obstacle(found));
    }
    for part in &view.parts {
        let child = append_part(document, element, part);
        if let Some(advice) = advice(&part.source, &placement.resource, &view.node) {
            document.set(child, "advice", &advice);
        }
    }
}

fn append_part(document: &mut Document, parent: XmlId, part: &Part) -> XmlId {
    let (score, replaces) = match part.change {
        Change::Plus(score) => (score, false),
        Change::Becomes(score) => (score, true),
    };
    let child = document.append(parent, "part");
    document.set(child, "score", &score.to_string());
    if replaces {
        document.set(child, "replaces", "true");
    }
    for (name, value) in facts::of_source(&part.source) {
        document.set(child, name, &value);
    }
    document.set(child, "text", &source(&part.source));
    child
}

fn append_action(document: &mut Document, parent: XmlId, action: &ActionView) {
    let element = document.append(parent, "action");
    set_step(document, element, &action.step);
    if action.nodes.len() > 1 {
        document.set(element, "nodes", &action.nodes.join(" "));
    }
    if let Some(reason) = &action.reason {
        document.set(element, "reason", reason);
    }
    if let Some(blocker) = &action.blocker {
        document.set(element, "blocked", &steps::blocker(blocker));
    }
    for wait in &action.waits {
        let child = document.append(element, "after");
        set_step(document, child, &wait.step);
        for (name, value) in facts::of_origin(&wait.origin) {
            document.set(child, name, &value);
        }
        document.set(child, "text", &steps::origin(&wait.origin));
    }
    if action.more_waits > 0 {
        document.set(element, "more", &action.more_waits.to_string());
    }
}

fn set_step(document: &mut Document, element: XmlId, step: &Step) {
    document.set(element, "number", &step.number.to_string());
    if let Some(resource) = &step.resource {
        document.set(element, "resource", resource);
    }
    document.set(element, "task", &step.task);
    if step.interval_ms > 0 {
        document.set(element, "interval", &step.interval_ms.to_string());
    }
    if let Some(node) = &step.node {
        document.set(element, "node", node);
    }
}
