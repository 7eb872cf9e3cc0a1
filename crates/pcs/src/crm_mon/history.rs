//! The history of operations: what ran on each node, when and how it ended.

use cib::time::DateTime;
use cib::xml::{Document, Element, XmlId};
use scheduler::Plan;
use scheduler::model::{NodeId, ResourceId};

use crate::exit;
use crate::outline::Outline;
use crate::status::Shape;
use crate::status::fail_counts::{NodeFailures, ResourceFailures};
use crate::status::failures::number;
use crate::status::text::begin_node;
use crate::status::xml::local;

/// What ran on one node.
pub(super) struct NodeHistory<'c> {
    pub node: NodeId,
    pub resources: Vec<ResourceHistory<'c>>,
}

/// What ran of one resource on one node.
pub(super) struct ResourceHistory<'c> {
    /// Its name in history.
    pub name: &'c str,
    pub resource: Option<ResourceId>,
    /// The operations, by number.
    pub operations: Vec<Element<'c>>,
}

/// What ran on each online node.
pub(super) fn collect<'c>(plan: &Plan<'c>, shape: &Shape) -> Vec<NodeHistory<'c>> {
    let states = plan.cib.child("status").into_iter();
    let mut all = Vec::new();
    for state in states.flat_map(|it| it.children_named("node_state").collect::<Vec<_>>()) {
        let node = state.id().and_then(|uuid| plan.node_by_uuid(uuid));
        let Some(node) = node.filter(|&it| plan.nodes[it].online && shape.has_node(it)) else {
            continue;
        };
        let histories = state.child("lrm").and_then(|it| it.child("lrm_resources"));
        let histories = histories.into_iter().flat_map(Element::children);
        let resources = histories.filter_map(|it| of_resource(plan, it, shape));
        let resources: Vec<ResourceHistory<'c>> = resources.collect();
        if !resources.is_empty() {
            all.push(NodeHistory { node, resources });
        }
    }
    all
}

fn of_resource<'c>(
    plan: &Plan<'c>,
    history: Element<'c>,
    shape: &Shape,
) -> Option<ResourceHistory<'c>> {
    let name = history.id()?;
    let resource = plan
        .resources
        .iter()
        .find(|(_, it)| it.id == name || it.history_id.as_deref() == Some(name))
        .or_else(|| {
            let bare = crate::history::without_instance(name);
            let mut all = plan.resources.iter();
            all.find(|(_, it)| it.xml.id() == Some(bare))
        })
        .map(|(resource, _)| resource);
    if let Some(only) = &shape.only_resources
        && !only.iter().any(|it| it == name)
    {
        return None;
    }
    let mut operations: Vec<Element<'c>> = history
        .children_named("lrm_rsc_op")
        .filter(|it| is_told(*it))
        .collect();
    operations.sort_by_key(|it| number(*it, "call-id"));
    (!operations.is_empty()).then_some(ResourceHistory {
        name,
        resource,
        operations,
    })
}

/// Notifications are not, nor probes that found nothing.
fn is_told(operation: Element<'_>) -> bool {
    const NOT_RUNNING: i64 = 7;
    let task = operation.attribute("operation").unwrap_or("");
    let is_probe = task == "monitor" && number(operation, "interval") == 0;
    task != "notify" && !(is_probe && number(operation, "rc-code") == NOT_RUNNING)
}

fn task(operation: Element<'_>) -> &str {
    match operation.attribute("operation").unwrap_or("") {
        "monitor" if number(operation, "interval") == 0 => "probe",
        task => task,
    }
}

fn failures<'f>(
    counts: &'f [NodeFailures],
    node: NodeId,
    name: &str,
) -> Option<&'f ResourceFailures> {
    let of_node = counts.iter().find(|it| it.node == node)?;
    of_node.resources.iter().find(|it| it.name == name)
}

fn threshold(plan: &Plan<'_>, history: &ResourceHistory<'_>) -> i32 {
    let of = history.resource.map(|it| &plan.resources[it]);
    of.map_or(1_000_000, |it| it.migration_threshold.value())
}

