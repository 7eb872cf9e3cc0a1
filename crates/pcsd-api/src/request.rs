//! What can be asked of a machine's pcsd.

use serde::{Deserialize, Serialize};

use crate::{KnownHosts, Secret};

/// A request, and the right to ask it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Call {
    /// What an earlier [`Request::Authenticate`] was answered with. Not needed on the machine's own
    /// socket, where the kernel says who asks.
    #[serde(default)]
    pub token: Option<Secret>,
    /// The request.
    pub request: Request,
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// A token for this password; the one request that needs no token.
    Authenticate {
        /// The user.
        user: String,
        /// The user's password.
        password: Secret,
    },
    /// What runs on the machine, and how its cluster is.
    Status,
    /// The machine's configuration of the cluster, as it is on its disk.
    Configuration,
    /// Start the cluster's daemon, and answer once it serves.
    Start {
        /// Answer only once the node has joined its peers and they have one CIB; for so long, at most.
        #[serde(default)]
        joined_within_ms: Option<u64>,
    },
    /// Leave the cluster in order, and answer once the daemon has ended.
    Stop,
    /// End the daemon at once.
    Kill,
    /// Start the daemon whenever the machine starts.
    Enable,
    /// Do not.
    Disable,
    /// Stop, and forget the cluster: configuration, keys, CIB.
    Destroy,
    /// Write everything that makes this machine a node beside what there is. Nothing takes effect.
    Prepare(Box<Bundle>),
    /// Put what was prepared into place.
    Commit {
        /// [`Bundle::id`].
        id: String,
    },
    /// Take away what was prepared.
    Abort {
        /// [`Bundle::id`].
        id: String,
    },
    /// Know these hosts, too, or forget them.
    Hosts {
        /// To be known from now on.
        known: KnownHosts,
        /// To be forgotten.
        forgotten: Vec<String>,
    },
}

impl Request {
    /// What it changes, for the log; nothing where it only asks.
    #[must_use]
    pub fn deed(&self) -> Option<&'static str> {
        match self {
            Self::Status | Self::Configuration => None,
            Self::Authenticate { .. } => Some("another token"),
            Self::Start { .. } => Some("start the cluster"),
            Self::Stop => Some("stop the cluster"),
            Self::Kill => Some("kill the cluster"),
            Self::Enable => Some("enable the cluster"),
            Self::Disable => Some("disable the cluster"),
            Self::Destroy => Some("destroy the cluster"),
            Self::Prepare(_) => Some("prepare to become a node"),
            Self::Commit { .. } => Some("become a node as prepared"),
            Self::Abort { .. } => Some("forget what was prepared"),
            Self::Hosts { .. } => Some("know other hosts"),
        }
    }
}

/// What makes a machine a node of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Bundle {
    /// One for all nodes; letters and digits.
    pub id: String,
    /// corosync.conf.
    pub configuration: String,
    /// The node's keys; where there are none, those that it has stay.
    pub keys: Option<NodeKeys>,
    /// The nodes of the cluster, with the tokens by which they may ask each other.
    pub hosts: KnownHosts,
    /// The machine is a node of a cluster already, and that cluster is to be forgotten by it; without
    /// this, such a machine refuses. A cluster whose nodes change keeps what it has.
    pub replaces: Replaces,
}

/// What there may be on the machine already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Replaces {
    /// Nothing: it is no node.
    Nothing,
    /// Whatever it is a node of, it forgets.
    AnyCluster,
    /// It is a node of this cluster, and stays one.
    SameCluster,
}

/// The keys of a node, PEM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NodeKeys {
    /// The certificate of the cluster's authority.
    pub authority: String,
    /// The authority's key: with it, this node can make further ones.
    pub authority_key: Secret,
    /// The node's certificate.
    pub certificate: String,
    /// The node's key.
    pub key: Secret,
}
