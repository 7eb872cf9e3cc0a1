//! What nodes say to each other of fencing: never a parameter of a device.

use std::time::Duration;

use bytes::Bytes;
use fencing::{Action, CallResult, Device, Entry, Goal, Metadata, Status};
use serde::{Deserialize, Serialize};

/// How long a message may be, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// To one node: call a device's agent.
    Call(Call),
    /// To one node: the sender waits no longer for a call.
    Cancel {
        /// The node.
        node: String,
        /// The sender's number of the call.
        number: u64,
    },
    /// To the node that had a call made.
    Result {
        /// Its name.
        asker: String,
        /// Its number of the call.
        number: u64,
        /// What came of it.
        result: Result,
    },
    /// A request of the sender is over.
    Over(Over),
    /// An operator vouches that a node is off.
    Confirm {
        /// The node.
        target: String,
    },
    /// An operator wants the history forgotten.
    Forget {
        /// Of this node only.
        target: Option<String>,
    },
}

/// A call for another node to make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// Who is to make it.
    pub node: String,
    /// The sender's number of it.
    pub number: u64,
    /// The device, as the CIB names it.
    pub device: String,
    action: String,
    target: Option<String>,
    timeout_ms: u64,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Result {
    /// The agent did it.
    Success {
        /// What it printed.
        output: String,
    },
    /// It did not.
    Failed {
        /// Why.
        reason: String,
    },
    /// It took too long.
    TimedOut,
    /// Nobody knows.
    Lost,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Over {
    target: String,
    goal: String,
    client: String,
    origin: String,
    delegate: Option<String>,
    /// Why it failed, where it did.
    failure: Option<String>,
    began_ms_ago: u64,
    ended_ms_ago: u64,
}

/// Why something is no message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// See [`MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes is longer than {MAX_MESSAGE_BYTES}")]
    TooLong(usize),
    /// It is something else.
    #[error("it is no message about fencing: {0}")]
    Content(#[from] serde_json::Error),
}

impl Message {
    /// Its bytes.
    ///
    /// # Errors
    /// Where it is too long.
    pub fn encode(&self) -> std::result::Result<Bytes, MessageError> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        Ok(Bytes::from(bytes))
    }

    /// What these bytes say.
    ///
    /// # Errors
    /// Where they are no message.
    pub fn decode(bytes: &[u8]) -> std::result::Result<Self, MessageError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

impl From<fencing::Call> for Call {
    fn from(call: fencing::Call) -> Self {
        Self {
            node: call.node,
            number: call.number,
            device: call.device,
            action: call.action.name().to_owned(),
            target: call.target,
            timeout_ms: milliseconds(call.timeout),
        }
    }
}

impl Call {
    /// The call, with the parameters of the device on this node; nothing where the action is unknown.
    pub fn with(&self, device: &Device, metadata: &Metadata) -> Option<fencing::Call> {
        let mut actions = Action::ALL.into_iter();
        let action = actions.find(|action| action.name() == self.action)?;
        Some(fencing::Call {
            number: self.number,
            node: self.node.clone(),
            device: device.id.clone(),
            agent: device.agent.clone(),
            action,
            parameters: device.told(action, self.target.as_deref(), metadata),
            target: self.target.clone(),
            timeout: Duration::from_millis(self.timeout_ms),
            limit: device.action_limit,
        })
    }
}

impl From<CallResult> for Result {
    fn from(result: CallResult) -> Self {
        match result {
            CallResult::Success { output } => Self::Success { output },
            CallResult::Failed { reason } => Self::Failed { reason },
            CallResult::TimedOut => Self::TimedOut,
            CallResult::Lost => Self::Lost,
        }
    }
}

impl From<Result> for CallResult {
    fn from(result: Result) -> Self {
        match result {
            Result::Success { output } => Self::Success { output },
            Result::Failed { reason } => Self::Failed { reason },
            Result::TimedOut => Self::TimedOut,
            Result::Lost => Self::Lost,
        }
    }
}

impl Over {
    /// Of this node's history.
    pub fn of(entry: &Entry, now: Duration) -> Self {
        let ago = |at: Duration| milliseconds(now.saturating_sub(at));
        Self {
            target: entry.target.clone(),
            goal: entry.goal.name().to_owned(),
            client: entry.client.clone(),
            origin: entry.origin.clone(),
            delegate: entry.delegate.clone(),
            failure: match &entry.status {
                Status::Failed(reason) => Some(reason.clone()),
                Status::Pending | Status::Success => None,
            },
            began_ms_ago: ago(entry.started),
            ended_ms_ago: ago(entry.completed.unwrap_or(now)),
        }
    }

    /// For this node's history; nothing where the goal is unknown.
    pub fn entry(self, now: Duration) -> Option<Entry> {
        let at = |ago: u64| now.saturating_sub(Duration::from_millis(ago));
        Some(Entry {
            number: 0,
            goal: Goal::parse(&self.goal)?,
            target: self.target,
            client: self.client,
            origin: self.origin,
            delegate: self.delegate,
            status: self.failure.map_or(Status::Success, Status::Failed),
            started: at(self.began_ms_ago),
            completed: Some(at(self.ended_ms_ago)),
        })
    }
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
