//! Bytes → frames. Nothing in here trusts a length or a count.

use bytes::{Buf, Bytes};

use super::{
    Accept, Arrival, Body, Decline, Echo, Entry, Frame, Garbled, Goodbye, Heartbeat, Install,
    Invite, Missing, Ordered, Progress, Reluctance, Settled, Submit, Tail, VERSION,
};
use crate::limits::{
    MAX_ATTACHMENT_BYTES, MAX_LINKS, MAX_MESSAGE_BYTES, MAX_NODES, MAX_PENDING_MESSAGES,
};
use crate::{Incarnation, Member, NodeId, ViewId};

type Read<T> = Result<T, Garbled>;

impl Frame {
    /// Reads a whole frame. Payloads stay slices of `bytes`.
    pub(crate) fn decode(bytes: Bytes) -> Read<Self> {
        let mut input = Input(bytes);
        let version = input.u8()?;
        if version != VERSION {
            return Err(Garbled::Version(version));
        }
        let frame = Self {
            from: Incarnation(input.u64()?),
            to: Incarnation(input.u64()?),
            body: input.body()?,
        };
        if input.0.is_empty() {
            Ok(frame)
        } else {
            Err(Garbled::Length)
        }
    }
}

struct Input(Bytes);

impl Input {
    fn body(&mut self) -> Read<Body> {
        Ok(match self.u8()? {
            1 => Body::Heartbeat(self.heartbeat()?),
            2 => Body::Submit(self.submit()?),
            3 => Body::Ordered(self.ordered()?),
            4 => Body::Progress(Progress {
                view: self.view()?,
                received: self.u64()?,
                acknowledged: self.u64()?,
            }),
            5 => Body::Settled(Settled {
                view: self.view()?,
                committed: self.u64()?,
                collected: self.u64()?,
            }),
            6 => Body::Missing(Missing {
                view: self.view()?,
                after: self.u64()?,
            }),
            7 => Body::Invite(self.invite()?),
            8 => Body::Accept(self.accept()?),
            9 => Body::Decline(self.decline()?),
            10 => Body::Tail(Tail {
                proposal: self.view()?,
                view: self.view()?,
                first: self.place()?,
                entries: self.entries()?,
            }),
            11 => Body::Install(Install {
                view: self.view()?,
                members: self.arrivals()?,
            }),
            12 => Body::Goodbye(Goodbye { view: self.view()? }),
            _ => return Err(Garbled::Value),
        })
    }

    fn heartbeat(&mut self) -> Read<Heartbeat> {
        let (sent_us, view) = (self.u64()?, self.view()?);
        let [operating, supports] = self.flags()?;
        Ok(Heartbeat {
            sent_us,
            view,
            operating,
            supports,
            lease_us: self.u64()?,
            seq: self.u64()?,
            acknowledged: self.u64()?,
            taken: self.u64()?,
            members: self.nodes()?,
            echoes: self.list(MAX_LINKS, |input| {
                let link = input.u8()?;
                if usize::from(link) >= MAX_LINKS {
                    return Err(Garbled::Value);
                }
                Ok(Echo {
                    link,
                    sent_us: input.u64()?,
                    held_us: input.u64()?,
                })
            })?,
        })
    }

    fn submit(&mut self) -> Read<Submit> {
        Ok(Submit {
            view: self.view()?,
            first: self.place()?,
            payloads: self.list(MAX_PENDING_MESSAGES, |input| input.bytes(MAX_MESSAGE_BYTES))?,
        })
    }

    fn ordered(&mut self) -> Read<Ordered> {
        Ok(Ordered {
            view: self.view()?,
            first: self.place()?,
            committed: self.u64()?,
            collected: self.u64()?,
            entries: self.entries()?,
        })
    }

    fn invite(&mut self) -> Read<Invite> {
        let (proposal, weight, from_view) = (self.view()?, self.u32()?, self.view()?);
        let [led, absorb] = self.flags()?;
        Ok(Invite {
            proposal,
            weight,
            from_view,
            led,
            absorb,
            end: self.u64()?,
        })
    }

