//! Whatever happens, a partition that says it is alone is alone.

mod cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::Cluster;
use proptest::prelude::{Just, Strategy, any, prop, proptest};
use proptest::test_runner::Config;
use quorum::{
    Algorithm, Fact, MIN_LAST_MAN_STANDING_WINDOW, NodeId, Options, Settings, Start, TieBreaker,
    WitnessSettings,
};

const NODES: u32 = 8;

/// Settings of any kind; those that contradict themselves are sorted out.
fn settings() -> impl Strategy<Value = Settings> {
    let votes = prop_oneof_votes();
    let tie_breaker = prop::option::of(prop_oneof_tie_breaker());
    let flags = any::<[bool; 4]>();
    let expected_votes = prop::option::weighted(0.2, 1..12u32);
    let witness = prop::option::weighted(0.4, any::<bool>());
    (votes, tie_breaker, flags, expected_votes, witness).prop_filter_map(
        "contradicts itself",
        |(votes, auto_tie_breaker, [two_node, waits, follows, tracks], expected_votes, witness)| {
            let ffsplit = WitnessSettings {
                algorithm: Algorithm::Ffsplit,
                votes: Some(1),
            };
            let lms = WitnessSettings {
                algorithm: Algorithm::LastManStanding,
                votes: None,
            };
            let settings = Settings {
                two_node: two_node && votes.len() == 2,
                votes,
                expected_votes,
                wait_for_all: waits.then_some(true),
                auto_tie_breaker: auto_tie_breaker.filter(|_| witness.is_none()),
                last_man_standing: (follows && witness.is_none())
                    .then_some(MIN_LAST_MAN_STANDING_WINDOW),
                expected_votes_tracking: tracks,
                witness: witness.map(|even| if even { ffsplit } else { lms }),
                ..Settings::default()
            };
            Options::try_from(settings.clone())
                .is_ok()
                .then_some(settings)
        },
    )
}

fn prop_oneof_votes() -> impl Strategy<Value = BTreeMap<NodeId, u32>> {
    let equal = (1..=NODES).prop_map(|count| (1..=count).map(|node| (node, 1)).collect());
    let weighted = prop::collection::vec(0..4u32, 1..=NODES as usize)
        .prop_map(|votes| (1..).zip(votes).collect());
    let none = Just(BTreeMap::new());
    proptest::prop_oneof![6 => equal, 3 => weighted, 1 => none]
}

fn prop_oneof_tie_breaker() -> impl Strategy<Value = TieBreaker> {
    let nodes = prop::collection::vec(1..=NODES, 1..4).prop_map(TieBreaker::Nodes);
    proptest::prop_oneof![Just(TieBreaker::Lowest), Just(TieBreaker::Highest), nodes]
}

/// What happens next; `dice` decides to whom.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// New views for a random partition of the nodes.
    Split(u64),
    /// Some nodes hear the next fact.
    Deliver(u64),
    /// The leaders hear what was acknowledged.
    Acknowledge,
    Pass,
    Crash(u64),
    /// A node dies between hearing and saving.
    Torn(u64),
    Restart(u64),
    Wipe(u64),
    Expect(u64),
    Leave(u64),
    Settle,
}

fn step() -> impl Strategy<Value = Step> {
    let dice = any::<u64>;
    proptest::prop_oneof![
        6 => dice().prop_map(Step::Split),
        8 => dice().prop_map(Step::Deliver),
        3 => Just(Step::Acknowledge),
        4 => Just(Step::Pass),
        2 => dice().prop_map(Step::Crash),
        1 => dice().prop_map(Step::Torn),
        4 => dice().prop_map(Step::Restart),
        1 => dice().prop_map(Step::Wipe),
        1 => dice().prop_map(Step::Expect),
        1 => dice().prop_map(Step::Leave),
        4 => Just(Step::Settle),
    ]
}

