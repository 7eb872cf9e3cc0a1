//! The supervisor's shell: does what `supervision` decides, and tells it what happened.
//!
//! Owns: the children's processes and channels, the listening sockets, the signals, the control
//! socket, the pidfile. Must never: decide. One thread waits in one `ppoll`; only a reload reads
//! its files beside it.
//!
//! ```text
//!  signalfd, control socket ──┐                         ┌──▶ children (spawn, kill, channel)
//!  pidfds, channels ──────────┼──▶ Event ─ Supervisor ──┼──▶ netlink, farewells
//!  loader, deadline ──────────┘            ─ Command ───┴──▶ pidfile, systemd, journal
//! ```

pub mod children;
pub mod configurations;
pub mod control_socket;
pub mod journal;
mod last_words;
pub mod line_server;
mod loader;
pub mod master_socket;
pub mod presence;
pub mod signals;

use std::collections::{HashMap, VecDeque};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;
use nix::sys::time::TimeSpec;

use address_keeper::supervision::{FromKeeper, ToKeeper};
use balancer::supervision::{FromBalancer, ToBalancer};

use crate::supervision::{AskId, Command, Event, ExitStatus, Level, Plan, Role, Supervisor, Time};
use crate::wire::{Answer, Request, Status};
use children::{Children, Parcel, Process, Start};
use configurations::{Configurations, Origin};
use control_socket::ControlSocket;
use journal::Journal;
use line_server::{ClientId, LineServer};
use loader::Loader;
use master_socket::MasterSocket;
use presence::Presence;
use signals::{Ask, Personality};

/// The balancer's part of a supervisor.
#[derive(Debug)]
pub struct BalancerSide {
    /// What a reload reads again.
    pub origin: Origin,
    /// What was read at the start.
    pub configurations: Configurations,
    /// How its process is started.
    pub start: Start,
}

/// The keeper's part of a supervisor.
#[derive(Debug)]
pub struct KeeperSide {
    /// How its process is started.
    pub start: Start,
    /// Checks the files as they are now; the messages of a refusal.
    pub check: KeeperCheck,
}

/// Checks a keeper's configuration without taking it: the messages, and whether it may run.
pub type KeeperCheck = fn(&[String]) -> Result<(), String>;

/// Everything that a supervisor needs, already checked.
#[derive(Debug)]
pub struct Setup {
    /// Under which name it runs.
    pub personality: Personality,
    /// Whether dead children get successors.
    pub respawn: bool,
    /// The balancer, if any.
    pub balancer: Option<BalancerSide>,
    /// The keeper, if any.
    pub keeper: Option<KeeperSide>,
    /// Whom to tell.
    pub presence: Presence,
    /// Where to write.
    pub journal: Journal,
    /// Where to answer; none where there is no runtime folder.
    pub control: Option<ControlSocket>,
    /// HAProxy's `-S`.
    pub masters: Vec<MasterSocket>,
    /// The signals.
    pub signals: SignalFd,
}

/// Who waits for a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A signal: the journal is answer enough.
    Nobody,
    Client(ClientId),
    /// A client of the master socket of that index.
    Master(usize, ClientId),
}

struct Shell {
    setup: Setup,
    supervisor: Supervisor,
    began: Instant,
    children: Children,
    events: VecDeque<Event>,
    loader: Option<Loader>,
    next_generation: u64,
    askers: HashMap<AskId, Asker>,
    next_ask: AskId,
    exit: Option<ExitStatus>,
}

/// Runs until the end; answers how this process is to end.
///
/// # Errors
///
/// The kernel refuses to wait for descriptors.
pub fn run(setup: Setup, generation: u64) -> io::Result<ExitStatus> {
    let plan = Plan {
        balancer: setup.balancer.is_some(),
        keeper: setup.keeper.is_some(),
        respawn: setup.respawn,
    };
    let mut shell = Shell {
        setup,
        supervisor: Supervisor::new(plan, generation),
        began: Instant::now(),
        children: Children::default(),
        events: VecDeque::new(),
        loader: None,
        next_generation: generation + 1,
        askers: HashMap::new(),
        next_ask: 1,
        exit: None,
    };
    let commands = shell.supervisor.begin(shell.now());
    shell.carry_out(commands);
    loop {
        shell.handle_events();
        if let Some(exit) = shell.exit {
            if let Some(side) = &mut shell.setup.balancer {
                side.configurations.shut_down();
            }
            return Ok(exit);
        }
        shell.wait()?;
        shell.gather();
    }
}

