//! Making actions, each once.
//!
//! What is the same for all actions of an operation (its `<op>` and meta-attributes) is read once
//! for a resource and copied from then on: a large cluster has hundreds of thousands of probes.

use std::sync::Arc;

use cib::Values;

use super::configuration::{is_node_dependent, operation_configuration, read_meta};
use super::key::{operation_key, parse_operation_key};
use super::{find, on_fail, runnable};
use crate::model::resource::OperationMeta;
use crate::model::{Action, ActionId, NodeId, Plan, ResourceId, Task};
use crate::status;

/// The action `task` of `resource` on `node`: the one that exists, or a new one, whose
/// requirements, `on-fail` and so on are read from the configuration. A wish that is not `optional`
/// makes it required. What has no node yet is placed on the one given now.
pub fn action(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    key: String,
    task: &str,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let existing = match resource {
        Some(resource) => find::existing(plan, resource, &key, node),
        None => existing_without_resource(plan, &key, node),
    };
    let action = match existing {
        Some(action) => action,
        None => new_action(plan, resource, key, task, node, optional),
    };
    runnable::update_optional(plan, action, optional);
    if let Some(resource) = resource {
        evaluate_attributes(plan, action);
        runnable::update_runnable(plan, action, resource);
    }
    action
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
    let key = operation_key(&plan.resources[resource].id, task, 0);
    let made = action(plan, Some(resource), key, task, None, optional);
    let of = &mut plan.actions[made];
    of.pseudo = true;
    of.runnable |= runnable;
    made
}

/// A point in the order of all actions, of which there is one with this name.
pub fn milestone(plan: &mut Plan<'_>, name: &str) -> ActionId {
    if let Some(&existing) = plan.singletons.get(name) {
        return existing;
    }
    let made = action(plan, None, name.to_owned(), name, None, true);
    let of = &mut plan.actions[made];
    of.pseudo = true;
    of.runnable = true;
    made
}

/// The clearing of `resource`'s fail count on `node`.
pub fn clear_fail_count(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    reason: &str,
) -> ActionId {
    let made = once(plan, resource, "clear_failcount", Some(node), false);
    plan.actions[made].meta.set("op_no_wait", "true");
    let text = format!(
        "Clearing failure of {} on {} because {reason}",
        plan.resources[resource].id, plan.nodes[node].name
    );
    plan.notice(text);
    made
}

fn existing_without_resource(
    plan: &mut Plan<'_>,
    key: &str,
    node: Option<NodeId>,
) -> Option<ActionId> {
    let action = *plan.singletons.get(key)?;
    let of = &mut plan.actions[action];
    if node.is_some() && of.node.is_none() {
        of.node = node;
    }
    (node.is_none() || of.node == node).then_some(action)
}

fn new_action(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    key: String,
    task_name: &str,
    node: Option<NodeId>,
    optional: bool,
) -> ActionId {
    let operation = match resource {
        Some(resource) => operation(plan, resource, key, task_name, node),
        None => OperationMeta {
            key: Arc::from(key),
            task: Task::static_name(task_name),
            interval_ms: 0,
            config: None,
            meta: Values::new(),
        },
    };
    let id = plan.actions.next_id();
    let task = Task::parse(task_name);
    match resource {
        Some(resource) => {
            let of = &mut plan.resources[resource];
            find::add(of, id, &operation.key, task, node);
        }
        None => {
            plan.singletons.insert(operation.key.to_string(), id);
        }
    }
    let needs = resource.map(|resource| runnable::requirement(plan, resource, task));
    plan.actions.push(Action {
        resource,
        is_collective: resource.is_some_and(|resource| !plan.is_primitive(resource)),
        node,
        task,
        task_name: operation.task,
        key: operation.key,
        cancel_task: None,
        interval_ms: operation.interval_ms,
        config: operation.config,
        reason: None,
        priority: 0,
        pseudo: false,
        runnable: true,
        optional,
        always_in_graph: false,
        attributes_evaluated: false,
        migratable: false,
        in_graph: false,
        migration_abort: false,
        reschedule: false,
        deduplicated: false,
        on_dc: task_name == "lrm_delete",
        needs: needs.unwrap_or_default(),
        meta: operation.meta,
        expected_result: None,
        extra: Values::new(),
        runnable_before: 0,
        required_runnable_before: 0,
        before: Vec::new(),
        after: Vec::new(),
    })
}

/// What the configuration says of the operation called `key`, as it was read before if it was.
fn operation<'c>(
    plan: &mut Plan<'c>,
    resource: ResourceId,
    key: String,
    task: &str,
    node: Option<NodeId>,
) -> OperationMeta<'c> {
    let known = plan.resources[resource]
        .operations
        .iter()
        .find(|known| *known.key == *key && known.task == task);
    if let Some(known) = known {
        return known.clone();
    }
    let interval_ms = parse_operation_key(&key).map_or(0, |(_, _, interval_ms)| interval_ms);
    let config = operation_configuration(plan, resource, task, interval_ms, true).or_else(|| {
        // A point in a round of notifications is configured as the notification itself.
        key.contains("_notify_")
            .then(|| operation_configuration(plan, resource, "notify", 0, true))
            .flatten()
    });
    if is_node_dependent(plan, resource, task, interval_ms) {
        crate::configuration::note_changes(plan, resource, node);
    }
    let meta = read_meta(plan, resource, node, task, interval_ms, config);
    let on_fail = meta.values.get("on-fail");
    let (_, problem) = on_fail::parse_on_fail(plan, resource, task, interval_ms, on_fail);
    for problem in meta.problem.into_iter().chain(problem) {
        plan.configuration_error(problem);
    }
    status::note_findings(plan, meta.findings);
    let made = OperationMeta {
        key: Arc::from(key),
        task: Task::static_name(task),
        interval_ms,
        config,
        meta: meta.values,
    };
    if !is_node_dependent(plan, resource, task, interval_ms) {
        plan.resources[resource].operations.push(made.clone());
    }
    made
}

/// Reads the instance attributes of the operation itself, once its node is known.
fn evaluate_attributes(plan: &mut Plan<'_>, action: ActionId) {
    let of = &plan.actions[action];
    if let (Some(node), Some(config), false) = (of.node, of.config, of.attributes_evaluated) {
        let extra = super::configuration::operation_parameters(plan, config, Some(node));
        let of = &mut plan.actions[action];
        of.extra = extra;
        of.attributes_evaluated = true;
    }
}
