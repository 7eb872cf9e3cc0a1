//! The virtual addresses on this machine: put there, taken away, announced.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use keepalived_config::model::VirtualAddress;
use system::address::{AddressFlags, NewAddress};
use system::announce::Announcer;
use system::netlink::{Netlink, NetlinkError};

use crate::network::Network;
use crate::plan::RouterPlan;
use crate::supervision::HeldAddress;

/// Puts each address of a router on its interface; answers those that failed.
pub(crate) fn add(
    plan: &RouterPlan,
    network: &Network,
    netlink: &mut Netlink,
) -> Vec<(IpAddr, NetlinkError)> {
    let mut failed = Vec::new();
    for address in &plan.addresses {
        let added = match network.link(plan.interface_of(address)) {
            Some(link) => netlink
                .add_address(&new_address(address, link.index))
                .map(|_| ()),
            None => Err(NetlinkError::NoSuchInterface),
        };
        failed.extend(added.err().map(|error| (address.address, error)));
    }
    failed
}

/// Takes addresses of a router off; answers those that failed.
pub(crate) fn remove(
    plan: &RouterPlan,
    which: impl Fn(&VirtualAddress) -> bool,
    network: &Network,
    netlink: &mut Netlink,
) -> Vec<(IpAddr, NetlinkError)> {
    let mut failed = Vec::new();
    for address in plan.addresses.iter().filter(|address| which(address)) {
        let Some(link) = network.link(plan.interface_of(address)) else {
            continue;
        };
        if let Err(error) = netlink.remove_address(link.index, address.address, prefix(address)) {
            failed.push((address.address, error));
        }
    }
    failed
}

/// Puts a static address on its interface.
pub(crate) fn add_static(
    interface: &str,
    address: &VirtualAddress,
    network: &Network,
    netlink: &mut Netlink,
) -> Result<(), NetlinkError> {
    let link = network
        .link(interface)
        .ok_or(NetlinkError::NoSuchInterface)?;
    netlink
        .add_address(&new_address(address, link.index))
        .map(|_| ())
}

/// Takes a static address off that is no longer configured.
pub(crate) fn remove_static(
    interface: &str,
    address: &VirtualAddress,
    network: &Network,
    netlink: &mut Netlink,
) -> Result<(), NetlinkError> {
    let Some(link) = network.link(interface) else {
        return Ok(());
    };
    netlink
        .remove_address(link.index, address.address, prefix(address))
        .map(|_| ())
}

/// A router's addresses as the supervisor would remove them.
pub(crate) fn held(plan: &RouterPlan, network: &Network) -> Vec<HeldAddress> {
    let held = plan.addresses.iter().filter_map(|address| {
        Some(HeldAddress {
            interface_index: network.link(plan.interface_of(address))?.index,
            address: address.address,
            prefix_len: prefix(address),
        })
    });
    held.collect()
}

/// With a peer the kernel counts the peer's prefix.
fn prefix(address: &VirtualAddress) -> u8 {
    address
        .peer
        .map_or(address.prefix_len, |(_, prefix_len)| prefix_len)
}

/// IPv6 addresses are put on without duplicate address detection: the router that had it may still
/// answer for a moment, and a second of waiting is what VRRP is there to avoid.
fn new_address(address: &VirtualAddress, interface_index: u32) -> NewAddress {
    NewAddress {
        broadcast: address.broadcast,
        peer: address.peer.map(|(peer, _)| peer),
        scope: address.scope,
        label: address.label.clone(),
        flags: AddressFlags {
            no_dad: address.address.is_ipv6(),
            no_prefix_route: address.no_prefix_route,
            home: address.home,
            manage_temporary: address.manage_temporary,
            auto_join: address.auto_join,
        },
        preferred_lifetime_s: address.preferred_lifetime_s,
        ..NewAddress::new(interface_index, address.address, prefix(address))
    }
}

/// One gratuitous ARP or unsolicited NA.
#[derive(Debug, Clone, Copy)]
struct Announcement {
    interface_index: u32,
    mac: [u8; 6],
    address: IpAddr,
}

/// Announces each address of a router `repeat` times, with the configured pause between packets.
/// Addresses on interfaces without a hardware address have nobody to tell.
pub(crate) fn announce(
    plan: &RouterPlan,
    repeat: u8,
    network: &Network,
    announcer: &Rc<Announcer>,
) -> Result<(), std::io::Error> {
    let once: Vec<Announcement> = plan
        .addresses
        .iter()
        .filter_map(|address| {
            let link = network.link(plan.interface_of(address))?;
            Some(Announcement {
                interface_index: link.index,
                mac: link.ethernet_address()?,
                address: address.address,
            })
        })
        .collect();
    let (arp, neighbour) = (plan.announce.arp_interval, plan.announce.neighbour_interval);
    let rounds = usize::from(repeat);
    if arp.is_zero() && neighbour.is_zero() {
        let all = std::iter::repeat_n(&once, rounds).flatten();
        return all
            .map(|one| send(announcer, *one))
            .fold(Ok(()), Result::and);
    }
    let announcer = Rc::clone(announcer);
    tokio::task::spawn_local(async move {
        for one in std::iter::repeat_n(&once, rounds).flatten() {
            // The next repetition will tell what went wrong, if it does again.
            let _ = send(&announcer, *one);
            let pause: Duration = if one.address.is_ipv4() {
                arp
            } else {
                neighbour
            };
            tokio::time::sleep(pause).await;
        }
    });
    Ok(())
}

fn send(announcer: &Announcer, one: Announcement) -> std::io::Result<()> {
    let Announcement {
        interface_index,
        mac,
        address,
    } = one;
    match address {
        IpAddr::V4(address) => announcer.gratuitous_arp(interface_index, mac, address),
        IpAddr::V6(address) => {
            announcer.neighbour_advertisement(interface_index, mac, address, false)
        }
    }
}
