//! One conversation with the kernel's routing tables (`NETLINK_ROUTE`, see `rtnetlink(7)`).
//!
//! Spoken by hand rather than through a netlink crate: the kernel has answered by the time that a
//! request is sent, so there is nothing to be awaited, and the reader below takes what it knows
//! from a message and passes over what it does not, on whatever kernel.

pub(crate) mod wire;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, send,
    setsockopt, socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike};

use wire::{Message, Request};

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
    #[error("the kernel refused: {error}{}{reason}", if reason.is_empty() { "" } else { ": " })]
    Refused {
        /// Its error number.
        error: io::Error,
        /// Its words, where it had some.
        reason: String,
    },
    /// The kernel's answer could not be understood.
    #[error("the kernel's answer could not be understood: {0}")]
    Garbled(&'static str),
    /// The socket failed; `TimedOut` where no answer came.
    #[error("netlink socket: {0}")]
    Io(#[from] io::Error),
}

impl NetlinkError {
    fn refused(number: i32, reason: String) -> Self {
        match number {
            libc::EPERM | libc::EACCES => Self::NotPermitted,
            libc::ENODEV | libc::ENXIO => Self::NoSuchInterface,
            _ => Self::Refused {
                error: io::Error::from_raw_os_error(number),
                reason,
            },
        }
    }

    /// Whether the kernel refused with that error number.
    pub(crate) fn is(&self, number: i32) -> bool {
        matches!(self, Self::Refused { error, .. } if error.raw_os_error() == Some(number))
    }
}

impl From<nix::errno::Errno> for NetlinkError {
    fn from(error: nix::errno::Errno) -> Self {
        Self::Io(error.into())
    }
}

impl From<NetlinkError> for io::Error {
    fn from(error: NetlinkError) -> Self {
        Self::other(error)
    }
}

/// A conversation with the kernel, in the network namespace of the thread that opened it.
///
/// The kernel carries a request out while it is being sent (tens of microseconds), so the calls are
/// plain functions that asynchronous code may call as they are; the answer is waited for at most
/// [`Netlink::ANSWER_LIMIT`].
#[derive(Debug)]
pub struct Netlink {
    socket: OwnedFd,
    sequence: u32,
    buffer: Vec<u8>,
}

impl Netlink {
    /// How long an answer is waited for.
    pub const ANSWER_LIMIT: Duration = Duration::from_secs(2);
    /// The kernel never packs more than 32 KiB into one packet of a listing.
    const BUFFER_BYTES: usize = 64 * 1024;
    /// A listing that changed while it was read is read again that often.
    const MAX_LISTINGS: usize = 8;

    /// Opens a conversation.
    pub fn open() -> Result<Self, NetlinkError> {
        let socket = open_socket(0, SockFlag::empty())?;
        let limit = TimeVal::milliseconds(Self::ANSWER_LIMIT.as_millis() as i64);
        setsockopt(&socket, sockopt::ReceiveTimeout, &limit)?;
        for option in [libc::NETLINK_EXT_ACK, libc::NETLINK_CAP_ACK] {
            enable(&socket, option)?;
        }
        Ok(Self {
            socket,
            sequence: 0,
            buffer: vec![0; Self::BUFFER_BYTES],
        })
    }

    /// Asks for something to be done.
    pub(crate) fn execute(&mut self, request: Request) -> Result<(), NetlinkError> {
        self.ask(request.flags(libc::NLM_F_ACK), |_| {})
            .map(|_complete| ())
    }

    /// Asks for a list of everything of a kind and hands each message to `read`, which returns
    /// what it made of it.
    pub(crate) fn list<T>(
        &mut self,
        request: &Request,
        read: impl Fn(&Message<'_>) -> Option<T>,
    ) -> Result<Vec<T>, NetlinkError> {
        let mut found = Vec::new();
        for _ in 0..Self::MAX_LISTINGS {
            found.clear();
            let complete = self.ask(request.clone().flags(libc::NLM_F_DUMP), |message| {
                found.extend(read(message));
            })?;
            if complete {
                return Ok(found);
            }
        }
        // What changes that fast is at least a state of a moment ago, and the monitor tells more.
        Ok(found)
    }

    /// Asks for one thing; `None` where there is no such interface.
    pub(crate) fn look_up<T>(
        &mut self,
        request: Request,
        read: impl Fn(&Message<'_>) -> Option<T>,
    ) -> Result<Option<T>, NetlinkError> {
        let mut found = None;
        let asked = self.ask(request.flags(libc::NLM_F_ACK), |message| {
            found = read(message);
        });
        match asked {
            Ok(_complete) => Ok(found),
            Err(NetlinkError::NoSuchInterface) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a request and reads to the end of the answer; whether it was of one piece.
    fn ask(
        &mut self,
        request: Request,
        mut each: impl FnMut(&Message<'_>),
    ) -> Result<bool, NetlinkError> {
        self.sequence = self.sequence.wrapping_add(1);
        let bytes = request.finish(self.sequence);
        send(self.socket.as_raw_fd(), &bytes, MsgFlags::empty())?;
        let mut complete = true;
        loop {
            let length = receive(&self.socket, &mut self.buffer)?;
            for message in wire::messages(&self.buffer[..length]) {
                let message = message.ok_or(NetlinkError::Garbled("a message is cut"))?;
                if message.sequence != self.sequence {
                    continue;
                }
                if message.interrupted() {
                    complete = false;
                }
                match message.end()? {
                    wire::End::No => each(&message),
                    wire::End::Done => return Ok(complete),
                    wire::End::Refused { number, reason } => {
                        return Err(NetlinkError::refused(number, reason));
                    }
                }
            }
        }
    }
}

/// A socket that listens to `groups`, a mask of `RTMGRP_*`.
pub(crate) fn open_socket(groups: u32, flags: SockFlag) -> nix::Result<OwnedFd> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        flags | SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// Reads one packet; `ENOBUFS` where the kernel had to drop some.
pub(crate) fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> nix::Result<usize> {
    loop {
        match recv(socket.as_raw_fd(), buffer, MsgFlags::empty()) {
            Err(nix::errno::Errno::EINTR) => {}
            other => return other,
        }
    }
}

fn enable(socket: &OwnedFd, option: libc::c_int) -> io::Result<()> {
    let one: libc::c_int = 1;
    // SAFETY: the descriptor is open, and `one` is alive and as long as said.
    let answer = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_NETLINK,
            option,
            (&raw const one).cast(),
            size_of_val(&one) as libc::socklen_t,
        )
    };
    if answer == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

impl AsFd for Netlink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
