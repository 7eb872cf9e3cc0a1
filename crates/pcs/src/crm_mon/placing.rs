//! What limits where resources may run: negative location constraints and tickets.

use std::collections::BTreeMap;

use cib::time::DateTime;
use cib::xml::{Document, XmlId};
use scheduler::Plan;
use scheduler::model::{NodeId, Role};

use crate::outline::Outline;
use crate::status::Shape;
use crate::status::text::node_name;
use crate::status::xml::local;

/// That a resource is kept off a node.
pub(super) struct Ban {
    pub id: String,
    pub resource: String,
    pub node: NodeId,
    pub score: i32,
    pub promoted_only: bool,
}

/// All bans whose ids begin so, in a plan whose constraints were read; those that were configured
/// last come first.
pub(super) fn bans(plan: &Plan<'_>, prefix: &str, shape: &Shape) -> Vec<Ban> {
    let mut bans = Vec::new();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let ids: Vec<&str> = plan
        .locations
        .values()
        .map(|location| {
            let nth = seen.entry(&*location.id).or_default();
            *nth += 1;
            rule_id(plan, &location.id, *nth - 1).unwrap_or(&*location.id)
        })
        .collect();
    for (location, id) in plan.locations.values().zip(ids).rev() {
        if !id.starts_with(prefix) {
            continue;
        }
        let resource = plan.printable_id(location.resource);
        if let Some(only) = &shape.only_resources
            && !only.iter().any(|it| it == resource)
        {
            continue;
        }
        for place in &location.nodes {
            if place.score.value() < 0 && shape.has_node(place.node) {
                bans.push(Ban {
                    id: id.to_owned(),
                    resource: resource.to_owned(),
                    node: place.node,
                    score: place.score.value(),
                    promoted_only: location.role == Role::Promoted,
                });
            }
        }
    }
    bans
}

/// The id of the constraint's rule of that number: what is said by a rule goes by the rule's name.
fn rule_id<'c>(plan: &Plan<'c>, constraint: &str, nth: usize) -> Option<&'c str> {
    let configuration = plan.cib.child("configuration")?;
    let mut constraints = configuration.child("constraints")?.children();
    let constraint = constraints.find(|it| it.id() == Some(constraint))?;
    constraint.children_named("rule").nth(nth)?.id()
}

/// Writes bans. Says whether anything was written.
pub(super) fn write_bans(
    outline: &mut Outline,
    plan: &Plan<'_>,
    shape: &Shape,
    bans: &[Ban],
    spacer: bool,
) -> bool {
    if bans.is_empty() {
        return false;
    }
    if spacer {
        outline.spacer();
    }
    outline.begin("Negative Location Constraints");
    for ban in bans {
        let role = if ban.promoted_only {
            "as Promoted "
        } else {
            ""
        };
        let node = node_name(plan, ban.node, shape);
        let (id, resource) = (&ban.id, &ban.resource);
        outline.item(&format!(
            "{id}\tprevents {resource} from running {role}on {node}"
        ));
    }
    outline.end();
    true
}

/// The same for programs.
pub(super) fn append_bans(document: &mut Document, parent: XmlId, plan: &Plan<'_>, bans: &[Ban]) {
    if bans.is_empty() {
        return;
    }
    let list = document.append(parent, "bans");
    for ban in bans {
        let element = document.append(list, "ban");
        let promoted_only = ban.promoted_only.to_string();
        for (name, value) in [
            ("id", ban.id.as_str()),
            ("resource", &ban.resource),
            ("node", plan.nodes[ban.node].name),
            ("weight", &ban.score.to_string()),
            ("promoted-only", &promoted_only),
            // The old name of the last one.
            ("master_only", &promoted_only),
        ] {
            document.set(element, name, value);
        }
    }
}

/// Writes tickets. Says whether anything was written.
pub(super) fn write_tickets(outline: &mut Outline, plan: &Plan<'_>, spacer: bool) -> bool {
    if plan.tickets.is_empty() {
        return false;
    }
    if spacer {
        outline.spacer();
    }
    outline.begin("Tickets");
    for ticket in plan.tickets.values() {
        let state = if ticket.granted { "granted" } else { "revoked" };
        let standby = if ticket.standby { " [standby]" } else { "" };
        let last = match ticket.last_granted_s {
            last_s if last_s > 0 => {
                let last = local(plan.now, last_s).to_ctime_text();
                format!(" last-granted=\"{last}\"")
            }
            _ => String::new(),
        };
        outline.item(&format!("{}:\t{state}{standby}{last}", ticket.id));
    }
    outline.end();
    true
}

/// The same for programs.
pub(super) fn append_tickets(document: &mut Document, parent: XmlId, plan: &Plan<'_>) {
    if plan.tickets.is_empty() {
        return;
    }
    let list = document.append(parent, "tickets");
    for ticket in plan.tickets.values() {
        let element = document.append(list, "ticket");
        document.set(element, "id", &ticket.id);
        let state = if ticket.granted { "granted" } else { "revoked" };
        document.set(element, "status", state);
        document.set(element, "standby", &ticket.standby.to_string());
        if ticket.last_granted_s > 0 {
            let last: DateTime = local(plan.now, ticket.last_granted_s);
            document.set(element, "last-granted", &last.to_ctime_text());
        }
    }
}
