//! Addresses of interfaces: added, removed, listed, watched.

use std::net::{IpAddr, Ipv4Addr};

use crate::netlink::wire::{Message, Request, number, text};
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
    /// The other end of a point-to-point link.
    pub peer: Option<IpAddr>,
    /// 0 global, 200 site, 253 link, 254 host, 255 nowhere.
    pub scope: u8,
    /// The label (IPv4).
    pub label: Option<String>,
    /// Duplicate address detection has not ended (IPv6).
    pub tentative: bool,
    /// Duplicate address detection found another holder (IPv6).
    pub duplicated: bool,
    /// It is no longer preferred as a source.
    pub deprecated: bool,
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

const FIXED_BYTES: usize = 8;

impl Netlink {
    /// Puts an address on an interface.
    pub fn add_address(&mut self, new: &NewAddress) -> Result<Added, NetlinkError> {
        let request = describe(
            libc::RTM_NEWADDR,
            new.interface_index,
            new.address,
            new.prefix_len,
            new.peer.unwrap_or(new.address),
            new.scope,
        )
        .flags(libc::NLM_F_CREATE | libc::NLM_F_EXCL)
        .attribute_if(
            libc::IFA_BROADCAST,
            new.broadcast.map(|address| address.octets()),
        )
        .attribute(libc::IFA_FLAGS, &new.flags.bits().to_ne_bytes())
        .attribute(libc::IFA_CACHEINFO, &lifetimes(new));
        let request = match &new.label {
            Some(label) => request.text(libc::IFA_LABEL, label),
            None => request,
        };
        match self.execute(request) {
            Ok(()) => Ok(Added::Added),
            Err(error) if error.is(libc::EEXIST) => Ok(Added::AlreadyThere),
            Err(error) => Err(error),
        }
    }

    /// Takes an address off an interface.
    pub fn remove_address(
        &mut self,
        interface_index: u32,
        address: IpAddr,
        prefix_len: u8,
    ) -> Result<Removed, NetlinkError> {
        if self.try_remove(interface_index, address, prefix_len, address)? == Removed::Removed {
            return Ok(Removed::Removed);
        }
        // The kernel knows a point-to-point address by its peer.
        let with_peer = self
            .addresses(Some(interface_index))?
            .into_iter()
            .find(|held| held.address == address && held.prefix_len == prefix_len)
            .and_then(|held| held.peer);
        match with_peer {
            Some(peer) => self.try_remove(interface_index, address, prefix_len, peer),
            None => Ok(Removed::NotThere),
        }
    }

    fn try_remove(
        &mut self,
        interface_index: u32,
        address: IpAddr,
        prefix_len: u8,
        peer: IpAddr,
    ) -> Result<Removed, NetlinkError> {
        let request = describe(
            libc::RTM_DELADDR,
            interface_index,
            address,
            prefix_len,
            peer,
            0,
        );
        match self.execute(request) {
            Ok(()) => Ok(Removed::Removed),
            Err(NetlinkError::NoSuchInterface) => Ok(Removed::NotThere),
            Err(error) if error.is(libc::EADDRNOTAVAIL) => Ok(Removed::NotThere),
            Err(error) => Err(error),
        }
    }

    /// The addresses of one interface, or of all.
    pub fn addresses(
        &mut self,
        interface_index: Option<u32>,
    ) -> Result<Vec<InterfaceAddress>, NetlinkError> {
        let request = Request::new(libc::RTM_GETADDR, &[0; FIXED_BYTES]);
        self.list(&request, |message| {
            read_address(message)
                .filter(|found| interface_index.is_none_or(|index| index == found.interface_index))
        })
    }
}

impl AddressFlags {
    fn bits(self) -> u32 {
        [
            (self.no_dad, libc::IFA_F_NODAD),
            (self.no_prefix_route, libc::IFA_F_NOPREFIXROUTE),
            (self.home, libc::IFA_F_HOMEADDRESS),
            (self.manage_temporary, libc::IFA_F_MANAGETEMPADDR),
            (self.auto_join, IFA_F_MCAUTOJOIN),
        ]
        .into_iter()
        .filter(|(wanted, _)| *wanted)
        .fold(0, |bits, (_, bit)| bits | bit)
    }
}

/// A group is joined for the address (`linux/if_addr.h`; libc has no name for it).
const IFA_F_MCAUTOJOIN: u32 = 0x400;

/// `struct ifa_cacheinfo`: preferred and valid lifetime; two stamps that the kernel sets.
fn lifetimes(new: &NewAddress) -> Vec<u8> {
    const FOR_EVER: u32 = u32::MAX;
    let preferred = new.preferred_lifetime_s.unwrap_or(FOR_EVER);
    [preferred, FOR_EVER, 0, 0]
        .into_iter()
        .flat_map(u32::to_ne_bytes)
        .collect()
}

/// A request about an address: `struct ifaddrmsg`, the address and its far end.
fn describe(
    kind: u16,
    interface_index: u32,
    address: IpAddr,
    prefix_len: u8,
    peer: IpAddr,
    scope: u8,
) -> Request {
    let family = match address {
        IpAddr::V4(_) => libc::AF_INET,
        IpAddr::V6(_) => libc::AF_INET6,
    };
    let mut fixed = [0; FIXED_BYTES];
    fixed[0] = family as u8;
    fixed[1] = prefix_len;
    fixed[3] = scope;
    fixed[4..].copy_from_slice(&interface_index.to_ne_bytes());
    Request::new(kind, &fixed)
        .attribute(libc::IFA_LOCAL, &octets(address))
        .attribute(libc::IFA_ADDRESS, &octets(peer))
}

pub(crate) fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// An attribute that is an address.
pub(crate) fn ip_address(value: &[u8]) -> Option<IpAddr> {
    match value.len() {
        4 => value.first_chunk::<4>().map(|octets| IpAddr::from(*octets)),
        16 => value
            .first_chunk::<16>()
            .map(|octets| IpAddr::from(*octets)),
        _ => None,
    }
}

/// What a message of the kernel says about an address.
pub(crate) fn read_address(message: &Message<'_>) -> Option<InterfaceAddress> {
    let (fixed, attributes) = message.split::<FIXED_BYTES>()?;
    let [_family, prefix_len, flags, scope, index @ ..] = *fixed;
    let (mut local, mut far) = (None, None);
    let (mut label, mut flags) = (None, u32::from(flags));
    for (kind, value) in attributes {
        match kind {
            libc::IFA_LOCAL => local = ip_address(value),
            libc::IFA_ADDRESS => far = ip_address(value),
            libc::IFA_LABEL => label = Some(text(value)),
            libc::IFA_FLAGS => flags = number(value).unwrap_or(flags),
            _ => {}
        }
    }
    let is_set = |bit| flags & bit != 0;
    let address = local.or(far)?;
    Some(InterfaceAddress {
        interface_index: u32::from_ne_bytes(index),
        address,
        prefix_len,
        peer: far.filter(|far| *far != address),
        scope,
        label,
        tentative: is_set(libc::IFA_F_TENTATIVE),
        duplicated: is_set(libc::IFA_F_DADFAILED),
        secondary: address.is_ipv4() && is_set(libc::IFA_F_SECONDARY),
        deprecated: is_set(libc::IFA_F_DEPRECATED),
    })
}

#[cfg(test)]
mod tests;
