//! One seed from its beginning to its end: faults, then none, then agreement.

use std::time::Duration;

use dice::Dice;
use replica::store::Store;

use crate::clients::missing;
use crate::judge::{Verdict, name};
use crate::message::MessageId;
use crate::node::{Input, Process};
use crate::resources::REST_BOUND;
use crate::scenario::Scenario;
use crate::world::World;
use crate::{Failure, Outcome};

/// How often agreement is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// What a seed plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Play {
    /// Messages in the group alone.
    Messages,
    /// The CIB, replicated on top of it.
    Cib,
    /// Resources that the CIB says are to run.
    Resources,
}

/// Plays one seed: messages in a group, then a replicated CIB.
///
/// # Errors
///
/// The first thing that did not hold, with what happened before.
pub fn run(seed: u64) -> Result<Outcome, Box<Failure>> {
    let messages = play_traced_on_failure(seed, Play::Messages)?;
    let cib = play_traced_on_failure(seed, Play::Cib)?;
    Ok(messages.and(cib))
}

/// Plays one seed of a cluster that runs resources.
///
/// # Errors
///
/// The first thing that did not hold, with what happened before.
pub fn run_resources(seed: u64) -> Result<Outcome, Box<Failure>> {
    play_traced_on_failure(seed, Play::Resources)
}

fn play_traced_on_failure(seed: u64, play: Play) -> Result<Outcome, Box<Failure>> {
    if let Ok(outcome) = self::play(seed, play, false) {
        return Ok(outcome);
    }
    // Once more, with somebody who writes everything down.
    self::play(seed, play, true)
}

/// The two plays of a seed have nothing in common.
const CIB_SEEDS: u64 = 0xc1b0_0000_0000_0000;
const RESOURCE_SEEDS: u64 = 0x4e50_0000_0000_0000;

fn play(seed: u64, play: Play, traced: bool) -> Result<Outcome, Box<Failure>> {
    let (dice, scenario) = match play {
        Play::Messages => {
            let mut dice = Dice::new(seed);
            let scenario = Scenario::from_dice(&mut dice);
            (dice, scenario)
        }
        Play::Resources => {
            let mut dice = Dice::new(seed ^ RESOURCE_SEEDS);
            let scenario = Scenario::with_resources(&mut dice);
            (dice, scenario)
        }
        Play::Cib => {
            let mut dice = Dice::new(seed ^ CIB_SEEDS);
            let scenario = Scenario::with_cib(&mut dice);
            (dice, scenario)
        }
    };
    let mut world = World::new(&scenario, dice, traced);
    let played = suffer(&mut world).and_then(|()| match play {
        Play::Resources => rest(&mut world),
        Play::Messages | Play::Cib => heal(&mut world),
    });
    let played = played.and_then(|healed_after| {
        // A witness has no copy: what all who have it took with them may be missed until they return.
        if world.arbiter.is_some() {
            return Ok(healed_after);
        }
        linearizability::check(world.clients.history())
            .map(|()| healed_after)
            .map_err(|violation| violation.to_string())
    });
    match played {
        Ok(healed_after) => Ok(Outcome {
            simulated: world.now,
            healed_after,
            views: world.judge.views(),
            delivered: world.judge.delivered,
            frames: world.frames,
            changes: world.clients.vouched.len() as u64,
            operations: world.resources.as_ref().map_or(0, |it| it.operations),
            fencings: world.resources.as_ref().map_or(0, |it| it.fencings),
        }),
        Err(broken) => Err(Box::new(Failure {
            seed,
            at: world.now,
            broken,
            scenario: format!("{scenario:?}"),
            simulation: match play {
                Play::Resources => "resources",
                Play::Messages | Play::Cib => "cluster",
            },
            trace: world.trace().cloned().collect(),
        })),
    }
}

/// Lets faults happen.
fn suffer(world: &mut World) -> Verdict {
    let end = world.now + world.scenario.chaos;
    while world.now < end {
        let pause = world.dice.time_below(world.scenario.calm_between_faults);
        let until = (world.now + pause).min(end);
        while world.step(until)? {}
        world.strike();
    }
    Ok(())
}

/// Ends all faults, and waits for agreement: how long it took.
fn heal(world: &mut World) -> Result<Duration, String> {
    let since = world.now;
    world.become_whole();
    let bound = since + world.scenario.healing_bound();
    while !world.is_whole() {
        wait(world, bound, "the nodes do not agree on one view")?;
    }
    let healed_after = world.now - since;
    let last = world.last_words();
    while !world.all_have_everything(&last) {
        wait(world, bound, "not everything is delivered and committed")?;
    }
    // And nothing moves any more.
    let view = world.nodes[0].process.as_ref().map(|process| process.view);
    let end = world.now + world.scenario.timing.detection_floor * 2;
    while world.step(end)? {}
    let after = world.nodes[0].process.as_ref().map(|process| process.view);
    // A witness that was started again just before gives no vote until those of its former life have
    // ended: then quorum may go and come again.
    if view == after && (world.arbiter.is_some() || world.is_whole()) {
        Ok(healed_after)
    } else {
        Err("the view changes although nothing happens".to_owned())
    }
}

