//! What votequorum(5) says, option by option.

mod cluster;

use std::time::Duration;

use cluster::{Cluster, equal, nodes};
use quorum::{Fact, Refusal, Settings, Start, TieBreaker};

const WINDOW: Duration = quorum::DEFAULT_LAST_MAN_STANDING_WINDOW;

/// Splits a whole cluster into `parts` and checks each part's summary.
fn check(settings: Settings, parts: &[(&[u32], &str)]) {
    let count = parts
        .iter()
        .flat_map(|(part, _)| *part)
        .max()
        .expect("there are nodes");
    Cluster::together(settings, *count).check_parts(parts);
}

#[test]
fn a_majority_has_quorum() {
    check(equal(1), &[(&[1], "quorate! 1/1 1")]);
    check(
        equal(3),
        &[(&[1, 2], "quorate! 2/3 2"), (&[3], "blocked 1/3 2")],
    );
    check(
        equal(4),
        &[(&[1, 2], "blocked 2/4 3"), (&[3, 4], "blocked 2/4 3")],
    );
    check(
        equal(8),
        &[
            (&[1, 2, 3, 4, 5], "quorate! 5/8 5"),
            (&[6, 7, 8], "blocked 3/8 5"),
        ],
    );
    let weights = Settings {
        votes: nodes(&[3, 1, 1]),
        ..Settings::default()
    };
    check(
        weights,
        &[(&[1], "quorate! 3/5 3"), (&[2, 3], "blocked 2/5 3")],
    );
    let observer = Settings {
        votes: nodes(&[1, 0]),
        ..Settings::default()
    };
    check(
        observer,
        &[(&[1], "quorate! 1/1 1"), (&[2], "blocked 0/1 1")],
    );
}

#[test]
fn expected_votes_overrides_the_nodelist() {
    let expected = |votes| Settings {
        expected_votes: Some(votes),
        ..equal(4)
    };
    check(
        expected(5),
        &[(&[1, 2, 3], "quorate! 3/5 3"), (&[4], "blocked 1/5 3")],
    );
    // Too low: once all were seen together, expected_votes is what was seen.
    check(
        expected(2),
        &[(&[1, 2], "blocked 2/4 3"), (&[3, 4], "blocked 2/4 3")],
    );
    let mut apart = Cluster::new(expected(2), 4);
    apart.start(&[1, 2, 3, 4]);
    apart.split(&[&[1, 2], &[3, 4]]);
    assert_eq!(
        apart.summary(1),
        "quorate 2/2 2",
        "both are, and neither claims to be alone"
    );
    assert_eq!(apart.summary(3), "quorate 2/2 2");
    assert!(apart.verdict(1).reasons[1].contains("another partition may have quorum"));
}

#[test]
fn without_a_nodelist_expected_votes_says_how_many_there_are() {
    let settings = Settings {
        expected_votes: Some(3),
        ..Settings::default()
    };
    check(
        settings.clone(),
        &[(&[1, 2], "quorate! 2/3 2"), (&[3], "blocked 1/3 2")],
    );
    // More nodes than expected: what was seen counts.
    check(
        settings,
        &[(&[1, 2], "blocked 2/4 3"), (&[3, 4], "blocked 2/4 3")],
    );
}

#[test]
fn two_node_goes_on_alone_and_says_that_the_other_may_too() {
    let settings = Settings {
        two_node: true,
        ..equal(2)
    };
    check(settings.clone(), &[(&[1, 2], "quorate! 2/2 1")]);
    check(
        settings.clone(),
        &[(&[1], "quorate 1/2 1"), (&[2], "quorate 1/2 1")],
    );
    let no_list = Settings {
        two_node: true,
        expected_votes: Some(2),
        ..Settings::default()
    };
    check(no_list, &[(&[1], "quorate 1/2 1"), (&[2], "quorate 1/2 1")]);
    let mut cluster = Cluster::together(settings, 2);
    cluster.crash(&[2]);
    cluster.split(&[&[1]]);
    assert_eq!(
        cluster.verdict(1).reasons,
        [
            "1 of 2 votes present, 1 needed",
            "one of two nodes is enough (two_node): node 2 is not here and may be active, too",
        ]
    );
}

