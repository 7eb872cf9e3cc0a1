//! What the configuration says of an operation: its `<op>`, and its meta-attributes.
//!
//! Meta-attributes, the strongest first:
//! 1. XML attributes of `<op>` (its `id` is left out);
//! 2. `<meta_attributes>` in `<op>`, with their rules;
//! 3. for a probe without a timeout: the `timeout` of the recurring monitor that is due most often
//!    (as an XML attribute only);
//! 4. `<op_defaults>`, with their rules (class, provider, type, operation name and interval).
//!
//! Then `interval` is written in milliseconds, or left out where it is 0; `timeout` is written in
//! milliseconds (20 seconds where it is missing, wrong or not positive), where a fencing device's
//! parameter `pcmk_monitor_timeout` takes precedence for starts and probes; `on-fail` is dropped
//! where the operation cannot have it ([`super::on_fail`]); and `start-delay` is written in
//! milliseconds, computed from `interval-origin` where it is missing.

use std::borrow::Cow;

use cib::Values;
use cib::literal::{parse_boolean, parse_interval_ms, parse_milliseconds};
use cib::nvset;
use cib::rules::{Findings, Input};
use cib::time::DateTime;
use cib::xml::Element;

use super::on_fail;
use crate::configuration::parameters;
use crate::model::{NodeId, Plan, ResourceId};
use crate::status::recheck_at;

/// The timeout of operations that name none, in milliseconds.
const DEFAULT_TIMEOUT_MS: i64 = 20_000;

/// The `<op>` of `resource` for `task` with `interval_ms`; disabled ones only where asked for. A
/// migration that has none of its own uses the one for `migrate`.
#[must_use]
pub fn operation_configuration<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    include_disabled: bool,
) -> Option<Element<'c>> {
    let exact = |task: &str, interval_ms: u32| {
        operations(plan, resource).find(|&operation| {
            operation.attribute("name") == Some(task)
                && operation_interval_ms(operation) == interval_ms
                && (include_disabled || is_enabled(operation))
        })
    };
    exact(task, interval_ms).or_else(|| {
        matches!(task, "migrate_to" | "migrate_from")
            .then(|| exact("migrate", 0))
            .flatten()
    })
}

/// All `<op>` of `resource`, in order.
pub fn operations<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
) -> impl Iterator<Item = Element<'c>> + use<'c> {
    plan.resources[resource]
        .xml
        .child("operations")
        .into_iter()
        .flat_map(Element::children)
        .filter(|child| child.name() == "op")
}

/// The interval of an `<op>` in milliseconds.
#[must_use]
pub fn operation_interval_ms(operation: Element<'_>) -> u32 {
    operation.attribute("interval").map_or(0, parse_interval_ms)
}

/// Whether an `<op>` is not disabled (by its XML attribute; meta-attributes do not count).
pub(super) fn is_enabled(operation: Element<'_>) -> bool {
    operation
        .attribute("enabled")
        .and_then(parse_boolean)
        .unwrap_or(true)
}

/// The meta-attributes of an operation: defaults, `<op>`, rules. Notes when they may be others.
pub fn operation_meta<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    node: Option<NodeId>,
    task: &str,
    interval_ms: u32,
    configuration: Option<Element<'c>>,
) -> Values<'c> {
    let meta = read_meta(plan, resource, node, task, interval_ms, configuration);
    note_next_change(plan, &meta.findings);
    meta.values
}

fn note_next_change(plan: &mut Plan<'_>, findings: &Findings) {
    if let Some(next_change) = findings.next_change {
        recheck_at(plan, next_change.epoch_s());
    }
}

/// The meta-attributes of an operation.
#[derive(Debug, Default)]
pub(super) struct Meta<'c> {
    pub values: Values<'c>,
    /// What is wrong with `on-fail`.
    pub problem: Option<String>,
    /// What came up while rules were evaluated.
    pub findings: Findings,
}

