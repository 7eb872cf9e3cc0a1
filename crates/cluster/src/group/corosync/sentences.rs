//! What happens on corosync, in sentences.

use std::collections::BTreeMap;

use corosync_group::{Judgement, Trouble};
use membership::NodeId;
use quorum::{Verdict, WitnessVote};

pub(super) fn named(names: &BTreeMap<NodeId, String>, nodes: &[NodeId]) -> String {
    let name = |node: &NodeId| {
        let known = names.get(node).cloned();
        known.unwrap_or_else(|| format!("node {node}, which the configuration does not name"))
    };
    nodes.iter().map(name).collect::<Vec<_>>().join(", ")
}

pub(super) fn trouble(names: &BTreeMap<NodeId, String>, trouble: Trouble) -> String {
    let name = |node| named(names, &[node]);
    match trouble {
        Trouble::TwoProcesses(node) => format!(
            "two daemons of {} are in the group: no view begins until one of them ends",
            name(node)
        ),
        Trouble::Garbled(node, garbled) => format!(
            "{} sent what is not understood: {garbled}; it is ignored",
            name(node)
        ),
        Trouble::Silent(node, silence) => format!(
            "{} has said nothing for {} ms, though corosync says that its daemon is there: views and changes wait for it",
            name(node),
            silence.as_millis()
        ),
    }
}

/// What votequorum says, in our terms. `votes`: of the view's members.
pub(super) fn verdict(
    names: &BTreeMap<NodeId, String>,
    votes: BTreeMap<NodeId, u32>,
    judgement: &Judgement,
) -> Verdict {
    let present: u32 = votes.values().sum();
    let says = if judgement.ring_quorate {
        "corosync's votequorum gives quorum"
    } else {
        "corosync's votequorum gives no quorum"
    };
    let mut reasons = vec![says.to_owned()];
    if !judgement.absent.is_empty() {
        let absent: Vec<NodeId> = judgement.absent.iter().copied().collect();
        reasons.push(format!(
            "corosync runs on {}, but keel does not: no votes here",
            named(names, &absent)
        ));
    }
    Verdict {
        quorate: judgement.quorate,
        exclusive: judgement.exclusive,
        total_votes: judgement.total,
        expected_votes: judgement.expected,
        needed: judgement.needed,
        witness: witness(judgement),
        member_votes: votes.into_iter().map(|(node, its)| (node.0, its)).collect(),
        members_needed: match judgement.quorate {
            false => 0,
            // Otherwise it hangs on the device or on a tie-breaker.
            true if present >= judgement.needed => judgement.needed,
            true => present,
        },
        waiting: false,
        complete: judgement.total >= judgement.expected,
        reasons,
    }
}

fn witness(judgement: &Judgement) -> WitnessVote {
    let Some(device) = judgement.device else {
        return WitnessVote::None;
    };
    let given = if device.gives { device.votes } else { 0 };
    let of_nodes = judgement.total - given.min(judgement.total);
    if judgement.quorate && of_nodes >= judgement.needed {
        WitnessVote::NotNeeded
    } else if judgement.quorate && device.gives {
        WitnessVote::Given
    } else if !device.gives && of_nodes.saturating_add(device.votes) >= judgement.needed {
        WitnessVote::Missing
    } else {
        WitnessVote::Useless
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use corosync_group::Device;

    fn check(total: u32, quorate: bool, device: Option<(u32, bool)>, expected: WitnessVote) {
        let judgement = Judgement {
            quorate,
            exclusive: quorate,
            total,
            expected: 5,
            needed: 3,
            device: device.map(|(votes, gives)| Device { votes, gives }),
            absent: BTreeSet::from([NodeId(3)]),
            ring_quorate: quorate,
        };
        let names = BTreeMap::from([(NodeId(3), "ethyl".to_owned())]);
        let verdict = verdict(&names, BTreeMap::from([(NodeId(1), 1)]), &judgement);
        assert_eq!(verdict.witness, expected, "{judgement:?}");
        assert!(verdict.reasons[1].contains("ethyl"));
    }

    #[test]
    fn the_device_is_a_witness() {
        check(3, true, None, WitnessVote::None);
        check(5, true, Some((2, true)), WitnessVote::NotNeeded);
        check(3, true, Some((2, true)), WitnessVote::Given);
        check(1, false, Some((2, false)), WitnessVote::Missing);
        check(0, false, Some((2, false)), WitnessVote::Useless);
    }
}
