//! `<rsc_ticket>`: which resources need a ticket to run.
//!
//! A ticket counts if it is granted and not on standby. What happens to a resource otherwise:
//!
//! | resource | ticket | `loss-policy` | consequence |
//! | --- | --- | --- | --- |
//! | active | not granted | `stop` | banned from all nodes |
//! | active | not granted | `demote` | banned from all nodes, unless the constraint is for the promoted role |
//! | active, in the role | not granted | `fence` | banned, and its nodes are fenced |
//! | active, in the role | not granted | `freeze` | blocked where it is |
//! | inactive | not granted | any | banned, unless the constraint is for the promoted role and the policy is not `stop` |
//! | any | on standby | any | the same |
//!
//! Without `loss-policy` the promoted role is demoted, anything else stopped. Instances whose
//! promotion needs a ticket are not promoted without it ([`require_promotion_tickets`]).

use std::borrow::Cow;

use cib::xml::Element;
use cib::{Score, Values};

use super::reading::Reader;
use super::scores::add_score;
use super::sets::{self, Parties, Side};
use crate::model::{Cause, LossPolicy, Plan, ResourceId, Role, Ticket, TicketDependency, TicketId};
use crate::status;

/// Reads constraint `id`.
pub(super) fn unpack<'c>(reader: &mut Reader<'_, 'c>, constraint: Element<'c>, id: &'c str) {
    const SIDES: [Side; 1] = [Side {
        name: "rsc",
        detail: "rsc-role",
    }];
    let Some(name) = constraint.attribute("ticket") else {
        reader
            .plan
            .configuration_error(format!("Ignoring constraint '{id}' without ticket"));
        return;
    };
    if name.is_empty() {
        return;
    }
    let ticket = ticket(reader, name);
    match sets::parties(reader, constraint, id, &SIDES, false) {
        None => {}
        Some(Parties::Attributes) => {
            let Some(name) = constraint.attribute("rsc") else {
                reader
                    .plan
                    .configuration_error(format!("Ignoring constraint '{id}' without resource"));
                return;
            };
            let Some(resource) = reader.resource(name) else {
                reader.plan.configuration_error(format!(
                    "Ignoring constraint '{id}' because resource '{name}' does not exist"
                ));
                return;
            };
            let role = constraint.attribute("rsc-role");
            depend(reader, constraint, id, resource, ticket, role);
        }
        Some(Parties::Sets(sets)) => {
            for set in sets {
                let Some(set_id) = set.id else {
                    reader
                        .plan
                        .configuration_error("Ignoring <resource_set> without id");
                    return;
                };
                for member in &set.members {
                    let Some(resource) = member.resource else {
                        reader.plan.configuration_error(format!(
                            "{set_id}: No resource found for {}",
                            member.name
                        ));
                        return;
                    };
                    depend(reader, constraint, set_id, resource, ticket, set.role);
                }
            }
        }
    }
}

/// The ticket called `name`; one that was never heard of is not granted.
fn ticket<'c>(reader: &mut Reader<'_, 'c>, name: &'c str) -> TicketId {
    if let Some(&known) = reader.tickets.get(name) {
        return known;
    }
    let ticket = reader.plan.tickets.push(Ticket {
        id: Cow::Borrowed(name),
        granted: false,
        standby: false,
        last_granted_s: -1,
        state: Values::new(),
    });
    reader.tickets.insert(name.to_owned(), ticket);
    ticket
}

/// Makes `resource` depend on `ticket` by constraint (or set) `id`.
fn depend<'c>(
    reader: &mut Reader<'_, 'c>,
    constraint: Element<'c>,
    id: &'c str,
    resource: ResourceId,
    ticket: TicketId,
    role: Option<&str>,
) {
    let Some(role) = reader.role(id, role) else {
        return;
    };
    let plan = &mut *reader.plan;
    let loss_policy = loss_policy(plan, constraint.attribute("loss-policy"), ticket, role);
    let dependency = TicketDependency {
        id: Cow::Borrowed(id),
        ticket,
        role,
        loss_policy,
    };
    if !is_valid(plan, ticket) {
        apply(plan, resource, &dependency);
    }
    plan.resources[resource].tickets.push(dependency);
}

