//! `mode tcp`: one connection to a server for each client's connection, bytes both ways.

use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use rules::ConnectionVerdict;

use crate::balance;
use crate::dispatch::{NoServer, Route};
use crate::exchange::precise_now_ms;
use crate::listener::Arrival;
use crate::log_record::{Cause, ConnectionCounts, LogRecord, Phase, Termination, Timers};
use crate::policy::{self, TlsFacts};
use crate::server_connection::ConnectFailure;
use crate::snapshot::{Backend, Server};
use crate::stream::{ByteSink, ByteSource, Peer};
use crate::tunnel::{self, TunnelEnd, TunnelTimeouts, Tunnelled};

/// Serves a client until both sides have ended.
pub(crate) async fn serve<R: ByteSource, W: ByteSink>(
    arrival: Arrival,
    mut client: Peer<R, W>,
    tls: Option<TlsFacts>,
) {
    let accepted = (precise_now_ms(), SystemTime::now());
    let mut session = Session {
        tls,
        timers: Timers {
            handshake: arrival.handshake_ms,
            ..Timers::default()
        },
        termination: Termination::NORMAL,
        moved: (0, 0),
        logged: false,
        backend: None,
        server: None,
        route: None,
    };
    session.run(&arrival, &mut client, accepted).await;
    session.timers.active = precise_now_ms().saturating_sub(accepted.0);
    session.conclude(&arrival, accepted.1);
}

/// One TCP session, as the log and the counters see it.
struct Session {
    tls: Option<TlsFacts>,
    timers: Timers,
    termination: Termination,
    /// Bytes from and to the client.
    moved: (u64, u64),
    /// Its line is in the log already (`option logasap`).
    logged: bool,
    backend: Option<Arc<Backend>>,
    server: Option<Arc<Server>>,
    route: Option<Route>,
}

impl Session {
    async fn run<R: ByteSource, W: ByteSink>(
        &mut self,
        arrival: &Arrival,
        client: &mut Peer<R, W>,
        accepted: (u64, SystemTime),
    ) {
        let snapshot = &arrival.lanes.snapshot;
        let session = policy::session(
            snapshot,
            &arrival.frontend,
            None,
            arrival.ends,
            self.tls.as_ref(),
        );
        let program = arrival.frontend.program();
        if program.content(&session, None) == ConnectionVerdict::Reject {
            let counters = arrival.frontend.state.counters.of(arrival.worker.index);
            counters.denied_requests.add(1);
            return self.end(Cause::Proxy, Phase::Request);
        }
        let chosen = match program.backend(&session, None) {
            Some(proxy) => snapshot
                .backend_of_proxy(proxy)
                .map(|backend| backend.index),
            None => arrival.frontend.default_backend,
        };
        let Some(index) = chosen else {
            return self.end(Cause::Server, Phase::Connect);
        };
        let worker = &arrival.worker;
        let lane = Rc::clone(arrival.lanes.backend(index));
        self.backend = Some(Arc::clone(&lane.backend));
        let counters = lane.backend.state.counters.of(worker.index);
        counters.session_begins();
        let source_key = arrival
            .ends
            .source
            .map(|address| balance::key_of(address.ip()));
        let route = self.route.insert(Route::new(worker, &lane, source_key));
        let queued = precise_now_ms();
        let assigned = route.assign().await;
        if !matches!(assigned, Err(NoServer::NoneUsable)) {
            self.timers.queue = Some(precise_now_ms().saturating_sub(queued));
        }
        let mut slot = match assigned {
            Ok(slot) => slot,
            Err(failure) => {
                counters.session_ends();
                return self.fail(failure);
            }
        };
        self.server = Some(Arc::clone(&slot.lane.server));
        let connecting = precise_now_ms();
        let size = arrival.lanes.snapshot.limits.buffer_size;
        let connected = route.connect(&mut slot, arrival.ends, size).await;
        self.server = Some(Arc::clone(&slot.lane.server));
        match connected {
            Ok(mut connection) => {
                self.timers.connect = Some(precise_now_ms().saturating_sub(connecting));
                let (near, far) = (arrival.frontend.timeouts, lane.backend.timeouts);
                if arrival.frontend.log.early {
                    self.timers.active = precise_now_ms().saturating_sub(accepted.0);
                    self.logged = self.log(arrival, accepted.1);
                }
                let limits = TunnelTimeouts {
                    client: far.tunnel.or(near.inactivity),
                    server: far.tunnel.or(far.inactivity),
                    client_half_closed: near.half_closed,
                    server_half_closed: far.half_closed,
                };
                let tunnelled = tunnel::run(client, &mut connection.peer, limits).await;
                self.note(tunnelled);
            }
            Err(failure) => self.fail(failure),
        }
        counters.session_ends();
    }

