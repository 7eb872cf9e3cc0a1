//! What pcsd answers.

use serde::{Deserialize, Serialize};

use crate::Secret;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// It is done.
    Done,
    /// The right to ask.
    Token(Secret),
    /// How the machine is.
    Status(Box<NodeStatus>),
    /// corosync.conf, or nothing where the machine is no node.
    Configuration(Option<String>),
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Refusal {
    /// For programs.
    pub kind: RefusalKind,
    /// For people.
    pub reason: String,
}

/// What kind of reason there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefusalKind {
    /// The token or password is not right.
    NotAuthorized,
    /// The machine is a node of a cluster, or has what belongs to one.
    HasCluster,
    /// Too many ask, or ask too much.
    Limit,
    /// It was tried, and went wrong.
    Failed,
}

impl Refusal {
    /// A reason of a kind.
    #[must_use]
    pub fn new(kind: RefusalKind, reason: impl Into<String>) -> Self {
        Self {
            kind,
            reason: reason.into(),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// Nobody answers at any of the host's addresses.
    #[error("{0}")]
    Unreachable(String),
    /// Somebody else than the host answers.
    #[error("it shows another certificate than when it was authorized")]
    OtherCertificate,
    /// The host refuses.
    #[error("{}", .0.reason)]
    Refused(Refusal),
    /// It answers something that is not understood.
    #[error("it answers something odd: {0}")]
    Odd(String),
}

/// How a machine is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct NodeStatus {
    /// What the machine calls itself.
    pub host: String,
    /// The version of `keel` there.
    pub version: String,
    /// The name of the cluster that it is configured for.
    pub cluster: Option<String>,
    /// Whether the cluster's daemon runs.
    pub is_running: bool,
    /// Whether it starts when the machine starts.
    pub is_enabled: bool,
    /// Whether pcsd was started by a service manager.
    pub is_managed: bool,
    /// Quorum, where the daemon runs and answers.
    pub quorum: Option<Quorum>,
}

/// Quorum, as the machine's node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Quorum {
    /// Whether the node may act.
    pub is_quorate: bool,
    /// The votes that are there.
    pub votes: u32,
    /// How many make a quorum.
    pub needed: u32,
    /// The members of its view.
    pub members: Vec<Member>,
}

/// A member of a view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Member {
    /// The node's name.
    pub name: String,
    /// Its votes.
    pub votes: u32,
}

impl Quorum {
    /// Whether the rest has no quorum any more once these nodes have left, although it has now.
    #[must_use]
    pub fn is_lost_without(&self, leaving: &[&str]) -> bool {
        let members = self.members.iter();
        let gone = members.filter(|member| leaving.contains(&member.name.as_str()));
        let gone: u32 = gone.map(|member| member.votes).sum();
        self.is_quorate && gone > 0 && self.votes.saturating_sub(gone) < self.needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorum_is_lost_where_too_few_votes_are_left() {
        let quorum = |votes: u32, needed: u32, is_quorate: bool| Quorum {
            is_quorate,
            votes,
            needed,
            members: ["a", "b", "c"]
                .map(|name| Member {
                    name: name.to_owned(),
                    votes: 1,
                })
                .to_vec(),
        };
        for (votes, needed, is_quorate, leaving, expected) in [
            (3, 2, true, &["a"][..], false),
            (3, 2, true, &["a", "b"], true),
            (2, 1, true, &["a"], false),
            (2, 2, true, &["a"], true),
            (2, 2, true, &["x"], false),
            (3, 2, false, &["a", "b"], false),
        ] {
            let lost = quorum(votes, needed, is_quorate).is_lost_without(leaving);
            assert_eq!(lost, expected, "{votes} {needed} {leaving:?}");
        }
    }
}
