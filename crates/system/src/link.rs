//! Network interfaces: found, made, changed, moved to another namespace; and routes over them.

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, BorrowedFd};

use crate::address::octets;
use crate::netlink::wire::{Message, Nested, Request, number, text};
use crate::netlink::{Netlink, NetlinkError};

/// The longest name of an interface in bytes.
pub const MAX_NAME_BYTES: usize = 15;

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

    /// The hardware address where it is Ethernet's.
    #[must_use]
    pub fn ethernet_address(&self) -> Option<[u8; 6]> {
        self.mac.as_slice().try_into().ok()
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

/// `struct ifinfomsg`.
const FIXED_BYTES: usize = 16;
/// `struct rtmsg`.
const ROUTE_FIXED_BYTES: usize = 12;
/// The other end inside the data of a veth pair (`linux/veth.h`).
const VETH_INFO_PEER: u16 = 1;
/// Whether a bridge listens in on group memberships (`linux/if_link.h`).
const IFLA_BR_MCAST_SNOOPING: u16 = 23;

impl Netlink {
    /// All interfaces.
    pub fn links(&mut self) -> Result<Vec<Link>, NetlinkError> {
        let request = Request::new(libc::RTM_GETLINK, &[0; FIXED_BYTES]);
        self.list(&request, read_link)
    }

    /// The interface of that name; `None` where there is none.
    pub fn link_by_name(&mut self, name: &str) -> Result<Option<Link>, NetlinkError> {
        if !is_name(name) {
            return Ok(None);
        }
        let request = about(libc::RTM_GETLINK, 0).text(libc::IFLA_IFNAME, name);
        self.look_up(request, read_link)
    }

    /// The interface of that index; `None` where there is none.
    pub fn link(&mut self, index: u32) -> Result<Option<Link>, NetlinkError> {
        if index == 0 {
            return Ok(None);
        }
        self.look_up(about(libc::RTM_GETLINK, index), read_link)
    }

    /// Sets an interface up or down.
    pub fn set_up(&mut self, index: u32, up: bool) -> Result<(), NetlinkError> {
        let bit = libc::IFF_UP as u32;
        let flags = if up { bit } else { 0 };
        let fixed = fixed_part(index, flags, bit);
        self.execute(Request::new(libc::RTM_NEWLINK, &fixed))
    }

    /// Makes a pair of connected Ethernet interfaces.
    pub fn create_veth(&mut self, name: &str, peer: &str) -> Result<(), NetlinkError> {
        let far = Nested::new(&[0; FIXED_BYTES]).text(libc::IFLA_IFNAME, checked(peer)?);
        let data = Nested::default().nested(VETH_INFO_PEER, far);
        self.create(name, "veth", Some(data))
    }

    /// Makes a bridge: a switch that passes every multicast on, like one that does not listen in on
    /// group memberships.
    pub fn create_bridge(&mut self, name: &str) -> Result<(), NetlinkError> {
        let data = Nested::default().attribute(IFLA_BR_MCAST_SNOOPING, &[0]);
        self.create(name, "bridge", Some(data))
    }

    fn create(&mut self, name: &str, kind: &str, data: Option<Nested>) -> Result<(), NetlinkError> {
        let mut info = Nested::default().text(libc::IFLA_INFO_KIND, kind);
        if let Some(data) = data {
            info = info.nested(libc::IFLA_INFO_DATA, data);
        }
        let request = about(libc::RTM_NEWLINK, 0)
            .flags(libc::NLM_F_CREATE | libc::NLM_F_EXCL)
            .text(libc::IFLA_IFNAME, checked(name)?)
            .nested(libc::IFLA_LINKINFO, info);
        self.execute(request)
    }

    /// Removes an interface (and the other end of a veth pair).
    pub fn remove_link(&mut self, index: u32) -> Result<(), NetlinkError> {
        self.execute(about(libc::RTM_DELLINK, index))
    }

    /// Plugs an interface into a bridge, or out of it with `None`.
    pub fn set_controller(
        &mut self,
        index: u32,
        controller: Option<u32>,
    ) -> Result<(), NetlinkError> {
        let controller = controller.unwrap_or(0);
        self.change(index, libc::IFLA_MASTER, &controller.to_ne_bytes())
    }

    /// Moves an interface into the network namespace of a process and gives it that name there. It
    /// is down afterwards, may have another index, and has lost its addresses.
    pub fn move_link(&mut self, index: u32, pid: u32, name: &str) -> Result<(), NetlinkError> {
        let request = about(libc::RTM_NEWLINK, index)
            .attribute(libc::IFLA_NET_NS_PID, &pid.to_ne_bytes())
            .text(libc::IFLA_IFNAME, checked(name)?);
        self.execute(request)
    }

    /// Moves an interface into an open network namespace and gives it that name there.
    pub fn move_link_to(
        &mut self,
        index: u32,
        namespace: BorrowedFd<'_>,
        name: &str,
    ) -> Result<(), NetlinkError> {
        let request = about(libc::RTM_NEWLINK, index)
            .attribute(libc::IFLA_NET_NS_FD, &namespace.as_raw_fd().to_ne_bytes())
            .text(libc::IFLA_IFNAME, checked(name)?);
        self.execute(request)
    }

    /// Gives an interface another name.
    pub fn rename(&mut self, index: u32, name: &str) -> Result<(), NetlinkError> {
        self.execute(about(libc::RTM_NEWLINK, index).text(libc::IFLA_IFNAME, checked(name)?))
    }

    /// Sets the hardware address.
    pub fn set_mac(&mut self, index: u32, mac: [u8; 6]) -> Result<(), NetlinkError> {
        self.change(index, libc::IFLA_ADDRESS, &mac)
    }

    fn change(&mut self, index: u32, attribute: u16, value: &[u8]) -> Result<(), NetlinkError> {
        self.execute(about(libc::RTM_NEWLINK, index).attribute(attribute, value))
    }

    /// Adds a route; one that is there already is no error.
    pub fn add_route(&mut self, route: &Route) -> Result<(), NetlinkError> {
        let (family, on_link) = match route.destination {
            IpAddr::V4(_) => (libc::AF_INET, libc::RT_SCOPE_LINK),
            IpAddr::V6(_) => (libc::AF_INET6, libc::RT_SCOPE_UNIVERSE),
        };
        let scope = match route.gateway {
            Some(_) => libc::RT_SCOPE_UNIVERSE,
            None => on_link,
        };
        let mut fixed = [0; ROUTE_FIXED_BYTES];
        fixed[0] = family as u8;
        fixed[1] = route.prefix_len;
        fixed[4] = libc::RT_TABLE_MAIN;
        fixed[5] = libc::RTPROT_STATIC;
        fixed[6] = scope;
        fixed[7] = libc::RTN_UNICAST;
        let request = Request::new(libc::RTM_NEWROUTE, &fixed)
            .flags(libc::NLM_F_CREATE | libc::NLM_F_EXCL)
            .attribute(libc::RTA_DST, &octets(route.destination))
            .attribute_if(libc::RTA_GATEWAY, route.gateway.map(octets))
            .attribute_if(libc::RTA_OIF, route.interface_index.map(u32::to_ne_bytes));
        match self.execute(request) {
            Err(error) if error.is(libc::EEXIST) => Ok(()),
            other => other,
        }
    }
}

/// Whether the kernel would take it as an interface's name: 1 to [`MAX_NAME_BYTES`] bytes, no
/// slash, no white space.
fn is_name(name: &str) -> bool {
    (1..=MAX_NAME_BYTES).contains(&name.len())
        && !name.contains(|letter: char| letter == '/' || letter == '\0' || letter.is_whitespace())
}

fn checked(name: &str) -> Result<&str, NetlinkError> {
    if is_name(name) {
        return Ok(name);
    }
    Err(NetlinkError::Io(io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("'{name}' cannot name an interface"),
    )))
}

