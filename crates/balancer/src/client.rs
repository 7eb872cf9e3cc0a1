//! One HTTP client's connection: requests one after another, each through its rules, to a server
//! and back. See LIFECYCLE.md for its states and for who owns which buffer.

use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http1::{Fault, Limits, Parsed, Refusal, RequestHead, ResponseHead, Version};

use crate::exchange::{self, Exchange, precise_now_ms};
use crate::lane::{Lanes, ServerLane};
use crate::listener::{Admission, Arrival};
use crate::log_record::{Cause, Phase};
use crate::policy::TlsFacts;
use crate::proxy_protocol;
use crate::server_connection::{ClientEnds, ServerConnection};
use crate::snapshot::Frontend;
use crate::stream::{ByteSink, ByteSource, Peer, PlainPeer};
use crate::timeouts::Expiry;
use crate::worker::context::Worker;

/// Bytes read and thrown away after the last answer, so that the client sees the answer and not a
/// reset.
const LINGER_BYTES_MAX: usize = 256 * 1_024;
/// How long that may take.
const LINGER_TIME_MAX: Duration = Duration::from_secs(2);
/// `accept-proxy`: time for the header where `timeout client` sets none.
const PROXY_HEADER_TIME: Duration = Duration::from_secs(30);

/// A client's connection and everything that lives as long as it.
pub(crate) struct Client<R, W> {
    /// The worker.
    pub worker: Rc<Worker>,
    /// The configuration of the exchange in progress.
    pub lanes: Rc<Lanes>,
    /// The frontend in that configuration.
    pub frontend: Arc<Frontend>,
    /// The client's addresses.
    pub ends: ClientEnds,
    /// Present where the client speaks TLS.
    pub tls: Option<TlsFacts>,
    /// The connection.
    pub peer: Peer<R, W>,
    /// The request of the exchange in progress; reused.
    pub request: RequestHead,
    /// Its response; reused.
    pub response: ResponseHead,
    /// What goes to the server: the head, and the body's first bytes.
    pub outbound: Vec<u8>,
    /// What goes to the client: the head, and the body's first bytes.
    pub inbound: Vec<u8>,
    /// The server's connection that no other client may use.
    pub own: Option<(Rc<ServerLane>, Box<ServerConnection>)>,
    /// Milliseconds that handshakes took.
    pub handshake_ms: u64,
    /// Requests completed.
    pub served: u64,
    /// When it was accepted, or the last response ended.
    pub idle_since_ms: u64,
    /// The client may still be sending something that nobody will read.
    pub lingers: bool,
    _admission: Admission,
}

/// Serves a client until its connection ends.
pub(crate) async fn serve<R: ByteSource, W: ByteSink>(
    arrival: Arrival,
    peer: Peer<R, W>,
    tls: Option<TlsFacts>,
) {
    Client::new(arrival, peer, tls).run().await;
}

