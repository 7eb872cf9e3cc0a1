//! Virtual routers under faults that a seed decides: the real `vrrp` code on a fake clock and
//! network.
//!
//! Owns: the fake world (clocks that run at different rates, a link that loses, delays, doubles and
//! reorders, pauses, crashes, restarts) and what must hold in it. Must never: use a real clock or
//! randomness; a seed yields the same run for ever.
//!
//! ```text
//! seed ──► Scenario (who, how configured) ──► World: chaos, then calm ──► invariants ──► Outcome
//! ```
//!
//! What must hold once the network is whole and every router runs:
//! - no two routers hold the address for longer than two intervals;
//! - after the election has settled, exactly one holds it, and that does not change;
//! - where every router preempts, it is the one with the highest priority, then address.

mod scenario;
mod world;

use std::fmt;
use std::time::Duration;

pub use dice::Dice;
pub use scenario::{RouterPlan, Scenario};
pub use world::World;

/// A run in which everything held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// Simulated time.
    pub simulated: Duration,
    /// How often the holder changed.
    pub transitions: u64,
}

/// A run in which something did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The seed.
    pub seed: u64,
    /// When, in simulated time.
    pub at: Duration,
    /// What did not hold.
    pub broken: String,
    /// The scenario and the last lines of what happened.
    pub trace: Vec<String>,
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.trace {
            writeln!(formatter, "{line}")?;
        }
        writeln!(
            formatter,
            "seed {} at {:?}: {}",
            self.seed, self.at, self.broken
        )?;
        write!(
            formatter,
            "replay: cargo xtask sim vrrp --seeds 1 --from {}",
            self.seed
        )
    }
}

impl std::error::Error for Failure {}

/// Plays one seed.
///
/// # Errors
///
/// The first thing that did not hold.
pub fn run(seed: u64) -> Result<Outcome, Box<Failure>> {
    let mut dice = Dice::new(seed);
    let scenario = Scenario::from_dice(&mut dice);
    let mut world = World::new(&scenario, dice);
    world.suffer(scenario.chaos);
    world.become_whole();
    let whole_at = world.now();
    let check = |world: &World, broken: Option<String>| match broken {
        None => Ok(()),
        Some(broken) => Err(Box::new(Failure {
            seed,
            at: world.now(),
            broken,
            trace: std::iter::once(format!("{scenario:#?}"))
                .chain(world.trace().map(str::to_owned))
                .collect(),
        })),
    };
    let settled_at = whole_at + scenario.settling_time();
    let end = settled_at + scenario.observation_time();
    let mut two_since = None;
    let mut settled_on = None;
    while world.now() < end {
        let broken = judge(
            &world,
            &scenario,
            settled_at,
            &mut two_since,
            &mut settled_on,
        );
        check(&world, broken)?;
        world.step(end);
    }
    Ok(Outcome {
        simulated: world.now(),
        transitions: world.transitions(),
    })
}

fn judge(
    world: &World,
    scenario: &Scenario,
    settled_at: Duration,
    two_since: &mut Option<Duration>,
    settled_on: &mut Option<usize>,
) -> Option<String> {
    let holders = world.holders();
    if holders.len() > 1 {
        let since = *two_since.get_or_insert(world.now());
        let length = world.now() - since;
        if length > scenario.two_holders_bound() {
            return Some(format!(
                "routers {holders:?} hold the address together for {length:?}"
            ));
        }
    } else {
        *two_since = None;
    }
    if world.now() < settled_at {
        return None;
    }
    let &[holder] = holders.as_slice() else {
        return Some(format!("holders after settling: {holders:?}"));
    };
    if *settled_on.get_or_insert(holder) != holder {
        return Some(format!("router {holder} took the address after settling"));
    }
    let best = scenario.best()?;
    (best != holder).then(|| format!("router {holder} holds, router {best} is better"))
}
