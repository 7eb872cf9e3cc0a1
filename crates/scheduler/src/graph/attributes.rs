//! The attributes of an action: what its agent is given.
//!
//! In case of a conflict, the first of these wins:
//! 1. the feature set;
//! 2. instance attributes of the operation;
//! 3. instance attributes of the resource as they hold on the action's node;
//! 4. meta-attributes of the operation, each `NAME` as `CRM_meta_NAME` (not those with `#` or `:`);
//!
//! and what an action says of its resource's place in the cluster ([`transition::graph_meta`])
//! overrides all of them. Attributes are sorted by name. A
//! parameter whose name begins with a digit cannot be an XML attribute and becomes a `<param>`.

use std::borrow::Cow;

use cib::Values;
use cib::xml::{Document, XmlId};

use super::FEATURE_SET;
use crate::configuration::parameters;
use crate::model::{Action, ActionId, NodeId, Plan};
use crate::{status, transition};

/// Appends the attributes of `action` to `element`. `node` is where it is done, if it says so.
pub(super) fn write(
    document: &mut Document,
    element: XmlId,
    plan: &Plan<'_>,
    action: ActionId,
    node: Option<NodeId>,
) {
    let of = &plan.actions[action];
    let mut attributes = Values::new();
    let mut numbered = Vec::new();
    attributes.set("crm_feature_set", FEATURE_SET);
    for (name, value) in of.extra.iter() {
        attributes.set_default(name, value);
    }
    let parameters = resource_parameters(plan, of);
    for (name, value) in parameters.iter() {
        if name.starts_with(|character: char| character.is_ascii_digit()) {
            numbered.push((name, value));
        } else {
            attributes.set_default(name, value);
        }
    }
    if let Some(node) = node {
        attributes.set("CRM_meta_on_node", plan.nodes[node].name);
        attributes.set("CRM_meta_on_node_uuid", plan.nodes[node].uuid);
    }
    for (name, value) in of.meta.iter() {
        if !name.contains(['#', ':']) {
            attributes.set_default(meta_name(name), value);
        }
    }
    for (name, value) in transition::graph_meta(plan, of) {
        attributes.set(name, value);
    }

    let child = document.append(element, "attributes");
    for (name, value) in attributes.iter() {
        document.set(child, name, value);
    }
    for (name, value) in numbered {
        let parameter = document.append(child, "param");
        document.set(parameter, "name", name);
        document.set(parameter, "value", value);
    }
}

/// A meta-attribute's name as agents see it.
fn meta_name(name: &str) -> Cow<'static, str> {
    Cow::Owned(format!("CRM_meta_{}", name.replace('-', "_")))
}

/// The parameters of the action's resource: where it is done, or, for a primitive, in general.
fn resource_parameters<'c>(plan: &Plan<'c>, action: &Action<'c>) -> Values<'c> {
    match (action.resource, action.node) {
        (Some(resource), Some(node)) => {
            let mut values = parameters(plan, resource, Some(node));
            if values.get("addr") == Some("#uname")
                && let Some(address) = status::container_host(plan, resource)
            {
                values.set("addr", address);
            }
            values
        }
        (Some(resource), None) if plan.is_primitive(resource) => parameters(plan, resource, None),
        _ => Values::new(),
    }
}
