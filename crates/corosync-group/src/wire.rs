//! The messages that members multicast through CPG. All numbers are little-endian.

use std::collections::BTreeSet;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use membership::limits::{MAX_ATTACHMENT_BYTES, MAX_NODES};
use membership::{Incarnation, Member, NodeId, ViewId};

use crate::limits::{FLIGHT_MESSAGES, MAX_MESSAGE_BYTES};
use crate::quorum_state::{Device, Judgement};

/// The version of these messages: nodes of different versions do not come together.
pub const VERSION: u8 = 1;

/// Bytes that are no frame of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// It comes from a node that speaks another version.
    #[error("it is of version {0}, not {VERSION}")]
    Version(u8),
    /// It ends early, or late.
    #[error("its length is not what it says")]
    Length,
    /// A value that has no meaning.
    #[error("it has a value without meaning")]
    Value,
}

/// What a member says, and which life of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    pub from: Incarnation,
    pub body: Body,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// The leader of a configuration: say who you are, for a view with this counter.
    Call {
        counter: u64,
    },
    Hello(Hello),
    Work(Work),
    /// It comes back, so the ring is whole.
    Beat {
        number: u64,
    },
    /// The leader: what votequorum says means this.
    Judged {
        view: ViewId,
        judgement: Judgement,
    },
}

/// The answer to a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    /// The name that the view would have.
    pub call: ViewId,
    /// The greatest counter of a view that the sender has known.
    pub known: u64,
    pub came: Came,
    pub attachment: Bytes,
}

/// From where a member comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Came {
    /// Its last view.
    pub from: ViewId,
    /// What it has delivered there: how many, and which.
    pub seq: u64,
    pub digest: u64,
}

/// What a member does in a view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Work {
    pub view: ViewId,
    pub acknowledged: u64,
    /// The number of the first one of its messages.
    pub first: u64,
    pub payloads: Vec<Bytes>,
}

impl Frame {
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::new();
        out.put_u8(VERSION);
        out.put_u64_le(self.from.0);
        match &self.body {
            Body::Call { counter } => {
                out.put_u8(1);
                out.put_u64_le(*counter);
            }
            Body::Hello(hello) => {
                out.put_u8(2);
                put_view(&mut out, hello.call);
                out.put_u64_le(hello.known);
                put_view(&mut out, hello.came.from);
                out.put_u64_le(hello.came.seq);
                out.put_u64_le(hello.came.digest);
                put_bytes(&mut out, &hello.attachment);
            }
            Body::Work(work) => {
                out.put_u8(3);
                put_view(&mut out, work.view);
                out.put_u64_le(work.acknowledged);
                out.put_u64_le(work.first);
                put_length(&mut out, work.payloads.len());
                for payload in &work.payloads {
                    put_bytes(&mut out, payload);
                }
            }
            Body::Beat { number } => {
                out.put_u8(4);
                out.put_u64_le(*number);
            }
            Body::Judged { view, judgement } => {
                out.put_u8(5);
                put_view(&mut out, *view);
                put_judgement(&mut out, judgement);
            }
        }
        out.freeze()
    }

    /// Reads a whole frame. Payloads stay slices of `bytes`.
    pub(crate) fn decode(bytes: Bytes) -> Result<Self, Garbled> {
        let mut input = Input(bytes);
        let version = input.u8()?;
        if version != VERSION {
            return Err(Garbled::Version(version));
        }
        let from = Incarnation(input.u64()?);
        let body = match input.u8()? {
            1 => Body::Call {
                counter: input.counter()?,
            },
            2 => Body::Hello(Hello {
                call: input.view()?,
                known: input.counter()?,
                came: Came {
                    from: input.view()?,
                    seq: input.u64()?,
                    digest: input.u64()?,
                },
                attachment: input.bytes(MAX_ATTACHMENT_BYTES)?,
            }),
            3 => Body::Work(Work {
                view: input.view()?,
                acknowledged: input.u64()?,
                first: input.first()?,
                payloads: input.payloads()?,
            }),
            4 => Body::Beat {
                number: input.u64()?,
            },
            5 => Body::Judged {
                view: input.view()?,
                judgement: input.judgement()?,
            },
            _ => return Err(Garbled::Value),
        };
        if input.0.is_empty() {
            Ok(Self { from, body })
        } else {
            Err(Garbled::Length)
        }
    }
}

fn put_view(out: &mut BytesMut, view: ViewId) {
    out.put_u64_le(view.counter);
    out.put_u32_le(view.leader.node.0);
    out.put_u64_le(view.leader.incarnation.0);
}

/// Everything that is counted here has a limit far below.
fn put_length(out: &mut BytesMut, length: usize) {
    out.put_u32_le(u32::try_from(length).unwrap_or(u32::MAX));
}

