//! Netlink messages as bytes: a header of 16 bytes, a fixed part that depends on the type, then
//! attributes (length, type, value, padded to four bytes), in the machine's own byte order.

use super::NetlinkError;

const HEADER_BYTES: usize = 16;
const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// Flags in an attribute's type that are not part of the type.
const ATTRIBUTE_TYPE_MASK: u16 = 0x3fff;
const NLA_F_NESTED: u16 = 1 << 15;
/// The answer carries attributes after the error (`NLM_F_ACK_TLVS`).
const NLM_F_ACK_TLVS: u16 = 0x200;
/// The kernel's own words in an error (`NLMSGERR_ATTR_MSG`).
const NLMSGERR_ATTR_MSG: u16 = 1;

/// A request under construction.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    bytes: Vec<u8>,
    flags: u16,
}

impl Request {
    /// A request of a type (`RTM_*`) with its fixed part.
    pub(crate) fn new(kind: u16, fixed: &[u8]) -> Self {
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[4..6].copy_from_slice(&kind.to_ne_bytes());
        bytes.extend_from_slice(fixed);
        Self {
            bytes,
            flags: libc::NLM_F_REQUEST as u16,
        }
    }

    /// Adds `NLM_F_*`.
    pub(crate) fn flags(mut self, flags: libc::c_int) -> Self {
        self.flags |= flags as u16;
        self
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        put_attribute(&mut self.bytes, kind, value);
        self
    }

    /// Adds an attribute where there is a value.
    pub(crate) fn attribute_if(self, kind: u16, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.attribute(kind, value.as_ref()),
            None => self,
        }
    }

    /// Adds an attribute of text.
    pub(crate) fn text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.attribute(kind, &value)
    }

    /// Adds an attribute that holds attributes.
    pub(crate) fn nested(self, kind: u16, inner: Nested) -> Self {
        self.attribute(kind | NLA_F_NESTED, &inner.bytes)
    }

    pub(super) fn finish(mut self, sequence: u32) -> Vec<u8> {
        let length = u32::try_from(self.bytes.len()).expect("requests are small");
        self.bytes[0..4].copy_from_slice(&length.to_ne_bytes());
        self.bytes[6..8].copy_from_slice(&self.flags.to_ne_bytes());
        self.bytes[8..12].copy_from_slice(&sequence.to_ne_bytes());
        self.bytes
    }
}

/// The inside of a nested attribute.
#[derive(Debug, Default)]
pub(crate) struct Nested {
    bytes: Vec<u8>,
}

impl Nested {
    /// One that begins with a fixed part.
    pub(crate) fn new(fixed: &[u8]) -> Self {
        Self {
            bytes: fixed.to_vec(),
        }
    }

    /// Adds an attribute.
    pub(crate) fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        put_attribute(&mut self.bytes, kind, value);
        self
    }

    /// Adds an attribute of text.
    pub(crate) fn text(self, kind: u16, text: &str) -> Self {
        let mut value = text.as_bytes().to_vec();
        value.push(0);
        self.attribute(kind, &value)
    }

    /// Adds an attribute that holds attributes.
    pub(crate) fn nested(self, kind: u16, inner: Self) -> Self {
        self.attribute(kind | NLA_F_NESTED, &inner.bytes)
    }
}

fn put_attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = u16::try_from(ATTRIBUTE_HEADER_BYTES + value.len())
        .expect("names, addresses and their nests are far below 64 KiB");
    bytes.extend_from_slice(&length.to_ne_bytes());
    bytes.extend_from_slice(&kind.to_ne_bytes());
    bytes.extend_from_slice(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// A message from the kernel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Message<'a> {
    /// `RTM_*` or `NLMSG_*`.
    pub(crate) kind: u16,
    /// The request that it answers; 0 for an event.
    pub(crate) sequence: u32,
    flags: u16,
    payload: &'a [u8],
}

/// Whether a message ends an answer.
pub(super) enum End {
    No,
    Done,
    Refused { number: i32, reason: String },
}

impl<'a> Message<'a> {
    /// The fixed part, of the length that belongs to the message's type, and the attributes.
    pub(crate) fn split<const FIXED: usize>(&self) -> Option<(&'a [u8; FIXED], Attributes<'a>)> {
        let (fixed, rest) = self.payload.split_first_chunk()?;
        Some((fixed, Attributes { rest }))
    }

    /// The list changed while it was read.
    pub(super) fn interrupted(&self) -> bool {
        self.flags & libc::NLM_F_DUMP_INTR as u16 != 0
    }

