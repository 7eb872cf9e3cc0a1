//! What a colocation does to its dependent once the primary has been assigned.
//!
//! While the dependent is being assigned, its scores change:
//!
//! | the primary | the colocation | nodes that are the same place | other nodes |
//! | --- | --- | --- | --- |
//! | has a node | infinity | – | banned |
//! | has a node | any other | plus the score | – |
//! | has none | positive | minus the score | minus the score |
//! | has none | negative | – | – |
//!
//! A finite score that would leave no usable node is not applied.
//!
//! Once the dependent has a node, and the colocation is limited to a role of a promotable clone, its
//! promotion priority changes instead: plus the score where it is the same place (minus, where the
//! role is the unpromoted one); minus infinity where it is not, but must be.
//!
//! Collective resources pass this on: a group to its first member, and a group that is followed to
//! its last (if it must be complete) or first one; a clone or bundle that is followed to the
//! instance on the dependent's node if the dependent is an instance itself and interleaves, and
//! otherwise to all of its instances.

use cib::Score;

use super::attributes::{Places, same_place};
use super::colocations::{Effect, effect};
use super::compatibility::{compatible_container, compatible_instance};
use super::location::{any_blocked, assigned_node, max_per_node, role_bearer};
use super::node_choice::any_available;
use super::scores::set_scores;
use super::{assign_to, promotable_primaries};
use crate::model::{Cause, ColocationId, NodeId, Plan, ResourceId, Role, Variant};

/// Applies `colocation` of `dependent` (of its first or each member, if it is a group) with
/// `primary`. Says what was added to the dependent's promotion priority.
pub(super) fn apply(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
) -> Score {
    match plan.resources[dependent].variant {
        Variant::Primitive => apply_to_primitive(plan, dependent, primary, colocation),
        Variant::Group(group) => {
            apply_to_group(plan, dependent, group.colocated, primary, colocation)
        }
        // Their instances and containers have their colocations.
        Variant::Clone(_) | Variant::Bundle(_) => Score::ZERO,
    }
}

fn apply_to_group(
    plan: &mut Plan<'_>,
    group: ResourceId,
    colocated: bool,
    primary: ResourceId,
    colocation: ColocationId,
) -> Score {
    let mut change = Score::ZERO;
    if colocated {
        let Some(&first) = plan.resources[group].children.first() else {
            return change;
        };
        change = apply(plan, first, primary, colocation);
    } else {
        if plan.colocations[colocation].score == Score::INFINITY {
            let (group, primary) = (&plan.resources[group].id, &plan.resources[primary].id);
            plan.configuration_error(format!(
                "{group}: Cannot perform mandatory colocation between non-colocated group and \
                 {primary}"
            ));
            return change;
        }
        for member in plan.resources[group].children.clone() {
            change = change.plus(apply_with_primitive(plan, member, primary, colocation));
        }
    }
    if change != Score::ZERO {
        add_to_priority(plan, group, change);
    }
    change
}

fn apply_to_primitive(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
) -> Score {
    match plan.resources[primary].variant {
        Variant::Primitive => apply_with_primitive(plan, dependent, primary, colocation),
        Variant::Group(group) => {
            apply_with_group(plan, dependent, primary, group.colocated, colocation)
        }
        Variant::Clone(_) => apply_with_clone(plan, dependent, primary, colocation),
        Variant::Bundle(_) => apply_with_bundle(plan, dependent, primary, colocation),
    }
}

fn apply_with_primitive(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
) -> Score {
    match effect(plan, dependent, primary, colocation, false) {
        Effect::Nothing => Score::ZERO,
        Effect::Location => {
            apply_to_scores(plan, dependent, primary, colocation);
            Score::ZERO
        }
        Effect::Role => apply_to_priority(plan, dependent, primary, colocation),
    }
}

