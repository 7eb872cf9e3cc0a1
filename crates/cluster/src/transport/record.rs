//! What goes over a path's stream: records of a kind and a length, and then their bytes.
//!
//! ```text
//!   0      1               4
//!   ┌──────┬───────────────┬──────────────────────────┐
//!   │ kind │ length        │ length bytes             │
//!   └──────┴───────────────┴──────────────────────────┘
//!   kind 0  frame          the frame
//!   kind 1  greeting       incarnation of the process, 8 bytes; the first record, once
//!   kind 2  redial         nothing: please dial again, keys have changed
//! ```
//!
//! Numbers are big-endian.

use std::collections::VecDeque;

use bytes::{Buf, BufMut, Bytes, BytesMut};

/// The largest frame: a MiB for a message, and room for what the layers above add.
pub const MAX_FRAME_BYTES: usize = (1 << 20) + (64 << 10);

/// Kind and length.
pub(super) const HEADER_BYTES: usize = 4;

const FRAME: u8 = 0;
const GREETING: u8 = 1;
const REDIAL: u8 = 2;

/// One record of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A frame of the layer above.
    Frame(Bytes),
    /// Who begins to speak.
    Greeting {
        /// The number of the process.
        incarnation: u64,
    },
    /// The sender's keys have changed.
    Redial,
}

/// Why bytes are no records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// A frame that is larger than [`MAX_FRAME_BYTES`].
    #[error("a frame of {0} bytes: the largest has {MAX_FRAME_BYTES}")]
    TooLarge(usize),
    /// A kind that is not known, or has another length.
    #[error("a record of kind {kind} with {len_bytes} bytes, which this version does not know")]
    Unknown {
        /// Its kind.
        kind: u8,
        /// Its length.
        len_bytes: usize,
    },
    /// The first record is a greeting, and no other one is.
    #[error("a greeting where there should be none, or none where there should be one")]
    Order,
    /// The stream ended within a record.
    #[error("the stream ended")]
    Ended,
}

impl Record {
    /// What comes before a frame of `len_bytes` on the stream. The frame itself is not copied.
    pub(super) fn frame_header(len_bytes: usize) -> Bytes {
        debug_assert!(len_bytes <= MAX_FRAME_BYTES);
        Bytes::copy_from_slice(&header(FRAME, len_bytes))
    }

    /// The record's bytes.
    pub fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Frame(frame) => {
                bytes.put_slice(&header(FRAME, frame.len()));
                bytes.put_slice(frame);
            }
            Self::Greeting { incarnation } => {
                bytes.put_slice(&header(GREETING, 8));
                bytes.put_u64(*incarnation);
            }
            Self::Redial => bytes.put_slice(&header(REDIAL, 0)),
        }
        bytes.freeze()
    }

    fn read(kind: u8, mut body: Bytes) -> Self {
        match kind {
            FRAME => Self::Frame(body),
            GREETING => Self::Greeting {
                incarnation: body.get_u64(),
            },
            _ => Self::Redial,
        }
    }
}

/// The length stands in three bytes: [`MAX_FRAME_BYTES`] is far below their end.
fn header(kind: u8, len_bytes: usize) -> [u8; HEADER_BYTES] {
    let [.., high, middle, low] = len_bytes.to_be_bytes();
    [kind, high, middle, low]
}

/// Takes a stream's bytes as they come, and gives its records.
#[derive(Debug, Default)]
pub struct Records {
    chunks: VecDeque<Bytes>,
    available: usize,
    /// Of the record whose body is awaited.
    announced: Option<(u8, usize)>,
}

impl Records {
    /// The stream went on with `chunk`.
    pub fn push(&mut self, chunk: Bytes) {
        self.available += chunk.len();
        if !chunk.is_empty() {
            self.chunks.push_back(chunk);
        }
    }

