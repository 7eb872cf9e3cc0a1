//! A request's way from a backend to a server, and what becomes of both connections afterwards.

use std::ops::ControlFlow;
use std::rc::Rc;
use std::time::SystemTime;

use futures_util::future::{Either, select};
use haproxy_config::model::{ConnectionMode, ForwardFor, HttpReuse};
use http1::{Body, BodyScanner, Method, ServerSide, edit_request};

use crate::balance;
use crate::client::Client;
use crate::dispatch::{NoServer, Route, Slot};
use crate::exchange::Exchange;
use crate::lane::BackendLane;
use crate::log_record::{Cause, Phase};
use crate::persistence::{self, Asked};
use crate::policy::{self};
use crate::pool::IDLE_MAX_DEFAULT;
use crate::response::{Relayed, ResponsePath, Trouble};
use crate::server_connection::{ServerConnection, is_polling};
use crate::stream::{ByteSink, ByteSource, Unattended};
use crate::timeouts::Expiry;
use crate::tunnel::{self, TunnelEnd, TunnelTimeouts};
use crate::upload::{Upload, UploadEnd};

/// How a request stands that is on its way to a server.
pub(crate) struct Forwarded {
    /// What the connections become afterwards.
    pub mode: ConnectionMode,
    /// Follows the body.
    pub scanner: BodyScanner,
    /// Everything of it is in `outbound`: it can be sent again.
    pub replayable: bool,
    /// What the client's cookie says.
    pub asked: Asked,
}

impl<R: ByteSource, W: ByteSink> Client<R, W> {
    /// Sends the request to a server of the backend and the response to the client.
    pub async fn forward(
        &mut self,
        exchange: &mut Exchange,
        lane: &Rc<BackendLane>,
        head_len: usize,
    ) -> ControlFlow<()> {
        let mut forwarded = match self.prepare(exchange, lane, head_len) {
            Ok(forwarded) => forwarded,
            Err(status) => {
                exchange.end(Cause::Proxy, Phase::Request);
                self.frontend
                    .state
                    .counters
                    .of(self.worker.index)
                    .request_errors
                    .add(1);
                return self.fail(exchange, status, false).await;
            }
        };
        let source_key = self
            .ends
            .source
            .map(|address| balance::key_of(address.ip()));
        let mut route = Route::new(&self.worker, lane, source_key);
        route.persistent = forwarded.asked.server;
        if lane.backend.prefer_last_server && route.persistent.is_none() {
            route.persistent = self.last_server(lane);
        }
        let queued = exchange.now_ms();
        let assigned = self.unless_gone(lane, &forwarded, route.assign()).await;
        // Without any server there was no queue to wait in.
        if !matches!(assigned, Some(Err(NoServer::NoneUsable))) {
            exchange.timers.queue = Some(exchange.since_ms(queued));
        }
        let Some(assigned) = assigned else {
            exchange.note_route(&route);
            return self.client_gone(exchange, Phase::Queue);
        };
        if !matches!(assigned, Err(NoServer::NoneUsable)) {
            exchange.timers.queue = Some(exchange.since_ms(queued));
        }
        let mut slot = match assigned {
            Ok(slot) => slot,
            Err(failure) => return self.no_server(exchange, &route, failure, &forwarded).await,
        };
        exchange.server = Some(Rc::clone(&slot.lane));
        let may_be_redirected = matches!(self.request.method(), Method::Get | Method::Head);
        if let Some(prefix) = slot.lane.server.redirect_prefix.clone()
            && may_be_redirected
        {
            return self.redirect_to_server(exchange, &prefix, &forwarded).await;
        }
        let mut reused = self.reusable(lane, &slot);
        loop {
            let connecting = exchange.now_ms();
            let mut connection = match reused.take() {
                Some(connection) => {
                    slot.lane
                        .server
                        .state
                        .counters
                        .of(self.worker.index)
                        .reuses
                        .add(1);
                    lane.backend
                        .state
                        .counters
                        .of(self.worker.index)
                        .reuses
                        .add(1);
                    connection
                }
                None => {
                    let size = self.lanes.snapshot.limits.buffer_size;
                    let ends = self.ends;
                    let opening = route.connect(&mut slot, ends, size);
                    match self.unless_gone(lane, &forwarded, opening).await {
                        Some(Ok(connection)) => connection,
                        Some(Err(failure)) => {
                            exchange.note_route(&route);
                            exchange.server = Some(Rc::clone(&slot.lane));
                            return self.no_server(exchange, &route, failure, &forwarded).await;
                        }
                        None => return self.client_gone(exchange, Phase::Connect),
                    }
                }
            };
            exchange.note_route(&route);
            if route.redispatched {
                exchange.server = Some(Rc::clone(&slot.lane));
            }
            exchange.timers.connect = Some(exchange.since_ms(connecting));
            let was_used = connection.requests > 0;
            connection.requests += 1;
            let result = self
                .exchange_with(exchange, lane, &slot, &mut connection, &mut forwarded)
                .await;
            match result {
                Ok(relayed) => {
                    return self
                        .finish(exchange, lane, &slot, connection, &forwarded, relayed)
                        .await;
                }
                // The server had closed an idle connection: the request never got there.
                Err(Trouble::NoResponse {
                    timed_out: false,
                    began: false,
                }) if was_used && forwarded.replayable && self.request.method().is_idempotent() => {
                }
                Err(trouble) => {
                    drop(connection);
                    return self
                        .troubled(exchange, lane, &slot, trouble, &forwarded)
                        .await;
                }
            }
        }
    }