/// The meta-attributes of an operation, and what is wrong with their configuration.
pub(super) fn read_meta<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    node: Option<NodeId>,
    task: &str,
    interval_ms: u32,
    configuration: Option<Element<'c>>,
) -> Meta<'c> {
    let is_probe = task == "monitor" && interval_ms == 0;
    let of = &plan.resources[resource].xml;
    let input = Input {
        now: plan.now,
        class: of.attribute("class"),
        provider: of.attribute("provider"),
        agent: of.attribute("type"),
        operation: Some(task),
        operation_interval_ms: interval_ms,
        ..Input::default()
    };
    let mut findings = Findings::default();
    let mut meta = Values::new();
    let mut add_sets = |element: Element<'c>, meta: &mut Values<'c>| {
        nvset::collect(
            element,
            "meta_attributes",
            None,
            &input,
            meta,
            &mut findings,
        );
    };
    if let Some(operation) = configuration {
        add_sets(operation, &mut meta);
        for (name, value) in operation.attributes() {
            meta.set(name, value);
        }
    }
    if is_probe
        && !meta.contains("timeout")
        && let Some(timeout) = most_frequent_monitor(plan, resource)
            .and_then(|operation| operation.attribute("timeout"))
    {
        meta.set("timeout", timeout);
    }
    let defaults = plan
        .cib
        .child("configuration")
        .and_then(|section| section.child("op_defaults"));
    if let Some(defaults) = defaults {
        add_sets(defaults, &mut meta);
    }
    meta.remove("id");

    if interval_ms > 0 {
        meta.set("interval", interval_ms.to_string());
    } else {
        meta.remove("interval");
    }
    if is_node_dependent(plan, resource, task, interval_ms)
        && let Some(timeout) = parameters(plan, resource, node).get_cow("pcmk_monitor_timeout")
    {
        meta.set("timeout", timeout.clone());
    }
    let timeout_ms = meta
        .get("timeout")
        .and_then(parse_milliseconds)
        .filter(|&timeout_ms| timeout_ms > 0)
        .unwrap_or(DEFAULT_TIMEOUT_MS);
    meta.set("timeout", clipped(timeout_ms));

    let problem = on_fail::validate(plan, resource, task, configuration, &mut meta);
    set_start_delay(plan, interval_ms, &mut meta);
    Meta {
        values: meta,
        problem,
        findings,
    }
}

/// The instance attributes of an operation alone, as they hold on `node`. Notes when they may be
/// others.
pub fn operation_parameters<'c>(
    plan: &mut Plan<'c>,
    configuration: Element<'c>,
    node: Option<NodeId>,
) -> Values<'c> {
    let input = Input {
        now: plan.now,
        node_attributes: node.map(|node| &plan.nodes[node].attributes),
        ..Input::default()
    };
    let (mut values, mut findings) = (Values::new(), Findings::default());
    let set_name = "instance_attributes";
    nvset::collect(
        configuration,
        set_name,
        None,
        &input,
        &mut values,
        &mut findings,
    );
    note_next_change(plan, &findings);
    values
}

/// Whether the operation's meta-attributes depend on the node: those of a fencing device, whose
/// parameters may set the timeout of starts and probes.
pub(super) fn is_node_dependent(
    plan: &Plan<'_>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
) -> bool {
    plan.resources[resource].xml.attribute("class") == Some("stonith")
        && (task == "start" || (task == "monitor" && interval_ms == 0))
}

/// The enabled recurring monitor with the shortest interval.
fn most_frequent_monitor<'c>(plan: &Plan<'c>, resource: ResourceId) -> Option<Element<'c>> {
    operations(plan, resource)
        .filter(|operation| operation.attribute("name") == Some("monitor"))
        .filter(|&operation| operation_interval_ms(operation) > 0 && is_enabled(operation))
        .min_by_key(|&operation| operation_interval_ms(operation))
}

/// Writes `start-delay` in milliseconds, from `interval-origin` where it is missing.
fn set_start_delay(plan: &Plan<'_>, interval_ms: u32, meta: &mut Values<'_>) {
    if let Some(delay) = meta.get("start-delay") {
        let delay_ms = parse_milliseconds(delay).unwrap_or(0).max(0);
        meta.set("start-delay", clipped(delay_ms));
        return;
    }
    let interval_s = rounded_seconds(interval_ms);
    if interval_s == 0 {
        return;
    }
    let origin = meta
        .get("interval-origin")
        .and_then(|text| DateTime::parse(text, plan.now).ok());
    if let Some(origin) = origin {
        let delay_s = delay_from_origin_s(plan.now_s() - origin.epoch_s(), interval_s);
        meta.set("start-delay", (delay_s * 1000).to_string());
    }
}

/// Seconds, rounded, but never to nothing.
fn rounded_seconds(time_ms: u32) -> i64 {
    match time_ms {
        0 => 0,
        1..1000 => 1,
        _ => (i64::from(time_ms) + 500) / 1000,
    }
}

/// How long it takes from now to the next full interval, `since_origin_s` after (negative: before)
/// the origin.
fn delay_from_origin_s(since_origin_s: i64, interval_s: i64) -> i64 {
    let into_interval_s = since_origin_s % interval_s;
    if into_interval_s <= 0 {
        -into_interval_s
    } else {
        interval_s - into_interval_s
    }
}

/// A time as a meta-attribute has it: 32 bits, as far as they go.
fn clipped(time_ms: i64) -> Cow<'static, str> {
    Cow::Owned(time_ms.min(i64::from(i32::MAX)).to_string())
}

#[cfg(test)]
mod tests {
    use super::delay_from_origin_s;

    #[test]
    fn recurring_operations_keep_to_their_origin() {
        let check = |since_s, interval_s, expected_s| {
            assert_eq!(delay_from_origin_s(since_s, interval_s), expected_s);
        };
        check(0, 60, 0);
        check(10, 60, 50);
        check(130, 60, 50);
        check(-10, 60, 10);
    }
}
