//! The witness' decisions, one by one, as corosync-qdevice(8) tells them.

use std::time::Duration;

use proptest::prelude::{any, prop, prop_assert_eq, proptest};
use quorum::witness::{
    Answer, ClusterName, DEFAULT_LEASE, DEFAULT_SETTLE_TIME, Heuristics, HeuristicsMode,
    HeuristicsSettings, MAX_ANSWER_BYTES, MAX_CLUSTER_NAME_BYTES, MAX_DRIFT_PERCENT, MAX_LEASE,
    MAX_REQUEST_BYTES, Occasion, Preference, Reason, Request, Ruling, TieBreaker, Witness,
    WitnessLimits, hold_time,
};
use quorum::{Algorithm, DecodeError, MAX_NODES, NodeId, ViewId};

const GRANTED: Ruling = Ruling::Granted {
    lease: DEFAULT_LEASE,
};
const BEATEN: Ruling = Ruling::Refused(Reason::Beaten);

/// A long time after the witness' start.
const LATER: Duration = Duration::from_secs(60);

fn request(node: NodeId, counter: u64, members: &[NodeId], count: u32) -> Request {
    Request {
        cluster: ClusterName::new("alpha").expect("it can be a name"),
        node,
        incarnation: 1,
        number: 0,
        view: ViewId {
            counter,
            leader: members[0],
        },
        members: members.iter().copied().collect(),
        nodes: (1..=count).collect(),
        preference: Preference::default(),
        heuristics: Heuristics::Disabled,
        quorate_without: false,
        asks: true,
        lease: DEFAULT_LEASE,
    }
}

/// The witness of one cluster, with the numbers counted.
struct Bench {
    witness: Witness,
    count: u32,
    preference: Preference,
    heuristics: Vec<(NodeId, Heuristics)>,
    number: u64,
    now: Duration,
}

impl Bench {
    fn new(count: u32, preference: Preference) -> Self {
        let witness = Witness::new(WitnessLimits::default(), Duration::ZERO);
        Self {
            witness,
            count,
            preference,
            heuristics: Vec::new(),
            number: 0,
            now: LATER,
        }
    }

    fn send(&mut self, node: NodeId, counter: u64, members: &[NodeId], asks: bool) -> Ruling {
        self.number += 1;
        let heuristics = self.heuristics.iter().find(|(of, _)| *of == node);
        let request = Request {
            number: self.number,
            preference: self.preference,
            heuristics: heuristics.map_or(Heuristics::Disabled, |(_, result)| *result),
            asks,
            quorate_without: !asks,
            ..request(node, counter, members, self.count)
        };
        self.witness.handle(&request, self.now).ruling
    }

    /// The leader asks.
    fn ask(&mut self, counter: u64, members: &[NodeId]) -> Ruling {
        self.send(members[0], counter, members, true)
    }

    /// A follower reports.
    fn report(&mut self, node: NodeId, counter: u64, members: &[NodeId]) {
        assert_eq!(self.send(node, counter, members, false), Ruling::Noted);
    }
}

fn with(algorithm: Algorithm, tie_breaker: TieBreaker) -> Preference {
    Preference {
        algorithm,
        tie_breaker,
        keep_active: false,
    }
}

/// After the whole cluster was together, two partitions ask, of whose nodes those in `connected` report; in the end one of them has the
/// vote, after the lease of the other has ended, where that one was first.
fn check(
    mut bench: Bench,
    first: &[NodeId],
    second: &[NodeId],
    connected: &[NodeId],
    first_wins: bool,
) {
    let all: Vec<NodeId> = (1..=bench.count).collect();
    connected
        .iter()
        .for_each(|node| bench.report(*node, 0, &all));
    let mut rulings = (Ruling::Noted, Ruling::Noted);
    for _ in 0..8 {
        for (counter, part) in [(1, first), (2, second)] {
            for node in part.iter().skip(1).filter(|node| connected.contains(node)) {
                bench.report(*node, counter, part);
            }
        }
        rulings = (bench.ask(1, first), bench.ask(2, second));
        bench.now += Duration::from_millis(500);
    }
    let expected = if first_wins {
        (GRANTED, BEATEN)
    } else {
        (BEATEN, GRANTED)
    };
    assert_eq!(rulings, expected);
}

