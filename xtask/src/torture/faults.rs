//! Faults: which strikes when, what it does, how it is healed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use cluster_lab::{DAEMON, DISK, LabCluster, name};
use dice::Dice;
use lab::LinkState;
use nix::sys::signal::Signal;

use super::health::Health;
use crate::Outcome;

/// At most so many machines suffer at once, besides what strikes all.
const AT_ONCE: usize = 2;
/// The time between two faults.
const BETWEEN: std::ops::Range<Duration> = Duration::from_millis(100)..Duration::from_secs(3);
/// A command on a machine takes no longer.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
/// Daemons that ended are looked for so often.
const LOOK: Duration = Duration::from_millis(200);
/// The table of nftables that loses packets.
const TABLE: &str = "torture";

/// What can strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Kill,
    Terminate,
    Pause,
    Cut,
    CutIn,
    CutOut,
    Flap,
    Loss,
    Delay,
    FullDisk,
    RestartAll,
}

const KINDS: [Kind; 11] = [
    Kind::Kill,
    Kind::Terminate,
    Kind::Pause,
    Kind::Cut,
    Kind::CutIn,
    Kind::CutOut,
    Kind::Flap,
    Kind::Loss,
    Kind::Delay,
    Kind::FullDisk,
    Kind::RestartAll,
];

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Kind::Kill => "daemon killed (-9)",
            Kind::Terminate => "daemon ended (SIGTERM)",
            Kind::Pause => "daemon paused",
            Kind::Cut => "machine cut off",
            Kind::CutIn => "machine deaf",
            Kind::CutOut => "machine mute",
            Kind::Flap => "link flaps",
            Kind::Loss => "packets lost",
            Kind::Delay => "packets late",
            Kind::FullDisk => "disk full",
            Kind::RestartAll => "all killed and started",
        }
    }

    /// For how long it lasts.
    fn lasts(self, dice: &mut Dice) -> Duration {
        let (least_ms, most_ms) = match self {
            // Short pauses are what machines really do.
            Kind::Pause if dice.happens(50) => (50, 500),
            Kind::Pause => (500, 10_000),
            Kind::Kill | Kind::Terminate | Kind::RestartAll => (1, 3_000),
            Kind::Flap => (20, 1_500),
            _ => (100, 8_000),
        };
        dice.time_within(Duration::from_millis(least_ms)..Duration::from_millis(most_ms))
    }

    /// Whether the machine could go on without a gap: it has another link.
    fn is_harmless(self) -> bool {
        self == Kind::Flap
    }
}

/// A fault that has struck.
struct Struck {
    kind: Kind,
    node: u32,
    /// The link, of a flap.
    link: u8,
    until: Instant,
}

/// The faults of all rounds.
pub struct Faults<'a> {
    cluster: &'a LabCluster,
    health: &'a Health,
    struck: Vec<Struck>,
    next: Instant,
    looked: Instant,
    counts: BTreeMap<&'static str, u64>,
    has_delay: bool,
}

impl<'a> Faults<'a> {
    /// None has struck. Packets are late only where the kernel can do that.
    pub fn new(cluster: &'a LabCluster, health: &'a Health) -> Result<Self, String> {
        let mut faults = Self {
            cluster,
            health,
            struck: Vec::new(),
            next: Instant::now(),
            looked: Instant::now(),
            counts: BTreeMap::new(),
            has_delay: true,
        };
        faults.shell(1, "nft list tables")?;
        if faults.delay(1, true).is_err() {
            println!("packets are never late: this kernel has no netem (tc-netem(8))");
            faults.has_delay = false;
        } else {
            faults.delay(1, false)?;
        }
        Ok(faults)
    }

    /// How often each has struck.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// Heals what is due, and perhaps strikes.
    pub fn turn(&mut self, dice: &mut Dice) -> Outcome {
        let now = Instant::now();
        while let Some(place) = self.struck.iter().position(|fault| fault.until <= now) {
            let fault = self.struck.swap_remove(place);
            self.heal(&fault)?;
        }
        self.restart_ended()?;
        if now < self.next || self.struck.len() >= AT_ONCE {
            return Ok(());
        }
        self.next = now + dice.time_within(BETWEEN);
        // Everything is thrown in any case, so that a seed means the same faults as far as it can.
        let kind = *dice.pick(&KINDS);
        let node = u32::try_from(dice.within(1..4)).expect("it is small");
        let link = u8::try_from(dice.within(0..2)).expect("it is small");
        let until = now + kind.lasts(dice);
        let is_rare = dice.happens(50);
        let is_free = self
            .struck
            .iter()
            .all(|fault| fault.node != node && fault.kind != Kind::RestartAll);
        let is_possible = match kind {
            Kind::RestartAll => self.struck.is_empty() && is_rare,
            Kind::Delay => self.has_delay,
            _ => true,
        };
        if is_free && is_possible {
            self.strike(Struck {
                kind,
                node,
                link,
                until,
            })?;
        }
        Ok(())
    }

    /// Heals everything.
    pub fn heal_all(&mut self) -> Outcome {
        for fault in std::mem::take(&mut self.struck) {
            self.heal(&fault)?;
        }
        self.restart_ended()
    }

    /// Daemons that have ended for good reasons (a full disk) or bad ones are started again, as a
    /// supervisor would.
    pub fn restart_ended(&mut self) -> Outcome {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        for node in self.cluster.ids() {
            let is_meant = self.struck.iter().any(|fault| {
                let is_down = matches!(fault.kind, Kind::Kill | Kind::Terminate | Kind::FullDisk);
                fault.kind == Kind::RestartAll || (fault.node == node && is_down)
            });
            if !is_meant {
                self.run_if_ended(node)?;
            }
        }
        Ok(())
    }

