//! Promotion scores: how much an instance wants to be promoted on a node, as its agent says in the
//! node attribute `master-RESOURCE`.
//!
//! The resource's name is the one that the node's history knows it by; for anonymous instances
//! without such, the name without the number. The score of a group is the plain sum of its members',
//! which may be more than `INFINITY`: it still tells such groups apart.
//!
//! An instance's score on a node counts if it is allowed there, and
//!
//! - it is anonymous and active there; or no instance is active there, and any was probed there; or
//! - it is not known anywhere (the cluster starts: permanent scores shall count); or
//! - it was probed there, or is active there.

use cib::Score;

use super::attributes::{Host, host_value, targets_host};
use super::node_choice::is_available;
use super::scores::set_scores;
use crate::model::{Cause, NodeId, Plan, ResourceId, Variant};

/// The promotion score of `resource`, an instance, on `node`; `None` where there is none.
#[must_use]
pub fn promotion_score(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Option<i32> {
    let members = &plan.resources[resource].children;
    if members.is_empty() {
        return primitive_score(plan, resource, node).map(Score::value);
    }
    members
        .iter()
        .filter_map(|&member| promotion_score(plan, member, node))
        .reduce(i32::saturating_add)
}

fn primitive_score(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> Option<Score> {
    let of = &plan.resources[resource];
    let known_as = of.history_id.as_deref().unwrap_or(&of.id);
    let text = attribute(plan, resource, node, known_as).or_else(|| {
        let name = without_number(&of.id);
        (!of.unique && name != of.id)
            .then(|| attribute(plan, resource, node, name))
            .flatten()
    })?;
    if !applies(plan, resource, node) {
        return None;
    }
    Some(Score::parse(text).unwrap_or_default())
}

fn attribute<'p>(
    plan: &'p Plan<'_>,
    resource: ResourceId,
    node: NodeId,
    name: &str,
) -> Option<&'p str> {
    let name = format!("master-{name}");
    if !targets_host(plan, resource) {
        return plan.nodes[node].attributes.get(&name);
    }
    let which = if plan.resources[resource].unassigned {
        Host::Current
    } else {
        Host::Assigned
    };
    host_value(plan, node, &name, which)
}

/// The name of an instance without `:N`.
fn without_number(id: &str) -> &str {
    match id.rsplit_once(':') {
        Some((name, number))
            if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            name
        }
        _ => id,
    }
}

fn applies(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    let is_allowed = of
        .allowed
        .get(node)
        .is_some_and(|candidate| candidate.score >= Score::ZERO);
    is_allowed && is_known(plan, resource, node)
}

fn is_known(plan: &Plan<'_>, resource: ResourceId, node: NodeId) -> bool {
    let of = &plan.resources[resource];
    if !of.unique {
        let clone = plan.top(resource, false);
        let name = without_number(&of.id);
        let is_active = |part: ResourceId| plan.resources[part].active_on.contains(&node);
        let active = parts_named(plan, clone, name).find(|&part| is_active(part));
        if active == Some(resource) {
            return true;
        }
        let was_probed = |part: ResourceId| plan.resources[part].known_on.contains(node);
        if active.is_none() && first_parts_named(plan, clone, name).any(was_probed) {
            return true;
        }
    }
    (of.active_on.is_empty() && of.known_on.is_empty())
        || of.known_on.contains(node)
        || of.active_on.contains(&node)
}

/// Parts of `clone`'s instances that are called `name`, without or with their number.
fn parts_named<'p>(
    plan: &'p Plan<'_>,
    clone: ResourceId,
    name: &'p str,
) -> impl Iterator<Item = ResourceId> + use<'p> {
    let instances = &plan.resources[clone].children;
    instances.iter().flat_map(move |&instance| {
        std::iter::once(instance)
            .chain(plan.resources[instance].children.iter().copied())
            .filter(move |&part| is_named(plan, part, name))
    })
}

/// As [`parts_named`], but only the first of each instance.
fn first_parts_named<'p>(
    plan: &'p Plan<'_>,
    clone: ResourceId,
    name: &'p str,
) -> impl Iterator<Item = ResourceId> + use<'p> {
    let instances = &plan.resources[clone].children;
    instances.iter().filter_map(move |&instance| {
        std::iter::once(instance)
            .chain(plan.resources[instance].children.iter().copied())
            .find(|&part| is_named(plan, part, name))
    })
}

fn is_named(plan: &Plan<'_>, part: ResourceId, name: &str) -> bool {
    let of = &plan.resources[part];
    of.id == name || of.xml.id() == Some(name)
}

/// Adds promotion scores to what instances of `clone` think of nodes, and makes each instance's
/// highest one its priority, so that instances which may be promoted are assigned first. Once.
pub(super) fn add_to_node_scores(plan: &mut Plan<'_>, clone: ResourceId) {
    let Variant::Clone(data) = &mut plan.resources[clone].variant else {
        return;
    };
    if std::mem::replace(&mut data.promotion_scores_added, true) {
        return;
    }
    for instance in plan.resources[clone].children.clone() {
        let mut changed = plan.resources[instance].allowed.clone();
        let mut priority = plan.resources[instance].priority;
        for candidate in changed.iter_mut() {
            if !is_available(plan, candidate, false, false) {
                continue;
            }
            let score = promotion_score(plan, instance, candidate.node).unwrap_or_default();
            if score > 0 {
                candidate.score = candidate.score.plus(Score::new(score.into()));
            }
            priority = priority.max(score);
        }
        set_scores(plan, instance, changed, || Cause::PromotionScore);
        plan.resources[instance].priority = priority;
    }
}

#[cfg(test)]
mod tests {
    use super::without_number;

    #[test]
    fn only_numbers_are_stripped() {
        for (id, expected) in [("db:3", "db"), ("db", "db"), ("a:b", "a:b"), ("db:", "db:")] {
            assert_eq!(without_number(id), expected);
        }
    }
}
