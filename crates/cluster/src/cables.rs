//! Whether this machine is plugged in: the carriers of the interfaces that its links use.
//!
//! Of two nodes that no longer hear each other, the one whose own cables are out knows that it is the
//! one that is cut off.

use std::io;
use std::net::IpAddr;

use system::awaited::Awaited;
use system::monitor::NetworkMonitor;
use system::netlink::{Netlink, NetlinkError};

/// See above.
#[derive(Debug)]
pub struct Cables {
    events: Awaited<NetworkMonitor>,
    /// This node's addresses, one for each link of the cluster.
    addresses: Vec<IpAddr>,
}

impl Cables {
    /// Watches the interfaces that have these addresses.
    ///
    /// # Errors
    /// Where the kernel gives no events.
    pub fn watch(addresses: Vec<IpAddr>) -> io::Result<Self> {
        let events = NetworkMonitor::open().and_then(Awaited::new)?;
        Ok(Self { events, addresses })
    }

    /// Whether no interface works that any link uses, after the next change of anything there. Safe to
    /// be cancelled.
    ///
    /// # Errors
    /// Where the kernel gives no answers any more.
    pub async fn changed(&self) -> io::Result<bool> {
        self.events.read(NetworkMonitor::read).await?;
        self.are_out().map_err(io::Error::other)
    }

    /// Whether no interface works that any link uses.
    ///
    /// # Errors
    /// Where the kernel does not answer.
    pub fn are_out(&self) -> Result<bool, NetlinkError> {
        let mut netlink = Netlink::open()?;
        let used: Vec<u32> = netlink
            .addresses(None)?
            .into_iter()
            .filter(|held| self.addresses.contains(&held.address))
            .map(|held| held.interface_index)
            .collect();
        let links = netlink.links()?;
        let mut used = links.iter().filter(|link| used.contains(&link.index));
        Ok(!used.any(system::link::Link::usable))
    }
}
