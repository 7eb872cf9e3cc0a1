//! What an agent is told of its resource's place in the cluster, beyond parameters and the
//! meta-attributes of the action: attributes of the graph's actions.
//!
//! | of | attributes |
//! | --- | --- |
//! | the primitive | `clone` (the instance's number), `remote-node`, `container` (what launches it, or the outermost of what it is part of), and the address of a bundle's replica |
//! | each clone that it is part of | `globally-unique`, `notify`, `clone-max`, `clone-node-max`; if promotable also `promoted-max`, `promoted-node-max` and their old names |
//! | the guest that it runs on | `container-attribute-target` and `physical-host`, the guest's host: where it is for what goes down, where it will be for what comes up |
//!
//! The names are `CRM_meta_NAME` with underscores, but for `pcmk_external_ip`.

use std::borrow::Cow;

use crate::model::{Action, NodeId, Plan, ResourceId, Task, Variant};

/// The names and values for `action`, in no particular order; each replaces what has the same name.
#[must_use]
pub fn graph_meta<'p>(
    plan: &'p Plan<'_>,
    action: &Action<'_>,
) -> Vec<(&'static str, Cow<'p, str>)> {
    let mut meta = Vec::new();
    let Some(resource) = action.resource else {
        return meta;
    };
    let mut next = Some(resource);
    while let Some(at) = next {
        match plan.resources[at].variant {
            Variant::Primitive => add_of_primitive(plan, at, &mut meta),
            Variant::Clone(_) => add_of_clone(plan, at, &mut meta),
            Variant::Group(_) | Variant::Bundle(_) => {}
        }
        next = plan.resources[at].parent;
    }
    if let Some(host) = physical_host(plan, action) {
        let target = plan.resources[resource]
            .meta
            .get("container-attribute-target");
        if let Some(target) = target {
            meta.push(("CRM_meta_container_attribute_target", target.into()));
        }
        meta.push(("CRM_meta_physical_host", plan.nodes[host].name.into()));
    }
    meta
}

fn add_of_primitive<'p>(
    plan: &'p Plan<'_>,
    resource: ResourceId,
    meta: &mut Vec<(&'static str, Cow<'p, str>)>,
) {
    const FROM_META: [(&str, &str); 3] = [
        ("clone", "CRM_meta_clone"),
        ("remote-node", "CRM_meta_remote_node"),
        ("external-ip", "pcmk_external_ip"),
    ];
    let of = &plan.resources[resource];
    for (name, attribute) in FROM_META {
        if let Some(value) = of.meta.get(name) {
            meta.push((attribute, value.into()));
        }
    }
    let outermost = std::iter::successors(Some(resource), |&at| plan.resources[at].parent)
        .filter_map(|at| plan.resources[at].launcher)
        .last();
    if let Some(launcher) = outermost {
        meta.push(("CRM_meta_container", (&*plan.resources[launcher].id).into()));
    }
}

fn add_of_clone<'p>(
    plan: &'p Plan<'_>,
    clone: ResourceId,
    meta: &mut Vec<(&'static str, Cow<'p, str>)>,
) {
    let Some(data) = plan.clone_data(clone) else {
        return;
    };
    let of = &plan.resources[clone];
    let boolean = |value: bool| if value { "true" } else { "false" };
    meta.push(("CRM_meta_globally_unique", boolean(of.unique).into()));
    meta.push(("CRM_meta_notify", boolean(of.notify).into()));
    meta.push(("CRM_meta_clone_max", data.max.to_string().into()));
    meta.push(("CRM_meta_clone_node_max", data.node_max.to_string().into()));
    if of.promotable {
        let max = data.promoted_max.to_string();
        let node_max = data.promoted_node_max.to_string();
        meta.push(("CRM_meta_promoted_max", max.clone().into()));
        meta.push(("CRM_meta_promoted_node_max", node_max.clone().into()));
        meta.push(("CRM_meta_master_max", max.into()));
        meta.push(("CRM_meta_master_node_max", node_max.into()));
    }
}

/// The host of the guest that `action` is done on, if it is done on one.
fn physical_host(plan: &Plan<'_>, action: &Action<'_>) -> Option<NodeId> {
    let node = action.node.filter(|&node| plan.is_guest(node))?;
    let launcher = plan.launcher_of_node(node)?;
    let task = match action.task {
        Task::Notify | Task::Notified => action
            .meta
            .get("notify_operation")
            .map_or(Task::Other, Task::parse),
        task => task,
    };
    match task {
        Task::Stop | Task::Stopped | Task::Demote | Task::Demoted => plan.active_node(launcher),
        Task::Start | Task::Started | Task::Monitor | Task::Promote | Task::Promoted => {
            plan.resources[launcher].assigned_to
        }
        _ => None,
    }
}
