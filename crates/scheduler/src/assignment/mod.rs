//! Assignment: which node each primitive is to run on, and in which role.
//!
//! ```text
//! order ─► for each resource: primitive ── colocations ──► effects      of primaries on it
//!              group, clone,     │              └────────► dependents   what those with it think
//!              bundle            ├─ capacity               nodes without room are banned
//!              (instances)       └─ node_choice ─► placement
//!          promotion: roles of the instances of promotable clones
//! ```
//!
//! - Resources are assigned in the order of priority; connections to remote nodes before all
//!   others. Whatever a resource follows is assigned before it; a loop is cut where it closes.
//! - With any `placement-strategy` but the default one, resources of the same priority are
//!   reordered first ([`order`]), and room is checked ([`capacity`]).
//! - A collective resource assigns its parts; a part is never assigned without what it is part of.
//! - What is assigned stays so, except where an instance is only tried on a node ([`instances`]).
//!
//! Scores are kept in `Resource::allowed`. What colocations add stays in there: the order in which
//! resources are assigned shows in the scores.

mod attributes;
mod bundle;
mod capacity;
mod clone;
pub mod colocations;
mod compatibility;
mod dependents;
mod effects;
mod group;
pub mod instance_order;
mod instances;
pub mod location;
mod node_choice;
mod order;
mod placement;
mod primitive;
mod promotable_primaries;
mod promotion;
mod promotion_scores;
mod scores;
mod sorting;
#[cfg(test)]
mod tests;

pub use colocations::{colocations_of, colocations_with};
pub use compatibility::{compatible_instance, is_instance_at};
pub use location::{assigned_node, assigned_nodes};
pub use node_choice::{any_available, is_available};
pub use placement::{assign_to, unassign};
pub use promotion_scores::promotion_score;
pub use scores::show_scores;

use crate::model::{NodeId, PlacementStrategy, Plan, ResourceId, Variant};

/// How many colocations are followed one after the other: resources that have to be assigned before
/// the one at hand, and resources whose scores are merged into its own. Whatever is farther away is
/// left out of account. Configurations of operators stay far below; the limit keeps a made-up one
/// from exhausting the stack.
pub const MAX_CHAIN: usize = 500;

/// Assigns every resource.
pub fn assign_all(plan: &mut Plan<'_>) {
    if plan.options.placement_strategy != PlacementStrategy::Default {
        order::sort_roots(plan);
    }
    capacity::show(plan, "Original");
    let roots = plan.roots.clone();
    if plan.options.have_remote_nodes {
        for &resource in &roots {
            if plan.resources[resource].is_remote_connection {
                let target = plan.resources[resource].partial_migration_target;
                assign(plan, resource, target, true);
            }
        }
    }
    for &resource in &roots {
        if !plan.resources[resource].is_remote_connection {
            assign(plan, resource, None, true);
        }
    }
    capacity::show(plan, "Remaining");
}

/// Assigns `resource`, unless it has been; says on which node it is, if it is all on one. `prefer`
/// is the node to take if its score is as good as any. `stop_if_fail` makes it final: where there is
/// no node, the next role becomes stopped; otherwise [`unassign`] can take everything back.
fn assign(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) -> Option<NodeId> {
    match plan.resources[resource].variant {
        Variant::Primitive => primitive::assign_primitive(plan, resource, prefer, stop_if_fail),
        Variant::Group(_) => group::assign_group(plan, resource, prefer, stop_if_fail),
        Variant::Clone(_) => {
            clone::assign_clone(plan, resource, prefer, stop_if_fail);
            None
        }
        Variant::Bundle(_) => {
            bundle::assign_bundle(plan, resource, prefer, stop_if_fail);
            None
        }
    }
}

/// Assigns `primary`, which a resource that is being assigned follows, unless the chain of such
/// resources has become too long.
fn assign_before(
    plan: &mut Plan<'_>,
    primary: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) {
    if plan.assignment_depth < MAX_CHAIN {
        plan.assignment_depth += 1;
        assign(plan, primary, prefer, stop_if_fail);
        plan.assignment_depth -= 1;
    }
}
