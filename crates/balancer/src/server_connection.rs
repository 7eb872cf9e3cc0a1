//! Connections to servers: opening one, and what is known of it.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use compio::driver::DriverType;
use compio::runtime::Runtime;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::proxy_protocol;
use crate::snapshot::{Backend, Server, ServerAddress};
use crate::stream::{self, ByteSink, PlainPeer};
use crate::timeouts::Timeouts;

/// A connection to a server.
pub(crate) struct ServerConnection {
    /// The connection itself.
    pub peer: PlainPeer,
    /// Requests sent over it.
    pub requests: u32,
    /// `ServerState::shutdown_generation` when it was opened: a higher one now ends it.
    pub shutdown_generation: u64,
}

/// Why a connection could not be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConnectFailure {
    /// `timeout connect` ran out.
    TimedOut,
    /// The server or the network refused.
    Refused,
    /// Out of descriptors, ports or memory here: trying again soon would fail too.
    OutOfResources,
}

/// The client's end of a session, as a server may be told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClientEnds {
    /// The client's address.
    pub source: Option<SocketAddr>,
    /// The address it connected to.
    pub destination: Option<SocketAddr>,
}

/// Opens a connection and sends the PROXY protocol's header where the server wants one.
pub(crate) async fn open(
    backend: &Backend,
    server: &Server,
    ends: ClientEnds,
    buffer_size: usize,
    timeouts: &Rc<Timeouts>,
) -> Result<ServerConnection, ConnectFailure> {
    let address = address_of(server, ends).ok_or(ConnectFailure::Refused)?;
    let socket = prepare(backend, server, &address).map_err(|error| classify(&error))?;
    let connecting = stream::connect(socket, &address);
    let connected = match backend.timeouts.connect {
        Some(limit) => compio::time::timeout(limit, connecting)
            .await
            .map_err(|_| ConnectFailure::TimedOut)?,
        None => connecting.await,
    };
    let socket = connected.map_err(|error| classify(&error))?;
    let mut peer =
        PlainPeer::new(socket, buffer_size, timeouts).map_err(|error| classify(&error))?;
    if let Some(version) = server.send_proxy {
        let header = proxy_protocol::encode(version, ends);
        let len = header.len();
        peer.writer
            .send(header, 0, len)
            .await
            .0
            .map_err(|error| classify(&error))?;
    }
    Ok(ServerConnection {
        peer,
        requests: 0,
        shutdown_generation: server.state.shutdown_generation(),
    })
}

fn address_of(server: &Server, ends: ClientEnds) -> Option<SockAddr> {
    match &server.address {
        ServerAddress::Inet(address) => Some((*address).into()),
        ServerAddress::MappedPort { ip, offset } => {
            let port = i32::from(ends.destination?.port()) + offset;
            Some(SocketAddr::new(*ip, u16::try_from(port).ok()?).into())
        }
        ServerAddress::Unix(path) => SockAddr::unix(path).ok(),
        ServerAddress::Abstract(name) => SockAddr::unix(format!("\0{name}")).ok(),
    }
}

fn prepare(backend: &Backend, server: &Server, address: &SockAddr) -> io::Result<Socket> {
    let domain = address.domain();
    let is_inet = domain != Domain::UNIX;
    let protocol = is_inet.then_some(Protocol::TCP);
    let socket = Socket::new(domain, Type::STREAM, protocol)?;
    if is_polling() {
        socket.set_nonblocking(true)?;
    }
    if is_inet {
        socket.set_tcp_nodelay(true)?;
        if backend.tcp_keepalive {
            socket.set_keepalive(true)?;
        }
        if let Some(source) = server.source {
            socket.set_reuse_address(true)?;
            socket.bind(&source.into())?;
        }
    }
    Ok(socket)
}

/// Whether this worker's runtime fell back to readiness polling, which needs non-blocking sockets
/// where io_uring needs blocking ones.
pub(crate) fn is_polling() -> bool {
    Runtime::with_current(|runtime| runtime.driver_type() == DriverType::Poll)
}

fn classify(error: &io::Error) -> ConnectFailure {
    use nix::libc::{EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM};
    match error.raw_os_error() {
        Some(EMFILE | ENFILE | ENOBUFS | ENOMEM | EADDRNOTAVAIL) => ConnectFailure::OutOfResources,
        _ => ConnectFailure::Refused,
    }
}
