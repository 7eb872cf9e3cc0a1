//! How the cluster is, as this node knows it: nothing that it cannot vouch for.

use std::time::Duration;

use cluster_api::{CibStatus, Life, MemberStatus, QuorumStatus, Status, ViewStatus};
use corosync_config::model::MessageTransport;
use membership::NodeId;

use super::Daemon;
use crate::group::GroupService;

/// A node that was heard within this is somewhere else, and not lost.
const RECENTLY: Duration = Duration::from_secs(2);

impl<G: GroupService> Daemon<G> {
    pub(super) fn status(&self, now: Duration) -> Status {
        let view = self.view_status(now);
        let quorum = self.quorum_status(now);
        let members: Vec<MemberStatus> = self
            .setup
            .names
            .keys()
            .map(|node| self.member(now, *node))
            .collect();
        let cib = self.cib_status();
        let warnings = self.warnings(&quorum, &cib, &members);
        Status {
            cluster: self.setup.cluster().to_owned(),
            node: self.setup.node.0,
            name: self.setup.name(self.setup.node).to_owned(),
            transport: match self.setup.transport() {
                MessageTransport::Embedded => "embedded",
                MessageTransport::Corosync => "corosync",
            }
            .to_owned(),
            running_s: now.saturating_sub(self.began_at).as_secs(),
            view,
            quorum,
            cib,
            members,
            links: self.group.links(now),
            warnings,
        }
    }

    pub(super) fn view_status(&self, now: Duration) -> ViewStatus {
        let view = self.group.view();
        ViewStatus {
            counter: view.id.counter,
            leader: view.id.leader.node.0,
            members: view.nodes().map(|node| node.0).collect(),
            is_operating: self.group.is_operating(),
            age_ms: ms(now.saturating_sub(self.view_at)),
        }
    }

    pub(super) fn quorum_status(&self, now: Duration) -> QuorumStatus {
        let verdict = self.node.verdict();
        let lease = self.group.lease(now);
        QuorumStatus {
            is_quorate: self.is_quorate(now),
            is_exclusive: verdict.exclusive,
            total_votes: verdict.total_votes,
            expected_votes: verdict.expected_votes,
            needed: verdict.needed,
            lease_ms: lease.map(ms).filter(|_| verdict.quorate),
            witness: self.witness.as_ref().map(|witness| witness.status(now)),
            reasons: self.reasons(),
        }
    }

    fn reasons(&self) -> Vec<String> {
        let mut reasons = self.node.verdict().reasons.clone();
        if self.node.is_cut_off() {
            let own =
                "no interface that leads to the others works: this node is the one that is cut off";
            reasons.push(own.to_owned());
        }
        reasons
    }

    fn cib_status(&self) -> CibStatus {
        let replica = self.node.replica();
        CibStatus {
            version: replica.version().to_string(),
            is_established: replica.established().is_some(),
            is_durable: replica.is_durable(),
            lost: self.lost_files.iter().cloned().collect(),
        }
    }

    fn member(&self, now: Duration, node: NodeId) -> MemberStatus {
        let view = self.group.view();
        let heard_at = self.group.heard_at(node);
        let life = match heard_at {
            _ if view.member(node).is_some() => Life::Member,
            Some(at) if at + RECENTLY > now => Life::Elsewhere,
            Some(_) => Life::Lost,
            None => Life::NeverSeen,
        };
        MemberStatus {
            node: node.0,
            name: self.setup.name(node).to_owned(),
            votes: self
                .setup
                .configuration
                .node(node.0)
                .map_or(1, corosync_config::model::Node::votes),
            life,
            is_leader: view.id.leader.node == node,
            patience_ms: self.group.patience(node).map(ms),
        }
    }

    fn warnings(
        &self,
        quorum: &QuorumStatus,
        cib: &CibStatus,
        members: &[MemberStatus],
    ) -> Vec<String> {
        let mut warnings = Vec::new();
        if quorum.is_quorate && !quorum.is_exclusive {
            let away: Vec<&str> = members
                .iter()
                .filter(|member| member.life != Life::Member)
                .map(|member| member.name.as_str())
                .collect();
            if !away.is_empty() {
                warnings.push(format!(
                    "{} may be active as well: with two_node and without a witness, only fencing tells",
                    away.join(", ")
                ));
            }
        }
        if self.node.verdict().quorate && !quorum.is_quorate {
            warnings.push(
                "the votes of this view are not confirmed at the moment: this node does not act"
                    .to_owned(),
            );
        }
        if !cib.is_established {
            warnings.push("the members of this view have not compared their CIBs: this copy may be out of date".to_owned());
        }
        if !cib.is_durable {
            warnings.push("the CIB cannot be written to the disk of this node".to_owned());
        }
        for name in &cib.lost {
            warnings.push(format!(
                "changes that lost in a merge are kept in {}/{name}.xml",
                self.setup.cib.display()
            ));
        }
        warnings
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
