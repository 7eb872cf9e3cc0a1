//! One seed from its beginning to its end: faults, then none, then agreement.

use std::time::Duration;

use dice::Dice;

use crate::judge::{Verdict, name};
use crate::message::MessageId;
use crate::node::{Input, Process};
use crate::scenario::Scenario;
use crate::world::World;
use crate::{Failure, Outcome};

/// How often agreement is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// Plays one seed.
///
/// # Errors
///
/// The first thing that did not hold, with what happened before.
pub fn run(seed: u64) -> Result<Outcome, Box<Failure>> {
    if let Ok(outcome) = play(seed, false) {
        return Ok(outcome);
    }
    // Once more, with somebody who writes everything down.
    play(seed, true)
}

fn play(seed: u64, traced: bool) -> Result<Outcome, Box<Failure>> {
    let mut dice = Dice::new(seed);
    let scenario = Scenario::from_dice(&mut dice);
    let mut world = World::new(&scenario, dice, traced);
    let played = suffer(&mut world).and_then(|()| heal(&mut world));
    match played {
        Ok(healed_after) => Ok(Outcome {
            simulated: world.now,
            healed_after,
            views: world.judge.views(),
            delivered: world.judge.delivered,
            frames: world.frames,
        }),
        Err(broken) => Err(Box::new(Failure {
            seed,
            at: world.now,
            broken,
            scenario: format!("{scenario:?}"),
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
    world.last_words();
    while !world.all_have_everything() {
        wait(world, bound, "not everything is delivered and committed")?;
    }
    // And nothing moves any more.
    let view = world.nodes[0].process.as_ref().map(|process| process.view);
    let end = world.now + world.scenario.timing.detection_floor * 2;
    while world.step(end)? {}
    let after = world.nodes[0].process.as_ref().map(|process| process.view);
    if view == after && world.is_whole() {
        Ok(healed_after)
    } else {
        Err("the view changes although nothing happens".to_owned())
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
        self.reconnect_all();
    }

    /// All are in one view and rely on its votes.
    fn is_whole(&self) -> bool {
        let now = self.now;
        let mut views = self.nodes.iter().map(|node| {
            let group = &node.process.as_ref()?.group;
            let all = group.view().members.len() == self.nodes.len();
            (all && group.is_operating() && node.has_lease(now)).then_some(group.view().id)
        });
        let first = views.next().flatten();
        first.is_some() && views.all(|view| view == first)
    }

    /// Everybody submits one more message.
    fn last_words(&mut self) {
        for node in 0..self.nodes.len() {
            self.tell(node, Input::Submit);
        }
    }

    /// Everybody has everything, the last words of all included.
    fn all_have_everything(&self) -> bool {
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

    /// Who is where, in one line.
    fn portrait(&self) -> String {
        let nodes = self.nodes.iter().map(|node| match &node.process {
            None => format!("{} does not run", name(node.member())),
            Some(process) => {
                let view = process.group.view();
                let members: Vec<u32> = view.nodes().map(|node| node.0).collect();
                let me = node.member();
                format!(
                    "{} in {} {members:?}, operating: {}, lease: {}, has its own: {}, settled: {}",
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
