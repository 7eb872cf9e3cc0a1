//! Between two electorates: what a partition may do that has heard of a change, but not whether
//! everybody else has.

mod cluster;

use std::time::Duration;

use cluster::{Cluster, equal};
use quorum::{Command, Fact, NodeId, Settings};

const WINDOW: Duration = quorum::DEFAULT_LAST_MAN_STANDING_WINDOW;

/// Eight nodes, of which 1 to 5 are left; the leader has just said that they are the electorate
/// from now on, and nobody has heard it.
fn shrinking() -> Cluster {
    let settings = Settings {
        last_man_standing: Some(WINDOW),
        ..equal(8)
    };
    let mut cluster = Cluster::together(settings, 8);
    cluster.split(&[&[1, 2, 3, 4, 5], &[6, 7, 8]]);
    cluster.pass(WINDOW);
    let index = cluster.group_of(1).expect("it is in a view");
    assert_eq!(cluster.groups[index].log, [Fact::Shrink]);
    cluster
}

/// These nodes hear everything that has been said.
fn hear(cluster: &mut Cluster, nodes: &[NodeId]) {
    for node in nodes {
        while cluster.deliver(*node) {}
    }
}

#[test]
fn a_smaller_electorate_counts_only_once_all_have_it_on_record() {
    // Nodes 4 and 5 never heard of it, and go on with the others under the old one.
    let mut cluster = shrinking();
    hear(&mut cluster, &[1, 2, 3]);
    cluster.check_parts(&[
        (&[1, 2, 3], "blocked 3/8 5"),
        (&[4, 5, 6, 7, 8], "quorate! 5/8 5"),
    ]);
    // All have heard of it, but nobody knows that of the others.
    let mut cluster = shrinking();
    hear(&mut cluster, &[1, 2, 3, 4, 5]);
    cluster.check_parts(&[(&[1, 2, 3], "blocked 3/8 5"), (&[4, 5], "blocked 2/8 5")]);
    // All have heard of it, and three know that.
    let mut cluster = shrinking();
    hear(&mut cluster, &[1, 2, 3, 4, 5]);
    let index = cluster.group_of(1).expect("it is in a view");
    cluster.acknowledge(index);
    hear(&mut cluster, &[3, 4, 5]);
    cluster.check_parts(&[(&[3, 4, 5], "quorate! 3/5 3")]);
}

#[test]
fn who_does_not_know_which_electorate_holds_needs_quorum_under_both() {
    // Nodes 3 to 5 know that the smaller electorate holds; 1 and 2 only that it may.
    let apart = || {
        let mut cluster = shrinking();
        hear(&mut cluster, &[1, 2, 3, 4, 5]);
        let index = cluster.group_of(1).expect("it is in a view");
        cluster.acknowledge(index);
        hear(&mut cluster, &[3, 4, 5]);
        cluster.crash(&[1, 2]);
        cluster.start(&[1, 2]);
        cluster
    };
    apart().check_parts(&[
        (&[1, 2, 6, 7, 8], "blocked 5/5 3"),
        (&[3, 4, 5], "quorate! 3/5 3"),
    ]);
    // With one who was there and never heard of it, it cannot have come to hold.
    let mut cluster = shrinking();
    hear(&mut cluster, &[1, 2]);
    cluster.check_parts(&[
        (&[1, 2, 3, 6, 7], "quorate! 5/8 5"),
        (&[4, 5], "blocked 2/8 5"),
    ]);
}

#[test]
fn the_leader_says_that_an_electorate_holds_when_all_have_acknowledged_it() {
    let mut cluster = shrinking();
    hear(&mut cluster, &[1]);
    let now = cluster.clock(1);
    let leader = &mut cluster.up.get_mut(&1).expect("it is up").quorum;
    let number = leader.facts().and_then(|facts| facts.changed.as_ref());
    let number = number.expect("it is proposed").number;
    // How much all have acknowledged, what the leader says, and how many votes quorum hangs on.
    for (stable, says) in [
        (0, None),
        (1, Some(Command::Broadcast(Fact::Formed { number }))),
        (1, None),
    ] {
        let said = leader.stable(stable, now);
        assert_eq!(said, Vec::from_iter(says), "after {stable}");
        assert_eq!(
            leader.verdict().members_needed,
            5,
            "all know of it, or none"
        );
    }
    assert_eq!(leader.deliver(2, Fact::Formed { number }, now).len(), 1);
    assert_eq!(leader.verdict().members_needed, 3);
}
