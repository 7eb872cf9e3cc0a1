//! Tickets, as their state was recorded (Pacemaker Explained, "Multi-Site Clusters").
//!
//! - A ticket is granted, or on standby, where the attribute of that name is true.
//! - Everything a `<ticket_state>` says, but for its `id`, belongs to the ticket's state.
//! - What is said later of the same ticket replaces what was said before.

use cib::number::parse_integer;
use std::borrow::Cow;

use cib::Values;
use cib::literal::parse_boolean;
use cib::xml::Element;

use crate::model::{Plan, Ticket, TicketId};

/// Reads one `<tickets>` section.
pub(super) fn unpack<'c>(plan: &mut Plan<'c>, section: Element<'c>) {
    for entry in section.children_named("ticket_state") {
        if let Some(id) = entry.id().filter(|id| !id.is_empty()) {
            let ticket = find_or_add(plan, id);
            read_state(plan, ticket, entry);
        }
    }
}

fn find_or_add<'c>(plan: &mut Plan<'c>, id: &'c str) -> TicketId {
    let known = plan
        .tickets
        .iter()
        .find_map(|(ticket, of)| (of.id == id).then_some(ticket));
    known.unwrap_or_else(|| {
        plan.tickets.push(Ticket {
            id: Cow::Borrowed(id),
            granted: false,
            standby: false,
            last_granted_s: -1,
            state: Values::new(),
        })
    })
}

fn read_state<'c>(plan: &mut Plan<'c>, ticket: TicketId, entry: Element<'c>) {
    let of = &mut plan.tickets[ticket];
    for (name, value) in entry.attributes().filter(|(name, _)| *name != "id") {
        of.state.set(name, value);
    }
    let is_true = |name| of.state.get(name).and_then(parse_boolean) == Some(true);
    (of.granted, of.standby) = (is_true("granted"), is_true("standby"));

    let Some(last_granted) = of.state.get("last-granted") else {
        return;
    };
    let parsed = parse_integer(last_granted);
    of.last_granted_s = parsed.unwrap_or(0);
    if parsed.is_none() {
        let text = format!(
            "Using 0 instead of invalid last-granted value '{last_granted}' in state for ticket {}",
            of.id
        );
        plan.warning(text);
    }
}
