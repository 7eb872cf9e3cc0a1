//! The way of an operation to its agent.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use system::process::{Exit, Signal};

use crate::events::Events;
use crate::folders::AgentFolders;
use crate::lsb;
use crate::metadata::{Metadata, MetadataError};
use crate::name::{AgentName, Standard};
use crate::native::{self, Choice};
use crate::ocf;
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::process_group::{Ended, Run};
use crate::systemd;
use crate::watch::Watch;

/// How long an agent may take to describe itself, as in Pacemaker.
pub const METADATA_TIMEOUT: Duration = Duration::from_secs(30);

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
    /// A program that is a balancer with `haproxy` as its first argument: what `ocf:heartbeat:haproxy`
    /// runs where no HAProxy is installed.
    pub balancer: Option<PathBuf>,
    /// The D-Bus address of systemd; without one, that of the machine's system bus.
    pub system_bus: Option<String>,
}

/// Carries out operations on this machine.
///
/// Copies share what watches need of the kernel.
#[derive(Debug, Clone, Default)]
pub struct Executor {
    settings: Settings,
    events: Arc<Events>,
}

impl Executor {
    /// With those settings.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            events: Arc::default(),
        }
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

    /// What an agent says of itself.
    ///
    /// # Errors
    /// [`MetadataError`]: there is no such agent, it fails, takes longer than [`METADATA_TIMEOUT`], or
    /// does not print metadata.
    pub async fn metadata(&self, agent: &AgentName) -> Result<Metadata, MetadataError> {
        Metadata::parse(&self.metadata_text(agent).await?)
    }

    /// The same as the XML that the agent prints, unread.
    ///
    /// # Errors
    /// [`MetadataError::Failed`].
    pub async fn metadata_text(&self, agent: &AgentName) -> Result<String, MetadataError> {
        let name = agent.agent().to_owned();
        let operation = Operation::new(agent.clone(), name, "meta-data", METADATA_TIMEOUT);
        let outcome = self.carry_out(&operation).await;
        if outcome.code == OcfCode::Ok && outcome.status == ExecutionStatus::Done {
            Ok(outcome.output)
        } else {
            Err(MetadataError::Failed(Box::new(outcome)))
        }
    }

    /// Events in place of the polls of a monitor: `operation` is that monitor. `None` where the agent
    /// has no events (scripts have none) or the kernel gives none: the resource has to be polled.
    ///
    /// Call it inside a tokio runtime.
    #[must_use]
    pub fn watch(&self, operation: &Operation) -> Option<Watch> {
        match operation.agent.standard() {
            Standard::Ocf => match self.choose(operation) {
                Choice::Native(native) => native.watch(&self.settings, &self.events, operation),
                Choice::Script | Choice::Nobody(_) => None,
            },
            Standard::Systemd => systemd::watch(&self.settings, self.events.units(), operation),
            Standard::Service => {
                let agent = self.settings.folders.resolve_service(&operation.agent)?;
                let operation = Operation {
                    agent,
                    ..operation.clone()
                };
                self.watch(&operation)
            }
            Standard::Lsb => None,
        }
    }

    fn choose(&self, operation: &Operation) -> Choice {
        let script = self.settings.folders.script(&operation.agent);
        native::choose(operation, script.is_some_and(|script| script.is_file()))
    }

    async fn dispatch(&self, operation: &Operation) -> Outcome {
        let settings = &self.settings;
        match operation.agent.standard() {
            Standard::Ocf => match self.choose(operation) {
                Choice::Native(native) => native.carry_out(settings, operation).await,
                Choice::Script => ocf::carry_out(settings, operation).await,
                Choice::Nobody(reason) => Outcome::done(OcfCode::NotConfigured, reason),
            },
            Standard::Lsb => lsb::carry_out(settings, operation).await,
            Standard::Systemd => systemd::carry_out(settings, operation).await,
            Standard::Service => match settings.folders.resolve_service(&operation.agent) {
                Some(agent) => {
                    let operation = Operation {
                        agent,
                        ..operation.clone()
                    };
                    if operation.agent.standard() == Standard::Lsb {
                        lsb::carry_out(settings, &operation).await
                    } else {
                        systemd::carry_out(settings, &operation).await
                    }
                }
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
