//! `ocf:pacemaker:ping`: which hosts answer, as an attribute of the node.
//!
//! A host is lost when `attempts` requests in a row, a second apart, remained without an answer for
//! `timeout` each: that is what the parameters say, and ping(8) does. A monitor asks each host once,
//! all at the same time, and is done with the first answer. A watch asks each host every second, so
//! what the parameters call lost is known at most a second later than it can be known; where the
//! kernel says that there is no way to a host at all (no route, no carrier), no request can be
//! answered, and the host is lost at once.
//!
//! ```text
//! host_list ──► Pinger (one for each host) ──► how many answer × multiplier ──► Outcome.attributes
//! ```

mod pinger;
mod watch;

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use cib::literal::parse_interval_ms;
use futures_util::future::join_all;

use crate::events::Events;
use crate::operation::Operation;
use crate::outcome::{AttributeUpdate, OcfCode, Outcome};
use crate::watch::Watch;

use pinger::{Patience, Pinger};
use watch::PingWatch;

/// The most hosts of one resource; what is above is not asked.
const MAX_HOSTS: usize = 256;

/// How long an answer may take where neither the parameters nor the operation's time say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
/// Where they say more than [`MAX_TIMEOUT`], it is this.
const LONG_TIMEOUT: Duration = Duration::from_secs(300);
const MAX_TIMEOUT: Duration = Duration::from_secs(1000);

/// The parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameters {
    state_file: PathBuf,
    name: String,
    dampening: Duration,
    hosts: Vec<String>,
    multiplier: i64,
    patience: Patience,
    failure_score: Option<i64>,
}

impl Parameters {
    fn read(operation: &Operation) -> Result<Self, String> {
        let given = |name: &str| operation.given(name);
        let number = |name: &str| match given(name) {
            Some(text) => match text.parse::<i64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(format!("{name} is a number, not '{text}'")),
            },
            None => Ok(None),
        };
        let name = given("name").unwrap_or("pingd").to_owned();
        let hosts = given("host_list").unwrap_or_default().split_whitespace();
        let hosts: Vec<_> = hosts.take(MAX_HOSTS).map(str::to_owned).collect();
        let attempts = number("attempts")?.unwrap_or(3);
        let attempts = u16::try_from(attempts.max(1)).unwrap_or(u16::MAX);
        Ok(Self {
            state_file: state_file(operation, &name),
            dampening: duration(given("dampen").unwrap_or("5s")),
            multiplier: number("multiplier")?.unwrap_or(1),
            patience: Patience {
                attempts,
                timeout: timeout(operation, hosts.len(), attempts),
            },
            failure_score: number("failure_score")?,
            name,
            hosts,
        })
    }

    fn update(&self, value: Option<String>) -> AttributeUpdate {
        AttributeUpdate {
            name: self.name.clone(),
            value,
            dampening: self.dampening,
        }
    }

    /// What it means that so many hosts answer.
    fn outcome(&self, answering: usize) -> Outcome {
        let answering = i64::try_from(answering).unwrap_or(i64::MAX);
        let score = answering.saturating_mul(self.multiplier);
        let judged = match self.failure_score {
            Some(least) if score < least => {
                let name = &self.name;
                let reason =
                    format!("{name} is {score}, less than failure_score, which is {least}");
                Outcome::done(OcfCode::Error, reason)
            }
            _ => ok(),
        };
        Outcome {
            attributes: vec![self.update(Some(score.to_string()))],
            ..judged
        }
    }
}

/// What only the script does.
pub(super) fn beyond(operation: &Operation) -> Option<String> {
    operation.given("options").map(|_| "options".to_owned())
}

