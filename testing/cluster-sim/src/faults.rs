//! What can go wrong, and for how long.

use std::time::Duration;

use bytes::Bytes;
use dice::Dice;
use replica::store::DiskErrorKind;

use crate::agenda::Event;
use crate::network::{Way, Weather};
use crate::node::{Input, id};
use crate::world::World;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The nodes fall into two halves that do not hear each other.
    Partition,
    /// One node hears nobody and is heard by nobody.
    Isolation,
    /// One node is not heard by another.
    OneWay,
    /// One of several links is cut, for all or for one node.
    LinkCut,
    /// The transport loses a connection and makes it again.
    Reconnect,
    /// Frames are lost, doubled, delayed and reordered, everywhere or on one path.
    Weather,
    /// A process stands still.
    Pause,
    /// A machine is too busy to wake processes in time.
    Slowness,
    /// A process dies between any two steps, and is started again.
    Crash,
    /// Every process dies.
    PowerFailure,
    /// A process is stopped by its operator, and started again.
    Leave,
    /// A clock changes its rate.
    ClockRate,
    /// A disk takes long.
    DiskStall,
    /// A node submits much at once.
    Burst,
    /// A node brings something else along.
    Attachment,
    /// All cuts and all weather end.
    Relief,
    /// A disk has no space left for a while.
    DiskFull,
    /// A disk does not do what it is asked for.
    DiskError,
    /// The witness is away for a while, and knows nothing when it comes back.
    WitnessRestart,
    /// A node does not reach the witness.
    WitnessCut,
    /// A leader that has the witness' vote no longer reaches it, is parted from some of the others,
    /// and stands still at the moment when the vote ends.
    HolderStall,
    /// A resource dies.
    ResourceDies,
}

const ALL: &[FaultKind] = &[
    FaultKind::Partition,
    FaultKind::Isolation,
    FaultKind::OneWay,
    FaultKind::LinkCut,
    FaultKind::Reconnect,
    FaultKind::Weather,
    FaultKind::Pause,
    FaultKind::Slowness,
    FaultKind::Crash,
    FaultKind::PowerFailure,
    FaultKind::Leave,
    FaultKind::ClockRate,
    FaultKind::DiskStall,
    FaultKind::Burst,
    FaultKind::Attachment,
    FaultKind::Relief,
];

impl FaultKind {
    /// Some of them, or all: runs with few kinds go deeper into what these can do.
    pub(crate) fn some(dice: &mut Dice) -> Vec<Self> {
        let percent = *dice.pick(&[20, 50, 100]);
        let mut some: Vec<Self> = ALL
            .iter()
            .copied()
            .filter(|_| dice.happens(percent))
            .collect();
        if some.is_empty() {
            some.push(*dice.pick(ALL));
        }
        some
    }
}

impl FaultKind {
    /// What may happen to disks.
    pub(crate) fn of_disks(dice: &mut Dice) -> Vec<Self> {
        let kinds = [Self::DiskFull, Self::DiskError].into_iter();
        kinds.filter(|_| dice.happens(40)).collect()
    }

    /// What may happen to the witness.
    pub(crate) fn of_witness(dice: &mut Dice) -> Vec<Self> {
        let kinds = [Self::WitnessRestart, Self::WitnessCut, Self::HolderStall];
        kinds.into_iter().filter(|_| dice.happens(50)).collect()
    }
}

