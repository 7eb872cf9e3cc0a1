//! What the daemon answers, and what it tells unasked.

use serde::{Deserialize, Serialize};

use crate::status::{QuorumStatus, Status, ViewStatus};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// How the cluster is.
    Status(Box<Status>),
    /// The CIB.
    Cib(CibText),
    /// The change is made.
    Changed(Acknowledged),
    /// It is done, or will be.
    Done,
    /// What became of fencing, the oldest first.
    FencingHistory(Vec<FencingEntry>),
    /// It was not done.
    Refused(Refusal),
    /// Not an answer: something that happened.
    Event(Event),
}

/// The CIB as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct CibText {
    /// The document.
    pub xml: String,
    /// Its version: `admin_epoch.epoch.num_updates`.
    pub version: String,
    /// Whether this node's members have compared their copies: if not, it may be out of date.
    pub is_established: bool,
    /// Whether they have a quorum that no other part of the cluster can have. Only then an ordered
    /// reading has everything that was acknowledged to anybody before.
    pub is_exclusive: bool,
}

/// A change that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Acknowledged {
    /// The version of the CIB that it led to.
    pub version: String,
    /// Whether there was anything to change.
    pub is_changed: bool,
    /// Who vouches for it.
    pub durability: Durability,
}

/// Who vouches for a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Durability {
    /// It is on the disks of a view that no other can outvote.
    ExclusiveQuorum,
    /// It is on the disks of a view that has no exclusive quorum: another part of the cluster may win
    /// over it, and it would be kept in a file.
    WithoutQuorum,
}

/// One request to fence a node, with what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct FencingEntry {
    /// The node.
    pub target: String,
    /// `reboot`, `off` or `on`.
    pub action: String,
    /// The program that asked.
    pub client: String,
    /// The node on which it asked.
    pub origin: String,
    /// The node that did it, or tried last; `a human` where an operator vouched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegate: Option<String>,
    /// How it stands.
    pub state: FencingState,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was asked for, in seconds since 1970.
    pub began_s: i64,
    /// When it was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_s: Option<i64>,
}

/// How a request to fence a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FencingState {
    /// It is under way.
    Pending,
    /// It is done.
    Success,
    /// It could not be done.
    Failed,
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    /// For people.
    pub reason: String,
    /// Whether the change may have been made nevertheless, in another part of the cluster.
    #[serde(default)]
    pub is_unknown: bool,
}

impl Refusal {
    /// Nothing was done.
    #[must_use]
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            is_unknown: false,
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// A view began.
    View(ViewStatus),
    /// The verdict on quorum is another one, or the lease began or ended.
    Quorum(QuorumStatus),
    /// The committed CIB has another version.
    Cib {
        /// `admin_epoch.epoch.num_updates`.
        version: String,
    },
}
