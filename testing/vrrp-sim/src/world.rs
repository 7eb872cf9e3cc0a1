//! The fake world: routers, their clocks, the link between them.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::time::Duration;

use vrrp::{Command, Event, Hello, HelloKey, Instance, Received, State, Tracked, encode};

use crate::scenario::{CALM_DELAY, RouterPlan};
use crate::{Dice, Scenario};

/// Lines of what happened that a failure shows.
const TRACE_LINES: usize = 80;
/// Packets that a paused process's socket holds; the newest are lost beyond.
const SOCKET_QUEUE: usize = 64;
/// How long the kernel and the process need for a command or an event.
const MILLISECOND: Duration = Duration::from_millis(1);

#[derive(Debug, Clone)]
enum Packet {
    Advert(Vec<u8>),
    Hello(Vec<u8>),
}

#[derive(Debug)]
struct Router {
    plan: RouterPlan,
    /// `None`: the process does not run.
    instance: Option<Instance>,
    holds: bool,
    incarnation: u64,
    started_at: Duration,
    paused_until: Option<Duration>,
    /// It was told to end and hands over.
    stopping: bool,
    /// What the supervisor sends should the process die.
    farewell: Vec<Packet>,
    queue: VecDeque<(IpAddr, Packet)>,
}

impl Router {
    fn local(&self, now: Duration) -> Duration {
        scale(
            now - self.started_at,
            1_000_000 + self.plan.clock_rate_ppm,
            1_000_000,
        )
    }

    fn deadline(&self) -> Option<Duration> {
        if let Some(until) = self.paused_until {
            return Some(until);
        }
        let local = self.instance.as_ref()?.deadline()?;
        // One more nanosecond, so that rounding does not wake it too early for ever.
        let global = scale(local, 1_000_000, 1_000_000 + self.plan.clock_rate_ppm);
        Some(self.started_at + global + Duration::from_nanos(1000))
    }
}

fn scale(time: Duration, numerator: i64, denominator: i64) -> Duration {
    let part = |number: i64| u128::try_from(number).expect("rates are positive");
    let nanos = time.as_nanos() * part(numerator) / part(denominator);
    Duration::from_nanos(u64::try_from(nanos).expect("a simulation ends within centuries"))
}

/// Routers on one link.
#[derive(Debug)]
pub struct World {
    now: Duration,
    dice: Dice,
    routers: Vec<Router>,
    /// Deliveries by time and order of sending.
    flying: BTreeMap<(Duration, u64), (usize, IpAddr, Packet)>,
    sent: u64,
    calm: bool,
    loss_percent: u64,
    longest_delay: Duration,
    /// Pairs of routers that do not hear each other.
    cut: Vec<(usize, usize)>,
    transitions: u64,
    trace: VecDeque<String>,
}