fn apply_with_group(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    group: ResourceId,
    colocated: bool,
    colocation: ColocationId,
) -> Score {
    if plan.resources[group].unassigned {
        return Score::ZERO;
    }
    let mandatory = plan.colocations[colocation].score == Score::INFINITY;
    let members = &plan.resources[group].children;
    if colocated {
        let member = if mandatory {
            members.last()
        } else {
            members.first()
        };
        return member.copied().map_or(Score::ZERO, |member| {
            apply_to_primitive(plan, dependent, member, colocation)
        });
    }
    if mandatory {
        let (dependent, group) = (&plan.resources[dependent].id, &plan.resources[group].id);
        plan.configuration_error(format!(
            "{dependent}: Cannot perform mandatory colocation with non-colocated group {group}"
        ));
        return Score::ZERO;
    }
    let members = members.clone();
    let apply = |member| apply_to_primitive(plan, dependent, member, colocation);
    sum(members.into_iter().map(apply))
}

fn sum(changes: impl Iterator<Item = Score>) -> Score {
    changes.fold(Score::ZERO, Score::plus)
}

fn apply_with_clone(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    clone: ResourceId,
    colocation: ColocationId,
) -> Score {
    if plan.resources[clone].unassigned {
        return Score::ZERO;
    }
    let of = &plan.colocations[colocation];
    let (score, dependent_role, primary_role) = (of.score, of.dependent_role, of.primary_role);
    if plan.resources[clone].promotable && primary_role != Role::Unknown {
        if plan.resources[dependent].unassigned {
            promotable_primaries::apply_to_scores(plan, dependent, clone, colocation);
            return Score::ZERO;
        }
        if dependent_role == Role::Promoted {
            return promotable_primaries::apply_to_priority(plan, dependent, clone, colocation);
        }
    }
    if can_interleave(plan, colocation) {
        let instance = compatible_instance(plan, dependent, clone, Role::Unknown, false, None);
        return apply_with_instance(plan, dependent, clone, instance, colocation);
    }
    if score == Score::INFINITY {
        let nodes: Vec<NodeId> = usable_instances(plan, &plan.resources[clone].children)
            .map(|(_, node)| node)
            .collect();
        limit_to(plan, dependent, colocation, &nodes);
        return Score::ZERO;
    }
    let instances = plan.resources[clone].children.clone();
    let apply = |instance| apply_to_primitive(plan, dependent, instance, colocation);
    sum(instances.into_iter().map(apply))
}

fn apply_with_bundle(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    bundle: ResourceId,
    colocation: ColocationId,
) -> Score {
    if plan.resources[bundle].unassigned {
        return Score::ZERO;
    }
    let of = &plan.colocations[colocation];
    let (score, primary_role) = (of.score, of.primary_role);
    if is_made_of_instances(plan, of.dependent) {
        let container = compatible_container(plan, dependent, bundle);
        return apply_with_instance(plan, dependent, bundle, container, colocation);
    }
    let containers = super::location::instances(plan, bundle);
    if score == Score::INFINITY {
        let nodes: Vec<NodeId> = usable_instances(plan, &containers)
            .filter(|&(container, _)| {
                let inside = role_bearer(plan, container);
                primary_role < Role::Promoted
                    || (inside != container && plan.resources[inside].next_role >= Role::Promoted)
            })
            .map(|(_, node)| node)
            .collect();
        limit_to(plan, dependent, colocation, &nodes);
        return Score::ZERO;
    }
    let apply = |container| apply_with_primitive(plan, dependent, container, colocation);
    sum(containers.into_iter().map(apply))
}

/// The dependent follows this one instance; where there is none and it must, it is left without a
/// node.
fn apply_with_instance(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    collective: ResourceId,
    instance: Option<ResourceId>,
    colocation: ColocationId,
) -> Score {
    if let Some(instance) = instance {
        return apply(plan, dependent, instance, colocation);
    }
    if plan.colocations[colocation].score == Score::INFINITY {
        let (id, other) = (
            &plan.resources[dependent].id,
            &plan.resources[collective].id,
        );
        plan.notice(if plan.is_bundle(collective) {
            format!(
                "{id} cannot run because there is no compatible instance of {other} to colocate \
                 with"
            )
        } else {
            format!("{id} cannot run because it cannot interleave with any instance of {other}")
        });
        assign_to(plan, dependent, None, true, true);
    }
    Score::ZERO
}

