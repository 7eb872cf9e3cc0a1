//! Live migration of primitives: `migrate_to` on the source, then `migrate_from` on the target.
//!
//! A resource that moves can migrate if it may (`allow-migrate`), is managed, has not failed, has
//! no start pending, and both nodes are clean. Then its stop and start are kept, but marked as
//! parts of a migration (the start as a pseudo-action), and ordered:
//!
//! * probe, `migrate_to`, `migrate_from`, stop and start;
//! * if `migrate_to` was done in an earlier transition: probe, `migrate_from`, stop and start.
//!
//! If it turns out later that the migration cannot be done, stop and start take its place.

use crate::actions;
use crate::model::{ActionId, NodeId, Plan, Relation, ResourceId};

/// Whether `resource`, which moves away from `current`, can do so live.
pub(super) fn is_possible(plan: &Plan<'_>, resource: ResourceId, current: Option<NodeId>) -> bool {
    let of = &plan.resources[resource];
    let is_clean = |node: Option<NodeId>| node.is_some_and(|node| !plan.nodes[node].unclean);
    of.migratable
        && of.managed
        && !of.failed
        && !of.start_pending
        && is_clean(current)
        && is_clean(of.assigned_to)
}

/// Makes the migration of `resource` from `source` to where it is assigned.
pub(super) fn schedule(plan: &mut Plan<'_>, resource: ResourceId, source: NodeId) {
    let Some(target) = plan.resources[resource].assigned_to else {
        return;
    };
    let half_done = plan.resources[resource].partial_migration_target.is_some();
    let start = actions::once(plan, resource, "start", Some(target), true);
    let stop = actions::once(plan, resource, "stop", Some(source), true);
    let migrate_to =
        (!half_done).then(|| actions::once(plan, resource, "migrate_to", Some(source), true));
    let migrate_from = actions::once(plan, resource, "migrate_from", Some(target), true);

    for part in [start, stop, migrate_from].into_iter().chain(migrate_to) {
        plan.actions[part].migratable = true;
    }
    plan.actions[start].pseudo = true;
    let needs = plan.actions[start].needs;
    plan.actions[migrate_to.unwrap_or(migrate_from)].needs = needs;

    let unless_unmigratable = Relation::ORDERED | Relation::UNMIGRATABLE_THEN_BLOCKS;
    let mut order = |first, then, relation| {
        plan.order_tasks((resource, first), (resource, then), relation);
    };
    if half_done {
        order("monitor", "migrate_from", Relation::ORDERED);
    } else {
        order("monitor", "migrate_to", Relation::ORDERED);
        order("migrate_to", "migrate_from", unless_unmigratable);
    }
    order("migrate_from", "stop", unless_unmigratable);
    order(
        "migrate_from",
        "start",
        unless_unmigratable | Relation::FIRST_ELSE_THEN,
    );

    if let Some(migrate_to) = migrate_to {
        name_nodes(plan, migrate_to, source, target);
        if !plan.resources[resource].is_remote_connection {
            // Its effect reaches the target too: should the source be lost while it runs, the
            // history must tell that it had begun.
            plan.actions[migrate_to].meta.set("record-pending", "true");
        }
    }
    name_nodes(plan, migrate_from, source, target);
}

fn name_nodes(plan: &mut Plan<'_>, action: ActionId, source: NodeId, target: NodeId) {
    let (source, target) = (plan.nodes[source].name, plan.nodes[target].name);
    let meta = &mut plan.actions[action].meta;
    meta.set("migrate_source", source);
    meta.set("migrate_target", target);
}

/// Stops `resource` where a migration that came to nothing may have left it.
pub(super) fn stop_dangling(plan: &mut Plan<'_>, resource: ResourceId) {
    for source in plan.resources[resource].dangling_migration_sources.clone() {
        let stop = actions::once(plan, resource, "stop", Some(source), false);
        plan.actions[stop].migration_abort = true;
    }
}
