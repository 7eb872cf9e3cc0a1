//! What a node asks and the witness answers.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use thiserror::Error;

use super::{Heuristics, MAX_LEASE};
use crate::bytes::{DecodeError, Reader, Writer};
use crate::options::Algorithm;
use crate::{MAX_NODES, NodeId, ViewId};

const VERSION: u8 = 1;

/// The longest name of a cluster.
pub const MAX_CLUSTER_NAME_BYTES: usize = 255;

/// The longest request.
pub const MAX_REQUEST_BYTES: usize = 1024;

/// The longest answer.
pub const MAX_ANSWER_BYTES: usize = 64;

/// `cluster_name` of corosync.conf(5): 1 to [`MAX_CLUSTER_NAME_BYTES`] bytes without control
/// characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClusterName(String);

impl ClusterName {
    /// The name, where it can be one.
    #[must_use]
    pub fn new(name: &str) -> Option<Self> {
        let fits = (1..=MAX_CLUSTER_NAME_BYTES).contains(&name.len());
        (fits && !name.chars().any(char::is_control)).then(|| Self(name.to_owned()))
    }

    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ClusterName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// `quorum.device.net.tie_breaker`: between equal partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TieBreaker {
    /// The one with the lowest node id.
    #[default]
    Lowest,
    /// The one with the highest node id.
    Highest,
    /// The one with this node.
    Node(NodeId),
}

/// How the cluster wants the witness to choose; the same on all of its nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preference {
    /// `algorithm`.
    pub algorithm: Algorithm,
    /// `tie_breaker`.
    pub tie_breaker: TieBreaker,
    /// `keep_active_partition_tie_breaker`; with `lms` always on.
    pub keep_active: bool,
}

impl Default for Preference {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::default(),
            tie_breaker: TieBreaker::default(),
            keep_active: true,
        }
    }
}

/// What one node reports, and whether it asks for the vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its cluster.
    pub cluster: ClusterName,
    /// The node.
    pub node: NodeId,
    /// Which life of it: rises with each start.
    pub incarnation: u64,
    /// Rises with each request of a life.
    pub number: u64,
    /// The view that it is in.
    pub view: ViewId,
    /// The members of that view.
    pub members: BTreeSet<NodeId>,
    /// All nodes of the cluster.
    pub nodes: BTreeSet<NodeId>,
    /// How to choose.
    pub preference: Preference,
    /// What its commands say.
    pub heuristics: Heuristics,
    /// It has quorum without the witness' vote.
    pub quorate_without: bool,
    /// As the leader of its view, it asks for the vote.
    pub asks: bool,
    /// For how long it asks.
    pub lease: Duration,
}

impl Request {
    /// The message, at most [`MAX_REQUEST_BYTES`].
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        let name = self.cluster.as_str().as_bytes();
        to.u8(VERSION).u8(name.len() as u8).0.extend(name);
        to.u32(self.node).u64(self.incarnation).u64(self.number);
        self.view.write(&mut to);
        to.nodes(self.members.iter()).nodes(self.nodes.iter());
        let Preference {
            algorithm,
            tie_breaker,
            keep_active,
        } = self.preference;
        to.flag(algorithm == Algorithm::LastManStanding);
        match tie_breaker {
            TieBreaker::Lowest => to.u8(0),
            TieBreaker::Highest => to.u8(1),
            TieBreaker::Node(node) => to.u8(2).u32(node),
        };
        to.flag(keep_active).u8(match self.heuristics {
            Heuristics::Disabled => 0,
            Heuristics::Passed => 1,
            Heuristics::Failed => 2,
        });
        to.flag(self.quorate_without).flag(self.asks);
        to.duration(self.lease);
        debug_assert!(to.0.len() <= MAX_REQUEST_BYTES);
        to.0
    }

    /// The request in `bytes`: its node is a member of its view, and its members are nodes of the
    /// cluster.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes, MAX_REQUEST_BYTES)?;
        from.version(VERSION)?;
        let request = Self {
            cluster: cluster(&mut from)?,
            node: from.node("node")?,
            incarnation: from.u64()?,
            number: from.u64()?,
            view: ViewId::read(&mut from)?,
            members: from.nodes("members")?,
            nodes: from.nodes("nodes")?,
            preference: Preference {
                algorithm: match from.flag("algorithm")? {
                    false => Algorithm::Ffsplit,
                    true => Algorithm::LastManStanding,
                },
                tie_breaker: match from.u8()? {
                    0 => TieBreaker::Lowest,
                    1 => TieBreaker::Highest,
                    2 => TieBreaker::Node(from.node("tie_breaker")?),
                    _ => return Err(DecodeError::Field("tie_breaker")),
                },
                keep_active: from.flag("keep_active")?,
            },
            heuristics: match from.u8()? {
                0 => Heuristics::Disabled,
                1 => Heuristics::Passed,
                2 => Heuristics::Failed,
                _ => return Err(DecodeError::Field("heuristics")),
            },
            quorate_without: from.flag("quorate")?,
            asks: from.flag("asks")?,
            lease: from.duration()?,
        };
        from.end()?;
        let members = &request.members;
        if !members.contains(&request.node) || !members.is_subset(&request.nodes) {
            return Err(DecodeError::Field("members"));
        }
        if !members.contains(&request.view.leader) {
            return Err(DecodeError::Field("leader"));
        }
        if request.lease > MAX_LEASE {
            return Err(DecodeError::Field("lease"));
        }
        Ok(request)
    }
}