impl Shell {
    fn now(&self) -> Time {
        self.began.elapsed()
    }

    fn log(&mut self, level: Level, text: &str) {
        self.setup.journal.write(level, text);
    }

    fn handle_events(&mut self) {
        while let Some(event) = self.events.pop_front() {
            let commands = self.supervisor.handle(self.now(), event);
            self.carry_out(commands);
        }
    }

    /// Everybody who answers lines.
    fn servers(&self) -> impl Iterator<Item = &LineServer> {
        let control = self.setup.control.iter().map(ControlSocket::server);
        control.chain(self.setup.masters.iter().map(MasterSocket::server))
    }

    /// Waits until something can be done or the time has come.
    fn wait(&self) -> io::Result<()> {
        let mut descriptors = vec![readable(self.setup.signals.as_fd())];
        for (_, process) in self.children.living() {
            descriptors.push(readable(process.end_descriptor()));
            if let Some((channel, full)) = process.channel_descriptor() {
                descriptors.push(PollFd::new(channel, interest(true, full)));
            }
        }
        for server in self.servers() {
            for (descriptor, writes) in server.descriptors() {
                descriptors.push(PollFd::new(descriptor, interest(!writes, writes)));
            }
        }
        if let Some(loader) = &self.loader {
            descriptors.push(readable(loader.as_fd()));
        }
        let timeout = self
            .servers()
            .filter_map(LineServer::deadline)
            .chain(self.supervisor.deadline())
            .min()
            .map(|at| TimeSpec::from_duration(at.saturating_sub(self.now())));
        match ppoll(&mut descriptors, timeout, None) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Takes in everything that is there. All of it is cheap and none of it waits, so it is asked
    /// whether or not `ppoll` named it.
    fn gather(&mut self) {
        self.gather_balancer();
        self.gather_keeper();
        for role in [Role::Balancer, Role::Keeper] {
            self.collect(role);
        }
        for signal in signals::read(&self.setup.signals) {
            self.signalled(signal);
        }
        self.gather_requests();
        self.gather_master_requests();
        self.gather_loaded();
        self.events.push_back(Event::Woken);
    }

    fn gather_balancer(&mut self) {
        let Some(process) = self.children.of(Role::Balancer) else {
            return;
        };
        process.flush();
        for message in process.receive::<FromBalancer>() {
            match message {
                Ok(message) => self.events.push_back(Event::Balancer(message)),
                Err(error) => self.not_understood(Role::Balancer, &error),
            }
        }
    }

    fn gather_keeper(&mut self) {
        let Some(process) = self.children.of(Role::Keeper) else {
            return;
        };
        process.flush();
        for message in process.receive::<FromKeeper>() {
            match message {
                Ok(message) => self.events.push_back(Event::Keeper(message)),
                Err(error) => self.not_understood(Role::Keeper, &error),
            }
        }
    }

    fn not_understood(&mut self, role: Role, error: &str) {
        let text = format!(
            "a message of the {} is not understood: {error}",
            role.name()
        );
        self.log(Level::Warning, &text);
    }

    /// A child that ended: its last messages first, then its end.
    fn collect(&mut self, role: Role) {
        let Some(process) = self.children.of(role) else {
            return;
        };
        let Some(status) = process.ended() else {
            return;
        };
        match role {
            Role::Balancer => self.gather_balancer(),
            Role::Keeper => self.gather_keeper(),
        }
        *self.children.of(role) = None;
        self.events.push_back(Event::Exited { role, status });
    }

    fn signalled(&mut self, signal: Signal) {
        match signals::meaning(self.setup.personality, signal) {
            Ask::Stop { grace, exit } => {
                let text = format!("{signal} received: ending");
                self.log(Level::Notice, &text);
                self.setup.presence.announce_end();
                self.events.push_back(Event::Stop { grace, exit });
            }
            Ask::Reload => {
                let text = format!("{signal} received: reading the configuration again");
                self.log(Level::Notice, &text);
                self.begin_reload(Asker::Nobody);
            }
            Ask::Report => {
                let report = self.supervisor.report(self.now());
                let text = serde_json::to_string(&report).expect("reports have string keys only");
                self.log(Level::Notice, &text);
            }
            Ask::Ignore => {}
        }
    }

    fn gather_requests(&mut self) {
        let now = self.now();
        let Some(control) = &mut self.setup.control else {
            return;
        };
        for (client, request) in control.round(now) {
            match request {
                Request::Status => {
                    let answer = Answer::Status(Box::new(self.status()));
                    self.answer(client, &answer);
                }
                Request::Reload => self.begin_reload(Asker::Client(client)),
            }
        }
    }

    fn gather_master_requests(&mut self) {
        use master_socket::{Request, processes};
        let now = self.now();
        for index in 0..self.setup.masters.len() {
            for (client, request) in self.setup.masters[index].round(now) {
                let text = match request {
                    Request::Text(text) => text,
                    Request::ShowProcesses => {
                        processes(&self.supervisor.report(now), env!("CARGO_PKG_VERSION"))
                    }
                    Request::Reload => {
                        self.begin_reload(Asker::Master(index, client));
                        continue;
                    }
                };
                self.setup.masters[index].answer(now, client, &text);
            }
        }
    }

    fn status(&self) -> Status {
        Status {
            command: self.setup.personality.command().to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            report: self.supervisor.report(self.now()),
        }
    }

    fn answer(&mut self, client: ClientId, answer: &Answer) {
        let now = self.now();
        if let Some(control) = &mut self.setup.control {
            control.answer(now, client, answer);
        }
    }

    fn answer_reload(&mut self, asker: Asker, outcome: Result<String, String>) {
        match asker {
            Asker::Nobody => {}
            Asker::Client(client) => self.answer(client, &Answer::Reload(outcome)),
            Asker::Master(index, client) => {
                let now = self.now();
                let text = master_socket::reloaded(&outcome);
                self.setup.masters[index].answer(now, client, &text);
            }
        }
    }

    /// Checks the files first: what they refuse never reaches a child.
    fn begin_reload(&mut self, asker: Asker) {
        if self.loader.is_some() {
            let text = "a reload is already under way".to_owned();
            self.answer_reload(asker, Err(text));
            return;
        }
        let keeper = self.setup.keeper.as_ref();
        let keeper = keeper.map(|side| (side.check, side.start.words.clone()));
        let balancer = self.setup.balancer.as_ref().map(|side| {
            let generation = self.next_generation;
            let held = side.configurations.held();
            (side.origin.clone(), generation, held)
        });
        self.next_generation += 1;
        match Loader::start(asker, balancer, keeper) {
            Ok(loader) => self.loader = Some(loader),
            Err(error) => self.reload_failed(asker, format!("the reload cannot start: {error}")),
        }
    }

    fn reload_failed(&mut self, asker: Asker, reason: String) {
        let text =
            format!("the new configuration is refused, the old one stays in force:\n{reason}");
        self.log(Level::Error, &text);
        self.answer_reload(asker, Err(reason));
    }

    fn gather_loaded(&mut self) {
        let Some(done) = self.loader.as_ref().and_then(Loader::done) else {
            return;
        };
        self.loader = None;
        match done.outcome {
            Err(reason) => self.reload_failed(done.asker, reason),
            Ok(loaded) => {
                let generation = loaded.as_ref().map(|(loaded, _)| loaded.generation());
                if let (Some(side), Some((loaded, messages))) = (&mut self.setup.balancer, loaded) {
                    side.configurations.propose(loaded);
                    if !messages.is_empty() {
                        self.setup.journal.write(Level::Notice, &messages);
                    }
                }
                let ask = self.next_ask;
                self.next_ask += 1;
                self.askers.insert(ask, done.asker);
                self.events.push_back(Event::Reload { ask, generation });
            }
        }
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Spawn(role) => self.spawn(role),
                Command::Kill(role) => self.kill(role),
                Command::Examine(role) => {
                    if let Some(process) = self.children.of(role) {
                        let finding = process.examine();
                        self.events.push_back(Event::Examined { role, finding });
                    }
                }
                Command::GiveBalancer(generation) => self.give_balancer(generation),
                Command::Keep(generation) => {
                    if let Some(side) = &mut self.setup.balancer {
                        side.configurations.keep(generation);
                    }
                }
                Command::Discard(generation) => {
                    if let Some(side) = &mut self.setup.balancer {
                        side.configurations.discard(generation);
                    }
                }
                Command::CloseListeners => {
                    if let Some(side) = &mut self.setup.balancer {
                        side.configurations.close();
                    }
                }
                Command::TellBalancer(word) => {
                    self.send(Role::Balancer, Parcel::message(&ToBalancer::from(word)));
                }
                Command::TellKeeper(word) => {
                    self.send(Role::Keeper, Parcel::message(&ToKeeper::from(word)));
                }
                Command::Execute(testament) => {
                    let outcome = last_words::execute(&testament);
                    let level = match outcome.failures.is_empty() {
                        true => Level::Notice,
                        false => Level::Error,
                    };
                    self.log(level, &outcome.line());
                }
                Command::Announce => self.announce(),
                Command::Answer { ask, outcome } => {
                    if let Some(asker) = self.askers.remove(&ask) {
                        self.answer_reload(asker, outcome);
                    }
                }
                Command::Log(level, text) => self.log(level, &text),
                Command::Exit(status) => self.exit = Some(status),
            }
        }
    }

    fn announce(&mut self) {
        let (failures, detached) = self.setup.presence.announce();
        for failure in failures {
            self.log(Level::Warning, &failure);
        }
        if detached {
            self.setup.journal.detach();
        }
    }

    fn spawn(&mut self, role: Role) {
        let start = match role {
            Role::Balancer => self.setup.balancer.as_ref().map(|side| &side.start),
            Role::Keeper => self.setup.keeper.as_ref().map(|side| &side.start),
        };
        let start = start.expect("only planned roles are started");
        match Process::start(start) {
            Ok(process) => {
                let pid = process.pid();
                *self.children.of(role) = Some(process);
                self.events.push_back(Event::Spawned { role, pid });
            }
            Err(error) => self.events.push_back(Event::SpawnFailed {
                role,
                reason: error.to_string(),
            }),
        }
    }

    fn kill(&mut self, role: Role) {
        let killed = self.children.of(role).as_ref().map(Process::kill);
        if let Some(Err(error)) = killed {
            let text = format!("the {} cannot be killed: {error}", role.name());
            self.log(Level::Error, &text);
        }
    }

    fn give_balancer(&mut self, generation: u64) {
        let Some(side) = &self.setup.balancer else {
            return;
        };
        match side.configurations.messages(generation) {
            Ok(parcels) => {
                for parcel in parcels {
                    self.send(Role::Balancer, parcel);
                }
            }
            Err(error) => {
                let text = format!("the balancer's sockets cannot be handed over: {error}");
                self.log(Level::Error, &text);
                self.kill(Role::Balancer);
            }
        }
    }

    fn send(&mut self, role: Role, parcel: Parcel) {
        let sent = self.children.of(role).as_mut().map(|it| it.send(parcel));
        if sent == Some(false) {
            let text = format!("the {} does not read its messages: killing it", role.name());
            self.log(Level::Error, &text);
            self.kill(role);
        }
    }
}

fn readable(descriptor: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(descriptor, PollFlags::POLLIN)
}

fn interest(read: bool, write: bool) -> PollFlags {
    let mut flags = PollFlags::empty();
    flags.set(PollFlags::POLLIN, read);
    flags.set(PollFlags::POLLOUT, write);
    flags
}
