//! The messages of the workload: each has a name that is its own for ever, and some padding.

use std::fmt;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use membership::{Incarnation, Member, NodeId};

const NAME_BYTES: usize = 20;

/// The name of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct MessageId {
    pub sender: Member,
    /// Counts the sender's messages, from 1.
    pub number: u64,
}

impl MessageId {
    pub(crate) fn payload(self, padding: usize) -> Bytes {
        let mut out = BytesMut::with_capacity(NAME_BYTES + padding);
        out.put_u32_le(self.sender.node.0);
        out.put_u64_le(self.sender.incarnation.0);
        out.put_u64_le(self.number);
        out.put_bytes(b'.', padding);
        out.freeze()
    }

    pub(crate) fn read(payload: &Bytes) -> Result<Self, String> {
        let mut rest = payload.clone();
        if rest.len() < NAME_BYTES {
            return Err(format!(
                "a message of {} bytes that nobody sent",
                rest.len()
            ));
        }
        let sender = Member {
            node: NodeId(rest.get_u32_le()),
            incarnation: Incarnation(rest.get_u64_le()),
        };
        let number = rest.get_u64_le();
        Ok(Self { sender, number })
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (node, life) = (self.sender.node, self.sender.incarnation.0);
        write!(f, "message {} of {node}'{life}", self.number)
    }
}