    pub(super) fn end(&self) -> Result<End, NetlinkError> {
        match i32::from(self.kind) {
            libc::NLMSG_DONE => Ok(End::Done),
            libc::NLMSG_ERROR => {
                let (number, rest) = self
                    .payload
                    .split_first_chunk()
                    .ok_or(NetlinkError::Garbled("an error without a number"))?;
                let number = i32::from_ne_bytes(*number);
                if number == 0 {
                    return Ok(End::Done);
                }
                let reason = if self.flags & NLM_F_ACK_TLVS != 0 && rest.len() >= HEADER_BYTES {
                    Attributes {
                        rest: &rest[HEADER_BYTES..],
                    }
                    .find(|(kind, _)| *kind == NLMSGERR_ATTR_MSG)
                    .map_or_else(String::new, |(_, value)| text(value))
                } else {
                    String::new()
                };
                Ok(End::Refused {
                    number: number.wrapping_neg(),
                    reason,
                })
            }
            _ => Ok(End::No),
        }
    }
}

/// The messages of a packet; `None` as the last where the packet ends amid one.
pub(crate) fn messages(mut packet: &[u8]) -> impl Iterator<Item = Option<Message<'_>>> {
    std::iter::from_fn(move || {
        if packet.is_empty() {
            return None;
        }
        let message = first_message(packet);
        packet = match &message {
            Some(message) => {
                let length = (HEADER_BYTES + message.payload.len()).next_multiple_of(4);
                packet.get(length..).unwrap_or_default()
            }
            None => &[],
        };
        Some(message)
    })
}

fn first_message(packet: &[u8]) -> Option<Message<'_>> {
    let header: &[u8; HEADER_BYTES] = packet.first_chunk()?;
    let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]);
    Some(Message {
        kind: u16::from_ne_bytes([header[4], header[5]]),
        flags: u16::from_ne_bytes([header[6], header[7]]),
        sequence: u32::from_ne_bytes([header[8], header[9], header[10], header[11]]),
        payload: packet.get(HEADER_BYTES..usize::try_from(length).ok()?)?,
    })
}

/// The attributes of a message: type and value. Ends at the first that does not fit.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (u16, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let header: &[u8; ATTRIBUTE_HEADER_BYTES] = self.rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([header[0], header[1]]));
        let kind = u16::from_ne_bytes([header[2], header[3]]) & ATTRIBUTE_TYPE_MASK;
        let value = self.rest.get(ATTRIBUTE_HEADER_BYTES..length)?;
        self.rest = self
            .rest
            .get(length.next_multiple_of(4)..)
            .unwrap_or_default();
        Some((kind, value))
    }
}

/// An attribute of text, without its final zero.
pub(crate) fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value)
        .trim_end_matches('\0')
        .to_owned()
}

/// An attribute of 32 bits.
pub(crate) fn number(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        let bytes = Request::new(20, &[1, 2, 3, 4])
            .flags(libc::NLM_F_ACK)
            .attribute(1, &[9, 9, 9])
            .text(3, "eth0")
            .nested(18, Nested::default().text(1, "veth"))
            .finish(7);
        let message = messages(&bytes).next().unwrap().unwrap();
        assert_eq!((message.kind, message.sequence), (20, 7));
        let (fixed, attributes) = message.split::<4>().unwrap();
        assert_eq!(fixed, &[1, 2, 3, 4]);
        let all: Vec<_> = attributes.collect();
        assert_eq!(all[0], (1, &[9u8, 9, 9][..]));
        assert_eq!((all[1].0, text(all[1].1).as_str()), (3, "eth0"));
        let mut inner = Attributes { rest: all[2].1 };
        assert_eq!(inner.next(), Some((1, &b"veth\0"[..])));
    }

    #[test]
    fn cut_and_senseless_bytes_end_the_reading() {
        let whole = Request::new(20, &[0; 8]).text(3, "eth0").finish(1);
        for length in 0..whole.len() {
            let cut = &whole[..length];
            for message in messages(cut).flatten() {
                message.split::<8>().into_iter().for_each(|(_, rest)| {
                    let _all: Vec<_> = rest.collect();
                });
            }
            assert!(messages(cut).flatten().next().is_none());
        }
        for length in [0u16, 1, 3, 5, u16::MAX] {
            let attribute = [&length.to_ne_bytes()[..], &[1, 0]].concat();
            assert_eq!(Attributes { rest: &attribute }.next(), None, "{length}");
        }
        assert_eq!(messages(&[0xff; 64]).flatten().count(), 0);
    }
}
