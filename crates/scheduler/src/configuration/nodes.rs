//! Nodes: those of the nodes section, and those that connection resources stand for.
//!
//! - A `<node>` is a full member, or a remote node (`type="remote"`).
//! - Each primitive `ocf:pacemaker:remote` is the connection to a remote node of the same name;
//!   those that guests and bundles imply are there as well (see `expansion`). One that is made from
//!   a template connects to nothing: Pacemaker takes the template itself for the connection.
//! - All nodes get their numbers in the order of their names. A replica of a bundle that no
//!   `<node>` names is there only from the moment its bundle is read: what is counted before that
//!   (`clone-max`) does not count it.
//! - Until a state of a member is known it is unclean, unless `startup-fencing` is off; so is a
//!   remote node with a connection. Entries of remote nodes without a connection are left over and
//!   do no harm.

use cib::hashed::HashSet;
use std::cmp::Ordering;

use cib::rules::{Findings, Input};
use cib::xml::Element;
use cib::{Score, Values, nvset};

use super::presence::Presence;
use super::section;
use crate::model::{Node, NodeId, NodeKind, Plan, ResourceId};
use crate::status::note_findings;

/// Reads the nodes into `plan`, and says which of them are there before bundles are read.
/// Replicas that are called as `without` says are left out.
pub(super) fn unpack(plan: &mut Plan<'_>, without: &HashSet<&str>) -> Presence {
    let mut found = Found::default();
    find_configured(plan, &mut found);
    let connections: Vec<Element<'_>> = section(plan, "resources")
        .into_iter()
        .flat_map(Element::children)
        .collect();
    for &resource in &connections {
        if is_remote_connection(resource) && resource.attribute("template").is_none() {
            found.add_remote(resource, false);
        }
    }
    let implied = connections.iter().flat_map(|resource| {
        resource
            .children_named("replica")
            .flat_map(Element::children)
    });
    for connection in implied.filter(|&part| is_remote_connection(part)) {
        if connection.id().is_some_and(|id| !without.contains(id)) {
            found.add_remote(connection, true);
        }
    }

    // Of two with the same name, the one that is found later comes first.
    let mut nodes = found.nodes;
    nodes.reverse();
    nodes.sort_by(|(one, _), (other, _)| compare_names(one.name, other.name));
    let mut presence = Presence::default();
    for (node, is_implied) in nodes {
        plan.options.have_remote_nodes |= node.kind == NodeKind::Remote;
        let id = plan.nodes.push(node);
        plan.nodes_by_name.push(id);
        if !is_implied {
            presence.add(plan, id);
        }
    }
    read_configured(plan);
    presence
}

/// Nodes in the order in which they are found, each with whether it waits for its bundle.
#[derive(Default)]
struct Found<'c> {
    nodes: Vec<(Node<'c>, bool)>,
}

impl<'c> Found<'c> {
    fn contains(&self, name: &str) -> bool {
        self.nodes
            .iter()
            .any(|(node, _)| node.name.eq_ignore_ascii_case(name))
    }

    fn add_remote(&mut self, connection: Element<'c>, is_implied: bool) {
        if let Some(name) = connection.id()
            && !self.contains(name)
        {
            self.nodes
                .push((Node::new(name, name, NodeKind::Remote), is_implied));
        }
    }
}

fn find_configured<'c>(plan: &mut Plan<'c>, found: &mut Found<'c>) {
    let configured = section(plan, "nodes").into_iter();
    for element in configured.flat_map(|nodes| nodes.children_named("node")) {
        let Some(uuid) = element.id() else {
            plan.configuration_error("Ignoring <node> entry in configuration without id");
            continue;
        };
        let Some(name) = element.attribute("uname") else {
            plan.configuration_error("Ignoring <node> entry in configuration without uname");
            continue;
        };
        let score = element.attribute("score");
        let base_score = score.map_or(Some(Score::ZERO), Score::parse);
        if base_score.is_none() {
            plan.configuration_warning(format!(
                "Using 0 as score for node {name} because '{}' is not a valid score: Bad input \
                 value provided",
                score.unwrap_or_default()
            ));
        }
        if found.contains(name) {
            plan.configuration_warning(format!("More than one node entry has name '{name}'"));
        }
        let kind = match element.attribute("type") {
            None => NodeKind::Cluster,
            Some(kind) if kind.eq_ignore_ascii_case("member") => NodeKind::Cluster,
            Some(kind) if kind.eq_ignore_ascii_case("remote") => NodeKind::Remote,
            Some(kind) => {
                // Pacemaker does not read on.
                plan.configuration_error(format!(
                    "Ignoring node {name} with unrecognized type '{kind}'"
                ));
                return;
            }
        };
        let mut node = Node::new(uuid, name, kind);
        node.base_score = base_score.unwrap_or_default();
        node.xml = Some(element);
        node.unclean = kind == NodeKind::Cluster && plan.options.startup_fencing;
        found.nodes.push((node, false));
    }
}

/// Reads the attributes of the nodes of the nodes section, in its order: the first that the CIB
/// names as such is the designated controller.
fn read_configured(plan: &mut Plan<'_>) {
    let mut configured: Vec<NodeId> = plan
        .nodes
        .ids()
        .filter(|&node| plan.nodes[node].xml.is_some())
        .collect();
    configured.sort_by_key(|&node| plan.nodes[node].xml.map(Element::xml_id));
    for node in configured {
        add_node_attributes(plan, node, plan.nodes[node].xml, false);
    }
}

