//! One role's processes, one after the other.
//!
//! ```text
//!            start            Spawned          Ready              silent, stopped
//!   Absent ─────────▶ Ordered ───────▶ Starting ─────▶ Ready ───────────────────▶ Condemned
//!     ▲                  │                │             │                             │
//!     └──── back-off ────┴───── died ─────┴─────────────┴─────────────────────────────┘
//!                                                       └── asked to end ──▶ Ended
//! ```

use std::time::Duration;

use super::{
    Command, Role, Time,
    limits::{HANG_LIMIT, START_LIMIT, STARVED_EXTENSIONS_MAX, STARVED_PERCENT, STOPPED_LIMIT},
    pulse::Pulse,
    restarts::Restarts,
};

/// What the kernel knows about a silent child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Every thread is stopped (SIGSTOP, a debugger).
    pub stopped: bool,
    /// How long its threads together have waited for a CPU since they began.
    pub waited_for_cpu: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No process; the next start is due then.
    Absent { start_at: Time },
    /// The shell is starting one.
    Ordered,
    /// It has not said `Ready`.
    Starting { since: Time },
    /// It is at work, and watched.
    Ready { since: Time },
    /// It was killed; its end is on the way.
    Condemned,
    /// None, and none to come.
    Ended,
}

/// What a look at a silent child led to.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not yet beyond the limit.
    Wait,
    /// It had no CPU; it gets another period.
    Starved(String),
    /// It will not come back by itself.
    Hung(String),
}

/// What the time brought.
#[derive(Debug, PartialEq, Eq)]
pub enum Wake {
    /// Nothing.
    Nothing,
    /// The back-off is over.
    Start,
    /// It is silent: look at it.
    Examine,
    /// It did not become ready: end it.
    TooSlow(String),
}

/// A suspicion: since when, and what was found then.
#[derive(Debug)]
struct Suspicion {
    since: Time,
    finding: Option<Finding>,
}

/// One role's present process and the memory of those before.
#[derive(Debug)]
pub struct Life {
    role: Role,
    state: State,
    pid: Option<i32>,
    pulse: Pulse,
    suspicion: Option<Suspicion>,
    extensions: u32,
    restarts: Restarts,
    /// When the process before ended, until the next is ready.
    down_since: Option<Time>,
    last_end: Option<String>,
}

impl Life {
    /// Nothing was started yet.
    pub fn new(role: Role) -> Self {
        Self {
            role,
            state: State::Ended,
            pid: None,
            pulse: Pulse::default(),
            suspicion: None,
            extensions: 0,
            restarts: Restarts::default(),
            down_since: None,
            last_end: None,
        }
    }

    /// Orders a process where there is none.
    pub fn start(&mut self, out: &mut Vec<Command>) {
        if matches!(self.state, State::Absent { .. } | State::Ended) {
            self.state = State::Ordered;
            out.push(Command::Spawn(self.role));
        }
    }

    /// The process exists.
    pub fn spawned(&mut self, now: Time, pid: i32) {
        self.pid = Some(pid);
        self.state = State::Starting { since: now };
    }

    /// It said `Ready`; the line to log, unless it had said so before.
    pub fn ready(&mut self, now: Time) -> Option<String> {
        let State::Starting { .. } = self.state else {
            return None;
        };
        self.state = State::Ready { since: now };
        self.pulse = Pulse::watched_from(now);
        self.suspicion = None;
        self.extensions = 0;
        let name = self.role.name();
        let pid = self.pid.unwrap_or_default();
        Some(match self.down_since.take() {
            Some(down) => format!(
                "the {name} (pid {pid}) serves, {:.1} ms after the end of the one before",
                (now - down).as_secs_f64() * 1_000.0
            ),
            None => format!("the {name} (pid {pid}) serves"),
        })
    }

    /// One of its threads was heard.
    pub fn beat(&mut self, now: Time, thread: u16) {
        self.pulse.beat(now, thread);
        if now < self.pulse.quietest().1 + STOPPED_LIMIT {
            self.suspicion = None;
            self.extensions = 0;
        }
    }

    /// Silence until now proves nothing.
    pub fn forgive(&mut self, now: Time) {
        self.pulse.forgive(now);
        self.suspicion = None;
    }

    /// The threads of before may be gone and others come: those heard from now on count.
    pub fn expect_new_threads(&mut self, now: Time) {
        self.pulse = Pulse::watched_from(now);
        self.suspicion = None;
    }

    /// It is to be killed, for a reason that was logged.
    pub fn condemn(&mut self, out: &mut Vec<Command>) {
        if self.pid.is_some() && self.state != State::Condemned {
            self.state = State::Condemned;
            out.push(Command::Kill(self.role));
        }
    }

    /// It ended and gets a successor; the line to log.
    pub fn die(&mut self, now: Time, how: &str) -> String {
        let (served, service) = match self.state {
            State::Ready { since } => (
                now - since,
                format!("after serving for {:.1} s", (now - since).as_secs_f64()),
            ),
            State::Condemned => (Duration::ZERO, "as ordered".to_owned()),
            _ => (Duration::ZERO, "before it was ready".to_owned()),
        };
        let wait = self.restarts.died(served);
        let next = if wait.is_zero() {
            "its successor starts now".to_owned()
        } else {
            format!("its successor starts in {} ms", wait.as_millis())
        };
        let line = format!("{} {service}; {next}", self.end(how));
        self.state = State::Absent {
            start_at: now + wait,
        };
        self.down_since.get_or_insert(now);
        line
    }