/// Why there is no further request.
enum NoRequest {
    /// The client ended, or was silent, between requests: nothing to say.
    Idle,
    /// The client ended in the middle.
    Aborted,
    /// `timeout http-request` ran out.
    TimedOut,
    /// It is no request.
    Refused(Refusal),
}

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// A client that has just been accepted.
    pub fn new(arrival: Arrival, peer: Peer<R, W>, tls: Option<TlsFacts>) -> Self {
        Self {
            worker: arrival.worker,
            lanes: arrival.lanes,
            frontend: arrival.frontend,
            ends: arrival.ends,
            tls,
            peer,
            request: RequestHead::new(),
            response: ResponseHead::new(),
            outbound: Vec::new(),
            inbound: Vec::new(),
            own: None,
            handshake_ms: arrival.handshake_ms,
            served: 0,
            idle_since_ms: precise_now_ms(),
            lingers: false,
            _admission: arrival.admission,
        }
    }

    /// Exchanges until one is the last.
    pub async fn run(mut self) {
        while self.next_exchange().await.is_continue() {
            self.served += 1;
        }
        self.own = None;
        self.peer.writer.finish().await;
        if self.lingers {
            self.linger().await;
        }
    }

    /// Reads a request and answers it. `Break` where the connection is to end.
    async fn next_exchange(&mut self) -> ControlFlow<()> {
        let mut exchange = Exchange::begin(self.is_logged(), &self.worker.timeouts);
        let flow = match self.receive_head(&mut exchange).await {
            Ok(head_len) => {
                self.take_up_configuration();
                self.count_request();
                self.handle(&mut exchange, head_len).await
            }
            Err(NoRequest::Idle) => return ControlFlow::Break(()),
            Err(failure) => {
                self.refuse(&mut exchange, failure).await;
                ControlFlow::Break(())
            }
        };
        self.idle_since_ms = exchange.now_ms();
        exchange::conclude(self, &mut exchange);
        flow
    }

    /// A configuration installed since the last exchange holds from this one on. A client whose
    /// frontend is gone keeps the old one for this last exchange.
    fn take_up_configuration(&mut self) {
        if !self.worker.runs(&self.lanes) {
            let lanes = self.worker.lanes();
            if let Some(frontend) = lanes.snapshot.frontend(&self.frontend.name) {
                self.frontend = Arc::clone(frontend);
                self.lanes = lanes;
            }
        }
    }

    fn count_request(&self) {
        self.frontend
            .state
            .counters
            .of(self.worker.index)
            .requests
            .add(1);
        self.worker.counters().requests_total.add(1);
    }

    /// Whether exchanges of this client are logged.
    fn is_logged(&self) -> bool {
        !self.frontend.log.targets.is_empty()
    }

    /// Limits of a head: what a buffer holds, less what rules may add.
    pub fn head_limits(&self) -> Limits {
        let limits = &self.lanes.snapshot.limits;
        Limits {
            head_bytes: limits.buffer_size.saturating_sub(limits.rewrite_reserve),
            header_lines: limits.headers_max,
        }
    }

    /// Waits for the next request's head; returns its length in the input.
    async fn receive_head(&mut self, exchange: &mut Exchange) -> Result<usize, NoRequest> {
        let limits = self.head_limits();
        let first = self.served == 0;
        let timeouts = self.frontend.timeouts;
        if self.peer.reader.input().is_empty() {
            let limit = if first {
                timeouts.request_head
            } else {
                timeouts.keep_alive
            };
            self.peer.deadline.set(limit, Expiry::Read);
            if !first {
                if self.worker.is_draining() {
                    return Err(NoRequest::Idle);
                }
                self.peer.deadline.set_idle(true);
            }
            let filled = self.peer.reader.fill().await;
            self.peer.deadline.set_idle(false);
            match filled {
                Ok(1..) => {}
                Ok(0) | Err(_) if !first => return Err(NoRequest::Idle),
                Ok(_) if self.peer.deadline.has_expired() => {
                    return Err(self.no_first_request(exchange, NoRequest::TimedOut));
                }
                Ok(_) | Err(_) => return Err(self.no_first_request(exchange, NoRequest::Aborted)),
            }
        }
        exchange.first_byte(self.idle_since_ms);
        if first {
            exchange.timers.handshake = self.handshake_ms;
        }
        let mut refreshed = first;
        loop {
            match self.request.parse(self.peer.reader.bytes(), &limits) {
                Ok(Parsed::Complete { len }) => {
                    exchange.timers.request = Some(exchange.since_ms(exchange.began_ms));
                    exchange.bytes_in = len as u64;
                    return Ok(len);
                }
                Ok(Parsed::Partial) => {}
                Err(refusal) => {
                    return Err(NoRequest::Refused(refusal));
                }
            }
            if !refreshed {
                // From the first byte of a later request on, its head has its own limit.
                self.peer.deadline.set(timeouts.request_head, Expiry::Read);
                refreshed = true;
            }
            match self.peer.reader.fill().await {
                Ok(1..) => {}
                Ok(_) if self.peer.deadline.has_expired() => {
                    return Err(NoRequest::TimedOut);
                }
                Ok(_) => return Err(NoRequest::Aborted),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(NoRequest::Aborted),
            }
        }
    }

    /// A connection that never sent a byte.
    fn no_first_request(&self, exchange: &mut Exchange, why: NoRequest) -> NoRequest {
        if self.worker.is_draining() {
            return NoRequest::Idle;
        }
        if self.frontend.log.skip_empty {
            exchange.texts = None;
        }
        why
    }

    /// Answers what was no request, and logs it.
    async fn refuse(&mut self, exchange: &mut Exchange, failure: NoRequest) {
        let counters = self.frontend.state.counters.of(self.worker.index);
        self.lingers = true;
        let (cause, status) = match failure {
            NoRequest::Idle | NoRequest::Aborted => (Cause::Client, None),
            NoRequest::TimedOut => (Cause::ClientTimeout, Some(408)),
            NoRequest::Refused(refusal) => (Cause::Proxy, Some(refusal.status(Fault::Client))),
        };
        exchange.bytes_in = self.peer.reader.input().len() as u64;
        if !(cause == Cause::Client && exchange.bytes_in == 0) {
            counters.request_errors.add(1);
        }
        exchange.end(cause, Phase::Request);
        match status {
            Some(status) => {
                self.answer_error(exchange, status, Version::Http11, false, false)
                    .await;
            }
            // HAProxy logs 400 although nobody is left to read it.
            None => exchange.status = Some(400),
        }
    }

    /// Reads and drops what the client still sends.
    async fn linger(&mut self) {
        self.peer.deadline.set(Some(LINGER_TIME_MAX), Expiry::Both);
        let mut dropped = 0;
        while dropped < LINGER_BYTES_MAX {
            self.peer.reader.input().clear();
            match self.peer.reader.fill().await {
                Ok(count @ 1..) => dropped += count,
                Ok(_) | Err(_) => return,
            }
        }
    }
}

/// Reads the PROXY protocol's header. None where there is none and the connection is to end;
/// `Some(None)` where it names no addresses.
pub(crate) async fn receive_proxy_header(
    peer: &mut PlainPeer,
    frontend: &Frontend,
) -> Option<Option<(SocketAddr, SocketAddr)>> {
    let limit = frontend.timeouts.inactivity.unwrap_or(PROXY_HEADER_TIME);
    peer.deadline.set(Some(limit), Expiry::Both);
    loop {
        match proxy_protocol::parse(peer.reader.bytes()) {
            proxy_protocol::Parsed::Complete(len, ends) => {
                peer.reader.input().consume(len);
                return Some(ends);
            }
            proxy_protocol::Parsed::Invalid => return None,
            proxy_protocol::Parsed::Partial if peer.reader.input().is_full() => return None,
            proxy_protocol::Parsed::Partial => match peer.reader.fill().await {
                Ok(1..) => {}
                Ok(_) | Err(_) => return None,
            },
        }
    }
}