/// Whether `resource` is a connection to a remote node.
pub(crate) fn is_remote_connection(resource: Element<'_>) -> bool {
    [
        ("type", "remote"),
        ("class", "ocf"),
        ("provider", "pacemaker"),
    ]
    .iter()
    .all(|(name, expected)| {
        resource
            .attribute(name)
            .is_some_and(|value| value.eq_ignore_ascii_case(expected))
    })
}

/// Adds a node that no element of the configuration names.
pub fn add_node<'c>(plan: &mut Plan<'c>, uuid: &'c str, name: &'c str, kind: NodeKind) -> NodeId {
    plan.options.have_remote_nodes |= kind == NodeKind::Remote;
    let place = plan
        .nodes_by_name
        .partition_point(|&other| compare_names(plan.nodes[other].name, name).is_lt());
    let node = plan.nodes.push(Node::new(uuid, name, kind));
    plan.nodes_by_name.insert(place, node);
    node
}

/// Adds to `node` the attributes and utilization that `element` says: a `<node>`, or its
/// `<transient_attributes>`, which replace (`overwrite`) what is there. Then the built-in ones.
pub fn add_node_attributes<'c>(
    plan: &mut Plan<'c>,
    node: NodeId,
    element: Option<Element<'c>>,
    overwrite: bool,
) {
    let cluster_name = plan.options.all.get_cow("cluster-name").cloned();
    add_identity(plan, node);
    let of = &mut plan.nodes[node];
    if let Some(cluster_name) = cluster_name.clone() {
        of.attributes.set("#cluster-name", cluster_name);
    }
    if let Some(element) = element {
        let input = Input {
            now: plan.now,
            ..Input::default()
        };
        let mut findings = Findings::default();
        let mut read = |set_name, into: &mut Values<'c>| {
            nvset::collect(element, set_name, None, &input, into, &mut findings);
        };
        if overwrite {
            let mut attributes = Values::new();
            read("instance_attributes", &mut attributes);
            attributes.add_defaults(&of.attributes);
            of.attributes = attributes;
        } else {
            read("instance_attributes", &mut of.attributes);
        }
        read("utilization", &mut of.utilization);
        note_findings(plan, findings);
    }
    let of = &mut plan.nodes[node];
    if !of.attributes.contains("#site-name")
        && let Some(site) = of.attributes.get_cow("site-name").cloned().or(cluster_name)
    {
        of.attributes.set("#site-name", site);
    }
}

fn add_identity(plan: &mut Plan<'_>, node: NodeId) {
    let dc_uuid = plan.cib.attribute("dc-uuid");
    let has_dc = plan.nodes.values().any(|node| node.is_dc);
    let of = &mut plan.nodes[node];
    of.described = true;
    of.attributes.set("#uname", of.name);
    of.attributes.set("#id", of.uuid);
    if !has_dc && dc_uuid.is_some_and(|dc_uuid| dc_uuid.eq_ignore_ascii_case(of.uuid)) {
        of.is_dc = true;
        of.attributes.set("#is_dc", "true");
    } else if !of.is_dc {
        of.attributes.set("#is_dc", "false");
    }
}

/// Connects `resource`, if it is a connection, with the node of its name.
pub fn link_remote_node(plan: &mut Plan<'_>, resource: ResourceId) {
    let of = &plan.resources[resource];
    if !of.is_remote_connection {
        return;
    }
    let is_guest = of.launcher.is_some();
    let Some(node) = plan.node_by_name(&of.id) else {
        return;
    };
    let startup_fencing = plan.options.startup_fencing;
    let node = &mut plan.nodes[node];
    node.connection = Some(resource);
    if is_guest {
        node.attributes.set("#kind", "container");
    } else {
        node.unclean = startup_fencing;
    }
}

/// The order of names: without regard to case, and runs of digits by their number (`node9` before
/// `node10`, but `007` after `7`).
pub(super) fn compare_names(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    while let (Some(&first), Some(&second)) = (one.first(), other.first()) {
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let ((number, len), (other_number, other_len)) = (number_at(one), number_at(other));
            (one, other) = (&one[len..], &other[other_len..]);
            (number, len).cmp(&(other_number, other_len))
        } else {
            (one, other) = (&one[1..], &other[1..]);
            let (first, second) = (first.to_ascii_lowercase(), second.to_ascii_lowercase());
            // The C library's characters are signed.
            first.cast_signed().cmp(&second.cast_signed())
        };
        if order.is_ne() {
            return order;
        }
    }
    one.len().cmp(&other.len())
}

/// The number that `text` begins with, and how many digits it has.
fn number_at(text: &[u8]) -> (i64, usize) {
    let len = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = text[..len].iter().fold(0_i64, |value, digit| {
        value
            .saturating_mul(10)
            .saturating_add(i64::from(digit - b'0'))
    });
    (value, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_the_order_that_people_expect() {
        let check = |one, other| {
            assert!(compare_names(one, other).is_lt(), "{one} {other}");
            assert!(compare_names(other, one).is_gt(), "{other} {one}");
        };
        check("node1", "node2");
        check("node9", "node10");
        check("node10", "remotenode9");
        check("Node1", "node2");
        check("n7", "n007");
        check("n", "n1");
        assert!(compare_names("NODE", "node").is_eq());
    }
}
