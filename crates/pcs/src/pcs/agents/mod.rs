//! What agents say of themselves: their parameters and their operations' defaults.

mod machine;
mod metadata;

use std::fmt;
use std::time::Duration;

pub use machine::MachineAgents;
pub use metadata::{Metadata, MetadataError, OperationDefault, Parameter};

/// The agents of a machine.
pub trait Agents {
    /// What an agent says of itself.
    ///
    /// # Errors
    /// It is not installed, or says nothing that is understood; the reason is for people.
    fn metadata(&mut self, agent: &AgentName) -> Result<Metadata, String>;

    /// What an agent says of itself, in its own words: XML.
    ///
    /// # Errors
    /// It is not installed, or says nothing.
    fn metadata_text(&mut self, agent: &AgentName) -> Result<String, String> {
        Err(format!("what {agent} says cannot be shown here"))
    }

    /// Calls an agent on this machine, past the cluster.
    ///
    /// # Errors
    /// It could not be called, or did not end in time; the reason is for people.
    fn call(&mut self, call: &Call<'_>) -> Result<CallAnswer, String> {
        Err(format!("{} cannot be called here", call.agent))
    }

    /// The agents that are installed, in order.
    fn installed(&mut self) -> Vec<AgentName>;
}

/// An agent that is called past the cluster.
#[derive(Clone, Copy, Debug)]
pub struct Call<'c> {
    /// Which agent.
    pub agent: &'c AgentName,
    /// The resource.
    pub instance: &'c str,
    /// What it is to do: `start`, `monitor`, …
    pub action: &'c str,
    /// How thoroughly it checks (`OCF_CHECK_LEVEL`); nothing where that is its own business.
    pub level: &'c str,
    /// Its parameters.
    pub parameters: &'c [(String, String)],
    /// How long it may take.
    pub timeout: Duration,
}

/// What an agent answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallAnswer {
    /// How it ended.
    pub exit_code: u8,
    /// What it printed.
    pub output: String,
    /// What it printed on standard error.
    pub errors: String,
}

/// The full name of an agent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AgentName {
    /// `ocf`, `lsb`, `systemd`, `service` or `stonith`.
    pub standard: String,
    /// Who made it; with `ocf` alone.
    pub provider: Option<String>,
    /// Its own name.
    pub kind: String,
}

/// The standards that pcs knows.
const STANDARDS: &[&str] = &["lsb", "ocf", "service", "stonith", "systemd"];

impl AgentName {
    /// The agent of that name, if it is a full name: `STANDARD:TYPE`, `ocf:PROVIDER:TYPE` or, as it
    /// was once written, `ocf::PROVIDER:TYPE`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = match text.strip_prefix("ocf::") {
            Some(rest) => format!("ocf:{rest}"),
            None => text.to_owned(),
        };
        let parts: Vec<&str> = text.split(':').collect();
        let is_name = |it: &str| !it.is_empty() && !it.contains('/') && it != "." && it != "..";
        if !parts.iter().all(|it| is_name(it)) || !STANDARDS.contains(&parts[0]) {
            return None;
        }
        match parts.as_slice() {
            ["ocf", provider, kind] => Some(Self::new("ocf", Some(provider), kind)),
            ["ocf", ..] => None,
            [standard, kind] => Some(Self::new(standard, None, kind)),
            ["systemd", unit @ ..] => Some(Self::new("systemd", None, &unit.join(":"))),
            _ => None,
        }
    }

    /// An agent's name from its parts.
    #[must_use]
    pub fn new(standard: &str, provider: Option<&str>, kind: &str) -> Self {
        Self {
            standard: standard.to_owned(),
            provider: provider.map(str::to_owned),
            kind: kind.to_owned(),
        }
    }
}

impl fmt::Display for AgentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.provider {
            Some(provider) => write!(f, "{}:{provider}:{}", self.standard, self.kind),
            None => write!(f, "{}:{}", self.standard, self.kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, expected) in [
            ("ocf:heartbeat:IPaddr2", Some("ocf:heartbeat:IPaddr2")),
            ("ocf::heartbeat:IPaddr2", Some("ocf:heartbeat:IPaddr2")),
            ("lsb:abiquo-tomcat", Some("lsb:abiquo-tomcat")),
            ("systemd:a@b:c", Some("systemd:a@b:c")),
            ("IPaddr2", None),
            ("ocf:IPaddr2", None),
            ("ocf:a:b:c", None),
            ("lsb:../x", None),
            ("lsb:..", None),
            ("upstart:x", None),
            ("ocf::", None),
        ] {
            let found = AgentName::parse(text).map(|it| it.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        }
    }
}
