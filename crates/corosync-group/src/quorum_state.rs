//! What votequorum says, and what it means for a view.

use std::collections::{BTreeMap, BTreeSet};

use membership::NodeId;

/// What votequorum(5) says of one ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuorumState {
    /// The ring's number, the same as CPG tells.
    pub ring: u64,
    /// Whether it has quorum.
    pub quorate: bool,
    /// The nodes on which corosync runs in this ring.
    pub nodes: BTreeSet<NodeId>,
    /// Votes that make a quorum.
    pub needed: u32,
    /// Votes of everybody (`highest_expected`).
    pub expected: u32,
    /// The quorum device.
    pub device: Option<Device>,
    /// `two_node` is on.
    pub two_node: bool,
    /// `last_man_standing` is on: expected votes may fall without an operator.
    pub last_man_standing: bool,
}

/// The quorum device (corosync-qdevice(8)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its votes.
    pub votes: u32,
    /// Whether it gives them to this ring.
    pub gives: bool,
}

/// What follows for the view, told by its leader at one place of the order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The view has quorum.
    pub quorate: bool,
    /// No other ring can have quorum at the same time.
    pub exclusive: bool,
    /// Votes of the view's members, and of the device where it gives them.
    pub total: u32,
    /// Votes of everybody.
    pub expected: u32,
    /// Votes that make a quorum.
    pub needed: u32,
    /// The quorum device.
    pub device: Option<Device>,
    /// Nodes of the ring whose votes votequorum counts though they are not in the view.
    pub absent: BTreeSet<NodeId>,
    /// What votequorum itself says.
    pub ring_quorate: bool,
}

impl QuorumState {
    /// Judges a view of `members`; `votes`: of every node of the configuration.
    ///
    /// Votequorum counts machines on which corosync runs. One on which this daemon does not run holds
    /// no copy of the CIB and can vouch for nothing, so its votes are taken off: without that, the
    /// first daemon to start on three machines would be a majority, alone, with whatever its disk holds.
    pub(crate) fn judge(
        &self,
        members: &BTreeSet<NodeId>,
        votes: &BTreeMap<NodeId, u32>,
    ) -> Judgement {
        let votes_of = |node: &NodeId| votes.get(node).copied().unwrap_or(1);
        let of_device = self.device.filter(|device| device.gives);
        let nodes_votes: u32 = members.iter().map(votes_of).sum();
        let total = nodes_votes.saturating_add(of_device.map_or(0, |device| device.votes));
        let absent: BTreeSet<NodeId> = self.nodes.difference(members).copied().collect();
        let quorate = self.quorate && (absent.is_empty() || total >= self.needed);
        let complete = votes.keys().all(|node| members.contains(node));
        let of_all: u32 = votes.values().sum();
        let lowered = self.expected < of_all && !self.last_man_standing;
        Judgement {
            quorate,
            exclusive: quorate && (complete || !(self.two_node || lowered)),
            total,
            expected: self.expected,
            needed: self.needed,
            device: self.device,
            absent,
            ring_quorate: self.quorate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(ids: &[u32]) -> BTreeSet<NodeId> {
        ids.iter().copied().map(NodeId).collect()
    }

    /// Three nodes of one vote: (ring, view, state as changed) → (quorate, exclusive, total).
    fn check(
        ring: &[u32],
        view: &[u32],
        change: impl Fn(&mut QuorumState),
        expected: (bool, bool, u32),
    ) {
        let mut state = QuorumState {
            ring: 4,
            quorate: ring.len() >= 2,
            nodes: nodes(ring),
            needed: 2,
            expected: 3,
            device: None,
            two_node: false,
            last_man_standing: false,
        };
        change(&mut state);
        let votes = BTreeMap::from([1, 2, 3].map(|id| (NodeId(id), 1)));
        let judgement = state.judge(&nodes(view), &votes);
        let got = (judgement.quorate, judgement.exclusive, judgement.total);
        assert_eq!(got, expected, "{state:?} {view:?}");
    }

    #[test]
    fn votequorum_decides_about_the_nodes_whose_daemon_runs() {
        check(&[1, 2, 3], &[1, 2, 3], |_| {}, (true, true, 3));
        check(&[1, 2], &[1, 2], |_| {}, (true, true, 2));
        check(&[1], &[1], |_| {}, (false, false, 1));
        // Corosync runs everywhere, the daemon on one node only.
        check(&[1, 2, 3], &[1], |_| {}, (false, false, 1));
        check(&[1, 2, 3], &[1, 3], |_| {}, (true, true, 2));
        // Votequorum says no (wait_for_all): no it is.
        check(
            &[1, 2],
            &[1, 2],
            |state| state.quorate = false,
            (false, false, 2),
        );
    }

    #[test]
    fn what_another_ring_may_have_as_well_is_not_exclusive() {
        let two_node = |state: &mut QuorumState| {
            (state.two_node, state.needed, state.quorate) = (true, 1, true);
        };
        check(&[1], &[1], two_node, (true, false, 1));
        // An operator has lowered expected votes; or last_man_standing has.
        let lowered = |state: &mut QuorumState| {
            (state.expected, state.needed, state.quorate) = (1, 1, true);
        };
        check(&[1], &[1], lowered, (true, false, 1));
        let last = |state: &mut QuorumState| {
            (state.expected, state.needed, state.quorate) = (2, 2, true);
            state.last_man_standing = true;
        };
        check(&[1, 2], &[1, 2], last, (true, true, 2));
    }

    #[test]
    fn the_device_counts_where_it_gives_its_votes() {
        let device = |gives| {
            move |state: &mut QuorumState| {
                state.device = Some(Device { votes: 2, gives });
                (state.expected, state.needed, state.quorate) = (5, 3, true);
            }
        };
        check(&[1, 2], &[1], device(true), (true, true, 3));
        check(&[1, 2], &[1], device(false), (false, false, 1));
    }
}
