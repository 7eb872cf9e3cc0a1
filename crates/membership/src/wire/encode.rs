//! Frames → bytes.

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    Accept, Body, Decline, Echo, Entry, Frame, Goodbye, Heartbeat, Install, Invite, Missing,
    Ordered, Progress, Reluctance, Settled, Submit, Tail, VERSION,
};
use crate::{Member, NodeId, ViewId};

/// What a frame needs besides the messages in it, at most; without lists.
const FRAME_OVERHEAD: usize = 96;
/// What a message in order needs besides its payload.
pub(crate) const ENTRY_OVERHEAD: usize = 8;

impl Frame {
    /// The bytes of this frame.
    pub(crate) fn encode(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(FRAME_OVERHEAD + self.body.size_hint());
        out.put_u8(VERSION);
        out.put_u64_le(self.from.0);
        out.put_u64_le(self.to.0);
        self.body.encode(&mut out);
        out.freeze()
    }
}

impl Body {
    fn size_hint(&self) -> usize {
        match self {
            Body::Submit(body) => body.payloads.iter().map(|p| p.len() + ENTRY_OVERHEAD).sum(),
            Body::Ordered(Ordered { entries, .. }) | Body::Tail(Tail { entries, .. }) => entries
                .iter()
                .map(|e| e.payload.len() + ENTRY_OVERHEAD)
                .sum(),
            _ => 0,
        }
    }

    fn encode(&self, out: &mut BytesMut) {
        match self {
            Body::Heartbeat(body) => body.encode(out),
            Body::Submit(body) => body.encode(out),
            Body::Ordered(body) => body.encode(out),
            Body::Progress(Progress {
                view,
                received,
                acknowledged,
            }) => {
                out.put_u8(4);
                put_view(out, view);
                out.put_u64_le(*received);
                out.put_u64_le(*acknowledged);
            }
            Body::Settled(Settled {
                view,
                committed,
                collected,
            }) => {
                out.put_u8(5);
                put_view(out, view);
                out.put_u64_le(*committed);
                out.put_u64_le(*collected);
            }
            Body::Missing(Missing { view, after }) => {
                out.put_u8(6);
                put_view(out, view);
                out.put_u64_le(*after);
            }
            Body::Invite(body) => body.encode(out),
            Body::Accept(body) => body.encode(out),
            Body::Decline(body) => body.encode(out),
            Body::Tail(body) => body.encode(out),
            Body::Install(body) => body.encode(out),
            Body::Goodbye(Goodbye { view }) => {
                out.put_u8(12);
                put_view(out, view);
            }
        }
    }
}

impl Heartbeat {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(1);
        out.put_u64_le(self.sent_us);
        put_view(out, &self.view);
        out.put_u8(u8::from(self.operating) | u8::from(self.supports) << 1);
        out.put_u64_le(self.lease_us);
        out.put_u64_le(self.seq);
        out.put_u64_le(self.acknowledged);
        out.put_u64_le(self.taken);
        put_nodes(out, &self.members);
        put_count(out, self.echoes.len());
        for Echo {
            link,
            sent_us,
            held_us,
        } in &self.echoes
        {
            out.put_u8(*link);
            out.put_u64_le(*sent_us);
            out.put_u64_le(*held_us);
        }
    }
}

impl Submit {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(2);
        put_view(out, &self.view);
        out.put_u64_le(self.first);
        put_count(out, self.payloads.len());
        for payload in &self.payloads {
            put_bytes(out, payload);
        }
    }
}

impl Ordered {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(3);
        put_view(out, &self.view);
        out.put_u64_le(self.first);
        out.put_u64_le(self.committed);
        out.put_u64_le(self.collected);
        put_entries(out, &self.entries);
    }
}

impl Invite {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(7);
        put_view(out, &self.proposal);
        out.put_u32_le(self.weight);
        put_view(out, &self.from_view);
        out.put_u8(u8::from(self.led) | u8::from(self.absorb) << 1);
        out.put_u64_le(self.end);
    }
}

impl Accept {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(8);
        put_view(out, &self.proposal);
        put_view(out, &self.from_view);
        out.put_u64_le(self.received);
        put_nodes(out, &self.brings);
        put_bytes(out, &self.attachment);
    }
}

impl Decline {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(9);
        put_view(out, &self.proposal);
        out.put_u64_le(self.counter);
        out.put_u8(match self.reason {
            Reluctance::Promised => 0,
            Reluctance::LeaderAlive => 1,
            Reluctance::Busy => 2,
            Reluctance::Elsewhere => 3,
        });
    }
}

impl Tail {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(10);
        put_view(out, &self.proposal);
        put_view(out, &self.view);
        out.put_u64_le(self.first);
        put_entries(out, &self.entries);
    }
}

impl Install {
    fn encode(&self, out: &mut BytesMut) {
        out.put_u8(11);
        put_view(out, &self.view);
        put_count(out, self.members.len());
        for arrival in &self.members {
            put_member(out, &arrival.member);
            put_view(out, &arrival.from_view);
            out.put_u64_le(arrival.end);
            put_bytes(out, &arrival.attachment);
        }
    }
}

fn put_member(out: &mut BytesMut, member: &Member) {
    out.put_u32_le(member.node.0);
    out.put_u64_le(member.incarnation.0);
}

fn put_view(out: &mut BytesMut, view: &ViewId) {
    out.put_u64_le(view.counter);
    put_member(out, &view.leader);
}

fn put_nodes(out: &mut BytesMut, nodes: &[NodeId]) {
    put_count(out, nodes.len());
    for node in nodes {
        out.put_u32_le(node.0);
    }
}

fn put_entries(out: &mut BytesMut, entries: &[Entry]) {
    put_count(out, entries.len());
    for Entry { origin, payload } in entries {
        out.put_u32_le(origin.0);
        put_bytes(out, payload);
    }
}

fn put_bytes(out: &mut BytesMut, bytes: &Bytes) {
    put_count(out, bytes.len());
    out.extend_from_slice(bytes);
}

/// Every list is limited far below 4 thousand million.
fn put_count(out: &mut BytesMut, count: usize) {
    out.put_u32_le(u32::try_from(count).expect("lists are limited"));
}
