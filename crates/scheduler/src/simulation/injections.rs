//! Changes that an operator asks for before the scheduler is run: what if a node came, left or
//! failed, what if an operation had that result, what if a ticket were granted?

use cib::xml::{Document, Element, XmlId};

use super::ORIGIN;
use super::events::Event;
use super::failures::{CountedFailure, count_failure};
use super::history::{self, OperationResult};
use super::status_section::{Agent, Fault, Membership, StatusSection};
use crate::actions::parse_operation_key;
use crate::model::Plan;
use crate::model::queries::find::Match;

/// What to change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Injections {
    /// Whether there is quorum, as a boolean of the CIB.
    pub quorum: Option<String>,
    /// Whether there is a watchdog, as a boolean of the CIB.
    pub watchdog: Option<String>,
    /// Nodes that come.
    pub node_up: Vec<String>,
    /// Nodes that leave in good order.
    pub node_down: Vec<String>,
    /// Nodes that vanish.
    pub node_fail: Vec<String>,
    /// Tickets that are granted.
    pub ticket_grant: Vec<String>,
    /// Tickets that are taken back.
    pub ticket_revoke: Vec<String>,
    /// Tickets that are put on standby.
    pub ticket_standby: Vec<String>,
    /// Tickets that are taken off standby.
    pub ticket_activate: Vec<String>,
    /// Results of operations: `RESOURCE_TASK_INTERVAL@NODE=RESULT`.
    pub operations: Vec<String>,
}

impl Injections {
    /// Whether nothing is to be changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether nodes that the configuration does not know are added to it, by these injections and
    /// by the simulation that follows: that is so where any node is to come.
    #[must_use]
    pub fn adds_nodes(&self) -> bool {
        !self.node_up.is_empty()
    }
}

/// Makes the changes in `cib`, which `plan` was read from; `now_s` (seconds since 1970) is the time
/// that results are recorded with. Says what was done.
///
/// # Errors
/// The status section contradicts itself.
pub fn inject(
    cib: &mut Document,
    plan: &Plan<'_>,
    injections: &Injections,
    now_s: i64,
) -> Result<Vec<Event>, Fault> {
    let mut events = Vec::new();
    let mut status = StatusSection::new(cib, injections.adds_nodes())?;
    set_cluster_values(&mut status, injections, &mut events);
    change_nodes(&mut status, injections, &mut events);
    change_tickets(&mut status, injections, &mut events);
    for specification in &injections.operations {
        events.push(Event::Operation(specification.clone()));
        match inject_operation(&mut status, plan, specification, now_s) {
            Ok(more) => events.extend(more),
            Err(problem) => events.push(Event::Error(problem)),
        }
    }
    Ok(events)
}

fn set_cluster_values(
    status: &mut StatusSection<'_>,
    injections: &Injections,
    events: &mut Vec<Event>,
) {
    if let Some(quorum) = &injections.quorum {
        events.push(Event::Quorum(quorum.clone()));
        let root = status.document().root().xml_id();
        status.document_mut().set(root, "have-quorum", quorum);
        status.commit();
    }
    if let Some(watchdog) = &injections.watchdog {
        events.push(Event::Watchdog(watchdog.clone()));
        let option = watchdog_option(status.document_mut());
        status.document_mut().set(option, "value", watchdog);
        status.commit_configuration();
    }
}

/// The option `have-watchdog`, made if need be.
fn watchdog_option(cib: &mut Document) -> XmlId {
    const NAME: &str = "have-watchdog";
    const SET: &str = "cib-bootstrap-options";
    let root = cib.root();
    let options = root
        .child("configuration")
        .and_then(|all| all.child("crm_config"));
    let existing = options
        .into_iter()
        .flat_map(Element::descendants)
        .find(|pair| pair.name() == "nvpair" && pair.attribute("name") == Some(NAME))
        .map(Element::xml_id);
    if let Some(existing) = existing {
        return existing;
    }
    let set = options
        .and_then(|options| options.children().find(|set| set.id() == Some(SET)))
        .map(Element::xml_id);
    let set = set.unwrap_or_else(|| {
        let root = cib.root().xml_id();
        let mut at = root;
        for name in ["configuration", "crm_config"] {
            let child = cib.element(at).child(name).map(Element::xml_id);
            at = child.unwrap_or_else(|| cib.append(at, name));
        }
        let set = cib.append(at, "cluster_property_set");
        cib.set(set, "id", SET);
        set
    });
    let pair = cib.append(set, "nvpair");
    cib.set(pair, "id", &format!("{SET}-{NAME}"));
    cib.set(pair, "name", NAME);
    pair
}

fn change_nodes(status: &mut StatusSection<'_>, injections: &Injections, events: &mut Vec<Event>) {
    for (change, nodes, membership) in [
        ("Online", &injections.node_up, Membership::Full),
        ("Offline", &injections.node_down, Membership::Left),
        ("Failing", &injections.node_fail, Membership::Lost),
    ] {
        for node in nodes {
            if !status.knows(node) {
                events.push(Event::Error(unknown_node(node)));
                continue;
            }
            events.push(Event::Node {
                change,
                node: node.clone(),
            });
            let state = status.set_membership(node, membership, ORIGIN);
            if membership == Membership::Left {
                status.forget(state);
            }
        }
    }
}

