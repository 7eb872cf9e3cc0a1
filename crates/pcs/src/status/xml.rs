//! The status of a cluster in Pacemaker's XML (API schema, `crm_simulate`).

use cib::time::DateTime;
use cib::xml::{Document, XmlId};
use scheduler::Plan;
use scheduler::model::{NodeId, NodeKind, ResourceId, Variant};

use super::fail_counts::NodeFailures;
use super::failures;
use super::{Shape, View, attributes, nodes, resources};
use crate::exit;

/// Appends `<nodes>`, `<resources>` and what else `view` asks for to `parent`.
pub fn append(document: &mut Document, parent: XmlId, plan: &Plan<'_>, view: &View) {
    let shape = Shape {
        pending: view.pending,
        doubt: view.doubt.clone(),
        ..Shape::default()
    };
    let mut writer = Writer::new(document, plan, &shape);
    writer.nodes(parent);
    writer.resources(parent);
    if view.attributes {
        writer.attributes(parent);
    }
    if let Some(counts) = &view.fail_counts {
        writer.fail_counts(parent, counts);
        writer.failures(parent);
    }
}

/// Writes parts of a status.
pub(crate) struct Writer<'a, 'c> {
    document: &'a mut Document,
    plan: &'a Plan<'c>,
    shape: &'a Shape,
}