impl World {
    /// All routers started at once, a calm network.
    #[must_use]
    pub fn new(scenario: &Scenario, dice: Dice) -> Self {
        let routers = scenario.routers.iter().map(|plan| Router {
            plan: plan.clone(),
            instance: None,
            holds: false,
            incarnation: 0,
            started_at: Duration::ZERO,
            paused_until: None,
            stopping: false,
            farewell: Vec::new(),
            queue: VecDeque::new(),
        });
        let mut world = Self {
            now: Duration::ZERO,
            dice,
            routers: routers.collect(),
            flying: BTreeMap::new(),
            sent: 0,
            calm: true,
            loss_percent: scenario.loss_percent,
            longest_delay: scenario.longest_delay,
            cut: Vec::new(),
            transitions: 0,
            trace: VecDeque::new(),
        };
        for number in 0..world.routers.len() {
            world.start(number);
        }
        world
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Duration {
        self.now
    }

    /// How often a router took the address.
    #[must_use]
    pub const fn transitions(&self) -> u64 {
        self.transitions
    }

    /// Who holds the address.
    #[must_use]
    pub fn holders(&self) -> Vec<usize> {
        (0..self.routers.len())
            .filter(|number| self.routers[*number].holds)
            .collect()
    }

    /// What happened last.
    pub fn trace(&self) -> impl Iterator<Item = &str> {
        self.trace.iter().map(String::as_str)
    }

    /// Lets faults happen for that long.
    pub fn suffer(&mut self, length: Duration) {
        let end = self.now + length;
        self.calm = false;
        while self.now < end {
            let pause = self.dice.time_below(length / 8);
            let until = (self.now + pause).min(end);
            self.run_until(until);
            self.strike();
        }
    }

    /// Ends every fault: all run, all hear each other.
    pub fn become_whole(&mut self) {
        self.note(None, "the network is whole");
        self.calm = true;
        self.cut.clear();
        self.flying.clear();
        for number in 0..self.routers.len() {
            self.resume(number);
            if self.routers[number].stopping {
                self.kill(number, false);
            }
            if self.routers[number].instance.is_none() {
                self.start(number);
            }
            self.handle(number, Event::InterfaceUp);
            self.handle(number, Event::Balancer { serving: true });
            self.handle(number, Event::Tracked(Tracked::Fit { weight: 0 }));
        }
    }

    /// Lets time pass up to `end`.
    pub fn run_until(&mut self, end: Duration) {
        while self.now < end {
            self.step(end);
        }
    }

    /// Goes on to the next thing that happens, at most to `end`.
    pub fn step(&mut self, end: Duration) {
        let delivery = self.flying.first_key_value().map(|((at, _), _)| *at);
        let wake = (0..self.routers.len())
            .filter_map(|number| Some((self.routers[number].deadline()?, number)))
            .min();
        let next = delivery.into_iter().chain(wake.map(|(at, _)| at)).min();
        let Some(next) = next.filter(|next| *next < end) else {
            self.now = end;
            return;
        };
        self.now = self.now.max(next);
        if delivery == Some(next) {
            if let Some((_, (to, from, packet))) = self.flying.pop_first() {
                self.deliver(to, from, packet);
            }
        } else if let Some((_, number)) = wake {
            if self.routers[number].paused_until.is_some() {
                self.resume(number);
            } else {
                self.handle(number, Event::Timer);
            }
        }
    }

    /// Stops a router as its operator would.
    pub fn stop(&mut self, number: usize) {
        self.note(Some(number), "is stopped");
        self.routers[number].stopping = self.routers[number].paused_until.is_none();
        self.handle(number, Event::Stop);
    }

    /// Tells a router about its balancer.
    pub fn balancer(&mut self, number: usize, serving: bool) {
        self.note(
            Some(number),
            if serving {
                "balancer serves"
            } else {
                "balancer is lost"
            },
        );
        self.handle(number, Event::Balancer { serving });
    }

    /// Kills a router's process. With a supervisor, which withdraws the address and says farewell;
    /// else the whole machine is dead.
    pub fn kill(&mut self, number: usize, supervised: bool) {
        self.note(
            Some(number),
            if supervised {
                "keeper is killed"
            } else {
                "dies"
            },
        );
        let router = &mut self.routers[number];
        let was_holder = std::mem::take(&mut router.holds);
        router.instance = None;
        router.paused_until = None;
        router.queue.clear();
        let farewell = std::mem::take(&mut router.farewell);
        if supervised && was_holder {
            for packet in farewell {
                self.send(number, &packet);
            }
        }
    }

    /// Starts a router's process.
    pub fn start(&mut self, number: usize) {
        self.note(Some(number), "starts");
        let router = &mut self.routers[number];
        router.incarnation += 1;
        router.started_at = self.now;
        router.stopping = false;
        let name = number as u64 + 1;
        let incarnation = router.incarnation * 100 + name;
        router.instance = Some(Instance::new(router.plan.settings.clone(), incarnation));
        self.handle(number, Event::Start);
    }

    /// The state of a router.
    #[must_use]
    pub fn state(&self, number: usize) -> Option<State> {
        self.routers[number].instance.as_ref().map(Instance::state)
    }

    fn strike(&mut self) {
        let count = self.routers.len() as u64;
        let number = usize::try_from(self.dice.within(0..count)).expect("a router's number");
        let alive = self.routers[number].instance.is_some();
        match self.dice.within(0..9) {
            0 if alive => {
                let supervised = self.dice.happens(50);
                self.kill(number, supervised);
            }
            1 if alive => self.stop(number),
            0 | 1 => self.start(number),
            2 if alive => {
                let length = self.dice.time_below(Duration::from_secs(10)) + MILLISECOND;
                self.note(Some(number), "stands still");
                self.routers[number].paused_until = Some(self.now + length);
            }
            3 => {
                let serving = self.dice.happens(50);
                self.balancer(number, serving);
            }
            4 => {
                let up = self.dice.happens(60);
                self.note(Some(number), if up { "link up" } else { "link down" });
                self.handle(
                    number,
                    if up {
                        Event::InterfaceUp
                    } else {
                        Event::InterfaceDown {
                            reason: "its interface is down",
                        }
                    },
                );
            }
            5 => {
                let other = usize::try_from(self.dice.within(0..count)).expect("a number");
                self.note(Some(number), "is cut off from another");
                self.cut.push((number, other));
            }
            6 => self.cut.clear(),
            7 => {
                let weight = *self.dice.pick(&[-20, -2, 0, 2]);
                self.note(Some(number), "tracks something else");
                self.handle(number, Event::Tracked(Tracked::Fit { weight }));
            }
            _ => {
                let address = self.routers[number].plan.settings.addresses[0];
                if self.routers[number].holds {
                    self.handle(number, Event::AddressLost(address));
                }
            }
        }
    }

    /// What waited in the sockets comes before the timers, as in the real keeper.
    fn resume(&mut self, number: usize) {
        if self.routers[number].paused_until.take().is_none() {
            return;
        }
        self.note(Some(number), "goes on");
        // A paused machine, unlike a paused process, has received nothing.
        if self.dice.happens(50) {
            self.routers[number].queue.clear();
        }
        while let Some((from, packet)) = self.routers[number].queue.pop_front() {
            self.deliver(number, from, packet);
        }
        self.handle(number, Event::Timer);
    }

    fn deliver(&mut self, to: usize, from: IpAddr, packet: Packet) {
        let router = &mut self.routers[to];
        if router.paused_until.is_some() {
            if router.queue.len() < SOCKET_QUEUE {
                router.queue.push_back((from, packet));
            }
            return;
        }
        let group = router.plan.settings.group;
        match &packet {
            Packet::Advert(payload) => {
                let received = Received {
                    source: from,
                    destination: group,
                    hop_limit: Some(vrrp::HOP_LIMIT),
                    payload,
                };
                self.handle(to, Event::Advert(received));
            }
            Packet::Hello(payload) => {
                let hop_limit = Some(vrrp::HOP_LIMIT);
                self.handle(
                    to,
                    Event::Hello {
                        source: from,
                        hop_limit,
                        payload,
                    },
                );
            }
        }
    }

    fn handle(&mut self, number: usize, event: Event<'_>) {
        let local = self.routers[number].local(self.now);
        let router = &mut self.routers[number];
        if router.paused_until.is_some() {
            return;
        }
        let Some(instance) = &mut router.instance else {
            return;
        };
        let commands = instance.handle(event, local);
        for command in commands {
            self.obey(number, command);
        }
        self.write_testament(number);
    }

    fn obey(&mut self, number: usize, command: Command) {
        match command {
            Command::AddAddresses => {
                if !std::mem::replace(&mut self.routers[number].holds, true) {
                    self.transitions += 1;
                }
            }
            Command::RemoveAddresses => self.routers[number].holds = false,
            Command::SendAdvert { priority } => {
                let packet = advert_packet(&self.routers[number].plan, priority);
                self.send(number, &packet);
            }
            Command::SendHello(hello) => self.send(number, &hello_packet(&hello)),
            Command::Log(text) => self.note(Some(number), &text),
            Command::Stopped => {
                self.routers[number].instance = None;
                self.routers[number].farewell.clear();
            }
            Command::Announce { .. } | Command::Notify(_) => {}
        }
    }

    fn write_testament(&mut self, number: usize) {
        let router = &mut self.routers[number];
        let Some(instance) = &router.instance else {
            return;
        };
        let (advert, hello) = instance.farewell();
        let advert = advert.map(|advert| advert_packet(&router.plan, advert.priority));
        let hello = hello.map(|hello| hello_packet(&hello));
        router.farewell = advert.into_iter().chain(hello).collect();
    }

    fn send(&mut self, from: usize, packet: &Packet) {
        let source = self.routers[from].plan.settings.source;
        for to in 0..self.routers.len() {
            let is_cut = self.cut.contains(&(from, to)) || self.cut.contains(&(to, from));
            let is_lost = !self.calm && (is_cut || self.dice.happens(self.loss_percent));
            if to == from || is_lost {
                continue;
            }
            let copies = if !self.calm && self.dice.happens(5) {
                2
            } else {
                1
            };
            for _ in 0..copies {
                let longest = if self.calm {
                    CALM_DELAY
                } else {
                    self.longest_delay
                };
                let at = self.now + CALM_DELAY / 10 + self.dice.time_below(longest);
                self.sent += 1;
                self.flying
                    .insert((at, self.sent), (to, source, packet.clone()));
            }
        }
    }

    fn note(&mut self, router: Option<usize>, text: &str) {
        if self.trace.len() == TRACE_LINES {
            self.trace.pop_front();
        }
        let who = router.map_or_else(String::new, |number| format!("router {number} "));
        self.trace
            .push_back(format!("{:>12.6} {who}{text}", self.now.as_secs_f64()));
    }
}

fn advert_packet(plan: &RouterPlan, priority: u8) -> Packet {
    let settings = &plan.settings;
    Packet::Advert(encode(
        &settings.advert(priority),
        settings.source,
        settings.group,
    ))
}

fn hello_packet(hello: &Hello) -> Packet {
    Packet::Hello(hello.encode(&HelloKey::none()))
}
