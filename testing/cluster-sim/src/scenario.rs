//! What a seed decides before the run begins.

use std::collections::BTreeMap;
use std::time::Duration;

use dice::Dice;
use membership::{Commitment, NodeId, Timing};
use quorum::{Algorithm, Options};
use replica::limits::LONGEST_RETRY;

use crate::faults::FaultKind;
use crate::network::Weather;
use crate::resources::ResourcePlan;
use crate::service::options;

/// A whole run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Nodes, numbered from 1.
    pub nodes: u32,
    /// Links between each two of them.
    pub links: u8,
    /// The times of the group.
    pub timing: Timing,
    /// When messages are committed.
    pub commitment: Commitment,
    /// The votes of each node.
    pub votes: BTreeMap<NodeId, u32>,
    /// How likely it is that a node keeps the counter of its views over a restart, in percent.
    pub keeps_counter_percent: u64,
    /// How long faults happen.
    pub chaos: Duration,
    /// The longest pause between two faults.
    pub calm_between_faults: Duration,
    /// What may happen.
    pub faults: Vec<FaultKind>,
    /// The worst weather.
    pub weather: Weather,
    /// The longest delay of a path in any weather.
    pub longest_delay: Duration,
    /// Frames on one path do not overtake each other.
    pub in_order: bool,
    /// How far clocks may be apart in their rates, in millionths to either side.
    pub clock_rate_ppm: u64,
    /// The longest pause between two messages of the workload.
    pub submit_pause: Duration,
    /// The longest payload, beyond the name of the message.
    pub longest_payload: u64,
    /// How long acknowledgements take, at most: the disk.
    pub disk_delay: Duration,
    /// How long a node that is not slow takes to wake up, at most.
    pub wake_delay: Duration,
    /// Where the CIB is replicated on top of the group: how.
    pub cib: Option<CibPlan>,
    /// Where resources run: which, and how.
    pub resources: Option<ResourcePlan>,
}

/// How the CIB is replicated.
#[derive(Clone, Debug)]
pub struct CibPlan {
    /// Of quorum, on all nodes alike.
    pub options: Options,
    /// How the witness chooses, where there is one.
    pub witness: Option<Algorithm>,
    /// Clients that ask for something at the same time.
    pub clients: usize,
    /// How long a client waits for an answer.
    pub patience: Duration,
}

const MILLISECOND: Duration = Duration::from_millis(1);

impl Scenario {
    /// Draws everything.
    #[must_use]
    pub fn from_dice(dice: &mut Dice) -> Self {
        let nodes = *dice.pick(&[1, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8]);
        let timing = timing(dice);
        let floor = timing.detection_floor;
        let weighted = dice.happens(20);
        let votes = (1..=nodes).map(|node| {
            let votes = if weighted { dice.within(0..4) } else { 1 };
            (NodeId(node), u32::try_from(votes).expect("small"))
        });
        let mut votes: BTreeMap<NodeId, u32> = votes.collect();
        if votes.values().all(|votes| *votes == 0) {
            votes.insert(NodeId(1), 1);
        }
        Self {
            nodes,
            links: *dice.pick(&[1, 1, 1, 2, 2, 3]),
            timing,
            commitment: dice.pick(&[Commitment::All, Commitment::Votes]).clone(),
            votes,
            keeps_counter_percent: *dice.pick(&[0, 50, 100]),
            chaos: floor * u32::try_from(dice.within(5..50)).expect("small"),
            calm_between_faults: floor * *dice.pick(&[1, 2, 4, 8, 20]),
            faults: FaultKind::some(dice),
            weather: weather(dice, floor),
            longest_delay: *dice.pick(&[
                Duration::from_micros(100),
                Duration::from_micros(500),
                floor / 50,
                floor / 20,
            ]),
            in_order: dice.happens(40),
            clock_rate_ppm: *dice.pick(&[1, 100, 10_000]),
            submit_pause: *dice.pick(&[MILLISECOND * 4, floor / 20, floor / 4, floor * 3]),
            longest_payload: *dice.pick(&[1, 1, 100, 2_000, 100_000]),
            disk_delay: *dice.pick(&[MILLISECOND / 10, MILLISECOND * 3, floor / 10, floor]),
            wake_delay: *dice.pick(&[MILLISECOND / 50, MILLISECOND / 5, MILLISECOND]),
            cib: None,
            resources: None,
        }
    }

