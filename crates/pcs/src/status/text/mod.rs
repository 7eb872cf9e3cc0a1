//! The status of a cluster for people.
//!
//! Resources are shown in the order of the configuration, each with where it is and what is special
//! about it; clones as sets of nodes by state (see [`clone`]), bundles by replica.

mod clone;
mod primitive;
mod sections;

use scheduler::Plan;
use scheduler::model::ids::Id as _;
use scheduler::model::{NodeId, ResourceId, Variant};

use super::View;
use super::failures::FailedProbes;
use super::nodes::{self, Kind};
use super::resources;
use crate::outline::Outline;

/// Writes the whole status under `title`.
pub fn write(outline: &mut Outline, plan: &Plan<'_>, title: &str, view: &View) {
    outline.begin(title);
    let mut printed = write_nodes(outline, plan);
    printed |= Resources::new(plan, view.pending).write_all(outline, printed);
    if view.attributes {
        printed |= sections::write_attributes(outline, plan, printed);
    }
    if let Some(fail_counts) = &view.fail_counts {
        printed |= sections::write_fail_counts(outline, plan, fail_counts, printed);
        sections::write_failures(outline, plan, printed);
    }
    outline.end();
}

/// Says whether anything was written, like all that write a part.
fn write_nodes(outline: &mut Outline, plan: &Plan<'_>) -> bool {
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
    for &node in &plan.nodes_by_name {
        let of = &plan.nodes[node];
        if nodes::is_noteworthy(plan, node) {
            write_node(outline, plan, node);
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

fn write_node(outline: &mut Outline, plan: &Plan<'_>, node: NodeId) {
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
    outline.item(&format!("{kind} {}: {state}{health}", of.name));
}

/// What writing resources needs to know.
struct Resources<'p, 'c> {
    plan: &'p Plan<'c>,
    /// Whether actions that are not finished are shown.
    pending: bool,
    probes: FailedProbes<'c>,
    /// Each node's place among all names.
    ranks: Vec<usize>,
}

impl<'p, 'c> Resources<'p, 'c> {
    fn new(plan: &'p Plan<'c>, pending: bool) -> Self {
        let mut ranks = vec![0; plan.nodes.len()];
        for (rank, node) in plan.nodes_by_name.iter().enumerate() {
            ranks[node.index()] = rank;
        }
        Self {
            plan,
            pending,
            probes: FailedProbes::of(plan),
            ranks,
        }
    }

    fn write_all(&self, outline: &mut Outline, spacer: bool) -> bool {
        const HEADING: &str = "Full List of Resources";
        let mut begun = false;
        let mut printed = false;
        for &root in &self.plan.roots {
            if self.plan.resources[root].removed && !self.plan.is_active(root, true) {
                continue;
            }
            if !begun {
                begin_section(outline, HEADING, spacer);
                begun = true;
            }
            printed |= self.write(outline, root);
        }
        if !printed {
            if !begun {
                begin_section(outline, HEADING, spacer);
                begun = true;
            }
            outline.item("No resources");
        }
        if begun {
            outline.end();
        }
        printed
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
        let flags = resources::collective_flags(self.plan, group);
        let flags = if flags.is_empty() {
            String::new()
        } else {
            format!(" ({})", flags.join(", "))
        };
        outline.begin(&format!("Resource Group: {}{flags}", of.id));
        for &member in &of.children {
            self.write(outline, member);
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

    /// Nodes in the order of their names.
    fn sorted(&self, mut nodes: Vec<NodeId>) -> Vec<NodeId> {
        nodes.sort_by_key(|node| self.ranks[node.index()]);
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
