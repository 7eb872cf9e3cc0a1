//! The status of a cluster for people.
//!
//! Resources are shown in the order of the configuration, each with where it is and what is special
//! about it; clones as sets of nodes by state (see [`clone`]), bundles by replica.

mod brief;
mod clone;
mod primitive;
mod sections;

pub(crate) use sections::begin_node;
pub use sections::{write_attributes, write_fail_counts, write_failures};

use scheduler::Plan;
use scheduler::model::ids::Id as _;
use scheduler::model::{NodeId, ResourceId, Variant};

use super::failures::FailedProbes;
use super::nodes::{self, Kind};
use super::resources;
use super::{Shape, View};
use crate::outline::Outline;

/// Writes the whole status under `title`.
pub fn write(outline: &mut Outline, plan: &Plan<'_>, title: &str, view: &View) {
    let shape = Shape {
        pending: view.pending,
        doubt: view.doubt.clone(),
        ..Shape::default()
    };
    outline.begin(title);
    let mut printed = write_nodes(outline, plan, &shape);
    printed |= write_resources(outline, plan, &shape, printed);
    if view.attributes {
        printed |= write_attributes(outline, plan, &shape, printed);
    }
    if let Some(fail_counts) = &view.fail_counts {
        printed |= write_fail_counts(outline, plan, &shape, fail_counts, printed);
        write_failures(outline, plan, &shape, printed);
    }
    outline.end();
}

/// Writes nodes, each with its resources where these are grouped by node. Says whether anything was
/// written, like all that write a part.
pub fn write_nodes(outline: &mut Outline, plan: &Plan<'_>, shape: &Shape) -> bool {
    /// Nodes of which there is nothing to say but this.
    #[derive(Clone, Copy)]
    enum List {
        Online,
        Offline,
        RemoteOnline,
        RemoteOffline,
        GuestOnline,
        GuestOffline,
    }
    const LISTS: [(List, &str); 5] = [
        (List::Online, "Online"),
        (List::Offline, "OFFLINE"),
        (List::RemoteOnline, "RemoteOnline"),
        (List::RemoteOffline, "RemoteOFFLINE"),
        (List::GuestOnline, "GuestOnline"),
    ];
    if plan.nodes_by_name.is_empty() {
        return false;
    }
    let mut lists: [Vec<&str>; 6] = Default::default();
    outline.begin("Node List");
    let resources = shape.by_node.then(|| Resources::new(plan, shape));
    for &node in &plan.nodes_by_name {
        let of = &plan.nodes[node];
        if !shape.has_node(node) {
            continue;
        }
        if let Some(resources) = &resources {
            resources.write_of_node(outline, node);
            continue;
        }
        if shape.detail || nodes::is_noteworthy(plan, node) {
            outline.item(&node_line(plan, node, shape));
            continue;
        }
        let list = match (nodes::kind(plan, node), of.online) {
            (Kind::Member, true) => List::Online,
            (Kind::Member, false) => List::Offline,
            (Kind::Remote, true) => List::RemoteOnline,
            (Kind::Remote, false) => List::RemoteOffline,
            (Kind::Guest, true) => List::GuestOnline,
            // A guest node that is not there is a guest that is stopped, as its resource says.
            (Kind::Guest, false) => List::GuestOffline,
        };
        lists[list as usize].push(of.name);
    }
    for (list, name) in LISTS {
        let members = &lists[list as usize];
        if !members.is_empty() {
            outline.item(&format!("{name}: [ {} ]", members.join(" ")));
        }
    }
    outline.end();
    true
}

/// What a node is called, with its id where there is more to say.
pub fn node_name(plan: &Plan<'_>, node: NodeId, shape: &Shape) -> String {
    let of = &plan.nodes[node];
    if shape.detail && of.uuid != of.name {
        format!("{} ({})", of.name, of.uuid)
    } else {
        of.name.to_owned()
    }
}

fn node_line(plan: &Plan<'_>, node: NodeId, shape: &Shape) -> String {
    let of = &plan.nodes[node];
    let kind = match nodes::kind(plan, node) {
        Kind::Member => "Node",
        Kind::Remote => "RemoteNode",
        Kind::Guest => "GuestNode",
    };
    let health = match nodes::health(plan, node) {
        nodes::Health::Green => "",
        nodes::Health::Yellow => " (health is YELLOW)",
        nodes::Health::Red => " (health is RED)",
    };
    let state = nodes::state(of);
    let name = node_name(plan, node, shape);
    let feature_set = nodes::feature_set(plan, node).filter(|_| shape.detail);
    let feature_set = feature_set.map_or(String::new(), |it| format!(", feature set {it}"));
    format!("{kind} {name}: {state}{health}{feature_set}")
}

