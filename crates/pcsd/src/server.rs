//! The two sockets: the port for other machines, and the one for this machine's own commands.
//!
//! A stranger can cost this process a connection of [`MAX_CONNECTIONS`] for [`GREETING_LIMIT`], and
//! [`MAX_GREETING_BYTES`] of memory; before a token is shown, nothing else is read.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use pcsd_api::{
    Answer, Call, MAX_FRAME_BYTES, MAX_GREETING_BYTES, Refusal, RefusalKind, Request, decode,
    encode, length,
};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::requests::{Caller, Desk};
use crate::{Place, files};

/// Connections from the network at once; who comes beyond is hung up on.
const MAX_CONNECTIONS: usize = 64;
/// Connections of this machine's own commands at once.
const MAX_LOCAL_CONNECTIONS: usize = 64;
/// How long a TLS handshake may take.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
/// How long a stranger may take to say what he wants.
const GREETING_LIMIT: Duration = Duration::from_secs(10);
/// How long somebody known may be silent.
const IDLE_LIMIT: Duration = Duration::from_secs(60);
/// How long an answer may take to be taken.
const WRITE_LIMIT: Duration = Duration::from_secs(10);
/// A wait where the system has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
const BACKLOG: i32 = 128;

/// Listens on the network, on both kinds of addresses where none is named.
///
/// # Errors
/// Where the port is taken, or the system refuses.
pub(crate) fn listen(addresses: &[SocketAddr], port: u16) -> io::Result<Vec<TcpListener>> {
    if !addresses.is_empty() {
        return addresses.iter().map(|address| bind(*address)).collect();
    }
    let all = match bind(SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        // A machine without IPv6.
        Err(error) if error.raw_os_error() == Some(nix::libc::EAFNOSUPPORT) => {
            bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        }
        bound => bound,
    };
    Ok(vec![all?])
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    let bound = socket
        .bind(&address.into())
        .and_then(|()| socket.listen(BACKLOG));
    bound.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))?;
    TcpListener::from_std(socket.into())
}

/// Listens for this machine's own commands. A socket that was left behind is replaced; one that is
/// alive is not.
///
/// # Errors
/// Where another pcsd listens there, or the system refuses.
pub(crate) fn listen_locally(place: &Place) -> io::Result<UnixListener> {
    let path = &place.socket;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    if std::os::unix::net::UnixStream::connect(path).is_ok() {
        let reason = "another pcsd listens there";
        return Err(files::at(
            path,
            io::Error::new(io::ErrorKind::AddrInUse, reason),
        ));
    }
    files::remove(path)?;
    let listener = UnixListener::bind(path).map_err(|error| files::at(path, error))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the network.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: TlsAcceptor,
    desk: Arc<Desk>,
    places: Arc<Semaphore>,
) {
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            continue;
        };
        let (tls, desk) = (tls.clone(), desk.clone());
        tokio::spawn(async move {
            greet(stream, from.ip().to_canonical(), &tls, &desk).await;
            drop(place);
        });
    }
}

/// So many connections from the network, all listeners together.
pub(crate) fn places() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_CONNECTIONS))
}

async fn greet(stream: TcpStream, from: IpAddr, tls: &TlsAcceptor, desk: &Desk) {
    // An answer is one small packet: it must not wait for another.
    let _ = stream.set_nodelay(true);
    if let Ok(Ok(stream)) = timeout(HANDSHAKE_LIMIT, tls.accept(stream)).await {
        converse(stream, Caller::Remote(from), desk).await;
    }
}

/// Serves this machine's own commands.
pub(crate) async fn serve_locally(listener: UnixListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(MAX_LOCAL_CONNECTIONS));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            continue;
        };
        if !is_trusted(&stream) {
            continue;
        }
        let desk = desk.clone();
        tokio::spawn(async move {
            converse(stream, Caller::Local, &desk).await;
            drop(place);
        });
    }
}

/// Root, and who runs this process.
fn is_trusted(stream: &UnixStream) -> bool {
    let own = nix::unistd::geteuid().as_raw();
    stream
        .peer_cred()
        .is_ok_and(|peer| [0, own].contains(&peer.uid()))
}

/// Reads calls and answers them, one after the other, until the other side has enough.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, caller: Caller, desk: &Desk) {
    let mut is_known = caller == Caller::Local;
    loop {
        let (limit, max_bytes) = match is_known {
            true => (IDLE_LIMIT, MAX_FRAME_BYTES),
            false => (GREETING_LIMIT, MAX_GREETING_BYTES),
        };
        let call = match timeout(limit, read_call(&mut stream, max_bytes)).await {
            Ok(Ok(call)) => call,
            // Silent, gone, or talking something else.
            _ => break,
        };
        let answer = if let (Caller::Remote(from), Request::Authenticate { user, password }) =
            (caller, &call.request)
        {
            desk.authenticate(from, user.clone(), password.clone())
                .await
        } else if desk.is_authorized(caller, &call) {
            is_known = true;
            desk.answer(caller, call.request).await
        } else {
            let reason = "the token is not known here";
            Answer::Refused(Refusal::new(RefusalKind::NotAuthorized, reason))
        };
        is_known |= matches!(answer, Answer::Token(_));
        let Ok(bytes) = encode(&answer) else { break };
        let written = timeout(WRITE_LIMIT, async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        });
        if !matches!(written.await, Ok(Ok(()))) {
            break;
        }
    }
    let _ = timeout(WRITE_LIMIT, stream.shutdown()).await;
}

async fn read_call<S: AsyncRead + Unpin>(stream: &mut S, max_bytes: usize) -> io::Result<Call> {
    let mut header = [0; 4];
    stream.read_exact(&mut header).await?;
    let len = length(header, max_bytes).map_err(io::Error::other)?;
    // What is announced and never comes must not be paid for.
    let mut content = Vec::new();
    let mut stream = stream.take(len as u64);
    stream.read_to_end(&mut content).await?;
    if content.len() < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    decode(&content).map_err(io::Error::other)
}

#[cfg(test)]
mod tests;
