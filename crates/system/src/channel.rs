//! Messages with descriptors between the supervisor and a role's process.
//!
//! One message is one packet of a `SOCK_SEQPACKET` socket: a kind byte, the body's length (eight
//! bytes, little endian), then the body; descriptors travel beside it (`SCM_RIGHTS`). A body past
//! [`MAX_INLINE_BYTES`] travels in a sealed memory file, the last descriptor, so that it needs no
//! room in the socket's buffer and cannot change while it is read.

mod memory_file;
mod passing;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use nix::sys::socket::{
    AddressFamily, Shutdown, SockFlag, SockType, getsockname, getsockopt, shutdown, socketpair,
    sockopt,
};

use passing::Packet;

/// The environment variable that tells a role's process which descriptor is its channel.
pub const CHANNEL_VARIABLE: &str = "KEEL_CHANNEL_FD";
/// The most descriptors that one message carries (the kernel stops at 253; one is ours).
pub const MAX_DESCRIPTORS: usize = 250;
/// A longer body travels in a sealed memory file.
pub const MAX_INLINE_BYTES: usize = 64 * 1024;
/// The longest body.
pub const MAX_BODY_BYTES: usize = 256 * 1024 * 1024;

const HEADER_BYTES: usize = 9;
const KIND_INLINE: u8 = 1;
const KIND_MEMORY_FILE: u8 = 2;

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
        let (ours, theirs) = socketpair(
            AddressFamily::Unix,
            SockType::SeqPacket,
            None,
            SockFlag::SOCK_CLOEXEC,
        )?;
        Ok((Self { socket: ours }, theirs))
    }

    /// Takes a descriptor over; refused with `InvalidInput` unless it is such a socket.
    pub fn from_fd(socket: OwnedFd) -> io::Result<Self> {
        let is_channel = getsockopt(&socket, sockopt::SockType) == Ok(SockType::SeqPacket)
            && getsockname::<nix::sys::socket::UnixAddr>(socket.as_raw_fd()).is_ok();
        if is_channel {
            Ok(Self { socket })
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the descriptor is no message channel",
            ))
        }
    }

    /// A child's own end, named by [`CHANNEL_VARIABLE`]; `None` where the variable is absent. The
    /// descriptor becomes close-on-exec. A second call in the same process is refused
    /// (`AlreadyExists`): the descriptor has an owner by then.
    pub fn from_environment() -> io::Result<Option<Self>> {
        static TAKEN: AtomicBool = AtomicBool::new(false);
        let Some(number) = std::env::var_os(CHANNEL_VARIABLE) else {
            return Ok(None);
        };
        let invalid = |reason: &str| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{CHANNEL_VARIABLE}={}: {reason}", number.to_string_lossy()),
            )
        };
        let number: RawFd = number
            .to_str()
            .and_then(|text| text.parse().ok())
            .filter(|number| *number > libc::STDERR_FILENO)
            .ok_or_else(|| invalid("not the number of a channel"))?;
        if TAKEN.swap(true, Ordering::Relaxed) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        // SAFETY: the descriptor is only looked at, and a closed one is answered with an error.
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        fcntl(borrowed, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))
            .map_err(|_| invalid("the descriptor is not open"))?;
        // SAFETY: it is open (just asked), the parent made it for this process alone, and `TAKEN`
        // lets only one owner be made of it.
        let socket = unsafe { OwnedFd::from_raw_fd(number) };
        Self::from_fd(socket).map(Some)
    }

    /// Whether `send` and `receive` answer `WouldBlock` instead of waiting.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        let mut flags = OFlag::from_bits_retain(fcntl(&self.socket, FcntlArg::F_GETFL)?);
        flags.set(OFlag::O_NONBLOCK, nonblocking);
        fcntl(&self.socket, FcntlArg::F_SETFL(flags))?;
        Ok(())
    }

    /// Sends one message, whole or not at all.
    ///
    /// # Errors
    /// `BrokenPipe`: the peer is gone. `InvalidInput`: more than [`MAX_DESCRIPTORS`] descriptors or
    /// [`MAX_BODY_BYTES`] bytes. `WouldBlock`: non-blocking, and the peer does not keep up.
    pub fn send(&self, body: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        if descriptors.len() > MAX_DESCRIPTORS || body.len() > MAX_BODY_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!(
                    "a message of {} bytes and {} descriptors is past the limit",
                    body.len(),
                    descriptors.len()
                ),
            ));
        }
        let sent = if body.len() <= MAX_INLINE_BYTES {
            let header = header(KIND_INLINE, body.len());
            passing::send(self.as_fd(), &header, body, descriptors)
        } else {
            let file = memory_file::holding(body)?;
            let mut all = descriptors.to_vec();
            all.push(file.as_fd());
            let header = header(KIND_MEMORY_FILE, body.len());
            passing::send(self.as_fd(), &header, &[], &all)
        };
        sent.map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionReset | io::ErrorKind::NotConnected => {
                io::ErrorKind::BrokenPipe.into()
            }
            _ => error,
        })
    }

    /// Ends the conversation, also for whoever waits in `receive` on another thread: both ends read
    /// what was sent, and then that the peer is gone.
    pub fn hang_up(&self) -> io::Result<()> {
        shutdown(self.socket.as_raw_fd(), Shutdown::Both)?;
        Ok(())
    }

    /// The next message; `None` once the peer is gone and everything it sent was read.
    ///
    /// # Errors
    /// `InvalidData`: what arrived is no message (its descriptors are closed); the channel goes on.
    /// `WouldBlock`: non-blocking, and nothing waits.
    pub fn receive(&self) -> io::Result<Option<Received>> {
        let Some(packet) = self.receive_packet()? else {
            return Ok(None);
        };
        let Packet {
            mut bytes,
            mut descriptors,
            truncated,
        } = packet;
        if truncated {
            return Err(garbage("longer than a message, or out of descriptors"));
        }
        let Some((header, body)) = bytes.split_first_chunk::<HEADER_BYTES>() else {
            return Err(garbage("shorter than a header"));
        };
        let [kind, length @ ..] = *header;
        let length = usize::try_from(u64::from_le_bytes(length))
            .ok()
            .filter(|length| *length <= MAX_BODY_BYTES)
            .ok_or_else(|| garbage("a body past the limit"))?;
        let body = match kind {
            KIND_INLINE if body.len() == length => {
                bytes.drain(..HEADER_BYTES);
                bytes
            }
            KIND_MEMORY_FILE if body.is_empty() => {
                let file = descriptors
                    .pop()
                    .ok_or_else(|| garbage("its memory file is missing"))?;
                memory_file::read(file, length)?
            }
            _ => return Err(garbage("the header does not fit the packet")),
        };
        if descriptors.len() > MAX_DESCRIPTORS {
            return Err(garbage("too many descriptors"));
        }
        Ok(Some(Received { body, descriptors }))
    }

    /// The peer's end with our messages unread resets the connection once; what it had sent is
    /// still there after that.
    fn receive_packet(&self) -> io::Result<Option<Packet>> {
        let limit = HEADER_BYTES + MAX_INLINE_BYTES;
        match passing::receive(self.as_fd(), limit) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {
                passing::receive(self.as_fd(), limit)
            }
            other => other,
        }
    }
}

fn header(kind: u8, length: usize) -> [u8; HEADER_BYTES] {
    let mut header = [kind; HEADER_BYTES];
    header[1..].copy_from_slice(&(length as u64).to_le_bytes());
    header
}

fn garbage(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no message: {reason}"))
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

#[cfg(test)]
mod tests;
