//! What a lab consists of, before it runs.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::protocol::{AddressSpec, InterfaceSpec, NodeSpec};
use crate::{Lab, Result};

/// What a lab consists of, before it runs.
#[derive(Debug, Clone)]
pub struct LabBuilder {
    pub(super) program: PathBuf,
    pub(super) switches: Vec<String>,
    pub(super) nodes: Vec<NodeSpec>,
}

impl LabBuilder {
    /// An empty lab. `program` is the path of the `keel` executable: the lab's own processes are
    /// started from it, and its nodes find it as `keel`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            switches: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// Adds a switch.
    #[must_use]
    pub fn switch(mut self, name: impl Into<String>) -> Self {
        self.switches.push(name.into());
        self
    }

    /// Adds a node; [`NodeSpec::new`] starts one.
    #[must_use]
    pub fn node(mut self, node: NodeSpec) -> Self {
        self.nodes.push(node);
        self
    }

    /// Starts the lab with all its nodes. Each node's `/etc/hosts` names every node.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] where the kernel refuses namespaces, [`Error::Refused`] where a node
    /// cannot be what was asked for.
    pub fn start(self) -> Result<Lab> {
        Lab::start(self)
    }
}

impl NodeSpec {
    /// A machine without interfaces, files or users.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            interfaces: Vec::new(),
            files: BTreeMap::new(),
            users: Vec::new(),
            sysctls: BTreeMap::new(),
            disks: BTreeMap::new(),
            shared: Vec::new(),
            kept: BTreeMap::new(),
            links: Vec::new(),
            hosts: Vec::new(),
        }
    }

    /// Adds an interface with one address.
    #[must_use]
    pub fn interface(
        mut self,
        name: &str,
        switch: &str,
        address: impl Into<IpAddr>,
        prefix_len: u8,
    ) -> Self {
        self.interfaces.push(InterfaceSpec {
            name: name.to_owned(),
            switch: switch.to_owned(),
            addresses: vec![AddressSpec {
                address: address.into(),
                prefix_len,
            }],
        });
        self
    }

    /// Adds a file that the node finds at an absolute path.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Adds a user with a group of the same name.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.users.push(name.to_owned());
        self
    }

    /// Adds a small file system of its own at an absolute path.
    #[must_use]
    pub fn disk(mut self, path: &str, size_mib: u32) -> Self {
        self.disks.insert(path.to_owned(), size_mib);
        self
    }

    /// Lets it see a folder of this computer at its absolute path.
    #[must_use]
    pub fn shared(mut self, path: impl Into<String>) -> Self {
        self.shared.push(path.into());
        self
    }

    /// Sets a kernel setting by its dotted name.
    #[must_use]
    pub fn sysctl(mut self, name: &str, value: &str) -> Self {
        self.sysctls.insert(name.to_owned(), value.to_owned());
        self
    }
}

/// The nodes by name, each with all of them in its `/etc/hosts`.
pub(super) fn with_hosts(nodes: Vec<NodeSpec>) -> BTreeMap<String, NodeSpec> {
    let all: Vec<(IpAddr, String)> = nodes
        .iter()
        .flat_map(|node| {
            let addresses = node.interfaces.iter().flat_map(|i| &i.addresses);
            addresses.map(|spec| (spec.address, node.name.clone()))
        })
        .collect();
    nodes
        .into_iter()
        .map(|mut node| {
            node.hosts.extend(all.iter().cloned());
            (node.name.clone(), node)
        })
        .collect()
}
