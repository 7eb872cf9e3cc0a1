//! `ocf:heartbeat:haproxy`: a balancer as a process of its own, known by its pid file. The program is
//! HAProxy or anything with its command line, this one under that name included.
//!
//! ```text
//! start ──► PROGRAM -D -f CONFIGURATION -p PIDFILE ──► pid file ──► Daemon (pidfd) ──► watch
//! ```

use std::io;
use std::path::Path;
use std::time::Duration;

use system::process::{Exit, Signal};
use tokio::time::{Instant, sleep, timeout_at};

use crate::executor::Settings;
use crate::ocf::base_environment;
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::process_group::{Ended, Run, run};
use crate::watch::{Waiting, Watch, Watching};

use super::daemon::{Daemon, ended, has_argument, wait_for_end};

/// How often is looked for the pid file of a balancer that is starting.
const START_PACE: Duration = Duration::from_millis(5);

/// Of a stop's time, how many quarters go by before `SIGKILL`: the last one is for what follows it.
const QUARTERS_FOR_SIGTERM: u32 = 3;

/// This program's name, and its first word by which it is a balancer.
const OWN_NAME: &str = "keel";
const PERSONALITY: &str = "haproxy";

/// The parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Parameters {
    program: String,
    /// What the program is to be, where it can be more than a balancer.
    personality: Option<&'static str>,
    configuration: String,
    pid_file: String,
    /// Further arguments.
    arguments: Vec<String>,
}

impl Parameters {
    fn read(settings: &Settings, operation: &Operation) -> Self {
        let given = |name, default: &str| operation.given(name).unwrap_or(default).to_owned();
        let arguments = operation.given("extraconf").unwrap_or_default();
        let wanted = given("binpath", "/usr/sbin/haproxy");
        let program = match &settings.balancer {
            Some(own) if is_missing_haproxy(Path::new(&wanted)) => own.display().to_string(),
            _ => wanted,
        };
        let is_own = settings.balancer.as_deref() == Some(Path::new(&program))
            || Path::new(&program).ends_with(OWN_NAME);
        Self {
            personality: is_own.then_some(PERSONALITY),
            program,
            configuration: given("conffile", "/etc/haproxy/haproxy.cfg"),
            pid_file: given("pidfile", "/var/run/haproxy.pid"),
            arguments: arguments.split_whitespace().map(str::to_owned).collect(),
        }
    }

    /// The process that runs, if one does.
    fn running(&self) -> io::Result<Option<Daemon>> {
        let is_ours = |_, arguments: &[u8]| has_argument(arguments, &self.configuration);
        Daemon::find(Path::new(&self.pid_file), is_ours)
    }

    /// Runs the program with the configuration and those arguments until it has gone to the
    /// background or ended.
    async fn run(&self, settings: &Settings, operation: &Operation, more: &[&str]) -> Run {
        let configuration = ["-f", self.configuration.as_str()];
        let own = self.arguments.iter().map(String::as_str);
        let personality = self.personality.into_iter();
        let arguments: Vec<_> = personality
            .chain(more.iter().copied())
            .chain(configuration)
            .chain(own)
            .collect();
        let environment = base_environment(settings);
        let program = Path::new(&self.program);
        run(program, &arguments, &environment, operation.timeout).await
    }
}

/// No HAProxy is installed: this program is one, too.
fn is_missing_haproxy(wanted: &Path) -> bool {
    wanted.ends_with(PERSONALITY) && !wanted.exists()
}

/// What only the script does.
pub(super) fn beyond(operation: &Operation) -> Option<String> {
    operation.given("statusurl").map(|_| "statusurl".to_owned())
}

/// Carries one operation out.
pub(super) async fn carry_out(settings: &Settings, operation: &Operation) -> Outcome {
    let parameters = Parameters::read(settings, operation);
    let done = match operation.action.as_str() {
        "start" => start(settings, operation, &parameters).await,
        "stop" => stop(operation, &parameters).await,
        "reload" => reload(settings, operation, &parameters).await,
        "monitor" | "status" => monitor(operation, &parameters),
        "validate-all" => Ok(validate(settings, operation, &parameters).await),
        _ => Ok(Outcome::done(OcfCode::Unimplemented, "")),
    };
    done.unwrap_or_else(|error| Outcome::done(OcfCode::Error, error.to_string()))
}

/// Events in place of polls: the process ends.
pub(super) fn watch(settings: &Settings, operation: &Operation) -> Watch {
    Watch::new(ProcessWatch {
        parameters: Parameters::read(settings, operation),
        monitor: operation.clone(),
    })
}

/// A watch over a balancer's process.
#[derive(Debug)]
struct ProcessWatch {
    parameters: Parameters,
    monitor: Operation,
}

