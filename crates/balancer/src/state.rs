//! What is shared between the workers, the checks and the operator: live state of servers and
//! counters.
//!
//! Servers' state is written by the control thread (checks, stats socket) and read by the workers.
//! Counters are the other way round: each worker writes its own copy ([`PerWorker`]), the control
//! thread adds them up ([`PerWorker::total`]). So no cache line is written by two threads on the
//! request path; the exceptions are [`ServerState::in_flight`] and its like, which a limit across
//! threads (`maxconn`) and `balance leastconn` need by their nature and which are touched only where
//! one is configured, and [`BackendState::turn`] and its like, without which servers would not take
//! turns over several threads.
//!
//! State outlives a configuration: a reload finds it again by name (see `snapshot`).

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{
    AtomicBool, AtomicI64, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering,
};
use std::task::Waker;
use std::time::{Duration, SystemTime};

mod counters;

pub use counters::{
    Counter, ProcessCounters, ProcessTotals, Total, TrafficCounters, TrafficTotals,
};

/// The most worker threads of one process.
pub const WORKERS_MAX: usize = 64;

/// One value for each worker, on cache lines of its own.
#[derive(Debug)]
pub struct PerWorker<T>(Box<[Padded<T>]>);

/// Two cache lines: the processor fetches them in pairs.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

impl<T: Default> PerWorker<T> {
    /// One default value for each of `workers` workers.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self(
            (0..workers.clamp(1, WORKERS_MAX))
                .map(|_| Padded::default())
                .collect(),
        )
    }
}

impl<T> PerWorker<T> {
    /// The copy of that worker, which it alone may write.
    #[must_use]
    pub fn of(&self, worker: usize) -> &T {
        &self.0[worker].0
    }

    /// Every worker's copy.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|padded| &padded.0)
    }
}

impl<T: Total> PerWorker<T> {
    /// All copies added up.
    #[must_use]
    pub fn total(&self) -> T::Sum {
        let mut sum = T::Sum::default();
        for copy in self.iter() {
            copy.add_to(&mut sum);
        }
        sum
    }
}

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

/// What the operator asked of a server; more than one may hold at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct AdminState {
    /// Put into maintenance at run time (`set server … state maint`, `disable server`).
    pub forced_maintenance: bool,
    /// `disabled` in the configuration.
    pub configured_maintenance: bool,
    /// `set server … state drain`.
    pub forced_drain: bool,
}

impl AdminState {
    /// Whether any reason for maintenance holds.
    #[must_use]
    pub const fn in_maintenance(self) -> bool {
        self.forced_maintenance || self.configured_maintenance
    }
}

/// The outcome of the last health check, as `show stat` names it (`check_status`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CheckOutcome {
    /// `L4OK`, `L7STS`, `L4TOUT` …; none before the first check.
    pub status: Option<&'static str>,
    /// The HTTP status where one was read.
    pub code: Option<u16>,
    /// How long the check took.
    pub duration: Duration,
    /// What went wrong in words, such as `Connection refused`.
    pub detail: String,
}

/// What the control thread knows of a server beyond what the workers need.
#[derive(Debug, Clone)]
pub struct ServerDetail {
    /// What the operator asked.
    pub admin: AdminState,
    /// What the checks found: true while the server counts as running. Servers without a check
    /// always run.
    pub running: bool,
    /// HAProxy's health counter: from 0 to `rise + fall - 1`, running from `rise` upwards.
    pub health: u32,
    /// The last check.
    pub check: CheckOutcome,
    /// When `operational` changed last.
    pub changed: SystemTime,
    /// Time spent down before `changed`.
    pub downtime: Duration,
    /// Failed checks ever (chkfail).
    pub checks_failed: u64,
    /// Changes from up to down ever (chkdown).
    pub went_down: u64,
    /// The weight in the configuration, to go back to with `set weight … 100%`.
    pub configured_weight: u32,
}

impl ServerDetail {
    /// What the workers are to do, given everything known.
    #[must_use]
    pub const fn operational(&self) -> Operational {
        if self.admin.in_maintenance() {
            Operational::Maintenance
        } else if !self.running {
            Operational::Down
        } else if self.admin.forced_drain {
            Operational::Drain
        } else {
            Operational::Up
        }
    }
}

/// The live state of one server.
#[derive(Debug)]
pub struct ServerState {
    operational: AtomicU8,
    /// The weight in force, 0 to 256.
    weight: AtomicU32,
    /// Requests at once over all workers; kept only for `maxconn` and `balance leastconn`.
    pub in_flight: AtomicI64,
    /// Requests waiting for this server over all workers; kept only where `maxconn` is set.
    pub waiting: WaitQueue,
    /// Set while the operator or a check wants all sessions to that server ended
    /// (`shutdown sessions server`); workers compare it with the number they saw.
    shutdown_generation: AtomicU64,
    /// Seconds since 1970 of the last session; written by any worker at most once a second.
    last_session: AtomicU64,
    /// What the workers count.
    pub counters: PerWorker<TrafficCounters>,
    /// What only the control thread reads and writes; workers never lock it.
    pub detail: Mutex<ServerDetail>,
}