#[test]
fn ffsplit_prefers_nodes_then_score_then_connections_then_the_tie_breaker() {
    let bench = |tie_breaker, heuristics: &[(NodeId, Heuristics)]| {
        let mut bench = Bench::new(4, with(Algorithm::Ffsplit, tie_breaker));
        bench.heuristics = heuristics.to_vec();
        bench
    };
    let all = [1, 2, 3, 4];
    check(bench(TieBreaker::Lowest, &[]), &[1, 2], &[3, 4], &all, true);
    check(
        bench(TieBreaker::Highest, &[]),
        &[1, 2],
        &[3, 4],
        &all,
        false,
    );
    check(
        bench(TieBreaker::Node(3), &[]),
        &[1, 2],
        &[3, 4],
        &all,
        false,
    );
    check(
        bench(TieBreaker::Node(9), &[]),
        &[1, 2],
        &[3, 4],
        &all,
        true,
    );
    check(
        bench(TieBreaker::Lowest, &[(3, Heuristics::Passed)]),
        &[1, 2],
        &[3, 4],
        &all,
        false,
    );
    check(
        bench(TieBreaker::Lowest, &[(2, Heuristics::Failed)]),
        &[1, 2],
        &[3, 4],
        &all,
        false,
    );
    check(
        bench(TieBreaker::Highest, &[(4, Heuristics::Failed)]),
        &[1, 2],
        &[3, 4],
        &all,
        true,
    );
    // 1 + 1 connected and one of them failed is 1 + 1 - 1; so is one that is connected alone.
    check(
        bench(TieBreaker::Highest, &[(1, Heuristics::Failed)]),
        &[1, 2],
        &[3, 4],
        &[1, 2, 3],
        true,
    );
    let mut few = bench(TieBreaker::Lowest, &[]);
    assert_eq!(few.ask(1, &[1]), Ruling::Refused(Reason::TooFew));
}

#[test]
fn lms_prefers_score_then_nodes_then_the_tie_breaker() {
    let bench = |tie_breaker, heuristics: &[(NodeId, Heuristics)]| {
        let mut bench = Bench::new(5, with(Algorithm::LastManStanding, tie_breaker));
        bench.heuristics = heuristics.to_vec();
        bench
    };
    let all = [1, 2, 3, 4, 5];
    check(
        bench(TieBreaker::Lowest, &[]),
        &[1, 2],
        &[3, 4, 5],
        &all,
        false,
    );
    check(
        bench(
            TieBreaker::Lowest,
            &[(1, Heuristics::Passed), (2, Heuristics::Passed)],
        ),
        &[1, 2],
        &[3, 4, 5],
        &all,
        true,
    );
    // As many connected: the larger one.
    check(
        bench(TieBreaker::Lowest, &[]),
        &[1, 2],
        &[3, 4, 5],
        &[1, 2, 3, 4],
        false,
    );
    check(
        bench(TieBreaker::Highest, &[]),
        &[1, 2],
        &[4, 5],
        &all,
        false,
    );
    check(bench(TieBreaker::Lowest, &[]), &[1, 2], &[4, 5], &all, true);
    // "The only one left in the cluster that can see the server".
    let mut alone = bench(TieBreaker::Lowest, &[]);
    assert_eq!(alone.ask(1, &[5]), GRANTED);
}

#[test]
fn the_active_partition_stays_in_a_tie() {
    let mut bench = Bench::new(4, Preference::default());
    assert_eq!(bench.ask(1, &[3, 4]), GRANTED, "nobody else is heard of");
    bench.report(4, 1, &[3, 4]);
    bench.report(2, 2, &[1, 2]);
    assert_eq!(bench.ask(2, &[1, 2]), BEATEN);
    bench.preference.keep_active = false;
    assert!(
        matches!(bench.ask(2, &[1, 2]), Ruling::Wait { .. }),
        "its lease has to end"
    );
    assert_eq!(bench.ask(1, &[3, 4]), BEATEN);
    bench.now += hold_time(DEFAULT_LEASE);
    bench.report(2, 2, &[1, 2]);
    assert_eq!(bench.ask(2, &[1, 2]), GRANTED);
}

#[test]
fn nodes_elsewhere_have_a_moment_to_report_where_they_could_be_preferred() {
    let mut bench = Bench::new(2, Preference::default());
    bench.report(1, 1, &[1, 2]);
    bench.report(2, 1, &[1, 2]);
    // Node 1 might be alive, and would be preferred.
    let retry = DEFAULT_SETTLE_TIME;
    assert_eq!(bench.ask(2, &[2]), Ruling::Wait { retry });
    bench.now += DEFAULT_SETTLE_TIME - Duration::from_millis(1);
    assert_eq!(
        bench.ask(2, &[2]),
        Ruling::Wait {
            retry: Duration::from_millis(1)
        }
    );
    bench.now += Duration::from_millis(1);
    assert_eq!(bench.ask(2, &[2]), GRANTED);
    // Node 2 could not be.
    let mut bench = Bench::new(2, with(Algorithm::Ffsplit, TieBreaker::Lowest));
    bench.report(1, 1, &[1, 2]);
    bench.report(2, 1, &[1, 2]);
    assert_eq!(bench.ask(2, &[1]), GRANTED);
    // Nobody is connected whom to wait for.
    let mut bench = Bench::new(2, Preference::default());
    bench.report(1, 1, &[1, 2]);
    bench
        .witness
        .disconnected(&ClusterName::new("alpha").expect("a name"), 1);
    assert_eq!(bench.ask(2, &[2]), GRANTED);
}