    fn end(&mut self, cause: Cause, phase: Phase) {
        self.termination.cause = cause;
        self.termination.phase = phase;
    }

    fn note(&mut self, tunnelled: Tunnelled) {
        self.moved = (tunnelled.from_client, tunnelled.to_client);
        match tunnelled.end {
            TunnelEnd::Finished => {}
            TunnelEnd::ClientAborted => self.end(Cause::Client, Phase::Data),
            TunnelEnd::ServerAborted => self.end(Cause::Server, Phase::Data),
            TunnelEnd::ClientTimedOut => self.end(Cause::ClientTimeout, Phase::Data),
            TunnelEnd::ServerTimedOut => self.end(Cause::ServerTimeout, Phase::Data),
        }
    }

    fn fail(&mut self, failure: NoServer) {
        match failure {
            NoServer::NoneUsable => self.end(Cause::Server, Phase::Connect),
            NoServer::QueueTimedOut => self.end(Cause::ServerTimeout, Phase::Queue),
            NoServer::QueueFull => self.end(Cause::Server, Phase::Queue),
            NoServer::Connect(ConnectFailure::TimedOut) => {
                self.end(Cause::ServerTimeout, Phase::Connect);
            }
            NoServer::Connect(ConnectFailure::Refused) => self.end(Cause::Server, Phase::Connect),
            NoServer::Connect(ConnectFailure::OutOfResources) => {
                self.end(Cause::Resource, Phase::Connect);
            }
        }
    }

    fn conclude(self, arrival: &Arrival, accepted: SystemTime) {
        let (frontend, worker) = (&arrival.frontend, &arrival.worker);
        let (bytes_in, bytes_out) = self.moved;
        worker.counters().bytes_out.add(bytes_out);
        let everywhere = [
            Some(&frontend.state.counters),
            self.backend.as_ref().map(|backend| &backend.state.counters),
            self.server.as_ref().map(|server| &server.state.counters),
        ];
        for counters in everywhere.into_iter().flatten() {
            let counters = counters.of(worker.index);
            counters.bytes_in.add(bytes_in);
            counters.bytes_out.add(bytes_out);
            counters.total_time_ms.add(self.timers.active);
            counters.queue_time_ms.add(self.timers.queue.unwrap_or(0));
            counters
                .connect_time_ms
                .add(self.timers.connect.unwrap_or(0));
            match self.termination.cause {
                Cause::Client => counters.client_aborts.add(1),
                Cause::Server => counters.server_aborts.add(1),
                _ => {}
            }
        }
        if !self.logged {
            self.log(arrival, accepted);
        }
    }

    /// Hands a line to the log, where one is wanted; says whether it was.
    fn log(&self, arrival: &Arrival, accepted: SystemTime) -> bool {
        let (frontend, worker) = (&arrival.frontend, &arrival.worker);
        let (bytes_in, bytes_out) = self.moved;
        let settings = &frontend.log;
        // Nothing was read from a client for whom no server was found: no sign of a mere probe.
        let unserved = self.termination.phase == Phase::Connect;
        let early = settings.early && self.timers.connect.is_some();
        if settings.targets.is_empty()
            || (settings.skip_normal && self.termination.is_normal())
            || (settings.skip_empty && !early && bytes_in == 0 && bytes_out == 0 && !unserved)
        {
            return false;
        }
        let route = self.route.as_ref();
        let sessions = |backend: Option<&Arc<Backend>>| {
            backend.map_or(0, |backend| backend.state.counters.total().sessions)
        };
        worker.log.push(Box::new(LogRecord {
            frontend: Arc::clone(frontend),
            connections: ConnectionCounts {
                process: worker.process.counters.total().connections,
                frontend: frontend.state.counters.total().sessions,
                backend: sessions(self.backend.as_ref()),
                server: self
                    .server
                    .as_ref()
                    .map_or(0, |server| server.state.counters.total().sessions),
            },
            retries: route.map_or(0, |route| route.retries),
            redispatched: route.is_some_and(|route| route.redispatched),
            server_queue: route.map_or(0, |route| route.server_queue),
            backend_queue: route.map_or(0, |route| route.backend_queue),
            backend: self.backend.clone(),
            server: self.server.clone(),
            from_stats: false,
            client: arrival.ends.source,
            destination: arrival.ends.destination,
            tls: self.tls.is_some(),
            accepted,
            timers: self.timers,
            status: None,
            bytes_out,
            bytes_in,
            request_cookie: None,
            response_cookie: None,
            termination: self.termination,
            request_captures: Vec::new(),
            response_captures: Vec::new(),
            request_line: String::new(),
        }));
        true
    }
}
