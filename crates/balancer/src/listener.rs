//! Accepting connections: one task for each listening socket of a worker.
//!
//! ```text
//! socket ──accept──► limits (process, frontend, bind) ──► client task: HTTP or TCP, TLS or not
//! ```
//!
//! Every worker accepts from the same sockets; the kernel gives each connection to one of them.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use compio::buf::{BufResult, IntoInner};
use compio::driver::SharedFd;
use compio::driver::op::Accept;
use compio::runtime::{Attacher, CancelToken, FutureExt};
use haproxy_config::model::Mode;
use rules::ConnectionVerdict;
use socket2::{SockAddr, Socket};

use crate::lane::Lanes;
use crate::server_connection::{ClientEnds, is_polling};
use crate::snapshot::{Frontend, Listener};
use crate::state::Gate;
use crate::stream::PlainPeer;
use crate::worker::context::{ClientCount, Worker};
use crate::{client, policy, queue, tcp, tls_stream};

/// How often a connection of a paused frontend (`disable frontend`) looks whether it may go on.
const PAUSED_LOOK: Duration = Duration::from_millis(50);

/// How long accepting rests when the process is out of descriptors or memory, or for a reason that
/// nobody foresaw.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// A socket being accepted from. Dropping it does not end that; [`Accepting::close`] does.
pub(crate) struct Accepting {
    current: Rc<RefCell<Arc<Listener>>>,
    closing: Rc<Closing>,
}

/// Ends a loop of accepts. A token remembers every operation that it was ever given, so each accept
/// gets one of its own.
#[derive(Default)]
struct Closing {
    closed: Cell<bool>,
    accept: RefCell<Option<CancelToken>>,
}

impl Closing {
    fn token(&self) -> CancelToken {
        let token = CancelToken::new();
        *self.accept.borrow_mut() = Some(token.clone());
        token
    }

    fn close(&self) {
        self.closed.set(true);
        if let Some(token) = self.accept.take() {
            token.cancel();
        }
    }
}

impl Accepting {
    /// Begins to accept from a socket that is bound and listening.
    pub fn open(
        worker: &Rc<Worker>,
        listener: Arc<Listener>,
        socket: &OwnedFd,
    ) -> std::io::Result<Self> {
        let socket = Socket::from(socket.try_clone()?);
        socket.set_nonblocking(is_polling())?;
        let socket = Attacher::new(socket)?.into_inner();
        let current = Rc::new(RefCell::new(listener));
        let closing = Rc::new(Closing::default());
        compio::runtime::spawn(accept_forever(
            Rc::clone(worker),
            Rc::clone(&current),
            socket,
            Rc::clone(&closing),
        ))
        .detach();
        Ok(Self { current, closing })
    }

    /// What the socket's key means from now on.
    pub fn replace(&self, listener: Arc<Listener>) {
        *self.current.borrow_mut() = listener;
    }

    /// Accepts no more. A connection that was accepted at this moment is still served.
    pub fn close(self) {
        self.closing.close();
    }
}

async fn accept_forever(
    worker: Rc<Worker>,
    current: Rc<RefCell<Arc<Listener>>>,
    socket: SharedFd<Socket>,
    closing: Rc<Closing>,
) {
    while !closing.closed.get() {
        let accept = compio::runtime::submit(Accept::new(socket.clone()));
        let BufResult(result, operation) = accept.with_cancel(closing.token()).await;
        match result {
            Ok(_) => {
                let (accepted, address) = operation.into_inner();
                let listener = Arc::clone(&current.borrow());
                welcome(&worker, listener, accepted, &address).await;
            }
            Err(error) if closing.closed.get() => {
                drop(error);
                return;
            }
            Err(error) if concerns_one_client(&error) => {}
            Err(_) => compio::time::sleep(FAILURE_PAUSE).await,
        }
    }
}

/// Whether the next accept may well succeed: the client gave up before it was accepted, or a
/// firewall rule forbids it. Anything else (no descriptors, no memory) would fail again at once.
fn concerns_one_client(error: &std::io::Error) -> bool {
    use nix::libc::{ECONNABORTED, EINTR, EPERM, EPROTO};
    matches!(
        error.raw_os_error(),
        Some(ECONNABORTED | EINTR | EPERM | EPROTO)
    )
}

/// Starts the client's task; where a limit is reached, only once there is room, so that further
/// connections stay in the kernel's queue.
async fn welcome(worker: &Rc<Worker>, listener: Arc<Listener>, socket: Socket, address: &SockAddr) {
    let lanes = worker.lanes();
    let Some(frontend) = lanes
        .snapshot
        .frontends
        .get(listener.frontend)
        .map(Arc::clone)
    else {
        return;
    };
    let admission = Admission::wait(worker, &lanes, &frontend, &listener).await;
    if address.is_ipv4() || address.is_ipv6() {
        // An option that cannot be set slows a connection and is no reason to refuse it.
        let _ = socket.set_tcp_nodelay(true);
        if frontend.tcp_keepalive {
            let _ = socket.set_keepalive(true);
        }
    }
    if is_polling() && socket.set_nonblocking(true).is_err() {
        return;
    }
    let ends = ClientEnds {
        source: address.as_socket().map(unmapped),
        destination: None,
    };
    let buffer_size = lanes.snapshot.limits.buffer_size;
    let Ok(peer) = PlainPeer::new(socket, buffer_size, &worker.timeouts) else {
        return;
    };
    let arrival = Arrival {
        worker: Rc::clone(worker),
        lanes,
        frontend,
        listener,
        ends,
        handshake_ms: 0,
        admission,
    };
    compio::runtime::spawn(arrival.serve(peer)).detach();
}