#[test]
fn the_vote_moves_at_once_with_its_holder_and_otherwise_when_the_lease_has_ended() {
    let mut bench = Bench::new(4, Preference::default());
    assert_eq!(bench.ask(1, &[1, 2]), GRANTED);
    assert_eq!(
        bench.ask(2, &[1, 3]),
        GRANTED,
        "node 1 has left the view that had it"
    );
    // Under another leader: once the holder says itself that it is there.
    let retry = DEFAULT_SETTLE_TIME;
    assert_eq!(bench.ask(3, &[3, 1]), Ruling::Wait { retry });
    bench.report(1, 3, &[3, 1]);
    assert_eq!(bench.ask(3, &[3, 1]), GRANTED);
    let hold = hold_time(DEFAULT_LEASE);
    bench
        .witness
        .disconnected(&ClusterName::new("alpha").expect("a name"), 3);
    assert_eq!(bench.ask(4, &[1, 2]), Ruling::Wait { retry: hold });
    bench.now += hold - Duration::from_nanos(1);
    assert_eq!(
        bench.ask(4, &[1, 2]),
        Ruling::Wait {
            retry: Duration::from_nanos(1)
        }
    );
    bench.now += Duration::from_nanos(1);
    assert_eq!(bench.ask(4, &[1, 2]), GRANTED);
    // Given back by a view that does not need it.
    bench.report(1, 5, &[1, 2, 3]);
    assert_eq!(bench.ask(6, &[2, 3]), GRANTED);
}

#[test]
fn who_has_gone_on_or_does_not_lead_gets_nothing() {
    let mut bench = Bench::new(4, Preference::default());
    bench.report(2, 2, &[2, 3]);
    assert_eq!(bench.ask(1, &[1, 2]), Ruling::Refused(Reason::OutdatedView));
    assert_eq!(
        bench.send(4, 1, &[1, 4], true),
        Ruling::Refused(Reason::NotLeader)
    );
    bench.number = 0;
    assert_eq!(bench.ask(3, &[2, 3]), Ruling::Refused(Reason::Outdated));
}

#[test]
fn a_new_witness_waits_until_every_lease_of_its_earlier_life_has_ended() {
    let mut bench = Bench::new(2, Preference::default());
    let hold = hold_time(DEFAULT_LEASE);
    bench.now = Duration::from_millis(500);
    assert_eq!(
        bench.ask(1, &[1]),
        Ruling::Wait {
            retry: hold - bench.now
        }
    );
    bench.now = hold;
    assert_eq!(bench.ask(1, &[1]), GRANTED);
}

#[test]
fn limits_hold() {
    let name = |index: usize| ClusterName::new(&format!("c{index}")).expect("a name");
    let limits = WitnessLimits {
        clusters: 2,
        ..WitnessLimits::default()
    };
    let mut witness = Witness::new(limits, Duration::ZERO);
    let mut from = |index, now| {
        let request = Request {
            cluster: name(index),
            ..request(1, 1, &[1], 2)
        };
        witness.handle(&request, now).ruling
    };
    assert_eq!(from(1, LATER), GRANTED);
    assert_eq!(
        from(2, LATER),
        GRANTED,
        "clusters know nothing of each other"
    );
    assert_eq!(from(3, LATER), Ruling::Refused(Reason::TooManyClusters));
    assert_eq!(
        from(3, LATER + hold_time(DEFAULT_LEASE)),
        GRANTED,
        "the others are gone"
    );

    let mut witness = Witness::new(WitnessLimits::default(), Duration::ZERO);
    for node in 1..=MAX_NODES as u32 + 1 {
        let request = Request {
            asks: false,
            ..request(node, 1, &[node], MAX_NODES as u32 + 1)
        };
        let ruling = witness.handle(&request, LATER).ruling;
        let fits = node <= MAX_NODES as u32;
        assert_eq!(
            ruling,
            if fits {
                Ruling::Noted
            } else {
                Ruling::Refused(Reason::TooManyNodes)
            }
        );
    }
    assert!(ClusterName::new("").is_none() && ClusterName::new("a\nb").is_none());
    assert!(ClusterName::new(&"x".repeat(MAX_CLUSTER_NAME_BYTES)).is_some());
    assert!(ClusterName::new(&"x".repeat(MAX_CLUSTER_NAME_BYTES + 1)).is_none());
}

