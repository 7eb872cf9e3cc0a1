//! Orderings that a live migration has to honour as well.
//!
//! A resource that migrates is neither stopped nor started by the cluster's own orderings' names:
//! its `migrate_to` and `migrate_from` take the place of stop and start. An ordering of two
//! resources, neither of which is part of the other and at least one of which can migrate, is
//! therefore repeated:
//!
//! | ordering | if | repeated as | condition |
//! | --- | --- | --- | --- |
//! | A start, B start | both can migrate | A `migrate_from`, B `migrate_to` | |
//! | A start, B start | B can migrate | A start, B `migrate_to` | where A can migrate too: only if it does not |
//! | A stop, B stop | B can migrate | A stop, B `migrate_to` | the same |
//! | A stop, B stop | B is half migrated | A stop, B `migrate_from` | the same |
//! | A promote, B start | B can migrate | A promote, B `migrate_to` | |
//! | A demote, B stop | B can migrate | A demote, B `migrate_to` | |
//! | A demote, B stop | B is half migrated | A demote, B `migrate_from` | |

use crate::actions::operation_key;
use crate::model::{Ordering, OrderingEnd, Plan, Relation, ResourceId};

/// What has to be added to an ordering of `first` and `then` for migrations.
pub fn migration_equivalents(
    plan: &Plan<'_>,
    first: &OrderingEnd,
    then: &OrderingEnd,
) -> Vec<Ordering> {
    let mut equivalents = Vec::new();
    let (Some(a), Some(b)) = (first.resource, then.resource) else {
        return equivalents;
    };
    let a_migrates = plan.resources[a].migratable;
    if !plan.resources[b].migratable || a == b || is_part(plan, a, b) || is_part(plan, b, a) {
        return equivalents;
    }
    let (Some(first), Some(then)) = (task(plan, first), task(plan, then)) else {
        return equivalents;
    };
    let if_not_migrating = if a_migrates {
        Relation::ORDERED | Relation::IF_FIRST_UNMIGRATABLE
    } else {
        Relation::ORDERED
    };
    let mut repeat = |first: &str, then: &str, relation: Relation| {
        equivalents.push(Ordering {
            first: end(plan, a, first),
            then: end(plan, b, then),
            relation,
        });
    };
    match (first, then) {
        ("start", "start") => {
            if a_migrates {
                repeat("migrate_from", "migrate_to", Relation::ORDERED);
            }
            repeat("start", "migrate_to", if_not_migrating);
        }
        ("promote", "start") => repeat("promote", "migrate_to", Relation::ORDERED),
        ("stop" | "demote", "stop") => {
            let relation = match first {
                "stop" => if_not_migrating,
                _ => Relation::ORDERED,
            };
            repeat(first, "migrate_to", relation);
            if plan.resources[b].partial_migration_target.is_some() {
                repeat(first, "migrate_from", relation);
            }
        }
        _ => {}
    }
    equivalents
}

/// Whether `part` is in some way part of `whole`.
fn is_part(plan: &Plan<'_>, part: ResourceId, whole: ResourceId) -> bool {
    let mut at = part;
    while let Some(parent) = plan.resources[at].parent {
        if parent == whole {
            return true;
        }
        at = parent;
    }
    false
}

/// The task that an end of an ordering is about, where it happens once.
fn task<'p>(plan: &'p Plan<'_>, end: &'p OrderingEnd) -> Option<&'p str> {
    if let Some(action) = end.action {
        return Some(&plan.actions[action].task_name);
    }
    end.key
        .as_deref()?
        .strip_prefix(plan.resources[end.resource?].id.as_str())?
        .strip_prefix('_')?
        .strip_suffix("_0")
}

fn end(plan: &Plan<'_>, resource: ResourceId, task: &str) -> OrderingEnd {
    OrderingEnd {
        resource: Some(resource),
        key: Some(operation_key(&plan.resources[resource].id, task, 0)),
        action: None,
    }
}
