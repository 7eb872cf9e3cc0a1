//! Sockets of the address keeper: raw VRRP (IP protocol 112), and UDP for the hello.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Domain, InterfaceIndexOrAddress, Socket, Type};

/// TTL or hop limit of what never crosses a router.
const LINK_TTL: u8 = 255;
/// The longest payload accepted; longer ones are cut and marked so.
pub const MAX_PAYLOAD_BYTES: usize = 4096;

/// The longest IPv4 header, which a raw socket receives before the payload.
const MAX_IPV4_HEADER_BYTES: usize = 60;
/// Internetwork control (RFC 2474 class selector 6), as keepalived marks its packets.
const TRAFFIC_CLASS: u32 = 0xc0;
/// `TC_PRIO_CONTROL`: ahead of the queue of the own interface.
const QUEUE_PRIORITY: u32 = 7;

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
    /// A raw IP protocol, by its number.
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
    /// The groups it joins, each on the interface of that index. Multicast to other groups, joined
    /// by other sockets, does not arrive.
    pub groups: Vec<(IpAddr, u32)>,
    /// TTL or hop limit of what it sends.
    pub ttl: u8,
}

/// A non-blocking datagram socket of the address keeper, in the network namespace of the thread
/// that opened it. Own multicast is not looped back.
#[derive(Debug)]
pub struct VrrpSocket {
    socket: Socket,
    ipv6: bool,
    raw: bool,
}

impl VrrpSocket {
    /// Opens it.
    ///
    /// # Errors
    /// `PermissionDenied`: a raw one needs `CAP_NET_RAW`. `InvalidInput`: a group of the other
    /// family. Else what the kernel says, such as no such interface.
    pub fn open(options: &SocketOptions) -> io::Result<Self> {
        let (kind, protocol, raw) = match options.protocol {
            Protocol::Raw(number) => (Type::RAW, Some(i32::from(number).into()), true),
            Protocol::Udp(_) => (Type::DGRAM, None, false),
        };
        let domain = if options.ipv6 {
            Domain::IPV6
        } else {
            Domain::IPV4
        };
        let socket = Socket::new(domain, kind.nonblocking().cloexec(), protocol)?;
        if let Some(name) = &options.interface {
            socket.bind_device(Some(name.as_bytes()))?;
        }
        socket.set_priority(QUEUE_PRIORITY)?;
        if options.ipv6 {
            prepare_v6(&socket, options)?;
        } else {
            prepare_v4(&socket, options)?;
        }
        if let Protocol::Udp(port) = options.protocol {
            socket.set_reuse_address(true)?;
            let any = if options.ipv6 {
                IpAddr::V6(Ipv6Addr::UNSPECIFIED)
            } else {
                IpAddr::V4(Ipv4Addr::UNSPECIFIED)
            };
            socket.bind(&SocketAddr::new(any, port).into())?;
        }
        Ok(Self {
            socket,
            ipv6: options.ipv6,
            raw,
        })
    }

    /// Sends one packet from `source` on an interface (0: wherever the route leads). An unspecified
    /// `source` leaves the choice to the kernel. `destination`'s port does not matter on a raw
    /// socket. `payload` goes out as it is: checksums are the caller's.
    ///
    /// # Errors
    /// `InvalidInput`: an address of the other family. `WouldBlock`: the interface's queue is full.
    /// `NetworkUnreachable`, `AddrNotAvailable` and others: what the kernel says.
    pub fn send(
        &self,
        payload: &[u8],
        source: IpAddr,
        destination: SocketAddr,
        interface_index: u32,
    ) -> io::Result<()> {
        let family_fits = source.is_ipv6() == self.ipv6 && destination.ip().is_ipv6() == self.ipv6;
        if !family_fits {
            return Err(other_family());
        }
        let port = if self.raw { 0 } else { destination.port() };
        let parts = [IoSlice::new(payload)];
        match (source, destination.ip()) {
            (IpAddr::V4(source), to) => {
                let info = libc::in_pktinfo {
                    ipi_ifindex: interface_number(interface_index)?,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from_ne_bytes(source.octets()),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                let to = SockaddrStorage::from(SocketAddr::new(to, port));
                self.send_parts(&parts, ControlMessage::Ipv4PacketInfo(&info), &to)
            }
            (IpAddr::V6(source), IpAddr::V6(to)) => {
                let info = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr {
                        s6_addr: source.octets(),
                    },
                    ipi6_ifindex: interface_index,
                };
                let to = SocketAddrV6::new(to, port, 0, interface_index);
                let to = SockaddrStorage::from(SocketAddr::V6(to));
                self.send_parts(&parts, ControlMessage::Ipv6PacketInfo(&info), &to)
            }
            (IpAddr::V6(_), IpAddr::V4(_)) => Err(other_family()),
        }
    }