fn loss_policy(
    plan: &mut Plan<'_>,
    text: Option<&str>,
    ticket: TicketId,
    role: Role,
) -> LossPolicy {
    let policies = [
        ("fence", LossPolicy::Fence),
        ("freeze", LossPolicy::Freeze),
        ("demote", LossPolicy::Demote),
        ("stop", LossPolicy::Stop),
    ];
    let configured = policies
        .iter()
        .find(|(name, _)| text.is_some_and(|text| name.eq_ignore_ascii_case(text)))
        .map(|&(_, policy)| policy);
    match (configured, role) {
        (Some(LossPolicy::Fence), _) if !plan.options.fencing_enabled => {
            let text = format!(
                "Resetting 'loss-policy' for ticket '{}' to 'stop' because fencing is not \
                 configured",
                plan.tickets[ticket].id
            );
            plan.configuration_error(text);
            LossPolicy::Stop
        }
        (Some(policy), _) => policy,
        (None, Role::Promoted) => LossPolicy::Demote,
        (None, _) => LossPolicy::Stop,
    }
}

/// Whether resources may run, or be promoted, by this ticket.
fn is_valid(plan: &Plan<'_>, ticket: TicketId) -> bool {
    plan.tickets[ticket].granted && !plan.tickets[ticket].standby
}

/// Does to all parts of `resource` what the lack of the ticket means. Recurses as deep as resources
/// are nested.
fn apply(plan: &mut Plan<'_>, resource: ResourceId, dependency: &TicketDependency<'_>) {
    let of = &plan.resources[resource];
    if !of.children.is_empty() {
        for index in 0..of.children.len() {
            apply(plan, plan.resources[resource].children[index], dependency);
        }
        return;
    }
    let promoted_only = dependency.role == Role::Promoted;
    let in_role = dependency.role == Role::Unknown || dependency.role == of.role;
    if plan.tickets[dependency.ticket].granted || of.active_on.is_empty() {
        if !promoted_only || dependency.loss_policy == LossPolicy::Stop {
            ban(plan, resource, dependency);
        }
        return;
    }
    match dependency.loss_policy {
        LossPolicy::Stop => ban(plan, resource, dependency),
        LossPolicy::Demote if !promoted_only => ban(plan, resource, dependency),
        LossPolicy::Fence if in_role => {
            ban(plan, resource, dependency);
            for node in plan.resources[resource].active_on.clone() {
                status::fence_node(plan, node, "deadman ticket was lost", false);
            }
        }
        LossPolicy::Freeze if in_role => {
            let of = &mut plan.resources[resource];
            of.managed = false;
            of.blocked = true;
        }
        LossPolicy::Demote | LossPolicy::Fence | LossPolicy::Freeze => {}
    }
}

fn ban(plan: &mut Plan<'_>, resource: ResourceId, dependency: &TicketDependency<'_>) {
    let name = plan.tickets[dependency.ticket].id.clone();
    add_score(plan, resource, None, Score::MINUS_INFINITY, || {
        Cause::Ticket(name.to_string())
    });
}

/// Bans `resource`, an instance of a promotable clone that is to be promoted, from all nodes if its
/// promotion needs a ticket that is not there.
pub fn require_promotion_tickets(plan: &mut Plan<'_>, resource: ResourceId) {
    for index in 0..plan.resources[resource].tickets.len() {
        let dependency = &plan.resources[resource].tickets[index];
        if dependency.role == Role::Promoted && !is_valid(plan, dependency.ticket) {
            let dependency = dependency.clone();
            ban(plan, resource, &dependency);
        }
    }
}