/// Writes operations, with fail counts where these are given. Says whether anything was written.
pub(super) fn write(
    outline: &mut Outline,
    plan: &Plan<'_>,
    shape: &Shape,
    counts: Option<&[NodeFailures]>,
    timing: bool,
    spacer: bool,
) -> bool {
    let all = collect(plan, shape);
    if all.is_empty() {
        return false;
    }
    if spacer {
        outline.spacer();
    }
    outline.begin("Operations");
    for NodeHistory { node, resources } in all {
        begin_node(outline, plan, node, shape);
        for history in resources {
            let name = history.resource.map(|it| plan.printable_id(it));
            let mut heading = format!(
                "{}: migration-threshold={}",
                name.unwrap_or(history.name),
                threshold(plan, &history)
            );
            if let Some(own) = counts.and_then(|it| failures(it, node, history.name)) {
                heading.push_str(&format!(" fail-count={}", own.count));
                if own.last_s > 0 {
                    let last = local(plan.now, own.last_s).to_ctime_text();
                    heading.push_str(&format!(" last-failure='{last}'"));
                }
            }
            outline.begin(&heading);
            for operation in history.operations {
                outline.item(&line(operation, plan.now, timing));
            }
            outline.end();
        }
        outline.end();
    }
    outline.end();
    true
}

/// `(57) monitor: interval="10000ms" last-rc-change="…" exec-time="1067ms" queue-time="0ms" rc=0 (ok)`
fn line(operation: Element<'_>, now: DateTime, timing: bool) -> String {
    let call = number(operation, "call-id");
    let mut facts = Vec::new();
    let interval_ms = number(operation, "interval");
    if interval_ms != 0 {
        facts.push(format!("interval=\"{interval_ms}ms\""));
    }
    let result = number(operation, "rc-code");
    if let Some(changed) = changed(operation, now).filter(|_| timing) {
        facts.push(format!("last-rc-change=\"{}\"", changed.to_ctime_text()));
        for name in ["exec-time", "queue-time"] {
            if let Some(value) = operation.attribute(name) {
                facts.push(format!("{name}=\"{value}ms\""));
            }
        }
    }
    if timing {
        facts.push(format!("rc={result} ({})", exit::text(result)));
    }
    let facts = match facts.is_empty() {
        true => String::new(),
        false => format!(": {}", facts.join(" ")),
    };
    format!("({call}) {}{facts}", task(operation))
}

fn changed(operation: Element<'_>, now: DateTime) -> Option<DateTime> {
    let changed = number(operation, "last-rc-change");
    (changed > 0).then(|| local(now, changed))
}

/// The same for programs.
pub(super) fn append(
    document: &mut Document,
    parent: XmlId,
    plan: &Plan<'_>,
    shape: &Shape,
    counts: Option<&[NodeFailures]>,
) {
    let all = collect(plan, shape);
    if all.is_empty() {
        return;
    }
    let list = document.append(parent, "node_history");
    for NodeHistory { node, resources } in all {
        let of_node = document.append(list, "node");
        document.set(of_node, "name", plan.nodes[node].name);
        for history in resources {
            let element = document.append(of_node, "resource_history");
            let is_removed = history.resource.is_none_or(|it| plan.resources[it].removed);
            document.set(element, "id", history.name);
            document.set(element, "orphan", &is_removed.to_string());
            let threshold = threshold(plan, &history).to_string();
            document.set(element, "migration-threshold", &threshold);
            if let Some(own) = counts.and_then(|it| failures(it, node, history.name)) {
                document.set(element, "fail-count", &own.count.to_string());
                if own.last_s > 0 {
                    let last = local(plan.now, own.last_s).to_ctime_text();
                    document.set(element, "last-failure", &last);
                }
            }
            for operation in history.operations {
                append_operation(document, element, operation, plan.now);
            }
        }
    }
}

fn append_operation(document: &mut Document, parent: XmlId, operation: Element<'_>, now: DateTime) {
    let element = document.append(parent, "operation_history");
    let call = number(operation, "call-id").to_string();
    document.set(element, "call", &call);
    document.set(element, "task", task(operation));
    let result = number(operation, "rc-code");
    document.set(element, "rc", &result.to_string());
    document.set(element, "rc_text", exit::text(result));
    let interval_ms = number(operation, "interval");
    if interval_ms != 0 {
        document.set(element, "interval", &format!("{interval_ms}ms"));
    }
    if let Some(changed) = changed(operation, now) {
        document.set(element, "last-rc-change", &changed.to_ctime_text());
        for name in ["exec-time", "queue-time"] {
            if let Some(value) = operation.attribute(name) {
                document.set(element, name, &format!("{value}ms"));
            }
        }
    }
}
