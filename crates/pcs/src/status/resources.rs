//! What there is to say of a resource.

use cib::literal::parse_boolean;
use scheduler::Plan;
use scheduler::model::{NodeId, Resource, ResourceId, Role};

/// Whether status texts pass over `resource`: the implicit connection to a guest node.
#[must_use]
pub fn is_internal(resource: &Resource<'_>) -> bool {
    resource.meta.get("internal_rsc").and_then(parse_boolean) == Some(true)
}

/// Class, provider (where the class has one) and type of the agent.
#[must_use]
pub fn agent(resource: &Resource<'_>) -> String {
    let attribute = |name| resource.xml.attribute(name);
    let class = attribute("class").unwrap_or("unknown");
    let kind = attribute("type").unwrap_or("unknown");
    match attribute("provider") {
        Some(provider) if class.eq_ignore_ascii_case("ocf") => format!("{class}:{provider}:{kind}"),
        _ => format!("{class}:{kind}"),
    }
}

/// The role of a primitive, where an instance that can be promoted is never just started.
#[must_use]
pub fn displayed_role(plan: &Plan<'_>, resource: ResourceId) -> Role {
    match plan.resources[resource].role {
        Role::Started if plan.resources[plan.top(resource, false)].promotable => Role::Unpromoted,
        role => role,
    }
}

/// What a primitive is doing: the action that is not finished (where those are shown), or its role.
#[must_use]
pub fn displayed_state(plan: &Plan<'_>, resource: ResourceId, pending: bool) -> &'static str {
    let changing = match plan.resources[resource].pending_task.filter(|_| pending) {
        Some("start") => Some("Starting"),
        Some("stop") => Some("Stopping"),
        Some("migrate_to" | "migrate_from") => Some("Migrating"),
        Some("promote") => Some("Promoting"),
        Some("demote") => Some("Demoting"),
        _ => None,
    };
    changing.unwrap_or_else(|| displayed_role(plan, resource).name())
}

/// The action that is not finished and does not change the state.
#[must_use]
pub fn pending_check(resource: &Resource<'_>) -> Option<&'static str> {
    (resource.pending_task == Some("monitor")).then_some("Monitoring")
}

/// Where a primitive is shown: where it is active, or where an action is pending.
#[must_use]
pub fn displayed_node(plan: &Plan<'_>, resource: ResourceId) -> Option<NodeId> {
    plan.active_node(resource)
        .or(plan.resources[resource].pending_node)
}

/// `target-role` of a collective resource: its own, or that of its parts.
#[must_use]
pub fn configured_role<'p>(plan: &'p Plan<'_>, resource: ResourceId) -> Option<&'p str> {
    let of = &plan.resources[resource];
    of.meta.get("target-role").or_else(|| {
        let &first = of.children.first()?;
        plan.resources[first].meta.get("target-role")
    })
}

/// What stands in parentheses after the name of a collective resource.
#[must_use]
pub fn collective_flags(plan: &Plan<'_>, resource: ResourceId) -> Vec<&'static str> {
    let of = &plan.resources[resource];
    let mut flags = Vec::new();
    if plan.is_disabled(resource) {
        flags.push("disabled");
    }
    if of.maintenance {
        flags.push("maintenance");
    } else if !of.managed {
        flags.push("unmanaged");
    }
    flags
}
