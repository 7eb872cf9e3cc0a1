//! The stats socket: HAProxy's run-time commands (management.txt, 9.3).
//!
//! ```text
//! socket ── session (lines, `;`, payload, prompt) ── command (table, level) ──► show, change
//!                                                              └──► Snapshot, health::Place, Rates
//! ```
//!
//! Runs on the control thread; commands read counters and change servers' state, and never wait
//! for a worker.

mod change;
mod command;
mod session;
mod show;
pub mod words;

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use compio::runtime::JoinHandle;
use compio::runtime::fd::PollFd;
use haproxy_config::model::CliLevel;
use socket2::Socket;

use crate::listen::{Listener, Owner};
use crate::log_record::LogQueue;
use crate::snapshot::Snapshot;
use crate::stats::rates::Rates;

/// Sessions at once where `stats maxconn` says nothing; further clients wait to be accepted.
pub const SESSIONS_MAX: usize = 10;

/// How long a session may be idle where `stats timeout` is not set.
pub const IDLE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);

/// How often a full house looks whether a session has ended, and how long a failing `accept` waits.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);

/// What commands work on.
pub(crate) struct Shared {
    /// The configuration in force; replaced by a reload, also under open sessions.
    snapshot: RefCell<Arc<Snapshot>>,
    rates: Arc<Rates>,
    log: LogQueue,
    /// Stats sockets: address and level, for `show cli sockets`.
    sockets: RefCell<Vec<(String, CliLevel)>>,
    sessions: Cell<usize>,
    stopping: Cell<bool>,
}

impl Shared {
    /// `stats maxconn`.
    fn sessions_max(&self) -> usize {
        let configured = self.snapshot.borrow().config.global.stats_maxconn;
        configured.map_or(SESSIONS_MAX, |most| most as usize)
    }

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.borrow())
    }
}

/// The stats sockets of one process. Dropping it stops accepting; open sessions go on.
pub struct Cli {
    shared: Rc<Shared>,
    acceptors: Vec<JoinHandle<()>>,
}

impl Cli {
    /// Serves the stats sockets of `snapshot`. Call inside a compio runtime.
    #[must_use]
    pub fn start(snapshot: &Arc<Snapshot>, rates: &Arc<Rates>, log: &LogQueue) -> Self {
        Self {
            shared: Rc::new(Shared {
                snapshot: RefCell::new(Arc::clone(snapshot)),
                rates: Arc::clone(rates),
                log: log.clone(),
                sockets: RefCell::default(),
                sessions: Cell::new(0),
                stopping: Cell::new(false),
            }),
            acceptors: Vec::new(),
        }
    }

    /// Takes up a configuration: its sockets are accepted from, sessions see it with their next
    /// command.
    pub fn install(
        &mut self,
        snapshot: &Arc<Snapshot>,
        listeners: &[Listener],
        sockets: &HashMap<String, Arc<OwnedFd>>,
    ) {
        *self.shared.snapshot.borrow_mut() = Arc::clone(snapshot);
        self.acceptors.clear();
        let mut known = Vec::new();
        for listener in listeners {
            let Owner::StatsSocket(index) = listener.owner else {
                continue;
            };
            let configured = &snapshot.config.global.stats_sockets[index];
            let level = configured.level;
            let most = configured.maxconn.unwrap_or(u32::MAX);
            known.push((listener.address.to_string(), level));
            let socket = sockets.get(&listener.key);
            if let Some(Ok(socket)) = socket.map(|socket| socket.try_clone()) {
                let accepting = accept(Rc::clone(&self.shared), socket.into(), level, most);
                self.acceptors.push(compio::runtime::spawn(accepting));
            }
        }
        *self.shared.sockets.borrow_mut() = known;
    }

    /// The process drains: `show info` says so from now on.
    pub fn note_stopping(&self) {
        self.shared.stopping.set(true);
    }
}

/// Accepts on one socket, `most` sessions at once.
async fn accept(shared: Rc<Shared>, socket: Socket, level: CliLevel, most: u32) {
    let own = Rc::new(Cell::new(0));
    let Ok(listening) = PollFd::new(socket) else {
        return;
    };
    loop {
        if shared.sessions.get() >= shared.sessions_max() || own.get() >= most {
            compio::time::sleep(RETRY_INTERVAL).await;
            continue;
        }
        match listening.accept() {
            Ok((client, _)) => {
                let serving = session::serve(Rc::clone(&shared), client, level);
                let own = Rc::clone(&own);
                own.set(own.get() + 1);
                let counted = async move {
                    serving.await;
                    own.set(own.get() - 1);
                };
                compio::runtime::spawn(counted).detach();
            }
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if listening.accept_ready().await.is_err() {
                    return;
                }
            }
            // Out of descriptors, or a client that left: neither is a reason to stop.
            Err(_) => compio::time::sleep(RETRY_INTERVAL).await,
        }
    }
}

#[cfg(test)]
mod tests;