    /// The next record, if all of it is here.
    ///
    /// # Errors
    ///
    /// As soon as its head is not understood: nothing is kept of a record that is too large.
    pub fn next_record(&mut self) -> Result<Option<Record>, RecordError> {
        let (kind, len_bytes) = match self.announced {
            Some(announced) => announced,
            None if self.available < HEADER_BYTES => return Ok(None),
            None => {
                let announced = check(&self.take(HEADER_BYTES))?;
                *self.announced.insert(announced)
            }
        };
        if self.available < len_bytes {
            return Ok(None);
        }
        self.announced = None;
        let body = self.take(len_bytes);
        Ok(Some(Record::read(kind, body)))
    }

    /// Whether the stream may end here.
    pub fn is_between_records(&self) -> bool {
        self.available == 0 && self.announced.is_none()
    }

    /// The next `count` bytes, which are there; copied only where they came in pieces.
    fn take(&mut self, count: usize) -> Bytes {
        self.available -= count;
        if count == 0 {
            return Bytes::new();
        }
        if let Some(first) = self.chunks.front_mut()
            && first.len() >= count
        {
            let taken = first.split_to(count);
            if first.is_empty() {
                self.chunks.pop_front();
            }
            return taken;
        }
        let mut taken = BytesMut::with_capacity(count);
        while taken.len() < count {
            let Some(first) = self.chunks.front_mut() else {
                break;
            };
            let piece = first.len().min(count - taken.len());
            taken.put_slice(&first.split_to(piece));
            if first.is_empty() {
                self.chunks.pop_front();
            }
        }
        taken.freeze()
    }
}

fn check(header: &[u8]) -> Result<(u8, usize), RecordError> {
    let &[kind, high, middle, low] = header else {
        return Err(RecordError::Ended);
    };
    let len_bytes = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
    match (kind, len_bytes) {
        (FRAME, ..=MAX_FRAME_BYTES) | (GREETING, 8) | (REDIAL, 0) => Ok((kind, len_bytes)),
        (FRAME, _) => Err(RecordError::TooLarge(len_bytes)),
        _ => Err(RecordError::Unknown { kind, len_bytes }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<Record>, RecordError> {
        let mut records = Records::default();
        let mut found = Vec::new();
        for piece in pieces {
            records.push(Bytes::copy_from_slice(piece));
            while let Some(record) = records.next_record()? {
                found.push(record);
            }
        }
        Ok(found)
    }

    #[test]
    fn records_come_back_however_they_were_cut() {
        let all = [
            Record::Greeting {
                incarnation: 0x0102_0304_0506_0708,
            },
            Record::Frame(Bytes::from_static(b"abc")),
            Record::Frame(Bytes::new()),
            Record::Redial,
            Record::Frame(Bytes::from(vec![7; 1000])),
        ];
        let bytes: Vec<u8> = all.iter().flat_map(|record| record.encode()).collect();
        for size in [1, 2, 3, 5, 100, 1019, bytes.len()] {
            let pieces: Vec<_> = bytes.chunks(size).collect();
            assert_eq!(read(&pieces).unwrap(), all, "pieces of {size}");
        }
    }

    #[test]
    fn a_record_is_refused_by_its_head() {
        let largest = [
            &header(FRAME, MAX_FRAME_BYTES)[..],
            &vec![0; MAX_FRAME_BYTES],
        ]
        .concat();
        assert_eq!(read(&[&largest]).unwrap().len(), 1);
        let too_large = MAX_FRAME_BYTES + 1;
        for (head, expected) in [
            (header(FRAME, too_large), RecordError::TooLarge(too_large)),
            ([0, 255, 255, 255], RecordError::TooLarge(0xff_ffff)),
            (
                header(GREETING, 7),
                RecordError::Unknown {
                    kind: 1,
                    len_bytes: 7,
                },
            ),
            (
                header(REDIAL, 1),
                RecordError::Unknown {
                    kind: 2,
                    len_bytes: 1,
                },
            ),
            (
                header(9, 0),
                RecordError::Unknown {
                    kind: 9,
                    len_bytes: 0,
                },
            ),
        ] {
            assert_eq!(read(&[&head]), Err(expected), "{head:?}");
        }
    }
}
