//! A worker thread: one runtime, its own connections, pools and timers.
//!
//! ```text
//!   role ── Command (install, drain, stop) ──► worker: accept ► client ► server
//!        ◄── heartbeat, Drained ───────────────┘
//! ```
//!
//! A worker shares nothing mutable with another on the request path. Commands arrive between two
//! rounds of its loop.

use std::collections::HashMap;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use futures_util::future::{Either, select};

use crate::listener::Accepting;
use crate::log_record::LogQueue;
use crate::snapshot::Snapshot;
use crate::supervision::HEARTBEAT_INTERVAL_MS;
use command::{Command, Mailbox};
use context::Worker;

mod command;
pub(crate) mod context;
mod runtime;

pub use command::WorkerHandle;

/// How often each worker looks through its idle connections to servers.
const POOL_PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// The listening sockets by key, as the supervisor handed them over. Every worker accepts from the
/// same sockets.
pub type Sockets = Arc<HashMap<String, Arc<OwnedFd>>>;

/// What a worker starts with.
pub struct WorkerSetup {
    /// Its number, from 0.
    pub index: u16,
    /// The processor to stay on, if any.
    pub processor: Option<usize>,
    /// The configuration.
    pub snapshot: Arc<Snapshot>,
    /// The sockets that the configuration's listeners name. A listener without a socket accepts
    /// nothing.
    pub sockets: Sockets,
    /// Where log records go.
    pub log: LogQueue,
    /// Called on the worker's thread every `supervision::HEARTBEAT_INTERVAL_MS`.
    pub heartbeat: Arc<dyn Fn(u16) + Send + Sync>,
    /// Called on the worker's thread once, when after [`WorkerHandle::drain`] its last connection
    /// is gone; the thread then ends.
    pub drained: Arc<dyn Fn(u16) + Send + Sync>,
}

/// Starts a worker thread; it accepts when this returns.
///
/// # Errors
///
/// The thread or its runtime could not be made.
pub fn spawn(setup: WorkerSetup) -> io::Result<WorkerHandle> {
    command::start(setup)
}

/// Sockets being accepted from, by key.
type Listening = HashMap<String, Accepting>;

/// The thread's whole life.
fn run(setup: WorkerSetup, mailbox: &Mailbox, started: &Sender<io::Result<()>>) {
    let runtime = match runtime::build(setup.processor) {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    runtime.block_on(serve(setup, mailbox, started));
}

async fn serve(setup: WorkerSetup, mailbox: &Mailbox, started: &Sender<io::Result<()>>) {
    let index = setup.index;
    let worker = Worker::new(usize::from(index), Arc::clone(&setup.snapshot), setup.log);
    let mut listening = Listening::new();
    if let Err(error) = listen(&worker, &setup.snapshot, &setup.sockets, &mut listening) {
        let _ = started.send(Err(error));
        return;
    }
    drop((setup.snapshot, setup.sockets));
    let _background = [
        compio::runtime::spawn(beat(Rc::clone(&worker), index, setup.heartbeat)),
        compio::runtime::spawn({
            let timeouts = Rc::clone(&worker.timeouts);
            async move { timeouts.sweep_forever().await }
        }),
        compio::runtime::spawn(purge_pools(Rc::clone(&worker))),
    ];
    let _ = started.send(Ok(()));
    loop {
        match mailbox.next().await {
            Command::Install(snapshot, sockets) => {
                worker.install(Arc::clone(&snapshot));
                // A socket that cannot be accepted from was refused before it came here; the
                // others go on.
                let _ = listen(&worker, &snapshot, &sockets, &mut listening);
            }
            Command::Drain => {
                for (_, accepting) in listening.drain() {
                    accepting.close();
                }
                worker.begin_drain();
                break;
            }
            Command::Stop => return,
        }
    }
    let told_to_stop = async { while !matches!(mailbox.next().await, Command::Stop) {} };
    let last = std::pin::pin!(worker.last_client_gone());
    if let Either::Left(_) = select(last, std::pin::pin!(told_to_stop)).await {
        (setup.drained)(index);
    }
}

/// Accepts from exactly the sockets of this configuration's listeners.
fn listen(
    worker: &Rc<Worker>,
    snapshot: &Snapshot,
    sockets: &Sockets,
    listening: &mut Listening,
) -> io::Result<()> {
    let mut before = std::mem::take(listening);
    for listener in &snapshot.listeners {
        let key = listener.key.clone();
        if let Some(accepting) = before.remove(&key) {
            accepting.replace(Arc::clone(listener));
            listening.insert(key, accepting);
        } else if let Some(socket) = sockets.get(&key) {
            listening.insert(key, Accepting::open(worker, Arc::clone(listener), socket)?);
        }
    }
    for (_, gone) in before {
        gone.close();
    }
    Ok(())
}

/// Says that the worker's loop goes round, and looks what the operator asked for meanwhile.
async fn beat(worker: Rc<Worker>, index: u16, heartbeat: Arc<dyn Fn(u16) + Send + Sync>) {
    let interval = Duration::from_millis(HEARTBEAT_INTERVAL_MS);
    loop {
        worker.counters().heartbeats.add(1);
        heartbeat(index);
        for lane in worker.lanes().backends() {
            for server in lane.servers() {
                if server.sessions_were_shut() {
                    server.pool.clear();
                    worker.timeouts.end_those_of(server.owner());
                }
            }
        }
        compio::time::sleep(interval).await;
    }
}

/// Drops idle connections to servers that nobody has wanted for a while.
async fn purge_pools(worker: Rc<Worker>) {
    loop {
        compio::time::sleep(POOL_PURGE_INTERVAL).await;
        let lanes = worker.lanes();
        for lane in lanes.backends() {
            for server in lane.servers() {
                server.pool.purge(server.server.idle_purge);
                let counters = server.server.state.counters.of(worker.index);
                counters.idle_connections.set(server.pool.len() as u64);
            }
        }
    }
}
