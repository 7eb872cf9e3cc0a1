//! Utilization: what nodes have to give and what resources take.
//!
//! - Amounts are integers per name; what is not named is 0. Text that begins with no integer counts
//!   as the least integer, as Pacemaker has it since it reads scores and amounts alike; what goes
//!   beyond 32 bits is cut.
//! - Before a resource is assigned (unless `placement-strategy="default"`), the amounts of all
//!   unassigned resources that have to be with it are summed. If any node has room for the sum,
//!   nodes without are banned; otherwise those without room for the resource alone are banned, and
//!   the node with most free capacity is preferred if all else is equal.
//! - A node has more free capacity than another if it has more of more kinds.

use cib::hashed::HashSet;
use std::cmp::Ordering;

use cib::number::scan_integer;
use cib::{Score, Values};

use super::colocations::{Effect, effect};
use super::{MAX_CHAIN, colocations_of, colocations_with, is_available};
use crate::constraints::add_score;
use crate::model::journal::Shortage;
use crate::model::table_order::{in_table_order, table_order};
use crate::model::{
    Candidate, Cause, ColocationId, Finding, NodeId, PlacementStrategy, Plan, ResourceId, Variant,
};

/// Amounts by name, sorted by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Capacity<'a>(Vec<(&'a str, i64)>);

impl<'a> Capacity<'a> {
    /// The amounts that `utilization` states.
    pub(super) fn of(utilization: &'a Values<'_>) -> Self {
        Self(
            utilization
                .iter()
                .map(|(name, text)| (name, i64::from(amount(text))))
                .collect(),
        )
    }

    fn add(&mut self, other: &Capacity<'a>) {
        for &(name, value) in &other.0 {
            match self.0.binary_search_by_key(&name, |&(name, _)| name) {
                Ok(place) => self.0[place].1 = clip(self.0[place].1 + value),
                Err(place) => self.0.insert(place, (name, value)),
            }
        }
    }

    fn get(&self, name: &str) -> i64 {
        self.0
            .binary_search_by_key(&name, |&(name, _)| name)
            .map_or(0, |place| self.0[place].1)
    }

    fn has_room_for(&self, need: &Capacity<'_>) -> bool {
        need.0.iter().all(|&(name, value)| value <= self.get(name))
    }

    /// What is missing for `need`.
    fn shortages(&self, need: &Capacity<'_>) -> Vec<Shortage> {
        need.0
            .iter()
            .filter(|&&(name, value)| value > self.get(name))
            .map(|&(name, value)| Shortage {
                attribute: name.to_owned(),
                need: value,
                free: self.get(name),
            })
            .collect()
    }
}

/// Which of two capacities is greater (`Less` comes first): the one that has more of more kinds.
pub(super) fn more_free(one: &Capacity<'_>, other: &Capacity<'_>) -> Ordering {
    let mut balance = 0_i32;
    for &(name, value) in &one.0 {
        balance += sign(other.get(name).cmp(&value));
    }
    for &(name, value) in &other.0 {
        if one
            .0
            .binary_search_by_key(&name, |&(name, _)| name)
            .is_err()
        {
            balance += sign(value.cmp(&0));
        }
    }
    balance.cmp(&0)
}

fn sign(order: Ordering) -> i32 {
    order as i32
}

fn clip(value: i64) -> i64 {
    value.clamp(i64::from(i32::MIN), i64::from(i32::MAX))
}

/// The integer that `text` begins with.
fn amount(text: &str) -> i32 {
    let value = scan_integer(text).map_or(i64::from(i32::MIN), |scanned| scanned.value);
    i32::try_from(clip(value)).unwrap_or(i32::MAX)
}

/// Takes what `resource` needs from `node`.
pub(super) fn consume(plan: &mut Plan<'_>, node: NodeId, resource: ResourceId) {
    change(plan, node, resource, -1);
}

/// Gives back to `node` what `resource` needed.
pub(super) fn release(plan: &mut Plan<'_>, node: NodeId, resource: ResourceId) {
    change(plan, node, resource, 1);
}