/// Carries one operation out.
pub(super) async fn carry_out(operation: &Operation) -> Outcome {
    let parameters = match Parameters::read(operation) {
        Ok(parameters) => parameters,
        Err(reason) => return Outcome::done(OcfCode::NotConfigured, reason),
    };
    match operation.action.as_str() {
        "start" => start(&parameters).await,
        "stop" => stop(&parameters),
        "monitor" => monitor(&parameters).await,
        "reload-agent" => ok(),
        "validate-all" => validate(operation, &parameters),
        _ => Outcome::done(OcfCode::Unimplemented, ""),
    }
}

/// Events in place of polls: a host is lost, or back. `None` where the file that stands for the
/// resource cannot be watched.
pub(super) fn watch(events: &Events, operation: &Operation) -> Option<Watch> {
    let parameters = Parameters::read(operation).ok()?;
    PingWatch::open(events, parameters).map(Watch::new)
}

fn ok() -> Outcome {
    Outcome::done(OcfCode::Ok, "")
}

async fn start(parameters: &Parameters) -> Outcome {
    match touch(&parameters.state_file) {
        Ok(()) => ask_all(parameters).await,
        Err(error) => {
            let file = parameters.state_file.display();
            Outcome::done(OcfCode::Error, format!("{file}: {error}"))
        }
    }
}

fn stop(parameters: &Parameters) -> Outcome {
    let done = match fs::remove_file(&parameters.state_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let file = parameters.state_file.display();
            Outcome::done(OcfCode::Error, format!("{file}: {error}"))
        }
        _removed_or_absent => ok(),
    };
    Outcome {
        attributes: vec![parameters.update(None)],
        ..done
    }
}

async fn monitor(parameters: &Parameters) -> Outcome {
    if parameters.state_file.is_file() {
        ask_all(parameters).await
    } else {
        Outcome::done(OcfCode::NotRunning, "")
    }
}

/// Asks all hosts at the same time.
async fn ask_all(parameters: &Parameters) -> Outcome {
    let asked = parameters.hosts.iter().map(async |host| {
        let mut pinger = Pinger::new(host, parameters.patience);
        pinger.answers().await
    });
    let answers = join_all(asked).await;
    parameters.outcome(answers.into_iter().filter(|answers| *answers).count())
}

fn validate(operation: &Operation, parameters: &Parameters) -> Outcome {
    if parameters.hosts.is_empty() {
        return Outcome::done(
            OcfCode::NotConfigured,
            "the parameter host_list is required",
        );
    }
    let folder = parameters.state_file.parent().unwrap_or(Path::new("/"));
    let is_writable = folder
        .metadata()
        .is_ok_and(|found| found.is_dir() && !found.permissions().readonly());
    if operation.check_level == 10 && !is_writable {
        let reason = format!("{} cannot be written to", folder.display());
        return Outcome::done(OcfCode::InvalidParameter, reason);
    }
    ok()
}

fn touch(file: &Path) -> io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .map(drop)
}

fn state_file(operation: &Operation, name: &str) -> PathBuf {
    if let Some(file) = operation.given("pidfile") {
        return file.into();
    }
    let is_unique = operation
        .meta
        .get("globally-unique")
        .is_some_and(|unique| unique != "false");
    let of = if is_unique { &operation.resource } else { name };
    Path::new("/var/run").join(format!("ping-{}", of.replace('/', "_")))
}

fn duration(text: &str) -> Duration {
    Duration::from_millis(parse_interval_ms(text).into())
}

/// How long an answer may take: as it is given, or else so that the operation ends in time although
/// no host answers, one after the other.
fn timeout(operation: &Operation, hosts: usize, attempts: u16) -> Duration {
    let timeout = match operation.given("timeout") {
        Some(text) => duration(text),
        None => {
            let requests = hosts.clamp(1, MAX_HOSTS) as u32 * u32::from(attempts);
            let share = operation.timeout / requests;
            Duration::from_secs((share * 10 / 11).as_secs())
        }
    };
    if timeout.is_zero() {
        DEFAULT_TIMEOUT
    } else if timeout > MAX_TIMEOUT {
        LONG_TIMEOUT
    } else {
        timeout
    }
}

#[cfg(test)]
mod tests;
