//! Fencing and unfencing of nodes as actions.
//!
//! * A node has one action for each kind (`reboot`, `off`, `on`), called `stonith-NODE-KIND`.
//! * It is required where that was wished and the node can be fenced ([`can_fence`]).
//! * With `priority-fencing-delay`, fencing a lost cluster node waits that long where the node has
//!   the highest priority of all, some node has a lower one, and no more than half of the members
//!   are online: so that of two halves the one with the more important node wins.
//! * Where unfencing is in use, each action carries digests of the parameters of all devices that
//!   unfence; a node that was unfenced by a device with other parameters is unfenced anew.

use cib::Values;

use super::{create, order, set_reason};
use crate::model::table_order::in_table_order;
use crate::model::{ActionId, NoQuorumPolicy, NodeId, NodeKind, Plan, Relation, ResourceId};
use crate::status::{Comparison, compare_device};

/// How deep guests may be nested before the question whether one can be fenced is answered with no.
const MAX_GUEST_DEPTH: usize = 8;

/// The fencing of `node`: `operation` is `on`, `off` or `reboot`, or `None` for the cluster's
/// default.
pub fn fence(
    plan: &mut Plan<'_>,
    node: NodeId,
    operation: Option<&str>,
    optional: bool,
    reason: Option<&str>,
    priority_delay: bool,
) -> ActionId {
    let operation = operation.unwrap_or(plan.options.fencing_action).to_owned();
    let key = format!("stonith-{}-{operation}", plan.nodes[node].name);
    let mut optional = optional;
    let action = match plan.singletons.get(&key) {
        Some(&existing) => existing,
        None => {
            let action = create::action(plan, None, key, "stonith", Some(node), true);
            let of = &plan.nodes[node];
            let (name, uuid) = (of.name, of.uuid);
            let meta = &mut plan.actions[action].meta;
            meta.set("on_node", name);
            meta.set("on_node_uuid", uuid);
            meta.set("stonith_action", operation);
            if plan.options.unfencing {
                optional &= !add_device_digests(plan, action, node);
            }
            action
        }
    };
    let has_delay = |meta: &Values<'_>| meta.contains("priority-fencing-delay");
    if plan.options.priority_fencing_delay_ms > 0
        && (priority_delay || has_delay(&plan.actions[action].meta))
    {
        // Written even where it is 0, so that it takes precedence over a device's own delay.
        let delay_s = priority_delay_s(plan, node).to_string();
        plan.actions[action]
            .meta
            .set("priority-fencing-delay", delay_s);
    }
    if !optional && can_fence(plan, node) {
        plan.actions[action].optional = false;
    }
    if let Some(reason) = reason {
        set_reason(plan, action, reason, false);
    }
    action
}

/// Adds the digests of all devices that unfence to the fencing of `node`. Says whether a device has
/// other parameters than when it last unfenced the node.
fn add_device_digests(plan: &mut Plan<'_>, action: ActionId, node: NodeId) -> bool {
    let mut changed = false;
    let (mut all, mut secure) = (String::new(), String::new());
    for device in unfencing_devices(plan) {
        let xml = plan.resources[device].xml;
        let agent = xml.attribute("type").unwrap_or_default();
        let digests = compare_device(plan, device, agent, node);
        let id = &plan.resources[device].id;
        all.push_str(&format!("{id}:{agent}:{},", digests.all));
        let of_secure = digests.secure.unwrap_or_default();
        secure.push_str(&format!("{id}:{agent}:{of_secure},"));
        if digests.comparison == Comparison::Mismatch {
            changed = true;
            let name = plan.nodes[node].name;
            let text = format!("Unfencing node {name} because the definition of {id} changed");
            plan.remark(format!("notice: {text}"));
            plan.notice(text);
        }
    }
    let meta = &mut plan.actions[action].meta;
    meta.set("digests-all", all);
    meta.set("digests-secure", secure);
    changed
}

/// All devices that unfence nodes, the last one first.
fn unfencing_devices(plan: &Plan<'_>) -> Vec<ResourceId> {
    let mut devices = Vec::new();
    for &root in &plan.roots {
        add_unfencing_devices(plan, root, &mut devices);
    }
    devices.reverse();
    devices
}

