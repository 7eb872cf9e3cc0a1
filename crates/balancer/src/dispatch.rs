//! From a backend to a connection with one of its servers: persistence, balancing, limits and
//! their queues, retries and redispatch.
//!
//! ```text
//! Route::assign ──► Slot (a server's place, held until the exchange ends)
//! Route::connect ─► idle connection, or a new one; on failure again: same server, or another
//! ```

use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use haproxy_config::model::Balance;

use crate::balance::Picked;
use crate::lane::{BackendLane, ServerLane};
use crate::queue;
use crate::server_connection::{self, ClientEnds, ConnectFailure, ServerConnection};
use crate::snapshot::{Backend, Server};
use crate::state::{Operational, TrafficCounters};
use crate::worker::context::Worker;

/// Pause before the same server is tried again after it refused (HAProxy's turn-around state).
const TURN_AROUND: Duration = Duration::from_secs(1);

/// One exchange's way to a server.
pub(crate) struct Route {
    /// The worker.
    pub worker: Rc<Worker>,
    /// The backend.
    pub lane: Rc<BackendLane>,
    /// The server that persistence asks for.
    pub persistent: Option<usize>,
    /// The key of `balance source`.
    pub source_key: Option<u32>,
    /// Connections tried again.
    pub retries: u32,
    /// Another server than the first was taken.
    pub redispatched: bool,
    /// How many waited before this one for the server.
    pub server_queue: u64,
    /// How many waited before this one for the backend.
    pub backend_queue: u64,
    /// Failed attempts.
    failures: u32,
    avoid: Option<usize>,
}

/// Why no server took the exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoServer {
    /// None may take traffic.
    NoneUsable,
    /// `timeout queue` ran out.
    QueueTimedOut,
    /// `maxqueue` is reached and no other server may be asked.
    QueueFull,
    /// Every attempt to connect failed, the last one for this reason.
    Connect(ConnectFailure),
}

impl Route {
    /// A way into that backend.
    pub fn new(worker: &Rc<Worker>, lane: &Rc<BackendLane>, source_key: Option<u32>) -> Self {
        Self {
            worker: Rc::clone(worker),
            lane: Rc::clone(lane),
            persistent: None,
            source_key,
            retries: 0,
            redispatched: false,
            server_queue: 0,
            backend_queue: 0,
            failures: 0,
            avoid: None,
        }
    }

    fn backend(&self) -> &Backend {
        &self.lane.backend
    }

    fn counters(&self) -> &TrafficCounters {
        self.backend().state.counters.of(self.worker.index)
    }

    /// Takes a place at a server, waiting in a queue where every one is full.
    pub async fn assign(&mut self) -> Result<Slot, NoServer> {
        let started_ms = self.worker.timeouts.now_ms();
        // Who was called from a queue does not stand behind those who still wait.
        let mut called = false;
        loop {
            let left = match self.backend().timeouts.queue {
                None => None,
                Some(limit) => match limit.checked_sub(Duration::from_millis(
                    self.worker.timeouts.now_ms().saturating_sub(started_ms),
                )) {
                    Some(left) => Some(left),
                    None => return Err(NoServer::QueueTimedOut),
                },
            };
            let wait_for = match self.persistent.filter(|index| self.may_persist(*index)) {
                Some(index) => {
                    let server = &self.lane.server(index).server;
                    if (called || server.state.waiting.is_empty())
                        && let Some(slot) = self.try_slot(index)
                    {
                        return Ok(slot);
                    }
                    Some(index)
                }
                None => {
                    self.persistent = None;
                    let backend = &self.lane.backend;
                    let picked = self.lane.pick(self.source_key, self.avoid, &|server| {
                        has_free_place(backend, server)
                            && (called
                                || server.connections_max.is_none()
                                || (server.state.waiting.is_empty()
                                    && backend.state.waiting.is_empty()))
                    });
                    match picked {
                        Picked::Server(index) => {
                            if let Some(slot) = self.try_slot(index) {
                                let counters = &slot.lane.server.state.counters;
                                counters.of(self.worker.index).chosen.add(1);
                                self.counters().chosen.add(1);
                                return Ok(slot);
                            }
                            // Another worker took the last place meanwhile.
                            continue;
                        }
                        Picked::WaitFor(index) => Some(index),
                        Picked::Full => None,
                        Picked::NoneUsable => return Err(NoServer::NoneUsable),
                    }
                }
            };
            self.wait(wait_for, left).await?;
            called = true;
        }
    }

