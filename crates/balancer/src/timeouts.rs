//! Time limits of a worker's connections.
//!
//! Each connection has one [`Deadline`] all its life. Setting it writes two numbers: no timer is
//! registered and no system call is made. A sweeper looks at all deadlines when the earliest one it
//! knows of has come, and shuts the socket of an expired one, which ends the wait for it:
//!
//! ```text
//! connection ──set──► Deadline ◄──looks── sweeper ──shutdown(2)──► the pending read or write ends
//! ```

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::net::Shutdown;
use std::ops::Deref;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

use crate::stream::SharedSocket;

/// The sweeper rests at least this long between two looks: the precision of a time limit.
const SWEEP_INTERVAL_MIN_MS: u64 = 5;
/// The sweeper rests at most this long.
const SWEEP_INTERVAL_MAX_MS: u64 = 60_000;
/// A deadline that is not set.
const NEVER: u64 = u64::MAX;

/// Milliseconds of the kernel's coarse monotonic clock: it costs a memory read, and steps by one
/// timer tick (1 to 10 ms).
pub(crate) fn coarse_now_ms() -> u64 {
    // The clock exists on every Linux this runs on; a stopped clock would only disable limits.
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).map_or(0, |now| {
        now.tv_sec().unsigned_abs() * 1_000 + now.tv_nsec().unsigned_abs() / 1_000_000
    })
}

/// What ends when a deadline comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expiry {
    /// Reading: an answer can still be sent.
    Read,
    /// Both ways.
    Both,
}

/// The time limit of one connection.
pub(crate) struct Deadline {
    at_ms: Cell<u64>,
    expiry: Cell<Expiry>,
    expired: Cell<bool>,
    idle: Cell<bool>,
    owner: Cell<usize>,
    place: Cell<usize>,
    socket: RefCell<Option<SharedSocket>>,
    timeouts: Rc<Timeouts>,
}

impl Deadline {
    /// A connection's deadline, not set yet.
    pub fn register(timeouts: &Rc<Timeouts>, socket: SharedSocket) -> DeadlineGuard {
        let deadline = Rc::new(Self {
            at_ms: Cell::new(NEVER),
            expiry: Cell::new(Expiry::Both),
            expired: Cell::new(false),
            idle: Cell::new(false),
            owner: Cell::new(0),
            place: Cell::new(0),
            socket: RefCell::new(Some(socket)),
            timeouts: Rc::clone(timeouts),
        });
        timeouts.insert(&deadline);
        DeadlineGuard(deadline)
    }

    /// `after` from now; none is no limit. Now is when the worker's last operation ended.
    pub fn set(&self, after: Option<Duration>, expiry: Expiry) {
        self.expiry.set(expiry);
        match after {
            None => self.at_ms.set(NEVER),
            Some(after) => self.set_at(self.timeouts.now_ms() + millis(after)),
        }
    }

    /// To a moment of [`coarse_now_ms`].
    pub fn set_at(&self, at_ms: u64) {
        self.at_ms.set(at_ms);
        if at_ms < self.timeouts.next_sweep_ms.get() {
            self.timeouts.hurry(at_ms);
        }
    }

    /// Says whether the connection could end now with nothing lost: see [`Timeouts::end_idle`].
    pub fn set_idle(&self, idle: bool) {
        self.idle.set(idle);
    }

    /// Says to whom the connection belongs: see [`Timeouts::end_those_of`].
    pub fn set_owner(&self, owner: usize) {
        self.owner.set(owner);
    }

    /// No limit.
    pub fn clear(&self) {
        self.at_ms.set(NEVER);
    }

    /// Whether it came: the end of stream that was just read is then this, not the peer's.
    pub fn has_expired(&self) -> bool {
        self.expired.get()
    }

    /// Ends whatever waits on this connection now, as its deadline would.
    pub fn expire(&self, expiry: Expiry) {
        self.expired.set(true);
        self.at_ms.set(NEVER);
        if let Some(socket) = &*self.socket.borrow() {
            let how = match expiry {
                Expiry::Read => Shutdown::Read,
                Expiry::Both => Shutdown::Both,
            };
            // A socket that is not connected any more has ended its wait by itself.
            let _ = socket.shutdown(how);
        }
    }
}

/// Keeps a deadline in force; dropping it lets go of the socket.
pub(crate) struct DeadlineGuard(Rc<Deadline>);

impl Deref for DeadlineGuard {
    type Target = Deadline;

    fn deref(&self) -> &Deadline {
        &self.0
    }
}

