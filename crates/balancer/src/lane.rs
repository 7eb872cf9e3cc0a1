//! A worker's own share of the configuration: its rotation over each backend, its idle connections
//! to each server, and how much it has in progress there.
//!
//! ```text
//! Snapshot (shared) ──► Lanes (one worker's) ── BackendLane ── ServerLane: idle pool
//! ```

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use crate::balance::{Picked, Rotation, Wish};
use crate::pool::Pool;
use crate::snapshot::{Backend, Server, Snapshot};

/// One configuration as one worker runs it.
pub(crate) struct Lanes {
    /// The configuration.
    pub snapshot: Arc<Snapshot>,
    backends: Vec<Rc<BackendLane>>,
}

impl Lanes {
    /// Idle connections and counts of servers that stay are taken over from `previous`.
    pub fn new(snapshot: Arc<Snapshot>, previous: Option<&Self>) -> Rc<Self> {
        let backends = snapshot
            .backends
            .iter()
            .map(|backend| {
                let known = previous.and_then(|lanes| {
                    lanes
                        .backends
                        .iter()
                        .find(|lane| lane.backend.name == backend.name)
                });
                Rc::new(BackendLane::new(Arc::clone(backend), known.map(Rc::as_ref)))
            })
            .collect();
        Rc::new(Self { snapshot, backends })
    }

    /// This worker's share of the backend at that position.
    pub fn backend(&self, index: usize) -> &Rc<BackendLane> {
        &self.backends[index]
    }

    /// Every backend.
    pub fn backends(&self) -> &[Rc<BackendLane>] {
        &self.backends
    }
}

/// One worker's share of a backend.
pub(crate) struct BackendLane {
    /// The backend.
    pub backend: Arc<Backend>,
    servers: Vec<Rc<ServerLane>>,
    rotation: RefCell<Rotation>,
}

impl BackendLane {
    fn new(backend: Arc<Backend>, previous: Option<&Self>) -> Self {
        let servers = backend
            .servers
            .iter()
            .map(|server| {
                let known = previous.and_then(|lane| {
                    lane.servers.iter().find(|known| {
                        known.server.name == server.name && known.server.address == server.address
                    })
                });
                Rc::new(ServerLane {
                    seen_shutdown: Cell::new(server.state.shutdown_generation()),
                    server: Arc::clone(server),
                    pool: known.map_or_else(Rc::default, |known| Rc::clone(&known.pool)),
                })
            })
            .collect();
        let rotation = RefCell::new(Rotation::new(&backend));
        Self {
            backend,
            servers,
            rotation,
        }
    }

    /// This worker's share of the server at that position.
    pub fn server(&self, index: usize) -> &Rc<ServerLane> {
        &self.servers[index]
    }

    /// Every server.
    pub fn servers(&self) -> &[Rc<ServerLane>] {
        &self.servers
    }

    /// Picks a server by the backend's balancing.
    pub fn pick(
        &self,
        source_key: Option<u32>,
        avoid: Option<usize>,
        has_room: &dyn Fn(&Server) -> bool,
    ) -> Picked {
        self.rotation.borrow_mut().pick(
            &self.backend,
            &Wish {
                source_key,
                avoid,
                has_room,
            },
        )
    }
}

/// One worker's share of a server.
pub(crate) struct ServerLane {
    /// The server.
    pub server: Arc<Server>,
    /// Idle connections.
    pub pool: Rc<Pool>,
    /// `ServerState::shutdown_generation` as this worker has seen it.
    seen_shutdown: Cell<u64>,
}

impl ServerLane {
    /// The mark of this server's connections among the worker's deadlines; it stays the same over
    /// reloads, as the pool does.
    pub fn owner(&self) -> usize {
        Rc::as_ptr(&self.pool).addr()
    }

    /// Whether the operator asked since the last time to end the sessions on this server.
    pub fn sessions_were_shut(&self) -> bool {
        let now = self.server.state.shutdown_generation();
        self.seen_shutdown.replace(now) != now
    }
}