#[test]
fn two_node_waits_for_all_at_the_start() {
    let settings = Settings {
        two_node: true,
        ..equal(2)
    };
    let mut cluster = Cluster::new(settings.clone(), 2);
    cluster.start(&[1]);
    cluster.split(&[&[1]]);
    assert_eq!(cluster.summary(1), "blocked 1/2 1");
    assert_eq!(
        cluster.verdict(1).reasons[0],
        "waits for all nodes: node 2 was not seen since the start"
    );
    cluster.start(&[2]);
    cluster.split(&[&[1, 2]]);
    cluster.split(&[&[1], &[2]]);
    assert_eq!(cluster.summary(1), "quorate 1/2 1");
    // "It is still possible to override wait_for_all by explicitly setting it to 0".
    let mut cluster = Cluster::new(
        Settings {
            wait_for_all: Some(false),
            ..settings
        },
        2,
    );
    cluster.start(&[1]);
    cluster.split(&[&[1]]);
    assert_eq!(cluster.summary(1), "quorate 1/2 1");
}

#[test]
fn wait_for_all_ends_with_all_nodes_or_with_a_quorum_that_does_not_wait() {
    let settings = Settings {
        wait_for_all: Some(true),
        ..equal(5)
    };
    let mut cluster = Cluster::new(settings.clone(), 5);
    cluster.start(&[1, 2, 3, 4]);
    cluster.split(&[&[1, 2, 3, 4]]);
    assert_eq!(cluster.summary(1), "blocked 4/5 3");
    assert!(cluster.verdict(1).waiting);
    cluster.start(&[5]);
    cluster.split(&[&[1, 2, 3, 4, 5]]);
    assert_eq!(cluster.summary(1), "quorate! 5/5 3");
    // A restarted node waits, until it meets those who do not.
    cluster.crash(&[3, 4, 5]);
    cluster.split(&[&[1, 2]]);
    assert_eq!(cluster.summary(1), "blocked 2/5 3");
    cluster.start(&[3, 4, 5]);
    cluster.split(&[&[3, 4, 5]]);
    assert_eq!(cluster.summary(3), "blocked 3/5 3");
    cluster.split(&[&[1, 2, 3], &[4, 5]]);
    assert_eq!(cluster.summary(3), "quorate! 3/5 3");
    cluster.split(&[&[3, 4, 5], &[1, 2]]);
    assert_eq!(cluster.summary(4), "quorate! 3/5 3");
    // An operator ends it.
    let mut cluster = Cluster::new(settings, 5);
    cluster.start(&[1, 2, 3]);
    cluster.split(&[&[1, 2, 3]]);
    cluster.say(2, Fact::Unblock);
    cluster.settle();
    assert_eq!(cluster.summary(1), "quorate! 3/5 3");
}

#[test]
fn the_tie_breaker_keeps_one_half() {
    let with = |tie_breaker| Settings {
        auto_tie_breaker: Some(tie_breaker),
        ..equal(4)
    };
    let (left, right): (&[u32], &[u32]) = (&[1, 2], &[3, 4]);
    let (stays, goes) = ("quorate! 2/4 3", "blocked 2/4 3");
    check(with(TieBreaker::Lowest), &[(left, stays), (right, goes)]);
    check(with(TieBreaker::Highest), &[(left, goes), (right, stays)]);
    check(
        with(TieBreaker::Nodes(vec![3, 1])),
        &[(left, goes), (right, stays)],
    );
    check(
        with(TieBreaker::Lowest),
        &[(&[1], "blocked 1/4 3"), (&[2, 3, 4], "quorate! 3/4 3")],
    );
    // "If that node is not in either half (was not in the cluster before the split) then the second
    // node ID will be checked for".
    for (tie_breaker, stays) in [
        (TieBreaker::Nodes(vec![1, 4]), 4),
        (TieBreaker::Nodes(vec![1, 2]), 2),
        (TieBreaker::Lowest, 2),
    ] {
        let mut cluster = Cluster::together(
            Settings {
                votes: nodes(&[1, 2, 1, 2]),
                ..with(tie_breaker)
            },
            4,
        );
        cluster.crash(&[1]);
        cluster.split(&[&[2, 3, 4]]);
        cluster.split(&[&[2, 3], &[4]]);
        // 3 of 6 votes are there only with node 3.
        assert!(
            cluster.verdict(2).quorate == (stays == 2),
            "{:?}",
            cluster.verdict(2)
        );
        cluster.split(&[&[2, 3, 4]]);
        cluster.split(&[&[3, 4], &[2]]);
        assert!(
            cluster.verdict(4).quorate == (stays == 4),
            "{:?}",
            cluster.verdict(4)
        );
    }
    let mut cluster = Cluster::together(with(TieBreaker::Lowest), 4);
    cluster.split(&[&[1, 2], &[3, 4]]);
    assert_eq!(
        cluster.verdict(1).reasons[1],
        "half of the votes is enough with node 1, which breaks the tie"
    );
    assert_eq!(
        cluster.verdict(3).reasons[1],
        "half of the votes is not enough without node 1, which breaks the tie"
    );
}

