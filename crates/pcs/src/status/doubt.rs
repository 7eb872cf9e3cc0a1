//! What a node cannot vouch for: a status that never lies.
//!
//! The CIB of a node that has lost its peers says what was true when it lost them. The other part of
//! the cluster may have gone on since: started what was here, or kept running what is started here.
//!
//! | this part has quorum | of its own, no other part can | `no-quorum-policy` | peers not accounted for | |
//! | --- | --- | --- | --- | --- |
//! | | | | none | no doubt |
//! | yes | yes | stops, demotes or freezes the others | some | no doubt |
//! | yes | yes | `ignore`: the others go on | some | also possibly active there |
//! | yes | no (`two_node`) | | some | also possibly active there |
//! | no | | `ignore`, `freeze`: this part goes on | some | also possibly active there |
//! | no | | `stop`, `demote`, `suicide` | some | stopping here by lease, unknown to the cluster |
//!
//! A peer is accounted for while it is in this node's view, and also when it left in order, was fenced,
//! or was never there: the CIB does not expect it to be up then.

use cib::xml::Document;
use cluster_api::{Life, Status};
use scheduler::model::options::NoQuorumPolicy;

/// Why what a status says may not be all there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// This part of the cluster has no quorum and stops its resources, after which the other part may
    /// have them.
    Stopping {
        /// This node's name.
        here: String,
        /// For how long its votes surely hold: others wait as long. Nothing where they are gone.
        lease_ms: Option<u64>,
        /// The peers that may have them.
        peers: Vec<String>,
    },
    /// Peers that are not heard may run the same resources.
    AlsoOn {
        /// This node's name.
        here: String,
        /// The peers.
        peers: Vec<String>,
    },
}

/// What the daemon knows of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// This node's name.
    pub here: String,
    /// Whether this part has quorum.
    pub is_quorate: bool,
    /// Whether no other part can have it.
    pub is_exclusive: bool,
    /// For how long this part's votes surely hold, where they need a proof and have one.
    pub lease_ms: Option<u64>,
    /// Peers that are not in this node's view.
    pub missing: Vec<Peer>,
}

/// A peer that is not in this node's view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// Whether the CIB expects it to be up: it neither left in order nor was fenced.
    pub is_expected: bool,
}

impl Standing {
    /// What the daemon says, with what the CIB says of the peers.
    #[must_use]
    pub fn new(status: &Status, cib: &Document) -> Self {
        let missing = status
            .members
            .iter()
            .filter(|it| it.life != Life::Member && it.node != status.node);
        Self {
            here: status.name.clone(),
            is_quorate: status.quorum.is_quorate,
            is_exclusive: status.quorum.is_exclusive,
            lease_ms: status.quorum.lease_ms,
            missing: missing
                .map(|it| Peer {
                    name: it.name.clone(),
                    is_expected: is_expected(cib, &it.node.to_string(), &it.name),
                })
                .collect(),
        }
    }
}

/// Whether the CIB expects a node to be up: it was there, and neither left in order nor was fenced.
fn is_expected(cib: &Document, id: &str, name: &str) -> bool {
    let status = cib.root().child("status").into_iter();
    let mut states = status.flat_map(|it| it.children_named("node_state"));
    let state = states.find(|it| it.id() == Some(id) || it.attribute("uname") == Some(name));
    state.is_some_and(|it| it.attribute("expected").is_some_and(|it| it != "down"))
}

/// What there is to doubt; nothing where this node's word is as good as the cluster's.
#[must_use]
pub fn doubt(standing: &Standing, policy: NoQuorumPolicy) -> Option<Doubt> {
    let missing = standing.missing.iter().filter(|it| it.is_expected);
    let peers: Vec<String> = missing.map(|it| it.name.clone()).collect();
    if peers.is_empty() {
        return None;
    }
    let here = standing.here.clone();
    let go_on = match policy {
        NoQuorumPolicy::Ignore => true,
        NoQuorumPolicy::Freeze => !standing.is_quorate,
        NoQuorumPolicy::Stop | NoQuorumPolicy::Demote | NoQuorumPolicy::Fence => false,
    };
    match (standing.is_quorate, standing.is_exclusive) {
        (true, true) if !go_on => None,
        (false, _) if !go_on => Some(Doubt::Stopping {
            here,
            lease_ms: standing.lease_ms,
            peers,
        }),
        _ => Some(Doubt::AlsoOn { here, peers }),
    }
}

