//! One conversation with the kernel's routing tables (rtnetlink).

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// Why the kernel did not do it.
#[derive(Debug, thiserror::Error)]
pub enum NetlinkError {
    /// The process lacks `CAP_NET_ADMIN`.
    #[error("not permitted: CAP_NET_ADMIN is needed")]
    NotPermitted,
    /// The interface does not exist.
    #[error("no such interface")]
    NoSuchInterface,
    /// The kernel refused.
    #[error("the kernel refused: {0}")]
    Refused(io::Error),
    /// The kernel's answer could not be understood.
    #[error("the kernel's answer could not be understood: {0}")]
    Garbled(String),
    /// The socket failed.
    #[error("netlink socket: {0}")]
    Io(#[from] io::Error),
}

/// A conversation with the kernel, in the network namespace of the thread that opened it.
///
/// The kernel carries a request out while it is being sent (tens of microseconds), so the calls are
/// plain functions that asynchronous code may call as they are; the answer is waited for at most
/// [`Netlink::ANSWER_LIMIT`].
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
}

impl Netlink {
    /// How long an answer is waited for.
    pub const ANSWER_LIMIT: std::time::Duration = std::time::Duration::from_secs(2);

    /// Opens a conversation.
    pub fn open() -> Result<Self, NetlinkError> {
        Err(NetlinkError::Io(io::ErrorKind::Unsupported.into()))
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