    fn send_parts(
        &self,
        parts: &[IoSlice<'_>],
        source: ControlMessage<'_>,
        to: &SockaddrStorage,
    ) -> io::Result<()> {
        sendmsg(
            self.as_raw_fd(),
            parts,
            &[source],
            MsgFlags::empty(),
            Some(to),
        )?;
        Ok(())
    }

    /// The next packet; `WouldBlock` where none waits. With tokio:
    /// `Awaited::new(socket)?.read(VrrpSocket::receive).await`.
    ///
    /// # Errors
    /// `InvalidData`: a packet that the kernel should not have let through; go on with the next.
    pub fn receive(&self) -> io::Result<Datagram> {
        let mut buffer = vec![0; MAX_IPV4_HEADER_BYTES + MAX_PAYLOAD_BYTES];
        let mut control = nix::cmsg_space!(libc::in6_pktinfo, libc::c_int);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let message = recvmsg::<SockaddrStorage>(
            self.as_raw_fd(),
            &mut parts,
            Some(&mut control),
            MsgFlags::empty(),
        )?;
        let length = message.bytes;
        let cut = message.flags.contains(MsgFlags::MSG_TRUNC);
        let source = message.address.as_ref().and_then(socket_address);
        let (mut arrival, mut ttl) = (None, None);
        for item in message.cmsgs()? {
            match item {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    let to = Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes());
                    arrival = Some((IpAddr::V4(to), info.ipi_ifindex as u32));
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => {
                    let to = Ipv6Addr::from(info.ipi6_addr.s6_addr);
                    arrival = Some((IpAddr::V6(to), info.ipi6_ifindex));
                }
                ControlMessageOwned::Ipv4Ttl(value) | ControlMessageOwned::Ipv6HopLimit(value) => {
                    ttl = u8::try_from(value).ok();
                }
                _ => {}
            }
        }
        buffer.truncate(length);
        if self.raw && !self.ipv6 {
            let header = usize::from(buffer.first().copied().unwrap_or(0) & 0x0f) * 4;
            ttl = buffer.get(8).copied();
            if buffer.len() < header || header == 0 {
                return Err(strange());
            }
            buffer.drain(..header);
        }
        let truncated = cut || buffer.len() > MAX_PAYLOAD_BYTES;
        buffer.truncate(MAX_PAYLOAD_BYTES);
        let (Some(source), Some((destination, interface_index)), Some(ttl)) =
            (source, arrival, ttl)
        else {
            return Err(strange());
        };
        Ok(Datagram {
            payload: buffer,
            source,
            destination,
            interface_index,
            ttl,
            truncated,
        })
    }
}

fn prepare_v4(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    socket.set_ttl_v4(options.ttl.into())?;
    socket.set_multicast_ttl_v4(options.ttl.into())?;
    socket.set_multicast_loop_v4(false)?;
    socket.set_multicast_all_v4(false)?;
    socket.set_tos_v4(TRAFFIC_CLASS)?;
    if matches!(options.protocol, Protocol::Raw(_)) {
        // A configured source need not be an address of this machine (`mcast_src_ip`).
        socket.set_ip_transparent_v4(true)?;
    }
    setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
    setsockopt(socket, sockopt::Ipv4RecvTtl, &true)?;
    for (group, index) in &options.groups {
        let IpAddr::V4(group) = group else {
            return Err(other_family());
        };
        socket.join_multicast_v4_n(group, &InterfaceIndexOrAddress::Index(*index))?;
    }
    Ok(())
}

fn prepare_v6(socket: &Socket, options: &SocketOptions) -> io::Result<()> {
    if matches!(options.protocol, Protocol::Udp(_)) {
        socket.set_only_v6(true)?;
    }
    socket.set_unicast_hops_v6(options.ttl.into())?;
    socket.set_multicast_hops_v6(options.ttl.into())?;
    socket.set_multicast_loop_v6(false)?;
    socket.set_multicast_all_v6(false)?;
    socket.set_tclass_v6(TRAFFIC_CLASS)?;
    if matches!(options.protocol, Protocol::Raw(_)) {
        socket.set_ip_transparent_v6(true)?;
    }
    setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
    setsockopt(socket, sockopt::Ipv6RecvHopLimit, &true)?;
    for (group, index) in &options.groups {
        let IpAddr::V6(group) = group else {
            return Err(other_family());
        };
        socket.join_multicast_v6(group, *index)?;
    }
    Ok(())
}

fn other_family() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "an address of the other IP version",
    )
}

fn strange() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a packet without its header")
}

fn interface_number(index: u32) -> io::Result<i32> {
    i32::try_from(index).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(SocketAddr::new(v4.ip().into(), v4.port()));
    }
    address
        .as_sockaddr_in6()
        .map(|v6| SocketAddr::V6(SocketAddrV6::new(v6.ip(), v6.port(), 0, v6.scope_id())))
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
/// behalf of a dead keeper. TTL or hop limit is 255; `Udp` names the destination's port.
pub fn send_once(
    protocol: Protocol,
    payload: &[u8],
    source: IpAddr,
    destination: IpAddr,
    interface_index: u32,
) -> io::Result<()> {
    let (own, port) = match protocol {
        Protocol::Raw(_) => (protocol, 0),
        Protocol::Udp(port) => (Protocol::Udp(0), port),
    };
    let socket = VrrpSocket::open(&SocketOptions {
        ipv6: destination.is_ipv6(),
        protocol: own,
        interface: None,
        groups: Vec::new(),
        ttl: LINK_TTL,
    })?;
    socket.send(
        payload,
        source,
        SocketAddr::new(destination, port),
        interface_index,
    )
}

#[cfg(test)]
mod tests;
