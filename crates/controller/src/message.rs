//! What controllers say to each other, in the order of the CIB's changes.

use serde::{Deserialize, Serialize};

use crate::operation::{Operation, OperationResult, TransitionKey};

/// How long a message may be, in bytes: parameters are configuration, and are not long.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

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