/// An IPv4 client of an IPv6 socket is an IPv4 client.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// A client connection that was let in.
pub(crate) struct Arrival {
    /// The worker.
    pub worker: Rc<Worker>,
    /// The configuration at that time.
    pub lanes: Rc<Lanes>,
    /// Where it came in.
    pub frontend: Arc<Frontend>,
    /// The listening socket's line.
    pub listener: Arc<Listener>,
    /// The client's addresses. The destination is looked up where it is needed.
    pub ends: ClientEnds,
    /// Milliseconds that its handshakes took.
    pub handshake_ms: u64,
    /// Its place among those at once.
    pub admission: Admission,
}

impl Arrival {
    async fn serve(mut self, mut peer: PlainPeer) {
        if self.listener.accept_proxy {
            match client::receive_proxy_header(&mut peer, &self.frontend).await {
                Some(Some((source, destination))) => {
                    self.ends = ClientEnds {
                        source: Some(source),
                        destination: Some(destination),
                    };
                }
                Some(None) => {}
                None => return,
            }
        }
        if self.ends.destination.is_none() {
            self.ends.destination = peer
                .socket()
                .local_addr()
                .ok()
                .and_then(|address| address.as_socket());
        }
        let session = policy::session(&self.lanes.snapshot, &self.frontend, None, self.ends, None);
        if self.frontend.program().connection(&session) == ConnectionVerdict::Reject {
            let counters = self.frontend.state.counters.of(self.worker.index);
            counters.denied_requests.add(1);
            return;
        }
        let Some(config) = self.listener.tls.clone() else {
            match self.frontend.mode {
                Mode::Http => client::serve(self, peer, None).await,
                Mode::Tcp => tcp::serve(self, peer, None).await,
            }
            return;
        };
        let _tls = TlsCount::begin(&self.worker);
        let started = self.worker.timeouts.now_ms();
        let size = self.lanes.snapshot.limits.buffer_size;
        let limit = self.frontend.timeouts.inactivity;
        let Some((peer, facts)) = tls_stream::accept(peer, &config, size, limit).await else {
            return;
        };
        self.handshake_ms = self.worker.timeouts.now_ms().saturating_sub(started);
        match self.frontend.mode {
            Mode::Http => client::serve(self, peer, Some(facts)).await,
            Mode::Tcp => tcp::serve(self, peer, Some(facts)).await,
        }
    }
}

/// A TLS connection, counted.
struct TlsCount(Rc<Worker>);

impl TlsCount {
    fn begin(worker: &Rc<Worker>) -> Self {
        worker.counters().tls_connections.add(1);
        worker.counters().tls_connections_total.add(1);
        Self(Rc::clone(worker))
    }
}

impl Drop for TlsCount {
    fn drop(&mut self) {
        self.0.counters().tls_connections.subtract(1);
    }
}

/// A client's place within the limits of the process, of its frontend and of its bind line.
pub(crate) struct Admission {
    worker: Rc<Worker>,
    frontend: Arc<Frontend>,
    listener: Arc<Listener>,
    process_max: Option<u32>,
    _count: ClientCount,
}

impl Admission {
    async fn wait(
        worker: &Rc<Worker>,
        lanes: &Lanes,
        frontend: &Arc<Frontend>,
        listener: &Arc<Listener>,
    ) -> Self {
        while frontend.state.paused.load(Ordering::Relaxed) {
            compio::time::sleep(PAUSED_LOOK).await;
        }
        enter(&worker.process.gate, lanes.snapshot.limits.connections_max).await;
        enter(&frontend.state.gate, frontend.connections_max).await;
        enter(&listener.gate, listener.connections_max).await;
        worker.timeouts.tick();
        let counters = frontend.state.counters.of(worker.index);
        counters.session_begins();
        counters.connections_total.add(1);
        Self {
            worker: Rc::clone(worker),
            frontend: Arc::clone(frontend),
            listener: Arc::clone(listener),
            process_max: lanes.snapshot.limits.connections_max,
            _count: worker.count_client(),
        }
    }
}

async fn enter(gate: &Gate, max: Option<u32>) {
    if let Some(max) = max {
        while !gate.is_open(max) {
            queue::wait_turn(&gate.waiting, || gate.is_open(max)).await;
        }
        gate.enter();
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.frontend
            .state
            .counters
            .of(self.worker.index)
            .session_ends();
        let limits = [
            (&self.listener.gate, self.listener.connections_max),
            (&self.frontend.state.gate, self.frontend.connections_max),
            (&self.worker.process.gate, self.process_max),
        ];
        for (gate, max) in limits {
            if max.is_some() {
                gate.leave();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nix::libc::{EBADF, ECONNABORTED, EINTR, EINVAL, EMFILE, ENFILE, ENOMEM, EPERM};

    use super::*;

    #[test]
    fn accepting_rests_unless_only_one_client_is_concerned() {
        for (number, goes_on) in [
            (ECONNABORTED, true),
            (EINTR, true),
            (EPERM, true),
            (EMFILE, false),
            (ENFILE, false),
            (ENOMEM, false),
            (EBADF, false),
            (EINVAL, false),
        ] {
            let error = std::io::Error::from_raw_os_error(number);
            assert_eq!(concerns_one_client(&error), goes_on, "{error}");
        }
    }
}