fn carry_out(cluster: &mut Cluster, count: u32, step: Step) {
    let all: Vec<NodeId> = (1..=count).collect();
    let chosen = |dice: u64| all[(dice % u64::from(count)) as usize];
    match step {
        Step::Split(dice) => split(cluster, dice),
        Step::Deliver(dice) => {
            let everybody = dice >> 40 & 1 == 1;
            for node in all
                .iter()
                .filter(|node| everybody || dice >> **node & 1 == 1)
            {
                cluster.deliver(*node);
            }
        }
        Step::Acknowledge => (0..cluster.groups.len()).for_each(|index| cluster.acknowledge(index)),
        Step::Pass => cluster.pass(MIN_LAST_MAN_STANDING_WINDOW),
        Step::Crash(dice) => cluster.crash(&[chosen(dice)]),
        Step::Torn(dice) => {
            let node = chosen(dice);
            let disk = cluster.disks[&node].clone();
            cluster.deliver(node);
            cluster.disks.insert(node, disk);
            cluster.crash(&[node]);
        }
        Step::Restart(dice) => {
            let node = chosen(dice);
            if !cluster.up.contains_key(&node) {
                // Its earlier life is over for everybody before the new one joins.
                let mourning = cluster
                    .groups
                    .iter()
                    .filter(|group| group.installed.contains(&node));
                let mourning: Vec<_> = mourning.map(|group| group.members.clone()).collect();
                mourning.iter().for_each(|members| cluster.install(members));
                cluster.start(&[node]);
                cluster.install(&BTreeSet::from([node]));
            }
        }
        Step::Wipe(dice) => {
            let node = chosen(dice);
            if !cluster.up.contains_key(&node) {
                cluster.disks.insert(node, Start::Lost);
            }
        }
        Step::Expect(dice) => {
            let node = chosen(dice);
            if cluster.up.contains_key(&node) {
                let votes = (dice >> 8) as u32 % 12;
                cluster.say(
                    node,
                    Fact::ExpectedVotes {
                        votes,
                        asserted: false,
                    },
                );
            }
        }
        Step::Leave(dice) => {
            let node = chosen(dice);
            if cluster.up.contains_key(&node) {
                cluster.say(node, Fact::Leaving { node });
            }
        }
        Step::Settle => cluster.settle(),
    }
}

/// Each node goes to one of four sides; sides that are as before keep their view.
fn split(cluster: &mut Cluster, dice: u64) {
    let mut sides: [BTreeSet<NodeId>; 4] = Default::default();
    // Mostly two sides, sometimes one, sometimes four.
    let count = [1, 2, 2, 2, 2, 2, 2, 4][(dice >> 61) as usize];
    for node in cluster.up.keys() {
        let side = (dice >> (2 * node)) as usize % count;
        sides[side].insert(*node);
    }
    for side in sides.into_iter().filter(|side| !side.is_empty()) {
        if !cluster.groups.iter().any(|group| group.installed == side) {
            cluster.install(&side);
        }
    }
}

/// The witness' vote goes to one view at a time, and to another when that one is gone.
fn grant(cluster: &mut Cluster, holder: &mut Option<quorum::ViewId>) {
    let id = |cluster: &Cluster, node| {
        cluster.groups[cluster.group_of(node).expect("it is in a view")].id
    };
    let nodes: Vec<NodeId> = cluster.up.keys().copied().collect();
    if holder.is_some_and(|holder| cluster.groups.iter().all(|group| group.id != holder)) {
        // Its successor may have brought the vote along.
        let holds = |node: &&NodeId| {
            let facts = cluster.up[*node].quorum.facts();
            facts.is_some_and(|facts| facts.witness_vote)
        };
        *holder = nodes.iter().find(holds).map(|node| id(cluster, *node));
    }
    for node in nodes {
        let view = id(cluster, node);
        let quorum = &mut cluster.up.get_mut(&node).expect("it is up").quorum;
        if !quorum.wants_vote() || holder.is_some_and(|holder| holder != view) {
            continue;
        }
        *holder = Some(view);
        let until = cluster.now + Duration::from_secs(3600);
        let commands = quorum.witness(Some(until), cluster.now);
        for command in commands {
            if let quorum::Command::Broadcast(fact) = command {
                cluster.say(node, fact);
            }
        }
    }
}

