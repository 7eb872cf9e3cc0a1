//! Network interfaces: found, made, changed, moved to another namespace.

use std::io;

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

/// `struct ifinfomsg`.
const FIXED_BYTES: usize = 16;
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

    /// The index of the interface of that name; `NoSuchInterface` where there is none.
    pub fn index_of(&mut self, name: &str) -> Result<u32, NetlinkError> {
        let link = self.link_by_name(name)?;
        link.map(|link| link.index)
            .ok_or(NetlinkError::NoSuchInterface)
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

    /// Makes a pair of connected Ethernet interfaces; their indexes, in the order of the names.
    pub fn create_veth(&mut self, name: &str, peer: &str) -> Result<[u32; 2], NetlinkError> {
        let far = Nested::new(&[0; FIXED_BYTES]).text(libc::IFLA_IFNAME, checked(peer)?);
        let data = Nested::default().nested(VETH_INFO_PEER, far);
        let index = self.create(name, "veth", data)?;
        Ok([index, self.index_of(peer)?])
    }

    /// Makes a bridge: a switch that passes every multicast on, like one that does not listen in on
    /// group memberships. Answers its index.
    pub fn create_bridge(&mut self, name: &str) -> Result<u32, NetlinkError> {
        let data = Nested::default().attribute(IFLA_BR_MCAST_SNOOPING, &[0]);
        self.create(name, "bridge", data)
    }

    fn create(&mut self, name: &str, kind: &str, data: Nested) -> Result<u32, NetlinkError> {
        let info = Nested::default()
            .text(libc::IFLA_INFO_KIND, kind)
            .nested(libc::IFLA_INFO_DATA, data);
        let request = about(libc::RTM_NEWLINK, 0)
            .flags(libc::NLM_F_CREATE | libc::NLM_F_EXCL)
            .text(libc::IFLA_IFNAME, checked(name)?)
            .nested(libc::IFLA_LINKINFO, info);
        self.execute(request)?;
        self.index_of(name)
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

    /// Sets the hardware address.
    pub fn set_mac(&mut self, index: u32, mac: [u8; 6]) -> Result<(), NetlinkError> {
        self.change(index, libc::IFLA_ADDRESS, &mac)
    }

    fn change(&mut self, index: u32, attribute: u16, value: &[u8]) -> Result<(), NetlinkError> {
        self.execute(about(libc::RTM_NEWLINK, index).attribute(attribute, value))
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
