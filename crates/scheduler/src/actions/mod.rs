//! Making and finding actions.
//!
//! Each action of a resource exists once for its key and node: who asks for it again gets the same
//! one. The order of creation is the order of the numbers in the graph, and so part of the output.

use cib::Values;
use cib::xml::Element;

use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId};

/// The key of an operation: `RESOURCE_TASK_INTERVAL`.
#[must_use]
pub fn operation_key(resource: &str, task: &str, interval_ms: u32) -> String {
    format!("{resource}_{task}_{interval_ms}")
}

/// The action `task` (with `interval_ms`) of `resource` on `node`: the one that exists, or a new
/// one, whose requirements, `on-fail` and so on are read from the configuration. A wish that is
/// not `optional` makes it required.
pub fn action(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    key: String,
    task: &str,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let _ = (plan, resource, key, task, node, optional);
    todo!()
}

/// The action `task` of `resource` on `node`, once (interval 0).
pub fn once(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let key = operation_key(&plan.resources[resource].id, task, 0);
    action(plan, Some(resource), key, task, node, optional)
}

/// A point in the order of `resource`'s actions that no agent hears of.
pub fn pseudo(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    task: &str,
    optional: bool,
    runnable: bool,
) -> ActionId {
    let _ = (plan, resource, task, optional, runnable);
    todo!()
}

/// The fencing of `node`: `operation` is `on`, `off` or `reboot`, or `None` for the cluster's
/// default.
pub fn fence(
    plan: &mut Plan<'_>,
    node: NodeId,
    operation: Option<&str>,
    optional: bool,
    reason: Option<&str>,
    priority_delay: bool,
) -> ActionId {
    let _ = (plan, node, operation, optional, reason, priority_delay);
    todo!()
}

/// The unfencing of `node` (or of all nodes that need it) for `resource`, where needed.
pub fn trigger_unfencing(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    node: NodeId,
    reason: &str,
    dependency: Option<ActionId>,
) {
    let _ = (plan, resource, node, reason, dependency);
    todo!()
}

/// The clearing of `resource`'s fail count on `node`.
pub fn clear_fail_count(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    reason: &str,
) -> ActionId {
    let _ = (plan, resource, node, reason);
    todo!()
}

/// Puts `first` before `then`; says whether that was new.
pub fn order(plan: &mut Plan<'_>, first: ActionId, then: ActionId, relation: Relation) -> bool {
    let _ = (plan, first, then, relation);
    todo!()
}

/// The first action of `resource` (in order of creation) with this key or task, limited to `node`
/// where given.
#[must_use]
pub fn find(
    plan: &Plan<'_>,
    resource: ResourceId,
    key: Option<&str>,
    task: Option<&str>,
    node: Option<NodeId>,
) -> Option<ActionId> {
    let _ = (plan, resource, key, task, node);
    todo!()
}

/// All actions of `resource` with this key, limited to `node` where given.
#[must_use]
pub fn find_all(
    plan: &Plan<'_>,
    resource: ResourceId,
    key: &str,
    node: Option<NodeId>,
) -> Vec<ActionId> {
    let _ = (plan, resource, key, node);
    todo!()
}

/// The `<op>` of `resource` for `task` with `interval_ms`; disabled ones only where asked for.
#[must_use]
pub fn operation_configuration<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    task: &str,
    interval_ms: u32,
    include_disabled: bool,
) -> Option<Element<'c>> {
    let _ = (plan, resource, task, interval_ms, include_disabled);
    todo!()
}

/// The meta-attributes of an operation: defaults, `<op>`, rules.
#[must_use]
pub fn operation_meta<'c>(
    plan: &Plan<'c>,
    resource: ResourceId,
    node: Option<NodeId>,
    task: &str,
    interval_ms: u32,
    configuration: Option<Element<'c>>,
) -> Values<'c> {
    let _ = (plan, resource, node, task, interval_ms, configuration);
    todo!()
}

/// Sets why an action is needed; an existing reason stays unless `overwrite`.
pub fn set_reason(plan: &mut Plan<'_>, action: ActionId, reason: &str, overwrite: bool) {
    let _ = (plan, action, reason, overwrite);
    todo!()
}
