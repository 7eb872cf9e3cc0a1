//! The status of a cluster as a JSON value.
//!
//! Names are those of the XML form, types are JSON's: booleans, numbers, lists. What a resource is
//! made of is in `members` (group), `instances` (clone) or `replicas` (bundle).

use scheduler::Plan;
use scheduler::model::{NodeId, NodeKind, ResourceId, Variant};
use serde_json::{Value, json};

use super::failures;
use super::xml::local;
use super::{View, attributes, nodes, resources};
use crate::exit;

/// The whole status.
#[must_use]
pub fn value(plan: &Plan<'_>, view: &View) -> Value {
    let counts = plan.instance_counts();
    let nodes: Vec<Value> = plan
        .nodes_by_name
        .iter()
        .map(|&id| node(plan, id))
        .collect();
    let resources: Vec<Value> = plan
        .roots
        .iter()
        .filter(|&&root| !plan.resources[root].removed || plan.is_active(root, true))
        .map(|&root| resource(plan, root, view))
        .collect();
    let mut status = json!({
        "quorum": plan.options.quorate,
        "maintenance": plan.options.maintenance,
        "instances": {
            "all": counts.all,
            "disabled": counts.disabled,
            "blocked": counts.blocked,
        },
        "nodes": nodes,
        "resources": resources,
    });
    if view.attributes {
        status["node_attributes"] = node_attributes(plan);
    }
    if view.fail_counts.is_some() {
        status["fail_counts"] = fail_counts(plan, view);
        status["failures"] = failures(plan);
    }
    status
}

fn node(plan: &Plan<'_>, node: NodeId) -> Value {
    let of = &plan.nodes[node];
    let launcher = plan
        .launcher_of_node(node)
        .filter(|_| plan.is_guest(node))
        .map(|launcher| &plan.resources[launcher].id);
    json!({
        "name": of.name,
        "id": of.uuid,
        "type": match of.kind {
            NodeKind::Cluster => "member",
            NodeKind::Remote => "remote",
        },
        "state": nodes::state(of),
        "online": of.online,
        "standby": of.standby,
        "standby_onfail": of.standby_on_fail,
        "maintenance": of.maintenance,
        "pending": of.pending,
        "unclean": of.unclean,
        "health": nodes::health(plan, node).name(),
        "feature_set": nodes::feature_set(plan, node),
        "shutdown": of.shutdown,
        "expected_up": of.expected_up,
        "is_dc": of.is_dc,
        "resources_running": of.running.len(),
        "id_as_resource": launcher,
    })
}

fn resource(plan: &Plan<'_>, resource: ResourceId, view: &View) -> Value {
    let of = &plan.resources[resource];
    let mut value = json!({
        "id": plan.printable_id(resource),
        "managed": of.managed,
        "maintenance": of.maintenance,
        "disabled": plan.is_disabled(resource),
        "target_role": of.meta.get("target-role"),
        "active": plan.is_active(resource, true),
    });
    let parts = |ids: &[ResourceId]| -> Vec<Value> {
        ids.iter()
            .map(|&part| self::resource(plan, part, view))
            .collect()
    };
    match &of.variant {
        Variant::Primitive => primitive(plan, resource, view, &mut value),
        Variant::Group(_) => {
            value["kind"] = json!("group");
            value["members"] = json!(parts(&of.children));
        }
        Variant::Clone(_) => {
            value["kind"] = json!("clone");
            value["promotable"] = json!(of.promotable);
            value["unique"] = json!(of.unique);
            value["instances"] = json!(parts(&of.children));
        }
        Variant::Bundle(bundle) => {
            let replicas: Vec<Value> = bundle
                .replicas
                .iter()
                .map(|replica| {
                    let resources: Vec<ResourceId> = replica.parts().collect();
                    json!({ "id": replica.offset, "resources": parts(&resources) })
                })
                .collect();
            value["kind"] = json!("bundle");
            value["type"] = json!(bundle.technology);
            value["image"] = json!(bundle.image);
            value["unique"] = json!(of.unique);
            value["replicas"] = json!(replicas);
        }
    }
    value
}

fn primitive(plan: &Plan<'_>, resource: ResourceId, view: &View, value: &mut Value) {
    let pending = view.pending;
    let of = &plan.resources[resource];
    let name = |node: &NodeId| plan.nodes[*node].name;
    value["kind"] = json!("primitive");
    value["resource_agent"] = json!(resources::agent(of));
    value["role"] = json!(resources::displayed_role(plan, resource).name());
    value["state"] = json!(resources::displayed_state(plan, resource, pending));
    value["removed"] = json!(of.removed);
    value["blocked"] = json!(of.blocked);
    value["failed"] = json!(of.failed);
    value["failure_ignored"] = json!(of.ignore_failure);
    value["nodes"] = json!(of.active_on.iter().map(name).collect::<Vec<_>>());
    if let Some(doubt) = &view.doubt {
        value["doubt"] =
            json!(doubt.about(of.active_on.first().map(|&node| plan.nodes[node].name)));
    }
    value["locked_to"] = json!(of.lock_node.as_ref().map(name));
    value["pending"] = json!(resources::pending_check(of).filter(|_| pending));
}

fn node_attributes(plan: &Plan<'_>) -> Value {
    attributes::by_node(plan)
        .map(|(node, attributes)| {
            let attributes: Vec<Value> = attributes
                .iter()
                .map(|attribute| {
                    json!({
                        "name": attribute.name,
                        "value": attribute.value,
                        "expected": attribute.expected,
                    })
                })
                .collect();
            json!({ "node": plan.nodes[node].name, "attributes": attributes })
        })
        .collect()
}

fn fail_counts(plan: &Plan<'_>, view: &View) -> Value {
    let nodes = view.fail_counts.iter().flatten();
    nodes
        .flat_map(|node| node.resources.iter().map(move |failures| (node.node, failures)))
        .map(|(node, failures)| {
            let last = (failures.last_s > 0).then(|| local(plan.now, failures.last_s).to_string());
            json!({
                "node": plan.nodes[node].name,
                "resource": failures.name,
                "fail_count": failures.count,
                "migration_threshold": plan.resources[failures.resource].migration_threshold.value(),
                "last_failure": last,
            })
        })
        .collect()
}

fn failures(plan: &Plan<'_>) -> Value {
    plan.failed_operations
        .iter()
        .filter(|failed| !failures::is_masked_probe(failed.entry))
        .map(|failed| {
            let entry = failed.entry;
            let number = |name| failures::number(entry, name);
            let changed = Some(number("last-rc-change")).filter(|&at_s| at_s > 0);
            json!({
                "op_key": failures::key(entry),
                "node": plan.nodes[failed.node].name,
                "exitcode": number("rc-code"),
                "exitstatus": exit::text(number("rc-code")),
                "exitreason": entry.attribute("exit-reason"),
                "call": number("call-id"),
                "status": failures::status_text(entry),
                "last_rc_change": changed.map(|at_s| local(plan.now, at_s).to_string()),
            })
        })
        .collect()
}
