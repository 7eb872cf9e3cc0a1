//! Which server takes the next request of a backend, as one worker sees it.
//!
//! ```text
//! BackendState.generation changed? ──► Rotation::refresh: who may take traffic, with which weight
//! request ──► Rotation::pick ──► Server | Full (wait in the queue) | NoneUsable (503)
//! ```
//!
//! Each worker keeps its own rotation. All that workers share in picking is the number of the turn
//! (`BackendState::turn`): without it every worker would begin with the same server, and an
//! operator's five requests over two threads would not go round. For the same reason `leastconn`
//! compares the requests of all workers: counted by each for itself, few long ones on many threads
//! would all go to the same server.

use std::sync::atomic::Ordering;

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
    LeastConnections,
    First,
    Source(SourceMap),
}

impl Rotation {
    /// For one backend.
    pub fn new(backend: &Backend) -> Self {
        let method = match backend.balance {
            Balance::RoundRobin | Balance::StaticRoundRobin => {
                Method::RoundRobin(RoundRobin::default())
            }
            Balance::LeastConnections => Method::LeastConnections,
            Balance::First => Method::First,
            Balance::Source => Method::Source(SourceMap::default()),
        };
        let mut rotation = Self {
            generation: 0,
            usable: Vec::new(),
            method,
        };
        rotation.refresh(backend);
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
            Method::RoundRobin(turns) => turns.next(&backend.state.turn, fits),
            Method::LeastConnections => {
                let first = &backend.state.first_among_equals;
                let picked = least_loaded(usable, first.load(Ordering::Relaxed), fits, |index| {
                    backend.servers[index]
                        .state
                        .in_flight
                        .load(Ordering::Relaxed)
                });
                if let Some(index) = picked {
                    first.store(index + 1, Ordering::Relaxed);
                }
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
        match &mut self.method {
            Method::RoundRobin(turns) => turns.rebuild(&self.usable),
            Method::Source(map) => map.rebuild(&self.usable, backend.hash_consistent),
            Method::LeastConnections | Method::First => {}
        }
    }
}

/// The candidate with the fewest requests for its weight; among equals the one from `first`
/// on, so that idle servers take turns.
fn least_loaded(
    usable: &[Candidate],
    first: usize,
    fits: impl Fn(usize) -> bool,
    in_flight: impl Fn(usize) -> i64,
) -> Option<usize> {
    let start = usable
        .iter()
        .position(|candidate| candidate.index >= first)
        .unwrap_or(0);
    let (before, after) = usable.split_at(start);
    let mut best: Option<(i64, i64, usize)> = None;
    for candidate in after
        .iter()
        .chain(before)
        .filter(|candidate| fits(candidate.index))
    {
        let load = in_flight(candidate.index);
        let weight = i64::from(candidate.weight);
        // load / weight < best load / best weight, without dividing.
        if best.is_none_or(|(least, of, _)| load * of < least * weight) {
            best = Some((load, weight, candidate.index));
        }
    }
    best.map(|(_, _, index)| index)
}

#[cfg(test)]
mod tests;