impl ProcessWatch {
    /// Waits until no process runs: one that was replaced by a reload does.
    async fn failed(&mut self) -> Outcome {
        loop {
            let failed = |error: io::Error| Outcome::done(OcfCode::Error, error.to_string());
            match self.parameters.running() {
                Ok(Some(balancer)) => {
                    if let Err(error) = balancer.ended().await {
                        return failed(error);
                    }
                }
                Ok(None) => {
                    return monitor(&self.monitor, &self.parameters).unwrap_or_else(failed);
                }
                Err(error) => return failed(error),
            }
        }
    }
}

impl Watching for ProcessWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.failed())
    }
}

async fn start(
    settings: &Settings,
    operation: &Operation,
    parameters: &Parameters,
) -> io::Result<Outcome> {
    if parameters.running()?.is_some() {
        return Ok(Outcome::done(OcfCode::Ok, ""));
    }
    let arguments = ["-D", "-p", parameters.pid_file.as_str()];
    let run = parameters.run(settings, operation, &arguments).await;
    if let Some(failed) = failure(run, parameters) {
        return Ok(failed);
    }
    // The time of the whole operation is the limit.
    while parameters.running()?.is_none() {
        sleep(START_PACE).await;
    }
    Ok(Outcome::done(OcfCode::Ok, ""))
}

async fn stop(operation: &Operation, parameters: &Parameters) -> io::Result<Outcome> {
    if let Some(balancer) = parameters.running()? {
        let workers = balancer.workers();
        balancer.signal(Signal::SIGTERM)?;
        let patience = operation.timeout / 4 * QUARTERS_FOR_SIGTERM;
        if timeout_at(Instant::now() + patience, balancer.ended())
            .await
            .is_err()
        {
            balancer.signal(Signal::SIGKILL)?;
            balancer.ended().await?;
        }
        for worker in workers {
            // It ends with the one that started it, unless that one had to be killed.
            worker.signal(Signal::SIGKILL).or_else(ended)?;
            wait_for_end(worker).await?;
        }
    }
    match std::fs::remove_file(&parameters.pid_file) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _removed_or_absent => Ok(Outcome::done(OcfCode::Ok, "")),
    }
}

/// Starts a successor that takes the sockets over and lets the one before finish its connections.
async fn reload(
    settings: &Settings,
    operation: &Operation,
    parameters: &Parameters,
) -> io::Result<Outcome> {
    let Some(balancer) = parameters.running()? else {
        return monitor(operation, parameters);
    };
    let before = balancer.pid().to_string();
    let arguments = ["-D", "-p", &parameters.pid_file, "-sf", &before];
    let run = parameters.run(settings, operation, &arguments).await;
    Ok(failure(run, parameters).unwrap_or_else(|| Outcome::done(OcfCode::Ok, "")))
}

fn monitor(operation: &Operation, parameters: &Parameters) -> io::Result<Outcome> {
    if parameters.running()?.is_some() {
        return Ok(Outcome::done(OcfCode::Ok, ""));
    }
    let reason = if operation.is_probe() {
        String::new()
    } else {
        format!("no process of {} runs", parameters.pid_file)
    };
    Ok(Outcome::done(OcfCode::NotRunning, reason))
}

async fn validate(settings: &Settings, operation: &Operation, parameters: &Parameters) -> Outcome {
    let run = parameters.run(settings, operation, &["-c"]).await;
    match failure(run, parameters) {
        Some(refused) if refused.code == OcfCode::Error => Outcome {
            code: OcfCode::NotConfigured,
            ..refused
        },
        Some(other) => other,
        None => Outcome::done(OcfCode::Ok, ""),
    }
}

/// What went wrong with a run of the program, in its own last words.
fn failure(run: Run, parameters: &Parameters) -> Option<Outcome> {
    let program = &parameters.program;
    let (code, status, reason) = match &run.ended {
        Ended::Exit(exit) if exit.success() => return None,
        Ended::Exit(exit @ Exit::Code(_)) => {
            let mut words = run.error_output.lines().map(str::trim);
            let last = words.rfind(|line| !line.is_empty()).map(str::to_owned);
            let reason = last.unwrap_or_else(|| format!("{program}: {exit}"));
            (OcfCode::Error, ExecutionStatus::Done, reason)
        }
        Ended::Exit(exit @ Exit::Signal(_)) => {
            let reason = format!("{program}: {exit}");
            (OcfCode::Error, ExecutionStatus::Done, reason)
        }
        Ended::TimedOut { .. } => {
            let reason = format!("{program} did not go to the background in time");
            (OcfCode::Error, ExecutionStatus::Timeout, reason)
        }
        Ended::NotRun(error) => {
            let reason = format!("{program} cannot be run: {error}");
            (OcfCode::NotInstalled, ExecutionStatus::Done, reason)
        }
    };
    Some(Outcome {
        output: run.output,
        error_output: run.error_output,
        ..Outcome::immediate(code, status, reason)
    })
}

#[cfg(test)]
mod tests;
