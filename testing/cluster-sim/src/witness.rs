//! The witness: the real one, on a machine and a network of its own.

use std::time::Duration;

use dice::Dice;
use membership::Timing;
use quorum::Algorithm;
use quorum::witness::{
    ClusterName, Heuristics, Holder, HolderSettings, MIN_LEASE, Preference, Request, Witness,
    WitnessLimits,
};

use crate::agenda::Event;
use crate::clock::Clock;
use crate::judge::{Verdict, name};
use crate::node::{Input, id};
use crate::world::World;

/// The third machine.
#[derive(Debug)]
pub(crate) struct Arbiter {
    witness: Witness,
    limits: WitnessLimits,
    clock: Clock,
    /// Nobody reaches it.
    away_until: Duration,
    /// Who does not reach it.
    cut_until: Vec<Duration>,
}

fn limits(timing: Timing) -> WitnessLimits {
    WitnessLimits {
        lease: lease(timing),
        ..WitnessLimits::default()
    }
}

fn lease(timing: Timing) -> Duration {
    (timing.lease() * 4).max(MIN_LEASE)
}

/// A node's side of the witness.
pub(crate) fn holder(
    node: u32,
    incarnation: u64,
    nodes: u32,
    algorithm: Algorithm,
    timing: Timing,
) -> Result<Holder, String> {
    let preference = Preference {
        algorithm,
        ..Preference::default()
    };
    Holder::new(HolderSettings {
        cluster: ClusterName::new("sim").ok_or("the name is refused")?,
        node,
        incarnation,
        nodes: (1..=nodes).collect(),
        preference,
        lease: lease(timing),
        follower_lease: timing.lease(),
    })
    .map_err(|error| error.to_string())
}

impl Arbiter {
    pub(crate) fn new(timing: Timing, nodes: usize, dice: &mut Dice) -> Self {
        let ppm = i64::try_from(dice.within(0..20_000)).unwrap_or(0) - 10_000;
        let clock = Clock::new(
            Duration::ZERO,
            dice.time_below(Duration::from_secs(99)),
            ppm,
        );
        let limits = limits(timing);
        Self {
            witness: Witness::new(limits, clock.local(Duration::ZERO)),
            limits,
            clock,
            away_until: Duration::ZERO,
            cut_until: vec![Duration::ZERO; nodes],
        }
    }

    pub(crate) fn heal(&mut self, now: Duration) {
        self.away_until = self.away_until.min(now);
        self.cut_until.fill(now);
    }
}

impl World {
    /// The witness dies, and is started again after that time.
    pub(crate) fn restart_witness(&mut self, duration: Duration) {
        let now = self.now;
        if let Some(arbiter) = &mut self.arbiter {
            arbiter.away_until = now + duration;
            let local = arbiter.clock.local(arbiter.away_until);
            arbiter.witness = Witness::new(arbiter.limits, local);
            self.note(|| format!("the witness dies for {duration:?}"));
        }
    }

    /// A node does not reach the witness for that time.
    pub(crate) fn cut_witness(&mut self, node: usize, duration: Duration) {
        let until = self.now + duration;
        if let Some(arbiter) = &mut self.arbiter {
            arbiter.cut_until[node] = until;
            self.note(|| {
                format!(
                    "node {} does not reach the witness for {duration:?}",
                    id(node)
                )
            });
        }
    }

    /// Tells the witness how it stands, and quorum what the witness says. Whether that is news.
    pub(crate) fn follow_witness(&mut self, node: usize, local: Duration) -> bool {
        let Some(service) = self.nodes[node].service() else {
            return false;
        };
        let Some(holder) = &mut service.holder else {
            return false;
        };
        let request = holder.follow(service.node.quorum(), Heuristics::Disabled, local);
        let until = holder.until();
        let is_news = until != service.vote_until;
        if is_news {
            service.vote_until = until;
            service.node.witness(local, until);
        }
        if let Some(request) = request {
            let at = self.now + self.way_to_witness();
            self.agenda.add(at, Event::Witness { node, request });
        }
        is_news
    }

    fn way_to_witness(&mut self) -> Duration {
        let longest = self.scenario.longest_delay * 3 + Duration::from_micros(100);
        self.dice.time_below(longest)
    }

    /// A request reaches the witness, if it does, and so may the answer.
    pub(crate) fn ask_witness(&mut self, node: usize, request: &Request) -> Verdict {
        let now = self.now;
        let Some(arbiter) = &mut self.arbiter else {
            return Ok(());
        };
        if arbiter.away_until > now || arbiter.cut_until[node] > now {
            return Ok(());
        }
        let answer = arbiter.witness.handle(request, arbiter.clock.local(now));
        let me = self.nodes[node].member();
        self.note(|| format!("the witness answers {}: {:?}", name(me), answer.ruling));
        let at = now + self.way_to_witness();
        let input = Input::WitnessAnswers(answer);
        let life = Some(request.incarnation);
        self.agenda.add(at, Event::Input { node, life, input });
        Ok(())
    }
}
