//! Echo requests to one address, and what comes back (RFC 792, RFC 4443).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::atomic::{AtomicU32, Ordering};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, recv, send, setsockopt, sockopt};
use socket2::{Domain, Protocol, Socket, Type};

/// What came back.
#[derive(Debug)]
pub enum EchoAnswer {
    /// The reply to the request of that sequence number.
    Reply(u16),
    /// The network says that the address cannot be reached (or that a request was too large, …).
    Refused(io::Error),
}

/// A non-blocking socket for echo requests to one address, in the network namespace of the thread
/// that opened it.
#[derive(Debug)]
pub struct EchoSocket {
    socket: Socket,
    is_ipv6: bool,
    is_raw: bool,
    /// In each request's data, so that no other's reply is taken for ours.
    token: [u8; TOKEN_BYTES],
}

const TOKEN_BYTES: usize = 8;
const HEADER_BYTES: usize = 8;
/// Token and as much again: a packet no shorter than the shortest that Ethernet carries.
const MESSAGE_BYTES: usize = HEADER_BYTES + 4 * TOKEN_BYTES;
/// The longest IPv4 header and our message fit; what is longer is not ours.
const BUFFER_BYTES: usize = 256;
/// Errors that wait for one socket are few; a stream of them ends here until the next reading.
const MAX_DRAINED: usize = 64;

/// Types of messages: request and reply, for IPv4 and IPv6.
const ECHO_V4: (u8, u8) = (8, 0);
const ECHO_V6: (u8, u8) = (128, 129);

/// Counts the sockets of this process, for their tokens.
static OPENED: AtomicU32 = AtomicU32::new(0);

