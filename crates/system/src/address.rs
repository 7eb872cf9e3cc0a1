//! Addresses of interfaces: added, removed, listed, watched.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use crate::netlink::{Netlink, NetlinkError};

/// An address to put on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAddress {
    /// The interface's index.
    pub interface_index: u32,
    /// The address.
    pub address: IpAddr,
    /// Its prefix length in bits.
    pub prefix_len: u8,
    /// The broadcast address (IPv4).
    pub broadcast: Option<Ipv4Addr>,
    /// The other end of a point-to-point link; `prefix_len` is then the peer's.
    pub peer: Option<IpAddr>,
    /// 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: u8,
    /// The label (IPv4), at most 15 bytes, starting with the interface's name.
    pub label: Option<String>,
    /// What is special about it.
    pub flags: AddressFlags,
    /// Seconds until it is no longer preferred as a source; `None` is for ever, 0 is deprecated at
    /// once.
    pub preferred_lifetime_s: Option<u32>,
    /// Seconds until the kernel removes it; `None` is for ever.
    pub valid_lifetime_s: Option<u32>,
}

impl NewAddress {
    /// A plain global address that stays until it is removed.
    #[must_use]
    pub fn new(interface_index: u32, address: IpAddr, prefix_len: u8) -> Self {
        Self {
            interface_index,
            address,
            prefix_len,
            broadcast: None,
            peer: None,
            scope: 0,
            label: None,
            flags: AddressFlags::default(),
            preferred_lifetime_s: None,
            valid_lifetime_s: None,
        }
    }
}

/// What is special about an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AddressFlags {
    /// No duplicate address detection (IPv6): usable at once.
    pub no_dad: bool,
    /// No route to its network is added.
    pub no_prefix_route: bool,
    /// A home address (IPv6, RFC 6275).
    pub home: bool,
    /// Temporary addresses are derived from it (IPv6).
    pub manage_temporary: bool,
    /// A multicast group is joined.
    pub auto_join: bool,
}

/// An address found on an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// The interface's index.
    pub interface_index: u32,
    /// The address.
    pub address: IpAddr,
    /// Its prefix length in bits.
    pub prefix_len: u8,
    /// 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: u8,
    /// The label (IPv4).
    pub label: Option<String>,
    /// Duplicate address detection has not ended (IPv6).
    pub tentative: bool,
    /// Duplicate address detection found another holder (IPv6).
    pub duplicated: bool,
    /// A second address of a network (IPv4): it goes when the first goes, unless
    /// `promote_secondaries` is set.
    pub secondary: bool,
}

/// What adding an address did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    Added,
    /// It was there before; nothing was changed.
    AlreadyThere,
}

/// What removing an address did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removed {
    /// It is gone now.
    Removed,
    /// It was not there (or its interface is gone).
    NotThere,
}

impl Netlink {
    /// Puts an address on an interface.
    pub fn add_address(&mut self, new: &NewAddress) -> Result<Added, NetlinkError> {
        let _ = new;
        Err(NetlinkError::Io(io::ErrorKind::Unsupported.into()))
    }

    /// Takes an address off an interface.
    pub fn remove_address(
        &mut self,
        interface_index: u32,
        address: IpAddr,
        prefix_len: u8,
    ) -> Result<Removed, NetlinkError> {
        let _ = (interface_index, address, prefix_len);
        Err(NetlinkError::Io(io::ErrorKind::Unsupported.into()))
    }

    /// The addresses of one interface, or of all.
    pub fn addresses(
        &mut self,
        interface_index: Option<u32>,
    ) -> Result<Vec<InterfaceAddress>, NetlinkError> {
        let _ = interface_index;
        Err(NetlinkError::Io(io::ErrorKind::Unsupported.into()))
    }
}
