//! Nodes, and the links between them.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use diagnostics::{Span, Spanned};

use super::FenceMethod;

/// A machine of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// `nodeid`, from 1.
    pub id: Spanned<u32>,
    /// `name`, else the host name that `ring0_addr` holds.
    pub name: Spanned<String>,
    /// `quorum_votes`; see [`Node::votes`].
    pub quorum_votes: Option<Spanned<u32>>,
    /// Its address on each link, by the link's number.
    pub addresses: BTreeMap<u8, Spanned<Address>>,
    /// How it is fenced, in the order to try (CMAN; empty in a `corosync.conf`).
    pub fence_methods: Vec<FenceMethod>,
    /// How it is let back in after fencing (CMAN's `unfence`).
    pub unfence: Option<FenceMethod>,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// Its votes, by default one.
    #[must_use]
    pub fn votes(&self) -> u32 {
        self.quorum_votes.as_ref().map_or(1, |votes| votes.value)
    }
}

/// Where a node is on a link, as written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// An address.
    Ip(IpAddr),
    /// A name, to be resolved when it is used.
    Host(String),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(formatter),
            Self::Host(name) => name.fmt(formatter),
        }
    }
}

/// A link: a network that all nodes are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// `linknumber`, 0 to 7: the X of `ringX_addr`.
    pub number: u8,
    /// `knet_link_priority`; see [`Link::priority`].
    pub link_priority: Option<Spanned<u8>>,
    /// `mcastport`; see [`super::Configuration::port`].
    pub port: Option<Spanned<u16>>,
    /// `knet_ping_interval` in milliseconds.
    pub ping_interval_ms: Option<Spanned<u32>>,
    /// `knet_ping_timeout` in milliseconds.
    pub ping_timeout_ms: Option<Spanned<u32>>,
    /// `knet_pong_count`: answers before a link is up; by default 2.
    pub pong_count: Option<Spanned<u32>>,
    /// Its `interface` section, where there is one.
    pub span: Option<Span>,
}

impl Link {
    /// A link without an `interface` section.
    #[must_use]
    pub(crate) fn new(number: u8) -> Self {
        Self {
            number,
            link_priority: None,
            port: None,
            ping_interval_ms: None,
            ping_timeout_ms: None,
            pong_count: None,
            span: None,
        }
    }

    /// Which link is used where one is (`link_mode: passive`): the highest; by default 1. Of links
    /// with one priority, the lowest number.
    #[must_use]
    pub fn priority(&self) -> u8 {
        self.link_priority
            .as_ref()
            .map_or(1, |priority| priority.value)
    }

    /// How long without an answer until a link is down, in milliseconds: as written, else the token
    /// timeout divided by the pong count.
    #[must_use]
    pub fn ping_timeout_ms(&self, token_ms: u32) -> u32 {
        self.ping_timeout_ms
            .as_ref()
            .map_or(token_ms / self.pongs(), |timeout| timeout.value)
    }

    /// How often a link is tried, in milliseconds: as written, else half of the token timeout
    /// divided by the pong count.
    #[must_use]
    pub fn ping_interval_ms(&self, token_ms: u32) -> u32 {
        self.ping_interval_ms
            .as_ref()
            .map_or(token_ms / self.pongs().saturating_mul(2), |interval| {
                interval.value
            })
    }

    fn pongs(&self) -> u32 {
        self.pong_count
            .as_ref()
            .map_or(2, |count| count.value)
            .max(1)
    }
}
