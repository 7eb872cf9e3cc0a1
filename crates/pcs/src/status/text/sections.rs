//! Sections that are shown on request: attributes of nodes, fail counts, failed operations.

use cib::time::DateTime;
use cib::xml::Element;
use scheduler::Plan;
use scheduler::model::NodeId;

use super::begin_section;
use crate::exit;
use crate::outline::Outline;
use crate::status::attributes::{self, Attribute};
use crate::status::fail_counts::{NodeFailures, ResourceFailures};
use crate::status::failures;
use crate::status::xml::local;

pub(super) fn write_attributes(outline: &mut Outline, plan: &Plan<'_>, spacer: bool) -> bool {
    let mut begun = false;
    for (node, attributes) in attributes::by_node(plan) {
        if !begun {
            begin_section(outline, "Node Attributes", spacer);
            begun = true;
        }
        begin_node(outline, plan, node);
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

fn begin_node(outline: &mut Outline, plan: &Plan<'_>, node: NodeId) {
    outline.begin(&format!("Node: {}", plan.nodes[node].name));
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

pub(super) fn write_fail_counts(
    outline: &mut Outline,
    plan: &Plan<'_>,
    nodes: &[NodeFailures],
    spacer: bool,
) -> bool {
    if nodes.is_empty() {
        return false;
    }
    begin_section(outline, "Migration Summary", spacer);
    for node in nodes.iter().filter(|node| !node.resources.is_empty()) {
        begin_node(outline, plan, node.node);
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

pub(super) fn write_failures(outline: &mut Outline, plan: &Plan<'_>, spacer: bool) -> bool {
    let mut begun = false;
    for failed in &plan.failed_operations {
        if failures::is_masked_probe(failed.entry) {
            continue;
        }
        if !begun {
            begin_section(outline, "Failed Resource Actions", spacer);
            begun = true;
        }
        let node = plan.nodes[failed.node].name;
        outline.item(&failure_line(failed.entry, node, plan.now));
    }
    if begun {
        outline.end();
    }
    begun
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
