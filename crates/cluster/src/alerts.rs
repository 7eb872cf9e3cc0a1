//! Alerts: programs of the operator's that are told of events on this node (alert agents of
//! Pacemaker Explained).
//!
//! ```text
//! view, fencing, an operation's result ─► Event ─► whom the CIB says it is for ─► a process each
//! ```
//!
//! What they answer changes nothing. Each is ended when its time is over.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use cib::rules::Findings;
use cib::time::DateTime;
use cib::views::alerts::{self, Alert};
use cib::xml::Document;
use cluster_api::{FencingEntry, FencingState};
use jiff::Timestamp;
use tokio::process::Command;
use tokio::sync::Semaphore;

use crate::resources::epoch_s;

/// Programs that run at once; what is more waits.
const MAX_RUNNING: usize = 16;
/// Programs that wait; what is more is not run, which the log says.
const MAX_WAITING: usize = 1_000;
/// The user that they run as, where there is one, as with Pacemaker.
const USER: &str = "hacluster";
/// What they have of this process' environment.
const ENVIRONMENT: [&str; 3] = ["PATH", "LANG", "TZ"];

/// Something that happened.
#[derive(Debug)]
pub enum Event<'a> {
    /// A node came or went.
    Node {
        /// Its name.
        name: &'a str,
        /// Its id.
        id: u32,
        /// Whether it is there.
        is_member: bool,
    },
    /// A node was fenced, or could not be.
    Fencing(&'a FencingEntry),
    /// An agent has answered on this node.
    Operation {
        /// What was done.
        operation: &'a agents::Operation,
        /// What came of it.
        outcome: &'a agents::Outcome,
        /// The code that was expected.
        expected: i32,
    },
}

/// See above.
pub struct Alerts {
    /// This node.
    me: String,
    sequence: u64,
    members: BTreeSet<u32>,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    /// What each recurring operation answered last: only news is told.
    answered: BTreeMap<(String, String, Duration), u8>,
}

impl Alerts {
    /// On the node `me`.
    #[must_use]
    pub fn new(me: &str) -> Self {
        Self {
            me: me.to_owned(),
            sequence: 0,
            members: BTreeSet::new(),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
            waiting: Arc::new(Semaphore::new(MAX_WAITING)),
            answered: BTreeMap::new(),
        }
    }

    /// Who came, and who went, since the last time.
    pub fn compare(&mut self, members: BTreeSet<u32>) -> Vec<(u32, bool)> {
        let before = std::mem::replace(&mut self.members, members);
        let changed = self.members.symmetric_difference(&before);
        changed
            .map(|node| (*node, self.members.contains(node)))
            .collect()
    }

    /// Tells whoever wants to know, by the CIB. What could not be, for the log.
    pub fn tell(&mut self, cib: &Document, event: &Event<'_>) -> Vec<String> {
        if !self.is_news(event) {
            return Vec::new();
        }
        let now = DateTime::from_epoch_s(epoch_s());
        let mut problems = Vec::new();
        for alert in alerts::alerts(cib, now, &mut Findings::default()) {
            if event.is_for(&alert) {
                self.sequence += 1;
                let command = self.command(&alert, event);
                if let Err(why) = self.run(alert.id, command, alert.timeout_ms) {
                    problems.push(why);
                }
            }
        }
        problems
    }

    /// What recurs is told when its answer is another one, and a probe that finds what was expected
    /// is not told at all.
    fn is_news(&mut self, event: &Event<'_>) -> bool {
        let Event::Operation {
            operation,
            outcome,
            expected,
        } = event
        else {
            return true;
        };
        let code = outcome.code.number();
        if operation.interval.is_zero() {
            return operation.action != "monitor" || i32::from(code) != *expected;
        }
        let key = (
            operation.resource.clone(),
            operation.action.clone(),
            operation.interval,
        );
        self.answered.insert(key, code) != Some(code)
    }

