//! Sockets of the address keeper: raw VRRP (IP protocol 112), and UDP for the hello.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// VRRP's protocol number (RFC 9568 section 5.1.1.4).
pub const VRRP_PROTOCOL: u8 = 112;
/// What a packet must still have as TTL or hop limit when it comes from the link itself.
pub const LINK_TTL: u8 = 255;
/// The longest payload accepted; longer ones are cut and marked so.
pub const MAX_PAYLOAD_BYTES: usize = 4096;

/// A received packet without its IP (and UDP) header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The payload.
    pub payload: Vec<u8>,
    /// Who sent it; the port is 0 on a raw socket.
    pub source: SocketAddr,
    /// The address it was sent to; the group for multicast.
    pub destination: IpAddr,
    /// The interface it came in on.
    pub interface_index: u32,
    /// TTL or hop limit as it arrived.
    pub ttl: u8,
    /// Whether the payload was longer than [`MAX_PAYLOAD_BYTES`].
    pub truncated: bool,
}

/// Which socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A raw IP protocol; [`VRRP_PROTOCOL`] for VRRP.
    Raw(u8),
    /// UDP bound to that port (0 for any).
    Udp(u16),
}

/// What a socket is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOptions {
    /// IPv6 rather than IPv4.
    pub ipv6: bool,
    /// The protocol.
    pub protocol: Protocol,
    /// The name of the only interface it sends and receives on (`SO_BINDTODEVICE`). Absent for
    /// unicast that may arrive anywhere.
    pub interface: Option<String>,
    /// The groups it joins, each on the interface of that index.
    pub groups: Vec<(IpAddr, u32)>,
    /// TTL or hop limit of what it sends.
    pub ttl: u8,
}

/// A non-blocking datagram socket of the address keeper. Own multicast is not looped back.
#[derive(Debug)]
pub struct VrrpSocket {
    socket: OwnedFd,
}

impl VrrpSocket {
    /// Opens it; a raw one needs `CAP_NET_RAW`.
    pub fn open(options: &SocketOptions) -> io::Result<Self> {
        let _ = options;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends one packet from `source` on an interface. `destination`'s port is ignored on a raw
    /// socket. An unspecified `source` leaves the choice to the kernel. The kernel fills in the
    /// checksum of nothing: `payload` goes out as it is.
    pub fn send(
        &self,
        payload: &[u8],
        source: IpAddr,
        destination: SocketAddr,
        interface_index: u32,
    ) -> io::Result<()> {
        let _ = (payload, source, destination, interface_index);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The next packet; `WouldBlock` where none waits.
    pub fn receive(&self) -> io::Result<Datagram> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The port it is bound to (UDP).
    pub fn local_port(&self) -> io::Result<u16> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl AsFd for VrrpSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for VrrpSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Sends one packet over a socket of its own and closes it: for the supervisor's last words on
/// behalf of a dead keeper. TTL or hop limit is 255.
pub fn send_once(
    protocol: Protocol,
    payload: &[u8],
    source: IpAddr,
    destination: IpAddr,
    interface_index: u32,
) -> io::Result<()> {
    let _ = (protocol, payload, source, destination, interface_index);
    Err(io::ErrorKind::Unsupported.into())
}
