//! The fake world: machines with clocks and processes, the network between them, and the judge who
//! sees everything.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use dice::Dice;
use membership::{Group, Settings};
use replica::store::MemoryDisk;

use crate::agenda::{Agenda, Event};
use crate::cib_judge::CibJudge;
use crate::clients::Clients;
use crate::clock::Clock;
use crate::judge::{Judge, Verdict, name};
use crate::message::MessageId;
use crate::network::Network;
use crate::node::{Input, Node, Process, id};
use crate::resources::{Resources, epoch_s, node_name};
use crate::scenario::Scenario;
use crate::service::Service;
use crate::witness::{Arbiter, holder};

/// Lines of what happened that a failure knows.
const TRACE_LINES: usize = 100_000;
/// Clocks may be apart by a year.
const CLOCK_OFFSET: Duration = Duration::from_secs(365 * 24 * 3600);
/// A process that wants to be woken at once so many times in a row, with nothing new, is in a loop.
const MAX_SPINS: u32 = 20;
/// What may be under way at once.
const MAX_AGENDA: usize = 400_000;

/// Nodes, network, judge.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) now: Duration,
    pub(crate) dice: Dice,
    pub(crate) scenario: Scenario,
    pub(crate) nodes: Vec<Node>,
    pub(crate) network: Network,
    pub(crate) agenda: Agenda,
    pub(crate) judge: Judge,
    pub(crate) clients: Clients,
    pub(crate) cib_judge: CibJudge,
    /// The witness, where there is one.
    pub(crate) arbiter: Option<Arbiter>,
    /// What runs on the machines, where anything does.
    pub(crate) resources: Option<Resources>,
    /// What did not hold when a process died.
    pub(crate) broken: Option<String>,
    pub(crate) calm: bool,
    pub(crate) frames: u64,
    /// Lines of what happened, if anybody wants to know.
    trace: Option<VecDeque<String>>,
}

impl World {
    /// All machines are there; their processes start one after the other.
    pub(crate) fn new(scenario: &Scenario, mut dice: Dice, traced: bool) -> Self {
        let count = usize::try_from(scenario.nodes).expect("a small number");
        let network = Network::new(
            count,
            usize::from(scenario.links),
            scenario.longest_delay,
            scenario.in_order,
            &mut dice,
        );
        let judge = Judge::new(scenario.commitment.clone(), scenario.cib.is_none());
        let clients = scenario.cib.as_ref().map_or(0, |plan| plan.clients);
        let nodes = (0..count).map(|number| Node {
            id: id(number),
            clock: Clock::new(Duration::ZERO, dice.time_below(CLOCK_OFFSET), 0),
            incarnation: dice.within(0..1000),
            process: None,
            stored_counter: 0,
            paused_until: Duration::ZERO,
            slow_until: Duration::ZERO,
            slowness: Duration::ZERO,
            disk_stalls_until: Duration::ZERO,
            disk: MemoryDisk::default(),
        });
        let nodes = nodes.collect();
        let witness = scenario.cib.as_ref().and_then(|plan| plan.witness);
        let arbiter = witness.map(|_| Arbiter::new(scenario.timing, count, &mut dice));
        let mut world = Self {
            now: Duration::ZERO,
            scenario: scenario.clone(),
            nodes,
            network,
            agenda: Agenda::default(),
            judge,
            clients: Clients::new(clients),
            cib_judge: CibJudge::new(scenario.resources.is_some()),
            arbiter,
            resources: scenario
                .resources
                .clone()
                .map(|plan| Resources::new(plan, count)),
            broken: None,
            calm: false,
            frames: 0,
            trace: traced.then(VecDeque::new),
            dice,
        };
        let spread = *world.dice.pick(&[1, 50, 5000]);
        for node in 0..count {
            let ppm = world.any_rate();
            world.nodes[node].clock.change_rate(Duration::ZERO, ppm);
            let at = Duration::from_micros(world.dice.within(0..spread * 1000));
            world.agenda.add(at, Event::Start { node });
        }
        world.agenda.add(Duration::ZERO, Event::Workload);
        world
    }

    /// What happened last.
    pub(crate) fn trace(&self) -> impl Iterator<Item = &String> {
        self.trace.iter().flatten()
    }