impl ServerState {
    /// A server as the configuration starts it: running, in maintenance where `disabled`.
    #[must_use]
    pub fn new(disabled: bool, weight: u32, workers: usize) -> Self {
        let detail = ServerDetail {
            admin: AdminState {
                configured_maintenance: disabled,
                ..AdminState::default()
            },
            running: true,
            health: 1,
            check: CheckOutcome::default(),
            changed: SystemTime::now(),
            downtime: Duration::ZERO,
            checks_failed: 0,
            went_down: 0,
            configured_weight: weight,
        };
        Self {
            operational: AtomicU8::new(detail.operational() as u8),
            weight: AtomicU32::new(weight),
            in_flight: AtomicI64::new(0),
            waiting: WaitQueue::default(),
            shutdown_generation: AtomicU64::new(0),
            last_session: AtomicU64::new(0),
            counters: PerWorker::new(workers),
            detail: Mutex::new(detail),
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

    /// Takes over a weight that was changed in the configuration.
    pub fn adopt_weight(&self, weight: u32) {
        self.weight.store(weight, Ordering::Relaxed);
        self.detail
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .configured_weight = weight;
    }

    /// When the last session was given to this server, in seconds since 1970; 0 is never.
    #[must_use]
    pub fn last_session(&self) -> u64 {
        self.last_session.load(Ordering::Relaxed)
    }

    /// Notes a session at `now` (seconds since 1970).
    pub fn note_session(&self, now: u64) {
        if self.last_session.load(Ordering::Relaxed) != now {
            self.last_session.store(now, Ordering::Relaxed);
        }
    }

    /// Rises with each [`ServerState::shutdown_sessions`].
    #[must_use]
    pub fn shutdown_generation(&self) -> u64 {
        self.shutdown_generation.load(Ordering::Relaxed)
    }

    /// Asks every worker to end the sessions on this server.
    pub fn shutdown_sessions(&self) {
        self.shutdown_generation.fetch_add(1, Ordering::Relaxed);
    }
}

/// The live state of one backend and its servers.
#[derive(Debug)]
pub struct BackendState {
    /// Rises with each change of any server's state or weight: a worker that sees a new number
    /// computes its rotation anew.
    generation: AtomicU64,
    /// The number of the next turn (`balance roundrobin`, `static-rr`), counted over all workers.
    pub turn: AtomicU64,
    /// The position of the server that comes first among equals (`balance leastconn`): the one
    /// after the last pick of any worker.
    pub first_among_equals: AtomicUsize,
    /// Requests that wait for any server of this backend.
    pub waiting: WaitQueue,
    /// When the backend went from having a usable server to none or back.
    pub changed: Mutex<SystemTime>,
    /// What the workers count.
    pub counters: PerWorker<TrafficCounters>,
}

impl BackendState {
    /// A backend that has just started.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self {
            generation: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            first_among_equals: AtomicUsize::new(0),
            waiting: WaitQueue::default(),
            changed: Mutex::new(SystemTime::now()),
            counters: PerWorker::new(workers),
        }
    }

    /// The number to compare with the one a rotation was computed for.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Changes what is known of a server of this backend through `change`, and tells the workers
    /// where that changes what they do. Returns the state before and after.
    pub fn change_server(
        &self,
        server: &ServerState,
        change: impl FnOnce(&mut ServerDetail),
    ) -> (Operational, Operational) {
        let mut detail = server
            .detail
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let before = server.operational();
        let was_down = matches!(before, Operational::Down | Operational::Maintenance);
        change(&mut detail);
        let after = detail.operational();
        if before != after {
            let now = SystemTime::now();
            if was_down {
                let since = now.duration_since(detail.changed).unwrap_or_default();
                detail.downtime += since;
            }
            if after == Operational::Down {
                detail.went_down += 1;
            }
            detail.changed = now;
            server.operational.store(after as u8, Ordering::Relaxed);
            self.generation.fetch_add(1, Ordering::Release);
            // Whoever waited for the old state picks anew.
            server.waiting.wake_all();
            self.waiting.wake_all();
        }
        (before, after)
    }

    /// Changes a server's weight; the workers see it with their next pick.
    pub fn set_weight(&self, server: &ServerState, weight: u32) {
        server.weight.store(weight, Ordering::Relaxed);
        self.generation.fetch_add(1, Ordering::Release);
        self.waiting.wake_all();
    }
}

