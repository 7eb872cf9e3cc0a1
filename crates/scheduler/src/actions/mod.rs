//! Making and finding actions.
//!
//! Each action of a resource exists once for its key and node: who asks for it again gets the same
//! one. The order of creation is the order of the numbers in the graph, and so part of the output.

mod configuration;
mod create;
mod fencing;
mod find;
mod key;
mod on_fail;
mod runnable;

pub use configuration::{
    operation_configuration, operation_interval_ms, operation_meta, operation_parameters,
    operations,
};
pub use create::{action, clear_fail_count, milestone, once, pseudo};
pub use fencing::{can_fence, fence, trigger_unfencing};
pub use find::{adopt_all, find, find_all, find_once, place};
pub use key::{notification_key, operation_key, parse_operation_key};
pub use on_fail::{parse_on_fail, role_after_failure};

use crate::model::action::Related;
use crate::model::{Action, ActionId, Plan, Relation};

/// Puts `first` before `then`; says whether that was new. It is not, where the two are ordered
/// already by any of the flags of `relation`.
pub fn order(plan: &mut Plan<'_>, first: ActionId, then: ActionId, relation: Relation) -> bool {
    if relation.is_empty() || first == then {
        return false;
    }
    let is_known = |related: &[Related], other: ActionId| {
        related
            .iter()
            .any(|related| related.action == other && related.asked.intersects(relation))
    };
    let (after, before) = (&plan.actions[first].after, &plan.actions[then].before);
    // Both lists hold every pair; a milestone may have thousands on one side.
    let known = if after.len() <= before.len() {
        is_known(after, then)
    } else {
        is_known(before, first)
    };
    if known {
        return false;
    }
    let related = |action| Related {
        action,
        relation,
        asked: relation,
        graphed: false,
        is_collective: plan.actions[action].is_collective,
    };
    let (to_then, to_first) = (related(then), related(first));
    plan.actions[first].after.push(to_then);
    plan.actions[then].before.push(to_first);
    true
}

/// What a change of `action` is given as a reason for another's: `required web stop` and the like.
#[must_use]
pub fn as_reason(plan: &Plan<'_>, action: &Action<'_>, change: &str) -> String {
    match action.resource {
        Some(resource) => {
            let id = &plan.resources[resource].id;
            format!("{change} {id} {}", action.task_name)
        }
        None => format!("{change} {}", action.task_name),
    }
}

/// Sets why an action is needed; an existing reason stays unless `overwrite`.
pub fn set_reason(plan: &mut Plan<'_>, action: ActionId, reason: &str, overwrite: bool) {
    let of = &mut plan.actions[action].reason;
    if overwrite || of.is_none() {
        *of = Some(reason.to_owned());
    }
}
