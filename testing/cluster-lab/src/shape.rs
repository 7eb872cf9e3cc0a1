//! What kind of cluster: its corosync.conf.

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::path::Path;

use lab::NodeSpec;

use crate::{DISK, name};

/// What kind of cluster.
#[derive(Debug, Clone)]
pub struct Shape {
    /// How many nodes.
    pub nodes: u32,
    /// How many links each has.
    pub links: u8,
    /// Lines of section `quorum`.
    pub quorum: String,
    /// Lines of section `keel`.
    pub keel: String,
    /// Lines of section `totem`.
    pub totem: String,
    /// Where given, each machine has a disk of its own of so many MiB at [`DISK`], in memory, and its
    /// CIB there; otherwise the CIB is on this computer's disk.
    pub disk_mib: Option<u32>,
    /// Machines beside them that are no nodes.
    pub others: Vec<NodeSpec>,
}

impl Shape {
    /// A cluster with one link, and everything else as it is by default.
    #[must_use]
    pub fn of(nodes: u32) -> Self {
        Self {
            nodes,
            links: 1,
            quorum: String::new(),
            keel: String::new(),
            totem: String::new(),
            disk_mib: None,
            others: Vec::new(),
        }
    }

    /// The ids of all nodes.
    pub fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.nodes
    }

    /// The configuration of a node: it differs from that of the others in its folders only.
    #[must_use]
    pub fn configuration(&self, node: u32, folder: &Path) -> String {
        let own = folder.join(name(node));
        let cib = match self.disk_mib {
            Some(_) => Path::new(DISK).join("cib"),
            None => own.join("cib"),
        };
        let keys = folder.join("keys").join(name(node));
        let log = own.with_extension("log");
        let nodes = self.ids().fold(String::new(), |nodes, node| {
            nodes + &self.node_section(node)
        });
        format!(
            "totem {{\nversion: 2\ncluster_name: lab\ntransport: knet\n{}\n}}\n\
             nodelist {{\n{nodes}}}\n\
             quorum {{\nprovider: corosync_votequorum\n{}\n}}\n\
             logging {{\nto_stderr: no\nto_logfile: yes\nlogfile: {}\n}}\n\
             keel {{\ncertificates: {}\ncib: {}\n{}\n}}\n",
            self.totem,
            self.quorum,
            log.display(),
            keys.display(),
            cib.display(),
            self.keel,
        )
    }

    fn node_section(&self, node: u32) -> String {
        let mut section = format!("node {{\nnodeid: {node}\nname: {}\n", name(node));
        for link in 0..self.links {
            let _ = writeln!(section, "ring{link}_addr: {}", address(link, node));
        }
        section + "}\n"
    }
}

/// A node's address on a link.
#[must_use]
pub fn address(link: u8, node: u32) -> Ipv4Addr {
    let node = u8::try_from(node).expect("a lab has few nodes");
    Ipv4Addr::new(10, 77, link, node)
}