impl Doubt {
    /// For the head of a status.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Stopping { here, peers, .. } => format!(
                "{here} is cut off from {}: it stops its resources, and does not know what runs there",
                peers.join(", ")
            ),
            Self::AlsoOn { here, peers } => format!(
                "{here} does not hear {}: what is active here may be active there, too",
                peers.join(", ")
            ),
        }
    }

    /// The state of a resource that is active on `node` as far as this node's CIB knows, in place of
    /// `state`.
    #[must_use]
    pub fn state(&self, state: &str, node: &str) -> String {
        match self {
            Self::Stopping { here, lease_ms, .. } if here == node => match lease_ms {
                Some(lease_ms) => format!(
                    "unknown to the cluster, stopping by lease in {} s",
                    lease_ms.div_ceil(1000)
                ),
                None => "unknown to the cluster, stopping".to_owned(),
            },
            Self::Stopping { peers, .. } | Self::AlsoOn { peers, .. }
                if peers.iter().any(|it| it == node) =>
            {
                format!("possibly {state}")
            }
            _ => state.to_owned(),
        }
    }

    /// All of it for programs: about a resource that is active on `node`, or nowhere.
    #[must_use]
    pub fn about(&self, node: Option<&str>) -> Option<String> {
        let state = node.map(|node| self.state("", node));
        state
            .filter(|it| !it.trim().is_empty() && it != "possibly ")
            .or_else(|| self.remark(node))
    }

    /// What is added to a resource that is active on `node`, or nowhere.
    #[must_use]
    pub fn remark(&self, node: Option<&str>) -> Option<String> {
        let (here, peers, may_be_stopped) = match self {
            Self::Stopping { here, peers, .. } => (here, peers, true),
            Self::AlsoOn { here, peers } => (here, peers, false),
        };
        let others = peers.join(", ");
        match node {
            Some(node) if node == here && may_be_stopped => None,
            Some(node) if node == here => Some(format!("also possibly active on {others}")),
            Some(node) if peers.iter().any(|it| it == node) => Some(format!("{node} is not heard")),
            Some(_) => Some(format!("also possibly active on {others}")),
            None => Some(format!("possibly active on {others}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(
        quorate: bool,
        exclusive: bool,
        lease_ms: Option<u64>,
        peers: &[(&str, bool)],
    ) -> Standing {
        Standing {
            here: "a".to_owned(),
            is_quorate: quorate,
            is_exclusive: exclusive,
            lease_ms,
            missing: peers
                .iter()
                .map(|&(name, is_expected)| Peer {
                    name: name.to_owned(),
                    is_expected,
                })
                .collect(),
        }
    }

    #[test]
    fn who_is_cut_off_vouches_for_nothing() {
        use NoQuorumPolicy::{Demote, Fence, Freeze, Ignore, Stop};
        const LOST: &[(&str, bool)] = &[("b", true)];
        const LEFT: &[(&str, bool)] = &[("b", false)];
        const STARTED: (&str, &str) = ("Started", "");
        const ALSO: (&str, &str) = ("Started", "also possibly active on b");
        let stopping = ("unknown to the cluster, stopping", "");
        let by_lease = ("unknown to the cluster, stopping by lease in 2 s", "");
        for (quorate, exclusive, lease_ms, policy, peers, expected) in [
            (true, true, None, Stop, &[][..], STARTED),
            (true, true, Some(900), Stop, LOST, STARTED),
            (true, true, None, Freeze, LOST, STARTED),
            (true, true, None, Ignore, LOST, ALSO),
            (true, true, None, Ignore, LEFT, STARTED),
            (true, false, None, Stop, LOST, ALSO),
            (true, false, None, Stop, LEFT, STARTED),
            (false, false, Some(1_001), Stop, LOST, by_lease),
            (false, false, Some(2_000), Demote, LOST, by_lease),
            (false, false, None, Fence, LOST, stopping),
            (false, false, None, Stop, LEFT, STARTED),
            (false, false, None, Freeze, LOST, ALSO),
            (false, false, None, Ignore, LOST, ALSO),
            (false, false, None, Ignore, LEFT, STARTED),
            (
                false,
                false,
                None,
                Ignore,
                &[("b", true), ("c", false)],
                ALSO,
            ),
        ] {
            let doubt = doubt(&standing(quorate, exclusive, lease_ms, peers), policy);
            let state = doubt.as_ref().map(|it| it.state("Started", "a"));
            let remark = doubt.as_ref().and_then(|it| it.remark(Some("a")));
            assert_eq!(
                (
                    state.as_deref().unwrap_or("Started"),
                    remark.as_deref().unwrap_or("")
                ),
                expected,
                "{quorate} {exclusive} {lease_ms:?} {policy:?} {peers:?}"
            );
        }
    }

    #[test]
    fn what_is_not_here_may_be_there() {
        let lost = standing(false, false, None, &[("b", true)]);
        for (policy, node, state, remark) in [
            (
                NoQuorumPolicy::Stop,
                Some("b"),
                "possibly Started",
                Some("b is not heard"),
            ),
            (NoQuorumPolicy::Stop, None, "", Some("possibly active on b")),
            (
                NoQuorumPolicy::Ignore,
                Some("b"),
                "possibly Started",
                Some("b is not heard"),
            ),
            (
                NoQuorumPolicy::Ignore,
                Some("c"),
                "Started",
                Some("also possibly active on b"),
            ),
            (
                NoQuorumPolicy::Ignore,
                None,
                "",
                Some("possibly active on b"),
            ),
        ] {
            let doubt = doubt(&lost, policy).expect("it is cut off");
            if let Some(node) = node {
                assert_eq!(doubt.state("Started", node), state, "{policy:?} {node}");
            }
            assert_eq!(doubt.remark(node).as_deref(), remark, "{policy:?} {node:?}");
        }
    }

    #[test]
    fn the_cib_says_who_left_in_order() {
        let check = |state: &str, expected| {
            let cib = format!("<cib><configuration/><status>{state}</status></cib>");
            let cib = Document::parse(&cib).expect("it is XML");
            assert_eq!(is_expected(&cib, "2", "b"), expected, "{state}");
        };
        check("", false);
        check("<node_state id='2' uname='b' expected='member'/>", true);
        check(
            "<node_state id='2' uname='b' crmd='offline' expected='member'/>",
            true,
        );
        check(
            "<node_state id='2' uname='b' crmd='offline' expected='down'/>",
            false,
        );
        check("<node_state id='2' uname='b'/>", false);
        check("<node_state id='1' uname='a' expected='member'/>", false);
    }
}
