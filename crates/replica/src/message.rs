//! The messages that replicas send each other through the group.

use bytes::Bytes;
use membership::ViewId;

use crate::change::Change;
use crate::exchange::Summary;
use crate::limits::{MAX_CIB_BYTES, PART_BYTES};
use crate::wire::{Reader, WireError, Writer};

/// The format of the messages: raised when an older program could not read them.
const FORMAT: u8 = 1;

/// How many parts the largest state has.
const MAX_PARTS: usize = 2 * MAX_CIB_BYTES / PART_BYTES;

/// One exchange of states: a view, and which exchange in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundId {
    /// The view.
    pub view: ViewId,
    /// Counted from 0: a view that becomes exclusive has another one.
    pub number: u32,
}

/// A message. What belongs to one view names it: a message that was not ordered there comes in the
/// next view, and is out of date then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A change of the CIB.
    Change {
        /// Rising for each change of the sender.
        number: u64,
        /// The change, encoded.
        change: Bytes,
    },
    /// A part of a change that is too long for one message.
    Part {
        /// The view that all its parts are sent in.
        view: ViewId,
        /// As for [`Message::Change`].
        number: u64,
        /// Which part, counted from 0.
        index: usize,
        /// How many there are.
        count: usize,
        /// Its bytes.
        bytes: Bytes,
    },
    /// A read that is to see everything before it.
    Read {
        /// Rising for each request of the sender.
        number: u64,
    },
    /// What the sender has.
    Summary(RoundId, Box<Summary>),
    /// A part of the copy that won.
    State {
        /// The exchange.
        round: RoundId,
        /// Which part, counted from 0.
        index: usize,
        /// Its bytes.
        bytes: Bytes,
    },
    /// Everybody has everything: the copy is the view's from here on.
    Marker(RoundId),
}

impl Message {
    /// As bytes for the group.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Writer::default();
        out.byte(FORMAT);
        match self {
            Self::Change { number, change } => {
                out.byte(0);
                out.number(*number);
                out.bytes(change);
            }
            Self::Part {
                view,
                number,
                index,
                count,
                bytes,
            } => {
                out.byte(1);
                out.view(*view);
                out.number(*number);
                out.count(*index);
                out.count(*count);
                out.bytes(bytes);
            }
            Self::Read { number } => {
                out.byte(2);
                out.number(*number);
            }
            Self::Summary(round, summary) => {
                out.byte(3);
                write_round(&mut out, *round);
                summary.write(&mut out);
            }
            Self::State {
                round,
                index,
                bytes,
            } => {
                out.byte(4);
                write_round(&mut out, *round);
                out.count(*index);
                out.bytes(bytes);
            }
            Self::Marker(round) => {
                out.byte(5);
                write_round(&mut out, *round);
            }
        }
        out.finish()
    }

    /// Reads what [`Message::encode`] made.
    ///
    /// # Errors
    /// Any other bytes.
    pub fn decode(bytes: Bytes) -> Result<Self, WireError> {
        let mut from = Reader::new(bytes);
        if from.byte()? != FORMAT {
            return Err(WireError::Kind);
        }
        let message = match from.byte()? {
            0 => Self::Change {
                number: from.number()?,
                change: from.bytes(MAX_CIB_BYTES)?,
            },
            1 => Self::Part {
                view: from.view()?,
                number: from.number()?,
                index: from.count(MAX_PARTS)?,
                count: from.count(MAX_PARTS)?,
                bytes: from.bytes(PART_BYTES)?,
            },
            2 => Self::Read {
                number: from.number()?,
            },
            3 => Self::Summary(read_round(&mut from)?, Box::new(Summary::read(&mut from)?)),
            4 => Self::State {
                round: read_round(&mut from)?,
                index: from.count(MAX_PARTS)?,
                bytes: from.bytes(PART_BYTES)?,
            },
            5 => Self::Marker(read_round(&mut from)?),
            _ => return Err(WireError::Kind),
        };
        from.end()?;
        Ok(message)
    }
}

fn write_round(out: &mut Writer, round: RoundId) {
    out.view(round.view);
    out.number(u64::from(round.number));
}

fn read_round(from: &mut Reader) -> Result<RoundId, WireError> {
    Ok(RoundId {
        view: from.view()?,
        number: u32::try_from(from.number()?).map_err(|_| WireError::Range)?,
    })
}

/// A change as bytes.
#[must_use]
pub fn encode_change(change: &Change) -> Bytes {
    let mut out = Writer::default();
    change.write(&mut out);
    out.finish()
}

/// Reads what [`encode_change`] made.
///
/// # Errors
/// Any other bytes.
pub fn decode_change(bytes: Bytes) -> Result<Change, WireError> {
    let mut from = Reader::new(bytes);
    let change = Change::read(&mut from)?;
    from.end()?;
    Ok(change)
}