    /// Waits for a place at one server, or at any.
    async fn wait(
        &mut self,
        server: Option<usize>,
        limit: Option<Duration>,
    ) -> Result<(), NoServer> {
        let lane = Rc::clone(&self.lane);
        let counters = lane.backend.state.counters.of(self.worker.index);
        let waited = match server {
            Some(index) => {
                let server = &lane.server(index).server;
                let queue = &server.state.waiting;
                if server
                    .queue_max
                    .is_some_and(|max| queue.len() >= u64::from(max))
                {
                    if self.persistent.is_some() && lane.backend.redispatch != 0 {
                        self.persistent = None;
                        return Ok(());
                    }
                    return Err(NoServer::QueueFull);
                }
                self.server_queue = queue.len();
                let own = server.state.counters.of(self.worker.index);
                let _queued = Queued::count([counters, own]);
                queue::wait_turn_within(queue, limit, || has_free_place(&lane.backend, server))
                    .await
            }
            None => {
                let queue = &lane.backend.state.waiting;
                self.backend_queue = queue.len();
                let _queued = Queued::count([counters, counters]);
                let free = || {
                    lane.servers().iter().any(|server| {
                        server.server.state.operational() == Operational::Up
                            && has_free_place(&lane.backend, &server.server)
                    })
                };
                queue::wait_turn_within(queue, limit, free).await
            }
        };
        if waited {
            Ok(())
        } else {
            Err(NoServer::QueueTimedOut)
        }
    }

    /// Whether persistence may still send traffic there: up or draining, or down with
    /// `option persist`.
    fn may_persist(&self, index: usize) -> bool {
        match self.lane.server(index).server.state.operational() {
            Operational::Up | Operational::Drain => true,
            Operational::Down => self.backend().persist,
            Operational::Maintenance => false,
        }
    }

    fn try_slot(&self, index: usize) -> Option<Slot> {
        let lane = self.lane.server(index);
        let server = &lane.server;
        let counted =
            server.connections_max.is_some() || self.backend().balance == Balance::LeastConnections;
        if counted {
            let before = server.state.in_flight.fetch_add(1, Ordering::SeqCst);
            if server.connections_max.is_some() && before >= places(self.backend(), server) {
                server.state.in_flight.fetch_sub(1, Ordering::SeqCst);
                return None;
            }
        }
        server.state.counters.of(self.worker.index).session_begins();
        let slot = Slot {
            worker: self.worker.index,
            backend: Rc::clone(&self.lane),
            lane: Rc::clone(lane),
            counted,
        };
        lane.pool.saw_in_use(slot.in_use());
        Some(slot)
    }

    /// A new connection to the slot's server, or, as `retries` and `option redispatch` say, to
    /// another one: the slot then changes too.
    pub async fn connect(
        &mut self,
        slot: &mut Slot,
        ends: ClientEnds,
        buffer_size: usize,
    ) -> Result<Box<ServerConnection>, NoServer> {
        loop {
            let lane = Rc::clone(&slot.lane);
            let server = &lane.server;
            let own = server.state.counters.of(self.worker.index);
            let opened = server_connection::open(
                &self.lane.backend,
                server,
                ends,
                buffer_size,
                &self.worker.timeouts,
            )
            .await;
            self.worker.timeouts.tick();
            let failure = match opened {
                Ok(connection) => {
                    connection.peer.deadline.set_owner(lane.owner());
                    own.connects.add(1);
                    self.counters().connects.add(1);
                    return Ok(Box::new(connection));
                }
                Err(failure) => failure,
            };
            own.connection_errors.add(1);
            self.counters().connection_errors.add(1);
            if !self.may_try_again() {
                return Err(NoServer::Connect(failure));
            }
            if self.tries_another_server() {
                self.move_on(slot).await?;
            } else {
                self.count_retry(own);
                if failure == ConnectFailure::Refused {
                    let pause = self.backend().timeouts.connect.unwrap_or(TURN_AROUND);
                    compio::time::sleep(pause.min(TURN_AROUND)).await;
                }
            }
        }
    }