fn add_unfencing_devices(plan: &Plan<'_>, resource: ResourceId, devices: &mut Vec<ResourceId>) {
    let of = &plan.resources[resource];
    for &child in &of.children {
        add_unfencing_devices(plan, child, devices);
    }
    let provides_unfencing = || {
        of.meta
            .get("provides")
            .is_some_and(|provides| provides.eq_ignore_ascii_case("unfencing"))
    };
    if of.children.is_empty() && of.fence_device && (of.needs_unfencing || provides_unfencing()) {
        devices.push(resource);
    }
}

/// The unfencing of `node` for `resource`, where the cluster uses unfencing and `resource` (if any)
/// is a fencing device. If the node cannot be unfenced now, all that can and that the device is
/// allowed on are. `dependency` has to wait for it.
pub fn trigger_unfencing(
    plan: &mut Plan<'_>,
    resource: Option<ResourceId>,
    node: NodeId,
    reason: &str,
    dependency: Option<ActionId>,
) {
    if !plan.options.unfencing
        || resource.is_some_and(|resource| !plan.resources[resource].fence_device)
    {
        return;
    }
    let nodes = match resource {
        _ if can_unfence(plan, node) => vec![node],
        Some(resource) => in_table_order(plan, &plan.resources[resource].allowed)
            .map(|candidate| candidate.node)
            .filter(|&node| can_unfence(plan, node))
            .collect(),
        None => Vec::new(),
    };
    for node in nodes {
        let unfencing = fence(plan, node, Some("on"), false, Some(reason), false);
        if let Some(dependency) = dependency {
            order(plan, unfencing, dependency, Relation::ORDERED);
        }
    }
}

fn can_unfence(plan: &Plan<'_>, node: NodeId) -> bool {
    let of = &plan.nodes[node];
    of.online && !of.unclean && !of.shutdown
}

/// Whether `node` can be fenced: fencing is on, there is a device, and the partition has quorum, or
/// does without, or `node` is a member of it. A guest can be, if all hosts that its launcher is
/// active on are online or can be fenced.
#[must_use]
pub fn can_fence(plan: &Plan<'_>, node: NodeId) -> bool {
    can_fence_within(plan, node, MAX_GUEST_DEPTH)
}

fn can_fence_within(plan: &Plan<'_>, node: NodeId, depth: usize) -> bool {
    if plan.is_guest(node) {
        let launcher = plan.nodes[node]
            .connection
            .and_then(|connection| plan.resources[connection].launcher);
        return depth > 0
            && launcher.is_some_and(|launcher| {
                plan.resources[launcher]
                    .active_on
                    .iter()
                    .all(|&host| plan.nodes[host].online || can_fence_within(plan, host, depth - 1))
            });
    }
    let options = &plan.options;
    if !options.fencing_enabled || !options.have_fencing {
        false
    } else if options.quorate || options.no_quorum_policy == NoQuorumPolicy::Ignore {
        true
    } else {
        plan.nodes[node].online && !may_be_elsewhere(plan, node)
    }
}

/// Whether the connection to a remote node may have been moved to another partition: this one has
/// no quorum, and there are nodes in another that the connection may run on.
fn may_be_elsewhere(plan: &Plan<'_>, node: NodeId) -> bool {
    let connection = plan.nodes[node].connection;
    plan.is_remote_or_guest(node)
        && !plan.options.fence_remote_without_quorum
        && connection.is_some_and(|connection| {
            plan.resources[connection]
                .allowed
                .iter()
                .any(|candidate| !plan.nodes[candidate.node].online)
        })
}

/// How long the fencing of `node` waits because of `priority-fencing-delay`, in seconds.
fn priority_delay_s(plan: &Plan<'_>, node: NodeId) -> u64 {
    let of = &plan.nodes[node];
    if of.kind != NodeKind::Cluster || of.online {
        return 0;
    }
    let members = || {
        plan.nodes
            .values()
            .filter(|member| member.kind == NodeKind::Cluster)
    };
    let online = members().filter(|member| member.online).count();
    let top = members().map(|member| member.priority).max();
    let lowest = members().map(|member| member.priority).min();
    if online > members().count() / 2 || lowest == top || Some(of.priority) < top {
        return 0;
    }
    match plan.options.priority_fencing_delay_ms {
        0 => 0,
        1..1000 => 1,
        delay_ms => delay_ms.saturating_add(500) / 1000,
    }
}
