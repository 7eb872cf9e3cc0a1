//! Results of operations that are pretended to have happened.

use cib::xml::{Document, Element, XmlId};

use super::ORIGIN;
use crate::record::Record;

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
    let call = next_call(cib.element(history));
    let record = Record {
        resource: result.resource,
        task: result.task,
        interval_ms: result.interval_ms,
        result: result.result,
        expected: result.expected,
        status: 0,
        reason: result.reason,
        node: result.node,
        changed_at_s: result.at_s,
        took_ms: 0,
        waited_ms: 0,
        call,
        transition_key: &format!("{call}:-1:{}:{NOBODY}", result.expected),
        origin: ORIGIN,
        notification: result.notification,
        migration: result.migration,
        digest: result.digest,
    };
    for id in record.entries() {
        let existing = cib
            .element(history)
            .children_named("lrm_rsc_op")
            .find(|operation| operation.id() == Some(&*id))
            .map(Element::xml_id);
        let operation = existing.unwrap_or_else(|| cib.append(history, "lrm_rsc_op"));
        record.write(&id, |name, value| cib.set(operation, name, value));
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
