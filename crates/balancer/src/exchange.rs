//! One request and its response, as the log and the counters see them.

use std::rc::Rc;
use std::sync::Arc;
use std::time::SystemTime;

use nix::time::{ClockId, clock_gettime};

use crate::client::Client;
use crate::dispatch::Route;
use crate::lane::{BackendLane, ServerLane};
use crate::log_record::{Cause, ConnectionCounts, LogRecord, Phase, Termination, Timers};
use crate::server_connection::ClientEnds;
use crate::snapshot::{Backend, Frontend, Server};
use crate::state::TrafficCounters;
use crate::timeouts::Timeouts;
use crate::worker::context::Worker;

/// What is known of an exchange so far.
pub(crate) struct Exchange {
    /// When its first byte came: milliseconds of [`Exchange::now_ms`].
    pub began_ms: u64,
    timeouts: Rc<Timeouts>,
    /// Times in milliseconds; `active` is filled in at the end.
    pub timers: Timers,
    /// The status sent to the client.
    pub status: Option<u16>,
    /// Bytes from the client.
    pub bytes_in: u64,
    /// Bytes to the client.
    pub bytes_out: u64,
    /// How it ended.
    pub termination: Termination,
    /// The answer is a statistics page.
    pub from_stats: bool,
    /// The backend, once one was chosen.
    pub backend: Option<Rc<BackendLane>>,
    /// The server, once one was chosen.
    pub server: Option<Rc<ServerLane>>,
    /// Connections tried again.
    pub retries: u32,
    /// Another server than the first was taken.
    pub redispatched: bool,
    /// How many waited before this one for the server.
    pub server_queue: u64,
    /// How many waited before this one for the backend.
    pub backend_queue: u64,
    /// Texts for the log; none where nothing is logged.
    pub texts: Option<Box<Texts>>,
}

/// What only the log needs, and what costs to keep.
pub(crate) struct Texts {
    /// When the first byte came.
    pub accepted: SystemTime,
    /// The request line.
    pub request_line: String,
    /// `capture request header`.
    pub request_captures: Vec<Option<String>>,
    /// `capture response header`.
    pub response_captures: Vec<Option<String>>,
    /// `capture cookie` in the request.
    pub request_cookie: Option<String>,
    /// `capture cookie` in the response.
    pub response_cookie: Option<String>,
}

impl Exchange {
    /// One that begins now, `logged` or not.
    pub fn begin(logged: bool, timeouts: &Rc<Timeouts>) -> Self {
        let mut exchange = Self {
            began_ms: 0,
            timeouts: Rc::clone(timeouts),
            timers: Timers::default(),
            status: None,
            bytes_in: 0,
            bytes_out: 0,
            termination: Termination::NORMAL,
            from_stats: false,
            backend: None,
            server: None,
            retries: 0,
            redispatched: false,
            server_queue: 0,
            backend_queue: 0,
            texts: logged.then(|| {
                Box::new(Texts {
                    accepted: SystemTime::now(),
                    request_line: BAD_REQUEST_LINE.to_owned(),
                    request_captures: Vec::new(),
                    response_captures: Vec::new(),
                    request_cookie: None,
                    response_cookie: None,
                })
            }),
        };
        exchange.began_ms = exchange.now_ms();
        exchange
    }

    /// Its first byte has just come, after `idle_since_ms`.
    pub fn first_byte(&mut self, idle_since_ms: u64) {
        self.began_ms = self.now_ms();
        self.timers.idle = self.began_ms.saturating_sub(idle_since_ms);
        if let Some(texts) = &mut self.texts {
            texts.accepted = SystemTime::now();
        }
    }

    /// Milliseconds of the monotonic clock; to the millisecond only where they are logged, else
    /// to the timer tick, which costs nothing.
    pub fn now_ms(&self) -> u64 {
        if self.texts.is_none() {
            return self.timeouts.now_ms();
        }
        precise_now_ms()
    }

    /// Milliseconds since a moment of [`Exchange::now_ms`].
    pub fn since_ms(&self, start_ms: u64) -> u64 {
        self.now_ms().saturating_sub(start_ms)
    }

    /// Notes what ended it, unless something ended it before.
    pub fn end(&mut self, cause: Cause, phase: Phase) {
        if self.termination.cause == Cause::None {
            self.termination.cause = cause;
            self.termination.phase = phase;
        }
    }

    /// Takes over what the way to the server was like.
    pub fn note_route(&mut self, route: &Route) {
        self.retries = route.retries;
        self.redispatched = route.redispatched;
        self.server_queue = route.server_queue;
        self.backend_queue = route.backend_queue;
    }
}

/// What the log shows where the request could not be read.
const BAD_REQUEST_LINE: &str = "<BADREQ>";

/// Milliseconds of the clock that the coarse one is derived from.
pub(crate) fn precise_now_ms() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
        now.tv_sec().unsigned_abs() * 1_000 + now.tv_nsec().unsigned_abs() / 1_000_000
    })
}