/// Writes resources.
pub fn write_resources(
    outline: &mut Outline,
    plan: &Plan<'_>,
    shape: &Shape,
    spacer: bool,
) -> bool {
    // Those that are active stand under their nodes.
    if shape.by_node && !shape.inactive {
        return false;
    }
    Resources::new(plan, shape).write_all(outline, spacer)
}

/// What writing resources needs to know.
struct Resources<'p, 'c> {
    plan: &'p Plan<'c>,
    shape: &'p Shape,
    probes: FailedProbes<'c>,
    /// Each node's place among all names.
    ranks: Vec<usize>,
}

impl<'p, 'c> Resources<'p, 'c> {
    fn new(plan: &'p Plan<'c>, shape: &'p Shape) -> Self {
        let mut ranks = vec![0; plan.nodes.len()];
        for (rank, node) in plan.nodes_by_name.iter().enumerate() {
            ranks[node.index()] = rank;
        }
        Self {
            plan,
            shape,
            probes: FailedProbes::of(plan),
            ranks,
        }
    }

    fn write_all(&self, outline: &mut Outline, spacer: bool) -> bool {
        let (heading, kind) = match (self.shape.inactive, self.shape.by_node) {
            (true, true) => ("Inactive Resources", "inactive resources"),
            (true, false) => ("Full List of Resources", "resources"),
            (false, _) => ("Active Resources", "active resources"),
        };
        let mut begun = false;
        let mut begin = |outline: &mut Outline| {
            if !begun {
                begin_section(outline, heading, spacer);
                begun = true;
            }
        };
        let mut printed = false;
        if self.shape.brief && !self.shape.by_node {
            let primitives = self.roots().filter(|&it| self.plan.is_primitive(it));
            let lines = self.brief_lines(&primitives.collect::<Vec<_>>(), None);
            for line in &lines {
                begin(outline);
                outline.item(line);
            }
            printed |= !lines.is_empty();
        }
        for root in self.roots() {
            let is_active = self.plan.is_active(root, true);
            let is_counted = self.shape.brief && self.plan.is_primitive(root);
            if (self.shape.by_node && is_active) || is_counted {
                continue;
            }
            begin(outline);
            printed |= self.write(outline, root);
        }
        if !printed {
            begin(outline);
            outline.item(&format!("No {kind}"));
        }
        outline.end();
        printed
    }