impl EchoSocket {
    /// Opens one. Any user may who is in `net.ipv4.ping_group_range`; others need `CAP_NET_RAW`.
    ///
    /// # Errors
    /// `PermissionDenied`; `NetworkUnreachable` where no route leads to the address; what else the
    /// kernel says.
    pub fn open(target: IpAddr) -> io::Result<Self> {
        let is_ipv6 = target.is_ipv6();
        let (domain, protocol) = if is_ipv6 {
            (Domain::IPV6, Protocol::ICMPV6)
        } else {
            (Domain::IPV4, Protocol::ICMPV4)
        };
        let open = |kind: Type| Socket::new(domain, kind.nonblocking().cloexec(), Some(protocol));
        let (socket, is_raw) = match open(Type::DGRAM) {
            Ok(socket) => (socket, false),
            Err(_not_allowed) => (open(Type::RAW)?, true),
        };
        // What routers and the own kernel say of a request that cannot arrive.
        if is_ipv6 {
            setsockopt(&socket, sockopt::Ipv6RecvErr, &true)?;
        } else {
            setsockopt(&socket, sockopt::Ipv4RecvErr, &true)?;
        }
        socket.connect(&SocketAddr::new(target, 0).into())?;
        Ok(Self {
            socket,
            is_ipv6,
            is_raw,
            token: token(),
        })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// `NetworkUnreachable` and others: it cannot arrive. `WouldBlock`: the interface's queue is full.
    pub fn send(&self, sequence: u16) -> io::Result<()> {
        let (request, _) = self.types();
        let mut message = [0; MESSAGE_BYTES];
        message[0] = request;
        message[4..6].copy_from_slice(&self.token[..2]);
        message[6..8].copy_from_slice(&sequence.to_be_bytes());
        message[HEADER_BYTES..][..TOKEN_BYTES].copy_from_slice(&self.token);
        if !self.is_ipv6 {
            let checksum = checksum(&message);
            message[2..4].copy_from_slice(&checksum.to_be_bytes());
        }
        send(self.socket.as_raw_fd(), &message, MsgFlags::empty())?;
        Ok(())
    }

    /// What has come back; `WouldBlock` where nothing waits. Never blocks. With tokio:
    /// `Awaited::new(socket)?.read(EchoSocket::receive).await`.
    ///
    /// # Errors
    /// `WouldBlock` alone: what else the kernel says is an answer, too.
    pub fn receive(&self) -> io::Result<EchoAnswer> {
        let mut buffer = [0; BUFFER_BYTES];
        loop {
            match recv(self.socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                Ok(length) => {
                    if let Some(sequence) = self.reply(&buffer[..length]) {
                        return Ok(EchoAnswer::Reply(sequence));
                    }
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Err(io::ErrorKind::WouldBlock.into()),
                Err(error) => {
                    self.drain_errors();
                    return Ok(EchoAnswer::Refused(error.into()));
                }
            }
        }
    }

    /// The sequence number, where the packet is the reply to a request of ours.
    fn reply(&self, packet: &[u8]) -> Option<u16> {
        let message = if self.is_raw && !self.is_ipv6 {
            // A raw socket of IPv4 has the header before the message; its length in words of 32 bits.
            packet.get(usize::from(packet.first()? & 0x0f) * 4..)?
        } else {
            packet
        };
        let (header, data) = message.split_first_chunk::<HEADER_BYTES>()?;
        let (_, reply) = self.types();
        let is_ours = header[0] == reply && data.starts_with(&self.token);
        is_ours.then(|| u16::from_be_bytes([header[6], header[7]]))
    }

    /// The kernel keeps the requests that failed; only that they did is of interest.
    fn drain_errors(&self) {
        let mut buffer = [0; BUFFER_BYTES];
        for _ in 0..MAX_DRAINED {
            let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
            if recv(self.socket.as_raw_fd(), &mut buffer, flags).is_err() {
                return;
            }
        }
    }

    fn types(&self) -> (u8, u8) {
        if self.is_ipv6 { ECHO_V6 } else { ECHO_V4 }
    }
}

impl AsFd for EchoSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for EchoSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Another one for each socket of this machine.
fn token() -> [u8; TOKEN_BYTES] {
    let mut token = [0; TOKEN_BYTES];
    let (count, process) = token.split_at_mut(TOKEN_BYTES / 2);
    count.copy_from_slice(&OPENED.fetch_add(1, Ordering::Relaxed).to_be_bytes());
    process.copy_from_slice(&std::process::id().to_be_bytes());
    token
}

/// The internet checksum (RFC 1071).
fn checksum(message: &[u8; MESSAGE_BYTES]) -> u16 {
    let words = message.as_chunks::<2>().0;
    let mut sum: u32 = words
        .iter()
        .map(|word| u32::from(u16::from_be_bytes(*word)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::address::NewAddress;
    use crate::namespace::tests::{connected_pair, in_own_network};
    use crate::netlink::Netlink;
    use crate::process::wait_readable;

    fn next(socket: &EchoSocket) -> Option<EchoAnswer> {
        let limit = Duration::from_secs(5);
        wait_readable(socket.as_fd(), limit)
            .unwrap()
            .then(|| socket.receive().unwrap())
    }

    #[test]
    fn own_addresses_answer_and_others_are_refused() {
        in_own_network(|| {
            let mut netlink = Netlink::open().unwrap();
            let lo = netlink.index_of("lo").unwrap();
            netlink.set_up(lo, true).unwrap();
            let (lan, _) = connected_pair(&mut netlink);
            let own = NewAddress::new(lan.index, [10, 0, 0, 2].into(), 24);
            netlink.add_address(&own).unwrap();
            for target in ["127.0.0.1", "::1"] {
                let socket = EchoSocket::open(target.parse().unwrap()).unwrap();
                let nothing = socket.receive().unwrap_err();
                assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
                for sequence in [1, 2, u16::MAX] {
                    socket.send(sequence).unwrap();
                    let answer = next(&socket);
                    assert!(
                        matches!(answer, Some(EchoAnswer::Reply(found)) if found == sequence),
                        "{target} {answer:?}"
                    );
                }
            }
            // Nobody answers for it: the own kernel says so after three questions, a second each.
            let socket = EchoSocket::open([10, 0, 0, 9].into()).unwrap();
            socket.send(1).unwrap();
            let answer = next(&socket);
            assert!(matches!(answer, Some(EchoAnswer::Refused(_))), "{answer:?}");
            let nothing = socket.receive().unwrap_err();
            assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
            let far = EchoSocket::open([192, 0, 2, 1].into()).unwrap_err();
            assert_eq!(far.kind(), io::ErrorKind::NetworkUnreachable);
        });
    }

    #[test]
    fn checksums_of_requests() {
        // A message and its checksum add up to all ones.
        let mut message = [0; MESSAGE_BYTES];
        for (index, byte) in message.iter_mut().enumerate() {
            *byte = (index as u8).wrapping_mul(7);
        }
        message[2..4].fill(0);
        let sum = checksum(&message);
        message[2..4].copy_from_slice(&sum.to_be_bytes());
        assert_eq!(checksum(&message), 0);
    }
}
