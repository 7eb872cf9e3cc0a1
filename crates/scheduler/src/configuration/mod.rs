//! The configuration sections: options, nodes, resources, tags.
//!
//! The order in which things become known:
//! 1. options, because they decide how the rest is read;
//! 2. nodes: those of the nodes section, and those that connection resources stand for;
//! 3. resources, one after the other, each with its parts;
//! 4. what launches what, and which connection leads to which node;
//! 5. fencing levels (only to be checked) and tags.
//!
//! A part that is wrong is left out with a message in Pacemaker's words; nothing here fails as a
//! whole.

mod bundle;
mod clone;
mod fencing_levels;
mod group;
mod meta;
mod nodes;
mod number;
mod options;
mod parameters;
mod presence;
mod primitive;
mod requires;
mod resource;
mod resources;
mod tags;
mod target_role;
#[cfg(test)]
mod tests;

pub use clone::add_instance;
pub(crate) use nodes::is_remote_connection;
pub use nodes::{add_node, add_node_attributes, link_remote_node};
pub(crate) use number::{parse_count, parse_integer};
pub use parameters::{note_changes, parameters, parameters_may_vary};
pub use resources::add_resource;
pub use target_role::target_role;

use cib::hashed::HashSet;

use cib::xml::Element;

use crate::model::Plan;

/// Reads options, nodes, resources and tags into a plan that `new` makes.
///
/// A bundle that cannot be used has no replicas. As that shows only when it is read, and all nodes
/// have their numbers by then, everything is read again without them.
pub fn unpack<'c>(new: impl Fn() -> Plan<'c>) -> Plan<'c> {
    let mut plan = new();
    let missing = unpack_without(&mut plan, &HashSet::default());
    if !missing.is_empty() {
        plan = new();
        unpack_without(&mut plan, &missing);
    }
    plan
}

/// Reads everything but the nodes that are called as `without` says, and gives the names of those
/// replicas whose bundle cannot be used.
fn unpack_without<'c>(plan: &mut Plan<'c>, without: &HashSet<&'c str>) -> HashSet<&'c str> {
    options::unpack(plan);
    let mut presence = nodes::unpack(plan, without);
    let first = plan.resources.next_id();
    resources::unpack(plan, &mut presence);
    presence::note_base_scores(plan, first);
    fencing_levels::check(plan);
    tags::unpack(plan);
    let nodes = plan.nodes.ids();
    nodes
        .filter(|&node| !presence.contains(node))
        .map(|node| plan.nodes[node].name)
        .collect()
}

/// The part of the configuration that is called `name`.
fn section<'c>(plan: &Plan<'c>, name: &str) -> Option<Element<'c>> {
    plan.cib.child("configuration")?.child(name)
}
