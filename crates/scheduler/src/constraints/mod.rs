//! Constraints: those of the configuration, and those that resources imply by their nature.
//!
//! ```text
//! health ──► <constraints> ──► scores ──────────────► implied
//!            location,         shutdown locks,        restarts, members of groups,
//!            colocation,       locations, stickiness, instances of clones, what runs in
//!            order, tickets    failures, discovery    guests and bundles, utilization
//! ```
//!
//! * `reading`, `sets`: names, roles, tags, templates and resource sets.
//! * `location`, `location_rule`; `colocation`, `colocation_sets`; `order`, `order_sets`;
//!   `ticket`: what each kind of constraint says.
//! * `health`, `shutdown_lock`, `criteria`: what is added to the scores that resources give nodes.
//! * `implied`: orderings and colocations that follow from what resources are.
//!
//! Orderings are created in Pacemaker's order: applying one may create an action, which gets the
//! next number in the graph, and so may change what a later one finds.

mod colocation;
mod colocation_sets;
mod criteria;
mod health;
mod implied;
mod location;
mod location_rule;
mod order;
mod order_sets;
mod reading;
mod scores;
mod sets;
mod shutdown_lock;
mod ticket;

#[cfg(test)]
mod tests;

pub use colocation::{add as add_colocation, compare_others, implied as implied_colocation};
pub use criteria::apply_node_criteria;
pub use health::apply_node_health;
pub use implied::imply;
pub use scores::add_score;
pub use ticket::require_promotion_tickets;

use reading::Reader;

use crate::model::Plan;
use crate::model::plan::OrderConstraint;

/// Reads the constraints section into `plan`.
pub fn unpack(plan: &mut Plan<'_>) {
    let section = plan
        .cib
        .child("configuration")
        .and_then(|configuration| configuration.child("constraints"));
    let Some(section) = section else { return };
    let reader = &mut Reader::new(plan);
    for constraint in section.children() {
        let Some(id) = constraint.id() else {
            reader.plan.configuration_error(format!(
                "Ignoring <{}> constraint without id",
                constraint.name()
            ));
            continue;
        };
        match constraint.name() {
            "rsc_order" => {
                let first = reader.plan.orderings.len();
                order::unpack(reader, constraint, id);
                let orderings = first..reader.plan.orderings.len();
                let made = OrderConstraint { id, orderings };
                reader.plan.order_constraints.push(made);
            }
            "rsc_colocation" => colocation::unpack(reader, constraint, id),
            "rsc_location" => location::unpack(reader, constraint, id),
            "rsc_ticket" => ticket::unpack(reader, constraint, id),
            name => reader
                .plan
                .configuration_error(format!("Unsupported constraint type: {name}")),
        }
    }
}
