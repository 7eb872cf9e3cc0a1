//! Assigning a primitive.
//!
//! 1. What it is part of is assigned first; that comes back here.
//! 2. Mandatory colocations are applied, then optional ones; each time first those *of* the
//!    resource (their primaries are assigned before, if they are not yet), then those *with* it
//!    (whose dependents' scores are merged). Scores that leave no node usable are taken back for
//!    colocations of the promoted role and for those that are negative, but not mandatory.
//! 3. If it is to be stopped, it is banned from all nodes. Without quorum, and with
//!    `no-quorum-policy="freeze"`, it does not rise to a higher role than it has.
//! 4. If it is not managed (which is so for all where fencing is enabled without any device), it
//!    stays where it is, whatever else. With `stop-all-resources` it gets no node. Otherwise it gets
//!    the best one: the node asked for, if its score is not below the best; the node where it is
//!    active, if that is as good as the best and its score is positive (not for instances of unique
//!    clones, which have been assigned to their nodes before if they should); else the best.
//! 5. If it is the connection to a remote node, that node will be online, or shut down.

use cib::Score;

use super::capacity::ban_nodes_without_room;
use super::colocations::{colocations_of, colocations_with};
use super::dependents::add_dependent_scores;
use super::location::set_next_role;
use super::node_choice::{any_available, as_such, best, is_available};
use super::{assign, assign_before, assign_to, effects, show_scores};
use crate::constraints::add_score;
use crate::model::journal::{Choice, Decision};
use crate::model::{
    Candidate, Cause, ColocationId, NoQuorumPolicy, NodeId, Plan, ResourceId, Role,
};

/// Assigns `resource`, a primitive; see [`super::assign`].
pub(super) fn assign_primitive(
    plan: &mut Plan<'_>,
    resource: ResourceId,
    prefer: Option<NodeId>,
    stop_if_fail: bool,
) -> Option<NodeId> {
    let parent = plan.resources[resource].parent;
    if let Some(parent) = parent.filter(|&parent| !plan.resources[parent].assigning) {
        assign(plan, parent, prefer, stop_if_fail);
    }
    if !plan.resources[resource].unassigned {
        return plan.resources[resource].assigned_to;
    }
    if plan.resources[resource].assigning {
        return None;
    }
    plan.resources[resource].assigning = true;
    apply_colocations(plan, resource);
    limit_next_role(plan, resource);
    show_scores(plan, resource, "pcmk__primitive_assign");
    choose(plan, resource, prefer, stop_if_fail);
    plan.resources[resource].assigning = false;
    if plan.resources[resource].is_remote_connection {
        update_remote_node(plan, resource);
    }
    plan.resources[resource].assigned_to
}

fn apply_colocations(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = colocations_of(plan, resource);
    let with = colocations_with(plan, resource);
    for mandatory in [true, false] {
        let applies = |plan: &Plan<'_>, colocation: ColocationId| {
            plan.colocations[colocation].score.is_infinite() == mandatory
        };
        for &colocation in &of {
            if applies(plan, colocation) {
                follow_primary(plan, resource, colocation);
            }
        }
        for &colocation in &with {
            if applies(plan, colocation) {
                add_dependent_scores(plan, colocation, resource);
            }
        }
    }
}

fn follow_primary(plan: &mut Plan<'_>, resource: ResourceId, colocation: ColocationId) {
    let of = &plan.colocations[colocation];
    let (primary, score) = (of.primary, of.score);
    let revertible = of.dependent_role >= Role::Promoted
        || (score < Score::ZERO && score > Score::MINUS_INFINITY);
    let before = revertible.then(|| plan.resources[resource].allowed.clone());
    if plan.resources[primary].unassigned {
        assign_before(plan, primary, None, true);
    }
    let noted = plan.journal.entries.len();
    effects::apply(plan, resource, primary, colocation);
    if let Some(before) = before
        && !any_available(plan, &plan.resources[resource].allowed)
    {
        plan.resources[resource].allowed = before;
        plan.journal.entries.truncate(noted);
    }
}

