//! Sections that are shown on request: attributes of nodes, fail counts, failed operations.

use cib::time::{DateTime, readable_interval};
use cib::xml::Element;
use scheduler::Plan;
use scheduler::actions::parse_operation_key;
use scheduler::model::NodeId;

use super::{begin_section, node_name};
use crate::exit;
use crate::outline::Outline;
use crate::status::Shape;
use crate::status::attributes::{self, Attribute};
use crate::status::fail_counts::{NodeFailures, ResourceFailures};
use crate::status::failures;
use crate::status::xml::local;

/// Writes attributes of nodes.
pub fn write_attributes(
    outline: &mut Outline,
    plan: &Plan<'_>,
    shape: &Shape,
    spacer: bool,
) -> bool {
    let mut begun = false;
    for (node, attributes) in attributes::by_node(plan) {
        if !shape.has_node(node) {
            continue;
        }
        if !begun {
            begin_section(outline, "Node Attributes", spacer);
            begun = true;
        }
        begin_node(outline, plan, node, shape);
        for attribute in &attributes {
            outline.item(&attribute_line(attribute));
        }
        outline.end();
    }
    if begun {
        outline.end();
    }
    begun
}

/// Opens the list of what there is to say of a node.
pub(crate) fn begin_node(outline: &mut Outline, plan: &Plan<'_>, node: NodeId, shape: &Shape) {
    outline.begin(&format!("Node: {}", node_name(plan, node, shape)));
}

fn attribute_line(attribute: &Attribute<'_>) -> String {
    let Attribute { name, value, .. } = attribute;
    let line = format!("{name:<32}\t: {value:<10}");
    let reached = value.parse::<i64>().unwrap_or(0);
    match attribute.expected {
        Some(_) if reached <= 0 => format!("{line}\t: Connectivity is lost"),
        Some(expected) if reached < expected => {
            format!("{line}\t: Connectivity is degraded (Expected={expected})")
        }
        _ => line,
    }
}

/// Writes fail counts.
pub fn write_fail_counts(
    outline: &mut Outline,
    plan: &Plan<'_>,
    shape: &Shape,
    nodes: &[NodeFailures],
    spacer: bool,
) -> bool {
    if nodes.is_empty() {
        return false;
    }
    begin_section(outline, "Migration Summary", spacer);
    let is_shown = |it: &&NodeFailures| !it.resources.is_empty() && shape.has_node(it.node);
    for node in nodes.iter().filter(is_shown) {
        begin_node(outline, plan, node.node, shape);
        for resource in &node.resources {
            outline.item(&fail_count_line(plan, resource));
        }
        outline.end();
    }
    outline.end();
    true
}

fn fail_count_line(plan: &Plan<'_>, failures: &ResourceFailures) -> String {
    let threshold = plan.resources[failures.resource]
        .migration_threshold
        .value();
    let (name, count) = (&failures.name, failures.count);
    let line = format!("{name}: migration-threshold={threshold} fail-count={count}");
    if failures.last_s > 0 {
        let last = local(plan.now, failures.last_s).to_ctime_text();
        format!("{line} last-failure='{last}'")
    } else {
        line
    }
}

/// Writes failed operations.
pub fn write_failures(outline: &mut Outline, plan: &Plan<'_>, shape: &Shape, spacer: bool) -> bool {
    let mut begun = false;
    for failed in &plan.failed_operations {
        if failures::is_masked_probe(failed.entry) || !shape.has_node(failed.node) {
            continue;
        }
        if !begun {
            begin_section(outline, "Failed Resource Actions", spacer);
            begun = true;
        }
        let node = plan.nodes[failed.node].name;
        let line = if shape.technical {
            failure_line(failed.entry, node, plan.now)
        } else {
            failure_sentence(failed.entry, node, plan.now)
        };
        outline.item(&line);
    }
    if begun {
        outline.end();
    }
    begun
}

/// `web 10s-interval monitor on node1 returned 'not running' at Thu Aug  9 18:55:40 2018 after 30ms`
fn failure_sentence(entry: Element<'_>, node: &str, clock: DateTime) -> String {
    const DONE: i64 = 0;
    let present = |name| entry.attribute(name).filter(|value| !value.is_empty());
    let key = failures::key(entry).unwrap_or("unknown operation");
    let mut sentence = match parse_operation_key(key) {
        Some((resource, "monitor", 0)) => format!("{resource} probe on {node}"),
        Some((resource, task, 0)) => format!("{resource} {task} on {node}"),
        Some((resource, task, interval_ms)) => {
            let interval = readable_interval(interval_ms);
            format!("{resource} {interval}-interval {task} on {node}")
        }
        None => format!("{key} on {node}"),
    };
    let reason = present("exit-reason");
    if failures::number(entry, "op-status") == DONE {
        let result = exit::text(failures::number(entry, "rc-code"));
        sentence.push_str(&format!(" returned '{result}'"));
        if let Some(reason) = reason {
            sentence.push_str(&format!(" ({reason})"));
        }
    } else {
        let status = failures::status_text(entry);
        let reason = reason.map_or(String::new(), |it| format!(": {it}"));
        sentence.push_str(&format!(" could not be executed ({status}{reason})"));
    }
    if let Some(change) = present("last-rc-change").and_then(|value| value.parse().ok()) {
        let change = local(clock, change).to_ctime_text();
        sentence.push_str(&format!(" at {change}"));
    }
    let took_ms = present("exec-time").and_then(|value| value.parse().ok());
    if let Some(took_ms) = took_ms.filter(|&it| it > 0) {
        sentence.push_str(&format!(" after {}", readable_interval(took_ms)));
    }
    sentence
}

fn failure_line(entry: Element<'_>, node: &str, clock: DateTime) -> String {
    let present = |name| entry.attribute(name).filter(|value| !value.is_empty());
    let key = failures::key(entry).unwrap_or("unknown operation");
    let result = failures::number(entry, "rc-code");
    let call = present("call-id").unwrap_or("unknown");
    let mut line = format!(
        "{key} on {node} '{}' ({result}): call={call}, status='{}'",
        exit::text(result),
        failures::status_text(entry)
    );
    if let Some(reason) = present("exit-reason") {
        line.push_str(&format!(", exitreason='{reason}'"));
    }
    if let Some(change) = present("last-rc-change").and_then(|value| value.parse().ok()) {
        let change = local(clock, change).to_ctime_text();
        line.push_str(&format!(", last-rc-change='{change}'"));
    }
    for (name, attribute) in [("queued", "queue-time"), ("exec", "exec-time")] {
        if let Some(value) = present(attribute) {
            line.push_str(&format!(", {name}={value}ms"));
        }
    }
    line
}
