//! A client that asks again and again at a fixed pace, never waiting for one answer before the next
//! question, and says what it saw.
//!
//! ```text
//! RunningProbe (caller) ── spawn ──► keel lab probe (on the client's node)
//!        ◄── a status line every 50 ms, one report at its end ── log
//! ```

pub(crate) mod ask;
pub(crate) mod run;
mod tally;

use std::fmt;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::clock::Nanoseconds;
use crate::handle::Node;
use crate::protocol;
use crate::{Error, Result};

/// How long a probe may take to say its first or its last word, beyond its requests' own time.
const LAST_WORD_LIMIT: Duration = Duration::from_secs(5);

/// How the logs of probes are named, before a number.
pub(crate) const LOG_PREFIX: &str = "probe-";

/// What is asked, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The question.
    pub question: Question,
    /// The time between two questions.
    pub pace: Duration,
    /// An answer later than this is a failure.
    pub timeout: Duration,
}

/// What one request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A new TCP connection and one HTTP GET on it.
    Http {
        /// Where to connect to.
        address: SocketAddr,
        /// The `Host` header.
        host: String,
        /// The path asked for.
        path: String,
    },
    /// One UDP datagram, which an echo responder (`keel lab echo`) sends back with its name.
    Echo(SocketAddr),
}

/// What a probe has seen so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this was written.
    pub at: Nanoseconds,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered.
    pub answered: u64,
    /// Requests failed.
    pub failed: u64,
    /// Since when answers have come without a longer pause than [`tally::PAUSE`]; `None` while
    /// none come.
    pub steady_since: Option<Nanoseconds>,
}

/// What a probe saw from its first request to its last answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// When the first request was sent.
    pub started: Nanoseconds,
    /// When the last request was sent.
    pub stopped: Nanoseconds,
    /// Requests sent.
    pub sent: u64,
    /// Requests answered in time, with a status below 500.
    pub answered: u64,
    /// All others; `sent` = `answered` + `failed`.
    pub failed: u64,
    /// The failures by their kind.
    pub failures: Failures,
    /// Requests that failed among those sent from [`Report::started`] on, each with when it was
    /// sent; at most [`tally::MAX_MOMENTS`].
    pub failed_sent_at: Vec<Nanoseconds>,
    /// The longest time without an answer, in nanoseconds.
    pub longest_gap: Nanoseconds,
    /// When that gap began.
    pub longest_gap_began: Nanoseconds,
    /// Who answered from when, each time it was another one; at most [`tally::MAX_MOMENTS`].
    pub answered_by: Vec<(Nanoseconds, String)>,
}

/// Why requests failed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failures {
    /// The connection was refused.
    pub refused: u64,
    /// The connection broke before the answer was whole.
    pub broken: u64,
    /// No whole answer in time.
    pub late: u64,
    /// A status of 500 or above.
    pub status: u64,
    /// Anything else, such as no route to the address.
    pub other: u64,
}

impl fmt::Display for Failures {
    /// Such as `3 refused, 1 late`; nothing where there were none.
    fn fmt(&self, text: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            (self.refused, "refused"),
            (self.broken, "broken off"),
            (self.late, "late"),
            (self.status, "answered 5xx"),
            (self.other, "without a way"),
        ];
        let mut separator = "";
        for (count, kind) in kinds.into_iter().filter(|(count, _)| *count > 0) {
            write!(text, "{separator}{count} {kind}")?;
            separator = ", ";
        }
        Ok(())
    }
}

/// A probe at work.
pub struct RunningProbe {
    node: Node,
    name: String,
    timeout: Duration,
}

impl RunningProbe {
    pub(crate) fn start(node: Node, number: u32, target: &Target) -> Result<Self> {
        let name = format!("{LOG_PREFIX}{number}");
        let mut argv = vec!["keel".to_owned(), "lab".to_owned(), "probe".to_owned()];
        argv.extend(arguments(target));
        node.spawn(&name, &argv)?;
        let probe = Self {
            node,
            name,
            timeout: target.timeout,
        };
        probe.first_word()?;
        Ok(probe)
    }

    fn first_word(&self) -> Result<()> {
        let step = Duration::from_millis(5);
        for _ in 0..LAST_WORD_LIMIT.as_millis() / step.as_millis() {
            if self.status()?.is_some() {
                return Ok(());
            }
            thread::sleep(step);
        }
        Err(Error::TooLate {
            what: "the probe's start".to_owned(),
            limit_ms: u64::try_from(LAST_WORD_LIMIT.as_millis()).unwrap_or(u64::MAX),
        })
    }

    /// The latest word of the probe.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn status(&self) -> Result<Option<Status>> {
        let log = self.node.log(&self.name)?;
        let whole_lines = log.rfind('\n').map_or("", |end| &log[..end]);
        Ok(whole_lines
            .lines()
            .rev()
            .find_map(|line| serde_json::from_str(line).ok()))
    }

    /// Stops asking, waits for the answers still under way, and returns what was seen.
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`] where the probe does not end, [`Error::Refused`] where it failed.
    pub fn stop(self) -> Result<Report> {
        let target = protocol::Target::Command(self.name.clone());
        self.node.signal(&target, Signal::SIGTERM)?;
        self.node
            .wait_for_end(&self.name, self.timeout + LAST_WORD_LIMIT)?;
        // The end is known a moment before the log's last line is copied.
        for _ in 0..100 {
            let log = self.node.log(&self.name)?;
            let report = log.lines().rev().find_map(|l| serde_json::from_str(l).ok());
            if let Some(report) = report {
                return Ok(report);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Err(Error::Refused {
            what: "probe".to_owned(),
            reason: self.node.log(&self.name)?,
        })
    }
}

/// The command line that [`run::parse`] reads back.
fn arguments(target: &Target) -> Vec<String> {
    let mut words = match &target.question {
        Question::Http {
            address,
            host,
            path,
        } => vec![
            "--http".to_owned(),
            address.to_string(),
            "--host".to_owned(),
            host.clone(),
            "--path".to_owned(),
            path.clone(),
        ],
        Question::Echo(address) => vec!["--udp".to_owned(), address.to_string()],
    };
    words.extend([
        "--pace-us".to_owned(),
        target.pace.as_micros().to_string(),
        "--timeout-ms".to_owned(),
        target.timeout.as_millis().to_string(),
    ]);
    words
}
