//! What changes about links and addresses, as it happens.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use tokio::io::unix::AsyncFd;

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

    /// The changes that wait; `WouldBlock` where there are none. Never blocks.
    pub fn read(&self) -> io::Result<Vec<NetworkEvent>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The same for tokio; call inside a runtime.
    pub fn into_async(self) -> io::Result<AsyncNetworkMonitor> {
        Ok(AsyncNetworkMonitor {
            monitor: AsyncFd::register(self)?,
        })
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

/// A [`NetworkMonitor`] to be awaited.
#[derive(Debug)]
pub struct AsyncNetworkMonitor {
    monitor: AsyncFd<NetworkMonitor>,
}

impl AsyncNetworkMonitor {
    /// The next changes, at least one. Safe to be cancelled.
    pub async fn next(&mut self) -> io::Result<Vec<NetworkEvent>> {
        loop {
            let mut ready = self.monitor.readable().await?;
            if let Ok(events) = ready.try_io(|monitor| monitor.get_ref().read()) {
                return events;
            }
        }
    }
}