    /// Counts a failed attempt; whether `retries` allows one more.
    pub fn may_try_again(&mut self) -> bool {
        self.failures += 1;
        self.failures <= self.backend().retries
    }

    fn count_retry(&mut self, server: &TrafficCounters) {
        self.retries += 1;
        server.retries.add(1);
        self.counters().retries.add(1);
    }

    /// What `option redispatch` says of the attempt that just failed. Without persistence, turn
    /// taking over several servers goes on to the next at once.
    fn tries_another_server(&self) -> bool {
        let backend = self.backend();
        let every = match backend.redispatch {
            0 => None,
            every @ 1.. => Some(every.unsigned_abs()),
            from_last => (backend.retries + 1).checked_sub(from_last.unsigned_abs()),
        };
        let by_option = every.is_some_and(|every| every > 0 && self.failures.is_multiple_of(every));
        let takes_turns = matches!(
            backend.balance,
            Balance::RoundRobin | Balance::StaticRoundRobin | Balance::LeastConnections
        );
        by_option || (self.persistent.is_none() && takes_turns && backend.servers.len() > 1)
    }

    /// Leaves the slot's server for another one, where there is another.
    async fn move_on(&mut self, slot: &mut Slot) -> Result<(), NoServer> {
        let last = slot.lane.server.index;
        self.avoid = Some(last);
        self.persistent = None;
        *slot = self.assign().await?;
        let own = slot.lane.server.state.counters.of(self.worker.index);
        if slot.lane.server.index == last {
            self.count_retry(own);
        } else {
            self.redispatched = true;
            self.retries += 1;
            own.redispatches.add(1);
            self.counters().redispatches.add(1);
        }
        Ok(())
    }
}

/// Whether a server takes one more request.
fn has_free_place(backend: &Backend, server: &Server) -> bool {
    server.connections_max.is_none()
        || server.state.in_flight.load(Ordering::SeqCst) < places(backend, server)
}

/// How many requests a limited server takes at once: `maxconn`, or with `minconn` a share of it
/// that grows with the backend's load up to `fullconn`.
fn places(backend: &Backend, server: &Server) -> i64 {
    let max = i64::from(server.connections_max.unwrap_or(u32::MAX));
    match (server.connections_min, backend.full_connections) {
        (Some(min), Some(full)) if full > 0 => {
            let load = backend.state.counters.total().sessions;
            let share =
                max.saturating_mul(i64::try_from(load).unwrap_or(i64::MAX)) / i64::from(full);
            share.clamp(i64::from(min).min(max), max)
        }
        _ => max,
    }
}

/// A place at a server, held while an exchange is in progress there.
pub(crate) struct Slot {
    worker: usize,
    backend: Rc<BackendLane>,
    /// The server.
    pub lane: Rc<ServerLane>,
    /// It is in the server's `in_flight`.
    counted: bool,
}

impl Slot {
    /// Requests that this worker has in progress at the server, this one among them.
    pub fn in_use(&self) -> usize {
        let sessions = &self.lane.server.state.counters.of(self.worker).sessions;
        usize::try_from(sessions.read()).unwrap_or(usize::MAX)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let server = &self.lane.server;
        server.state.counters.of(self.worker).session_ends();
        if self.counted {
            server.state.in_flight.fetch_sub(1, Ordering::SeqCst);
            if server.state.waiting.is_empty() {
                self.backend.backend.state.waiting.wake_one();
            } else {
                server.state.waiting.wake_one();
            }
        }
    }
}

/// Counts an exchange as queued for as long as it lives.
struct Queued<'a>([&'a TrafficCounters; 2]);

impl<'a> Queued<'a> {
    fn count(counters: [&'a TrafficCounters; 2]) -> Self {
        let counted = Self(counters);
        for counters in counted.distinct() {
            counters.queued.add(1);
            counters.queued_max.raise_to(counters.queued.read());
        }
        counted
    }

    fn distinct(&self) -> impl Iterator<Item = &'a TrafficCounters> {
        let both = !std::ptr::eq(self.0[0], self.0[1]);
        self.0.into_iter().take(if both { 2 } else { 1 })
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        for counters in self.distinct() {
            counters.queued.subtract(1);
        }
    }
}
