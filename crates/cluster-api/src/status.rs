//! How the cluster is, as one node knows it.

use serde::{Deserialize, Serialize};

/// Everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Status {
    /// The cluster's name.
    pub cluster: String,
    /// This node's id.
    pub node: u32,
    /// This node's name.
    pub name: String,
    /// What carries the messages: `embedded` or `corosync`.
    pub transport: String,
    /// For how long the daemon has run.
    pub running_s: u64,
    /// The view.
    pub view: ViewStatus,
    /// The verdict on quorum.
    pub quorum: QuorumStatus,
    /// The copy of the CIB.
    pub cib: CibStatus,
    /// All nodes of the configuration.
    pub members: Vec<MemberStatus>,
    /// All links.
    pub links: Vec<LinkStatus>,
    /// What is not as it should be, in sentences.
    pub warnings: Vec<String>,
}

/// A view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct ViewStatus {
    /// Its counter.
    pub counter: u64,
    /// Who leads it and orders its messages.
    pub leader: u32,
    /// Its members.
    pub members: Vec<u32>,
    /// Whether nobody is about to change it.
    pub is_operating: bool,
    /// For how long it has been there.
    pub age_ms: u64,
}

/// The verdict on quorum.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct QuorumStatus {
    /// Whether this node may act now: the votes suffice, and the lease holds.
    pub is_quorate: bool,
    /// Whether no other part of the cluster can have quorum at the same time.
    pub is_exclusive: bool,
    /// Votes of the members, and of the witness where it gives its vote.
    pub total_votes: u32,
    /// Votes of everybody.
    pub expected_votes: u32,
    /// Votes that make a quorum.
    pub needed: u32,
    /// For how long the votes are surely still there; nothing where they are not, or need no proof.
    pub lease_ms: Option<u64>,
    /// The witness, where there is one.
    pub witness: Option<WitnessStatus>,
    /// Why, in sentences.
    pub reasons: Vec<String>,
}

/// The witness, from this node's point of view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct WitnessStatus {
    /// Where it is.
    pub host: String,
    /// Whether it answers.
    pub is_connected: bool,
    /// What its vote has to do with the verdict.
    pub vote: String,
}

/// The copy of the CIB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CibStatus {
    /// `admin_epoch.epoch.num_updates`.
    pub version: String,
    /// Whether the members of this view have compared their copies.
    pub is_established: bool,
    /// Whether this node can write to its disk.
    pub is_durable: bool,
    /// Files with changes that lost in a merge.
    pub lost: Vec<String>,
}

/// What a node is to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// In this node's view.
    Member,
    /// Heard, in another view.
    Elsewhere,
    /// Not heard now.
    Lost,
    /// Never heard since this daemon began.
    NeverSeen,
}

/// A node of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct MemberStatus {
    /// Its id.
    pub node: u32,
    /// Its name.
    pub name: String,
    /// Its votes.
    pub votes: u32,
    /// What it is to this node.
    pub life: Life,
    /// Whether it leads the view.
    pub is_leader: bool,
    /// After what silence it would be taken for dead, as its heartbeats come now.
    pub patience_ms: Option<u64>,
}

/// A link, and the way to every peer over it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LinkStatus {
    /// Its number.
    pub number: u8,
    /// This node's address on it.
    pub address: String,
    /// Whether this machine has that address.
    pub is_bound: bool,
    /// The peers.
    pub paths: Vec<PathStatus>,
}

/// The way to one peer over one link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct PathStatus {
    /// The peer.
    pub node: u32,
    /// Its address.
    pub address: String,
    /// Whether there is a connection.
    pub is_connected: bool,
    /// Whether messages take it now.
    pub is_in_use: bool,
    /// The time of a round trip.
    pub round_trip_us: Option<u64>,
    /// Frames sent and received.
    pub frames: (u64, u64),
    /// Bytes sent and received.
    pub bytes: (u64, u64),
    /// Frames that were dropped for want of room.
    pub dropped: u64,
    /// What last went wrong.
    pub last_error: Option<String>,
}
