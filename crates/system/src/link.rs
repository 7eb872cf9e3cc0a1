//! Network interfaces: found, made, changed, moved to another namespace; and routes over them.

use std::io;
use std::net::IpAddr;
use std::os::fd::BorrowedFd;

use crate::netlink::{Netlink, NetlinkError};

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its index.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its hardware address; six bytes for Ethernet, empty where it has none.
    pub mac: Vec<u8>,
    /// The largest packet in bytes.
    pub mtu: u32,
    /// Set up by the administrator (`IFF_UP`).
    pub up: bool,
    /// The link works (`IFF_RUNNING`: carrier, and not dormant).
    pub running: bool,
    /// The loopback interface.
    pub loopback: bool,
    /// The index of the bridge or bond it belongs to.
    pub controller: Option<u32>,
}

impl Link {
    /// Whether packets can pass.
    #[must_use]
    pub fn usable(&self) -> bool {
        self.up && self.running
    }
}

/// A route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The destination network; the unspecified address with length 0 is the default route.
    pub destination: IpAddr,
    /// Its prefix length.
    pub prefix_len: u8,
    /// The next hop, where it is not on the link.
    pub gateway: Option<IpAddr>,
    /// The interface, where it is not to be found through the gateway.
    pub interface_index: Option<u32>,
}

fn unsupported<T>() -> Result<T, NetlinkError> {
    Err(NetlinkError::Io(io::ErrorKind::Unsupported.into()))
}

impl Netlink {
    /// All interfaces.
    pub fn links(&mut self) -> Result<Vec<Link>, NetlinkError> {
        unsupported()
    }

    /// The interface of that name; `None` where there is none.
    pub fn link_by_name(&mut self, name: &str) -> Result<Option<Link>, NetlinkError> {
        let _ = name;
        unsupported()
    }

    /// The interface of that index; `None` where there is none.
    pub fn link(&mut self, index: u32) -> Result<Option<Link>, NetlinkError> {
        let _ = index;
        unsupported()
    }

    /// Sets an interface up or down.
    pub fn set_up(&mut self, index: u32, up: bool) -> Result<(), NetlinkError> {
        let _ = (index, up);
        unsupported()
    }

    /// Makes a pair of connected Ethernet interfaces.
    pub fn create_veth(&mut self, name: &str, peer: &str) -> Result<(), NetlinkError> {
        let _ = (name, peer);
        unsupported()
    }

    /// Makes a bridge (a switch).
    pub fn create_bridge(&mut self, name: &str) -> Result<(), NetlinkError> {
        let _ = name;
        unsupported()
    }

    /// Makes an interface that swallows what it sends.
    pub fn create_dummy(&mut self, name: &str) -> Result<(), NetlinkError> {
        let _ = name;
        unsupported()
    }

    /// Removes an interface (and the other end of a veth pair).
    pub fn remove_link(&mut self, index: u32) -> Result<(), NetlinkError> {
        let _ = index;
        unsupported()
    }

    /// Plugs an interface into a bridge, or out of it with `None`.
    pub fn set_controller(
        &mut self,
        index: u32,
        controller: Option<u32>,
    ) -> Result<(), NetlinkError> {
        let _ = (index, controller);
        unsupported()
    }

    /// Moves an interface into the network namespace of a process and gives it that name there. It
    /// is down afterwards and has another index.
    pub fn move_link(&mut self, index: u32, pid: u32, name: &str) -> Result<(), NetlinkError> {
        let _ = (index, pid, name);
        unsupported()
    }

    /// Moves an interface into an open network namespace and gives it that name there.
    pub fn move_link_to(
        &mut self,
        index: u32,
        namespace: BorrowedFd<'_>,
        name: &str,
    ) -> Result<(), NetlinkError> {
        let _ = (index, namespace, name);
        unsupported()
    }

    /// Sets the hardware address.
    pub fn set_mac(&mut self, index: u32, mac: [u8; 6]) -> Result<(), NetlinkError> {
        let _ = (index, mac);
        unsupported()
    }

    /// Adds a route; one that is there already is no error.
    pub fn add_route(&mut self, route: &Route) -> Result<(), NetlinkError> {
        let _ = route;
        unsupported()
    }
}
