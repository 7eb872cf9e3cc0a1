//! What follows from a change of one operation's configuration.
//!
//! Operations that count are recurring ones, and `monitor`, `start`, `promote` and `migrate_from`.
//! What the last three (and probes) were executed with are the parameters of the start.
//!
//! | operation | if | then |
//! | --- | --- | --- |
//! | recurring | resource or node is in maintenance | cancelled |
//! | recurring | no longer configured | cancelled, if `stop-orphan-actions` allows |
//! | any that counts | nothing but masked secrets changed | nothing |
//! | any that counts | parameters changed that need a restart | restart |
//! | recurring | other parameters changed | scheduled anew |
//! | any other | other parameters changed, and the agent can reload | reload |
//! | any other | other parameters changed | restart |
//!
//! The last of them all: where anything changed, failures are forgotten, so that it is tried afresh.

use cib::time::readable_interval;

use crate::actions;
use crate::model::plan::ParameterCheck;
use crate::model::{NodeId, Plan, Relation, ResourceId};
use crate::status::digests::{self, Comparison};
use crate::status::fail_counts::{FailCountScope, fail_count};
use crate::status::history::Entry;
use crate::transition;

/// Why something is done about an operation.
const DEFINITION_CHANGE: &str = "resource definition change";

/// An operation that was executed.
#[derive(Clone, Copy)]
pub(super) struct Operation<'c> {
    /// The resource.
    pub resource: ResourceId,
    /// Where.
    pub node: NodeId,
    /// What history says of it.
    pub entry: Entry<'c>,
}

impl<'c> Operation<'c> {
    fn task(&self) -> &'c str {
        self.entry.task.unwrap_or_default()
    }

    fn is_recurring(&self) -> bool {
        self.entry.interval_ms > 0
    }

    fn counts(&self) -> bool {
        const TASKS: [&str; 4] = ["monitor", "start", "promote", "migrate_from"];
        let is = |task: &&str| task.eq_ignore_ascii_case(self.task());
        self.is_recurring() || TASKS.iter().any(is)
    }

    /// The operation that set the parameters that this one was executed with.
    fn parameters_task(&self) -> &'c str {
        match self.task() {
            "monitor" | "migrate_from" | "promote" if !self.is_recurring() => "start",
            task => task,
        }
    }
}

/// Does what is due about an operation of an active resource.
pub(super) fn check<'c>(plan: &mut Plan<'c>, operation: Operation<'c>) {
    let Operation {
        resource,
        node,
        entry,
    } = operation;
    let in_maintenance = plan.resources[resource].maintenance || plan.nodes[node].maintenance;
    if operation.is_recurring() && in_maintenance {
        cancel(plan, operation, "maintenance mode");
    } else if operation.counts() {
        if digests::address_follows_container(plan, resource) {
            plan.parameter_checks.push(ParameterCheck {
                entry: entry.xml,
                resource,
                node,
                active: true,
            });
        } else {
            compare(plan, operation);
        }
    }
}

/// Compares an operation with its configuration, and does what a change leads to.
pub(super) fn compare<'c>(plan: &mut Plan<'c>, operation: Operation<'c>) {
    let scope = FailCountScope {
        effective: true,
        launched: false,
    };
    let (resource, node) = (operation.resource, operation.node);
    if has_changed(plan, operation)
        && fail_count(plan, node, resource, scope, None).count.value() != 0
    {
        actions::clear_fail_count(plan, resource, node, "action definition changed");
    }
}

fn has_changed<'c>(plan: &mut Plan<'c>, operation: Operation<'c>) -> bool {
    let Operation {
        resource,
        node,
        entry,
    } = operation;
    let (task, interval_ms) = (operation.task(), entry.interval_ms);
    if operation.is_recurring()
        && actions::operation_configuration(plan, resource, task, interval_ms, false).is_none()
    {
        if plan.options.cancel_removed_actions {
            cancel(plan, operation, "removed");
        }
        return true;
    }
    match digests::compare(plan, resource, entry.xml, node) {
        Comparison::Match => return false,
        _ if digests::only_secrets_differ(plan, resource, entry.xml, node) => {
            tell_secrets_differ(plan, operation);
            return false;
        }
        Comparison::Restart => force_restart(plan, operation),
        Comparison::Unknown | Comparison::Mismatch => {
            if operation.is_recurring() {
                transition::reschedule_recurring(plan, resource, task, interval_ms, node);
            } else if entry.xml.attribute("op-restart-digest").is_some() {
                let reason = "Device parameters changed (reload)";
                actions::trigger_unfencing(plan, Some(resource), node, reason, None);
                reload(plan, resource, node);
            } else {
                force_restart(plan, operation);
            }
        }
    }
    true
}

fn cancel(plan: &mut Plan<'_>, operation: Operation<'_>, reason: &str) {
    let Operation {
        resource,
        node,
        entry,
    } = operation;
    let call_id = entry.xml.attribute("call-id").unwrap_or_default();
    let (task, interval_ms) = (operation.task(), entry.interval_ms);
    transition::schedule_cancel(plan, resource, call_id, task, interval_ms, node, reason);
}

fn tell_secrets_differ(plan: &mut Plan<'_>, operation: Operation<'_>) {
    let text = format!(
        "Only 'private' parameters to {}-interval {} for {} on {} changed: {}",
        readable_interval(operation.entry.interval_ms),
        operation.parameters_task(),
        plan.resources[operation.resource].id,
        plan.nodes[operation.node].name,
        operation.entry.magic.unwrap_or_default()
    );
    plan.remark(text.clone());
    plan.info(text);
}

/// Requires the operation again, which for a start means a restart.
fn force_restart(plan: &mut Plan<'_>, operation: Operation<'_>) {
    let (resource, task) = (operation.resource, operation.parameters_task());
    let id = &plan.resources[resource].id;
    let key = actions::operation_key(id, task, operation.entry.interval_ms);
    let required = actions::action(plan, Some(resource), key, task, None, false);
    actions::set_reason(plan, required, DEFINITION_CHANGE, true);
    let reason = "Device parameters changed";
    actions::trigger_unfencing(plan, Some(resource), operation.node, reason, None);
}

/// Lets the agent take over changed parameters, unless the resource is not managed or has failed. A
/// stop or demotion makes that needless.
fn reload(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    let of = &mut plan.resources[resource];
    if !of.managed || of.failed {
        return;
    }
    if of.start_pending {
        // Which parameters the start will have is not known.
        actions::once(plan, resource, "stop", Some(node), false);
        return;
    }
    of.reload = true;
    let action = actions::once(plan, resource, "reload-agent", Some(node), false);
    actions::set_reason(plan, action, DEFINITION_CHANGE, false);
    for task in ["stop", "demote"] {
        let relation = Relation::ORDERED | Relation::THEN_CANCELS_FIRST;
        plan.add_ordering(action.into(), Plan::task_end(resource, task), relation);
    }
}