impl World {
    /// Something goes wrong.
    pub(crate) fn strike(&mut self) {
        let kinds = self.scenario.faults.clone();
        let kind = *self.dice.pick(&kinds);
        let node = self.any_node();
        match kind {
            FaultKind::Partition => self.partition(),
            FaultKind::Isolation => {
                let duration = self.fault_duration();
                self.note(|| format!("node {} is cut off for {duration:?}", id(node)));
                self.cut(duration, |way| way.from == node || way.to == node);
            }
            FaultKind::OneWay => {
                let (duration, to) = (self.fault_duration(), self.any_node());
                self.note(|| {
                    format!(
                        "node {} is not heard by {} for {duration:?}",
                        id(node),
                        id(to)
                    )
                });
                self.cut(duration, |way| way.from == node && way.to == to);
            }
            FaultKind::LinkCut => self.cut_link(node),
            FaultKind::Reconnect => self.reconnect(node),
            FaultKind::Weather => self.storm(),
            FaultKind::Pause => {
                let duration = self.fault_duration();
                self.stall(node, duration);
            }
            FaultKind::Slowness => {
                let floor = self.scenario.timing.detection_floor;
                let duration = self.fault_duration();
                let slowness = *self.dice.pick(&[floor / 20, floor / 4, floor]);
                self.note(|| format!("node {} is slow for {duration:?}", id(node)));
                self.nodes[node].slow_until = self.now + duration;
                self.nodes[node].slowness = slowness;
            }
            FaultKind::Crash => {
                let steps = self.dice.within(0..30);
                if let Some(process) = &mut self.nodes[node].process {
                    process.dies_after = Some(steps);
                }
                self.wake_soon(node);
            }
            FaultKind::PowerFailure => {
                self.note(|| "the power fails".to_owned());
                for node in 0..self.nodes.len() {
                    self.die(node, true);
                }
            }
            FaultKind::Leave if self.resources.is_some() => self.tell(node, Input::WantLeave),
            FaultKind::Leave => self.tell(node, Input::Leave),
            FaultKind::ResourceDies => self.end_resource(node),
            FaultKind::ClockRate => {
                let ppm = self.any_rate();
                self.note(|| format!("node {}'s clock runs {ppm} ppm fast", id(node)));
                self.nodes[node].clock.change_rate(self.now, ppm);
                self.reschedule(node);
            }
            FaultKind::DiskStall => {
                let duration = self.fault_duration();
                self.note(|| format!("node {}'s disk stalls for {duration:?}", id(node)));
                self.nodes[node].disk_stalls_until = self.now + duration;
            }
            FaultKind::Burst => {
                for _ in 0..self.dice.within(1..200) {
                    self.tell(node, Input::Submit);
                }
            }
            FaultKind::Attachment => {
                let text = format!("{}", self.dice.throw());
                self.tell(node, Input::Attach(Bytes::from(text)));
            }
            FaultKind::DiskFull => {
                let free = self.dice.within(0..4000);
                let free = usize::try_from(free).expect("small");
                self.note(|| format!("node {}'s disk is filled up to {free} bytes", id(node)));
                let disk = self.nodes[node].disk();
                disk.capacity = match disk.capacity {
                    None => Some(disk.used() + free),
                    Some(_) => None,
                };
            }
            FaultKind::DiskError => {
                let count = self.dice.within(1..8);
                self.note(|| format!("node {}'s disk fails, {count} operations", id(node)));
                for _ in 0..count {
                    let fails = self.dice.happens(60);
                    let fault = fails.then_some(DiskErrorKind::Other);
                    self.nodes[node].disk().faults.push_back(fault);
                }
            }
            FaultKind::WitnessRestart => {
                let duration = self.fault_duration();
                self.restart_witness(duration);
            }
            FaultKind::WitnessCut => {
                let duration = self.fault_duration();
                self.cut_witness(node, duration);
            }
            FaultKind::HolderStall => self.stall_holder(),
            FaultKind::Relief => {
                self.note(|| "all cuts end".to_owned());
                self.network.heal();
                self.reconnect_all();
            }
        }
    }

    fn fault_duration(&mut self) -> Duration {
        let floor = self.scenario.timing.detection_floor;
        let longest = *self.dice.pick(&[floor / 4, floor, floor * 3, floor * 15]);
        self.dice.time_below(longest) + Duration::from_millis(1)
    }

    fn partition(&mut self) {
        let duration = self.fault_duration();
        let sides: Vec<bool> = (0..self.nodes.len())
            .map(|_| self.dice.happens(50))
            .collect();
        let one_way = self.dice.happens(20);
        self.note(|| {
            format!("the nodes are parted by {sides:?} for {duration:?}, one way: {one_way}")
        });
        self.cut(duration, |way| {
            sides[way.from] != sides[way.to] && !(one_way && sides[way.from])
        });
    }

    fn cut_link(&mut self, node: usize) {
        let link = self.any_link();
        let (duration, all) = (self.fault_duration(), self.dice.happens(50));
        self.note(|| {
            format!(
                "link {link} is cut for {duration:?} (node {}, all: {all})",
                id(node)
            )
        });
        self.cut(duration, |way| {
            way.link == link && (all || way.from == node || way.to == node)
        });
    }

    fn cut(&mut self, duration: Duration, which: impl Fn(&Way) -> bool) {
        let until = self.now + duration;
        for way in self.network.ways().into_iter().filter(|way| which(way)) {
            self.network.cut(way, until);
            // The transport notices some cuts, sooner or later, on either side.
            if self.dice.happens(20) {
                let noticed = self.now + self.dice.time_below(duration * 2);
                let again = until.max(noticed) + self.dice.time_below(duration);
                self.connection(way, noticed, false);
                self.connection(way, again, true);
            }
        }
    }