/// Instances that will run and are not blocked, each with its node.
fn usable_instances(
    plan: &Plan<'_>,
    instances: &[ResourceId],
) -> impl Iterator<Item = (ResourceId, NodeId)> {
    instances.iter().filter_map(|&instance| {
        let node = assigned_node(plan, instance)?;
        (!any_blocked(plan, instance)).then_some((instance, node))
    })
}

fn is_made_of_instances(plan: &Plan<'_>, resource: ResourceId) -> bool {
    plan.is_clone(resource) || plan.is_bundle(resource)
}

fn can_interleave(plan: &mut Plan<'_>, colocation: ColocationId) -> bool {
    let of = &plan.colocations[colocation];
    let (dependent, primary) = (of.dependent, of.primary);
    let wants = plan.resources[dependent]
        .meta
        .get("interleave")
        .and_then(cib::literal::parse_boolean)
        .unwrap_or(false);
    if !is_made_of_instances(plan, dependent) || !wants {
        return false;
    }
    if max_per_node(plan, dependent) != max_per_node(plan, primary) {
        let (one, other) = (&plan.resources[dependent].id, &plan.resources[primary].id);
        plan.configuration_error(format!(
            "Cannot interleave {one} and {other} because they do not support the same number of \
             instances per node"
        ));
        return false;
    }
    true
}

/// Bans `dependent` from all nodes but `nodes`.
fn limit_to(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    colocation: ColocationId,
    nodes: &[NodeId],
) {
    let mut allowed = plan.resources[dependent].allowed.clone();
    for candidate in allowed.iter_mut() {
        if !nodes.contains(&candidate.node) {
            candidate.score = Score::MINUS_INFINITY;
        }
    }
    set_scores(plan, dependent, allowed, || Cause::Colocation(colocation));
}

fn apply_to_scores(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
) {
    let of = &plan.colocations[colocation];
    let host = plan.resources[primary].assigned_to;
    if host.is_none() && of.score < Score::ZERO {
        return;
    }
    let host_place = host.and_then(|host| Places::new(plan, &of.node_attribute, primary).of(host));
    let places = Places::new(plan, &of.node_attribute, dependent);
    let mut after = plan.resources[dependent].allowed.clone();
    for candidate in after.iter_mut() {
        candidate.score = if host.is_none() {
            candidate.score.plus(-of.score)
        } else if same_place(places.of(candidate.node), host_place) {
            if of.score == Score::INFINITY {
                candidate.score
            } else {
                candidate.score.plus(of.score)
            }
        } else if of.score == Score::INFINITY {
            Score::MINUS_INFINITY
        } else {
            candidate.score
        };
    }
    if !of.score.is_infinite() && !any_available(plan, &after) {
        return;
    }
    set_scores(plan, dependent, after, || Cause::Colocation(colocation));
}

fn apply_to_priority(
    plan: &mut Plan<'_>,
    dependent: ResourceId,
    primary: ResourceId,
    colocation: ColocationId,
) -> Score {
    let of = &plan.colocations[colocation];
    let Some(node) = plan.resources[dependent].assigned_to else {
        return Score::ZERO;
    };
    let host = plan.resources[primary].assigned_to;
    let role = plan.resources[role_bearer(plan, primary)].next_role;
    if host.is_some() && of.primary_role != Role::Unknown && of.primary_role != role {
        return Score::ZERO;
    }
    let host_place = host.and_then(|host| Places::new(plan, &of.node_attribute, primary).of(host));
    let place = Places::new(plan, &of.node_attribute, dependent).of(node);
    let same = same_place(place, host_place);
    let change = match (same, of.dependent_role) {
        (true, Role::Unpromoted) => -of.score,
        (true, _) => of.score,
        (false, Role::Promoted) if of.score == Score::INFINITY => -of.score,
        (false, _) => return Score::ZERO,
    };
    add_to_priority(plan, dependent, change);
    change
}

/// Changes the priority that stands for the promotion score while roles are being chosen.
pub(super) fn add_to_priority(plan: &mut Plan<'_>, resource: ResourceId, change: Score) {
    let priority = &mut plan.resources[resource].priority;
    *priority = Score::new(i64::from(*priority)).plus(change).value();
}