impl Drop for DeadlineGuard {
    fn drop(&mut self) {
        if self.0.socket.borrow_mut().take().is_some() {
            self.0.timeouts.remove(self.0.place.get());
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER / 2)
}

/// The deadlines of one worker.
pub(crate) struct Timeouts {
    deadlines: RefCell<Vec<Option<Rc<Deadline>>>>,
    free: RefCell<Vec<usize>>,
    now_ms: Cell<u64>,
    next_sweep_ms: Cell<u64>,
    last_sweep_ms: Cell<u64>,
    sweeper: RefCell<Option<Waker>>,
}

impl Timeouts {
    /// None yet.
    pub fn new() -> Rc<Self> {
        Rc::new(Self {
            deadlines: RefCell::default(),
            free: RefCell::default(),
            now_ms: Cell::new(coarse_now_ms()),
            next_sweep_ms: Cell::new(0),
            last_sweep_ms: Cell::new(0),
            sweeper: RefCell::default(),
        })
    }

    /// The time, in milliseconds of [`coarse_now_ms`], when the worker's last operation ended.
    /// Between two operations no time passes that matters here.
    pub fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    /// Says that an operation has ended just now.
    pub fn tick(&self) {
        self.now_ms.set(coarse_now_ms());
    }

    fn insert(&self, deadline: &Rc<Deadline>) {
        let mut deadlines = self.deadlines.borrow_mut();
        let place = self.free.borrow_mut().pop().unwrap_or_else(|| {
            deadlines.push(None);
            deadlines.len() - 1
        });
        deadline.place.set(place);
        deadlines[place] = Some(Rc::clone(deadline));
    }

    fn remove(&self, place: usize) {
        let removed = self.deadlines.borrow_mut()[place].take();
        debug_assert!(removed.is_some(), "a deadline is removed once");
        self.free.borrow_mut().push(place);
    }

    /// Ends the connections that are idle. A request that has just come in is still answered.
    pub fn end_idle(&self) {
        for deadline in self.deadlines.borrow().iter().flatten() {
            if deadline.idle.get() {
                deadline.expire(Expiry::Read);
            }
        }
    }

    /// Ends the connections of one owner, as if the other side had closed.
    pub fn end_those_of(&self, owner: usize) {
        for deadline in self.deadlines.borrow().iter().flatten() {
            if deadline.owner.get() == owner {
                deadline.expire(Expiry::Both);
                deadline.expired.set(false);
            }
        }
    }

    /// Brings the next sweep forward, but not closer to the last one than the least interval.
    fn hurry(&self, at_ms: u64) {
        let at_ms = at_ms.max(self.last_sweep_ms.get() + SWEEP_INTERVAL_MIN_MS);
        if at_ms < self.next_sweep_ms.get() {
            self.next_sweep_ms.set(at_ms);
            if let Some(waker) = &*self.sweeper.borrow() {
                waker.wake_by_ref();
            }
        }
    }

    /// Looks for expired deadlines for as long as it is polled.
    pub async fn sweep_forever(&self) {
        loop {
            self.tick();
            let now = self.now_ms();
            self.last_sweep_ms.set(now);
            self.next_sweep_ms.set(NEVER);
            let next = self.sweep(now);
            self.next_sweep_ms
                .set(next.clamp(now + SWEEP_INTERVAL_MIN_MS, now + SWEEP_INTERVAL_MAX_MS));
            loop {
                let target = self.next_sweep_ms.get();
                let wait = target.saturating_sub(coarse_now_ms());
                if wait == 0 {
                    break;
                }
                self.rest(target, Duration::from_millis(wait)).await;
            }
        }
    }

    /// Sleeps, or until the next sweep was brought forward from `target`.
    async fn rest(&self, target: u64, pause: Duration) {
        let mut sleep = std::pin::pin!(compio::time::sleep(pause));
        poll_fn(|context| {
            *self.sweeper.borrow_mut() = Some(context.waker().clone());
            if self.next_sweep_ms.get() != target {
                return Poll::Ready(());
            }
            sleep.as_mut().poll(context)
        })
        .await;
    }

    /// Ends the expired ones; returns the earliest of the others.
    fn sweep(&self, now_ms: u64) -> u64 {
        let mut earliest = NEVER;
        for deadline in self.deadlines.borrow().iter().flatten() {
            let at = deadline.at_ms.get();
            if at <= now_ms {
                deadline.expire(deadline.expiry.get());
            } else {
                earliest = earliest.min(at);
            }
        }
        earliest
    }
}
