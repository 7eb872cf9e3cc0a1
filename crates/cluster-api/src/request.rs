//! What a client can ask.

use serde::{Deserialize, Serialize};

/// A request. Those that change something need the rights of root or of the group `haclient`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// How the cluster is, as this node knows it.
    Status,
    /// The CIB.
    Cib {
        /// With everything that was acknowledged to anybody before: takes a round of the cluster.
        /// Otherwise as this node has it now.
        #[serde(default)]
        ordered: bool,
    },
    /// A change of the CIB: all of its edits, or none.
    Change(Change),
    /// Events from now on, on this connection.
    Subscribe {
        /// Which.
        topics: Vec<Topic>,
    },
    /// From now on, frames of kind message are submitted to the group, and all that are delivered
    /// come back as such, on every node's connections that have asked for it.
    Join,
    /// `expected_votes` from now on (`corosync-quorumtool -e`).
    ExpectedVotes {
        /// How many.
        votes: u32,
        /// No other part of the cluster is active; the operator vouches for it.
        #[serde(default)]
        asserted: bool,
    },
    /// Wait no longer for all nodes (`quorum.cancel_wait_for_all`).
    Unblock,
    /// Read the certificates again.
    ReloadKeys,
    /// Fence a node, whatever the cluster thinks of it (`stonith_admin --fence`, `--reboot`,
    /// `--unfence`). The answer comes when that is done, or has failed.
    Fence(Fence),
    /// A node is off: the operator vouches for it (`stonith_admin --confirm`).
    ConfirmFenced {
        /// Its name.
        target: String,
    },
    /// What became of fencing (`stonith_admin --history`).
    FencingHistory {
        /// Of this node only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Forget what became of fencing, on all nodes (`stonith_admin --history --cleanup`).
    ForgetFencing {
        /// Of this node only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        target: Option<String>,
    },
    /// Leave the cluster in order, once nothing runs on this node any more, and end.
    Leave,
}

/// Fencing that an operator wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Fence {
    /// The node's name.
    pub target: String,
    /// `reboot`, `off` or `on`.
    pub action: String,
    /// The program that asks, for the history.
    pub client: String,
    /// How long one device may take, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<u64>,
    /// Nothing is done where the same was done successfully less than that long ago, in seconds.
    #[serde(default)]
    pub tolerance_s: u64,
    /// How long to wait before, in seconds; negative: not even as long as the devices want.
    #[serde(default)]
    pub delay_s: i64,
}

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Ask only.
    Read,
    /// Everything.
    Write,
}

impl Request {
    /// What it takes to ask this.
    #[must_use]
    pub fn needs(&self) -> Access {
        match self {
            Request::Status
            | Request::Cib { .. }
            | Request::FencingHistory { .. }
            | Request::Subscribe { .. } => Access::Read,
            _ => Access::Write,
        }
    }
}

/// What events are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// Views: who is together.
    Views,
    /// The verdict on quorum.
    Quorum,
    /// The committed CIB.
    Cib,
}

/// A change of the CIB.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Change {
    /// Only if the CIB has this version: `admin_epoch.epoch.num_updates`; or, whatever its status is,
    /// if its configuration has: `admin_epoch.epoch`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_version: Option<String>,
    /// What is to be done, in order.
    pub edits: Vec<Edit>,
}

/// One step of a change, as `cibadmin(8)` offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Edit {
    /// A new element under the one that `parent` (XPath) finds.
    Create {
        /// Where.
        parent: String,
        /// The element.
        xml: String,
    },
    /// The element with this name and id gets these attributes and children besides its own.
    Modify {
        /// The element as it is to be.
        xml: String,
        /// Where it is not there yet, it is created.
        #[serde(default)]
        may_create: bool,
    },
    /// The element in the place of the one of its name and id; a `cib` in the place of all.
    Replace {
        /// The element as it is to be.
        xml: String,
    },
    /// The elements that are found go.
    Delete {
        /// What (XPath).
        xpath: String,
    },
    /// A patch as `crm_diff(8)` writes it.
    Patch {
        /// The patch.
        xml: String,
    },
}