/// A boolean as attributes have it.
const fn yes_or_no(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

impl<'a, 'c> Writer<'a, 'c> {
    /// For parts of the status of `plan`.
    pub fn new(document: &'a mut Document, plan: &'a Plan<'c>, shape: &'a Shape) -> Self {
        Self {
            document,
            plan,
            shape,
        }
    }

    /// Appends an element with these attributes; those without a value are left out.
    fn element(&mut self, parent: XmlId, name: &str, attributes: &[(&str, Option<&str>)]) -> XmlId {
        let element = self.document.append(parent, name);
        for (name, value) in attributes {
            if let Some(value) = value {
                self.document.set(element, name, value);
            }
        }
        element
    }

    /// Appends the nodes.
    pub fn nodes(&mut self, parent: XmlId) {
        let plan = self.plan;
        let list = self.document.append(parent, "nodes");
        for &node in plan.nodes_by_name.iter() {
            if !self.shape.has_node(node) {
                continue;
            }
            let element = self.node(list, node);
            for &resource in &plan.nodes[node].running {
                if self.shape.by_node {
                    self.primitive(element, resource);
                }
            }
        }
    }

    fn node(&mut self, parent: XmlId, node: NodeId) -> XmlId {
        let plan = self.plan;
        let of = &plan.nodes[node];
        let running = of.running.len().to_string();
        let launcher = plan
            .launcher_of_node(node)
            .filter(|_| plan.is_guest(node))
            .map(|launcher| &*plan.resources[launcher].id);
        let kind = match of.kind {
            NodeKind::Cluster => "member",
            NodeKind::Remote => "remote",
        };
        self.element(
            parent,
            "node",
            &[
                ("name", Some(of.name)),
                ("id", Some(of.uuid)),
                ("online", Some(yes_or_no(of.online))),
                ("standby", Some(yes_or_no(of.standby))),
                ("standby_onfail", Some(yes_or_no(of.standby_on_fail))),
                ("maintenance", Some(yes_or_no(of.maintenance))),
                ("pending", Some(yes_or_no(of.pending))),
                ("unclean", Some(yes_or_no(of.unclean))),
                ("health", Some(nodes::health(plan, node).name())),
                ("feature_set", nodes::feature_set(plan, node)),
                ("shutdown", Some(yes_or_no(of.shutdown))),
                ("expected_up", Some(yes_or_no(of.expected_up))),
                ("is_dc", Some(yes_or_no(of.is_dc))),
                ("resources_running", Some(&running)),
                ("type", Some(kind)),
                ("id_as_resource", launcher),
            ],
        )
    }

    /// Appends the resources.
    pub fn resources(&mut self, parent: XmlId) {
        let wanted = |root: ResourceId| {
            let only = self.shape.only_resources.as_ref();
            only.is_none_or(|only| only.contains(&self.plan.resources[root].id))
        };
        let shown: Vec<ResourceId> = self
            .plan
            .roots
            .iter()
            .copied()
            .filter(|&root| !self.plan.resources[root].removed || self.plan.is_active(root, true))
            .filter(|&root| wanted(root))
            .collect();
        if shown.is_empty() {
            return;
        }
        let list = self.document.append(parent, "resources");
        for root in shown {
            self.resource(list, root);
        }
    }

    fn resource(&mut self, parent: XmlId, resource: ResourceId) {
        match &self.plan.resources[resource].variant {
            Variant::Primitive => self.primitive(parent, resource),
            Variant::Group(_) => self.group(parent, resource),
            Variant::Clone(_) => self.clone_set(parent, resource),
            Variant::Bundle(_) => self.bundle(parent, resource),
        }
    }

    fn primitive(&mut self, parent: XmlId, resource: ResourceId) {
        let plan = self.plan;
        let of = &plan.resources[resource];
        let attribute = |name| of.xml.attribute(name);
        let class = attribute("class").unwrap_or("unknown");
        let kind = attribute("type").unwrap_or("unknown");
        let agent = match attribute("provider") {
            Some(provider) => format!("{class}:{provider}:{kind}"),
            None => format!("{class}:{kind}"),
        };
        let running_on = of.active_on.len().to_string();
        let pending = self.shape.pending;
        let place = of.active_on.first().map(|&node| plan.nodes[node].name);
        let doubt = self.shape.doubt.as_ref();
        let doubt = doubt.and_then(|it| it.about(place));
        let element = self.element(
            parent,
            "resource",
            &[
                ("id", Some(plan.printable_id(resource))),
                ("resource_agent", Some(&agent)),
                (
                    "role",
                    Some(resources::displayed_state(plan, resource, pending)),
                ),
                ("target_role", of.meta.get("target-role")),
                ("active", Some(yes_or_no(plan.is_active(resource, true)))),
                // The old name of the next one.
                ("orphaned", Some(yes_or_no(of.removed))),
                ("removed", Some(yes_or_no(of.removed))),
                ("blocked", Some(yes_or_no(of.blocked))),
                ("maintenance", Some(yes_or_no(of.maintenance))),
                ("managed", Some(yes_or_no(of.managed))),
                ("failed", Some(yes_or_no(of.failed))),
                ("failure_ignored", Some(yes_or_no(of.ignore_failure))),
                ("nodes_running_on", Some(&running_on)),
                ("pending", resources::pending_check(of).filter(|_| pending)),
                ("locked_to", of.lock_node.map(|node| plan.nodes[node].name)),
                ("doubt", doubt.as_deref()),
            ],
        );
        for &node in &of.active_on {
            let of = &plan.nodes[node];
            self.element(
                element,
                "node",
                &[
                    ("name", Some(of.name)),
                    ("id", Some(of.uuid)),
                    ("cached", Some(yes_or_no(of.online))),
                ],
            );
        }
    }

    fn group(&mut self, parent: XmlId, group: ResourceId) {
        let plan = self.plan;
        let of = &plan.resources[group];
        if of.children.is_empty() {
            return;
        }
        let members = of.children.len().to_string();
        let element = self.element(
            parent,
            "group",
            &[
                ("id", Some(&of.id)),
                ("number_resources", Some(&members)),
                ("maintenance", Some(yes_or_no(of.maintenance))),
                ("managed", Some(yes_or_no(of.managed))),
                ("disabled", Some(yes_or_no(plan.is_disabled(group)))),
            ],
        );
        for &member in &of.children {
            self.resource(element, member);
        }
    }

    fn clone_set(&mut self, parent: XmlId, clone: ResourceId) {
        let plan = self.plan;
        let of = &plan.resources[clone];
        if of.children.is_empty() {
            return;
        }
        let element = self.element(
            parent,
            "clone",
            &[
                ("id", Some(&of.id)),
                ("multi_state", Some(yes_or_no(of.promotable))),
                ("unique", Some(yes_or_no(of.unique))),
                ("maintenance", Some(yes_or_no(of.maintenance))),
                ("managed", Some(yes_or_no(of.managed))),
                ("disabled", Some(yes_or_no(plan.is_disabled(clone)))),
                ("failed", Some(yes_or_no(of.failed))),
                ("failure_ignored", Some(yes_or_no(of.ignore_failure))),
                ("target_role", resources::configured_role(plan, clone)),
            ],
        );
        for &instance in &of.children {
            self.resource(element, instance);
        }
    }

    fn bundle(&mut self, parent: XmlId, bundle: ResourceId) {
        let plan = self.plan;
        let of = &plan.resources[bundle];
        let Some(data) = plan
            .bundle_data(bundle)
            .filter(|data| !data.replicas.is_empty())
        else {
            return;
        };
        let element = self.element(
            parent,
            "bundle",
            &[
                ("id", Some(&of.id)),
                ("type", Some(data.technology)),
                ("image", Some(data.image)),
                ("unique", Some(yes_or_no(of.unique))),
                ("maintenance", Some(yes_or_no(of.maintenance))),
                ("managed", Some(yes_or_no(of.managed))),
                ("failed", Some(yes_or_no(of.failed))),
            ],
        );
        for replica in &data.replicas {
            let offset = replica.offset.to_string();
            let element = self.element(element, "replica", &[("id", Some(&offset))]);
            for part in replica.parts() {
                self.resource(element, part);
            }
        }
    }

    /// Appends attributes of nodes.
    pub fn attributes(&mut self, parent: XmlId) {
        let mut list = None;
        for (node, attributes) in attributes::by_node(self.plan) {
            if !self.shape.has_node(node) {
                continue;
            }
            let list = *list.get_or_insert_with(|| self.document.append(parent, "node_attributes"));
            let name = self.plan.nodes[node].name;
            let element = self.element(list, "node", &[("name", Some(name))]);
            for attribute in attributes {
                let expected = attribute.expected.map(|expected| expected.to_string());
                self.element(
                    element,
                    "attribute",
                    &[
                        ("name", Some(attribute.name)),
                        ("value", Some(attribute.value)),
                        ("expected", expected.as_deref()),
                    ],
                );
            }
        }
    }

    fn fail_counts(&mut self, parent: XmlId, nodes: &[NodeFailures]) {
        if nodes.is_empty() {
            return;
        }
        let list = self.document.append(parent, "node_history");
        for node in nodes.iter().filter(|node| !node.resources.is_empty()) {
            let name = self.plan.nodes[node.node].name;
            let element = self.element(list, "node", &[("name", Some(name))]);
            for failures in &node.resources {
                let threshold = self.plan.resources[failures.resource]
                    .migration_threshold
                    .value();
                let (threshold, count) = (threshold.to_string(), failures.count.to_string());
                let last = (failures.last_s > 0)
                    .then(|| local(self.plan.now, failures.last_s).to_ctime_text());
                self.element(
                    element,
                    "resource_history",
                    &[
                        ("id", Some(&failures.name)),
                        // The old name of the next one.
                        ("orphan", Some("false")),
                        ("removed", Some("false")),
                        ("migration-threshold", Some(&threshold)),
                        ("fail-count", Some(&count)),
                        ("last-failure", last.as_deref()),
                    ],
                );
            }
        }
    }

    /// Appends failed operations.
    pub fn failures(&mut self, parent: XmlId) {
        let plan = self.plan;
        let mut list = None;
        for failed in &plan.failed_operations {
            let entry = failed.entry;
            if failures::is_masked_probe(entry) || !self.shape.has_node(failed.node) {
                continue;
            }
            let list = *list.get_or_insert_with(|| self.document.append(parent, "failures"));
            let attribute = |name| entry.attribute(name);
            let key_name = match attribute("operation_key") {
                Some(_) => "op_key",
                None => "id",
            };
            let result = failures::number(entry, "rc-code");
            let result_text = result.to_string();
            let changed = attribute("last-rc-change")
                .and_then(|value| value.parse().ok())
                .filter(|&changed: &i64| changed > 0);
            let interval = failures::number(entry, "interval").to_string();
            let change_text = changed.map(|changed| local(plan.now, changed).to_string());
            let when_changed = |value| changed.and(value);
            self.element(
                list,
                "failure",
                &[
                    (key_name, failures::key(entry)),
                    ("node", Some(plan.nodes[failed.node].name)),
                    ("exitstatus", Some(exit::text(result))),
                    (
                        "exitreason",
                        Some(attribute("exit-reason").unwrap_or("none")),
                    ),
                    ("exitcode", Some(&result_text)),
                    ("call", attribute("call-id")),
                    ("status", Some(failures::status_text(entry))),
                    ("last-rc-change", change_text.as_deref()),
                    ("queued", when_changed(attribute("queue-time"))),
                    ("exec", when_changed(attribute("exec-time"))),
                    ("interval", when_changed(Some(&*interval))),
                    ("task", when_changed(attribute("operation"))),
                ],
            );
        }
    }
}

/// The moment `epoch_s`, as the local clock shows it.
pub(crate) fn local(clock: DateTime, epoch_s: i64) -> DateTime {
    DateTime::from_epoch_s(epoch_s).with_offset_s(clock.offset_s())
}
