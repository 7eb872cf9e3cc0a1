//! Changes of a server's state: the one way for checks, stats sockets and the stats page, so that
//! each change leaves the same line in the log, in HAProxy's words.
//!
//! ```text
//! check outcome, operator's word ──► Change ──► ServerDetail ──► workers (generation)
//!                                                     └────────► log: "Server app/app1 is DOWN, …"
//! ```

use std::fmt::Write as _;
use std::sync::PoisonError;
use std::time::SystemTime;

use haproxy_config::model::{LogTarget, ProxyKind};

use crate::log::level;
use crate::log_record::LogQueue;
use crate::snapshot::{Backend, Server, Snapshot};
use crate::state::{CheckOutcome, Operational, ServerDetail};

/// What the configuration says about a server's check, as far as its state depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CheckLimits {
    /// `rise`.
    pub rise: u32,
    /// `fall`.
    pub fall: u32,
}

/// Something that happens to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A check ended.
    Checked {
        /// Whether it passed.
        passed: bool,
        /// What it found.
        outcome: CheckOutcome,
        /// `rise` and `fall`.
        limits: CheckLimits,
        /// `option log-health-checks`.
        log_each: bool,
    },
    /// `set server … state maint`, `disable server`.
    Maintenance,
    /// `set server … state drain`.
    Drain,
    /// `set server … state ready`, `enable server`: no maintenance, no drain.
    Ready {
        /// `rise` and `fall` of a checked server.
        limits: Option<CheckLimits>,
    },
    /// `set server … health up`, `… down`, on a checked server.
    Health {
        /// Up.
        up: bool,
        /// `rise` and `fall`.
        limits: CheckLimits,
    },
}

/// Which server, in which configuration.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The configuration in force.
    pub snapshot: &'a Snapshot,
    /// The backend.
    pub backend: &'a Backend,
    /// The server.
    pub server: &'a Server,
    /// Where to say it.
    pub log: &'a LogQueue,
}

impl Place<'_> {
    /// Makes the change, tells the workers and the log.
    pub fn apply(self, change: Change) {
        let usable_before = usable(self.backend);
        let mut lines = Lines::default();
        self.backend
            .state
            .change_server(&self.server.state, |detail| {
                alter(detail, &change, &mut lines);
            });
        let usable_after = usable(self.backend);
        for line in lines.0 {
            self.say(line, usable_after);
        }
        self.note_availability(usable_before, usable_after);
    }

    fn say(self, line: Line, (active, backup): (usize, usize)) {
        let which = if self.server.backup { "Backup " } else { "" };
        let (backend, server) = (&self.backend.name, &self.server.name);
        let mut text = match line.about_check {
            false => format!("{which}Server {backend}/{server} {}", line.text),
            true => {
                let which = if self.server.backup { "backup " } else { "" };
                format!(
                    "Health check for {which}server {backend}/{server} {}",
                    line.text
                )
            }
        };
        if let Some(up) = line.tail {
            let running_on_backup = if active == 0 && backup > 0 {
                " Running on backup."
            } else {
                ""
            };
            let waiting = self.server.state.waiting.len();
            if up {
                write!(
                    text,
                    ". {active} active and {backup} backup servers online.{running_on_backup} \
                     0 sessions requeued, {waiting} total in queue"
                )
            } else {
                let sessions = self.server.state.counters.total().sessions;
                write!(
                    text,
                    ". {active} active and {backup} backup servers left.{running_on_backup} \
                     {sessions} sessions active, 0 requeued, {waiting} remaining in queue"
                )
            }
            .expect("a String takes every write");
        }
        text.push('.');
        self.log.notice(self.targets(), line.level, text);
    }

    fn note_availability(self, before: (usize, usize), after: (usize, usize)) {
        let (before, after) = (before != (0, 0), after != (0, 0));
        if before == after {
            return;
        }
        *self
            .backend
            .state
            .changed
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = SystemTime::now();
        if !after {
            let kind = match self.snapshot.config.proxies[self.backend.proxy].kind {
                ProxyKind::Listen => "proxy",
                ProxyKind::Backend | ProxyKind::Frontend => "backend",
            };
            let text = format!("{kind} {} has no server available!", self.backend.name);
            self.log.notice(self.targets(), level::EMERGENCY, text);
        }
    }

    fn targets(&self) -> &[LogTarget] {
        &self.snapshot.config.proxies[self.backend.proxy].log
    }
}

/// Servers that take traffic: active ones and backups.
#[must_use]
pub fn usable(backend: &Backend) -> (usize, usize) {
    let count = |backup| {
        backend
            .servers
            .iter()
            .filter(|server| server.backup == backup)
            .filter(|server| {
                server.state.operational() == Operational::Up && server.state.weight() > 0
            })
            .count()
    };
    (count(false), count(true))
}

