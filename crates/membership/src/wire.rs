//! The messages between nodes, and their bytes.
//!
//! All numbers are little-endian. A frame is a version, the sender's incarnation, the incarnation
//! it is meant for (0: any), a kind, and the kind's fields. Who sent it is known from the transport,
//! which has verified it. Whatever is not understood is refused as a whole.

mod decode;
mod encode;

use bytes::Bytes;

use crate::{Incarnation, Member, NodeId, ViewId};
pub(crate) use encode::ENTRY_OVERHEAD;

/// The version of the frames. A node that speaks another one is heard, and refused with a report.
pub const VERSION: u8 = 1;

/// A frame between two nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The sender's life.
    pub from: Incarnation,
    /// The life of the receiver that is meant; 0 for any.
    pub to: Incarnation,
    pub body: Body,
}

/// What a frame says. The names are those of `PROTOCOL.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Heartbeat(Heartbeat),
    Submit(Submit),
    Ordered(Ordered),
    Progress(Progress),
    Settled(Settled),
    Missing(Missing),
    Invite(Invite),
    Accept(Accept),
    Decline(Decline),
    Tail(Tail),
    Install(Install),
    Goodbye(Goodbye),
}

/// "I live, and this is what I have heard of you."
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// The sender's clock, in microseconds.
    pub sent_us: u64,
    /// The view that the sender is in.
    pub view: ViewId,
    /// The sender takes part in its view as it is: it neither changes it nor leaves it.
    pub operating: bool,
    /// The sender supports the leader of its view: its heartbeats prolong the leader's lease.
    pub supports: bool,
    /// From the leader: for how long, counted from this moment, its view surely has its votes.
    pub lease_us: u64,
    /// From a member: messages received without a gap. From the leader: messages ordered.
    pub seq: u64,
    /// From a member: acknowledged by the layer above. From the leader: committed.
    pub acknowledged: u64,
    /// From the leader: how many of the receiver's submissions it has taken.
    pub taken: u64,
    /// To a node of another view: the nodes of the sender's view. Otherwise empty.
    pub members: Vec<NodeId>,
    /// What the sender has last heard of the receiver, on each link.
    pub echoes: Vec<Echo>,
}

/// The last heartbeat that was heard on a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Echo {
    pub link: u8,
    /// Its `sent_us`.
    pub sent_us: u64,
    /// How long ago it came, in microseconds.
    pub held_us: u64,
}

/// To the leader: messages to be ordered. Their numbers count the sender's submissions in this view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Submit {
    pub view: ViewId,
    /// The number of the first message, from 1.
    pub first: u64,
    pub payloads: Vec<Bytes>,
}

/// From the leader: messages in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ordered {
    pub view: ViewId,
    /// The place of the first message, from 1.
    pub first: u64,
    /// Every message up to here is committed.
    pub committed: u64,
    /// Every message up to here has been received and acknowledged by all: nobody asks for it again.
    pub collected: u64,
    pub entries: Vec<Entry>,
}

/// A message in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub origin: NodeId,
    pub payload: Bytes,
}

/// To the leader: how far the sender is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    pub view: ViewId,
    pub received: u64,
    pub acknowledged: u64,
}

/// From the leader: how far all are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    pub view: ViewId,
    pub committed: u64,
    pub collected: u64,
}

/// To the leader: send again what follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub view: ViewId,
    pub after: u64,
}

/// "Come to the view of this name."
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invite {
    /// The name of the view to be.
    pub proposal: ViewId,
    /// How many members the proposer's present view has: the greater one absorbs the lesser.
    pub weight: u32,
    /// The view whose members are addressed: the proposer's, or the one whose leader passes the
    /// invitation on.
    pub from_view: ViewId,
    /// The addressed view's leader has sent this: it goes along, and the view ends with the message
    /// of this place. Otherwise the leader is gone.
    pub led: bool,
    /// With `led`: the last message of the view. Otherwise: what the proposer has received of it.
    pub end: u64,
    /// The leader of the addressed view is asked to bring it along (to a leader of another view).
    pub absorb: bool,
}

/// "I come."
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accept {
    pub proposal: ViewId,
    pub from_view: ViewId,
    /// What the sender has received of that view.
    pub received: u64,
    /// A leader that brings its view along names its members.
    pub brings: Vec<NodeId>,
    pub attachment: Bytes,
}

/// "I do not come."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Decline {
    pub proposal: ViewId,
    /// The greatest counter that the sender knows.
    pub counter: u64,
    pub reason: Reluctance,
}

/// Why a node does not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reluctance {
    /// It has promised to come to a view with a greater name.
    Promised,
    /// It hears the leader of its view.
    LeaderAlive,
    /// It is about to follow somebody else, or to propose a better view itself.
    Busy,
    /// It is in another view than the one that is addressed.
    Elsewhere,
}

/// Messages of a view that has ended, for a member that has not received them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tail {
    pub proposal: ViewId,
    pub view: ViewId,
    pub first: u64,
    pub entries: Vec<Entry>,
}

/// "This is the view."
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Install {
    pub view: ViewId,
    /// Everybody, ascending, with the view that each one comes from.
    pub members: Vec<Arrival>,
}

/// A member of a new view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub member: Member,
    pub from_view: ViewId,
    /// The last message of that view which all who come from it deliver.
    pub end: u64,
    pub attachment: Bytes,
}

/// "I leave, and claim nothing any more."
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Goodbye {
    pub view: ViewId,
}

/// Bytes that are no frame of this version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Garbled {
    /// Written by another version of this program.
    #[error("its version is {0}, not {VERSION}")]
    Version(u8),
    /// Shorter than its fields need, or with bytes left over.
    #[error("its length does not fit its fields")]
    Length,
    /// A field has a value that it cannot have.
    #[error("a field has a value that it cannot have")]
    Value,
    /// A count is beyond its limit.
    #[error("it exceeds a limit")]
    Limit,
}

/// What a frame says, for people who follow what happens on the wire: its kind and its fields as
/// the code has them, payloads left out. Not a format to rely on.
#[must_use]
pub fn describe(bytes: &Bytes) -> String {
    match Frame::decode(bytes.clone()) {
        Ok(frame) => frame.describe(),
        Err(error) => format!("{} bytes: {error}", bytes.len()),
    }
}

impl Frame {
    fn describe(mut self) -> String {
        match &mut self.body {
            Body::Submit(body) => body.payloads.iter_mut().for_each(Bytes::clear),
            Body::Ordered(Ordered { entries, .. }) | Body::Tail(Tail { entries, .. }) => {
                entries.iter_mut().for_each(|entry| entry.payload.clear());
            }
            _ => {}
        }
        format!("{:?}", self.body)
    }
}