fn put_bytes(out: &mut BytesMut, bytes: &Bytes) {
    put_length(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn put_judgement(out: &mut BytesMut, judgement: &Judgement) {
    for flag in [
        judgement.quorate,
        judgement.exclusive,
        judgement.ring_quorate,
        judgement.device.is_some(),
        judgement.device.is_some_and(|device| device.gives),
    ] {
        out.put_u8(u8::from(flag));
    }
    out.put_u32_le(judgement.total);
    out.put_u32_le(judgement.expected);
    out.put_u32_le(judgement.needed);
    out.put_u32_le(judgement.device.map_or(0, |device| device.votes));
    put_length(out, judgement.absent.len());
    for node in &judgement.absent {
        out.put_u32_le(node.0);
    }
}

struct Input(Bytes);

impl Input {
    fn u8(&mut self) -> Result<u8, Garbled> {
        self.0.try_get_u8().map_err(|_| Garbled::Length)
    }

    fn u32(&mut self) -> Result<u32, Garbled> {
        self.0.try_get_u32_le().map_err(|_| Garbled::Length)
    }

    fn u64(&mut self) -> Result<u64, Garbled> {
        self.0.try_get_u64_le().map_err(|_| Garbled::Length)
    }

    fn flag(&mut self) -> Result<bool, Garbled> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Garbled::Value),
        }
    }

    /// A counter that can be counted on.
    fn counter(&mut self) -> Result<u64, Garbled> {
        match self.u64()? {
            counter if counter <= u64::MAX / 2 => Ok(counter),
            _ => Err(Garbled::Value),
        }
    }

    /// The number of a message, from 1.
    fn first(&mut self) -> Result<u64, Garbled> {
        match self.counter()? {
            0 => Err(Garbled::Value),
            first => Ok(first),
        }
    }

    fn node(&mut self) -> Result<NodeId, Garbled> {
        match self.u32()? {
            0 => Err(Garbled::Value),
            id => Ok(NodeId(id)),
        }
    }

    fn view(&mut self) -> Result<ViewId, Garbled> {
        Ok(ViewId {
            counter: self.counter()?,
            leader: Member {
                node: self.node()?,
                incarnation: Incarnation(self.u64()?),
            },
        })
    }

    fn count(&mut self, max: usize) -> Result<usize, Garbled> {
        let count = usize::try_from(self.u32()?).map_err(|_| Garbled::Length)?;
        if count > max {
            return Err(Garbled::Length);
        }
        Ok(count)
    }

    fn bytes(&mut self, max: usize) -> Result<Bytes, Garbled> {
        let length = self.count(max)?;
        if length > self.0.len() {
            return Err(Garbled::Length);
        }
        Ok(self.0.split_to(length))
    }

    fn payloads(&mut self) -> Result<Vec<Bytes>, Garbled> {
        let count = self.count(FLIGHT_MESSAGES)?;
        (0..count).map(|_| self.bytes(MAX_MESSAGE_BYTES)).collect()
    }

    fn judgement(&mut self) -> Result<Judgement, Garbled> {
        let (quorate, exclusive, ring_quorate) = (self.flag()?, self.flag()?, self.flag()?);
        let (has_device, gives) = (self.flag()?, self.flag()?);
        let (total, expected, needed) = (self.u32()?, self.u32()?, self.u32()?);
        let votes = self.u32()?;
        if !has_device && (gives || votes > 0) {
            return Err(Garbled::Value);
        }
        let count = self.count(MAX_NODES)?;
        let mut absent = BTreeSet::new();
        for _ in 0..count {
            let node = self.node()?;
            if absent.last().is_some_and(|last| *last >= node) {
                return Err(Garbled::Value);
            }
            absent.insert(node);
        }
        Ok(Judgement {
            quorate,
            exclusive,
            total,
            expected,
            needed,
            device: has_device.then_some(Device { votes, gives }),
            absent,
            ring_quorate,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(counter: u64) -> ViewId {
        ViewId {
            counter,
            leader: Member {
                node: NodeId(1),
                incarnation: Incarnation(7),
            },
        }
    }

    fn frames() -> Vec<Frame> {
        let bodies = [
            Body::Call { counter: 3 },
            Body::Hello(Hello {
                call: view(3),
                known: 2,
                came: Came {
                    from: view(2),
                    seq: 9,
                    digest: 0xfeed,
                },
                attachment: Bytes::from_static(b"brought"),
            }),
            Body::Work(Work {
                view: view(3),
                acknowledged: 4,
                first: 1,
                payloads: vec![Bytes::new(), Bytes::from_static(b"x")],
            }),
            Body::Beat { number: 5 },
            Body::Judged {
                view: view(3),
                judgement: Judgement {
                    quorate: true,
                    exclusive: true,
                    total: 3,
                    expected: 5,
                    needed: 3,
                    device: Some(Device {
                        votes: 1,
                        gives: true,
                    }),
                    absent: BTreeSet::from([NodeId(4), NodeId(5)]),
                    ring_quorate: true,
                },
            },
        ];
        let from = Incarnation(8);
        bodies.map(|body| Frame { from, body }).into()
    }

    #[test]
    fn what_is_written_is_read() {
        for frame in frames() {
            assert_eq!(Frame::decode(frame.encode()), Ok(frame));
        }
    }

    #[test]
    fn whatever_is_cut_or_changed_is_refused_or_means_something() {
        for frame in frames() {
            let bytes = frame.encode();
            for length in 0..bytes.len() {
                assert!(Frame::decode(bytes.slice(..length)).is_err());
            }
            let mut longer = BytesMut::from(&bytes[..]);
            longer.put_u8(0);
            assert_eq!(Frame::decode(longer.freeze()), Err(Garbled::Length));
            for place in 0..bytes.len() {
                let mut changed = BytesMut::from(&bytes[..]);
                changed[place] ^= 0xff;
                let changed = changed.freeze();
                if let Ok(read) = Frame::decode(changed.clone()) {
                    assert_eq!(read.encode(), changed);
                }
            }
        }
        let other = Bytes::from_static(&[VERSION + 1, 0]);
        assert_eq!(Frame::decode(other), Err(Garbled::Version(VERSION + 1)));
    }
}
