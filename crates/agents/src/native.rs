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

mod dummy;
pub(crate) mod haproxy;
pub(crate) mod ipaddr2;
mod values;

use std::time::Duration;

use diagnostics::nearest;

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
    HeartbeatDummy,
    PacemakerDummy,
    Haproxy,
    Ipaddr2,
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
    const ALL: [(Self, &str, &str); 4] = [
        (Self::HeartbeatDummy, "heartbeat", "Dummy"),
        (Self::Ipaddr2, "heartbeat", "IPaddr2"),
        (Self::Haproxy, "heartbeat", "haproxy"),
        (Self::PacemakerDummy, "pacemaker", "Dummy"),
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

    fn metadata(self) -> &'static str {
        match self {
            Self::HeartbeatDummy => include_str!("native/dummy-heartbeat.xml"),
            Self::PacemakerDummy => include_str!("native/dummy-pacemaker.xml"),
            Self::Haproxy => include_str!("native/haproxy.xml"),
            Self::Ipaddr2 => include_str!("native/ipaddr2.xml"),
        }
    }

    /// What the operation asks for that only the script can do.
    fn beyond(self, operation: &Operation) -> Option<String> {
        match self {
            Self::HeartbeatDummy => None,
            Self::PacemakerDummy => dummy::beyond(operation),
            Self::Haproxy => haproxy::beyond(operation),
            Self::Ipaddr2 => ipaddr2::beyond(operation),
        }
    }

    /// Carries the operation out within its time.
    pub(crate) async fn carry_out(self, settings: &Settings, operation: &Operation) -> Outcome {
        if operation.action == "meta-data" {
            return Outcome {
                output: self.metadata().to_owned(),
                ..Outcome::done(OcfCode::Ok, "")
            };
        }
        let work = async {
            match self {
                Self::HeartbeatDummy => dummy::heartbeat(settings, operation),
                Self::PacemakerDummy => dummy::pacemaker(operation).await,
                Self::Haproxy => haproxy::carry_out(settings, operation).await,
                Self::Ipaddr2 => ipaddr2::carry_out(operation).await,
            }
        };
        match tokio::time::timeout(operation.timeout, work).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => timed_out(&operation.action, operation.timeout),
        }
    }

    /// Events in place of the polls of a monitor, where the agent has them.
    pub(crate) fn watch(self, operation: &Operation) -> Option<Watch> {
        match self {
            Self::HeartbeatDummy | Self::PacemakerDummy => None,
            Self::Haproxy => Some(haproxy::watch(operation)),
            Self::Ipaddr2 => ipaddr2::watch(operation),
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
