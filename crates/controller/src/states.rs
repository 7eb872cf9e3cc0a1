//! The states of nodes in the CIB, as the coordinator writes them.
//!
//! | node | `in_ccm` | `crmd` | `join` | `expected` |
//! | --- | --- | --- | --- | --- |
//! | member of the view | true | online | member | member |
//! | not in the view, was there | false | offline | down | as it was |
//! | may leave | | | | down |
//! | fenced | false | offline | down | down |
//!
//! A node that was there and is not expected down is *unclean* to the scheduler: it is fenced, where
//! fencing is on. What a node left behind (its history, its transient attributes) goes when it is
//! certain that nothing of it runs: when it left in order, or was fenced.

use std::collections::BTreeSet;

use cib::views::boolean_option;
use cib::xml::{Document, Element, escape_attribute, sanitized_id};
use replica::Operation as Edit;

use crate::action::ClusterAction;
use crate::coordinator::Settings;

/// A failure that is to be counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Failure<'a> {
    pub node: u32,
    pub resource: &'a str,
    pub task: &'a str,
    pub interval_ms: u32,
    /// Whether it counts as infinitely many.
    pub is_fatal: bool,
    /// In seconds since 1970.
    pub at_s: i64,
}

/// Whether the CIB has a state of that node: it was there since the cluster began.
pub(crate) fn is_seen(cib: &Document, node: u32) -> bool {
    state(cib, &node.to_string()).is_some()
}

/// Whether nodes that never came are fenced (`stonith-enabled` and `startup-fencing`, both true where
/// nothing is said).
pub(crate) fn fences_at_start(cib: &Document) -> bool {
    let names = ["startup-fencing", "startup_fencing"];
    fences(cib) && names.iter().find_map(|name| boolean_option(cib, name)) != Some(false)
}

/// Whether nodes that are lost are fenced (`stonith-enabled`, true where nothing is said).
pub(crate) fn fences(cib: &Document) -> bool {
    let names = ["stonith-enabled", "fencing-enabled"];
    names.iter().find_map(|name| boolean_option(cib, name)) != Some(false)
}

/// The nodes that were there, did not leave in order, and are none of these members.
pub(crate) fn lost(cib: &Document, members: &BTreeSet<u32>) -> BTreeSet<u32> {
    let states = cib.root().child("status").into_iter();
    let states = states.flat_map(|status| status.children_named("node_state"));
    let expected = states.filter(|state| {
        state.attribute("in_ccm") == Some("true") && state.attribute("expected") != Some("down")
    });
    let ids = expected.filter_map(|state| state.id()?.parse().ok());
    ids.filter(|id| !members.contains(id)).collect()
}

fn state<'d>(cib: &'d Document, id: &str) -> Option<Element<'d>> {
    let status = cib.root().child("status")?;
    status
        .children_named("node_state")
        .find(|state| state.id() == Some(id))
}

fn place(id: &str) -> String {
    format!("/cib/status/node_state[@id='{id}']")
}

/// Merges this into the CIB's element of that place.
fn merged(place: &str, element: String) -> Edit {
    Edit::Modify {
        place: Some(place.to_owned()),
        element,
        may_create: false,
    }
}

fn removed(query: String) -> Edit {
    Edit::Delete { query, all: true }
}

/// What the CIB is to say of a view that has begun.
pub(crate) fn of_view(cib: &Document, settings: &Settings) -> Vec<Edit> {
    let quorum = u8::from(settings.is_quorate);
    let mut edits = vec![merged(
        "/cib",
        format!(
            "<cib have-quorum=\"{quorum}\" dc-uuid=\"{}\"/>",
            settings.me
        ),
    )];
    edits.extend(of_unknown_nodes(cib, settings));
    let mut states = String::new();
    for (node, name) in &settings.nodes {
        if settings.members.contains(node) {
            states += &format!(
                "<node_state id=\"{node}\" uname=\"{name}\" in_ccm=\"true\" crmd=\"online\" \
                 join=\"member\" expected=\"member\"/>"
            );
            continue;
        }
        let id = node.to_string();
        let Some(state) = state(cib, &id) else {
            continue;
        };
        states += &format!(
            "<node_state id=\"{id}\" uname=\"{name}\" in_ccm=\"false\" crmd=\"offline\" join=\"down\"/>"
        );
        if state.attribute("expected") == Some("down") {
            edits.push(removed(format!("{}/*", place(&id))));
        }
    }
    edits.push(merged("/cib/status", format!("<status>{states}</status>")));
    edits
}

