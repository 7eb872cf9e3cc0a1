//! What the transport tells the layer above.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::record::RecordError;
use super::settings::LinkNumber;
use crate::NodeId;
use crate::keys::Untrusted;

/// How a frame travelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// In one packet, sent once.
    Datagram,
    /// Over the path's stream, in order.
    Stream,
}

/// What became of a frame that was to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Sent {
    /// It is on its way.
    As(Class),
    /// It is not.
    Dropped(Dropped),
}

/// Why a frame was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dropped {
    /// There is no connection now.
    NotConnected,
    /// The peer or the network takes less than there is to send.
    Full,
    /// Larger than [`MAX_FRAME_BYTES`](super::MAX_FRAME_BYTES).
    TooLarge,
    /// That peer is not on that link.
    NoSuchPath,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A frame came.
    Frame {
        /// From whom; its certificate says so.
        peer: NodeId,
        /// Over which link.
        link: LinkNumber,
        /// How.
        class: Class,
        /// The frame.
        bytes: Bytes,
    },
    /// A peer can be reached over a link.
    Connected {
        /// The peer.
        peer: NodeId,
        /// The link.
        link: LinkNumber,
        /// Of the peer's process: another one than before means that it was restarted.
        incarnation: u64,
        /// Where it is.
        address: SocketAddr,
    },
    /// A peer can no longer be reached over a link.
    Disconnected {
        /// The peer.
        peer: NodeId,
        /// The link.
        link: LinkNumber,
        /// Why.
        why: Lost,
    },
    /// A connection did not come about, for a reason that waiting will not cure.
    Refused {
        /// The link.
        link: LinkNumber,
        /// The other end.
        address: SocketAddr,
        /// Why.
        why: Refusal,
        /// How many more there were since the last of these events, which are not told one by one.
        untold: u64,
    },
    /// A peer sends more than it may; told at most once a second for each path.
    Limited {
        /// The peer.
        peer: NodeId,
        /// The link.
        link: LinkNumber,
        /// Which limit.
        limit: Limit,
        /// How often it was exceeded since the last of these events.
        times: u64,
    },
}

/// A limit on what a peer may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`Limits::frames_per_second`](super::Limits::frames_per_second): frames are dropped.
    #[error("frames a second")]
    Frames,
    /// [`Limits::bytes_per_second`](super::Limits::bytes_per_second): datagrams are dropped.
    #[error("bytes a second")]
    Bytes,
    /// [`Limits::events`](super::Limits::events): the layer above does not keep up.
    #[error("events that wait")]
    Events,
}

/// Why a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Lost {
    /// The peer stops.
    #[error("the node stops")]
    Stopped,
    /// The peer has ended it and says why.
    #[error("the peer ended it: {0}")]
    ByPeer(String),
    /// The peer's process does not know of it: it was restarted.
    #[error("the peer was restarted")]
    Restarted,
    /// Another process of the same node has connected.
    #[error("another process of the same node has connected from {0}")]
    Replaced(SocketAddr),
    /// What was sent is not acknowledged.
    #[error("no answer")]
    Silent,
    /// Nothing was sent and nothing came for the idle time.
    #[error("nothing came for {} s", super::quic::IDLE_LIMIT.as_secs())]
    Idle,
    /// [`Transport::close`](super::Transport::close) was called.
    #[error("closed by the layer above")]
    Closed,
    /// [`Transport::set_peers`](super::Transport::set_peers) has taken the peer away, or to another
    /// address.
    #[error("it is not configured here any more")]
    Removed,
    /// After a change of keys the peer's certificate is not trusted any more.
    #[error("{0}")]
    Untrusted(Untrusted),
    /// What the peer sends is not this protocol.
    #[error("{0}")]
    Protocol(String),
}

/// Why a connection did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// This end does not trust the other, or does not understand it.
    #[error("{0}")]
    Handshake(String),
    /// The other end does not trust or understand this one.
    #[error("refused by the peer: {0}")]
    ByPeer(String),
    /// A node of this cluster, but none that is configured on this link.
    #[error("node {0} is not configured on this link")]
    NotConfigured(NodeId),
    /// Somebody with this node's own id.
    #[error("another machine or process claims to be node {0}, which is this one")]
    OwnId(NodeId),
    /// The node with the higher id does not dial.
    #[error("node {0} dialled, but has the higher id: it does not have this node's configuration")]
    WrongDirection(NodeId),
    /// After the handshake came something else than a greeting.
    #[error("{0}")]
    Protocol(RecordError),
    /// The handshake took too long.
    #[error("the handshake took too long")]
    Slow,
    /// [`Limits::attempts_per_second`](super::Limits::attempts_per_second).
    #[error("too many attempts to connect")]
    Attempts,
    /// [`Limits::handshakes`](super::Limits::handshakes).
    #[error("too many handshakes in progress")]
    Handshakes,
}

/// An event, with its share of the bytes that may wait.
pub(super) type Waiting = (Event, Option<OwnedSemaphorePermit>);

/// What happened, in order. Frames that are not fetched hold up their senders, within the limits.
pub struct Events {
    pub(super) waiting: mpsc::Receiver<Waiting>,
}

impl Events {
    /// The next event; nothing when the transport has ended.
    pub async fn recv(&mut self) -> Option<Event> {
        self.waiting.recv().await.map(|(event, _share)| event)
    }

    /// The next event if there is one now.
    pub fn try_recv(&mut self) -> Option<Event> {
        self.waiting.try_recv().ok().map(|(event, _share)| event)
    }
}
