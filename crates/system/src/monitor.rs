//! What changes about links and addresses, as it happens.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{SockFlag, setsockopt, sockopt};

use crate::address::{InterfaceAddress, read_address};
use crate::link::{Link, read_link};
use crate::netlink::{open_socket, receive, wire};

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkEvent {
    /// An interface appeared or changed.
    Link(Link),
    /// An interface is gone.
    LinkGone {
        /// Its index.
        index: u32,
        /// Its name.
        name: String,
    },
    /// An address appeared or changed (such as: no longer tentative).
    Address(InterfaceAddress),
    /// An address is gone.
    AddressGone(InterfaceAddress),
    /// Changes were lost: list links and addresses anew.
    Resync,
}

/// Changes of links and addresses in the network namespace of the thread that opened it.
///
/// Open it before the first listing, so that no change falls between.
#[derive(Debug)]
pub struct NetworkMonitor {
    socket: OwnedFd,
}

/// `RTMGRP_LINK`, `RTMGRP_IPV4_IFADDR` and `RTMGRP_IPV6_IFADDR`.
const GROUPS: u32 = 0x1 | 0x10 | 0x100;
/// How much the kernel keeps for us before it drops changes.
const RECEIVE_BUFFER_BYTES: usize = 1024 * 1024;
/// The kernel packs an event into at most so much.
const PACKET_BYTES: usize = 32 * 1024;

impl NetworkMonitor {
    /// The most packets that one read takes from the kernel; what is left waits for the next.
    pub const MAX_PACKETS_PER_READ: usize = 256;

    /// Starts to listen. The socket is non-blocking.
    pub fn open() -> io::Result<Self> {
        let socket = open_socket(GROUPS, SockFlag::SOCK_NONBLOCK)?;
        let forced = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER_BYTES);
        if forced.is_err() {
            setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER_BYTES)?;
        }
        Ok(Self { socket })
    }

    /// The changes that wait (none, where only others happened); `WouldBlock` where nothing waits.
    /// Never blocks. With tokio:
    /// `Awaited::new(monitor)?.read(NetworkMonitor::read).await`.
    pub fn read(&self) -> io::Result<Vec<NetworkEvent>> {
        let mut events = Vec::new();
        let mut buffer = vec![0; PACKET_BYTES];
        for _ in 0..Self::MAX_PACKETS_PER_READ {
            match receive(&self.socket, &mut buffer) {
                Ok(length) => collect(&buffer[..length], &mut events),
                Err(Errno::ENOBUFS) => events.push(NetworkEvent::Resync),
                Err(Errno::EAGAIN) if events.is_empty() => {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                Err(Errno::EAGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(events)
    }
}

fn collect(packet: &[u8], events: &mut Vec<NetworkEvent>) {
    for message in wire::messages(packet) {
        let Some(message) = message else {
            events.push(NetworkEvent::Resync);
            return;
        };
        let event = match message.kind {
            libc::RTM_NEWLINK => read_link(&message).map(NetworkEvent::Link),
            libc::RTM_DELLINK => read_link(&message).map(|link| NetworkEvent::LinkGone {
                index: link.index,
                name: link.name,
            }),
            libc::RTM_NEWADDR => read_address(&message).map(NetworkEvent::Address),
            libc::RTM_DELADDR => read_address(&message).map(NetworkEvent::AddressGone),
            _ => None,
        };
        events.extend(event);
    }
}

impl AsFd for NetworkMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for NetworkMonitor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

#[cfg(test)]
mod tests;
