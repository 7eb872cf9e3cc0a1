//! Bundles: replicas of a container, each with an address and an agent inside, as wanted.
//!
//! What a bundle `B` implies, where `N` counts its replicas from 0:
//!
//! | resource | when | what |
//! | --- | --- | --- |
//! | `B-clone`, or `B-master` with `promoted-max` | a primitive is inside | a clone of the primitive |
//! | `B-docker-N`, `B-podman-N` | always | the container |
//! | `B-ip-ADDRESS` | `ip-range-start` is set | its address |
//! | `B-N` | a primitive is inside | the connection to the agent executor in the container |
//!
//! - A container with a primitive needs a way to reach it: an address, or a control port of its own
//!   (then only one replica can be on a node).
//! - Addresses ascend from `ip-range-start`; an address never ends in 255, nor in 0.
//! - With a primitive, the container also gets the authentication key, a place for logs unless
//!   `/var/log` is mapped already, and the control port (3121 by default).
//! - The name of a connection, and so of the node, gives way to a resource that has it already.

mod implied;

use cib::literal::parse_boolean;
use cib::xml::Element;

pub(super) use self::implied::expand;
use crate::configuration::parse_count;

/// The port of the agent executor in a container, if the bundle names none.
const DEFAULT_PORT: &str = "3121";
/// Where the authentication key is, outside and inside a container.
const KEY: &str = "/etc/pacemaker/authkey";
/// Where the logs of containers go, each in a directory of its own.
const LOGS: &str = "/var/log/pacemaker/bundles";
/// The agent executor in a container.
const EXECUTOR: &str = "/usr/sbin/pacemaker-remoted";
/// The most replicas of one bundle, whatever `replicas` says: each container knows the addresses of
/// all, so that their cost grows with the square.
const MAX_REPLICAS: usize = 256;

/// What the operator says of a bundle.
pub(crate) struct Settings<'c> {
    id: &'c str,
    /// `docker` or `podman`.
    pub technology: &'static str,
    container: Element<'c>,
    network: Option<Element<'c>>,
    storage: Option<Element<'c>>,
    /// The primitive inside.
    pub primitive: Option<Element<'c>>,
    /// `promoted-max`.
    pub promoted_max: usize,
    /// How many replicas there are.
    pub replicas: usize,
    /// `replicas-per-host`, as configured.
    pub replicas_per_host: usize,
}

impl<'c> Settings<'c> {
    /// What `bundle` says; nothing if it is not of a known container technology.
    pub fn read(bundle: Element<'c>) -> Option<Self> {
        const TECHNOLOGIES: [&str; 2] = ["docker", "podman"];
        let (technology, container) = TECHNOLOGIES
            .iter()
            .find_map(|&technology| Some((technology, bundle.child(technology)?)))?;
        let count = |name: &str, least| {
            container
                .attribute(name)
                .map_or(least, |value| parse_count(value, least))
        };
        let promoted_max = count("promoted-max", 0);
        let replicas = match container.attribute("replicas") {
            None => promoted_max.max(1),
            Some(value) => parse_count(value, 1),
        };
        // Once expanded, the primitive is in the clone.
        let primitive = bundle.child("primitive").or_else(|| {
            let implied = bundle.child("clone")?;
            implied.child("primitive")
        });
        Some(Self {
            id: bundle.id()?,
            technology,
            container,
            network: bundle.child("network"),
            storage: bundle.child("storage"),
            primitive,
            promoted_max,
            replicas: replicas.min(MAX_REPLICAS),
            replicas_per_host: count("replicas-per-host", 1),
        })
    }