#[test]
fn last_man_standing_follows_the_losses_as_the_manual_tells_it() {
    let settings = Settings {
        last_man_standing: Some(WINDOW),
        wait_for_all: Some(true),
        ..equal(8)
    };
    let mut cluster = Cluster::together(settings.clone(), 8);
    let losses: [(&[u32], &str, &str); 3] = [
        (&[1, 2, 3, 4, 5], "quorate! 5/8 5", "quorate! 5/5 3"),
        (&[1, 2, 3], "quorate! 3/5 3", "quorate! 3/3 2"),
        (&[1, 2], "quorate! 2/3 2", "quorate! 2/2 2"),
    ];
    for (left, at_once, after_the_window) in losses {
        let gone: Vec<_> = cluster
            .up
            .keys()
            .copied()
            .filter(|node| !left.contains(node))
            .collect();
        cluster.crash(&gone);
        cluster.split(&[left]);
        assert_eq!(cluster.summary(1), at_once);
        cluster.pass(WINDOW - Duration::from_millis(1));
        cluster.settle();
        assert_eq!(cluster.summary(1), at_once);
        cluster.pass(Duration::from_millis(1));
        cluster.settle();
        assert_eq!(cluster.summary(1), after_the_window);
    }
    // "If auto_tie_breaker is not enabled, and one more failure occurs, the remaining node will not
    // be quorate".
    cluster.crash(&[2]);
    cluster.split(&[&[1]]);
    assert_eq!(cluster.summary(1), "blocked 1/2 2");
    // Those who left before cannot go on without the last ones, nor by meeting one of them.
    cluster.start(&[2, 3, 4, 5, 6, 7, 8]);
    cluster.split(&[&[2, 3, 4, 5, 6, 7, 8]]);
    assert!(!cluster.verdict(2).quorate, "{:?}", cluster.verdict(2));
    cluster.split(&[&[1, 2, 3, 4, 5, 6, 7, 8]]);
    assert_eq!(cluster.summary(1), "quorate! 8/8 5");
}

#[test]
fn last_man_standing_with_a_tie_breaker_ends_with_one() {
    let settings = Settings {
        last_man_standing: Some(WINDOW),
        auto_tie_breaker: Some(TieBreaker::Lowest),
        ..equal(3)
    };
    let mut cluster = Cluster::together(settings, 3);
    cluster.crash(&[3]);
    cluster.split(&[&[1, 2]]);
    cluster.pass(WINDOW);
    cluster.settle();
    cluster.crash(&[2]);
    cluster.split(&[&[1]]);
    assert_eq!(cluster.summary(1), "quorate! 1/2 2");
    cluster.pass(WINDOW);
    cluster.settle();
    assert_eq!(cluster.summary(1), "quorate! 1/1 1");
    // The two others do not go on, though they were a majority once.
    cluster.start(&[2, 3]);
    cluster.split(&[&[2, 3], &[1]]);
    assert!(!cluster.verdict(2).quorate);
    assert!(cluster.verdict(1).quorate);
}

#[test]
fn who_leaves_in_order_needs_no_window() {
    let settings = Settings {
        last_man_standing: Some(WINDOW),
        ..equal(5)
    };
    let mut cluster = Cluster::together(settings, 5);
    for node in [4, 5] {
        cluster.say(node, Fact::Leaving { node });
    }
    cluster.settle();
    assert_eq!(
        cluster.verdict(1).reasons[1],
        "nodes 4 and 5 are leaving in order"
    );
    cluster.crash(&[4, 5]);
    cluster.split(&[&[1, 2, 3]]);
    assert_eq!(cluster.summary(1), "quorate! 3/3 2");
}

#[test]
fn expected_votes_tracking_remembers_the_highest() {
    let settings = Settings {
        expected_votes: Some(3),
        expected_votes_tracking: true,
        ..Settings::default()
    };
    let mut cluster = Cluster::together(settings.clone(), 7);
    assert_eq!(cluster.summary(1), "quorate! 7/7 4");
    cluster.crash(&[1, 2, 3, 4, 5, 6, 7]);
    cluster.start(&[1, 2]);
    cluster.split(&[&[1, 2]]);
    assert_eq!(cluster.summary(1), "blocked 2/7 4");
    let mut fresh = Cluster::new(settings, 7);
    fresh.start(&[1, 2]);
    fresh.split(&[&[1, 2]]);
    assert_eq!(fresh.summary(1), "quorate! 2/3 2");
}