fn check(cluster: &Cluster) {
    for (node, state) in &cluster.up {
        if !state.quorum.verdict().exclusive {
            continue;
        }
        let group = cluster.group_of(*node);
        for (other, its) in &cluster.up {
            let apart = cluster.group_of(*other) != group;
            assert!(
                !(apart && its.quorum.verdict().quorate),
                "node {node} is not alone, node {other} has quorum, too: {:?} {:?}",
                state.quorum.verdict(),
                its.quorum.verdict()
            );
        }
    }
    for group in &cluster.groups {
        let states = group.members.iter().map(|node| &cluster.up[node]);
        let verdicts: BTreeMap<usize, _> = states
            .clone()
            .map(|state| (state.delivered, state.quorum.verdict()))
            .collect();
        for state in states {
            assert_eq!(
                state.quorum.verdict(),
                verdicts[&state.delivered],
                "same inputs, same verdict"
            );
        }
    }
}

/// A few equal nodes, whose electorate changes as often as it can.
fn following() -> impl Strategy<Value = Settings> {
    let tie_breaker = prop::option::of(prop_oneof_tie_breaker());
    (3..=5u32, tie_breaker, any::<bool>()).prop_filter_map(
        "contradicts itself",
        |(count, auto_tie_breaker, waits)| {
            let settings = Settings {
                votes: (1..=count).map(|node| (node, 1)).collect(),
                auto_tie_breaker,
                wait_for_all: Some(waits),
                last_man_standing: Some(MIN_LAST_MAN_STANDING_WINDOW),
                ..Settings::default()
            };
            Options::try_from(settings.clone())
                .is_ok()
                .then_some(settings)
        },
    )
}

/// Steps by which a change is known to some and not to others when the view breaks.
fn hasty_step() -> impl Strategy<Value = Step> {
    let dice = any::<u64>;
    proptest::prop_oneof![
        6 => dice().prop_map(Step::Split),
        12 => dice().prop_map(Step::Deliver),
        6 => Just(Step::Acknowledge),
        5 => Just(Step::Pass),
        1 => dice().prop_map(Step::Crash),
        1 => dice().prop_map(Step::Torn),
        3 => dice().prop_map(Step::Restart),
        1 => dice().prop_map(Step::Wipe),
        1 => Just(Step::Settle),
    ]
}

fn play(settings: Settings, steps: Vec<Step>) {
    let count = if settings.votes.is_empty() {
        settings.expected_votes.unwrap_or(1).min(NODES)
    } else {
        settings.votes.len() as u32
    };
    let mut cluster = Cluster::new(settings, count);
    let all: Vec<NodeId> = (1..=count).collect();
    cluster.start(&all);
    for node in &all {
        cluster.install(&BTreeSet::from([*node]));
    }
    let mut holder = None;
    for step in steps {
        carry_out(&mut cluster, count, step);
        grant(&mut cluster, &mut holder);
        check(&cluster);
    }
    heal(&mut cluster, &all);
}

/// `PROPTEST_CASES` in the environment counts more.
fn times(cases: u32) -> Config {
    Config {
        cases,
        max_shrink_iters: 100_000,
        failure_persistence: None,
        ..Config::default()
    }
}

proptest! {
    #![proptest_config(times(500))]

    #[test]
    fn no_two_partitions_are_exclusive(
        settings in settings(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        play(settings, steps);
    }
}

proptest! {
    #![proptest_config(times(1000))]

    #[test]
    fn nobody_goes_on_under_an_electorate_that_was_left(
        settings in following(),
        steps in prop::collection::vec(hasty_step(), 20..120),
    ) {
        play(settings, steps);
    }
}

/// With everybody back, there is quorum, unless more votes are expected than nodes have.
fn heal(cluster: &mut Cluster, all: &[NodeId]) {
    let down: Vec<NodeId> = all
        .iter()
        .copied()
        .filter(|node| !cluster.up.contains_key(node))
        .collect();
    cluster.start(&down);
    cluster.split(&[all]);
    check(cluster);
    let verdict = cluster.verdict(1);
    let votes: u32 = all.iter().map(|node| cluster.options.votes_of(*node)).sum();
    assert!(
        verdict.quorate || verdict.expected_votes > votes,
        "{verdict:?}"
    );
}
