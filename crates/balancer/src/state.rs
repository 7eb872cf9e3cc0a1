//! What is shared between the workers, the checks and the operator: live state of servers and
//! counters.
//!
//! Servers' state is written by the control thread (checks, stats socket) and read by the workers.
//! Counters are the other way round: each worker writes its own copy, the control thread adds them
//! up. So no cache line is written by two threads on the request path; the one exception is
//! [`ServerState::in_flight`], which a limit across threads (`maxconn`) needs by its nature and
//! which is touched only where one is configured.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU32, AtomicU64, Ordering};

/// Whether traffic may go to a server, as the checks and the operator have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Operational {
    /// Takes traffic.
    Up = 0,
    /// Failed its checks.
    Down = 1,
    /// Taken out by the operator or `disabled`.
    Maintenance = 2,
    /// Takes persistent sessions only (`drain`, or weight 0).
    Drain = 3,
}

/// The live state of one server.
#[derive(Debug)]
pub struct ServerState {
    operational: AtomicU8,
    /// The weight in force, 0 to 256.
    weight: AtomicU32,
    /// Connections at once over all workers; kept only where `maxconn` is set.
    pub in_flight: AtomicI64,
}

impl ServerState {
    /// A server as the configuration starts it.
    #[must_use]
    pub fn new(operational: Operational, weight: u32) -> Self {
        Self {
            operational: AtomicU8::new(operational as u8),
            weight: AtomicU32::new(weight),
            in_flight: AtomicI64::new(0),
        }
    }

    /// Whether traffic may go there.
    #[must_use]
    pub fn operational(&self) -> Operational {
        match self.operational.load(Ordering::Relaxed) {
            0 => Operational::Up,
            1 => Operational::Down,
            2 => Operational::Maintenance,
            _ => Operational::Drain,
        }
    }

    /// The weight in force.
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight.load(Ordering::Relaxed)
    }
}

/// The live state of one backend's servers.
#[derive(Debug)]
pub struct BackendState {
    /// Rises with each change of any server's state or weight: a worker that sees a new number
    /// computes its rotation anew.
    generation: AtomicU64,
    /// In configuration order.
    pub servers: Vec<Arc<ServerState>>,
}

impl BackendState {
    /// A backend with these servers.
    #[must_use]
    pub fn new(servers: Vec<Arc<ServerState>>) -> Self {
        Self {
            generation: AtomicU64::new(0),
            servers,
        }
    }

    /// The number to compare with the one a rotation was computed for.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes a server's state; the workers see it with their next pick.
    pub fn set_operational(&self, server: usize, operational: Operational) {
        self.servers[server]
            .operational
            .store(operational as u8, Ordering::Relaxed);
        self.generation.fetch_add(1, Ordering::Release);
    }

    /// Changes a server's weight; the workers see it with their next pick.
    pub fn set_weight(&self, server: usize, weight: u32) {
        self.servers[server].weight.store(weight, Ordering::Relaxed);
        self.generation.fetch_add(1, Ordering::Release);
    }
}

/// A counter that one worker writes and any thread reads.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds; only the owning worker may call it.
    pub fn add(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_add(amount),
            Ordering::Relaxed,
        );
    }

    /// Takes away; only the owning worker may call it. For gauges such as current sessions.
    pub fn subtract(&self, amount: u64) {
        self.0.store(
            self.0.load(Ordering::Relaxed).wrapping_sub(amount),
            Ordering::Relaxed,
        );
    }

    /// Raises to at least `value`; only the owning worker may call it.
    pub fn raise_to(&self, value: u64) {
        if value > self.0.load(Ordering::Relaxed) {
            self.0.store(value, Ordering::Relaxed);
        }
    }

    /// The value.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one worker counts for one listener, frontend, backend or server. Names in brackets are the
/// columns of `show stat` (management.txt, 9.1).
#[derive(Debug, Default)]
pub struct TrafficCounters {
    /// Sessions now (scur).
    pub sessions: Counter,
    /// Most sessions at once on this worker (smax).
    pub sessions_max: Counter,
    /// Sessions ever (stot).
    pub sessions_total: Counter,
    /// Connections ever (conn_tot).
    pub connections_total: Counter,
    /// Waiting in the queue now (qcur).
    pub queued: Counter,
    /// Most waiting at once (qmax).
    pub queued_max: Counter,
    /// Bytes from clients (bin).
    pub bytes_in: Counter,
    /// Bytes to clients (bout).
    pub bytes_out: Counter,
    /// Requests refused by a rule (dreq).
    pub denied_requests: Counter,
    /// Responses refused by a rule (dresp).
    pub denied_responses: Counter,
    /// Bad requests (ereq).
    pub request_errors: Counter,
    /// Failed connections to servers (econ).
    pub connection_errors: Counter,
    /// Bad responses (eresp).
    pub response_errors: Counter,
    /// Retries (wretr).
    pub retries: Counter,
    /// Redispatches (wredis).
    pub redispatches: Counter,
    /// Times a server was chosen by balancing (lbtot).
    pub chosen: Counter,
    /// Requests (req_tot).
    pub requests: Counter,
    /// Responses by status class: 1xx to 5xx and other (hrsp_*).
    pub responses: [Counter; 6],
    /// Aborts by the client (cli_abrt).
    pub client_aborts: Counter,
    /// Aborts by the server (srv_abrt).
    pub server_aborts: Counter,
    /// Connections to servers opened (connect).
    pub connects: Counter,
    /// Connections to servers reused (reuse).
    pub reuses: Counter,
}