fn change(plan: &mut Plan<'_>, node: NodeId, resource: ResourceId, factor: i64) {
    let (nodes, resources) = (&mut plan.nodes, &plan.resources);
    let free = &mut nodes[node].utilization;
    for (name, text) in resources[resource].utilization.iter() {
        let before = free.get(name).map_or(0, amount);
        let after = clip(i64::from(before) + factor * i64::from(amount(text)));
        free.set(name.to_owned(), after.to_string());
    }
}

/// Bans `resource` from nodes without room for it (and, where some node has room for all of them,
/// for what has to be with it). Where no node has room for all, the node with most free capacity.
pub(super) fn ban_nodes_without_room(plan: &mut Plan<'_>, resource: ResourceId) -> Option<NodeId> {
    if plan.options.placement_strategy == PlacementStrategy::Default {
        return None;
    }
    let mut chain = Chain::default();
    chain.follow(plan, resource, resource, 0);
    let together = chain.unassigned_need(plan);

    let usable: Vec<Candidate> = in_table_order(plan, &plan.resources[resource].allowed)
        .filter(|candidate| is_available(plan, candidate, true, false))
        .collect();
    let free = |node: NodeId| Capacity::of(&plan.nodes[node].utilization);
    let any_has_room = usable
        .iter()
        .any(|candidate| free(candidate.node).has_room_for(&together));
    // Of several with as much, the first one.
    let most_free = usable
        .iter()
        .map(|candidate| candidate.node)
        .reduce(|best, node| {
            if more_free(&free(node), &free(best)).is_lt() {
                node
            } else {
                best
            }
        });
    let alone = Capacity::of(&plan.resources[resource].utilization);
    let need = if any_has_room { &together } else { &alone };
    let banned: Vec<NodeId> = usable
        .iter()
        .map(|candidate| candidate.node)
        .filter(|&node| !free(node).has_room_for(need))
        .collect();
    let banned: Vec<(NodeId, Vec<Shortage>)> = banned
        .into_iter()
        .map(|node| (node, free(node).shortages(need)))
        .collect();
    for (node, shortages) in banned {
        add_score(plan, resource, Some(node), Score::MINUS_INFINITY, || {
            Cause::Utilization(shortages.clone())
        });
    }
    most_free.filter(|_| !any_has_room)
}

/// The resources that have to be on the same node, found by following mandatory colocations.
#[derive(Default)]
struct Chain {
    found: Vec<ResourceId>,
    is_found: HashSet<ResourceId>,
}

impl Chain {
    fn contains(&self, resource: ResourceId) -> bool {
        self.is_found.contains(&resource)
    }

    fn add(&mut self, resource: ResourceId) {
        self.found.push(resource);
        self.is_found.insert(resource);
    }

    fn follow(&mut self, plan: &Plan<'_>, resource: ResourceId, start: ResourceId, depth: usize) {
        if depth > MAX_CHAIN {
            return;
        }
        let of = &plan.resources[resource];
        if let Variant::Group(group) = &of.variant {
            let in_clone = of.parent.is_some_and(|parent| plan.is_clone(parent));
            if group.colocated || in_clone {
                self.add(resource);
                for &member in &of.children {
                    self.follow(plan, member, start, depth + 1);
                }
                return;
            }
            if of.children.is_empty() {
                return;
            }
        }
        if self.contains(resource) {
            return;
        }
        self.add(resource);
        for colocation in colocations_of(plan, resource) {
            let primary = plan.colocations[colocation].primary;
            if primary != start && binds(plan, colocation, resource, primary) {
                self.follow(plan, primary, start, depth + 1);
            }
        }
        for colocation in colocations_with(plan, resource) {
            let dependent = plan.colocations[colocation].dependent;
            // Which instance of a clone a single dependent will be with is not known yet.
            let certain = !plan.is_clone(resource) || plan.is_clone(dependent);
            if dependent != start && certain && binds(plan, colocation, dependent, resource) {
                self.follow(plan, dependent, start, depth + 1);
            }
        }
    }

    fn unassigned_need<'p>(&self, plan: &'p Plan<'_>) -> Capacity<'p> {
        let mut need = Capacity::default();
        for &resource in &self.found {
            self.add_need(plan, resource, &mut need);
        }
        need
    }

