//! Fail counts, and what many failures lead to.
//!
//! - A node's attributes `fail-count-NAME#OPERATION_INTERVAL` count failures, and
//!   `last-failure-NAME#OPERATION_INTERVAL` say when the last one was. A resource's count is the
//!   sum over its operations.
//! - NAME is the resource's name in history. Unless it is an instance of a unique clone, it is
//!   without the instance's number, and attributes that have a number (from the time when the
//!   clone was unique) count as well.
//! - With a `failure-timeout`, failures do not count any more when the last one is older than that.
//!   But an operation with `on-fail="block"` (as an attribute of `<op>`) that has failed turns the
//!   timeout off for good.
//! - Where asked for, failures of what a resource launches count as its own, except in bundles: a
//!   container's connection may be on another node than the container.
//! - A resource that has failed `migration-threshold` times on a node must leave it, and with it
//!   the whole clone, if instances are alike.

use cib::Score;
use cib::number::parse_integer;
use cib::time::interval_ms;
use cib::time::readable_interval;
use cib::xml::Element;

use super::history::{Entry, histories};
use super::number::whole_seconds;
use crate::model::queries::find::base_name;
use crate::model::{NodeId, Plan, ResourceId};

/// How deep failures of launched resources are looked for in what these launch themselves.
const MAX_LAUNCH_DEPTH: usize = 8;

/// Which failures are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailCountScope {
    /// Leave out failures that have expired.
    pub effective: bool,
    /// Add the failures of what the resource launches.
    pub launched: bool,
}

/// Failures of a resource on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FailCount {
    /// How many.
    pub count: Score,
    /// When the last one happened, in seconds since 1970; 0 for never.
    pub last_s: i64,
}

/// The failures of `resource` on `node`; `entry`, where given, is the only history entry of which a
/// failure can turn the failure timeout off.
pub fn fail_count<'c>(
    plan: &mut Plan<'c>,
    node: NodeId,
    resource: ResourceId,
    scope: FailCountScope,
    entry: Option<Element<'c>>,
) -> FailCount {
    count(plan, node, resource, scope, entry, MAX_LAUNCH_DEPTH)
}

fn count<'c>(
    plan: &mut Plan<'c>,
    node: NodeId,
    resource: ResourceId,
    scope: FailCountScope,
    entry: Option<Element<'c>>,
    depth: usize,
) -> FailCount {
    let mut failures = recorded(plan, node, resource);
    if failures.count > Score::ZERO
        && plan.resources[resource].failure_timeout_ms > 0
        && is_blocking(plan, node, resource, entry)
    {
        let of = &mut plan.resources[resource];
        let timeout_ms = u32::try_from(of.failure_timeout_ms).unwrap_or(u32::MAX);
        let timeout = readable_interval(timeout_ms);
        of.failure_timeout_ms = 0;
        let text = format!(
            "Ignoring failure timeout ({timeout}) for {} because it conflicts with on-fail=block",
            of.id
        );
        plan.configuration_warning(text);
    }
    let timeout_s = whole_seconds(plan.resources[resource].failure_timeout_ms);
    if scope.effective
        && failures.count > Score::ZERO
        && failures.last_s > 0
        && timeout_s > 0
        && plan.now_s() > failures.last_s.saturating_add(timeout_s)
    {
        failures.count = Score::ZERO;
    }
    if scope.launched
        && depth > 0
        && !plan.resources[resource].launched.is_empty()
        && !plan.is_bundled(resource)
    {
        for launched in plan.resources[resource].launched.clone() {
            let of_launched = count(plan, node, launched, scope, entry, depth - 1);
            failures.count = failures.count.plus(of_launched.count);
            failures.last_s = failures.last_s.max(of_launched.last_s);
        }
    }
    if failures.count <= Score::ZERO || failures.last_s <= 0 {
        failures.last_s = 0;
    }
    failures
}

/// What the node's attributes say.
fn recorded(plan: &mut Plan<'_>, node: NodeId, resource: ResourceId) -> FailCount {
    let mut failures = FailCount::default();
    let attributes = &plan.nodes[node].attributes;
    // Most nodes have seen no failure at all.
    if attributes.with_prefix("fail-count-").next().is_none() {
        return failures;
    }
    let of = &plan.resources[resource];
    let name = of.history_id.as_deref().unwrap_or(&of.id);
    let name = if of.unique { name } else { base_name(name) };
    let values = |kind: &str| {
        let prefix = format!("{kind}-{name}");
        let values: Vec<(String, String)> = attributes
            .with_prefix(&prefix)
            .filter(|(rest, _)| is_operation(rest, !of.unique))
            .map(|(rest, value)| (format!("{prefix}{rest}"), value.to_owned()))
            .collect();
        values
    };
    let (counts, moments) = (values("fail-count"), values("last-failure"));
    for (attribute, value) in counts {
        match Score::parse(&value) {
            Some(score) => failures.count = failures.count.plus(score),
            None => {
                let text = format!(
                    "Ignoring {attribute} for {} because '{value}' is not a valid fail count",
                    plan.nodes[node].name
                );
                plan.warning(text);
            }
        }
    }
    for (_, value) in moments {
        failures.last_s = failures.last_s.max(parse_integer(&value).unwrap_or(0));
    }
    failures
}

