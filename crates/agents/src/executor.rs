//! The way of an operation to its agent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Instant, SystemTime};

use system::process::{Exit, Signal};

use crate::folders::AgentFolders;
use crate::lsb;
use crate::name::Standard;
use crate::ocf;
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::process_group::{Ended, Run};

/// What is the same for all operations on this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Where the agents are.
    pub folders: AgentFolders,
    /// A folder with `crm_attribute`, `attrd_updater` and their like: the first in the agents' `PATH`,
    /// and their `HA_SBIN_DIR`.
    pub commands: Option<PathBuf>,
    /// Further variables for agents, such as the cluster's `PCMK_*` and `HA_*`. They go before our
    /// own.
    pub environment: BTreeMap<String, String>,
}

/// Carries out operations on this machine.
#[derive(Debug, Clone, Default)]
pub struct Executor {
    settings: Settings,
}

impl Executor {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// Where the agents are.
    #[must_use]
    pub fn folders(&self) -> &AgentFolders {
        &self.settings.folders
    }

    /// Carries out one operation. It ends within the operation's timeout, the
    /// [grace](crate::TERMINATION_GRACE) and the [limit](crate::KILL_LIMIT) for a process that cannot be
    /// killed. Dropped before that: what was started for it is killed.
    ///
    /// Call it inside a tokio runtime. Operations of one resource are the caller's to order; others
    /// may go on at the same time.
    pub async fn carry_out(&self, operation: &Operation) -> Outcome {
        let (started_at, begun) = (SystemTime::now(), Instant::now());
        let outcome = match operation.unfit() {
            Some(reason) => Outcome::done(OcfCode::InvalidParameter, reason),
            None => self.dispatch(operation).await,
        };
        Outcome {
            started_at,
            duration: begun.elapsed(),
            ..outcome
        }
    }

    async fn dispatch(&self, operation: &Operation) -> Outcome {
        let settings = &self.settings;
        match operation.agent.standard() {
            Standard::Ocf => ocf::carry_out(settings, operation).await,
            Standard::Lsb => lsb::carry_out(settings, operation).await,
            Standard::Systemd => no_systemd(operation),
            Standard::Service => match settings.folders.resolve_service(&operation.agent) {
                Some(agent) if agent.standard() == Standard::Lsb => {
                    let operation = Operation {
                        agent,
                        ..operation.clone()
                    };
                    lsb::carry_out(settings, &operation).await
                }
                Some(_) => no_systemd(operation),
                None => not_installed(&format!(
                    "there is no init script and no unit of systemd named '{}'",
                    operation.agent.agent()
                )),
            },
        }
    }
}

/// The outcome of an agent that does not exist.
pub(crate) fn not_installed(reason: &str) -> Outcome {
    Outcome::immediate(
        OcfCode::NotInstalled,
        ExecutionStatus::NotInstalled,
        reason.to_owned(),
    )
}

fn no_systemd(operation: &Operation) -> Outcome {
    Outcome::immediate(
        OcfCode::NotInstalled,
        ExecutionStatus::NotInstalled,
        format!(
            "'{}' needs systemd, which does not run this machine",
            operation.agent
        ),
    )
}

/// What the end of a script means; `meaning` says what its exit code stands for.
pub(crate) fn outcome_of(
    run: Run,
    operation: &Operation,
    meaning: impl FnOnce(u8) -> OcfCode,
) -> Outcome {
    let (code, status, reason) = match run.ended {
        Ended::Exit(Exit::Code(number)) => {
            let number = u8::try_from(number).unwrap_or(u8::MAX);
            (meaning(number), ExecutionStatus::Done, None)
        }
        Ended::Exit(Exit::Signal(number)) => {
            let signal = Signal::try_from(number)
                .map_or_else(|_| number.to_string(), |signal| signal.to_string());
            let reason = format!("the agent was ended by {signal}");
            (OcfCode::Error, ExecutionStatus::Error, Some(reason))
        }
        Ended::TimedOut { gone } => {
            let stuck = if gone {
                ""
            } else {
                ", and cannot be killed: it is stuck in the kernel"
            };
            let reason = format!(
                "{} did not complete within {:?}{stuck}",
                operation.action, operation.timeout
            );
            (OcfCode::Error, ExecutionStatus::Timeout, Some(reason))
        }
        Ended::NotRun(error) => {
            let (code, status) = match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                    (OcfCode::NotInstalled, ExecutionStatus::NotInstalled)
                }
                std::io::ErrorKind::PermissionDenied => {
                    (OcfCode::InsufficientPrivileges, ExecutionStatus::Error)
                }
                _ => (OcfCode::Error, ExecutionStatus::Error),
            };
            let reason = format!("'{}' cannot be run: {error}", operation.agent);
            (code, status, Some(reason))
        }
    };
    Outcome {
        exit_reason: reason.or(run.exit_reason).unwrap_or_default(),
        output: run.output,
        error_output: run.error_output,
        ..Outcome::immediate(code, status, "")
    }
}
