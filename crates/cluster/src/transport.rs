//! The embedded transport: frames between nodes over QUIC, on one to eight links at once.
//!
//! Owns: one UDP socket a link, the connections to the peers, and what is known of each *path* (the
//! way to one peer over one link). Must never: wait for a peer where the layer above sends, keep
//! more than named limits allow, decide who is a member, or hand up a byte that was not sent by a
//! configured node with a certificate of this cluster.
//!
//! ```text
//!             send(peer, link, frame)                              Event
//!                      │                                             ▲
//!          fits ┌──────┴──────┐ does not fit                         │ bounded
//!               ▼             ▼                                      │
//!           datagram     queue (bytes) ─► one stream             readers, one task for datagrams,
//!               └──────┬──────┘                                  one for the stream
//!                      ▼                                             ▲
//!   dial (lower id) ► connection of a path ◄────── QUIC ──────► the peer's ◄ accept (higher id)
//!                                              TLS 1.3, both           ▲
//!                                              ends with a             │ admission: retry, limits
//!                                              certificate             │ on attempts
//! ```
//!
//! # Decisions
//!
//! **One connection for each pair and link, dialled by the node with the lower id.** Two that
//! dialled each other at once would have to agree on which connection to keep.
//!
//! **The certificate says who somebody is, the address does not.** A node behind address
//! translation or with a changed address is still that node. Its address is only looked at for the
//! price of its first packet: from an address that no peer has, a connection is first asked to
//! prove that it can be reached there (QUIC's Retry), which costs this node no memory. A connection
//! does not move to another address once it stands: it is dialled anew.
//!
//! **Datagrams for what is small.** Heartbeats and most messages fit into a packet; QUIC sends
//! them before the stream's bytes and neither repeats nor orders them, which the layer above does.
//! What does not fit goes over one stream. What has no room is dropped and counted: the layer above
//! repeats it, and knows better than a queue what is still worth repeating.
//!
//! **A restart is noticed at once.** The answer to a packet of a connection that a restarted node
//! does not know (QUIC's stateless reset) is made with a secret that outlives the process, as it is
//! derived from the node's key; and a new connection carries the *incarnation* of its process, so
//! that it replaces one of an earlier process.
//!
//! **New keys without a lost connection.** After [`Transport::reload`], paths are dialled again
//! with the new keys while the old connections still carry frames; an old one ends when the new one
//! stands and what it has in its queue is delivered.

mod accept;
mod admission;
mod allowance;
mod connection;
mod counters;
mod dial;
mod establish;
mod event;
mod failure;
mod link;
mod locked;
mod path;
mod quic;
mod receive;
mod record;
mod refusals;
mod reset;
mod settings;
mod shared;
mod status;
pub(crate) mod tls;
mod watch;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::NodeId;
use crate::keys::Keys;

pub use event::{Class, Dropped, Event, Events, Limit, Lost, Refusal, Sent};
pub use record::{MAX_FRAME_BYTES, Record, RecordError, Records};
pub use settings::{
    Limits, Link, LinkNumber, MAX_LINKS, MAX_PEERS, Settings, SettingsError, StartError,
};
pub use status::{LinkStatus, PathStatus, Refused};

use connection::Code;
use shared::Shared;

/// The protocol's name in TLS (ALPN): nodes of versions that do not understand each other refuse
/// each other with a message that says so.
pub const PROTOCOL: &str = "keel-cluster/1";

/// How long the end stays for the farewells, one packet to each peer, which leave at once. QUIC would
/// have it stay three times as long as an acknowledgement may take, to say so again to whoever missed
/// it; the peers have acknowledged by then what the node itself said of its leaving.
const SHUTDOWN_LIMIT: Duration = Duration::from_millis(5);
/// How long the end waits for what was sent just before, and how often it looks.
const FLUSH_LIMIT: Duration = Duration::from_millis(100);
const FLUSH_PACE: Duration = Duration::from_millis(1);

