//! Orderings that also hold during live migrations.
//!
//! A migration stands for a stop and a start, so an ordering between unrelated resources of which
//! at least one can migrate is repeated for the parts of the migration:
//!
//! | ordering | repeated as | where |
//! | --- | --- | --- |
//! | start A, start B | A `migrate_from`, B `migrate_to` | both can migrate |
//! | | start A, B `migrate_to` | B can; void while A migrates |
//! | stop A, stop B | stop A, B `migrate_to` | B can; void while A migrates |
//! | | stop A, B `migrate_from` | … and B is half migrated |
//! | promote A, start B | promote A, B `migrate_to` | B can |
//! | demote A, stop B | demote A, B `migrate_to` | B can |
//! | | demote A, B `migrate_from` | … and B is half migrated |

use crate::model::{OrderingEnd, Plan, Relation, ResourceId};

/// Adds what the ordering number `index` means for live migrations.
pub fn repeat_for_migration(plan: &mut Plan<'_>, index: usize) {
    let ordering = &plan.orderings[index];
    let (Some(first), Some(then)) = (ordering.first.resource, ordering.then.resource) else {
        return;
    };
    let first_migratable = plan.resources[first].migratable;
    let then_migratable = plan.resources[then].migratable;
    if !(first_migratable || then_migratable)
        || first == then
        || plan.is_part_of(first, then)
        || plan.is_part_of(then, first)
    {
        return;
    }
    let tasks = (task(plan, &ordering.first), task(plan, &ordering.then));
    let void_while_first_migrates = if first_migratable {
        Relation::ORDERED | Relation::IF_FIRST_UNMIGRATABLE
    } else {
        Relation::ORDERED
    };
    let half_migrated = plan.resources[then].partial_migration_target.is_some();
    let (first_task, relation, before_migrate_from) = match tasks {
        (Some("start"), Some("start")) => {
            if first_migratable && then_migratable {
                add(
                    plan,
                    (first, "migrate_from"),
                    (then, "migrate_to"),
                    Relation::ORDERED,
                );
            }
            ("start", void_while_first_migrates, false)
        }
        (Some("stop"), Some("stop")) => ("stop", void_while_first_migrates, half_migrated),
        (Some("promote"), Some("start")) => ("promote", Relation::ORDERED, false),
        (Some("demote"), Some("stop")) => ("demote", Relation::ORDERED, half_migrated),
        _ => return,
    };
    if then_migratable {
        add(plan, (first, first_task), (then, "migrate_to"), relation);
        if before_migrate_from {
            add(plan, (first, first_task), (then, "migrate_from"), relation);
        }
    }
}

fn add(
    plan: &mut Plan<'_>,
    first: (ResourceId, &str),
    then: (ResourceId, &str),
    relation: Relation,
) {
    plan.order_tasks(first, then, relation);
}

/// The task at one end of an ordering, if it matters here.
fn task(plan: &Plan<'_>, end: &OrderingEnd) -> Option<&'static str> {
    let name = match (end.action, &end.task) {
        (Some(action), _) => plan.actions[action].task_name.as_ref(),
        (None, Some(task)) => task.as_ref(),
        (None, None) => return None,
    };
    ["start", "stop", "promote", "demote"]
        .into_iter()
        .find(|&known| known == name)
}