    /// The image.
    pub fn image(&self) -> &'c str {
        self.container.attribute("image").unwrap_or_default()
    }

    /// Whether a primitive inside can be reached.
    pub fn is_reachable(&self) -> bool {
        self.has_addresses() || self.control_port().is_some()
    }

    /// How many replicas can be on one node: one, if they share its address.
    pub fn max_per_host(&self) -> usize {
        if self.shares_ports() {
            1
        } else {
            self.replicas_per_host
        }
    }

    /// What is wrong, in Pacemaker's words.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for mapping in self.port_mappings() {
            if Port::read(mapping).is_none() {
                let id = mapping.id().unwrap_or_default();
                problems.push(format!("Invalid port directive {id}"));
            }
        }
        for mapping in self.storage_mappings() {
            if Mount::read(mapping).is_none() {
                let id = mapping.id().unwrap_or_default();
                problems.push(format!("Invalid mount directive {id}"));
            }
        }
        if self.shares_ports() && self.replicas_per_host > 1 {
            problems.push(format!(
                "Specifying the 'control-port' for {} requires 'replicas-per-host=1'",
                self.id
            ));
        }
        if let Some(primitive) = self.primitive
            && !self.is_reachable()
        {
            problems.push(format!(
                "Cannot control {} inside {} without either ip-range-start or control-port",
                self.id,
                primitive.id().unwrap_or_default()
            ));
        }
        problems
    }

    fn of_network(&self, name: &str) -> Option<&'c str> {
        self.network?.attribute(name)
    }

    fn has_addresses(&self) -> bool {
        self.of_network("ip-range-start").is_some()
    }

    fn control_port(&self) -> Option<&'c str> {
        self.of_network("control-port")
    }

    fn port(&self) -> &'c str {
        self.control_port().unwrap_or(DEFAULT_PORT)
    }

    fn shares_ports(&self) -> bool {
        self.primitive.is_some() && !self.has_addresses() && self.control_port().is_some()
    }

    fn port_mappings(&self) -> impl Iterator<Item = Element<'c>> + use<'c> {
        let network = self.network.into_iter();
        network.flat_map(|network| network.children_named("port-mapping"))
    }

    fn storage_mappings(&self) -> impl Iterator<Item = Element<'c>> + use<'c> {
        let storage = self.storage.into_iter();
        storage.flat_map(|storage| storage.children_named("storage-mapping"))
    }

    fn ports(&self) -> Vec<Port<'c>> {
        let mut ports: Vec<Port<'c>> = self.port_mappings().filter_map(Port::read).collect();
        if self.primitive.is_some() {
            ports.push(Port {
                outside: self.port(),
                inside: self.port(),
            });
        }
        ports
    }

    fn mounts(&self) -> Vec<Mount<'c>> {
        let mut mounts: Vec<Mount<'c>> = self.storage_mappings().filter_map(Mount::read).collect();
        if self.primitive.is_some() {
            let has_logs = mounts.iter().any(|mount| mount.target == "/var/log");
            mounts.push(Mount::new(KEY, KEY, false));
            if !has_logs {
                mounts.push(Mount::new(LOGS, "/var/log", true));
            }
        }
        mounts
    }

    /// The addresses of the replicas, as far as there are any.
    fn addresses(&self) -> Vec<Option<String>> {
        let mut address = self.of_network("ip-range-start").map(str::to_owned);
        (0..self.replicas)
            .map(|_| {
                let next = address.as_deref().and_then(next_address);
                std::mem::replace(&mut address, next)
            })
            .collect()
    }

    /// The options by which the containers know each other's addresses.
    fn host_options(&self, addresses: &[Option<String>]) -> String {
        let uses_add_host = self.of_network("add-host").and_then(parse_boolean) != Some(false);
        let mut options = String::new();
        for (number, address) in addresses.iter().enumerate() {
            let Some(address) = address else { continue };
            let host = format!("{}-{number}", self.id);
            options += &if uses_add_host {
                format!(" --add-host={host}:{address}")
            } else {
                format!(" --hosts-entry={address}={host}")
            };
        }
        options
    }
}

/// A port of a container that can be reached from outside.
struct Port<'c> {
    outside: &'c str,
    inside: &'c str,
}

impl<'c> Port<'c> {
    fn read(mapping: Element<'c>) -> Option<Self> {
        let port = mapping.attribute("port");
        let outside = port.or_else(|| mapping.attribute("range"))?;
        let inside = port.and_then(|_| mapping.attribute("internal-port"));
        (!outside.is_empty()).then_some(Self {
            outside,
            inside: inside.unwrap_or(outside),
        })
    }
}

/// A directory or file of the host that a container sees.
struct Mount<'c> {
    source: &'c str,
    target: &'c str,
    options: Option<&'c str>,
    /// Whether each replica has a directory of its own below the source.
    is_root: bool,
}

impl<'c> Mount<'c> {
    const fn new(source: &'c str, target: &'c str, is_root: bool) -> Self {
        Self {
            source,
            target,
            options: None,
            is_root,
        }
    }

    fn read(mapping: Element<'c>) -> Option<Self> {
        let directory = mapping.attribute("source-dir");
        let source = directory.or_else(|| mapping.attribute("source-dir-root"))?;
        let mut mount = Self::new(
            source,
            mapping.attribute("target-dir")?,
            directory.is_none(),
        );
        mount.options = mapping.attribute("options");
        Some(mount)
    }
}

/// The address after `address`; none after the last one of the third byte, nor for IPv6.
fn next_address(address: &str) -> Option<String> {
    let bytes: Vec<u32> = address
        .split('.')
        .map(|byte| byte.parse().ok())
        .collect::<Option<_>>()?;
    let &[first, second, third, fourth] = bytes.as_slice() else {
        return None;
    };
    match (third, fourth) {
        (254.., _) => None,
        (_, 254..) => Some(format!("{first}.{second}.{}.1", third + 1)),
        _ => Some(format!("{first}.{second}.{third}.{}", fourth + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::next_address;

    #[test]
    fn addresses_ascend() {
        let check = |address, expected| assert_eq!(next_address(address).as_deref(), expected);
        check("192.168.122.131", Some("192.168.122.132"));
        check("10.0.0.253", Some("10.0.0.254"));
        check("10.0.0.254", Some("10.0.1.1"));
        check("10.0.254.1", None);
        check("10.0.0", None);
        check("fe80::1", None);
    }
}