/// The live state of one frontend.
#[derive(Debug)]
pub struct FrontendState {
    /// What the workers count.
    pub counters: PerWorker<TrafficCounters>,
    /// Connections at once over all workers; kept only where the frontend has a `maxconn`.
    pub gate: Gate,
    /// Set by `disable frontend`: its listeners accept no more.
    pub paused: AtomicBool,
}

impl FrontendState {
    /// A frontend that has just started.
    #[must_use]
    pub fn new(workers: usize) -> Self {
        Self {
            counters: PerWorker::new(workers),
            gate: Gate::default(),
            paused: AtomicBool::new(false),
        }
    }
}

/// The live state of the process.
#[derive(Debug)]
pub struct ProcessState {
    /// The process id that operators know the balancer by.
    pub pid: AtomicU32,
    /// When the process started.
    pub started: SystemTime,
    /// What the workers count.
    pub counters: PerWorker<ProcessCounters>,
    /// Connections at once over all workers, for the process's `maxconn`; kept always, as it is
    /// touched once a connection and not once a request.
    pub gate: Gate,
    /// Log records that found the queue full.
    pub log_dropped: AtomicU64,
}

impl ProcessState {
    /// A process that starts now.
    #[must_use]
    pub fn new(workers: usize) -> Arc<Self> {
        Arc::new(Self {
            pid: AtomicU32::new(std::process::id()),
            started: SystemTime::now(),
            counters: PerWorker::new(workers),
            gate: Gate::default(),
            log_dropped: AtomicU64::new(0),
        })
    }
}

/// Connections at once, over all workers, against a limit; and those who wait for room.
#[derive(Debug, Default)]
pub struct Gate {
    /// How many are inside.
    pub in_flight: AtomicI64,
    /// Who waits for room.
    pub waiting: WaitQueue,
}

impl Gate {
    /// Whether one more fits below `max`.
    #[must_use]
    pub fn is_open(&self, max: u32) -> bool {
        self.in_flight.load(Ordering::SeqCst) < i64::from(max)
    }

    /// One more is inside.
    pub fn enter(&self) {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
    }

    /// One has left; the first who waits is called.
    pub fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        self.waiting.wake_one();
    }
}

/// Requests of any worker that wait for a free slot, first come first served.
///
/// Locked only where a `maxconn` is reached, and by the control thread.
#[derive(Debug, Default)]
pub struct WaitQueue {
    waiting: Mutex<VecDeque<(u64, Waker)>>,
    next_ticket: AtomicU64,
    /// Kept beside the lock, so that a release with nobody waiting takes no lock.
    len: AtomicU64,
}

impl WaitQueue {
    /// How many wait.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len.load(Ordering::SeqCst)
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a place at the end; returns the ticket and how many were before.
    pub fn enter(&self, waker: &Waker) -> (u64, u64) {
        let ticket = self.next_ticket.fetch_add(1, Ordering::Relaxed);
        let mut waiting = self.lock();
        let before = waiting.len() as u64;
        waiting.push_back((ticket, waker.clone()));
        self.len.store(waiting.len() as u64, Ordering::SeqCst);
        (ticket, before)
    }

    /// Puts a new waker beside a ticket; false where the ticket was called already.
    pub fn renew(&self, ticket: u64, waker: &Waker) -> bool {
        let mut waiting = self.lock();
        match waiting.iter_mut().find(|(held, _)| *held == ticket) {
            Some((_, held)) => {
                held.clone_from(waker);
                true
            }
            None => false,
        }
    }

    /// Gives a place up; false where the ticket was called already, and then the call must be
    /// passed on with [`WaitQueue::wake_one`].
    pub fn leave(&self, ticket: u64) -> bool {
        let mut waiting = self.lock();
        let before = waiting.len();
        waiting.retain(|(held, _)| *held != ticket);
        self.len.store(waiting.len() as u64, Ordering::SeqCst);
        waiting.len() != before
    }

    /// Calls the first; it tries again.
    pub fn wake_one(&self) {
        if self.is_empty() {
            return;
        }
        let first = {
            let mut waiting = self.lock();
            let first = waiting.pop_front();
            self.len.store(waiting.len() as u64, Ordering::SeqCst);
            first
        };
        if let Some((_, waker)) = first {
            waker.wake();
        }
    }

    /// Calls everybody; they try again.
    pub fn wake_all(&self) {
        if self.is_empty() {
            return;
        }
        let all = {
            let mut waiting = self.lock();
            self.len.store(0, Ordering::SeqCst);
            std::mem::take(&mut *waiting)
        };
        for (_, waker) in all {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<(u64, Waker)>> {
        self.waiting
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