    /// Edits the head and puts it, with as much of the body as has come, into `outbound`. The
    /// request is used up in the input. `Err` is the status of a body that is none.
    fn prepare(
        &mut self,
        exchange: &mut Exchange,
        lane: &BackendLane,
        head_len: usize,
    ) -> Result<Forwarded, u16> {
        let backend = &lane.backend;
        let request = &mut self.request;
        let input = self.peer.reader.input();
        let original = input.bytes();
        let mode = stricter(self.frontend.connection_mode, backend.connection_mode);
        let mut asked = Asked::NOTHING;
        if let Some(cookie) = &backend.cookie {
            let now = SystemTime::now();
            asked = persistence::read_request(cookie, backend, request, original, now);
            exchange.termination.request_cookie = asked.letter;
        }
        if let Some(client) = self.ends.source.map(|address| address.ip()) {
            let wanted = backend
                .forward_for
                .as_ref()
                .or(self.frontend.forward_for.as_ref());
            if let Some(option) = wanted {
                add_forwarded_for(option, client, request, original);
            }
        }
        let server_side = match mode {
            ConnectionMode::KeepAlive => ServerSide::Reuse,
            ConnectionMode::ServerClose | ConnectionMode::Close => ServerSide::Close,
        };
        edit_request(request, original, server_side);
        self.outbound.clear();
        request.encode_into(original, &mut self.outbound);
        let body = request.body();
        let mut scanner = BodyScanner::new(body);
        let mut used = head_len;
        if body != Body::None {
            let available = &original[head_len..];
            let scanned = scanner
                .scan(available)
                .map_err(|refusal| refusal.status(http1::Fault::Client))?;
            self.outbound.extend_from_slice(&available[..scanned.len]);
            used += scanned.len;
            exchange.bytes_in += scanned.len as u64;
        }
        input.consume(used);
        Ok(Forwarded {
            mode,
            replayable: scanner.is_finished(),
            scanner,
            asked,
        })
    }

    /// With `option abortonclose`, gives up `waiting` when the client closes meanwhile.
    async fn unless_gone<T>(
        &mut self,
        lane: &BackendLane,
        forwarded: &Forwarded,
        waiting: impl Future<Output = T>,
    ) -> Option<T> {
        let watches = lane.backend.abort_on_close
            && forwarded.scanner.is_finished()
            && self.peer.reader.input().is_empty();
        self.peer.deadline.clear();
        if !watches {
            return Some(waiting.await);
        }
        let gone = async {
            // Bytes are the next request, and show that the client is there.
            while self.peer.reader.fill().await.is_ok_and(|count| count > 0) {
                if self.peer.reader.input().is_full() {
                    std::future::pending::<()>().await;
                }
            }
        };
        match select(std::pin::pin!(waiting), std::pin::pin!(gone)).await {
            Either::Left((done, _)) => Some(done),
            Either::Right(_) => None,
        }
    }

    /// The server that this client's own connection goes to, with `option prefer-last-server`.
    fn last_server(&self, lane: &BackendLane) -> Option<usize> {
        let (server, _) = self.own.as_ref()?;
        let index = server.server.index;
        lane.servers()
            .get(index)
            .is_some_and(|known| Rc::ptr_eq(&known.pool, &server.pool))
            .then_some(index)
    }