    /// Resources that are part of no other and are shown.
    fn roots(&self) -> impl Iterator<Item = ResourceId> + '_ {
        self.plan.roots.iter().copied().filter(|&root| {
            let is_gone = self.plan.resources[root].removed && !self.plan.is_active(root, true);
            !is_gone && self.is_shown(root) && self.is_wanted(root)
        })
    }

    /// Whether it is active in part, or what is inactive is shown as well.
    fn is_shown(&self, resource: ResourceId) -> bool {
        self.shape.inactive || self.plan.is_active(resource, false)
    }

    /// Whether it, what it is part of, or what is part of it is among the resources that are meant,
    /// and on a node that is.
    fn is_wanted(&self, resource: ResourceId) -> bool {
        let is_on_wanted_node = self.shape.only_nodes.as_ref().is_none_or(|only| {
            let is_there = |it: &scheduler::model::Resource<'_>| {
                it.active_on.iter().any(|node| only.contains(node))
            };
            !self.plan.is_active(resource, false) || self.plan.any_part(resource, is_there)
        });
        is_on_wanted_node && self.is_named(resource)
    }

    fn is_named(&self, resource: ResourceId) -> bool {
        let Some(only) = &self.shape.only_resources else {
            return true;
        };
        let is_it = |it: ResourceId| {
            let printable = self.plan.printable_id(it);
            only.iter()
                .any(|id| *id == self.plan.resources[it].id || id == printable)
        };
        let mut above = Some(resource);
        while let Some(it) = above {
            if is_it(it) {
                return true;
            }
            above = self.plan.resources[it].parent;
        }
        let mut below = vec![resource];
        while let Some(it) = below.pop() {
            if is_it(it) {
                return true;
            }
            below.extend(&self.plan.resources[it].children);
        }
        false
    }

    /// A node with what is active on it.
    fn write_of_node(&self, outline: &mut Outline, node: NodeId) {
        let running: Vec<ResourceId> = self.plan.nodes[node]
            .running
            .iter()
            .copied()
            .filter(|&it| self.is_named(it))
            .collect();
        if self.shape.brief && running.is_empty() {
            return;
        }
        outline.begin(&node_line(self.plan, node, self.shape));
        outline.begin("Resources");
        if self.shape.brief {
            for line in self.brief_lines(&running, Some(node)) {
                outline.item(&line);
            }
        } else {
            for resource in running {
                let name = self.plan.printable_id(resource).to_owned();
                self.write_named(outline, resource, &name, None);
            }
        }
        outline.end();
        outline.end();
    }

    fn write(&self, outline: &mut Outline, resource: ResourceId) -> bool {
        match &self.plan.resources[resource].variant {
            Variant::Primitive => self.write_primitive(outline, resource),
            Variant::Group(_) => self.write_group(outline, resource),
            Variant::Clone(_) => self.write_clone(outline, resource),
            Variant::Bundle(_) => self.write_bundle(outline, resource),
        }
    }

    fn write_group(&self, outline: &mut Outline, group: ResourceId) -> bool {
        let of = &self.plan.resources[group];
        if of.children.is_empty() {
            return false;
        }
        let shown = of.children.iter().copied();
        let shown: Vec<ResourceId> = shown.filter(|&it| self.is_shown(it)).collect();
        let mut flags = Vec::new();
        match of.children.len() - shown.len() {
            0 => {}
            1 => flags.push("1 member inactive".to_owned()),
            hidden => flags.push(format!("{hidden} members inactive")),
        }
        let own = resources::collective_flags(self.plan, group);
        flags.extend(own.into_iter().map(str::to_owned));
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!(" ({})", flags.join(", "))
        };
        outline.begin(&format!("Resource Group: {}{flags}", of.id));
        if self.shape.brief {
            for line in self.brief_lines(&of.children, None) {
                outline.item(&line);
            }
        } else {
            for member in shown {
                if self.is_named(member) {
                    self.write(outline, member);
                }
            }
        }
        outline.end();
        true
    }

    fn write_bundle(&self, outline: &mut Outline, bundle: ResourceId) -> bool {
        let of = &self.plan.resources[bundle];
        let Some(data) = self
            .plan
            .bundle_data(bundle)
            .filter(|data| !data.replicas.is_empty())
        else {
            return false;
        };
        let set = if data.replicas_count > 1 { " set" } else { "" };
        let unique = if of.unique { " (unique)" } else { "" };
        let managed = if of.maintenance {
            " (maintenance)"
        } else if !of.managed {
            " (unmanaged)"
        } else {
            ""
        };
        let (id, image) = (&of.id, &data.image);
        outline.begin(&format!(
            "Container bundle{set}: {id} [{image}]{unique}{managed}"
        ));
        for replica in &data.replicas {
            let shown = replica.child.unwrap_or(replica.container);
            let named = replica.remote.unwrap_or(replica.container);
            let mut name = self.plan.printable_id(named).to_owned();
            if let Some(address) = &replica.address {
                name = format!("{name} ({address})");
            }
            let node = self.plan.active_node(replica.container);
            self.write_named(outline, shown, &name, node);
        }
        outline.end();
        true
    }

    /// The place of a node among all names.
    fn rank(&self, node: NodeId) -> usize {
        self.ranks[node.index()]
    }

    /// Nodes in the order of their names.
    fn sorted(&self, mut nodes: Vec<NodeId>) -> Vec<NodeId> {
        nodes.sort_by_key(|&node| self.rank(node));
        nodes
    }

    fn names(&self, nodes: Vec<NodeId>) -> String {
        let names: Vec<&str> = self
            .sorted(nodes)
            .into_iter()
            .map(|node| self.plan.nodes[node].name)
            .collect();
        names.join(" ")
    }
}

/// Opens a section, after an empty line where there is something before it.
fn begin_section(outline: &mut Outline, heading: &str, spacer: bool) {
    if spacer {
        outline.spacer();
    }
    outline.begin(heading);
}