    /// Draws everything, for a cluster that replicates the CIB.
    #[must_use]
    pub fn with_cib(dice: &mut Dice) -> Self {
        let mut scenario = Self::from_dice(dice);
        scenario.faults.extend(FaultKind::of_disks(dice));
        let floor = scenario.timing.detection_floor;
        scenario.chaos = floor * u32::try_from(dice.within(5..35)).expect("small");
        scenario.submit_pause = *dice.pick(&[floor / 10, floor / 4, floor / 2]);
        let (options, witness) = options(scenario.nodes, scenario.timing, dice);
        if witness.is_some() {
            scenario.faults.extend(FaultKind::of_witness(dice));
        }
        scenario.cib = Some(CibPlan {
            options,
            witness,
            clients: usize::try_from(dice.within(1..6)).expect("small"),
            patience: floor * *dice.pick(&[2, 10, 50]),
        });
        scenario
    }

    /// Draws everything, for a cluster that runs resources: few nodes, of whose quorum nothing special
    /// is asked.
    #[must_use]
    pub fn with_resources(dice: &mut Dice) -> Self {
        let mut scenario = Self::from_dice(dice);
        scenario.nodes = *dice.pick(&[2, 2, 3, 3, 3, 4]);
        scenario.faults.extend(FaultKind::of_disks(dice));
        scenario.faults.push(FaultKind::ResourceDies);
        let floor = scenario.timing.detection_floor;
        scenario.chaos = floor * u32::try_from(dice.within(20..100)).expect("small");
        scenario.calm_between_faults = floor * *dice.pick(&[4, 10, 20]);
        scenario.submit_pause = floor;
        let mut settings = quorum::Settings {
            votes: (1..=scenario.nodes).map(|node| (node, 1)).collect(),
            ..quorum::Settings::default()
        };
        settings.two_node = scenario.nodes == 2 && dice.happens(70);
        scenario.cib = Some(CibPlan {
            options: Options::try_from(settings).expect("no option contradicts another"),
            witness: None,
            clients: 0,
            patience: floor,
        });
        scenario.resources = Some(ResourcePlan::from_dice(scenario.nodes, dice));
        scenario
    }

    /// The votes that a view needs.
    #[must_use]
    pub fn needed_votes(&self) -> u32 {
        let all: u32 = self.votes.values().sum();
        all / 2 + 1
    }

    /// After all faults, the nodes agree within this time.
    #[must_use]
    pub fn healing_bound(&self) -> Duration {
        let group = self.timing.detection_ceiling * 10;
        match self.cib {
            None => group,
            // A disk that failed is tried again after that time.
            Some(_) => group + LONGEST_RETRY * 2,
        }
    }
}

/// The defaults, those of a tuned local network, and those of a slow one.
fn timing(dice: &mut Dice) -> Timing {
    let (heartbeat, floor, ceiling) = *dice.pick(&[
        (30, 200, 1000),
        (30, 200, 1000),
        (5, 40, 200),
        (10, 50, 50),
        (100, 400, 3000),
    ]);
    Timing {
        heartbeat: MILLISECOND * heartbeat,
        detection_floor: MILLISECOND * floor,
        detection_ceiling: MILLISECOND * ceiling,
    }
}

fn weather(dice: &mut Dice, floor: Duration) -> Weather {
    Weather {
        loss_percent: *dice.pick(&[0, 1, 5, 20, 50]),
        duplicate_percent: *dice.pick(&[0, 2, 20]),
        jitter: *dice.pick(&[MILLISECOND, floor / 20, floor / 4]),
        spike_percent: *dice.pick(&[0, 0, 1, 10]),
        spike: *dice.pick(&[floor / 2, floor * 2, floor * 8]),
    }
}