fn limit_next_role(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    let (role, next_role) = (of.role, of.next_role);
    if next_role == Role::Stopped {
        let reason = of.next_role_reason.clone().filter(|_| plan.journal.enabled);
        add_score(plan, resource, None, Score::MINUS_INFINITY, || {
            Cause::ToBeStopped(reason.clone())
        });
    } else if next_role > role && is_frozen(plan) {
        plan.notice(format!(
            "Resource {} cannot be elevated from {} to {} due to no-quorum-policy=freeze",
            plan.resources[resource].id,
            role.name(),
            next_role.name()
        ));
        set_next_role(plan, resource, role, "no-quorum-policy=freeze");
    }
}

/// Whether nothing may rise to a higher role for want of quorum.
pub(super) fn is_frozen(plan: &Plan<'_>) -> bool {
    !plan.options.quorate && plan.options.no_quorum_policy == NoQuorumPolicy::Freeze
}

fn choose(plan: &mut Plan<'_>, resource: ResourceId, prefer: Option<NodeId>, stop_if_fail: bool) {
    if plan.options.fencing_enabled && !plan.options.have_fencing {
        plan.resources[resource].managed = false;
    }
    let choice = if !plan.resources[resource].managed {
        let role = plan.resources[resource].role;
        set_next_role(plan, resource, role, "unmanaged");
        let current = plan.active_node(resource);
        assign_to(plan, resource, current, true, stop_if_fail);
        Choice::Unmanaged
    } else if plan.options.stop_all {
        assign_to(plan, resource, None, true, stop_if_fail);
        Choice::StopAll
    } else {
        let roomiest = ban_nodes_without_room(plan, resource);
        if !plan.resources[resource].unassigned {
            return;
        }
        let best = best_node(plan, resource, prefer.or(roomiest));
        let (node, choice) = best.unzip();
        note_decision(plan, resource, choice.unwrap_or(Choice::Nowhere));
        assign_to(plan, resource, node, false, stop_if_fail);
        return;
    };
    note_decision(plan, resource, choice);
}

/// Notes how `resource` gets its node, where that is wanted.
fn note_decision(plan: &mut Plan<'_>, resource: ResourceId, choice: Choice) {
    if !plan.journal.enabled {
        return;
    }
    let loads = plan
        .nodes
        .iter()
        .map(|(node, of)| (node, of.assigned.len()))
        .collect();
    plan.journal.decisions.push(Decision {
        resource,
        choice,
        loads,
    });
}

fn best_node(
    plan: &Plan<'_>,
    resource: ResourceId,
    prefer: Option<NodeId>,
) -> Option<(NodeId, Choice)> {
    let of = &plan.resources[resource];
    let current = plan.active_node(resource);
    let best = best(plan, &of.allowed, current)?;
    let is_good_enough = |candidate: &Candidate| {
        candidate.score >= best.score && is_available(plan, candidate, true, false)
    };
    if let Some(preferred) = prefer.filter(|&node| of.allowed.get(node).is_some_and(is_good_enough))
    {
        return Some((preferred, Choice::Preferred));
    }
    let in_unique_clone = of.parent.is_some_and(|parent| plan.is_unique_clone(parent));
    let may_stay =
        !in_unique_clone && best.score > Score::ZERO && is_available(plan, &best, false, false);
    let stays = current.filter(|&node| {
        may_stay
            && is_available(plan, &as_such(plan, node), true, false)
            && of
                .allowed
                .get(node)
                .is_some_and(|here| here.score == best.score)
    });
    Some(stays.map_or((best.node, Choice::Best), |node| (node, Choice::Stays)))
}

fn update_remote_node(plan: &mut Plan<'_>, connection: ResourceId) {
    let of = &plan.resources[connection];
    let will_connect = of.assigned_to.is_some() && of.next_role != Role::Stopped;
    let Some(node) = plan.node_by_name(&of.id) else {
        return;
    };
    let node = &mut plan.nodes[node];
    if will_connect {
        node.online = true;
        if !node.seen {
            // A connection will be tried; what was never seen need not be fenced for it.
            node.unclean = false;
        }
    } else {
        node.shutdown = true;
    }
}
