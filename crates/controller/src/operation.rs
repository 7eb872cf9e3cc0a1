//! Operations of resources, and what comes of them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::action::Agent;

/// Which action of which transition an operation is: `ACTION:TRANSITION:EXPECTED:CONTROLLER`, as the
/// history keeps it. It says later whether a result is the one that is awaited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TransitionKey {
    /// The action's number in its graph.
    pub action: u32,
    /// The transition's number, rising on each coordinator.
    pub transition: u64,
    /// What the agent is expected to answer.
    pub expected: i32,
    /// The coordinator: another one for each life of each node.
    pub controller: String,
}

/// What is no transition key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a transition key is ACTION:TRANSITION:EXPECTED:CONTROLLER")]
pub struct KeyError;

impl fmt::Display for TransitionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            transition,
            expected,
            controller,
        } = self;
        write!(f, "{action}:{transition}:{expected}:{controller}")
    }
}

impl FromStr for TransitionKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut parts = text.splitn(4, ':');
        let mut part = || parts.next().ok_or(KeyError);
        Ok(Self {
            action: part()?.parse().map_err(|_| KeyError)?,
            transition: part()?.parse().map_err(|_| KeyError)?,
            expected: part()?.parse().map_err(|_| KeyError)?,
            controller: part()?.to_owned(),
        })
    }
}

impl TryFrom<String> for TransitionKey {
    type Error = KeyError;

    fn try_from(text: String) -> Result<Self, KeyError> {
        text.parse()
    }
}

impl From<TransitionKey> for String {
    fn from(key: TransitionKey) -> Self {
        key.to_string()
    }
}

/// What an agent is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// Which action it is.
    pub key: TransitionKey,
    /// The resource, as history names it.
    pub resource: String,
    /// Whose it is.
    pub agent: Agent,
    /// What is to be done: `start`, `stop`, `monitor` …
    pub task: String,
    /// How often it recurs, in milliseconds; 0 for once.
    pub interval_ms: u32,
    /// How long the agent may take.
    pub timeout: Duration,
    /// How long to wait before.
    pub start_delay: Duration,
    /// The agent's parameters, and the cluster's own (`CRM_meta_…`).
    pub parameters: BTreeMap<String, String>,
}

impl Operation {
    /// The cluster's own parameter `CRM_meta_NAME`.
    #[must_use]
    pub fn meta(&self, name: &str) -> Option<&str> {
        let value = self.parameters.get(&format!("CRM_meta_{name}"));
        value.map(String::as_str)
    }

    /// The digest of the parameters that count: where they change, the resource is restarted, or the
    /// recurring operation begun anew.
    #[must_use]
    pub fn digest(&self) -> String {
        let counts = |name: &str| {
            !cib::digest::is_left_out(name) || (self.interval_ms > 0 && name == "CRM_meta_timeout")
        };
        let parameters = self.parameters.iter();
        let counted = parameters.filter(|(name, _)| counts(name));
        cib::digest::of_parameters(counted.map(|(name, value)| (name.as_str(), value.as_str())))
    }
}

/// How carrying out an operation went (`op-status`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The agent answered.
    Done,
    /// It was called off.
    Cancelled,
    /// It took longer than it may.
    TimedOut,
    /// It cannot be done here.
    NotSupported,
    /// The agent could not be called.
    Error,
    /// The agent is not installed.
    NotInstalled,
}

impl Outcome {
    /// As the history writes it.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Done => 0,
            Self::Cancelled => 1,
            Self::TimedOut => 2,
            Self::NotSupported => 3,
            Self::Error => 4,
            Self::NotInstalled => 7,
        }
    }
}

/// What an agent answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationResult {
    /// How it went.
    pub outcome: Outcome,
    /// The agent's exit code (OCF).
    pub code: i32,
    /// Why it failed, in the agent's words (`ocf-exit-reason`).
    pub reason: String,
    /// How long it took.
    pub took: Duration,
}

impl OperationResult {
    /// An agent's answer, at once.
    #[must_use]
    pub fn done(code: i32) -> Self {
        Self {
            outcome: Outcome::Done,
            code,
            reason: String::new(),
            took: Duration::ZERO,
        }
    }

    /// A failure (`OCF_ERR_GENERIC`), and why.
    #[must_use]
    pub fn failed(reason: String) -> Self {
        Self {
            reason,
            ..Self::done(1)
        }
    }

    /// Whether it is what was expected.
    #[must_use]
    pub fn is_as_expected(&self, key: &TransitionKey) -> bool {
        self.outcome == Outcome::Done && self.code == key.expected
    }
}
