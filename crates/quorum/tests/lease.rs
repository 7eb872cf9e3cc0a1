//! The witness' vote: on clocks that drift, with messages that are late, lost or doubled, with
//! partitions, dead leaders and a witness that starts anew, no two partitions act on it at once.

mod cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::{Cluster, equal};
use proptest::prelude::{Just, Strategy, any, prop, proptest};
use proptest::test_runner::Config;
use quorum::witness::{
    Answer, ClusterName, Heuristics, Holder, HolderSettings, MAX_DRIFT_PERCENT, Preference,
    Request, TieBreaker, Witness, WitnessLimits,
};
use quorum::{Algorithm, NodeId, Settings, WitnessSettings};

const LEASE: Duration = Duration::from_millis(1000);
const FOLLOWER_LEASE: Duration = Duration::from_millis(100);

/// A message on its way.
enum Message {
    Request(Request),
    Answer(NodeId, Answer),
}

/// A cluster with its witness.
struct World {
    cluster: Cluster,
    preference: Preference,
    holders: BTreeMap<NodeId, Holder>,
    heuristics: BTreeMap<NodeId, Heuristics>,
    incarnation: u64,
    witness: Witness,
    witness_rate: u32,
    /// With the time at which each arrives.
    messages: Vec<(Duration, Message)>,
    /// Until when each follower goes on without its leader, on its own clock.
    trusted: BTreeMap<NodeId, Duration>,
    /// Nodes that do not reach the witness.
    cut: BTreeSet<NodeId>,
    /// How long messages take, and whether some are lost or doubled.
    dice: u64,
    /// Messages take a while, but arrive.
    calm: bool,
}

impl World {
    fn new(settings: Settings, preference: Preference, rates: &[u32], witness_rate: u32) -> Self {
        let count = settings.votes.len() as u32;
        let mut world = Self {
            cluster: Cluster::new(settings, count),
            preference,
            holders: BTreeMap::new(),
            heuristics: BTreeMap::new(),
            incarnation: 0,
            witness: Witness::new(limits(), Duration::ZERO),
            witness_rate,
            messages: Vec::new(),
            trusted: BTreeMap::new(),
            cut: BTreeSet::new(),
            dice: 0,
            calm: false,
        };
        world.cluster.rates = (1..).zip(rates.iter().copied()).collect();
        for node in 1..=count {
            world.start(node);
        }
        world
    }

    fn start(&mut self, node: NodeId) {
        self.incarnation += 1;
        let holder = Holder::new(HolderSettings {
            cluster: name(),
            node,
            incarnation: self.incarnation,
            nodes: self.cluster.disks.keys().copied().collect(),
            preference: self.preference,
            lease: LEASE,
            follower_lease: FOLLOWER_LEASE,
        });
        self.holders
            .insert(node, holder.expect("the lease is long enough"));
        self.cluster.start(&[node]);
        self.cluster.install(&BTreeSet::from([node]));
    }

