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
use std::sync::Arc;
use std::sync::mpsc::Sender;

use crate::log_record::LogQueue;
use crate::snapshot::Snapshot;

mod command;
mod runtime;

pub use command::WorkerHandle;

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

/// The thread's whole life.
fn run(setup: WorkerSetup, mailbox: &command::Mailbox, started: &Sender<io::Result<()>>) {
    let runtime = match runtime::build(setup.processor) {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(error));
            return;
        }
    };
    let _ = started.send(Ok(()));
    runtime.block_on(async move {
        loop {
            match mailbox.next().await {
                command::Command::Install(..) => {}
                command::Command::Drain | command::Command::Stop => return,
            }
        }
    });
    drop(setup);
}
