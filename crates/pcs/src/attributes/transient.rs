//! Attributes that last until the node leaves the cluster.

use cib::xml::{Document, Element, XmlId, escape_attribute, sanitized_id};
use cluster_api::{Edit, Life};

use super::{Found, Owner, Wanted, counted};
use crate::tool::{Done, Workplace};

/// The element that has a node's transient attributes.
pub(super) fn of<'d>(cib: &'d Document, id: &str) -> Option<Element<'d>> {
    state(cib, id)?.child("transient_attributes")
}

fn state<'d>(cib: &'d Document, id: &str) -> Option<Element<'d>> {
    let mut states = cib.root().child("status")?.children_named("node_state");
    states.find(|it| it.id() == Some(id))
}

/// The same, made where there is none.
pub(super) fn make(cib: &mut Document, id: &str, name: &str) -> XmlId {
    let root = cib.root().xml_id();
    let status = super::child(cib, root, "status");
    let state = match state(cib, id) {
        Some(state) => state.xml_id(),
        None => {
            let state = cib.append(status, "node_state");
            cib.set(state, "id", id);
            cib.set(state, "uname", name);
            state
        }
    };
    let attributes = super::child(cib, state, "transient_attributes");
    cib.set(attributes, "id", id);
    attributes
}

/// What is to become of an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'v> {
    /// It has this value from now on.
    Is(&'v str),
    /// There is none any more.
    Gone,
}

/// Writes an attribute of the node called `node`.
pub(crate) fn write(
    workplace: &mut Workplace<'_>,
    node: &str,
    wanted: &Wanted,
    value: Value<'_>,
) -> Done<Option<Found>> {
    let owner = Owner::NodeState {
        name: node.to_owned(),
    };
    let is_counted =
        matches!(value, Value::Is(it) if counted(it, wanted.name.as_deref(), "") != it);
    if !is_counted
        && let (Some(name), None) = (&wanted.name, &wanted.id)
        && let Some(id) = member_id(workplace, node)?
        && let Some(cluster) = workplace.target.cluster()
    {
        let set = wanted.set.clone();
        let set = set.unwrap_or_else(|| format!("status-{id}"));
        cluster.change(vec![edit(&id, node, &set, name, value)])?;
        return Ok(None);
    }
    workplace.edit(|cib| match value {
        Value::Is(value) => owner.set(cib, wanted, value).map(|()| None),
        Value::Gone => owner.remove(cib, wanted),
    })
}

/// The id of a node that is in the cluster now, where the cluster runs.
fn member_id(workplace: &mut Workplace<'_>, node: &str) -> Done<Option<String>> {
    let Some(cluster) = workplace.target.cluster() else {
        return Ok(None);
    };
    let members = cluster.status()?.members;
    let mut members = members.iter().filter(|it| it.life == Life::Member);
    let member = members.find(|it| it.name.eq_ignore_ascii_case(node));
    Ok(member.map(|it| it.node.to_string()))
}

fn edit(id: &str, node: &str, set: &str, name: &str, value: Value<'_>) -> Edit {
    match value {
        Value::Gone => {
            let quote = if name.contains('\'') { '"' } else { '\'' };
            Edit::Delete {
                xpath: format!(
                    "/cib/status/node_state[@id='{id}']/transient_attributes/instance_attributes\
                     /nvpair[@name={quote}{name}{quote}]"
                ),
            }
        }
        Value::Is(value) => {
            let pair = sanitized_id(&format!("{set}-{name}"));
            let [node, set, name, value] = [node, set, name, value].map(escaped);
            Edit::Modify {
                xml: format!(
                    "<status><node_state id=\"{id}\" uname=\"{node}\"><transient_attributes \
                     id=\"{id}\"><instance_attributes id=\"{set}\"><nvpair id=\"{pair}\" \
                     name=\"{name}\" value=\"{value}\"/></instance_attributes>\
                     </transient_attributes></node_state></status>"
                ),
                may_create: false,
            }
        }
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    // Writing to a String cannot fail.
    let _ = escape_attribute(&mut escaped, text);
    escaped
}
