//! What the tasks of one worker share.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Poll, Waker};

use crate::lane::Lanes;
use crate::log_record::LogQueue;
use crate::snapshot::Snapshot;
use crate::state::{ProcessCounters, ProcessState};
use crate::timeouts::Timeouts;

/// One worker, as its connections see it.
pub(crate) struct Worker {
    /// Its number, from 0.
    pub index: usize,
    /// The deadlines of its connections.
    pub timeouts: Rc<Timeouts>,
    /// Where log records go.
    pub log: LogQueue,
    /// Live state of the process.
    pub process: Arc<ProcessState>,
    lanes: RefCell<Rc<Lanes>>,
    draining: Cell<bool>,
    clients: Cell<usize>,
    waits_for_last: RefCell<Option<Waker>>,
}

impl Worker {
    /// A worker that runs `snapshot`.
    pub fn new(index: usize, snapshot: Arc<Snapshot>, log: LogQueue) -> Rc<Self> {
        Rc::new(Self {
            index,
            timeouts: Timeouts::new(),
            log,
            process: Arc::clone(&snapshot.process),
            lanes: RefCell::new(Lanes::new(snapshot, None)),
            draining: Cell::new(false),
            clients: Cell::new(0),
            waits_for_last: RefCell::default(),
        })
    }

    /// The configuration in force.
    pub fn lanes(&self) -> Rc<Lanes> {
        Rc::clone(&self.lanes.borrow())
    }

    /// Whether `lanes` is still the configuration in force.
    pub fn runs(&self, lanes: &Rc<Lanes>) -> bool {
        Rc::ptr_eq(&self.lanes.borrow(), lanes)
    }

    /// Puts another configuration in force.
    pub fn install(&self, snapshot: Arc<Snapshot>) {
        let next = Lanes::new(snapshot, Some(&self.lanes.borrow()));
        let previous = self.lanes.replace(next);
        for lane in previous.backends() {
            for server in lane.servers() {
                let stays = self.lanes.borrow().backends().iter().any(|kept| {
                    kept.servers()
                        .iter()
                        .any(|kept| Rc::ptr_eq(&kept.pool, &server.pool))
                });
                if !stays {
                    server.pool.clear();
                }
            }
        }
    }

    /// Whether connections are to end after the exchange they are in.
    pub fn is_draining(&self) -> bool {
        self.draining.get()
    }

    /// Ends idle connections and says `Connection: close` on the others.
    pub fn begin_drain(&self) {
        self.draining.set(true);
        self.timeouts.end_idle();
        for lane in self.lanes.borrow().backends() {
            for server in lane.servers() {
                server.pool.clear();
            }
        }
    }

    /// This worker's counters for the process.
    pub fn counters(&self) -> &ProcessCounters {
        self.process.counters.of(self.index)
    }

    /// Counts a client connection for as long as the guard lives.
    pub fn count_client(self: &Rc<Self>) -> ClientCount {
        self.clients.set(self.clients.get() + 1);
        let counters = self.counters();
        counters.connections.add(1);
        counters
            .connections_max
            .raise_to(counters.connections.read());
        counters.connections_total.add(1);
        ClientCount(Rc::clone(self))
    }

    /// Waits until no client is connected.
    pub async fn last_client_gone(&self) {
        std::future::poll_fn(|context| {
            if self.clients.get() == 0 {
                return Poll::Ready(());
            }
            *self.waits_for_last.borrow_mut() = Some(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

/// One client connection, counted.
pub(crate) struct ClientCount(Rc<Worker>);

impl Drop for ClientCount {
    fn drop(&mut self) {
        let left = self.0.clients.get() - 1;
        self.0.clients.set(left);
        self.0.counters().connections.subtract(1);
        if left == 0
            && let Some(waker) = self.0.waits_for_last.borrow_mut().take()
        {
            waker.wake();
        }
    }
}
