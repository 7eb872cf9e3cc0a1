//! The fence devices of the CIB, and what their agents say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cib::Values;
use cib::rules::Findings;
use cib::time::DateTime;
use cib::views::fencing_levels;
use cib::xml::{Document, Element};
use fencing::{Device, Metadata, Peer, Request, Scene};

use crate::resources::epoch_s;

/// See above.
#[derive(Default)]
pub(super) struct Devices {
    cib: Option<Arc<Document>>,
    configuration: Option<(i64, i64)>,
    devices: Vec<Arc<Device>>,
    metadata: BTreeMap<String, Arc<Metadata>>,
    /// Agents that were asked and have not answered yet.
    asked: BTreeSet<String>,
}

impl Devices {
    /// Takes the devices of a CIB; only where its configuration is another one is there anything to do.
    pub fn read(&mut self, cib: &Arc<Document>) {
        let version = cib::CibVersion::of(cib.root());
        let version = Some((version.admin_epoch, version.epoch));
        self.cib = Some(Arc::clone(cib));
        if self.configuration == version {
            return;
        }
        self.configuration = version;
        let now = DateTime::from_epoch_s(epoch_s());
        let nodes = nodes(cib);
        let devices = fencing::devices(cib, &nodes, now, &mut Findings::default());
        self.devices = devices.into_iter().map(Arc::new).collect();
    }

    /// A device with what its agent says.
    pub fn get(&self, id: &str) -> Option<(Arc<Device>, Arc<Metadata>)> {
        let device = self.devices.iter().find(|device| device.id == id)?;
        let metadata = self.metadata.get(&device.agent).cloned();
        Some((Arc::clone(device), metadata.unwrap_or_default()))
    }

    /// Agents that have to be asked what they can; they count as asked from now on.
    pub fn undescribed(&mut self) -> Vec<String> {
        let agents = self.devices.iter().map(|device| &device.agent);
        let new: BTreeSet<String> = agents
            .filter(|agent| !self.metadata.contains_key(*agent) && !self.asked.contains(*agent))
            .cloned()
            .collect();
        self.asked.extend(new.iter().cloned());
        new.into_iter().collect()
    }

    /// What an agent answered; nothing where it failed: then it is taken for one that can do what it
    /// is asked.
    pub fn described(&mut self, agent: String, metadata: Option<Metadata>) {
        self.asked.remove(&agent);
        self.metadata
            .insert(agent, Arc::new(metadata.unwrap_or_default()));
    }

    /// Whether all agents have answered.
    pub fn are_described(&self) -> bool {
        self.asked.is_empty()
    }

    /// What is to be tried for a request. `peers`: the nodes that are there, this one first.
    pub fn scene(&self, request: &Request, peers: &[&str]) -> Scene {
        let Some(cib) = &self.cib else {
            return Scene::default();
        };
        let nodes = nodes(cib);
        let attributes = nodes.get(&request.target).cloned().unwrap_or_default();
        let peers: Vec<Peer> = peers
            .iter()
            .map(|name| Peer {
                name: (*name).to_owned(),
                monitors: monitored(cib, name),
            })
            .collect();
        Scene::new(
            (&request.target, &attributes),
            request.goal,
            &self.devices,
            &self.metadata,
            &fencing_levels::levels(cib),
            &peers,
        )
    }
}

/// All nodes with their permanent attributes.
fn nodes(cib: &Document) -> BTreeMap<String, Values<'_>> {
    let list = cib
        .root()
        .child("configuration")
        .and_then(|configuration| configuration.child("nodes"));
    let nodes = list.into_iter().flat_map(Element::children);
    nodes
        .filter_map(|node| {
            let sets = node.children_named("instance_attributes");
            let mut values = Values::new();
            for pair in sets.flat_map(|set| set.children_named("nvpair")) {
                if let (Some(name), Some(value)) = (pair.attribute("name"), pair.attribute("value"))
                {
                    values.set_default(name, value);
                }
            }
            Some((node.attribute("uname")?.to_owned(), values))
        })
        .collect()
}

/// The stonith resources that run on a node, by its history.
fn monitored(cib: &Document, node: &str) -> Vec<String> {
    let status = cib.root().child("status").into_iter();
    let states = status.flat_map(|status| status.children_named("node_state"));
    let own = states.filter(|state| state.attribute("uname") == Some(node));
    let lists = own.filter_map(|state| state.child("lrm")?.child("lrm_resources"));
    let resources = lists.flat_map(|list| list.children_named("lrm_resource"));
    resources
        .filter(|resource| resource.attribute("class") == Some("stonith"))
        .filter(|resource| {
            let mut operations = resource.children_named("lrm_rsc_op");
            operations.any(|operation| {
                operation.attribute("operation") == Some("start")
                    && operation.attribute("rc-code") == Some("0")
            })
        })
        .filter_map(|resource| resource.id().map(str::to_owned))
        .collect()
}
