//! Messages with descriptors between the supervisor and a role's process.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// The environment variable that tells a role's process which descriptor is its channel.
pub const CHANNEL_VARIABLE: &str = "KEEL_CHANNEL_FD";
/// The most descriptors that one message carries (the kernel stops at 253; one is ours).
pub const MAX_DESCRIPTORS: usize = 250;
/// A longer body travels in a sealed memory file.
pub const MAX_INLINE_BYTES: usize = 64 * 1024;
/// The longest body.
pub const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

/// One end of a message channel.
#[derive(Debug)]
pub struct Channel {
    socket: OwnedFd,
}

/// A message as it arrived.
#[derive(Debug)]
pub struct Received {
    /// The body.
    pub body: Vec<u8>,
    /// The descriptors, close-on-exec, in the order sent.
    pub descriptors: Vec<OwnedFd>,
}

impl Channel {
    /// A connected pair: our end, and the descriptor to hand to a child
    /// ([`crate::process::RoleCommand::channel`]). Both are close-on-exec and blocking.
    pub fn pair() -> io::Result<(Self, OwnedFd)> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Takes a descriptor over; refused with `InvalidInput` unless it is such a socket.
    pub fn from_fd(socket: OwnedFd) -> io::Result<Self> {
        Ok(Self { socket })
    }

    /// A child's own end, named by [`CHANNEL_VARIABLE`]; `None` where the variable is absent. Call
    /// once, at the start of the process. The descriptor becomes close-on-exec.
    pub fn from_environment() -> io::Result<Option<Self>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether `send` and `receive` answer `WouldBlock` instead of waiting.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        let _ = nonblocking;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends one message, whole or not at all. `BrokenPipe`: the peer is gone.
    pub fn send(&self, body: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let _ = (body, descriptors);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The next message; `None` once the peer is gone. `InvalidData`: what arrived is no message
    /// (its descriptors are closed); the channel goes on.
    pub fn receive(&self) -> io::Result<Option<Received>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Channel {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}