/// Whether `rest`, which follows the resource's name in an attribute, names an operation:
/// `#OPERATION_INTERVAL`, after the number of an instance where that is allowed.
fn is_operation(rest: &str, instance_allowed: bool) -> bool {
    let rest = match rest.strip_prefix(':') {
        Some(numbered) if instance_allowed => {
            let number_removed = numbered.trim_start_matches(|digit: char| digit.is_ascii_digit());
            if number_removed.len() == numbered.len() {
                return false;
            }
            number_removed
        }
        _ => rest,
    };
    rest.strip_prefix('#')
        .and_then(|operation| operation.rsplit_once('_'))
        .is_some_and(|(operation, interval)| {
            !operation.is_empty()
                && !interval.is_empty()
                && interval.bytes().all(|byte| byte.is_ascii_digit())
        })
}

/// Whether a failure of an operation with `on-fail="block"` is in the history: in `entry`, or
/// anywhere if that is not given.
fn is_blocking<'c>(
    plan: &Plan<'c>,
    node: NodeId,
    resource: ResourceId,
    entry: Option<Element<'c>>,
) -> bool {
    let of = &plan.resources[resource];
    let base = base_name(&of.id);
    let mut blocking = of
        .xml
        .descendants()
        .filter(|element| element.name() == "op" && element.attribute("on-fail") == Some("block"))
        .peekable();
    if blocking.peek().is_none() {
        return false;
    }
    let entries: Vec<Entry<'c>> = match entry {
        Some(entry) => vec![Entry::read(entry)],
        None => entries_on(plan, node, base),
    };
    blocking.any(|operation| {
        entries
            .iter()
            .any(|entry| is_failure_of(base, operation, entry))
    })
}

fn entries_on<'c>(plan: &Plan<'c>, node: NodeId, base: &str) -> Vec<Entry<'c>> {
    let name = plan.nodes[node].name;
    plan.cib
        .child("status")
        .into_iter()
        .flat_map(|status| status.children_named("node_state"))
        .filter(|state| state.attribute("uname") == Some(name))
        .flat_map(histories)
        .filter(|history| history.id() == Some(base))
        .flat_map(|history| history.children_named("lrm_rsc_op"))
        .map(Entry::read)
        .collect()
}

/// Whether `entry` records a failure of the configured `operation`.
fn is_failure_of(base: &str, operation: Element<'_>, entry: &Entry<'_>) -> bool {
    let configured_ms = operation.attribute("interval").map_or(0, interval_ms);
    let name = operation.attribute("name").unwrap_or_default();
    let is_same_operation = entry.interval_ms == configured_ms
        && entry
            .task
            .is_some_and(|task| task.eq_ignore_ascii_case(name));
    let is_called = |id: &str| {
        entry
            .id
            .is_some_and(|entry_id| entry_id.eq_ignore_ascii_case(id))
    };
    is_same_operation
        && (is_called(&format!("{base}_last_failure_0"))
            || (is_called(&crate::actions::operation_key(base, name, configured_ms))
                && entry.exit_status() != entry.expected_exit()))
}

/// Whether `resource` must leave `node` because it failed there too often; the resource that is to
/// be banned (itself, or its whole clone).
pub fn threshold_reached(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
) -> Option<ResourceId> {
    let of = &plan.resources[resource];
    let threshold = of.migration_threshold;
    if threshold == Score::ZERO || of.ignore_failure {
        return None;
    }
    let scope = FailCountScope {
        effective: true,
        launched: true,
    };
    let failures = fail_count(plan, node, resource, scope, None).count;
    if failures <= Score::ZERO || failures < threshold {
        return None;
    }
    let banned = if plan.resources[resource].unique {
        resource
    } else {
        plan.top(resource, false)
    };
    let text = format!(
        "{} cannot run on {} due to reaching migration threshold (clean up resource to allow again)",
        plan.resources[banned].id, plan.nodes[node].name
    );
    plan.warning(text);
    Some(banned)
}

#[cfg(test)]
mod tests {
    use super::is_operation;

    #[test]
    fn attributes_of_failures_name_an_operation() {
        let check = |rest, instance_allowed, expected| {
            assert_eq!(is_operation(rest, instance_allowed), expected, "{rest}");
        };
        check("#monitor_10000", true, true);
        check("#migrate_to_0", true, true);
        check(":1#stop_0", true, true);
        check(":1#stop_0", false, false);
        check(":#stop_0", true, false);
        check("2#stop_0", true, false);
        check("", true, false);
        check("#stop", true, false);
    }
}