#[test]
fn the_slowest_clock_of_a_holder_ends_before_the_fastest_of_a_witness() {
    let (slow, fast) = (100 - MAX_DRIFT_PERCENT, 100 + MAX_DRIFT_PERCENT);
    for lease in [1u64, 7, 1000, 60_000].map(Duration::from_millis) {
        let holder_ends = lease * 100 / slow;
        let witness_ends = hold_time(lease) * 100 / fast;
        assert!(holder_ends <= witness_ends, "{lease:?}");
    }
}

#[test]
fn heuristics_weigh_and_run_as_the_manual_says() {
    let check = |results: &[bool], expected: Heuristics, score| {
        let heuristics = Heuristics::of(results.iter().copied());
        assert_eq!((heuristics, heuristics.score()), (expected, score));
    };
    check(&[], Heuristics::Disabled, 1);
    check(&[true, true], Heuristics::Passed, 2);
    check(&[true, false], Heuristics::Failed, 0);
    let due = |mode, occasion| {
        HeuristicsSettings {
            mode,
            ..HeuristicsSettings::default()
        }
        .due(occasion)
    };
    let (at_changes, regular) = (Some(Duration::from_secs(15)), Some(Duration::from_secs(5)));
    assert_eq!(due(HeuristicsMode::On, Occasion::Change), at_changes);
    assert_eq!(due(HeuristicsMode::On, Occasion::Interval), regular);
    assert_eq!(due(HeuristicsMode::Sync, Occasion::Change), at_changes);
    assert_eq!(due(HeuristicsMode::Sync, Occasion::Interval), None);
    assert_eq!(due(HeuristicsMode::Off, Occasion::Change), None);
}

#[test]
fn the_largest_request_fits_and_nonsense_is_refused() {
    let all: Vec<NodeId> = (0..MAX_NODES as u32)
        .map(|index| u32::MAX - index)
        .rev()
        .collect();
    let largest = Request {
        cluster: ClusterName::new(&"x".repeat(MAX_CLUSTER_NAME_BYTES)).expect("a name"),
        preference: with(Algorithm::LastManStanding, TieBreaker::Node(u32::MAX)),
        nodes: all.iter().copied().collect(),
        lease: MAX_LEASE,
        ..request(u32::MAX, u64::MAX, &all, 1)
    };
    let bytes = largest.encode();
    assert!(bytes.len() <= MAX_REQUEST_BYTES, "{} bytes", bytes.len());
    assert_eq!(Request::decode(&bytes), Ok(largest));
    for len in 0..bytes.len() {
        assert!(Request::decode(&bytes[..len]).is_err(), "cut after {len}");
    }
    let refused = |request: Request, field| {
        assert_eq!(
            Request::decode(&request.encode()),
            Err(DecodeError::Field(field))
        );
    };
    refused(request(3, 1, &[1, 2], 4), "members");
    refused(request(1, 1, &[1, 5], 4), "members");
    refused(
        Request {
            view: ViewId {
                counter: 1,
                leader: 3,
            },
            ..request(1, 1, &[1, 2], 4)
        },
        "leader",
    );
    let over = MAX_LEASE + Duration::from_nanos(1);
    refused(
        Request {
            lease: over,
            ..request(1, 1, &[1], 4)
        },
        "lease",
    );
}

#[test]
fn answers_are_read_as_written() {
    for ruling in [
        Ruling::Noted,
        Ruling::Granted { lease: MAX_LEASE },
        Ruling::Refused(Reason::TooManyNodes),
        Ruling::Wait {
            retry: hold_time(MAX_LEASE),
        },
    ] {
        let answer = Answer {
            incarnation: u64::MAX,
            number: 3,
            ruling,
        };
        assert!(answer.encode().len() <= MAX_ANSWER_BYTES);
        assert_eq!(Answer::decode(&answer.encode()), Ok(answer));
    }
    let forever = Ruling::Granted {
        lease: Duration::from_secs(3600),
    };
    let answer = Answer {
        incarnation: 1,
        number: 1,
        ruling: forever,
    };
    assert_eq!(
        Answer::decode(&answer.encode()),
        Err(DecodeError::Field("lease"))
    );
}

proptest! {
    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut versioned = vec![1];
        versioned.extend(&bytes);
        for bytes in [&bytes, &versioned] {
            if let Ok(request) = Request::decode(bytes) {
                prop_assert_eq!(&request.encode(), bytes);
            }
            if let Ok(answer) = Answer::decode(bytes) {
                prop_assert_eq!(&answer.encode(), bytes);
            }
        }
    }
}
