//! What changes about links and addresses, as it happens.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use crate::address::InterfaceAddress;
use crate::link::Link;

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

impl NetworkMonitor {
    /// Starts to listen. The socket is non-blocking.
    pub fn open() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The changes that wait; `WouldBlock` where there are none. Never blocks;
    /// with tokio: `Awaited::new(monitor)?.read(NetworkMonitor::read).await`.
    pub fn read(&self) -> io::Result<Vec<NetworkEvent>> {
        Err(io::ErrorKind::Unsupported.into())
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