    /// An idle connection to the slot's server, where `http-reuse` lets this client have one.
    fn reusable(&mut self, lane: &BackendLane, slot: &Slot) -> Option<Box<ServerConnection>> {
        if let Some((server, mut connection)) = self.own.take()
            && Rc::ptr_eq(&server.pool, &slot.lane.pool)
            && connection.peer.reader.is_quiet()
        {
            return Some(connection);
        }
        if slot.lane.server.send_proxy.is_some() {
            return None;
        }
        let first = self.served == 0;
        let found = match lane.backend.reuse {
            HttpReuse::Never => None,
            HttpReuse::Safe if first => None,
            HttpReuse::Aggressive if first => slot.lane.pool.take(true),
            HttpReuse::Safe | HttpReuse::Aggressive | HttpReuse::Always => {
                slot.lane.pool.take(false)
            }
        };
        found.filter(|connection| {
            connection.shutdown_generation == slot.lane.server.state.shutdown_generation()
        })
    }

    /// Sends what stands in `outbound`, the rest of the body, and relays the response.
    async fn exchange_with(
        &mut self,
        exchange: &mut Exchange,
        lane: &BackendLane,
        slot: &Slot,
        connection: &mut ServerConnection,
        forwarded: &mut Forwarded,
    ) -> Result<Relayed, Trouble> {
        let limits = self.head_limits();
        let watches = lane.backend.abort_on_close
            && forwarded.replayable
            && self.peer.reader.input().is_empty();
        let may_continue = self.may_continue() && forwarded.mode != ConnectionMode::Close;
        let outbound = std::mem::take(&mut self.outbound);
        let server_limit = lane.backend.timeouts.inactivity;
        connection.peer.deadline.set(server_limit, Expiry::Both);
        let mut unattended = None;
        let mut send_failed = false;
        if forwarded.replayable && !is_polling() {
            unattended = Some(connection.peer.writer.send_unattended(outbound));
        } else {
            let len = outbound.len();
            let (sent, outbound) = connection.peer.writer.send(outbound, 0, len).await;
            self.outbound = outbound;
            send_failed = sent.is_err();
        }
        let mut path = ResponsePath {
            worker: &self.worker,
            frontend: &self.frontend,
            backend: &lane.backend,
            server: &slot.lane.server,
            ends: self.ends,
            session: policy::session(
                &self.lanes.snapshot,
                &self.frontend,
                Some(&lane.backend),
                self.ends,
                self.tls.as_ref(),
            ),
            asked: forwarded.asked,
            method: self.request.method(),
            client_version: self.request.version(),
            limits,
            may_continue,
            head: &mut self.response,
            inbound: &mut self.inbound,
            writer: &mut self.peer.writer,
            client_deadline: &self.peer.deadline,
            reader: &mut connection.peer.reader,
            server_deadline: &connection.peer.deadline,
            exchange: &mut *exchange,
            began: false,
        };
        if forwarded.replayable || send_failed {
            // A server that answered before it closed is still heard.
            let mut result = if watches {
                let relaying = std::pin::pin!(path.relay());
                let gone = std::pin::pin!(async {
                    while self.peer.reader.fill().await.is_ok_and(|count| count > 0) {
                        if self.peer.reader.input().is_full() {
                            std::future::pending::<()>().await;
                        }
                    }
                });
                match select(relaying, gone).await {
                    Either::Left((result, _)) => result,
                    Either::Right(_) => Err(Trouble::ClientGone),
                }
            } else {
                path.relay().await
            };
            match unattended.map(Unattended::reclaim) {
                None => {}
                Some(Some(outbound)) => self.outbound = outbound,
                // The server answered before it took the whole request.
                Some(None) => {
                    forwarded.replayable = false;
                    if let Ok(relayed) = &mut result {
                        relayed.server_continues = false;
                        relayed.upgraded = false;
                    }
                }
            }
            return result;
        }
        let mut upload = Upload {
            reader: &mut self.peer.reader,
            client_deadline: &self.peer.deadline,
            client_limit: self.frontend.timeouts.inactivity,
            writer: &mut connection.peer.writer,
            server_deadline: &connection.peer.deadline,
            server_limit,
            scanner: &mut forwarded.scanner,
            moved: 0,
        };
        let result = {
            let uploading = std::pin::pin!(upload.run());
            let relaying = std::pin::pin!(path.relay());
            match select(uploading, relaying).await {
                Either::Left((UploadEnd::Finished | UploadEnd::ServerGone, relaying)) => {
                    relaying.await
                }
                Either::Left((UploadEnd::ClientGone, _)) => Err(Trouble::ClientGone),
                Either::Left((UploadEnd::ClientTimedOut, _)) => Err(Trouble::ClientTimedOut),
                Either::Left((UploadEnd::Refused(refusal), _)) => {
                    Err(Trouble::BadRequestBody(refusal))
                }
                Either::Right((result, _)) => result,
            }
        };
        exchange.bytes_in += upload.moved;
        result
    }

