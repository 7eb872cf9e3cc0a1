//! The attributes of an action: what its agent is given.
//!
//! In case of a conflict, the first of these wins:
//! 1. the feature set;
//! 2. instance attributes of the operation;
//! 3. instance attributes of the resource as they hold on the action's node;
//! 4. meta-attributes of the operation, each `NAME` as `CRM_meta_NAME` (not those with `#` or `:`);
//!
//! and these override all of them: what the resource, its group, clone and so on say of
//! themselves (instance number, size of the clone, launcher). Attributes are sorted by name. A
//! parameter whose name begins with a digit cannot be an XML attribute and becomes a `<param>`.

use std::borrow::Cow;

use cib::Values;
use cib::xml::{Document, XmlId};

use super::FEATURE_SET;
use crate::configuration::parameters;
use crate::model::{Action, ActionId, NodeId, Plan, ResourceId, Task, Variant};
use crate::status;

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
    if let Some(resource) = of.resource {
        let mut at = Some(resource);
        while let Some(owner) = at {
            add_owner(plan, owner, &mut attributes);
            at = plan.resources[owner].parent;
        }
        add_guest(plan, of, resource, &mut attributes);
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

/// Adds what `owner`, the action's resource or what it is part of, says of itself.
fn add_owner<'p>(plan: &'p Plan<'_>, owner: ResourceId, attributes: &mut Values<'p>) {
    let of = &plan.resources[owner];
    match &of.variant {
        Variant::Primitive => {
            for name in ["clone", "remote-node"] {
                if let Some(value) = of.meta.get(name) {
                    attributes.set(meta_name(name), value);
                }
            }
            let mut at = Some(owner);
            while let Some(part) = at {
                if let Some(launcher) = plan.resources[part].launcher {
                    attributes.set("CRM_meta_container", &*plan.resources[launcher].id);
                }
                at = plan.resources[part].parent;
            }
            if let Some(address) = of.meta.get("external-ip") {
                attributes.set("pcmk_external_ip", address);
            }
        }
        Variant::Clone(clone) => {
            let flag = |flag: bool| if flag { "true" } else { "false" };
            attributes.set("CRM_meta_globally_unique", flag(of.unique));
            attributes.set("CRM_meta_notify", flag(of.notify));
            attributes.set("CRM_meta_clone_max", clone.max.to_string());
            attributes.set("CRM_meta_clone_node_max", clone.node_max.to_string());
            if of.promotable {
                // The second name of each is the one that agents of old expect.
                for name in ["CRM_meta_promoted_max", "CRM_meta_master_max"] {
                    attributes.set(name, clone.promoted_max.to_string());
                }
                for name in ["CRM_meta_promoted_node_max", "CRM_meta_master_node_max"] {
                    attributes.set(name, clone.promoted_node_max.to_string());
                }
            }
        }
        Variant::Group(_) | Variant::Bundle(_) => {}
    }
}

/// Adds, for an action on a guest, where the guest is: now, for what goes down, or as assigned, for
/// what comes up.
fn add_guest<'p>(
    plan: &'p Plan<'_>,
    action: &Action<'_>,
    resource: ResourceId,
    attributes: &mut Values<'p>,
) {
    let Some(launcher) = action
        .node
        .filter(|&node| plan.is_guest(node))
        .and_then(|node| plan.launcher_of_node(node))
    else {
        return;
    };
    let task = match action.task {
        Task::Notify | Task::Notified => {
            Task::parse(action.meta.get("notify_operation").unwrap_or_default())
        }
        task => task,
    };
    let host = match task {
        Task::Stop | Task::Stopped | Task::Demote | Task::Demoted => plan.active_node(launcher),
        Task::Start | Task::Started | Task::Monitor | Task::Promote | Task::Promoted => {
            plan.resources[launcher].assigned_to
        }
        _ => None,
    };
    if let Some(host) = host {
        let target = "container-attribute-target";
        if let Some(value) = plan.resources[resource].meta.get(target) {
            attributes.set_default(meta_name(target), value);
        }
        attributes.set_default("CRM_meta_physical_host", plan.nodes[host].name);
    }
}