    fn roll(&mut self, sides: u64) -> u64 {
        if self.calm {
            return sides - 1;
        }
        self.dice = self
            .dice
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.dice >> 33) % sides
    }

    fn send(&mut self, message: impl Fn() -> Message) {
        let copies = match self.roll(10) {
            0 => 0,
            1 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = self.roll(6) == 0;
            let delay = self.roll(if late { 1500 } else { 20 });
            let at = self.cluster.now + Duration::from_millis(delay);
            self.messages.push((at, message()));
        }
    }

    /// A few milliseconds of everything.
    fn step(&mut self, time: Duration) {
        self.cluster.pass(time);
        let now = self.cluster.now;
        while let Some(index) = self.messages.iter().position(|(at, _)| *at <= now) {
            match self.messages.swap_remove(index).1 {
                Message::Request(request) => {
                    let request = Request::decode(&request.encode()).expect("a request is read");
                    let answer = self.witness.handle(&request, now * self.witness_rate / 100);
                    self.send(|| Message::Answer(request.node, answer));
                }
                Message::Answer(node, answer) => {
                    let answer = Answer::decode(&answer.encode()).expect("an answer is read");
                    let clock = self.cluster.clock(node);
                    self.holders
                        .get_mut(&node)
                        .expect("it has one")
                        .answer(&answer, clock);
                }
            }
        }
        let nodes: Vec<NodeId> = self.cluster.up.keys().copied().collect();
        for node in nodes {
            if self.roll(8) > 0 {
                self.cluster.deliver(node);
            }
            self.follow(node);
        }
        (0..self.cluster.groups.len()).for_each(|index| self.cluster.acknowledge(index));
        self.vouch();
    }

    fn follow(&mut self, node: NodeId) {
        let clock = self.cluster.clock(node);
        let heuristics = self.heuristics.get(&node).copied().unwrap_or_default();
        let holder = self.holders.get_mut(&node).expect("it has one");
        let quorum = &mut self.cluster.up.get_mut(&node).expect("it is up").quorum;
        let request = holder.follow(quorum, heuristics, clock);
        let commands = quorum.witness(holder.until(), clock);
        self.cluster.carry_out(node, commands);
        if let Some(request) = request.filter(|_| !self.cut.contains(&node)) {
            self.send(|| Message::Request(request.clone()));
        }
    }

    /// Leaders that live tell their followers to go on.
    fn vouch(&mut self) {
        for group in &self.cluster.groups {
            let leader = group.id.leader;
            let Some(state) = self.cluster.up.get(&leader) else {
                continue;
            };
            if group.members.contains(&leader) && state.quorum.vouches(self.cluster.clock(leader)) {
                for node in &group.members {
                    self.trusted
                        .insert(*node, self.cluster.clock(*node) + FOLLOWER_LEASE);
                }
            }
        }
    }

    fn acts(&self, node: NodeId) -> bool {
        let clock = self.cluster.clock(node);
        let trusted = self.trusted.get(&node).is_some_and(|until| clock < *until);
        trusted && self.cluster.up[&node].quorum.quorate(clock)
    }

    fn check(&self) {
        let acting: Vec<NodeId> = self
            .cluster
            .up
            .keys()
            .copied()
            .filter(|node| self.acts(*node))
            .collect();
        let groups: BTreeSet<_> = acting
            .iter()
            .map(|node| self.cluster.group_of(*node))
            .collect();
        assert!(
            groups.len() < 2,
            "{acting:?} act at {:?}: {:#?}",
            self.cluster.now,
            self.cluster.groups
        );
    }

    fn split(&mut self, dice: u64) {
        let mut sides: [BTreeSet<NodeId>; 2] = Default::default();
        for node in self.cluster.up.keys() {
            sides[(dice >> node & 1) as usize].insert(*node);
        }
        for side in sides.into_iter().filter(|side| !side.is_empty()) {
            if !self
                .cluster
                .groups
                .iter()
                .any(|group| group.installed == side)
            {
                self.trusted.retain(|node, _| !side.contains(node));
                self.cluster.install(&side);
            }
        }
    }
}

fn name() -> ClusterName {
    ClusterName::new("alpha").expect("it can be a name")
}

fn limits() -> WitnessLimits {
    WitnessLimits {
        lease: LEASE,
        ..WitnessLimits::default()
    }
}

#[derive(Debug, Clone, Copy)]
enum Event {
    Steps(u16),
    Split(u64),
    Crash(u64),
    Restart,
    WitnessRestart,
    Heuristics(u64),
    /// These nodes reach the witness, the others do not.
    Reach(u64),
    Settle,
}

fn event() -> impl Strategy<Value = Event> {
    proptest::prop_oneof![
        14 => (1..700u16).prop_map(Event::Steps),
        5 => any::<u64>().prop_map(Event::Split),
        1 => any::<u64>().prop_map(Event::Crash),
        2 => Just(Event::Restart),
        1 => Just(Event::WitnessRestart),
        1 => any::<u64>().prop_map(Event::Heuristics),
        3 => any::<u64>().prop_map(Event::Reach),
        2 => Just(Event::Settle),
    ]
}

fn carry_out(world: &mut World, event: Event) {
    let count = world.cluster.disks.len() as u64;
    let chosen = |dice: u64| (dice % count) as NodeId + 1;
    match event {
        Event::Steps(millis) => {
            for _ in 0..millis / 7 {
                world.step(Duration::from_millis(7));
                world.check();
            }
        }
        Event::Split(dice) => world.split(dice),
        Event::Crash(dice) => world.cluster.crash(&[chosen(dice)]),
        Event::Restart => {
            let down: Vec<NodeId> = world
                .cluster
                .disks
                .keys()
                .copied()
                .filter(|node| !world.cluster.up.contains_key(node))
                .collect();
            for node in down {
                let mourning = world
                    .cluster
                    .groups
                    .iter()
                    .filter(|group| group.installed.contains(&node));
                let mourning: Vec<_> = mourning.map(|group| group.members.clone()).collect();
                mourning
                    .iter()
                    .for_each(|members| world.cluster.install(members));
                world.start(node);
            }
        }
        Event::WitnessRestart => {
            world.witness = Witness::new(limits(), world.cluster.now * world.witness_rate / 100);
        }
        Event::Heuristics(dice) => {
            let result = [Heuristics::Disabled, Heuristics::Passed, Heuristics::Failed]
                [(dice >> 8) as usize % 3];
            world.heuristics.insert(chosen(dice), result);
        }
        Event::Reach(dice) => {
            let all = world.cluster.disks.keys().copied();
            world.cut = all.filter(|node| dice >> node & 1 == 0).collect();
        }
        Event::Settle => {
            let nodes: Vec<NodeId> = world.cluster.up.keys().copied().collect();
            for node in nodes {
                while world.cluster.deliver(node) {}
            }
            (0..world.cluster.groups.len()).for_each(|index| world.cluster.acknowledge(index));
        }
    }
    world.check();
}