    /// After a whole response: the tunnel, or what becomes of both connections.
    async fn finish(
        &mut self,
        exchange: &mut Exchange,
        lane: &BackendLane,
        slot: &Slot,
        mut connection: Box<ServerConnection>,
        forwarded: &Forwarded,
        relayed: Relayed,
    ) -> ControlFlow<()> {
        if relayed.upgraded {
            self.tunnel(exchange, lane, &mut connection).await;
            return ControlFlow::Break(());
        }
        let body_finished = forwarded.scanner.is_finished();
        let keeps = relayed.server_continues
            && forwarded.mode == ConnectionMode::KeepAlive
            && body_finished
            && !self.worker.is_draining();
        if keeps {
            let server = &slot.lane.server;
            let private = lane.backend.reuse == HttpReuse::Never || server.send_proxy.is_some();
            if private || lane.backend.prefer_last_server {
                connection.peer.deadline.clear();
                self.own = Some((Rc::clone(&slot.lane), connection));
            } else {
                let max = server.idle_max.map_or(IDLE_MAX_DEFAULT, |max| max as usize);
                slot.lane.pool.keep(connection, slot.in_use(), max);
            }
        }
        if relayed.client_continues && body_finished {
            return ControlFlow::Continue(());
        }
        self.lingers = !body_finished;
        ControlFlow::Break(())
    }

    async fn tunnel(
        &mut self,
        exchange: &mut Exchange,
        lane: &BackendLane,
        connection: &mut ServerConnection,
    ) {
        let (client, server) = (self.frontend.timeouts, lane.backend.timeouts);
        let limits = TunnelTimeouts {
            client: server.tunnel.or(client.inactivity),
            server: server.tunnel.or(server.inactivity),
            client_half_closed: client.half_closed,
            server_half_closed: server.half_closed,
        };
        let moved = tunnel::run(&mut self.peer, &mut connection.peer, limits).await;
        exchange.bytes_in += moved.from_client;
        exchange.bytes_out += moved.to_client;
        let cause = match moved.end {
            TunnelEnd::Finished => return,
            TunnelEnd::ClientAborted => Cause::Client,
            TunnelEnd::ServerAborted => Cause::Server,
            TunnelEnd::ClientTimedOut => Cause::ClientTimeout,
            TunnelEnd::ServerTimedOut => Cause::ServerTimeout,
        };
        exchange.end(cause, Phase::Data);
    }

    /// `server … redir PREFIX`: for GET and HEAD, the client asks the server itself.
    async fn redirect_to_server(
        &mut self,
        exchange: &mut Exchange,
        prefix: &str,
        forwarded: &Forwarded,
    ) -> ControlFlow<()> {
        // The head is used up by now: the target stands in what would have been sent.
        let start = memchr::memchr(b' ', &self.outbound).map_or(0, |at| at + 1);
        let len = memchr::memchr(b' ', &self.outbound[start..]).unwrap_or(0);
        let location = [prefix.as_bytes(), &self.outbound[start..start + len]].concat();
        let mut answer = http1::Answer::new(302);
        answer.add_header(b"Cache-Control", b"no-cache");
        answer.add_header(b"Location", &location);
        exchange.end(Cause::Local, Phase::Request);
        let persistent = forwarded.scanner.is_finished();
        self.answer_anew(exchange, &answer, persistent).await
    }
}

/// `option forwardfor`.
fn add_forwarded_for(
    option: &ForwardFor,
    client: std::net::IpAddr,
    request: &mut http1::RequestHead,
    original: &[u8],
) {
    use std::io::Write as _;
    if option
        .except
        .is_some_and(|network| network.contains(client))
    {
        return;
    }
    let name = option.header.as_bytes();
    if option.if_none && request.headers.named(original, name).next().is_some() {
        return;
    }
    let mut text = [0_u8; 46];
    let mut rest = &mut text[..];
    // The longest address in text has 45 bytes.
    let _ = write!(rest, "{client}");
    let left = rest.len();
    let len = text.len() - left;
    request.headers.add(name, &text[..len]);
}

/// The connection mode that holds between a frontend and a backend (configuration.txt, 4.1: the
/// one that closes more).
fn stricter(one: ConnectionMode, other: ConnectionMode) -> ConnectionMode {
    match (one, other) {
        (ConnectionMode::Close, _) | (_, ConnectionMode::Close) => ConnectionMode::Close,
        (ConnectionMode::ServerClose, _) | (_, ConnectionMode::ServerClose) => {
            ConnectionMode::ServerClose
        }
        (ConnectionMode::KeepAlive, ConnectionMode::KeepAlive) => ConnectionMode::KeepAlive,
    }
}