    fn run_if_ended(&self, node: u32) -> Outcome {
        let commands = self.cluster.node(node).commands().map_err(said)?;
        let daemon = commands
            .into_iter()
            .find(|command| command.command == DAEMON);
        if daemon.is_some_and(|daemon| daemon.ended.is_some()) {
            self.cluster.run(node).map_err(said)?;
        }
        Ok(())
    }

    fn strike(&mut self, fault: Struck) -> Outcome {
        *self.counts.entry(fault.kind.name()).or_default() += 1;
        for node in self.harmed(&fault) {
            self.health.harm(node);
        }
        let node = fault.node;
        match fault.kind {
            Kind::Kill => self.signal(node, Signal::SIGKILL)?,
            Kind::Terminate => self.signal(node, Signal::SIGTERM)?,
            Kind::Pause => self.signal(node, Signal::SIGSTOP)?,
            Kind::Cut => self.cut(node, LinkState::Silent)?,
            Kind::CutIn => self.lose(node, &["input"], 100)?,
            Kind::CutOut => self.lose(node, &["output"], 100)?,
            Kind::Loss => self.lose(node, &["input", "output"], 20)?,
            Kind::Delay => self.delay(node, true)?,
            Kind::Flap => self.link(node, fault.link, LinkState::Cut)?,
            Kind::FullDisk => drop(self.cluster.node(node).fill_disk(DISK).map_err(said)?),
            Kind::RestartAll => {
                for node in self.cluster.ids() {
                    self.signal(node, Signal::SIGKILL)?;
                }
            }
        }
        self.struck.push(fault);
        Ok(())
    }

    fn heal(&self, fault: &Struck) -> Outcome {
        let node = fault.node;
        match fault.kind {
            Kind::Kill | Kind::Terminate => self.run_again(node)?,
            Kind::Pause => self.signal(node, Signal::SIGCONT)?,
            Kind::Cut => self.cut(node, LinkState::Up)?,
            Kind::CutIn | Kind::CutOut | Kind::Loss => {
                self.shell(node, &format!("nft delete table inet {TABLE}"))?;
            }
            Kind::Delay => self.delay(node, false)?,
            Kind::Flap => self.link(node, fault.link, LinkState::Up)?,
            Kind::FullDisk => {
                self.cluster.node(node).empty_disk(DISK).map_err(said)?;
                self.run_if_ended(node)?;
            }
            Kind::RestartAll => {
                for node in self.cluster.ids() {
                    self.run_again(node)?;
                }
            }
        }
        for node in self.harmed(fault) {
            self.health.heal(node);
        }
        Ok(())
    }

    fn harmed(&self, fault: &Struck) -> Vec<u32> {
        match fault.kind {
            kind if kind.is_harmless() => Vec::new(),
            Kind::RestartAll => self.cluster.ids().collect(),
            _ => vec![fault.node],
        }
    }

    fn run_again(&self, node: u32) -> Outcome {
        self.cluster
            .node(node)
            .wait_for_end(DAEMON, COMMAND_LIMIT)
            .map_err(said)?;
        self.cluster.run(node).map_err(said)
    }

    fn signal(&self, node: u32, signal: Signal) -> Outcome {
        self.cluster.signal(node, signal).map(drop).map_err(said)
    }

    fn cut(&self, node: u32, state: LinkState) -> Outcome {
        let lab = self.cluster.lab();
        lab.set_link(&name(node), None, state)
            .map(drop)
            .map_err(said)
    }

    fn link(&self, node: u32, link: u8, state: LinkState) -> Outcome {
        let interface = format!("eth{link}");
        let lab = self.cluster.lab();
        lab.set_link(&name(node), Some(&interface), state)
            .map(drop)
            .map_err(said)
    }

    fn lose(&self, node: u32, hooks: &[&str], percent: u32) -> Outcome {
        let mut script = format!("add table inet {TABLE}");
        let dice = match percent {
            100 => String::new(),
            percent => format!("numgen random mod 100 < {percent} "),
        };
        for hook in hooks {
            script += &format!(
                "; add chain inet {TABLE} {hook} {{ type filter hook {hook} priority -300 ; }}\
                 ; add rule inet {TABLE} {hook} {dice}drop"
            );
        }
        self.shell(node, &format!("nft '{script}'"))
    }

    fn delay(&self, node: u32, is_on: bool) -> Outcome {
        for link in ["eth0", "eth1"] {
            let command = if is_on {
                format!("tc qdisc add dev {link} root netem delay 40ms 30ms")
            } else {
                format!("tc qdisc del dev {link} root")
            };
            self.shell(node, &command)?;
        }
        Ok(())
    }

    fn shell(&self, node: u32, command: &str) -> Outcome {
        let words = ["sh", "-c", command];
        let output = self
            .cluster
            .node(node)
            .run(&words, COMMAND_LIMIT)
            .map_err(said)?;
        match output.code {
            Some(0) => Ok(()),
            Some(code) => Err(format!("{command}: {} (exit {code})", output.stderr.trim())),
            None => Err(format!(
                "{command}: it was killed, or took longer than {COMMAND_LIMIT:?}: is the computer too busy?"
            )),
        }
    }
}

fn said(error: lab::Error) -> String {
    error.to_string()
}