/// The running transport. It ends when this is dropped; only [`Transport::shutdown`] waits until the
/// farewell to the peers is sent.
pub struct Transport {
    shared: Arc<Shared>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Transport {
    /// Binds the links and begins to dial and accept. To be called inside a tokio runtime; one with
    /// a single thread is enough and has the shortest way from socket to [`Events`].
    ///
    /// # Errors
    ///
    /// Where the settings contradict themselves or a socket cannot be bound. An address that this
    /// machine does not have (yet) is no error: [`LinkStatus::address_missing`] says so.
    pub fn start(settings: Settings) -> Result<(Self, Events), StartError> {
        settings.check()?;
        let links = settings.links.clone();
        let (shared, events) = Shared::new(settings)?;
        let mut tasks = vec![tokio::spawn(watch::run(shared.clone()))];
        for Link { number, peers, .. } in &links {
            let link = &shared.links[number];
            link.set_peers(&shared, peers);
            tasks.push(tokio::spawn(accept::run(shared.clone(), link.clone())));
        }
        Ok((Self { shared, tasks }, events))
    }

    /// Sends `frame` to `peer` over `link`, at once or never: this does not wait.
    ///
    /// Frames of one class arrive in the order of sending, datagrams with gaps; nothing is known of
    /// the order between the two classes.
    pub fn send(&self, peer: NodeId, link: LinkNumber, frame: Bytes) -> Sent {
        match self.shared.path(peer, link) {
            Some(path) => path.send(frame),
            None => Sent::Dropped(Dropped::NoSuchPath),
        }
    }

    /// Whether `peer` can be reached over `link` now.
    pub fn is_connected(&self, peer: NodeId, link: LinkNumber) -> bool {
        self.shared
            .path(peer, link)
            .is_some_and(|path| path.current().is_some())
    }

    /// What is known of all links and their peers, for `keel cluster links`.
    pub fn links(&self) -> Vec<LinkStatus> {
        status::links(&self.shared)
    }

    /// Ends the connections to `peer` on all links. They are dialled anew: this is for a peer that
    /// does not answer, not for shutting it out.
    pub fn close(&self, peer: NodeId) {
        for link in self.shared.links.keys() {
            self.close_path(peer, *link);
        }
    }

    /// Ends the connection to `peer` over `link`; it is dialled anew.
    pub fn close_path(&self, peer: NodeId, link: LinkNumber) {
        if let Some(live) = self.shared.path(peer, link).and_then(|path| path.current()) {
            live.close(Code::Closed, "closed by the layer above");
        }
    }

    /// Makes `peers` the peers of `link`, for instance after a node was added. Paths to those that
    /// stay at their address are left alone; those to the others end with [`Lost::Removed`].
    ///
    /// # Errors
    ///
    /// Where there is no such link, or the peers contradict themselves or this node; then nothing
    /// changes.
    pub fn set_peers(
        &self,
        link: LinkNumber,
        peers: BTreeMap<NodeId, SocketAddr>,
    ) -> Result<(), SettingsError> {
        let state = self
            .shared
            .links
            .get(&link)
            .ok_or(SettingsError::NoLink(link))?;
        let link = Link {
            number: link,
            listen: state.listen,
            peers,
        };
        link.check(self.shared.own)?;
        state.set_peers(&self.shared, &link.peers);
        Ok(())
    }

    /// Uses `keys` from now on: for what is dialled and accepted from here, and for connections that
    /// stand. Those whose peer is no longer trusted end; where this node's own certificate is a new
    /// one, all paths are dialled again, each old connection staying until the new one stands.
    ///
    /// # Errors
    ///
    /// Where the keys are for another node or cluster, or TLS refuses them; then nothing changes.
    pub fn reload(&self, keys: Keys) -> Result<(), StartError> {
        self.shared.reload(keys)
    }

    /// Sends what was given to it before, says farewell to the peers, which then know at once, and
    /// ends.
    pub async fn shutdown(self) {
        let _ = tokio::time::timeout(FLUSH_LIMIT, self.flush()).await;
        self.end();
        let farewell = async {
            for link in self.shared.links.values() {
                link.endpoint.wait_idle().await;
            }
        };
        // Past the limit the peers learn it from the silence.
        let _ = tokio::time::timeout(SHUTDOWN_LIMIT, farewell).await;
    }

    /// A connection that is closed sends nothing more. Datagrams go before the stream, so that they
    /// have gone once the peer has acknowledged the stream's end.
    async fn flush(&self) {
        let paths = self.shared.paths();
        let lives: Vec<_> = paths.filter_map(|path| path.current()).collect();
        lives.iter().for_each(|live| live.end_stream());
        for live in lives {
            let is_under_way = || {
                !live.all_written.load(std::sync::atomic::Ordering::Relaxed)
                    && live.connection.close_reason().is_none()
            };
            while is_under_way() {
                tokio::time::sleep(FLUSH_PACE).await;
            }
        }
    }

    fn end(&self) {
        self.tasks.iter().for_each(tokio::task::JoinHandle::abort);
        for link in self.shared.links.values() {
            link.end();
            link.endpoint.close(Code::Stopped.into(), b"the node stops");
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        self.end();
    }
}