fn cluster(from: &mut Reader<'_>) -> Result<ClusterName, DecodeError> {
    let len_bytes = from.u8()?;
    let name = std::str::from_utf8(from.take(len_bytes.into())?).ok();
    name.and_then(ClusterName::new)
        .ok_or(DecodeError::Field("cluster"))
}

/// Why the vote is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Reason {
    /// A later request of this node was already answered.
    #[error("the request is older than one that was answered")]
    Outdated,
    /// Members of that view are in a later one.
    #[error("members of this view have gone on to a later one")]
    OutdatedView,
    /// Only leaders get it.
    #[error("the node does not lead its view")]
    NotLeader,
    /// `ffsplit` asks for half of the nodes.
    #[error("fewer than half of the nodes are in this partition")]
    TooFew,
    /// Another partition gets it.
    #[error("another partition is preferred")]
    Beaten,
    /// See [`super::MAX_CLUSTERS`].
    #[error("the witness serves as many clusters as it can")]
    TooManyClusters,
    /// See [`MAX_NODES`].
    #[error("more than {MAX_NODES} nodes of one cluster")]
    TooManyNodes,
}

const REASONS: [Reason; 7] = [
    Reason::Outdated,
    Reason::OutdatedView,
    Reason::NotLeader,
    Reason::TooFew,
    Reason::Beaten,
    Reason::TooManyClusters,
    Reason::TooManyNodes,
];

/// What the witness says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// It has noted the report; nobody asked for the vote.
    Noted,
    /// The vote is given for that long, counted from when the request was sent.
    Granted {
        /// How long.
        lease: Duration,
    },
    /// The vote is not given.
    Refused(Reason),
    /// Not yet decided, or another partition's lease has yet to end: ask again after that.
    Wait {
        /// How long.
        retry: Duration,
    },
}

/// The witness' answer to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    /// The life of the node that asked.
    pub incarnation: u64,
    /// The request's number.
    pub number: u64,
    /// What it says.
    pub ruling: Ruling,
}

impl Answer {
    /// The message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut to = Writer::default();
        to.u8(VERSION).u64(self.incarnation).u64(self.number);
        match self.ruling {
            Ruling::Noted => to.u8(0),
            Ruling::Granted { lease } => to.u8(1).duration(lease),
            Ruling::Refused(reason) => {
                let code = REASONS.iter().position(|known| *known == reason);
                to.u8(2).u8(code.unwrap_or(0) as u8)
            }
            Ruling::Wait { retry } => to.u8(3).duration(retry),
        };
        to.0
    }

    /// The answer in `bytes`.
    ///
    /// # Errors
    /// Where it is none of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut from = Reader::new(bytes, MAX_ANSWER_BYTES)?;
        from.version(VERSION)?;
        let (incarnation, number) = (from.u64()?, from.u64()?);
        let ruling = match from.u8()? {
            0 => Ruling::Noted,
            1 => Ruling::Granted {
                lease: limited(from.duration()?)?,
            },
            2 => {
                let reason = REASONS.get(usize::from(from.u8()?)).copied();
                Ruling::Refused(reason.ok_or(DecodeError::Field("reason"))?)
            }
            3 => Ruling::Wait {
                retry: limited(from.duration()?)?,
            },
            _ => return Err(DecodeError::Field("ruling")),
        };
        from.end()?;
        Ok(Self {
            incarnation,
            number,
            ruling,
        })
    }
}

/// Nothing that the witness says lasts longer than the longest lease on the slowest clock.
fn limited(duration: Duration) -> Result<Duration, DecodeError> {
    if duration <= super::hold_time(MAX_LEASE) {
        Ok(duration)
    } else {
        Err(DecodeError::Field("lease"))
    }
}
