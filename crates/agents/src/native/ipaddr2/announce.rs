//! Announcements of a new address: the first at once, the others at a pace, as long as it is there.

use std::io;
use std::net::IpAddr;

use system::announce::Announcer;
use system::link::Link;
use system::netlink::Netlink;
use tokio::time::sleep;

use super::wanted::Wanted;

/// Announces an address so many times. What fails is nobody's failure: the address works, and
/// neighbours learn of it a little later.
pub(super) fn begin(wanted: &Wanted, link: &Link, times: u32) {
    let Some(mac) = link.ethernet_address().filter(|_| !link.loopback) else {
        return;
    };
    let Ok(announcer) = Announcer::open() else {
        return;
    };
    let (address, index) = (wanted.address, link.index);
    let router = wanted.address.is_ipv6() && forwards(&link.name);
    let announce = move || -> io::Result<()> {
        match address {
            IpAddr::V4(address) => announcer.gratuitous_arp(index, mac, address),
            IpAddr::V6(address) => announcer.neighbour_advertisement(index, mac, address, router),
        }
    };
    let Some(others) = times.checked_sub(1) else {
        return;
    };
    let _ = announce();
    let pace = wanted.announcement_pace;
    tokio::spawn(async move {
        for _ in 0..others {
            sleep(pace).await;
            if !is_there(index, address) {
                return;
            }
            let _ = announce();
        }
    });
}

/// Whether this machine is a router on that interface.
fn forwards(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read_to_string(path).is_ok_and(|value| value.trim() == "1")
}

/// Another machine's address is never announced.
fn is_there(interface_index: u32, address: IpAddr) -> bool {
    let found = Netlink::open().and_then(|mut netlink| netlink.addresses(Some(interface_index)));
    found.is_ok_and(|found| found.iter().any(|known| known.address == address))
}