fn about(kind: u16, index: u32) -> Request {
    Request::new(kind, &fixed_part(index, 0, 0))
}

fn fixed_part(index: u32, flags: u32, change: u32) -> [u8; FIXED_BYTES] {
    let mut fixed = [0; FIXED_BYTES];
    fixed[4..8].copy_from_slice(&index.to_ne_bytes());
    fixed[8..12].copy_from_slice(&flags.to_ne_bytes());
    fixed[12..].copy_from_slice(&change.to_ne_bytes());
    fixed
}

/// What a message of the kernel says about an interface. Messages of another family (a port that
/// left its bridge) are not about the interface itself.
pub(crate) fn read_link(message: &Message<'_>) -> Option<Link> {
    let (fixed, attributes) = message.split::<FIXED_BYTES>()?;
    if i32::from(fixed[0]) != libc::AF_UNSPEC {
        return None;
    }
    let index = number(&fixed[4..8])?;
    let flags = number(&fixed[8..12])?;
    let mut link = Link {
        index,
        name: String::new(),
        mac: Vec::new(),
        mtu: 0,
        up: flags & libc::IFF_UP as u32 != 0,
        running: flags & libc::IFF_RUNNING as u32 != 0,
        loopback: flags & libc::IFF_LOOPBACK as u32 != 0,
        controller: None,
    };
    for (kind, value) in attributes {
        match kind {
            libc::IFLA_IFNAME => link.name = text(value),
            libc::IFLA_ADDRESS => link.mac = value.to_vec(),
            libc::IFLA_MTU => link.mtu = number(value).unwrap_or(0),
            libc::IFLA_MASTER => link.controller = number(value),
            _ => {}
        }
    }
    Some(link)
}

#[cfg(test)]
mod tests;
