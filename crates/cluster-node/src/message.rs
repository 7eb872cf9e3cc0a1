//! Whose a message of the group is.

use bytes::{BufMut, Bytes, BytesMut};
use quorum::Fact;

/// A message of the group: its first byte says whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Quorum's.
    Fact(Fact),
    /// The replicated CIB's.
    Replica(Bytes),
    /// The controllers'.
    Control(Bytes),
    /// Of those who fence.
    Fencing(Bytes),
    /// Of somebody who uses the group for messages of his own.
    Application(Bytes),
}

/// Bytes that are no message of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageError;

impl Message {
    /// The bytes.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let (kind, content) = match self {
            Message::Fact(fact) => (0, Bytes::from(fact.encode())),
            Message::Replica(content) => (1, content.clone()),
            Message::Application(content) => (2, content.clone()),
            Message::Control(content) => (3, content.clone()),
            Message::Fencing(content) => (4, content.clone()),
        };
        let mut bytes = BytesMut::with_capacity(1 + content.len());
        bytes.put_u8(kind);
        bytes.extend_from_slice(&content);
        bytes.freeze()
    }

    /// The message in `bytes`.
    ///
    /// # Errors
    /// Where it is none: another version of this program has sent it.
    pub fn decode(mut bytes: Bytes) -> Result<Self, MessageError> {
        if bytes.is_empty() {
            return Err(MessageError);
        }
        let kind = bytes.split_to(1)[0];
        match kind {
            0 => Fact::decode(&bytes)
                .map(Message::Fact)
                .map_err(|_| MessageError),
            1 => Ok(Message::Replica(bytes)),
            2 => Ok(Message::Application(bytes)),
            3 => Ok(Message::Control(bytes)),
            4 => Ok(Message::Fencing(bytes)),
            _ => Err(MessageError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_says_whose_it_is() {
        let messages = [
            Message::Fact(Fact::Witness { vote: true }),
            Message::Replica(Bytes::from_static(b"x")),
            Message::Application(Bytes::new()),
            Message::Control(Bytes::from_static(b"{}")),
            Message::Fencing(Bytes::from_static(b"{}")),
        ];
        for message in messages {
            assert_eq!(Message::decode(message.encode()), Ok(message));
        }
        for bytes in [&b""[..], &b"\x00"[..], &b"\x07x"[..]] {
            assert_eq!(
                Message::decode(Bytes::copy_from_slice(bytes)),
                Err(MessageError)
            );
        }
    }
}
