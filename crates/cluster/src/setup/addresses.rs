//! Where the nodes are.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

use corosync_config::Configuration;
use corosync_config::model::{Address, IpVersion};
use diagnostics::Diagnostic;
use membership::NodeId;

use super::Link;

/// Every node's address on every link.
pub(super) type Resolved = BTreeMap<(NodeId, u8), IpAddr>;

pub(super) fn resolve(configuration: &Configuration) -> Result<Resolved, Diagnostic> {
    let mut resolved = Resolved::new();
    for node in &configuration.nodes {
        for (link, address) in &node.addresses {
            let ip = match &address.value {
                Address::Ip(ip) => *ip,
                Address::Host(name) => resolve_name(configuration, name)
                    .map_err(|reason| Diagnostic::error(reason).at(address.span))?,
            };
            resolved.insert((NodeId(node.id.value), *link), ip);
        }
    }
    Ok(resolved)
}

fn resolve_name(configuration: &Configuration, name: &str) -> Result<IpAddr, String> {
    let found = (name, 0)
        .to_socket_addrs()
        .map_err(|error| format!("the address of '{name}' cannot be found: {error}"))?;
    let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
    let version = configuration
        .ip_version
        .as_ref()
        .map(|version| version.value);
    let pick = |wanted: fn(&IpAddr) -> bool| found.iter().copied().find(wanted);
    let (v4, v6) = (pick(IpAddr::is_ipv4), pick(IpAddr::is_ipv6));
    let ip = match version {
        Some(IpVersion::V4) => v4,
        Some(IpVersion::V6) => v6,
        Some(IpVersion::V4Then6) => v4.or(v6),
        Some(IpVersion::V6Then4) | None => v6.or(v4),
    };
    match ip {
        None => Err(format!(
            "'{name}' has no address of the version that totem.ip_version asks for"
        )),
        Some(ip) if ip.is_loopback() => Err(format!(
            "'{name}' is {ip}, which every machine takes for itself: no other node can reach it there"
        )),
        Some(ip) => Ok(ip),
    }
}

/// The links, the most preferred first (`knet_link_priority`).
pub(super) fn links(configuration: &Configuration, resolved: &Resolved, own: NodeId) -> Vec<Link> {
    let mut links: Vec<_> = configuration.links.iter().collect();
    links.sort_by_key(|link| (std::cmp::Reverse(link.priority()), link.number));
    links
        .into_iter()
        .filter_map(|link| {
            let port = configuration.port(link);
            let at =
                |node: NodeId| Some(SocketAddr::new(*resolved.get(&(node, link.number))?, port));
            let nodes = configuration.nodes.iter().map(|node| NodeId(node.id.value));
            Some(Link {
                number: link.number,
                listen: at(own)?,
                peers: nodes
                    .filter(|node| *node != own)
                    .filter_map(|node| Some((node, at(node)?)))
                    .collect(),
            })
        })
        .collect()
}