    fn command(&self, alert: &Alert<'_>, event: &Event<'_>) -> Command {
        let mut command = Command::new(alert.path);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        for name in ENVIRONMENT {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for (name, value) in alert.environment.iter() {
            command.env(name, value);
        }
        for (name, value) in variables(event, &self.me) {
            command.env(format!("CRM_alert_{name}"), value);
        }
        let now = Timestamp::now();
        let micros = now.subsec_microsecond().unsigned_abs();
        for (name, value) in [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("recipient", alert.recipient.unwrap_or_default().to_owned()),
            ("node_sequence", self.sequence.to_string()),
            ("timestamp", written(now, alert.timestamp_format)),
            ("timestamp_epoch", now.as_second().to_string()),
            ("timestamp_usec", micros.to_string()),
        ] {
            command.env(format!("CRM_alert_{name}"), value);
        }
        if let Ok(Some(user)) = nix::unistd::User::from_name(USER) {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw());
        }
        command
    }

    fn run(&self, id: &str, mut command: Command, timeout_ms: u32) -> Result<(), String> {
        let Ok(place) = Arc::clone(&self.waiting).try_acquire_owned() else {
            return Err(format!("alert {id} is not run: {MAX_WAITING} wait already"));
        };
        let running = Arc::clone(&self.running);
        tokio::spawn(async move {
            // The semaphore is never closed.
            let _turn = running.acquire().await;
            drop(place);
            if let Ok(mut child) = command.spawn() {
                let limit = Duration::from_millis(timeout_ms.into());
                // Whoever takes longer is killed when the child is dropped.
                let _ = tokio::time::timeout(limit, child.wait()).await;
            }
        });
        Ok(())
    }
}

impl Event<'_> {
    fn is_for(&self, alert: &Alert<'_>) -> bool {
        match self {
            Self::Node { .. } => alert.selection.nodes,
            Self::Fencing(_) => alert.selection.fencing,
            Self::Operation { .. } => alert.selection.resources,
        }
    }
}

/// What an agent is told of an event; `CRM_alert_` goes before each name.
fn variables(event: &Event<'_>, me: &str) -> Vec<(&'static str, String)> {
    match event {
        Event::Node {
            name,
            id,
            is_member,
        } => {
            let state = if *is_member { "member" } else { "lost" };
            vec![
                ("kind", "node".to_owned()),
                ("node", (*name).to_owned()),
                ("nodeid", id.to_string()),
                ("desc", state.to_owned()),
            ]
        }
        Event::Fencing(entry) => {
            let (code, state) = match entry.state {
                FencingState::Success => (0, "OK"),
                FencingState::Pending | FencingState::Failed => (1, "Error"),
            };
            let FencingEntry {
                target,
                action,
                client,
                origin,
                delegate,
                ..
            } = entry;
            let by = delegate.as_deref().unwrap_or("nobody");
            let desc =
                format!("Operation {action} of {target} by {by} for {client}@{origin}: {state}");
            vec![
                ("kind", "fencing".to_owned()),
                ("node", target.clone()),
                ("task", action.clone()),
                ("rc", code.to_string()),
                ("desc", desc),
            ]
        }
        Event::Operation {
            operation,
            outcome,
            expected,
        } => vec![
            ("kind", "resource".to_owned()),
            ("node", me.to_owned()),
            ("rsc", operation.resource.clone()),
            ("task", operation.action.clone()),
            ("interval", operation.interval.as_millis().to_string()),
            ("rc", outcome.code.number().to_string()),
            ("target_rc", expected.to_string()),
            ("status", outcome.status.number().to_string()),
            ("exec_time", outcome.duration.as_millis().to_string()),
            ("desc", outcome.exit_reason.clone()),
        ],
    }
}

/// The time in the alert's format; `%06N` and its like, which date(1) has, are fractions of a second.
fn written(now: Timestamp, format: &str) -> String {
    let mut format = format.to_owned();
    for digits in 1..=9 {
        format = format.replace(&format!("%0{digits}N"), &format!("%{digits}f"));
    }
    let format = format.replace("%N", "%9f");
    let now = now.to_zoned(system::local_zone::local_zone());
    jiff::fmt::strtime::format(&format, &now).unwrap_or_else(|_| now.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_is_written_as_date_would() {
        let moment: Timestamp = "2026-01-02T03:04:05.678901234Z".parse().unwrap();
        for (format, expected) in [
            (
                "%H",
                moment
                    .to_zoned(system::local_zone::local_zone())
                    .strftime("%H")
                    .to_string(),
            ),
            ("%M:%S.%06N", "04:05.678901".to_owned()),
            ("%S.%03N", "05.678".to_owned()),
            ("%N", "678901234".to_owned()),
        ] {
            assert_eq!(written(moment, format), expected, "{format}");
        }
    }
}
