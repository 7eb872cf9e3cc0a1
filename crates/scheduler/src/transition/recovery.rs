//! What has to be done to a resource because of where and how it is active, beyond its change of
//! role.
//!
//! | the resource | has to be |
//! | --- | --- |
//! | moves | stopped, or migrated if it can be |
//! | was half migrated, and the rest cannot be done any more | stopped |
//! | is active on too many nodes, and `multiple-active` is `block` or `stop_only` | left to its next role |
//! | … or anything else | stopped, but see [`super::primitive`] for `stop_unexpected` |
//! | stays and has failed | stopped; if its failure leads to a demotion only, promoted again |
//! | stays and is blocked | stopped (which cannot be done) |
//! | stays promoted, and its start is required | stopped |

use super::migration;
use crate::actions;
use crate::model::{MultiplyActive, NodeId, Plan, ResourceId, Role, resource::Resource};

/// What has to be done about the place and the state of a resource, beyond its change of role.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Recovery {
    /// It has to be stopped (and started again, if it is to run).
    pub stop: bool,
    /// It has to be demoted and promoted again.
    pub promote: bool,
    /// It moves, and can do so live.
    pub migrate: bool,
}

/// Works out what has to be done to `resource`, which is active on `current`. Ends a migration that
/// cannot go on, notes whether the resource is active too often, and makes the start that is
/// already under way.
pub(super) fn work_out(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    current: Option<NodeId>,
) -> Recovery {
    let of = &plan.resources[resource];
    let is_moving = current.is_some()
        && of.assigned_to.is_some()
        && current != of.assigned_to
        && of.next_role >= Role::Started;
    let mut recovery = Recovery {
        stop: is_moving,
        promote: false,
        migrate: is_moving && migration::is_possible(plan, resource, current),
    };
    let too_often = !is_half_migrated(of) && plan.active_count(resource) > 1;
    if is_half_migrated(of) && !(recovery.migrate && migration_goes_on(plan, resource, current)) {
        end_migration(plan, resource);
        recovery.stop = true;
        recovery.migrate = false;
    }
    recovery.stop |= too_often && is_stopped_if_too_often(plan, resource);
    let of = &mut plan.resources[resource];
    of.stop_unexpected = too_often && of.multiply_active == MultiplyActive::StopUnexpected;
    if of.start_pending {
        let node = of.assigned_to;
        let start = actions::once(plan, resource, "start", node, true);
        plan.actions[start].always_in_graph = true;
    }
    if !is_moving {
        recover_in_place(plan, resource, current, &mut recovery);
    }
    recovery
}

/// What has to be done to a resource that stays where it is (or is not active).
fn recover_in_place(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    current: Option<NodeId>,
    recovery: &mut Recovery,
) {
    let of = &plan.resources[resource];
    if of.failed {
        if of.stop_if_failed {
            recovery.stop = true;
        } else if of.next_role == Role::Promoted {
            recovery.promote = true;
        }
    } else if of.blocked {
        recovery.stop = true;
    } else if of.role > Role::Started && current.is_some() && of.assigned_to.is_some() {
        let node = of.assigned_to;
        let start = actions::once(plan, resource, "start", node, true);
        if !plan.actions[start].optional {
            recovery.stop = true;
        }
    }
}

fn is_half_migrated(of: &Resource<'_>) -> bool {
    of.partial_migration_source.is_some() || of.partial_migration_target.is_some()
}

/// Whether the half that is missing of a migration can still be done: the source is the place that
/// counts, the target is where the resource is to be, and it is active nowhere else.
fn migration_goes_on(plan: &Plan<'_>, resource: ResourceId, current: Option<NodeId>) -> bool {
    let of = &plan.resources[resource];
    of.partial_migration_source.is_some()
        && of.partial_migration_target.is_some()
        && plan.activity(resource).all == 2
        && current == of.partial_migration_source
        && of.assigned_to == of.partial_migration_target
}

fn end_migration(plan: &mut Plan<'_>, resource: ResourceId) {
    let all = plan.activity(resource).all;
    let of = &mut plan.resources[resource];
    let (source, target) = (
        of.partial_migration_source.take(),
        of.partial_migration_target.take(),
    );
    let name = |node: Option<NodeId>| node.map_or("unknown node", |node| plan.nodes[node].name);
    let (id, source, target) = (&of.id, name(source), name(target));
    let text = if all > 2 {
        format!(
            "Forcing recovery of {id} because it is migrating from {source} to {target} and \
             possibly active elsewhere"
        )
    } else {
        format!(
            "Forcing recovery of {id} because it can no longer migrate from {source} to {target}"
        )
    };
    plan.notice(text);
}

/// Says that `resource` is active on too many nodes, and whether it has to be stopped for that.
fn is_stopped_if_too_often(plan: &mut Plan<'_>, resource: ResourceId) -> bool {
    let of = &plan.resources[resource];
    let class = of.xml.attribute("class").unwrap_or("Untyped");
    let consequence = match of.multiply_active {
        MultiplyActive::Restart => "attempting recovery",
        MultiplyActive::Stop => "shutting it down",
        MultiplyActive::Block => "waiting for an administrator",
        MultiplyActive::StopUnexpected => "stopping unexpected instances",
    };
    let text = format!(
        "{class} resource {} might be active on {} nodes ({consequence})",
        of.id,
        of.active_on.len()
    );
    let is_stopped = matches!(
        of.multiply_active,
        MultiplyActive::Restart | MultiplyActive::StopUnexpected
    );
    plan.error(text);
    plan.notice(
        "For more information, see \"What are multiply active resources?\" at \
         https://projects.clusterlabs.org/w/clusterlabs/faq/",
    );
    is_stopped
}