fn setup() -> impl Strategy<Value = (Settings, Preference)> {
    let tie_breaker = proptest::prop_oneof![
        Just(TieBreaker::Lowest),
        Just(TieBreaker::Highest),
        (1..=4u32).prop_map(TieBreaker::Node),
    ];
    (2..=6usize, any::<[bool; 2]>(), tie_breaker).prop_map(
        |(count, [even, keep_active], tie_breaker)| {
            let (algorithm, votes) = if even {
                (Algorithm::Ffsplit, Some(1))
            } else {
                (Algorithm::LastManStanding, None)
            };
            let settings = Settings {
                witness: Some(WitnessSettings { algorithm, votes }),
                ..equal(count)
            };
            (
                settings,
                Preference {
                    algorithm,
                    tie_breaker,
                    keep_active,
                },
            )
        },
    )
}

fn rate() -> impl Strategy<Value = u32> {
    100 - MAX_DRIFT_PERCENT..=100 + MAX_DRIFT_PERCENT
}

proptest! {
    #![proptest_config(Config { cases: 300, failure_persistence: None, ..Config::default() })]

    #[test]
    fn one_partition_acts(
        (settings, preference) in setup(),
        rates in prop::collection::vec(rate(), 6),
        witness_rate in rate(),
        dice in any::<u64>(),
        events in prop::collection::vec(event(), 1..40),
    ) {
        let mut world = World::new(settings, preference, &rates, witness_rate);
        world.split(0);
        run(&mut world, 1500);
        world.dice = dice;
        for event in events {
            carry_out(&mut world, event);
        }
    }
}

/// Runs until nothing changes any more, with messages that arrive.
fn run(world: &mut World, millis: u64) {
    world.calm = true;
    for _ in 0..millis / 5 {
        world.step(Duration::from_millis(5));
        carry_out(world, Event::Settle);
    }
    world.calm = false;
}

#[test]
fn half_of_the_nodes_goes_on_and_the_other_half_takes_over_when_it_dies() {
    for (algorithm, votes) in [
        (Algorithm::Ffsplit, Some(1)),
        (Algorithm::LastManStanding, None),
    ] {
        let settings = Settings {
            witness: Some(WitnessSettings { algorithm, votes }),
            ..equal(4)
        };
        let preference = Preference {
            algorithm,
            ..Preference::default()
        };
        let mut world = World::new(settings, preference, &[100; 4], 100);
        world.split(0);
        run(&mut world, 3000);
        assert!(world.acts(1) && world.acts(4), "{algorithm:?}");
        world.split(0b11000);
        run(&mut world, 3000);
        assert!(
            world.acts(1) && world.acts(2) && !world.acts(3),
            "{algorithm:?}: {:?}",
            world.cluster.verdict(1)
        );
        world.cluster.crash(&[1, 2]);
        run(&mut world, 5000);
        assert!(
            world.acts(3) && world.acts(4),
            "{algorithm:?}: {:?}",
            world.cluster.verdict(3)
        );
        assert_eq!(
            world.cluster.verdict(3).reasons[1],
            "the witness gives its vote"
        );
    }
}

#[test]
fn the_last_node_goes_on_with_lms() {
    let witness = Some(WitnessSettings {
        algorithm: Algorithm::LastManStanding,
        votes: None,
    });
    let preference = Preference {
        algorithm: Algorithm::LastManStanding,
        ..Preference::default()
    };
    let mut world = World::new(
        Settings {
            witness,
            ..equal(4)
        },
        preference,
        &[100; 4],
        100,
    );
    world.split(0);
    run(&mut world, 3000);
    world.cluster.crash(&[1, 2, 3]);
    world.cluster.split(&[&[4]]);
    run(&mut world, 5000);
    assert!(world.acts(4), "{:?}", world.cluster.verdict(4));
}