    fn add_need<'p>(&self, plan: &'p Plan<'_>, resource: ResourceId, need: &mut Capacity<'p>) {
        let of = &plan.resources[resource];
        if !of.unassigned {
            return;
        }
        match &of.variant {
            Variant::Primitive => need.add(&Capacity::of(&of.utilization)),
            Variant::Group(group) => {
                let in_clone = of.parent.is_some_and(|parent| plan.is_clone(parent));
                let members = if group.colocated || in_clone {
                    of.children.len()
                } else {
                    1
                };
                for &member in of.children.iter().take(members) {
                    if !self.contains(member) {
                        self.add_need(plan, member, need);
                    }
                }
            }
            Variant::Clone(_) => self.add_clone_need(plan, resource, need),
            Variant::Bundle(bundle) => {
                if let Some(replica) = bundle.replicas.first() {
                    self.add_need(plan, replica.container, need);
                }
            }
        }
    }

    /// One instance's need, unless instances are in the chain themselves. Of a cloned group whose
    /// members are in the chain, the whole instance counts.
    fn add_clone_need<'p>(&self, plan: &'p Plan<'_>, clone: ResourceId, need: &mut Capacity<'p>) {
        let instances = &plan.resources[clone].children;
        let mut counted = false;
        for &instance in instances {
            let members = &plan.resources[instance].children;
            if self.contains(instance) {
                counted = true;
            } else if members.iter().any(|&member| self.contains(member)) {
                self.add_need(plan, instance, need);
                counted = true;
            }
        }
        if let (false, Some(&first)) = (counted, instances.first()) {
            self.add_need(plan, first, need);
        }
    }
}

fn binds(
    plan: &Plan<'_>,
    colocation: ColocationId,
    dependent: ResourceId,
    primary: ResourceId,
) -> bool {
    plan.colocations[colocation].score == Score::INFINITY
        && effect(plan, dependent, primary, colocation, true) == Effect::Location
}

/// Notes all nodes' free capacities where they are to be shown.
pub(super) fn show(plan: &mut Plan<'_>, moment: &'static str) {
    if !plan.show_utilization {
        return;
    }
    for index in 0..plan.nodes_by_name.len() {
        let node = plan.nodes_by_name[index];
        if !plan.is_bundle_node(node) {
            let amounts = amounts(&plan.nodes[node].utilization);
            plan.findings.push(Finding::Capacity {
                moment,
                node,
                amounts,
            });
        }
    }
}

/// Notes what `resource` takes from `node` where it is to be shown.
pub(super) fn show_need(plan: &mut Plan<'_>, resource: ResourceId, node: NodeId) {
    if plan.show_utilization {
        plan.findings.push(Finding::Utilization {
            step: "pcmk__assign_resource",
            resource,
            node,
            amounts: amounts(&plan.resources[resource].utilization),
        });
    }
}

fn amounts(utilization: &Values<'_>) -> Vec<(String, String)> {
    let by_name: Vec<(&str, &str)> = utilization.iter().collect();
    table_order(by_name.iter().map(|&(name, _)| name))
        .into_iter()
        .map(|place| (by_name[place].0.to_owned(), by_name[place].1.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read_as_far_as_they_are_integers() {
        for (text, expected) in [
            ("8", 8),
            (" -3", -3),
            ("+4GB", 4),
            ("99999999999999999999", i32::MAX),
            ("-99999999999999999999", i32::MIN),
            ("much", i32::MIN),
            ("", i32::MIN),
        ] {
            assert_eq!(amount(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_node_with_more_of_more_kinds_is_freer() {
        let capacity = |pairs: &[(&'static str, i64)]| Capacity(pairs.to_vec());
        for (one, other, expected) in [
            (&[("cpu", 2)][..], &[("cpu", 1)][..], Ordering::Less),
            (&[("cpu", 2)], &[("cpu", 2)], Ordering::Equal),
            (&[("cpu", 2)], &[("cpu", 1), ("ram", 1)], Ordering::Equal),
            (&[], &[("cpu", 1)], Ordering::Greater),
            (&[("cpu", -1)], &[], Ordering::Greater),
        ] {
            assert_eq!(
                more_free(&capacity(one), &capacity(other)),
                expected,
                "{one:?} {other:?}"
            );
        }
    }
}
