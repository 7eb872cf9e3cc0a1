//! What the transport is told at its start.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use crate::NodeId;
use crate::keys::{Keys, KeysError};

/// The most links, as in corosync.conf(5), `ringX_addr` and `linknumber`: 0 to 7.
pub const MAX_LINKS: usize = 8;

/// The most peers on a link.
pub const MAX_PEERS: usize = 128;

/// The number of a link, as `linknumber` in corosync.conf(5): 0 to 7.
pub type LinkNumber = u8;

/// Who this node is, and how to reach the others.
#[derive(Debug)]
pub struct Settings {
    /// This node's id.
    pub own: NodeId,
    /// A number that no earlier process of this node had, for instance its time of start.
    pub incarnation: u64,
    /// The name of the cluster.
    pub cluster: String,
    /// The links, 1 to [`MAX_LINKS`].
    pub links: Vec<Link>,
    /// The keys of this node.
    pub keys: Keys,
    /// What peers may cost.
    pub limits: Limits,
}

/// One network that joins the nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its number, one for all nodes.
    pub number: LinkNumber,
    /// This node's own address on it.
    pub listen: SocketAddr,
    /// The addresses of the other nodes that are on it.
    pub peers: BTreeMap<NodeId, SocketAddr>,
}

/// What peers and strangers may cost. The defaults are far above what a cluster needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Frames a second from one peer over one link; more are dropped.
    pub frames_per_second: u64,
    /// Bytes a second from one peer over one link: datagrams above it are dropped, streams wait.
    pub bytes_per_second: u64,
    /// Bytes that wait for one peer in the queue of a link's stream.
    pub queue_bytes: usize,
    /// Attempts to connect, a second, from one address that has proven to be its sender's.
    pub attempts_per_second: u64,
    /// Handshakes in progress with addresses that no peer has; as many again with those of peers.
    pub handshakes: usize,
    /// Events that wait for the layer above.
    pub events: usize,
    /// Bytes of stream frames that wait for the layer above.
    pub event_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frames_per_second: 500_000,
            bytes_per_second: 1 << 30,
            queue_bytes: 8 << 20,
            attempts_per_second: 32,
            handshakes: 32,
            events: 8192,
            event_bytes: 32 << 20,
        }
    }
}

/// Settings that contradict themselves.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A node's number is 1 or more.
    #[error("0 is no node id: it is 1 or more")]
    NodeZero,
    /// None, or more than there may be.
    #[error("{0} links: there are 1 to {MAX_LINKS}")]
    LinkCount(usize),
    /// Not 0 to 7.
    #[error("link {0}: links are numbered 0 to 7")]
    LinkNumber(LinkNumber),
    /// There is no link of that number.
    #[error("there is no link {0}")]
    NoLink(LinkNumber),
    /// Two links have one number.
    #[error("link {0} is there twice")]
    LinkTwice(LinkNumber),
    /// Two links have one address.
    #[error("links {0} and {1} have the same address {2}")]
    AddressTwice(LinkNumber, LinkNumber, SocketAddr),
    /// More peers than there may be.
    #[error("link {0} has {1} peers, more than {MAX_PEERS}")]
    PeerCount(LinkNumber, usize),
    /// This node stands among its own peers.
    #[error("link {0}: node {1} is this node, not a peer of it")]
    OwnPeer(LinkNumber, NodeId),
    /// Two peers of a link have one address.
    #[error("link {link}: nodes {first} and {second} have the same address {address}")]
    PeersShare {
        /// The link.
        link: LinkNumber,
        /// One of the two.
        first: NodeId,
        /// The other.
        second: NodeId,
        /// Their address.
        address: SocketAddr,
    },
    /// This node cannot reach a peer of another address family.
    #[error("link {0}: this node is at {1} and node {2} at {3}: one is IPv4, the other IPv6")]
    Families(LinkNumber, SocketAddr, NodeId, SocketAddr),
    /// The keys are of another node or cluster.
    #[error("the keys are those of node {node} of cluster {cluster:?}")]
    ForeignKeys {
        /// Their node.
        node: NodeId,
        /// Their cluster.
        cluster: String,
    },
}

/// Why the transport does not start, or does not take new keys.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The settings contradict themselves.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The keys are of no use.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// A link's socket could not be had.
    #[error("link {link}: {address}: {error}")]
    Bind {
        /// The link.
        link: LinkNumber,
        /// Its address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// TLS refuses the keys.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
}

impl Settings {
    /// Looks for contradictions.
    ///
    /// # Errors
    ///
    /// The first one found.
    pub fn check(&self) -> Result<(), SettingsError> {
        if self.own == 0 {
            return Err(SettingsError::NodeZero);
        }
        if !(1..=MAX_LINKS).contains(&self.links.len()) {
            return Err(SettingsError::LinkCount(self.links.len()));
        }
        if (self.keys.node(), self.keys.cluster()) != (self.own, &self.cluster) {
            return Err(SettingsError::ForeignKeys {
                node: self.keys.node(),
                cluster: self.keys.cluster().to_owned(),
            });
        }
        for (index, link) in self.links.iter().enumerate() {
            link.check(self.own)?;
            for earlier in &self.links[..index] {
                if earlier.number == link.number {
                    return Err(SettingsError::LinkTwice(link.number));
                }
                if earlier.listen == link.listen && link.listen.port() != 0 {
                    let (first, second) = (earlier.number, link.number);
                    return Err(SettingsError::AddressTwice(first, second, link.listen));
                }
            }
        }
        Ok(())
    }
}

impl Link {
    pub(super) fn check(&self, own: NodeId) -> Result<(), SettingsError> {
        if usize::from(self.number) >= MAX_LINKS {
            return Err(SettingsError::LinkNumber(self.number));
        }
        if self.peers.len() > MAX_PEERS {
            return Err(SettingsError::PeerCount(self.number, self.peers.len()));
        }
        let mut by_address = BTreeMap::new();
        for (&peer, &address) in &self.peers {
            if peer == 0 {
                return Err(SettingsError::NodeZero);
            }
            if peer == own {
                return Err(SettingsError::OwnPeer(self.number, peer));
            }
            if address.is_ipv4() != self.listen.is_ipv4() {
                let (link, listen) = (self.number, self.listen);
                return Err(SettingsError::Families(link, listen, peer, address));
            }
            if let Some(first) = by_address.insert(address, peer) {
                return Err(SettingsError::PeersShare {
                    link: self.number,
                    first,
                    second: peer,
                    address,
                });
            }
        }
        Ok(())
    }
}