/// Nodes that the configuration does not list are added to it.
fn of_unknown_nodes(cib: &Document, settings: &Settings) -> Option<Edit> {
    let listed = cib.root().child("configuration")?.child("nodes")?;
    let is_listed = |id: &str| listed.children().any(|node| node.id() == Some(id));
    let unknown: String = settings
        .nodes
        .iter()
        .filter(|(node, _)| !is_listed(&node.to_string()))
        .map(|(node, name)| format!("<node id=\"{node}\" uname=\"{name}\"/>"))
        .collect();
    (!unknown.is_empty()).then(|| {
        let nodes = format!("<nodes>{unknown}</nodes>");
        merged("/cib/configuration/nodes", nodes)
    })
}

/// A node wants to leave: its resources are to be stopped or moved.
pub(crate) fn of_shutdown(node: u32, now_s: i64) -> Vec<Edit> {
    let time = now_s.to_string();
    vec![with_attributes(
        &node.to_string(),
        &[("shutdown".to_owned(), time)],
    )]
}

/// A node has nothing left to run and is let go.
pub(crate) fn of_leaver(id: &str) -> Vec<Edit> {
    let state = format!("<status><node_state id=\"{id}\" expected=\"down\"/></status>");
    vec![merged("/cib/status", state)]
}

/// A node was fenced: nothing of it runs.
pub(crate) fn of_fenced(id: &str) -> Vec<Edit> {
    let state = format!(
        "<status><node_state id=\"{id}\" in_ccm=\"false\" crmd=\"offline\" join=\"down\" \
         expected=\"down\"/></status>"
    );
    vec![
        merged("/cib/status", state),
        removed(format!("{}/*", place(id))),
    ]
}

/// One failure more.
pub(crate) fn with_failure(cib: &Document, failure: &Failure<'_>) -> Vec<Edit> {
    let Failure {
        node,
        resource,
        task,
        interval_ms,
        is_fatal,
        at_s,
    } = *failure;
    let node = node.to_string();
    let suffix = format!("{resource}#{task}_{interval_ms}");
    let name = format!("fail-count-{suffix}");
    let count = match transient_attribute(cib, &node, &name).map(str::parse::<u64>) {
        _ if is_fatal => "INFINITY".to_owned(),
        // INFINITY stays.
        Some(Err(_)) => return Vec::new(),
        Some(Ok(count)) => (count + 1).to_string(),
        None => "1".to_owned(),
    };
    let time = at_s.to_string();
    let pairs = [(name, count), (format!("last-failure-{suffix}"), time)];
    vec![with_attributes(&node, &pairs)]
}

/// Transient attributes of a node, besides those that it has.
fn with_attributes(node: &str, attributes: &[(String, String)]) -> Edit {
    let pairs: String = attributes
        .iter()
        .map(|(name, value)| {
            let id = sanitized_id(&format!("status-{node}-{name}"));
            let (name, value) = (escaped(name), escaped(value));
            format!("<nvpair id=\"{id}\" name=\"{name}\" value=\"{value}\"/>")
        })
        .collect();
    let attributes = format!(
        "<status><node_state id=\"{node}\"><transient_attributes id=\"{node}\">\
         <instance_attributes id=\"status-{node}\">{pairs}</instance_attributes>\
         </transient_attributes></node_state></status>"
    );
    merged("/cib/status", attributes)
}

/// What an agent wants an attribute of its node to be; nothing: it is to go.
pub(crate) fn of_attribute(node: u32, name: &str, value: Option<&str>) -> Edit {
    let node = node.to_string();
    match value {
        Some(value) => with_attributes(&node, &[(name.to_owned(), value.to_owned())]),
        None => {
            let id = sanitized_id(&format!("status-{node}-{name}"));
            let attributes = format!("{}/transient_attributes", place(&node));
            removed(format!("{attributes}//nvpair[@id='{id}']"))
        }
    }
}

fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    // A text takes whatever is written to it.
    let _ = escape_attribute(&mut text, value);
    text
}

fn transient_attribute<'d>(cib: &'d Document, node: &str, name: &str) -> Option<&'d str> {
    let attributes = state(cib, node)?.child("transient_attributes")?;
    let mut pairs = attributes.descendants();
    pairs
        .find(|pair| pair.attribute("name") == Some(name))?
        .attribute("value")
}

/// The failures of an operation, or of all of a resource, are forgotten.
pub(crate) fn without_fail_counts(action: &ClusterAction) -> Vec<Edit> {
    let Some(resource) = &action.resource else {
        return Vec::new();
    };
    let parameter = |name: &str| action.parameters.get(name).map(String::as_str);
    let task = parameter("CRM_meta_operation").unwrap_or_default();
    let interval = parameter("CRM_meta_interval").unwrap_or("0");
    let names =
        ["fail-count", "last-failure"].map(|kind| format!("{kind}-{resource}#{task}_{interval}"));
    let attributes = format!("{}/transient_attributes", place(&action.node_id));
    names
        .into_iter()
        .map(|name| removed(format!("{attributes}//nvpair[@name='{name}']")))
        .collect()
}