/// Counts and logs an exchange that is over.
pub(crate) fn conclude<R, W>(client: &Client<R, W>, exchange: &mut Exchange) {
    let worker = client.worker.index;
    let frontend = &client.frontend;
    exchange.timers.active = exchange.since_ms(exchange.began_ms);
    let counted = frontend.state.counters.of(worker);
    counted.bytes_in.add(exchange.bytes_in);
    counted.bytes_out.add(exchange.bytes_out);
    client.worker.counters().bytes_out.add(exchange.bytes_out);
    let status = exchange.status.unwrap_or(0);
    counted.count_response(status);
    if exchange.termination.cause == Cause::Client {
        counted.client_aborts.add(1);
    }
    if let Some(lane) = &exchange.backend {
        count_served(lane.backend.state.counters.of(worker), exchange, status);
    }
    if let Some(lane) = &exchange.server {
        count_served(lane.server.state.counters.of(worker), exchange, status);
    }
    Place {
        worker: &client.worker,
        frontend,
        ends: client.ends,
        tls: client.tls.is_some(),
    }
    .log(exchange);
}

/// Where an exchange takes place, for its line in the log.
pub(crate) struct Place<'a> {
    /// The worker.
    pub worker: &'a Worker,
    /// The frontend.
    pub frontend: &'a Arc<Frontend>,
    /// The client's addresses.
    pub ends: ClientEnds,
    /// The client speaks TLS.
    pub tls: bool,
}

impl Place<'_> {
    /// `option logasap`: the line of an exchange whose response begins with a head of that many
    /// bytes. An exchange that may yet end badly keeps its texts under `option dontlog-normal`.
    pub fn log_early(&self, exchange: &mut Exchange, head_bytes: u64) {
        if exchange.texts.is_none() {
            return;
        }
        exchange.timers.active = exchange.since_ms(exchange.began_ms);
        let sent = exchange.bytes_out;
        exchange.bytes_out = sent + head_bytes;
        self.log(exchange);
        exchange.bytes_out = sent;
    }

    fn log(&self, exchange: &mut Exchange) {
        let skipped = self.frontend.log.skip_normal
            && exchange.termination.is_normal()
            && exchange.retries == 0
            && exchange.status.is_none_or(|status| status < 500);
        if skipped {
            return;
        }
        let Some(texts) = exchange.texts.take() else {
            return;
        };
        let backend = exchange
            .backend
            .as_ref()
            .map(|lane| Arc::clone(&lane.backend));
        let server = exchange
            .server
            .as_ref()
            .map(|lane| Arc::clone(&lane.server));
        let connections = self.counts(backend.as_deref(), server.as_deref());
        self.worker.log.push(Box::new(LogRecord {
            frontend: Arc::clone(self.frontend),
            backend,
            server,
            from_stats: exchange.from_stats,
            client: self.ends.source,
            destination: self.ends.destination,
            tls: self.tls,
            accepted: texts.accepted,
            timers: exchange.timers,
            status: exchange.status,
            bytes_out: exchange.bytes_out,
            bytes_in: exchange.bytes_in,
            request_cookie: texts.request_cookie,
            response_cookie: texts.response_cookie,
            termination: exchange.termination,
            connections,
            retries: exchange.retries,
            redispatched: exchange.redispatched,
            server_queue: exchange.server_queue,
            backend_queue: exchange.backend_queue,
            request_captures: texts.request_captures,
            response_captures: texts.response_captures,
            request_line: texts.request_line,
        }));
    }

    /// Connections at once, over all workers.
    fn counts(&self, backend: Option<&Backend>, server: Option<&Server>) -> ConnectionCounts {
        ConnectionCounts {
            process: self.worker.process.counters.total().connections,
            frontend: self.frontend.state.counters.total().sessions,
            backend: backend.map_or(0, |backend| backend.state.counters.total().sessions),
            server: server.map_or(0, |server| server.state.counters.total().sessions),
        }
    }
}

/// What an exchange means for the backend, or the server, that served it.
fn count_served(counted: &TrafficCounters, exchange: &Exchange, status: u16) {
    counted.bytes_in.add(exchange.bytes_in);
    counted.bytes_out.add(exchange.bytes_out);
    counted.count_response(status);
    counted.requests.add(1);
    counted
        .queue_time_ms
        .add(exchange.timers.queue.unwrap_or(0));
    counted
        .connect_time_ms
        .add(exchange.timers.connect.unwrap_or(0));
    counted
        .response_time_ms
        .add(exchange.timers.response.unwrap_or(0));
    counted.total_time_ms.add(exchange.timers.active);
    match exchange.termination.cause {
        Cause::Client => counted.client_aborts.add(1),
        Cause::Server => counted.server_aborts.add(1),
        _ => {}
    }
}
