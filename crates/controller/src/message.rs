//! What controllers say to each other, in the order of the CIB's changes.

use serde::{Deserialize, Serialize};

use crate::operation::{Operation, OperationResult, TransitionKey};

/// How long a message may be, in bytes: parameters are configuration, and are not long.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// How many messages go as one. With [`SHORT_BYTES`], they are well below [`MAX_MESSAGE_BYTES`]: a byte
/// becomes six at most (`\u0000`).
const MESSAGES_IN_ONE: usize = 32;

/// How much of what is not ours (parameters, reasons) a message that goes with others may have, in bytes.
const SHORT_BYTES: usize = 1024;

/// What controllers say to each other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Message {
    /// A node has written what it knows of its resources to the CIB of this view.
    Joined {
        /// The view's number.
        view: u64,
    },
    /// To one node: do this.
    Execute {
        /// The node's identity.
        node: u32,
        /// What.
        operation: Operation,
    },
    /// To one node: a recurring operation is to end, or one that waits to begin.
    Cancel {
        /// The node's identity.
        node: u32,
        /// Which action of the transition this is.
        key: TransitionKey,
        /// Of which resource.
        resource: String,
        /// What recurs.
        task: String,
        /// How often.
        interval_ms: u32,
    },
    /// An operation was carried out on the sender; its result is in the CIB.
    Done {
        /// Of which resource.
        resource: String,
        /// What was done.
        task: String,
        /// How often it recurs, in milliseconds.
        interval_ms: u32,
        /// Which action it was.
        key: TransitionKey,
        /// What came of it.
        result: OperationResult,
    },
    /// The sender has changed something in the status section that the coordinator has to look at.
    Reconsider,
    /// To one node: it has nothing left to run and may leave.
    MayLeave {
        /// The node's identity.
        node: u32,
    },
    /// These, in order.
    Several(Vec<Message>),
}

/// Why a message is not understood.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// See [`MAX_MESSAGE_BYTES`].
    #[error("a message of {0} bytes is longer than {MAX_MESSAGE_BYTES}")]
    TooLong(usize),
    /// It is something else.
    #[error("it is no message of a controller: {0}")]
    Content(#[from] serde_json::Error),
}

impl Message {
    /// The same messages in the same order, as few as it takes: whoever has much to say costs everybody
    /// less when it is said at once.
    #[must_use]
    pub fn joined(messages: Vec<Message>) -> Vec<Message> {
        let mut joined = Vec::new();
        let mut several = Vec::new();
        for message in messages {
            if several.len() == MESSAGES_IN_ONE || !message.is_short() {
                joined.extend(Self::one(std::mem::take(&mut several)));
            }
            if message.is_short() {
                several.push(message);
            } else {
                joined.push(message);
            }
        }
        joined.extend(Self::one(several));
        joined
    }

    fn one(mut messages: Vec<Message>) -> Option<Message> {
        if messages.len() > 1 {
            return Some(Message::Several(messages));
        }
        messages.pop()
    }

    fn is_short(&self) -> bool {
        let len = match self {
            Message::Execute { operation, .. } => {
                let parameters = operation.parameters.iter();
                let parameters = parameters.map(|(name, value)| name.len() + value.len());
                operation.resource.len() + parameters.sum::<usize>()
            }
            Message::Cancel { resource, .. } => resource.len(),
            Message::Done {
                resource, result, ..
            } => resource.len() + result.reason.len(),
            Message::Joined { .. } | Message::Reconsider | Message::MayLeave { .. } => 0,
            Message::Several(_) => return false,
        };
        len <= SHORT_BYTES
    }

    /// Its bytes.
    ///
    /// # Errors
    /// Where it is too long.
    pub fn encode(&self) -> Result<Vec<u8>, MessageError> {
        let bytes = serde_json::to_vec(self)?;
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        Ok(bytes)
    }

    /// What these bytes say.
    ///
    /// # Errors
    /// Where they are no message.
    pub fn decode(bytes: &[u8]) -> Result<Self, MessageError> {
        if bytes.len() > MAX_MESSAGE_BYTES {
            return Err(MessageError::TooLong(bytes.len()));
        }
        Ok(serde_json::from_slice(bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Outcome;

    fn done(reason_bytes: usize) -> Message {
        Message::Done {
            resource: String::new(),
            task: "start".to_owned(),
            interval_ms: 0,
            key: TransitionKey {
                action: u32::MAX,
                transition: u64::MAX,
                expected: i32::MIN,
                controller: "4294967295-18446744073709551615".to_owned(),
            },
            result: OperationResult {
                outcome: Outcome::NotInstalled,
                code: i32::MIN,
                reason: "\0".repeat(reason_bytes),
                took: std::time::Duration::MAX,
            },
        }
    }

    #[test]
    fn messages_go_together_in_order_as_far_as_they_are_short() {
        let (short, long) = (done(SHORT_BYTES), done(SHORT_BYTES + 1));
        let several = |count| Message::Several(vec![short.clone(); count]);
        for (said, expected) in [
            (vec![], vec![]),
            (vec![short.clone()], vec![short.clone()]),
            (vec![short.clone(); 2], vec![several(2)]),
            (
                vec![short.clone(); MESSAGES_IN_ONE + 1],
                vec![several(MESSAGES_IN_ONE), short.clone()],
            ),
            (
                vec![short.clone(), short.clone(), long.clone(), short.clone()],
                vec![several(2), long, short.clone()],
            ),
        ] {
            assert_eq!(Message::joined(said), expected);
        }
        let longest = several(MESSAGES_IN_ONE).encode().expect("short enough");
        assert_eq!(
            Message::decode(&longest).expect("as encoded"),
            several(MESSAGES_IN_ONE)
        );
    }
}