    /// It ended and gets no successor; the line to log.
    pub fn end(&mut self, how: &str) -> String {
        let name = self.role.name();
        let line = match self.pid.take() {
            Some(pid) => format!("the {name} (pid {pid}) {how}"),
            None => format!("the {name} {how}"),
        };
        self.state = State::Ended;
        self.suspicion = None;
        self.last_end = Some(line.clone());
        line
    }

    /// What the time brought. A second question at the same time has no second answer.
    pub fn wake(&mut self, now: Time) -> Wake {
        match self.state {
            State::Absent { start_at } if now >= start_at => Wake::Start,
            State::Starting { since } if now >= since + START_LIMIT => {
                self.state = State::Condemned;
                Wake::TooSlow(format!(
                    "the {} was not ready after {} s: killing it",
                    self.role.name(),
                    START_LIMIT.as_secs()
                ))
            }
            State::Ready { .. } => self.suspect(now),
            _ => Wake::Nothing,
        }
    }

    fn suspect(&mut self, now: Time) -> Wake {
        let silent_since = self.pulse.quietest().1;
        if self.suspicion.is_none() && now >= silent_since + STOPPED_LIMIT {
            self.suspicion = Some(Suspicion {
                since: now,
                finding: None,
            });
            return Wake::Examine;
        }
        if now >= self.pulse.overdue_at() {
            return Wake::Examine;
        }
        Wake::Nothing
    }

    /// Judges a silent child by what the kernel knows about it.
    pub fn examined(&mut self, now: Time, finding: Finding) -> Verdict {
        let State::Ready { .. } = self.state else {
            return Verdict::Wait;
        };
        let Some(suspicion) = &mut self.suspicion else {
            return Verdict::Wait;
        };
        let earlier = *suspicion.finding.get_or_insert(finding);
        if now < self.pulse.overdue_at() && !finding.stopped {
            return Verdict::Wait;
        }
        let suspected_for = now - suspicion.since;
        let waited = finding
            .waited_for_cpu
            .saturating_sub(earlier.waited_for_cpu);
        let starved = !finding.stopped
            && !suspected_for.is_zero()
            && waited.as_nanos() * 100 >= suspected_for.as_nanos() * STARVED_PERCENT;
        let who = self.describe_quietest();
        if starved && self.extensions < STARVED_EXTENSIONS_MAX {
            self.extensions += 1;
            self.pulse.forgive(now);
            self.suspicion = None;
            return Verdict::Starved(format!(
                "{who} is silent for want of CPU time: it gets another {} ms",
                HANG_LIMIT.as_millis()
            ));
        }
        let how = if finding.stopped {
            "is stopped"
        } else if starved {
            "has had no CPU time"
        } else {
            "hangs"
        };
        let silent = now - self.pulse.quietest().1 + HANG_LIMIT * self.extensions;
        Verdict::Hung(format!(
            "{who} {how} (silent for {} ms)",
            silent.as_millis()
        ))
    }

    fn describe_quietest(&self) -> String {
        let name = self.role.name();
        let pid = self.pid.unwrap_or_default();
        match (self.role, self.pulse.quietest().0) {
            (Role::Balancer, Some(thread)) => {
                format!("the {name} (pid {pid}, worker {thread})")
            }
            _ => format!("the {name} (pid {pid})"),
        }
    }

    /// When `wake` will have something to say.
    pub fn deadline(&self) -> Option<Time> {
        match self.state {
            State::Absent { start_at } => Some(start_at),
            State::Starting { since } => Some(since + START_LIMIT),
            State::Ready { .. } if self.suspicion.is_none() => {
                Some(self.pulse.quietest().1 + STOPPED_LIMIT)
            }
            State::Ready { .. } => Some(self.pulse.overdue_at()),
            State::Ordered | State::Condemned | State::Ended => None,
        }
    }

    /// Whether its silence would be noticed.
    pub fn is_watched(&self) -> bool {
        matches!(self.state, State::Ready { .. })
    }

    /// Since when it is ready.
    pub fn ready_since(&self) -> Option<Time> {
        match self.state {
            State::Ready { since } => Some(since),
            _ => None,
        }
    }

    /// Whether there is a process or one is being started.
    pub fn exists(&self) -> bool {
        self.pid.is_some() || matches!(self.state, State::Ordered)
    }

    /// No successor is to come; says whether a process is still there.
    pub fn want_no_successor(&mut self) -> bool {
        if matches!(self.state, State::Absent { .. }) {
            self.state = State::Ended;
        }
        self.exists()
    }

    /// A successor waits for its time: let that be now.
    pub fn hurry(&mut self, now: Time) {
        if let State::Absent { start_at } = &mut self.state {
            *start_at = now;
        }
    }

    /// The living process.
    pub fn pid(&self) -> Option<i32> {
        self.pid
    }

    /// The living process in words.
    pub fn describe(&self) -> Option<String> {
        let pid = self.pid?;
        Some(format!("{} (pid {pid})", self.role.name()))
    }

    /// How often it died.
    pub fn deaths(&self) -> u64 {
        self.restarts.total()
    }

    /// Deaths in a row without a calm time between.
    pub fn deaths_in_a_row(&self) -> u32 {
        self.restarts.in_a_row()
    }

    /// Whether it dies so often that nobody should rely on it.
    pub fn keeps_dying(&self) -> bool {
        self.restarts.keeps_dying()
    }

    /// How the process before ended.
    pub fn last_end(&self) -> Option<&str> {
        self.last_end.as_deref()
    }

    /// Its state in one word.
    pub fn word(&self) -> &'static str {
        match self.state {
            State::Absent { .. } => "waiting to be started again",
            State::Ordered | State::Starting { .. } => "starting",
            State::Ready { .. } => "ready",
            State::Condemned => "killed",
            State::Ended => "ended",
        }
    }
}
