//! Which server takes the next request of a backend, as one worker sees it.
//!
//! ```text
//! BackendState.generation changed? ──► Rotation::refresh: who may take traffic, with which weight
//! request ──► Rotation::pick ──► Server | Full (wait in the queue) | NoneUsable (503)
//! ```
//!
//! Each worker keeps its own rotation, so that picking shares nothing between threads.

use crate::snapshot::{Backend, Server};
use crate::state::Operational;

mod round_robin;
mod source;

use haproxy_config::model::Balance;
use round_robin::RoundRobin;
use source::SourceMap;
pub(crate) use source::key_of;

/// What came of asking for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picked {
    /// This one, by position in the backend.
    Server(usize),
    /// This one and no other (a hash says so), but it is full: wait for it.
    WaitFor(usize),
    /// Every usable server is full: wait for any.
    Full,
    /// No server may take traffic.
    NoneUsable,
}

/// What the pick may depend on.
pub(crate) struct Wish<'a> {
    /// The key of `balance source`: the client's address.
    pub source_key: Option<u32>,
    /// A server that just failed: taken only where there is no other.
    pub avoid: Option<usize>,
    /// Requests that this worker has in progress on a server.
    pub active: &'a dyn Fn(usize) -> u32,
    /// Whether a server takes one more.
    pub has_room: &'a dyn Fn(&Server) -> bool,
}

/// One worker's turn-taking over the servers of one backend.
pub(crate) struct Rotation {
    generation: u64,
    /// Those that may take new traffic, in configuration order.
    usable: Vec<Candidate>,
    method: Method,
}

/// A server that may take new traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Its position in the backend.
    pub index: usize,
    /// Its numeric id.
    pub id: u32,
    /// The weight that counts, at least 1.
    pub weight: u32,
}

enum Method {
    RoundRobin(RoundRobin),
    LeastConnections { last: usize },
    First,
    Source(SourceMap),
}

impl Rotation {
    /// For a worker that begins `offset` turns into the rotation, so that workers do not all begin
    /// with the same server.
    pub fn new(backend: &Backend, offset: usize) -> Self {
        let method = match backend.balance {
            Balance::RoundRobin | Balance::StaticRoundRobin => {
                Method::RoundRobin(RoundRobin::new(backend.servers.len()))
            }
            Balance::LeastConnections => Method::LeastConnections { last: usize::MAX },
            Balance::First => Method::First,
            Balance::Source => Method::Source(SourceMap::default()),
        };
        let mut rotation = Self {
            generation: 0,
            usable: Vec::new(),
            method,
        };
        rotation.refresh(backend);
        if let Method::RoundRobin(turns) = &mut rotation.method {
            for _ in 0..offset % backend.servers.len().max(1) {
                turns.next(&rotation.usable, |_| true);
            }
        }
        rotation
    }

    /// Picks a server.
    pub fn pick(&mut self, backend: &Backend, wish: &Wish<'_>) -> Picked {
        if self.generation != backend.state.generation() {
            self.refresh(backend);
        }
        if self.usable.is_empty() {
            return Picked::NoneUsable;
        }
        let others = self
            .usable
            .iter()
            .any(|candidate| Some(candidate.index) != wish.avoid);
        let avoided = wish.avoid.filter(|_| others);
        let fits =
            |index: usize| Some(index) != avoided && (wish.has_room)(&backend.servers[index]);
        let usable = &self.usable;
        let picked = match &mut self.method {
            Method::RoundRobin(turns) => turns.next(usable, fits),
            Method::LeastConnections { last } => {
                let picked = least_loaded(usable, *last, fits, wish.active);
                *last = picked.unwrap_or(*last);
                picked
            }
            Method::First => usable
                .iter()
                .filter(|candidate| fits(candidate.index))
                .min_by_key(|candidate| candidate.id)
                .map(|candidate| candidate.index),
            Method::Source(map) => {
                let key = wish.source_key.unwrap_or(0);
                let mut index = map.server(key);
                if Some(index) == avoided {
                    index = map.server_after(key, index).unwrap_or(index);
                }
                return if (wish.has_room)(&backend.servers[index]) {
                    Picked::Server(index)
                } else {
                    Picked::WaitFor(index)
                };
            }
        };
        picked.map_or(Picked::Full, Picked::Server)
    }

    /// Looks at the servers' states anew: active servers, or else the first backup (with
    /// `option allbackups` all of them).
    fn refresh(&mut self, backend: &Backend) {
        // Read first: a change in between makes the next pick refresh again.
        self.generation = backend.state.generation();
        let fixed_weights = backend.balance == Balance::StaticRoundRobin;
        let candidates = |backup: bool| {
            backend
                .servers
                .iter()
                .filter(move |server| server.backup == backup)
                .filter(|server| server.state.operational() == Operational::Up)
                .filter(|server| server.state.weight() > 0)
                .map(move |server| Candidate {
                    index: server.index,
                    id: server.id,
                    weight: if fixed_weights {
                        server.weight.max(1)
                    } else {
                        server.state.weight()
                    },
                })
        };
        self.usable.clear();
        self.usable.extend(candidates(false));
        if self.usable.is_empty() {
            let count = if backend.all_backups { usize::MAX } else { 1 };
            self.usable.extend(candidates(true).take(count));
        }
        if let Method::Source(map) = &mut self.method {
            map.rebuild(&self.usable, backend.hash_consistent);
        }
    }
}

/// The candidate with the fewest requests for its weight; among equals the one after the last
/// pick, so that idle servers take turns.
fn least_loaded(
    usable: &[Candidate],
    last: usize,
    fits: impl Fn(usize) -> bool,
    active: &dyn Fn(usize) -> u32,
) -> Option<usize> {
    let after_last = usable
        .iter()
        .position(|candidate| candidate.index > last)
        .unwrap_or(0);
    let (before, after) = usable.split_at(after_last);
    let mut best: Option<(u64, u64, usize)> = None;
    for candidate in after
        .iter()
        .chain(before)
        .filter(|candidate| fits(candidate.index))
    {
        let load = u64::from(active(candidate.index));
        let weight = u64::from(candidate.weight);
        // load / weight < best load / best weight, without dividing.
        if best.is_none_or(|(least, of, _)| load * of < least * weight) {
            best = Some((load, weight, candidate.index));
        }
    }
    best.map(|(_, _, index)| index)
}

#[cfg(test)]
mod tests;