fn unknown_node(node: &str) -> String {
    format!("Invalid node name: {node} (--node-up adds it)")
}

fn change_tickets(
    status: &mut StatusSection<'_>,
    injections: &Injections,
    events: &mut Vec<Event>,
) {
    for (change, tickets, attribute, value) in [
        ("Granting", &injections.ticket_grant, "granted", "true"),
        ("Revoking", &injections.ticket_revoke, "granted", "false"),
        ("Standby", &injections.ticket_standby, "standby", "true"),
        (
            "Activating",
            &injections.ticket_activate,
            "standby",
            "false",
        ),
    ] {
        for ticket in tickets {
            events.push(Event::Ticket {
                change,
                ticket: ticket.clone(),
            });
            let state = status.ticket_state(ticket);
            status.document_mut().set(state, attribute, value);
            status.commit();
        }
    }
}

fn inject_operation(
    status: &mut StatusSection<'_>,
    plan: &Plan<'_>,
    specification: &str,
    now_s: i64,
) -> Result<Vec<Event>, String> {
    let (key, node, result) = split_specification(specification)?;
    let (name, task, interval_ms) =
        parse_operation_key(key).ok_or_else(|| format!("Invalid resource name: {key}"))?;
    let how = Match {
        history: true,
        ..Match::default()
    };
    let resource = plan
        .roots
        .iter()
        .find_map(|&root| plan.find_part(root, name, None, how))
        .ok_or_else(|| format!("Invalid resource name: {name}"))?;
    if !status.knows(node) {
        return Err(unknown_node(node));
    }
    let state = status.state(node, None);
    let failure = CountedFailure {
        resource: name,
        task,
        interval_ms,
        result,
        is_fatal: task == "stop" || (task == "start" && plan.options.start_failure_is_fatal),
        at_s: now_s,
    };
    let mut events = count_failure(status, state, &failure);
    let agent = Agent::of(plan.resources[resource].xml);
    match status.history(state, name, name, agent) {
        Ok(history) => {
            let result = OperationResult {
                resource: name,
                task,
                interval_ms,
                result,
                expected: 0,
                reason: "Simulated action result",
                node,
                at_s: now_s,
                notification: None,
                migration: matches!(task, "migrate_to" | "migrate_from").then_some((None, None)),
                digest: None,
            };
            history::record(status.document_mut(), history, &result);
            status.commit();
        }
        Err(problem) => events.push(Event::Error(problem)),
    }
    Ok(events)
}

/// Key, node and result of `KEY@NODE=RESULT`.
fn split_specification(specification: &str) -> Result<(&str, &str, i32), String> {
    // As sscanf() counts them: where there is nothing at all, there is less than none.
    let refused = |fields: i32| {
        format!("Invalid operation spec: {specification}.  Only found {fields} fields")
    };
    let (key, rest) = match specification.split_once('@') {
        Some((key, rest)) if !key.is_empty() => (key, rest),
        _ if specification.is_empty() => return Err(refused(-1)),
        _ => return Err(refused(i32::from(!specification.starts_with('@')))),
    };
    let (node, result) = match rest.split_once('=') {
        Some((node, result)) if !node.is_empty() => (node, result),
        _ => {
            return Err(refused(
                1 + i32::from(!rest.is_empty() && !rest.starts_with('=')),
            ));
        }
    };
    match crate::status::number::parse_i32(result) {
        Some(result) => Ok((key, node, result)),
        None => Err(refused(2)),
    }
}

impl StatusSection<'_> {
    fn ticket_state(&mut self, ticket: &str) -> XmlId {
        let section = self.section;
        let tickets = self.child_or_new(section, "tickets", None);
        let cib = self.document_mut();
        let existing = cib
            .element(tickets)
            .children_named("ticket_state")
            .find(|state| state.id() == Some(ticket))
            .map(Element::xml_id);
        existing.unwrap_or_else(|| {
            let state = cib.append(tickets, "ticket_state");
            cib.set(state, "id", ticket);
            state
        })
    }
}

#[cfg(test)]
mod tests {
    use super::split_specification;

    #[test]
    fn specifications_are_split() {
        let check = |specification, expected| {
            assert_eq!(
                split_specification(specification).ok(),
                expected,
                "{specification}"
            );
        };
        check(
            "rsc_monitor_10000@node=7",
            Some(("rsc_monitor_10000", "node", 7)),
        );
        check("rsc_stop_0@a.b=-1", Some(("rsc_stop_0", "a.b", -1)));
        check("rsc_stop_0@a", None);
        check("rsc_stop_0", None);
        check("rsc_stop_0@=1", None);
        check("rsc_stop_0@a=x", None);
        check("", None);
    }
}