    /// Writes a line for people, if anybody reads.
    pub(crate) fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            let text = text();
            // There would be nothing else, once nothing happens.
            if self.calm && text.contains(": Heartbeat(") {
                return;
            }
            if trace.len() == TRACE_LINES {
                trace.pop_front();
            }
            trace.push_back(format!(
                "{:>12.6} {}",
                self.now.as_secs_f64(),
                shorten(&text)
            ));
        }
    }

    /// Goes on to the next event, at most to `end`. Whether there was one.
    pub(crate) fn step(&mut self, end: Duration) -> Result<bool, String> {
        let Some((at, event)) = self.agenda.next(end) else {
            self.now = end;
            return Ok(false);
        };
        self.now = at;
        match event {
            Event::Wake { node } => self.wake(node)?,
            Event::Input { node, life, input } => {
                let lives = life.is_none_or(|life| life == self.nodes[node].incarnation);
                let late = self.calm && input.is_fault();
                if lives && !late {
                    self.tell(node, input);
                }
            }
            Event::Witness { node, request } => self.ask_witness(node, &request)?,
            Event::Start { node } => self.start(node)?,
            Event::Stall { node, duration } => self.stall(node, duration),
            Event::AgentEnds { node, number } => self.end_agent(node, number)?,
            Event::FencingEnds { node, life, what } => self.end_fencing(node, life, *what),
            Event::Workload => self.work(),
        }
        if let Some(broken) = self.broken.take() {
            return Err(broken);
        }
        if self.agenda.len() > MAX_AGENDA {
            return Err(format!("{} frames are under way", self.agenda.len()));
        }
        Ok(true)
    }

    /// Somebody has something to say.
    fn work(&mut self) {
        let pause = self.dice.time_below(self.scenario.submit_pause * 2);
        if self.resources.is_some() {
            self.configure();
            self.agenda
                .add(self.now + pause + Duration::from_micros(1), Event::Workload);
            return;
        }
        if self.calm {
            return;
        }
        let count = self.nodes.len() as u64;
        let node = usize::try_from(self.dice.within(0..count)).expect("a small number");
        match &self.scenario.cib {
            None => self.tell(node, Input::Submit),
            Some(plan) => {
                let patience = plan.patience;
                self.clients
                    .lose_patience(self.now.saturating_sub(patience));
                self.ask(node);
            }
        }
        self.agenda
            .add(self.now + pause + Duration::from_micros(1), Event::Workload);
    }

    /// A process learns something when it wakes next.
    pub(crate) fn tell(&mut self, node: usize, input: Input) {
        if self.nodes[node].tell(input) {
            self.wake_soon(node);
        }
    }

    /// How long a process that is to run has to wait for its machine.
    fn wake_delay(&mut self, node: usize) -> Duration {
        let node = &self.nodes[node];
        let longest = if node.slow_until > self.now {
            node.slowness
        } else {
            self.scenario.wake_delay
        };
        self.dice.time_below(longest) + Duration::from_micros(1)
    }

    pub(crate) fn wake_soon(&mut self, node: usize) {
        let at = (self.now + self.wake_delay(node)).max(self.nodes[node].paused_until);
        let Some(process) = &mut self.nodes[node].process else {
            return;
        };
        if process.wake_at.is_none_or(|earlier| at < earlier) {
            process.wake_at = Some(at);
            self.agenda.add(at, Event::Wake { node });
        }
    }

    /// Its clock or its machine is not what it was: when does it wake?
    pub(crate) fn reschedule(&mut self, node: usize) {
        let (now, delay) = (self.now, self.wake_delay(node));
        let machine = &mut self.nodes[node];
        let paused_until = machine.paused_until;
        let Some(process) = &mut machine.process else {
            return;
        };
        let timer = machine.clock.when(process.deadline());
        let waits = (!process.woken || !process.inbox.is_empty()).then_some(now);
        let Some(at) = timer.into_iter().chain(waits).min() else {
            process.wake_at = None;
            return;
        };
        let at = (at.max(now) + delay).max(paused_until);
        process.wake_at = Some(at);
        self.agenda.add(at, Event::Wake { node });
    }

    /// A life begins.
    fn start(&mut self, node: usize) -> Verdict {
        if self.nodes[node].runs() {
            return Ok(());
        }
        let later = self.dice.within(1..1000);
        let keeps = self.dice.happens(self.scenario.keeps_counter_percent);
        let machine = &mut self.nodes[node];
        machine.incarnation += later;
        if !keeps {
            machine.stored_counter = 0;
        }
        if self.dice.happens(20) {
            machine.clock = Clock::new(self.now, self.dice.time_below(CLOCK_OFFSET), 0);
        }
        let (me, mut counter) = (machine.member(), machine.stored_counter);
        let mut attachment = Bytes::from(format!("of {}", name(me)));
        let mut service = None;
        if let Some(plan) = &self.scenario.cib {
            let disk = std::mem::take(&mut machine.disk);
            let local = machine.clock.local(self.now);
            let mut started;
            let names = self.resources.is_some().then(|| {
                let ids = 0..self.scenario.nodes;
                let place = |id| usize::try_from(id).expect("a small number");
                ids.map(|id| (id + 1, node_name(place(id)))).collect()
            });
            (started, counter) = Service::start(me, plan.options.clone(), disk, local, names)?;
            started.node.calendar(local, epoch_s(self.now));
            attachment = started.node.attachment();
            if let Some(algorithm) = plan.witness {
                let (nodes, timing) = (self.scenario.nodes, self.scenario.timing);
                let holder = holder(me.node.0, me.incarnation.0, nodes, algorithm, timing)?;
                started.holder = Some(holder);
            }
            service = Some(started);
        }
        let settings = Settings {
            me,
            peers: (0..self.nodes.len())
                .filter(|peer| *peer != node)
                .map(id)
                .collect(),
            links: (0..self.scenario.links).collect(),
            timing: self.scenario.timing,
            commitment: self.scenario.commitment.clone(),
            counter,
            attachment: attachment.clone(),
        };
        let machine = &mut self.nodes[node];
        let group = Group::new(settings, machine.clock.local(self.now))
            .map_err(|error| format!("the settings are refused: {error}"))?;
        machine.process = Some(Process {
            view: group.view().id,
            group,
            inbox: VecDeque::new(),
            frames_waiting: 0,
            wake_at: None,
            woken: false,
            dies_after: None,
            service,
            submitted: 0,
            spins: 0,
            sent: (0, 0),
        });
        self.judge.attaches(me, attachment);
        self.note(|| format!("{} starts, counter {counter}", name(me)));
        self.connect(node);
        self.wake_soon(node);
        Ok(())
    }

    /// A life ends; another one begins later. With its machine, where the power fails.
    pub(crate) fn die(&mut self, node: usize, power_fails: bool) {
        if let Err(broken) = self.end_agents(node, power_fails) {
            self.broken.get_or_insert(broken);
        }
        let Some(process) = self.nodes[node].process.take() else {
            return;
        };
        let longest = self.scenario.timing.detection_floor * 8;
        let longest = *self.dice.pick(&[Duration::from_millis(2), longest]);
        let at = self.now + self.dice.time_below(longest);
        let me = self.nodes[node].member();
        self.note(|| format!("{} dies, the next life begins at {at:?}", name(me)));
        self.agenda.add(at, Event::Start { node });
        let asked = process.inbox.iter().filter_map(|input| match input {
            Input::Ask(place, _) => Some(*place),
            _ => None,
        });
        asked.for_each(|place| self.clients.give_up(place));
        if let Some(service) = process.service {
            for place in service.asked.values() {
                self.clients.give_up(*place);
            }
            self.nodes[node].disk = service.end(power_fails, &mut self.dice);
        }
    }

    /// A process dies where nobody expected it: its machine dies with it at times.
    pub(crate) fn crash(&mut self, node: usize) {
        let power_fails = self.scenario.cib.is_some() && self.dice.happens(50);
        self.die(node, power_fails);
    }

    /// A process goes round its loop: it reads what has come, looks at the clock, and does what the
    /// group wants.
    fn wake(&mut self, node: usize) -> Verdict {
        let now = self.now;
        let machine = &mut self.nodes[node];
        let local = machine.clock.local(now);
        let Some(process) = machine.process.as_mut() else {
            return Ok(());
        };
        if process.wake_at != Some(now) {
            return Ok(());
        }
        process.wake_at = None;
        process.woken = true;
        process.frames_waiting = 0;
        let inputs = std::mem::take(&mut process.inbox);
        let idle = inputs.is_empty();
        if let Some(service) = &mut process.service {
            service.node.tick(local);
            self.serve(node, local)?;
        }
        let mut leaves = false;
        for input in inputs {
            leaves |= matches!(input, Input::Leave);
            self.read(node, local, input)?;
        }
        let Some(process) = &mut self.nodes[node].process else {
            return Ok(());
        };
        if !leaves {
            process.group.tick(local);
        }
        self.carry_out_all(node, local)?;
        if leaves {
            self.die(node, false);
        }
        let Some(process) = &mut self.nodes[node].process else {
            return Ok(());
        };
        let spins = idle && process.deadline() <= local;
        process.spins = if spins { process.spins + 1 } else { 0 };
        if process.spins > MAX_SPINS {
            return Err(format!(
                "node {} wants to be woken at once for ever",
                id(node)
            ));
        }
        self.reschedule(node);
        if self.scenario.cib.is_some() {
            return self.check_cib(node);
        }
        self.check_leases(node)
    }

    fn read(&mut self, node: usize, local: Duration, input: Input) -> Verdict {
        let me = self.nodes[node].member();
        if let Input::Frame { from, link, bytes } = &input {
            let (from, link) = (*from, *link);
            let text = self.trace.is_some().then(|| membership::describe(bytes));
            self.note(|| {
                format!(
                    "{} reads from {from} over {link}: {}",
                    name(me),
                    text.unwrap_or_default()
                )
            });
        } else {
            self.note(|| format!("{} reads {input:?}", name(me)));
        }
        let longest_payload = self.scenario.longest_payload;
        let Some(process) = &mut self.nodes[node].process else {
            return Ok(());
        };
        match input {
            Input::Frame { from, link, bytes } => {
                process
                    .group
                    .receive(local, from, link, bytes)
                    .map_err(|error| format!("{} does not understand {from}: {error}", name(me)))?
            }
            Input::Written { view, seq } => {
                process.group.acknowledge(view, seq);
                self.judge.acknowledges(me, view, seq);
            }
            Input::Link {
                peer,
                link,
                connected,
            } => process.group.link(local, peer, link, connected),
            Input::Submit | Input::Attach(_) if process.service.is_some() => {}
            Input::Submit => {
                let number = process.submitted + 1;
                let message = MessageId { sender: me, number };
                let padding = usize::try_from(self.dice.within(0..longest_payload)).expect("small");
                if process.group.submit(message.payload(padding)).is_ok() {
                    process.submitted = number;
                    self.judge.submits(me);
                }
            }
            Input::Attach(bytes) => {
                self.judge.attaches(me, bytes.clone());
                process
                    .group
                    .set_attachment(bytes)
                    .map_err(|error| format!("the attachment is refused: {error}"))?;
            }
            Input::Leave => process.group.leave(local),
            Input::WantLeave => {
                if let Some(service) = &mut process.service {
                    service.node.wants_to_leave(local);
                }
            }
            Input::Resource(number) => self.hear_of_resources(node, local, number),
            Input::WitnessAnswers(answer) => {
                if let Some(holder) = process.service.as_mut().and_then(|it| it.holder.as_mut()) {
                    holder.answer(&answer, local);
                }
            }
            Input::WriteEnds => self.end_write(node, local),
            Input::Ask(place, request) => self.hear_client(node, place, request),
        }
        Ok(())
    }
}

/// Views and members as people write them.
fn shorten(text: &str) -> String {
    let text = text.replace("ViewId { counter: ", "");
    let text = text.replace(", leader: Member { node: NodeId(", ".");
    let text = text.replace("Member { node: NodeId(", "");
    let text = text.replace("), incarnation: Incarnation(", "'");
    let text = text.replace(") } }", "").replace(") }", "");
    text.replace("NodeId(", "(")
}
