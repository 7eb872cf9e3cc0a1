//! Telling the neighbours that an address lives here now: gratuitous ARP (IPv4, RFC 5227) and
//! unsolicited neighbour advertisements (IPv6, RFC 4861 section 7.2.6).
//!
//! Both are sent as whole Ethernet frames, as keepalived does: the kernel then has no say about an
//! address that it has only just got.

mod frame;

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// Announces addresses, in the network namespace of the thread that opened it. Never blocks.
#[derive(Debug)]
pub struct Announcer {
    socket: OwnedFd,
}

impl Announcer {
    /// Opens its socket, which receives nothing; needs `CAP_NET_RAW` (`PermissionDenied`).
    pub fn open() -> io::Result<Self> {
        let socket = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            None,
        )?;
        Ok(Self { socket })
    }

    /// Announces one IPv4 address as held by `mac` on an interface: by a request for the own
    /// address, as keepalived does.
    pub fn gratuitous_arp(
        &self,
        interface_index: u32,
        mac: [u8; 6],
        address: Ipv4Addr,
    ) -> io::Result<()> {
        self.send(interface_index, &frame::arp(mac, address))
    }

    /// Announces one IPv6 address as held by `mac` on an interface: to all nodes, with the override
    /// flag. `router` says whether this machine forwards there.
    pub fn neighbour_advertisement(
        &self,
        interface_index: u32,
        mac: [u8; 6],
        address: Ipv6Addr,
        router: bool,
    ) -> io::Result<()> {
        let frame = frame::neighbour_advertisement(mac, address, router);
        self.send(interface_index, &frame)
    }

    fn send(&self, interface_index: u32, frame: &[u8]) -> io::Result<()> {
        // SAFETY: all-zero is a valid `sockaddr_ll`.
        let mut to: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        to.sll_family = libc::AF_PACKET as u16;
        to.sll_protocol = u16::from_ne_bytes([frame[12], frame[13]]);
        to.sll_ifindex = i32::try_from(interface_index)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        // SAFETY: `frame` and `to` are alive, as long as said, and only read.
        let sent = unsafe {
            libc::sendto(
                self.socket.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const to).cast(),
                size_of_val(&to) as libc::socklen_t,
            )
        };
        if sent < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
