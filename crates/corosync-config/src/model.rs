//! What a cluster's configuration says, understood.
//!
//! Both languages lead here. Values keep the place where they were written ([`Spanned`]), so that
//! what only a later step can find wrong (a name that does not resolve, an address that no interface
//! has) can still be told with file and line. What was not written is `None`; defaults that depend
//! on other values are methods.

mod fencing;
mod keel;
mod logging;
mod nodes;
mod quorum;
mod times;

use diagnostics::Spanned;

pub use fencing::{FenceDevice, FenceMethod, FenceStep};
pub use keel::{Acknowledge, Keel, MessageTransport, WrittenAuthority};
pub use logging::{Debug, Logging, Priority, Subsystem, Targets, Timestamp};
pub use nodes::{Address, Link, Node};
pub use quorum::{
    Algorithm, Command, Device, Heuristics, HeuristicsMode, Net, Quorum, TieBreaker, Tls,
};
pub use times::{Peer, Times};

/// A whole configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configuration {
    /// The cluster's name: two clusters on one network are told apart by it.
    pub cluster_name: Spanned<String>,
    /// `totem.cluster_uuid`, which pcs writes.
    pub cluster_uuid: Option<Spanned<String>>,
    /// `totem.config_version`, or CMAN's: rises with each change of the file.
    pub config_version: Option<Spanned<u64>>,
    /// `totem.transport`; absent, knet.
    pub transport: Option<Spanned<Transport>>,
    /// `totem.ip_version`: which addresses a host name stands for.
    pub ip_version: Option<Spanned<IpVersion>>,
    /// `totem.link_mode`; absent, passive.
    pub link_mode: Option<Spanned<LinkMode>>,
    /// The nodes in the order written: at least one, at most [`crate::MAX_NODES`], all ids, names and
    /// addresses different.
    pub nodes: Vec<Node>,
    /// The links in the order of their numbers: every node has an address on each.
    pub links: Vec<Link>,
    /// What `totem` says of times.
    pub times: Times,
    /// What `totem` says of encryption.
    pub crypto: Crypto,
    /// `quorum`.
    pub quorum: Quorum,
    /// `logging`.
    pub logging: Logging,
    /// `keel`.
    pub keel: Keel,
    /// CMAN's fence devices; none in a `corosync.conf`.
    pub fence_devices: Vec<FenceDevice>,
}

impl Configuration {
    /// The node of that id.
    #[must_use]
    pub fn node(&self, id: u32) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id.value == id)
    }

    /// The node of that name.
    #[must_use]
    pub fn node_named(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name.value == name)
    }

    /// Whether all fence devices only hand fencing on to the resource manager (`fence_pcmk`).
    #[must_use]
    pub fn leaves_fencing_to_resource_manager(&self) -> bool {
        let mut devices = self.fence_devices.iter();
        !self.fence_devices.is_empty()
            && devices.all(FenceDevice::leaves_fencing_to_resource_manager)
    }

    /// The UDP port of a link: `keel.port` plus its number where that is written, else the link's
    /// `mcastport`, else 5405 plus its number, which is what corosync uses.
    #[must_use]
    pub fn port(&self, link: &Link) -> u16 {
        const COROSYNC_PORT: u16 = 5405;
        let number = u16::from(link.number);
        match (&self.keel.port, &link.port) {
            (Some(port), _) => port.value.saturating_add(number),
            (None, Some(port)) => port.value,
            (None, None) => COROSYNC_PORT + number,
        }
    }

    /// `totem.transport`, or its default.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
            .as_ref()
            .map_or(Transport::Knet, |transport| transport.value)
    }
}

/// How corosync carries messages (`totem.transport`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Up to eight links, encrypted.
    Knet,
    /// One link, multicast or broadcast.
    Udp,
    /// One link, to each node's address.
    Udpu,
}

/// Which addresses a host name stands for (`totem.ip_version`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IpVersion {
    /// Only IPv4.
    V4,
    /// Only IPv6.
    V6,
    /// IPv4 where there is one, else IPv6.
    V4Then6,
    /// IPv6 where there is one, else IPv4.
    V6Then4,
}

/// How several links are used (`totem.link_mode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkMode {
    /// The working link of the highest priority.
    Passive,
    /// All at once.
    Active,
    /// One after the other, a packet each.
    RoundRobin,
}

/// What is asked of encryption. The embedded transport always encrypts; these are for a running
/// corosync, and for the message when a file asks for none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Crypto {
    /// `crypto_cipher`.
    pub cipher: Option<Spanned<Cipher>>,
    /// `crypto_hash`.
    pub hash: Option<Spanned<Hash>>,
    /// `secauth`: the older way to ask for both.
    pub secauth: Option<Spanned<bool>>,
    /// `crypto_model`: the library that knet uses.
    pub model: Option<Spanned<String>>,
    /// `keyfile`.
    pub keyfile: Option<Spanned<String>>,
    /// `key`.
    pub key: Option<Spanned<String>>,
}

impl Crypto {
    /// The cipher that counts: `crypto_cipher`, else AES-256 where `secauth` is on.
    #[must_use]
    pub fn cipher(&self) -> Cipher {
        let implied = if self.is_secauth() {
            Cipher::Aes256
        } else {
            Cipher::None
        };
        self.cipher.as_ref().map_or(implied, |cipher| cipher.value)
    }

    /// The hash that counts: `crypto_hash`, else SHA-256 where `secauth` is on.
    #[must_use]
    pub fn hash(&self) -> Hash {
        let implied = if self.is_secauth() {
            Hash::Sha256
        } else {
            Hash::None
        };
        self.hash.as_ref().map_or(implied, |hash| hash.value)
    }

    fn is_secauth(&self) -> bool {
        self.secauth.as_ref().is_some_and(|secauth| secauth.value)
    }
}

/// `crypto_cipher`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the manual")]
pub enum Cipher {
    None,
    Aes256,
    Aes192,
    Aes128,
}

/// `crypto_hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as in the manual")]
pub enum Hash {
    None,
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}
