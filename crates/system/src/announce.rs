//! Telling the neighbours that an address lives here now: gratuitous ARP (IPv4, RFC 5227) and
//! unsolicited neighbour advertisements (IPv6, RFC 4861 section 7.2.6).

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

/// Which ARP operation says it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ArpKind {
    /// A request for the own address, as keepalived sends it.
    #[default]
    Request,
    /// A reply nobody asked for.
    Reply,
}

/// The most announcements that one call sends.
pub const MAX_BATCH: usize = 4096;

/// Announces addresses, in the network namespace of the thread that opened it.
#[derive(Debug)]
pub struct Announcer {
    arp: OwnedFd,
    neighbour: Option<OwnedFd>,
}

impl Announcer {
    /// Opens its sockets; needs `CAP_NET_RAW`. Without IPv6 in the kernel, IPv6 addresses are
    /// refused with `Unsupported`.
    pub fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Announces one IPv4 address as held by `mac` on an interface.
    pub fn gratuitous_arp(
        &self,
        interface_index: u32,
        mac: [u8; 6],
        address: Ipv4Addr,
        kind: ArpKind,
    ) -> io::Result<()> {
        let _ = (&self.arp, interface_index, mac, address, kind);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Announces one IPv6 address as held by `mac` on an interface: to all nodes, with the override
    /// flag. `router` says whether this machine forwards.
    pub fn neighbour_advertisement(
        &self,
        interface_index: u32,
        mac: [u8; 6],
        address: Ipv6Addr,
        router: bool,
    ) -> io::Result<()> {
        let _ = (&self.neighbour, interface_index, mac, address, router);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Announces each address once: at most [`MAX_BATCH`], `InvalidInput` past it. Goes on past an
    /// address that failed and answers the first error at the end.
    pub fn announce(
        &self,
        interface_index: u32,
        mac: [u8; 6],
        addresses: &[IpAddr],
    ) -> io::Result<()> {
        let _ = (interface_index, mac, addresses);
        Err(io::ErrorKind::Unsupported.into())
    }
}