/// One line of the log to be.
struct Line {
    level: u8,
    text: String,
    /// The line is about a check, not about the server.
    about_check: bool,
    /// Ends with how many servers are left (false) or online (true).
    tail: Option<bool>,
}

#[derive(Default)]
struct Lines(Vec<Line>);

impl Lines {
    fn server(&mut self, level: u8, tail: Option<bool>, text: impl Into<String>) {
        self.0.push(Line {
            level,
            text: text.into(),
            about_check: false,
            tail,
        });
    }

    fn check(&mut self, text: String) {
        self.0.push(Line {
            level: level::NOTICE,
            text,
            about_check: true,
            tail: None,
        });
    }
}

fn alter(detail: &mut ServerDetail, change: &Change, lines: &mut Lines) {
    match change {
        Change::Checked {
            passed,
            outcome,
            limits,
            log_each,
        } => checked(detail, *passed, outcome, *limits, *log_each, lines),
        Change::Maintenance => {
            if detail.admin.in_maintenance() {
                detail.admin.forced_maintenance = true;
                return;
            }
            detail.admin.forced_maintenance = true;
            if detail.running {
                lines.server(level::ALERT, Some(false), "is going DOWN for maintenance");
            } else {
                lines.server(level::NOTICE, None, "was DOWN and now enters maintenance");
            }
        }
        Change::Drain => {
            leave_maintenance(detail, None, lines);
            if !detail.admin.forced_drain {
                detail.admin.forced_drain = true;
                lines.server(level::NOTICE, Some(detail.running), "enters drain state");
            }
        }
        Change::Ready { limits } => {
            leave_maintenance(detail, *limits, lines);
            if detail.admin.forced_drain {
                detail.admin.forced_drain = false;
                let state = if detail.running { "UP" } else { "DOWN" };
                lines.server(
                    level::NOTICE,
                    None,
                    format!("is {state} (leaving forced drain)"),
                );
            }
        }
        Change::Health { up, limits } => {
            let changed = detail.running != *up;
            detail.running = *up;
            detail.health = if *up {
                limits.rise + limits.fall - 1
            } else {
                0
            };
            if changed && !detail.admin.in_maintenance() {
                if *up {
                    lines.server(level::NOTICE, Some(true), "is UP, changed from CLI");
                } else {
                    lines.server(level::ALERT, Some(false), "is DOWN, changed from CLI");
                }
            }
        }
    }
}

/// A checked server comes back as if it had just passed: one failure takes it down again.
fn leave_maintenance(detail: &mut ServerDetail, limits: Option<CheckLimits>, lines: &mut Lines) {
    if !detail.admin.in_maintenance() {
        return;
    }
    detail.admin.forced_maintenance = false;
    detail.admin.configured_maintenance = false;
    if let Some(limits) = limits {
        detail.health = limits.rise;
        detail.running = true;
    }
    let state = if detail.running { "UP" } else { "DOWN" };
    let mode = if detail.admin.forced_drain {
        "DRAIN"
    } else {
        "READY"
    };
    lines.server(
        level::NOTICE,
        None,
        format!("is {state}/{mode} (leaving forced maintenance)"),
    );
}

/// HAProxy's health counter: from 0 to `rise + fall - 1`, running from `rise` upwards. A server that
/// starts stands at `rise`, so its first failure takes it down.
fn checked(
    detail: &mut ServerDetail,
    passed: bool,
    outcome: &CheckOutcome,
    limits: CheckLimits,
    log_each: bool,
    lines: &mut Lines,
) {
    let CheckLimits { rise, fall } = limits;
    let top = rise + fall - 1;
    let before = detail.health;
    let was_running = detail.running;
    let same_outcome = detail.check.status == outcome.status;
    detail.check = outcome.clone();
    if passed {
        detail.health = (before + 1).min(top);
        if detail.health >= rise {
            detail.health = top;
        }
    } else {
        // management.txt, chkfail: only while the server is up.
        detail.checks_failed += u64::from(was_running);
        detail.health = if before > rise { before - 1 } else { 0 };
    }
    detail.running = detail.health >= rise;
    let worth_a_line = detail.health != before || !passed || !same_outcome;
    if log_each && worth_a_line {
        let word = if passed { "succeeded" } else { "failed" };
        let reason = reason(outcome);
        let (count, of, state) = if detail.running {
            (detail.health - rise + 1, fall, "UP")
        } else {
            (detail.health, rise, "DOWN")
        };
        lines.check(format!("{word}{reason}, status: {count}/{of} {state}"));
    }
    if was_running != detail.running && !detail.admin.in_maintenance() {
        let reason = if log_each {
            String::new()
        } else {
            reason(outcome)
        };
        if detail.running {
            lines.server(level::NOTICE, Some(true), format!("is UP{reason}"));
        } else {
            lines.server(level::ALERT, Some(false), format!("is DOWN{reason}"));
        }
        if detail.admin.forced_drain {
            lines.server(level::NOTICE, None, "remains in forced drain mode");
        }
    }
}