#[test]
fn an_operator_sets_expected_votes() {
    let mut cluster = Cluster::together(equal(5), 5);
    cluster.split(&[&[1, 2, 3], &[4, 5]]);
    let set = |votes, asserted| Fact::ExpectedVotes { votes, asserted };
    for (votes, refusal) in [
        (
            1,
            Refusal::ExpectedVotes {
                lowest: 2,
                highest: 5,
                total_votes: 3,
            },
        ),
        (
            6,
            Refusal::ExpectedVotes {
                lowest: 2,
                highest: 5,
                total_votes: 3,
            },
        ),
    ] {
        cluster.say(2, set(votes, false));
        cluster.settle();
        assert_eq!(cluster.refusals.pop(), Some(refusal));
    }
    cluster.say(2, set(3, false));
    cluster.settle();
    assert_eq!(cluster.summary(3), "quorate! 3/3 2");
    // The others cannot: they do not know what happened.
    cluster.refusals.clear();
    cluster.say(4, set(2, false));
    cluster.settle();
    assert_eq!(cluster.refusals.pop(), Some(Refusal::NotExclusive));
    // Unless he vouches for it, and then they say what it rests on.
    cluster.say(4, set(2, true));
    cluster.settle();
    assert_eq!(cluster.summary(4), "quorate 2/2 2");
    assert!(cluster.verdict(4).reasons[1].contains("another partition may be active"));
    // One who joins those who had quorum all the time does not take it away.
    cluster.split(&[&[1, 2, 3, 4], &[5]]);
    assert!(cluster.verdict(4).quorate);
    cluster.split(&[&[1, 2, 3, 4, 5]]);
    assert_eq!(cluster.summary(4), "quorate! 5/5 3");
    cluster.split(&[&[1, 2, 3], &[4, 5]]);
    assert_eq!(cluster.summary(1), "quorate! 3/5 3");
    assert_eq!(cluster.summary(4), "blocked 2/5 3");
}

#[test]
fn a_node_without_its_record_has_no_vote_until_it_is_back() {
    let mut cluster = Cluster::together(equal(3), 3);
    cluster.crash(&[2, 3]);
    cluster.disks.insert(2, Start::Lost);
    cluster.start(&[2]);
    cluster.split(&[&[1, 2]]);
    assert_eq!(cluster.summary(1), "blocked 2/3 2");
    assert!(cluster.verdict(1).reasons[1].contains("node 2 may have forgotten"));
    cluster.start(&[3]);
    cluster.split(&[&[1, 2, 3]]);
    cluster.split(&[&[1, 2], &[3]]);
    assert_eq!(cluster.summary(2), "quorate! 2/3 2");
}

#[test]
fn nodes_with_other_options_must_all_agree() {
    let mut cluster = Cluster::together(equal(3), 3);
    let other = cluster::options(Settings {
        expected_votes: Some(5),
        ..equal(3)
    });
    cluster
        .up
        .get_mut(&3)
        .expect("it is up")
        .quorum
        .configure(other);
    cluster.split(&[&[1, 2, 3]]);
    assert_eq!(cluster.summary(1), "quorate 3/5 3");
    assert_eq!(
        cluster.verdict(1).reasons[1],
        "the quorum options of node 3 differ from the others'"
    );
    cluster.split(&[&[2, 3], &[1]]);
    assert_eq!(cluster.summary(2), "blocked 2/5 3");
}

#[test]
fn what_members_a_verdict_hangs_on() {
    let check = |cluster: &Cluster, node, needed| {
        let verdict = cluster.verdict(node);
        assert_eq!(verdict.members_needed, needed, "{verdict:?}");
    };
    let mut cluster = Cluster::together(equal(5), 5);
    check(&cluster, 1, 3);
    cluster.split(&[&[1, 2], &[3, 4, 5]]);
    check(&cluster, 1, 0);
    check(&cluster, 3, 3);
    let two_node = Cluster::together(
        Settings {
            two_node: true,
            ..equal(2)
        },
        2,
    );
    check(&two_node, 1, 1);
    let tie_breaker = Some(TieBreaker::Lowest);
    let mut halves = Cluster::together(
        Settings {
            auto_tie_breaker: tie_breaker,
            ..equal(4)
        },
        4,
    );
    check(&halves, 1, 3);
    halves.split(&[&[1, 2], &[3, 4]]);
    check(&halves, 1, 2);
    // Until all know of it, a change hangs on all.
    let settings = Settings {
        last_man_standing: Some(WINDOW),
        ..equal(5)
    };
    let mut cluster = Cluster::together(settings, 5);
    cluster.split(&[&[1, 2, 3, 4], &[5]]);
    check(&cluster, 1, 3);
    cluster.pass(WINDOW);
    (1..=4).for_each(|node| assert!(cluster.deliver(node)));
    check(&cluster, 1, 4);
    cluster.settle();
    check(&cluster, 1, 3);
    assert_eq!(cluster.verdict(1).member_votes.len(), 4);
}
