//! Getting a framed message to its target without ever waiting.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use haproxy_config::model::LogAddress;

/// The most targets that keep a socket open.
const SOCKETS_MAX: usize = 256;

/// The open sockets, one for each target.
#[derive(Debug, Default)]
pub(super) struct Delivery {
    sockets: Vec<(LogAddress, Socket)>,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket, SocketAddr),
    Unix(UnixDatagram),
    Stream(std::fs::File),
}

impl Delivery {
    /// Opens a target ahead of its first line; a failure shows with the line.
    pub(super) fn open(&mut self, to: &LogAddress) {
        if self.position(to).is_none()
            && let Ok(socket) = Socket::open(to)
        {
            self.keep(to.clone(), socket);
        }
    }

    /// Sends one message. A unix socket whose reader was replaced is connected anew, once.
    ///
    /// # Errors
    ///
    /// The message is lost.
    pub(super) fn send(&mut self, to: &LogAddress, message: &[u8]) -> io::Result<()> {
        if let Some(at) = self.position(to) {
            match self.sockets[at].1.send(message) {
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    self.sockets.swap_remove(at);
                }
                result => return result,
            }
        }
        let mut socket = Socket::open(to)?;
        let result = socket.send(message);
        self.keep(to.clone(), socket);
        result
    }

    fn position(&self, to: &LogAddress) -> Option<usize> {
        self.sockets.iter().position(|(known, _)| known == to)
    }

    fn keep(&mut self, to: LogAddress, socket: Socket) {
        if self.sockets.len() == SOCKETS_MAX {
            self.sockets.swap_remove(0);
        }
        self.sockets.push((to, socket));
    }
}

impl Socket {
    fn open(to: &LogAddress) -> io::Result<Self> {
        match to {
            LogAddress::Udp(address) => {
                let any: SocketAddr = if address.is_ipv4() {
                    (Ipv4Addr::UNSPECIFIED, 0).into()
                } else {
                    (Ipv6Addr::UNSPECIFIED, 0).into()
                };
                let socket = UdpSocket::bind(any)?;
                socket.set_nonblocking(true)?;
                Ok(Self::Udp(socket, *address))
            }
            // The loader put an address in its place.
            LogAddress::UdpName(..) => Err(io::ErrorKind::AddrNotAvailable.into()),
            LogAddress::Unix(path) => Self::unix(path),
            LogAddress::Descriptor(number) => {
                let descriptor: OwnedFd = system::listening::inherited(*number)?;
                Ok(Self::Stream(descriptor.into()))
            }
        }
    }

    fn unix(path: &Path) -> io::Result<Self> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        socket.connect(path)?;
        Ok(Self::Unix(socket))
    }

    fn send(&mut self, message: &[u8]) -> io::Result<()> {
        match self {
            // Unconnected on purpose: a closed port must not make the next line fail.
            Self::Udp(socket, address) => socket.send_to(message, *address).map(drop),
            Self::Unix(socket) => socket.send(message).map(drop),
            Self::Stream(file) => file.write_all(message),
        }
    }
}
