//! Which machines are unharmed, and for how long nobody had quorum although most of them were.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use cluster_api::{Answer, Client, Request};
use cluster_lab::LabCluster;

/// How often each daemon is asked.
const PACE: Duration = Duration::from_millis(10);
/// A daemon that answers later than this is not one that acts.
const PATIENCE: Duration = Duration::from_millis(50);

/// How many faults each machine suffers now.
pub struct Health {
    harmed: Vec<AtomicU32>,
}

impl Health {
    /// All are well.
    pub fn new(nodes: u32) -> Self {
        Self {
            harmed: (0..=nodes).map(|_| AtomicU32::new(0)).collect(),
        }
    }

    /// A fault strikes.
    pub fn harm(&self, node: u32) {
        self.harmed[node as usize].fetch_add(1, Relaxed);
    }

    /// A fault is healed.
    pub fn heal(&self, node: u32) {
        self.harmed[node as usize].fetch_sub(1, Relaxed);
    }

    fn has_majority(&self) -> bool {
        let nodes = &self.harmed[1..];
        let well = nodes.iter().filter(|harmed| harmed.load(Relaxed) == 0);
        well.count() > nodes.len() / 2
    }
}

/// The longest time without quorum, measured from outside.
pub struct Watch {
    state: Arc<State>,
    threads: Vec<JoinHandle<()>>,
}

struct State {
    /// When each node last said that it may act, in microseconds since the beginning.
    acted_us: Vec<AtomicU64>,
    longest: Mutex<Duration>,
    stopped: AtomicBool,
    began: Instant,
}

impl Watch {
    /// Asks all daemons from now on.
    pub fn start(cluster: &LabCluster, health: &Arc<Health>) -> Self {
        let state = Arc::new(State {
            acted_us: cluster.ids().map(|_| AtomicU64::new(0)).collect(),
            longest: Mutex::default(),
            stopped: AtomicBool::new(false),
            began: Instant::now(),
        });
        let mut threads = Vec::new();
        for (index, node) in cluster.ids().enumerate() {
            let (state, socket) = (Arc::clone(&state), cluster.socket(node));
            threads.push(thread::spawn(move || {
                let mut client = None;
                while !state.stopped.load(Relaxed) {
                    if client.is_none() {
                        client = Client::connect_to(&socket).ok();
                    }
                    match client.as_mut().and_then(is_quorate) {
                        Some(true) => state.acted_us[index].store(state.now_us(), Relaxed),
                        Some(false) => {}
                        None => client = None,
                    }
                    thread::sleep(PACE);
                }
            }));
        }
        let (judge, health) = (Arc::clone(&state), Arc::clone(health));
        threads.push(thread::spawn(move || judge.measure(&health)));
        Self { state, threads }
    }

    /// The longest time without quorum while most machines were unharmed.
    pub fn longest(&self) -> Duration {
        *self
            .state
            .longest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.state.stopped.store(true, Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl State {
    fn now_us(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The time counts from when most are unharmed, and anew whenever somebody acts.
    fn measure(&self, health: &Health) {
        let mut since_us = None;
        while !self.stopped.load(Relaxed) {
            thread::sleep(PACE);
            let now_us = self.now_us();
            if !health.has_majority() {
                since_us = None;
                continue;
            }
            let acted_us = self.acted_us.iter().map(|at| at.load(Relaxed)).max();
            let from_us = acted_us.max(Some(*since_us.get_or_insert(now_us)));
            let without = now_us.saturating_sub(from_us.unwrap_or(now_us));
            let mut longest = self.longest.lock().unwrap_or_else(PoisonError::into_inner);
            *longest = (*longest).max(Duration::from_micros(without));
        }
    }
}

fn is_quorate(client: &mut Client) -> Option<bool> {
    client.limit(Some(PATIENCE)).ok()?;
    match client.ask(&Request::Status).ok()? {
        Answer::Status(status) => Some(status.quorum.is_quorate),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_of_three_are_most() {
        let health = Health::new(3);
        health.harm(2);
        assert!(health.has_majority());
        health.harm(3);
        health.harm(3);
        health.heal(3);
        assert!(!health.has_majority());
        health.heal(3);
        assert!(health.has_majority());
    }
}
