//! The transition: which actions lead from what is to what was assigned.
//!
//! ```text
//! probes ──► resources, in order of assignment ──► remote nodes ──► fencing, shutdown
//!            primitive, recurring, migration        connections       node_actions, fencing
//!            collective
//! ```
//!
//! 1. What is unknown is probed ([`probes`]).
//! 2. Fail counts of resources that were removed are cleared.
//! 3. Each resource gets the actions that take it to its place and role ([`primitive`],
//!    [`recovery`], [`collective`]), its recurring actions ([`recurring`]) and migrations ([`migration`]).
//! 4. What happens on remote nodes is put in order with their connections ([`remote`]). That may
//!    show that a node has to be fenced, so it comes before
//! 5. fencing and shutdown ([`node_actions`]), and all actions in order with these ([`fencing`]).
//!
//! Actions that need not be done are made as well: something that is worked out later may need
//! them. Later stages ask for the [`flags`] of actions, for the order of probes ([`probe_order`]),
//! and for what agents are to be told ([`graph_meta`]).

mod cancel;
mod cleanup;
mod collective;
mod fencing;
mod flags;
mod graph_meta;
mod migration;
mod node_actions;
mod primitive;
mod probe_order;
mod probes;
mod recovery;
mod recurring;
mod remote;
#[cfg(test)]
mod tests;

pub use cancel::{reschedule_recurring, schedule_cancel};
pub use cleanup::schedule_cleanup;
pub use flags::{ActionFlags, action_flags};
pub use graph_meta::graph_meta;
pub use probe_order::order_probes;
pub use remote::connection_host;

use cib::Score;

use crate::actions;
use crate::model::{OrderingEnd, Plan, Relation, ResourceId, Variant};
use crate::status::{self, FailCountScope};

/// Probes, actions of all resources, fencing, shutdowns.
pub fn schedule(plan: &mut Plan<'_>) {
    if plan.options.startup_probes {
        probes::schedule(plan);
    }
    if plan.options.stop_removed_resources {
        clear_fail_counts_of_removed(plan);
    }
    for root in plan.roots.clone() {
        schedule_resource(plan, root);
    }
    remote::order_all(plan);
    node_actions::schedule(plan);
}

/// Makes all actions of `resource` and its parts.
fn schedule_resource(plan: &mut Plan<'_>, resource: ResourceId) {
    match plan.resources[resource].variant {
        Variant::Primitive => primitive::schedule(plan, resource),
        Variant::Group(_) => collective::schedule_group(plan, resource),
        Variant::Clone(_) => collective::schedule_clone(plan, resource),
        Variant::Bundle(_) => collective::schedule_bundle(plan, resource),
    }
}

/// Clears the fail counts of what is no longer in the configuration, before it is stopped.
fn clear_fail_counts_of_removed(plan: &mut Plan<'_>) {
    for resource in plan.roots.clone() {
        if !plan.resources[resource].removed {
            continue;
        }
        for node in plan.nodes_by_name.clone() {
            let scope = FailCountScope {
                effective: true,
                launched: false,
            };
            if !plan.nodes[node].online
                || status::fail_count(plan, node, resource, scope, None).count == Score::ZERO
            {
                continue;
            }
            let clear = actions::clear_fail_count(plan, resource, node, "it is removed");
            let stop = task_of(resource, "stop");
            plan.add_ordering(clear.into(), stop, Relation::ORDERED);
        }
    }
}

/// The end of an ordering that is `task` of `resource` (once), whether or not that comes to be.
fn task_of(resource: ResourceId, task: &str) -> OrderingEnd {
    Plan::task_end(resource, task)
}