    fn reconnect(&mut self, node: usize) {
        let link = self.any_link();
        let peer = self.any_node();
        let length = self.fault_duration();
        let (from, to) = (node, peer);
        for way in [
            Way { from, to, link },
            Way {
                from: to,
                to: from,
                link,
            },
        ] {
            self.connection(way, self.now, false);
            self.connection(way, self.now + length, true);
        }
    }

    /// The sender's transport learns that a way is there or is not.
    fn connection(&mut self, way: Way, at: Duration, connected: bool) {
        if way.from == way.to {
            return;
        }
        let input = Input::Link {
            peer: id(way.to),
            link: u8::try_from(way.link).expect("few links"),
            connected,
        };
        let event = Event::Input {
            node: way.from,
            life: None,
            input,
        };
        self.agenda.add(at, event);
    }

    /// Every transport finds every peer, sooner or later.
    pub(crate) fn reconnect_all(&mut self) {
        for way in self.network.ways() {
            let at = self.now + self.dice.time_below(self.scenario.timing.heartbeat);
            self.connection(way, at, true);
        }
    }

    /// A process has begun: it and its peers make connections.
    pub(crate) fn connect(&mut self, node: usize) {
        let ways = self.network.ways().into_iter();
        for way in ways.filter(|way| way.from == node || way.to == node) {
            let mut at = self.now + self.dice.time_below(self.scenario.timing.heartbeat);
            if self.network.is_cut(self.now, way) {
                at += self.fault_duration();
            }
            self.connection(way, at, true);
        }
    }

    fn storm(&mut self) {
        let worst = self.scenario.weather;
        let part = self.dice.within(0..101);
        let weather = Weather {
            loss_percent: worst.loss_percent * part / 100,
            duplicate_percent: worst.duplicate_percent,
            ..worst
        };
        let weather = *self.dice.pick(&[weather, weather, Weather::CALM]);
        let (everywhere, from, to) = (self.dice.happens(50), self.any_node(), self.any_node());
        self.note(|| {
            format!(
                "weather {weather:?}, everywhere: {everywhere}, {} to {}",
                id(from),
                id(to)
            )
        });
        for way in self.network.ways() {
            if everywhere || (way.from == from && way.to == to) {
                self.network.set_weather(way, weather);
            }
        }
    }

    /// A process stands still.
    pub(crate) fn stall(&mut self, node: usize, duration: Duration) {
        if self.calm {
            return;
        }
        self.note(|| format!("node {} stands still for {duration:?}", id(node)));
        self.nodes[node].paused_until = self.now + duration;
        self.reschedule(node);
    }

    fn stall_holder(&mut self) {
        let holders = self
            .nodes
            .iter_mut()
            .enumerate()
            .filter_map(|(node, machine)| {
                let until = machine.service()?.vote_until?;
                Some((node, machine.clock.when(until)?))
            });
        let holders: Vec<(usize, Duration)> = holders.filter(|(_, end)| *end > self.now).collect();
        if holders.is_empty() {
            return;
        }
        let (node, end) = *self.dice.pick(&holders);
        let lease = self.scenario.timing.lease();
        let away = end + lease * 4 - self.now;
        self.cut_witness(node, away);
        let parted: Vec<bool> = (0..self.nodes.len())
            .map(|_| self.dice.happens(50))
            .collect();
        self.note(|| format!("node {} is parted from {parted:?} for {away:?}", id(node)));
        self.cut(away, |way| {
            way.from == node && parted[way.to] || way.to == node && parted[way.from]
        });
        let at = end.saturating_sub(self.dice.time_below(lease / 2));
        let duration = self.dice.time_below(lease);
        self.agenda
            .add(at.max(self.now), Event::Stall { node, duration });
    }

    fn any_node(&mut self) -> usize {
        let count = self.nodes.len() as u64;
        usize::try_from(self.dice.within(0..count)).expect("a small number")
    }

    fn any_link(&mut self) -> usize {
        usize::try_from(self.dice.within(0..u64::from(self.scenario.links))).expect("few links")
    }

    /// A rate of a clock, in millionths too fast.
    pub(crate) fn any_rate(&mut self) -> i64 {
        let most = self.scenario.clock_rate_ppm;
        let above_zero = i64::try_from(self.dice.within(0..2 * most + 1)).expect("small");
        above_zero - i64::try_from(most).expect("small")
    }
}
