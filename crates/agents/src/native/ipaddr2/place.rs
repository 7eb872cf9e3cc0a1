//! Where an address belongs: the interface, with the prefix and broadcast address it gets there.

use std::net::{IpAddr, Ipv4Addr};

use system::address::InterfaceAddress;
use system::link::Link;
use system::netlink::Netlink;
use system::route::LinkRoute;

use super::Failure;
use super::wanted::{Broadcast, Wanted};

/// Prefixes of this length and longer have no broadcast address (RFC 3021).
const NO_BROADCAST_LEN: u8 = 31;

/// An interface for an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) link: Link,
    pub(super) prefix_len: u8,
    pub(super) broadcast: Option<Ipv4Addr>,
}

impl Place {
    /// Finds it: on the interface that was named, or else where the smallest network that holds the
    /// address is. Networks are those of the interfaces' addresses and, where none of them holds it,
    /// those that a route leads to directly. The prefix is that network's where none was given.
    pub(super) fn find(wanted: &Wanted, netlink: &mut Netlink) -> Result<Self, Failure> {
        let links = netlink.links()?;
        let own = networks_of_addresses(wanted.address, &netlink.addresses(None)?);
        if own.is_empty() {
            let routed = networks_of_routes(wanted.address, &netlink.link_routes()?);
            return Self::among(wanted, &links, &routed);
        }
        Self::among(wanted, &links, &own)
    }

    fn among(wanted: &Wanted, links: &[Link], networks: &[Network]) -> Result<Self, Failure> {
        let candidates: Vec<_> = links.iter().filter(|link| wanted.may_be_on(link)).collect();
        if candidates.is_empty()
            && let Some(name) = &wanted.interface
        {
            return Err(Failure::Configuration(format!(
                "there is no interface '{name}'"
            )));
        }
        let network = |link: &Link| {
            let on_link = networks
                .iter()
                .filter(|it| it.interface_index == link.index);
            on_link.max_by_key(|network| network.prefix_len)
        };
        let nearest = candidates
            .iter()
            .filter_map(|link| Some((*link, network(link)?)))
            .max_by_key(|(link, network)| (network.prefix_len, link.up, u32::MAX - link.index));
        let (link, network) = match (nearest, candidates.first()) {
            (Some((link, network)), _) => (link, Some(network)),
            (None, Some(link)) if wanted.interface.is_some() => (*link, None),
            _ => {
                return Err(Failure::Machine(format!(
                    "no interface has a network that holds {}: give nic and cidr_netmask",
                    wanted.address
                )));
            }
        };
        let prefix_len = wanted
            .prefix_len
            .or(network.map(|network| network.prefix_len));
        let prefix_len = prefix_len.ok_or_else(|| {
            Failure::Machine(format!(
                "{} has no network that holds {}: give cidr_netmask",
                link.name, wanted.address
            ))
        })?;
        Ok(Self {
            link: link.clone(),
            prefix_len,
            broadcast: broadcast(wanted, prefix_len, network),
        })
    }
}

/// A network that holds the wanted address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Network {
    interface_index: u32,
    prefix_len: u8,
}

/// The networks of addresses. The wanted one itself, which may be there already, does not count;
/// neither do link-local networks, which every interface has.
fn networks_of_addresses(wanted: IpAddr, addresses: &[InterfaceAddress]) -> Vec<Network> {
    addresses
        .iter()
        .filter(|known| known.address != wanted)
        .filter(|known| known.prefix_len > 0 && !is_link_local(known.address))
        .filter(|known| is_in_network(wanted, known.address, known.prefix_len))
        .map(|known| Network {
            interface_index: known.interface_index,
            prefix_len: known.prefix_len,
        })
        .collect()
}

fn networks_of_routes(wanted: IpAddr, routes: &[LinkRoute]) -> Vec<Network> {
    routes
        .iter()
        .filter(|route| !is_link_local(route.network))
        .filter(|route| is_in_network(wanted, route.network, route.prefix_len))
        .map(|route| Network {
            interface_index: route.interface_index,
            prefix_len: route.prefix_len,
        })
        .collect()
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

fn is_in_network(address: IpAddr, other: IpAddr, prefix_len: u8) -> bool {
    match (address, other) {
        (IpAddr::V4(address), IpAddr::V4(other)) => {
            let different = address.to_bits() ^ other.to_bits();
            different.leading_zeros() >= prefix_len.into()
        }
        (IpAddr::V6(address), IpAddr::V6(other)) => {
            let different = address.to_bits() ^ other.to_bits();
            different.leading_zeros() >= prefix_len.into()
        }
        _ => false,
    }
}

fn broadcast(wanted: &Wanted, prefix_len: u8, network: Option<&Network>) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = wanted.address else {
        return None;
    };
    let host_bits = |prefix_len: u8| {
        let is_network = prefix_len < NO_BROADCAST_LEN;
        is_network.then(|| u32::MAX.checked_shr(prefix_len.into()).unwrap_or(0))
    };
    let bits = match wanted.broadcast {
        Broadcast::Given(broadcast) => return Some(broadcast),
        Broadcast::AllOnes => address.to_bits() | host_bits(prefix_len)?,
        Broadcast::AllZeros => address.to_bits() & !host_bits(prefix_len)?,
        Broadcast::OfNetwork => address.to_bits() | host_bits(network?.prefix_len)?,
    };
    Some(Ipv4Addr::from_bits(bits))
}
