//! Results of operations, as a node's history records them.
//!
//! An entry's id says which earlier one it replaces:
//!
//! | operation | id |
//! | --- | --- |
//! | notification | `RESOURCE_KIND_notify_TASK_0`; its failure is never recorded |
//! | `migrate_to`, `migrate_from` | its own key, so that both halves are kept |
//! | failed | `RESOURCE_last_failure_0`, and where it is not recurring `RESOURCE_last_0` as well |
//! | recurring | its own key |
//! | any other | `RESOURCE_last_0` |
//!
//! A reload is recorded as the start that it stands for.

use cib::xml::{Document, Element, XmlId};

use super::{FEATURE_SET, ORIGIN};
use crate::actions::{notification_key, operation_key};

/// What stands for the identity of a controller in made-up transition keys.
const NOBODY: &str = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

/// The result of an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct OperationResult<'a> {
    /// The resource, as history names it.
    pub resource: &'a str,
    pub task: &'a str,
    pub interval_ms: u32,
    /// What the agent answered.
    pub result: i32,
    /// What it was expected to answer.
    pub expected: i32,
    /// Why it failed, if it did.
    pub reason: &'a str,
    pub node: &'a str,
    /// When it was done, in seconds since 1970.
    pub at_s: i64,
    /// Kind and task of a notification.
    pub notification: Option<(&'a str, &'a str)>,
    /// Source and target of a migration.
    pub migration: Option<(Option<&'a str>, Option<&'a str>)>,
    /// The digest of its parameters.
    pub digest: Option<&'a str>,
}

/// Writes `result` into `history`, a resource's history on a node.
pub(super) fn record(cib: &mut Document, history: XmlId, result: &OperationResult<'_>) {
    let mut result = *result;
    if matches!(result.task, "reload" | "reload-agent") {
        result.task = "start";
    }
    let is_notification = result.task == "notify";
    if is_notification {
        result.result = 0;
    }
    let is_migration = matches!(result.task, "migrate_to" | "migrate_from");
    let key = operation_key(result.resource, result.task, result.interval_ms);
    let last = || operation_key(result.resource, "last", 0);
    let failed = result.result != result.expected;
    let ids = match result.notification {
        Some((kind, task)) if is_notification => {
            [Some(notification_key(result.resource, kind, task)), None]
        }
        _ if is_notification || is_migration => [Some(key.clone()), None],
        _ if failed => [
            Some(operation_key(result.resource, "last_failure", 0)),
            (result.interval_ms == 0).then(last),
        ],
        _ if result.interval_ms > 0 => [Some(key.clone()), None],
        _ => [Some(last()), None],
    };
    let reason = if failed && !is_notification && !is_migration {
        result.reason
    } else {
        ""
    };
    let call = next_call(cib.element(history));
    for id in ids.into_iter().flatten() {
        write(
            cib,
            history,
            &Entry {
                id: &id,
                key: &key,
                call,
                reason,
                result: &result,
            },
        );
    }
}

struct Entry<'a> {
    id: &'a str,
    key: &'a str,
    call: i64,
    reason: &'a str,
    result: &'a OperationResult<'a>,
}

fn write(cib: &mut Document, history: XmlId, entry: &Entry<'_>) {
    let result = entry.result;
    let existing = cib
        .element(history)
        .children_named("lrm_rsc_op")
        .find(|operation| operation.id() == Some(entry.id))
        .map(Element::xml_id);
    let operation = existing.unwrap_or_else(|| cib.append(history, "lrm_rsc_op"));
    let transition_key = format!("{}:-1:{}:{NOBODY}", entry.call, result.expected);
    let magic = format!("0:{};{transition_key}", result.result);
    let mut set = |name: &str, value: &str| cib.set(operation, name, value);
    set("id", entry.id);
    set("operation_key", entry.key);
    set("operation", result.task);
    set("crm-debug-origin", ORIGIN);
    set("crm_feature_set", FEATURE_SET);
    set("transition-key", &transition_key);
    set("transition-magic", &magic);
    set("exit-reason", entry.reason);
    set("on_node", result.node);
    set("call-id", &entry.call.to_string());
    set("rc-code", &result.result.to_string());
    set("op-status", "0");
    set("interval", &result.interval_ms.to_string());
    set("last-rc-change", &result.at_s.to_string());
    set("exec-time", "0");
    set("queue-time", "0");
    if let Some((source, target)) = result.migration {
        if let Some(source) = source {
            set("migrate_source", source);
        }
        if let Some(target) = target {
            set("migrate_target", target);
        }
    }
    if let Some(digest) = result.digest {
        set("op-digest", digest);
    }
}

/// A number higher than that of any call recorded so far.
fn next_call(history: Element<'_>) -> i64 {
    history
        .children()
        .filter_map(|operation| operation.attribute("call-id")?.parse::<i64>().ok())
        .fold(0, i64::max)
        .saturating_add(1)
}
