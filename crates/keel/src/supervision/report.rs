//! What `keel status` is told.

use address_keeper::supervision::InstanceStatus;
use serde::{Deserialize, Serialize};

use super::{Phase, Supervisor, Time, life::Life};

/// The supervisor's knowledge at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// `starting`, `running`, `draining` or `ending`.
    pub phase: String,
    /// How long the supervisor has run.
    pub uptime_s: f64,
    /// The balancer, where one is supervised.
    pub balancer: Option<BalancerReport>,
    /// The address keeper, where one is supervised.
    pub keeper: Option<KeeperReport>,
}

/// One role's process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChildReport {
    /// Its state in words: `starting`, `ready`, `waiting to be started again`, `killed`, `ended`.
    pub state: String,
    /// The living process.
    pub pid: Option<i32>,
    /// For how long it has been ready.
    pub ready_for_s: Option<f64>,
    /// How often one died.
    pub deaths: u64,
    /// How the one before ended.
    pub last_end: Option<String>,
}

/// The balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BalancerReport {
    /// Its process.
    #[serde(flatten)]
    pub child: ChildReport,
    /// Whether it accepts and is not suspected: it is ready, and no trouble is known.
    pub serving: bool,
    /// Why it cannot be relied upon, as the keeper was told.
    pub trouble: Option<String>,
    /// The number of the configuration in force.
    pub generation: u64,
}

/// The address keeper.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeeperReport {
    /// Its process.
    #[serde(flatten)]
    pub child: ChildReport,
    /// Its instances as it last described them; empty where it is not running.
    pub instances: Vec<InstanceStatus>,
}

impl Report {
    /// Whether everything that should work does.
    pub fn is_well(&self) -> bool {
        let keeper_is_well = self.keeper.as_ref().is_none_or(|keeper| {
            keeper.child.state == "ready" && keeper.instances.iter().all(|at| at.state != "FAULT")
        });
        self.phase == "running"
            && self
                .balancer
                .as_ref()
                .is_none_or(|balancer| balancer.serving)
            && keeper_is_well
    }
}

impl Supervisor {
    /// Describes the state at that time.
    pub fn report(&self, now: Time) -> Report {
        let phase = match &self.phase {
            Phase::Starting => "starting",
            Phase::Running => "running",
            Phase::Ending(ending) => ending.word(),
        };
        Report {
            phase: phase.to_owned(),
            uptime_s: now.as_secs_f64(),
            balancer: self.plan.balancer.then(|| BalancerReport {
                child: child(&self.balancer, now),
                serving: self.balancer.ready_since().is_some() && self.service.troubled().is_none(),
                trouble: self.service.troubled().map(str::to_owned),
                generation: self.generation,
            }),
            keeper: self.plan.keeper.then(|| KeeperReport {
                child: child(&self.keeper, now),
                instances: self.instances.clone(),
            }),
        }
    }
}

fn child(life: &Life, now: Time) -> ChildReport {
    ChildReport {
        state: life.word().to_owned(),
        pid: life.pid(),
        ready_for_s: life.ready_since().map(|since| (now - since).as_secs_f64()),
        deaths: life.deaths(),
        last_end: life.last_end().map(str::to_owned),
    }
}