/// Ends all faults, and waits until the cluster is as its configuration wants it: how long it took.
fn rest(world: &mut World) -> Result<Duration, String> {
    let since = world.now;
    world.become_whole();
    let bound = since + world.scenario.healing_bound() + REST_BOUND;
    loop {
        let left = if world.is_whole() {
            world.unsettled()
        } else {
            Err("the nodes do not agree on one view".to_owned())
        };
        match left {
            Ok(()) => return Ok(world.now - since),
            Err(what) if world.now >= bound => return Err(format!("{what}: {}", world.portrait())),
            Err(_) => {
                let until = world.now + LOOK * 20;
                while world.step(until)? {}
            }
        }
    }
}

fn wait(world: &mut World, bound: Duration, what: &str) -> Verdict {
    if world.now >= bound {
        return Err(format!("{what}: {}", world.portrait()));
    }
    let until = (world.now + LOOK).min(bound);
    while world.step(until)? {}
    Ok(())
}

impl World {
    /// Ends every fault: all run, all hear each other.
    fn become_whole(&mut self) {
        self.note(|| "all faults end".to_owned());
        self.calm = true;
        self.network.heal();
        self.scenario.disk_delay = self.scenario.disk_delay.min(LOOK);
        for node in 0..self.nodes.len() {
            let machine = &mut self.nodes[node];
            machine.slow_until = self.now;
            machine.disk_stalls_until = self.now;
            machine.disk().capacity = None;
            machine.disk().faults.clear();
            machine.paused_until = machine.paused_until.min(self.now);
            if let Some(process) = &mut machine.process {
                process.dies_after = None;
                process.inbox.retain(|input| !matches!(input, Input::Leave));
            } else {
                self.agenda
                    .add(self.now, crate::agenda::Event::Start { node });
            }
            self.reschedule(node);
        }
        if let Some(arbiter) = &mut self.arbiter {
            arbiter.heal(self.now);
        }
        self.reconnect_all();
    }

    /// All are in one view and rely on its votes, and have one CIB where they have any.
    fn is_whole(&self) -> bool {
        let now = self.now;
        if self.scenario.cib.is_some() && !self.nodes.iter().all(|it| it.is_established(now)) {
            return false;
        }
        let mut views = self.nodes.iter().map(|node| {
            let group = &node.process.as_ref()?.group;
            let all = group.view().members.len() == self.nodes.len();
            (all && group.is_operating() && node.has_lease(now)).then_some(group.view().id)
        });
        let first = views.next().flatten();
        first.is_some() && views.all(|view| view == first)
    }

    /// Everybody submits one more message, or change. Which changes.
    fn last_words(&mut self) -> Vec<usize> {
        let mut changes = Vec::new();
        for node in 0..self.nodes.len() {
            if self.scenario.cib.is_none() {
                self.tell(node, Input::Submit);
                continue;
            }
            let (place, request) = self.clients.last_words(self.now, &mut self.dice);
            changes.push(place);
            self.tell(node, Input::Ask(place, request));
        }
        changes
    }

    /// Everybody has everything, the last words of all included.
    fn all_have_everything(&self, changes: &[usize]) -> bool {
        if self.scenario.cib.is_some() {
            return self.is_whole() && self.all_have_changes(changes);
        }
        let last = self.nodes.iter().filter_map(|node| {
            let process = node.process.as_ref()?;
            Some(MessageId {
                sender: node.member(),
                number: process.submitted,
            })
        });
        let last: Vec<MessageId> = last.collect();
        self.nodes.iter().all(|node| {
            let me = node.member();
            let unsaid = |process: &Process| process.inbox.contains(&Input::Submit);
            !node.process.as_ref().is_some_and(unsaid)
                && self.judge.has_own(me)
                && self.judge.is_settled(me)
                && last.iter().all(|message| self.judge.has(me, *message))
        })
    }

    /// Every client has its answer, and all nodes have the same, on disk, too.
    fn all_have_changes(&self, changes: &[usize]) -> bool {
        if !changes.iter().all(|place| self.clients.is_done(*place)) {
            return false;
        }
        let copies = self.nodes.iter().map(|node| {
            let service = node.process.as_ref()?.service.as_ref()?;
            if !service.writes.is_empty() {
                return None;
            }
            let committed = service.node.replica().committed();
            let has_all =
                self.arbiter.is_some() || missing(committed, self.clients.vouched.iter()).is_none();
            let stored = Store::open(service.store.look_at_disk().clone())
                .ok()?
                .1
                .copy;
            let is_stored = stored.version() == service.version();
            (has_all && is_stored).then(|| committed.root().to_compact_text())
        });
        let copies: Vec<Option<String>> = copies.collect();
        copies[0].is_some() && copies.iter().all(|copy| *copy == copies[0])
    }

    /// Who is where, in one line.
    fn portrait(&self) -> String {
        let nodes = self.nodes.iter().map(|node| match &node.process {
            None => format!("{} does not run", name(node.member())),
            Some(process) => {
                let view = process.group.view();
                let members: Vec<u32> = view.nodes().map(|node| node.0).collect();
                let me = node.member();
                let service = process.service.as_ref();
                let service = service.map_or_else(String::new, |it| format!(", {}", it.portrait()));
                format!(
                    "{} in {} {members:?}, operating: {}, lease: {}, has its own: {}, settled: \
                     {}{service}",
                    name(me),
                    view.id,
                    process.group.is_operating(),
                    node.has_lease(self.now),
                    self.judge.has_own(me),
                    self.judge.is_settled(me),
                )
            }
        });
        nodes.collect::<Vec<_>>().join("; ")
    }
}