/// `, reason: Layer7 wrong status, code: 404, info: "Not Found", check duration: 1ms`
fn reason(outcome: &CheckOutcome) -> String {
    let mut text = format!(", reason: {}", description(outcome.status.unwrap_or("UNK")));
    let mut put = |part: std::fmt::Arguments<'_>| {
        text.write_fmt(part).expect("a String takes every write");
    };
    if let Some(code) = outcome.code {
        put(format_args!(", code: {code}"));
    }
    if !outcome.detail.is_empty() {
        put(format_args!(", info: \"{}\"", outcome.detail));
    }
    put(format_args!(
        ", check duration: {}ms",
        outcome.duration.as_millis()
    ));
    text
}

/// The words for a check status such as `L4CON`.
#[must_use]
pub fn description(status: &str) -> &'static str {
    match status {
        "INI" => "Initializing",
        "SOCKERR" => "Socket error",
        "L4OK" => "Layer4 check passed",
        "L4TOUT" => "Layer4 timeout",
        "L4CON" => "Layer4 connection problem",
        "L7OK" => "Layer7 check passed",
        "L7TOUT" => "Layer7 timeout",
        "L7RSP" => "Layer7 invalid response",
        "L7STS" => "Layer7 wrong status",
        _ => "Unknown",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::state::ServerState;

    fn outcome(status: &'static str) -> CheckOutcome {
        CheckOutcome {
            status: Some(status),
            duration: Duration::from_millis(3),
            ..CheckOutcome::default()
        }
    }

    /// The health after each of `checks` (`+` passed, `-` failed), and the lines.
    fn run(rise: u32, fall: u32, checks: &str) -> (Vec<u32>, Vec<String>) {
        let state = ServerState::new(false, 1, 1);
        let mut detail = state.detail.lock().unwrap();
        detail.health = rise;
        let mut lines = Lines::default();
        let healths = checks
            .chars()
            .map(|check| {
                let change = Change::Checked {
                    passed: check == '+',
                    outcome: outcome(if check == '+' { "L4OK" } else { "L4CON" }),
                    limits: CheckLimits { rise, fall },
                    log_each: false,
                };
                alter(&mut detail, &change, &mut lines);
                detail.health
            })
            .collect();
        (healths, lines.0.into_iter().map(|line| line.text).collect())
    }

    #[test]
    fn rise_and_fall_count_as_haproxy_counts() {
        let down = "is DOWN, reason: Layer4 connection problem, check duration: 3ms";
        let up = "is UP, reason: Layer4 check passed, check duration: 3ms";
        type Case<'a> = (u32, u32, &'a str, &'a [u32], &'a [&'a str]);
        let cases: &[Case<'_>] = &[
            // The first failure after the start is enough.
            (2, 3, "-", &[0], &[down]),
            (2, 3, "+", &[4], &[]),
            (2, 3, "+--", &[4, 3, 2], &[]),
            (2, 3, "+---", &[4, 3, 2, 0], &[down]),
            (2, 3, "+--+", &[4, 3, 2, 4], &[]),
            (2, 3, "-++", &[0, 1, 4], &[down, up]),
            (2, 3, "-+-", &[0, 1, 0], &[down]),
            (1, 1, "-+-", &[0, 1, 0], &[down, up, down]),
        ];
        for (rise, fall, checks, healths, lines) in cases {
            let (got_healths, got_lines) = run(*rise, *fall, checks);
            assert_eq!(got_healths, *healths, "{rise} {fall} {checks}");
            assert_eq!(got_lines, *lines, "{rise} {fall} {checks}");
        }
    }

    #[test]
    fn what_the_operator_asks_reads_as_in_haproxy() {
        let limits = CheckLimits { rise: 2, fall: 3 };
        let ready = || Change::Ready {
            limits: Some(limits),
        };
        let health = |up| Change::Health { up, limits };
        let cases = [
            (vec![Change::Maintenance], "is going DOWN for maintenance"),
            (
                vec![Change::Maintenance, ready()],
                "is UP/READY (leaving forced maintenance)",
            ),
            (
                vec![health(false), Change::Maintenance],
                "was DOWN and now enters maintenance",
            ),
            (vec![Change::Drain], "enters drain state"),
            (vec![Change::Drain, ready()], "is UP (leaving forced drain)"),
            (vec![health(false)], "is DOWN, changed from CLI"),
            (vec![health(false), health(true)], "is UP, changed from CLI"),
        ];
        for (changes, expected) in cases {
            let state = ServerState::new(false, 1, 1);
            let mut detail = state.detail.lock().unwrap();
            let mut lines = Lines::default();
            for change in &changes {
                alter(&mut detail, change, &mut lines);
            }
            let last = lines.0.last().map(|line| line.text.as_str());
            assert_eq!(last, Some(expected), "{changes:?}");
        }
    }
}
