//! Events per second: what totals alone do not show. A task of the control thread takes a sample
//! each second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::snapshot::Snapshot;
use crate::state::TrafficTotals;

/// How often a sample is taken: rates are "over the last elapsed second" (management.txt, 9.1).
pub const SAMPLE_INTERVAL: Duration = Duration::from_secs(1);

/// Whose rate it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// The process.
    Process,
    /// A frontend, by name.
    Frontend(String),
    /// A backend, by name.
    Backend(String),
    /// A server, by the names of its backend and itself.
    Server(String, String),
}

/// One rate and the highest it has been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rate {
    /// Events in the last second.
    pub now: u64,
    /// The most in one second.
    pub max: u64,
    last_total: u64,
}

impl Rate {
    fn sample(&mut self, total: u64) {
        // Counters that were cleared start again.
        self.now = total.saturating_sub(self.last_total);
        self.max = self.max.max(self.now);
        self.last_total = total;
    }
}

/// The rates of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SubjectRates {
    /// Sessions.
    pub sessions: Rate,
    /// Connections.
    pub connections: Rate,
    /// Requests.
    pub requests: Rate,
}

/// All rates of the process.
#[derive(Debug, Default)]
pub struct Rates {
    subjects: Mutex<HashMap<Subject, SubjectRates>>,
}

impl Rates {
    /// The rates of a subject; zero before its first sample.
    #[must_use]
    pub fn of(&self, subject: &Subject) -> SubjectRates {
        self.lock().get(subject).copied().unwrap_or_default()
    }

    /// Forgets the maxima (`clear counters`).
    pub fn clear_maxima(&self) {
        for rates in self.lock().values_mut() {
            for rate in [
                &mut rates.sessions,
                &mut rates.connections,
                &mut rates.requests,
            ] {
                rate.max = 0;
            }
        }
    }

    /// Takes one sample of everything in a snapshot and forgets what is no longer in it.
    pub fn sample(&self, snapshot: &Snapshot) {
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let mut totals = Vec::new();
        let process = snapshot.process.counters.total();
        totals.push((
            Subject::Process,
            TrafficTotals {
                sessions_total: process.connections_total,
                connections_total: process.connections_total,
                requests: process.requests_total,
                ..TrafficTotals::default()
            },
        ));
        for frontend in &snapshot.frontends {
            let subject = Subject::Frontend(frontend.name.clone());
            totals.push((subject, frontend.state.counters.total()));
        }
        for backend in &snapshot.backends {
            let subject = Subject::Backend(backend.name.clone());
            totals.push((subject, backend.state.counters.total()));
            for server in &backend.servers {
                let subject = Subject::Server(backend.name.clone(), server.name.clone());
                let total = server.state.counters.total();
                // `lastsess` is exact to the second, so the workers need not look at a clock.
                if total.sessions_total > self.of(&subject).sessions.last_total {
                    server.state.note_session(now);
                }
                totals.push((subject, total));
            }
        }
        let mut subjects = self.lock();
        let mut old = std::mem::take(&mut *subjects);
        for (subject, total) in totals {
            let known = old.remove(&subject);
            let mut rates = known.unwrap_or_default();
            rates.sessions.sample(total.sessions_total);
            rates.connections.sample(total.connections_total);
            rates.requests.sample(total.requests);
            subjects.insert(subject, rates);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Subject, SubjectRates>> {
        self.subjects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Samples a snapshot each second, for as long as the task lives.
pub async fn keep_sampling(rates: Arc<Rates>, snapshot: Arc<Snapshot>) {
    loop {
        compio::time::sleep(SAMPLE_INTERVAL).await;
        rates.sample(&snapshot);
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn a_rate_is_what_came_since_the_last_sample() {
        let mut rate = Rate::default();
        let mut seen = Vec::new();
        for total in [5, 5, 12, 3] {
            rate.sample(total);
            seen.push((rate.now, rate.max));
        }
        assert_eq!(seen, [(5, 5), (0, 5), (7, 7), (0, 7)]);
    }
}
