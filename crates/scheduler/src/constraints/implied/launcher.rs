//! What follows for a primitive that another resource launches (`container`, or implied by a guest
//! node or bundle).
//!
//! * The connection to a guest: the guest itself keeps away from remote nodes (a bundle's container
//!   need not), and the connection is stopped only after the guest was probed, in case it turns out
//!   to run.
//! * A resource whose launcher is, or makes, a remote node runs on that node only.
//! * Any other is started after its launcher, stopped before it, and is where it is; the connection
//!   to a bundle's container need not be, because the container may run on a remote node.

use cib::Score;

use super::super::colocation;
use super::super::scores::ban_where;
use super::{BLOCKS, ORDERED, order, primitive};
use crate::model::{Cause, Plan, Relation, ResourceId};

/// How much a connection wants to be where its container is: very much, but not at any price.
const NEAR_CONTAINER: Score = Score::new(10_000);

/// Adds what follows from `resource` having a launcher.
pub(super) fn imply(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    let Some(launcher) = of.launcher else { return };
    let may_nest = of.remote_nesting_allowed;
    let connection = if of.is_remote_connection {
        if !may_nest {
            primitive::avoid_remote_nodes(plan, launcher);
        }
        order(plan, launcher, resource, &[("monitor", "stop", ORDERED)]);
        None
    } else if plan.resources[launcher].is_remote_connection {
        Some(launcher)
    } else {
        plan.guest_connection(launcher)
    };
    if let Some(connection) = connection {
        ban_where(
            plan,
            resource,
            |plan, candidate| plan.nodes[candidate.node].connection != Some(connection),
            || Cause::Launcher(launcher),
        );
        return;
    }
    let start = Relation::FIRST_IMPLIES_THEN | BLOCKS;
    order(plan, launcher, resource, &[("start", "start", start)]);
    let stop = Relation::THEN_IMPLIES_FIRST;
    order(plan, resource, launcher, &[("stop", "stop", stop)]);
    let score = if may_nest {
        NEAR_CONTAINER
    } else {
        Score::INFINITY
    };
    let colocation =
        colocation::implied("#resource-with-container", resource, launcher, score, true);
    colocation::add(plan, colocation);
}
