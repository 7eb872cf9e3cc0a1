//! Agents that are part of this program, in place of the script of the same name: the same
//! parameters, results and metadata, in a millisecond instead of a shell's fifty.
//!
//! ```text
//! Operation ──► choose ──┬─► native agent ──► system (netlink, ARP, files) ──► Outcome
//!                        └─► the script: asked for, or something that only it can do
//! ```
//!
//! What an agent does on the machine is the same either way, so a resource that one of them started
//! can be watched and stopped by the other.

mod apache;
mod daemon;
mod dummy;
mod file_watch;
mod filesystem;
mod haproxy;
mod ipaddr2;
mod ping;
mod programs;
mod values;

use std::time::Duration;

use diagnostics::nearest;

use crate::events::Events;
use crate::executor::Settings;
use crate::name::{AgentName, Standard, did_you_mean};
use crate::operation::Operation;
use crate::outcome::{ExecutionStatus, OcfCode, Outcome};
use crate::watch::Watch;

/// The meta attribute of a resource by which an operator chooses between the native agent and the
/// script of the same name: `automatic` (the default), `native` or `script`.
pub const IMPLEMENTATION_ATTRIBUTE: &str = "agent-implementation";

/// What [`IMPLEMENTATION_ATTRIBUTE`] can be.
const CHOICES: [&str; 3] = ["automatic", "native", "script"];

/// An agent that is part of this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Native {
    Apache,
    HeartbeatDummy,
    PacemakerDummy,
    Filesystem,
    Haproxy,
    Ipaddr2,
    Ping,
}

/// Who carries an operation out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    Native(Native),
    Script,
    /// Nobody can: the reason.
    Nobody(String),
}

impl Native {
    const ALL: [(Self, &str, &str); 7] = [
        (Self::HeartbeatDummy, "heartbeat", "Dummy"),
        (Self::Filesystem, "heartbeat", "Filesystem"),
        (Self::Ipaddr2, "heartbeat", "IPaddr2"),
        (Self::Apache, "heartbeat", "apache"),
        (Self::Haproxy, "heartbeat", "haproxy"),
        (Self::PacemakerDummy, "pacemaker", "Dummy"),
        (Self::Ping, "pacemaker", "ping"),
    ];

    /// The names of all, sorted.
    pub(crate) fn names() -> impl Iterator<Item = AgentName> {
        Self::ALL.into_iter().map(|(_, provider, agent)| {
            AgentName::ocf(provider, agent).expect("the names in the table are names")
        })
    }

    /// The native agent of that name.
    pub(crate) fn of(name: &AgentName) -> Option<Self> {
        if name.standard() != Standard::Ocf {
            return None;
        }
        Self::ALL
            .into_iter()
            .find(|(_, provider, agent)| {
                name.provider() == Some(*provider) && name.agent() == *agent
            })
            .map(|(native, ..)| native)
    }

    /// What it says of itself. What depends on this machine is filled in.
    fn metadata(self) -> String {
        let text = match self {
            Self::Apache => include_str!("native/apache.xml"),
            Self::HeartbeatDummy => include_str!("native/dummy-heartbeat.xml"),
            Self::PacemakerDummy => include_str!("native/dummy-pacemaker.xml"),
            Self::Filesystem => include_str!("native/filesystem.xml"),
            Self::Haproxy => include_str!("native/haproxy.xml"),
            Self::Ipaddr2 => include_str!("native/ipaddr2.xml"),
            Self::Ping => include_str!("native/ping.xml"),
        };
        text.replace("@configfile@", apache::default_configuration())
    }

    /// What the operation asks for that only the script can do.
    fn beyond(self, operation: &Operation) -> Option<String> {
        match self {
            Self::Apache | Self::HeartbeatDummy | Self::Filesystem => None,
            Self::PacemakerDummy => dummy::beyond(operation),
            Self::Haproxy => haproxy::beyond(operation),
            Self::Ipaddr2 => ipaddr2::beyond(operation),
            Self::Ping => ping::beyond(operation),
        }
    }

    /// Carries the operation out within its time.
    pub(crate) async fn carry_out(self, settings: &Settings, operation: &Operation) -> Outcome {
        if operation.action == "meta-data" {
            return Outcome {
                output: self.metadata(),
                ..Outcome::done(OcfCode::Ok, "")
            };
        }
        let work = async {
            match self {
                Self::HeartbeatDummy => dummy::heartbeat(settings, operation),
                Self::PacemakerDummy => dummy::pacemaker(operation).await,
                Self::Apache => apache::carry_out(settings, operation).await,
                Self::Filesystem => filesystem::carry_out(settings, operation).await,
                Self::Haproxy => haproxy::carry_out(settings, operation).await,
                Self::Ipaddr2 => ipaddr2::carry_out(operation).await,
                Self::Ping => ping::carry_out(operation).await,
            }
        };
        match tokio::time::timeout(operation.timeout, work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => timed_out(&operation.action, operation.timeout),
        }
    }

    /// Events in place of the polls of a monitor, where the agent has them.
    pub(crate) fn watch(
        self,
        settings: &Settings,
        events: &Events,
        operation: &Operation,
    ) -> Option<Watch> {
        match self {
            Self::HeartbeatDummy => dummy::watch_heartbeat(settings, events, operation),
            Self::PacemakerDummy => dummy::watch_pacemaker(events, operation),
            Self::Apache => Some(apache::watch(settings, operation)),
            Self::Filesystem => filesystem::watch(events, operation),
            Self::Haproxy => Some(haproxy::watch(settings, operation)),
            Self::Ipaddr2 => ipaddr2::watch(events, operation),
            Self::Ping => ping::watch(events, operation),
        }
    }
}

fn timed_out(action: &str, limit: Duration) -> Outcome {
    Outcome::immediate(
        OcfCode::Error,
        ExecutionStatus::Timeout,
        format!("{action} did not complete within {limit:?}"),
    )
}

/// Who carries that operation out; `has_script` says whether the script is installed.
pub(crate) fn choose(operation: &Operation, has_script: bool) -> Choice {
    let wanted = operation.meta.get(IMPLEMENTATION_ATTRIBUTE);
    let wanted = wanted.map_or("automatic", String::as_str);
    if !CHOICES.contains(&wanted) {
        return Choice::Nobody(format!(
            "{IMPLEMENTATION_ATTRIBUTE} is automatic, native or script, not '{wanted}'{}",
            did_you_mean(nearest(wanted, CHOICES))
        ));
    }
    let Some(native) = Native::of(&operation.agent) else {
        return if wanted == "native" {
            Choice::Nobody(format!("there is no native agent '{}'", operation.agent))
        } else {
            Choice::Script
        };
    };
    if wanted == "script" {
        return Choice::Script;
    }
    match native.beyond(operation) {
        None => Choice::Native(native),
        Some(_) if wanted == "automatic" && has_script => Choice::Script,
        Some(what) => Choice::Nobody(format!(
            "the native agent '{}' does not do {what}; the script of that name does",
            operation.agent
        )),
    }
}

#[cfg(test)]
mod tests;