    fn accept(&mut self) -> Read<Accept> {
        Ok(Accept {
            proposal: self.view()?,
            from_view: self.view()?,
            received: self.u64()?,
            brings: self.nodes()?,
            attachment: self.bytes(MAX_ATTACHMENT_BYTES)?,
        })
    }

    fn decline(&mut self) -> Read<Decline> {
        Ok(Decline {
            proposal: self.view()?,
            counter: self.u64()?,
            reason: match self.u8()? {
                0 => Reluctance::Promised,
                1 => Reluctance::LeaderAlive,
                2 => Reluctance::Busy,
                3 => Reluctance::Elsewhere,
                _ => return Err(Garbled::Value),
            },
        })
    }

    fn arrivals(&mut self) -> Read<Vec<Arrival>> {
        let arrivals = self.list(MAX_NODES, |input| {
            Ok(Arrival {
                member: input.member()?,
                from_view: input.view()?,
                end: input.u64()?,
                attachment: input.bytes(MAX_ATTACHMENT_BYTES)?,
            })
        })?;
        let ascending = arrivals
            .windows(2)
            .all(|pair| pair[0].member.node < pair[1].member.node);
        if ascending {
            Ok(arrivals)
        } else {
            Err(Garbled::Value)
        }
    }

    fn entries(&mut self) -> Read<Vec<Entry>> {
        self.list(MAX_PENDING_MESSAGES, |input| {
            Ok(Entry {
                origin: input.node()?,
                payload: input.bytes(MAX_MESSAGE_BYTES)?,
            })
        })
    }

    fn nodes(&mut self) -> Read<Vec<NodeId>> {
        self.list(MAX_NODES, Self::node)
    }

    /// A list with its count. Nothing is reserved for a count that the bytes cannot hold.
    fn list<T>(
        &mut self,
        limit: usize,
        mut item: impl FnMut(&mut Self) -> Read<T>,
    ) -> Read<Vec<T>> {
        let count = self.u32()? as usize;
        if count > limit {
            return Err(Garbled::Limit);
        }
        let mut items = Vec::with_capacity(count.min(self.0.len() / 4));
        for _ in 0..count {
            items.push(item(self)?);
        }
        Ok(items)
    }

    fn bytes(&mut self, limit: usize) -> Read<Bytes> {
        let len = self.u32()? as usize;
        if len > limit {
            return Err(Garbled::Limit);
        }
        if len > self.0.len() {
            return Err(Garbled::Length);
        }
        Ok(self.0.split_to(len))
    }

    fn view(&mut self) -> Read<ViewId> {
        Ok(ViewId {
            counter: self.u64()?,
            leader: self.member()?,
        })
    }

    fn member(&mut self) -> Read<Member> {
        Ok(Member {
            node: self.node()?,
            incarnation: Incarnation(self.u64()?),
        })
    }

    fn node(&mut self) -> Read<NodeId> {
        match self.u32()? {
            0 => Err(Garbled::Value),
            id => Ok(NodeId(id)),
        }
    }

    /// A place in an order: from 1, and far from the end of the numbers.
    fn place(&mut self) -> Read<u64> {
        match self.u64()? {
            place @ 1..=0x7fff_ffff_ffff_ffff => Ok(place),
            _ => Err(Garbled::Value),
        }
    }

    fn flags(&mut self) -> Read<[bool; 2]> {
        match self.u8()? {
            flags @ 0..=3 => Ok([flags & 1 != 0, flags & 2 != 0]),
            _ => Err(Garbled::Value),
        }
    }

    fn u8(&mut self) -> Read<u8> {
        self.0.try_get_u8().map_err(|_| Garbled::Length)
    }

    fn u32(&mut self) -> Read<u32> {
        self.0.try_get_u32_le().map_err(|_| Garbled::Length)
    }

    fn u64(&mut self) -> Read<u64> {
        self.0.try_get_u64_le().map_err(|_| Garbled::Length)
    }
}
