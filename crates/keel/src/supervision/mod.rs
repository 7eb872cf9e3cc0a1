//! Supervision, decided: what happened goes in with the time, what is to be done comes out.
//!
//! ```text
//!   signals, operator ──▶ Asked ──┐                        ┌──▶ Spawn, Kill, GiveBalancer, Tell…
//!   pidfds ────────────▶ Exited ──┤   Supervisor::handle   ├──▶ Execute(testament)
//!   channels ───▶ Balancer, Keeper┼──▶ (pure, no clock) ───┼──▶ Answer, Announce, Exit
//!   deadline() ─────────▶ Woken ──┘                        └──▶ Log
//! ```
//!
//! One supervisor serves `keel haproxy` (a balancer), `keel keepalived` (a keeper) and `keel run`
//! (both). Three ideas make it up: a [`life::Life`] per role (start, silence, death, successor),
//! the [`service::Service`] that says whether an address may stay on this machine, and the order
//! of [`ending`].
//!
//! The shell around it (`crate::shell`) does what the commands say, in their order, and promises:
//! messages of a child that ended are delivered before its `Exited`, none after it; each `Examine`
//! is answered; `Woken` comes at or after `deadline()`, after everything that was ready to be read.

pub mod ending;
pub mod life;
pub mod limits;
mod messages;
pub mod pulse;
pub mod reload;
pub mod report;
pub mod restarts;
pub mod service;
#[cfg(test)]
mod tests;

use std::time::Duration;

use ::balancer::supervision::FromBalancer;
use address_keeper::supervision::{FromKeeper, InstanceStatus, Testament};

pub use messages::{
    AskId, Command, Event, ExitStatus, KeeperWord, Level, Plan, Role, ToBalancerWord,
};

use ending::{Ending, Grace};
use life::{Finding, Life, Wake};
use limits::{LOOP_PACE, OWN_LATENESS};
use reload::Reload;
use service::Service;

/// Time since the supervisor began, from a clock that never steps.
pub type Time = Duration;

/// Where the whole is.
#[derive(Debug)]
enum Phase {
    /// Not everything has served yet: whatever fails now ends the start.
    Starting,
    Running,
    Ending(Ending),
}

/// The supervisor's decisions.
#[derive(Debug)]
pub struct Supervisor {
    plan: Plan,
    phase: Phase,
    balancer: Life,
    keeper: Life,
    service: Service,
    testament: Testament,
    instances: Vec<InstanceStatus>,
    /// The configuration that a successor of the balancer gets.
    generation: u64,
    reload: Option<Reload>,
    last_handled: Time,
    out: Vec<Command>,
}

impl Supervisor {
    /// A supervisor that has not begun; `generation` numbers the balancer's first configuration.
    pub fn new(plan: Plan, generation: u64) -> Self {
        Self {
            plan,
            phase: Phase::Starting,
            balancer: Life::new(Role::Balancer),
            keeper: Life::new(Role::Keeper),
            service: Service::default(),
            testament: Testament::default(),
            instances: Vec::new(),
            generation,
            reload: None,
            last_handled: Time::ZERO,
            out: Vec::new(),
        }
    }

    /// Starts the first child. The keeper waits until the balancer serves: an address belongs on
    /// a machine that answers.
    pub fn begin(&mut self, now: Time) -> Vec<Command> {
        self.last_handled = now;
        if self.plan.balancer {
            self.balancer.start(&mut self.out);
        } else {
            self.keeper.start(&mut self.out);
        }
        std::mem::take(&mut self.out)
    }

    /// Takes one event, gives the commands that follow from it, to be done in their order.
    pub fn handle(&mut self, now: Time, event: Event) -> Vec<Command> {
        self.notice_own_pause(now);
        match event {
            Event::Spawned { role, pid } => self.spawned(now, role, pid),
            Event::SpawnFailed { role, reason } => {
                self.ended(now, role, &format!("could not be started: {reason}"), false);
            }
            Event::Exited { role, status } => {
                let clean = status == ExitStatus::Code(0);
                self.ended(now, role, &status.to_string(), clean);
            }
            Event::Balancer(message) => self.balancer_said(now, message),
            Event::Keeper(message) => self.keeper_said(now, message),
            Event::Examined { role, finding } => self.examined(now, role, finding),
            Event::Reload { ask, generation } => self.reload(now, ask, generation),
            Event::Stop { grace, exit } => self.stop(now, grace, exit),
            Event::Woken => self.woken(now),
        }
        self.tell_keeper_about_service();
        std::mem::take(&mut self.out)
    }

    /// When `Woken` is due if nothing else happens.
    pub fn deadline(&self) -> Option<Time> {
        let watching = self.balancer.is_watched() || self.keeper.is_watched();
        let pace = watching.then(|| self.last_handled + LOOP_PACE);
        let ending = match &self.phase {
            Phase::Ending(ending) => ending.deadline(),
            Phase::Starting | Phase::Running => None,
        };
        [
            pace,
            ending,
            self.balancer.deadline(),
            self.keeper.deadline(),
            self.service.deadline(self.balancer.ready_since()),
            self.reload.as_ref().map(Reload::deadline),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// While a child is watched a round comes every `LOOP_PACE`. A later one means that this
    /// process did not run, so what it did not hear was perhaps said.
    fn notice_own_pause(&mut self, now: Time) {
        let gap = now.saturating_sub(self.last_handled);
        self.last_handled = now;
        if gap <= LOOP_PACE + OWN_LATENESS {
            return;
        }
        let watched = self.balancer.is_watched() || self.keeper.is_watched();
        self.balancer.forgive(now);
        self.keeper.forgive(now);
        if watched {
            self.log(
                Level::Warning,
                format!(
                    "the supervisor itself did not run for {} ms: its children get a fresh period",
                    gap.as_millis()
                ),
            );
        }
    }

    fn life(&mut self, role: Role) -> &mut Life {
        match role {
            Role::Balancer => &mut self.balancer,
            Role::Keeper => &mut self.keeper,
        }
    }

    fn log(&mut self, level: Level, text: impl Into<String>) {
        self.out.push(Command::Log(level, text.into()));
    }

    fn spawned(&mut self, now: Time, role: Role, pid: i32) {
        self.life(role).spawned(now, pid);
        match role {
            Role::Balancer => {
                let generation = self.generation_to_start();
                self.out.push(Command::GiveBalancer(generation));
            }
            // A new keeper knows nothing: it must hear of the balancer before it takes an address.
            Role::Keeper => self.service.forget_what_was_told(),
        }
    }

    fn balancer_said(&mut self, now: Time, message: FromBalancer) {
        match message {
            FromBalancer::Heartbeat { worker } => self.balancer.beat(now, worker),
            FromBalancer::Ready { generation } => {
                if self.reload_took(now, generation) {
                    return;
                }
                self.balancer_ready(now);
            }
            FromBalancer::Refused { generation, reason } => {
                if self.reload_refused(now, generation, &reason) {
                    return;
                }
                self.log(
                    Level::Error,
                    format!("the balancer refused its configuration: {reason}"),
                );
                self.balancer.condemn(&mut self.out);
            }
            FromBalancer::Drained => self.log(
                Level::Notice,
                "the balancer's last connection ended after the drain",
            ),
        }
    }

    /// The balancer accepts: for the first time, or again.
    fn balancer_ready(&mut self, now: Time) {
        let Some(line) = self.balancer.ready(now) else {
            return;
        };
        self.service.serves();
        let restarted = self.balancer.deaths() > 0;
        if restarted {
            self.log(Level::Notice, line);
        }
        if matches!(self.phase, Phase::Starting) {
            if self.plan.keeper {
                self.keeper.start(&mut self.out);
            } else {
                self.up();
            }
        }
    }

    fn keeper_said(&mut self, now: Time, message: FromKeeper) {
        match message {
            FromKeeper::Heartbeat => self.keeper.beat(now, 0),
            FromKeeper::Testament(testament) => self.testament = testament,
            FromKeeper::Status(instances) => self.instances = instances,
            FromKeeper::Ready => {
                if self.keeper_reload_done(Ok(())) {
                    return;
                }
                let Some(line) = self.keeper.ready(now) else {
                    return;
                };
                if self.keeper.deaths() > 0 {
                    self.log(Level::Notice, line);
                }
                if matches!(self.phase, Phase::Starting) {
                    self.up();
                }
            }
            FromKeeper::Refused { reason } => {
                if self.keeper_reload_done(Err(reason.clone())) {
                    return;
                }
                self.log(
                    Level::Error,
                    format!("the address keeper refused its configuration: {reason}"),
                );
                self.keeper.condemn(&mut self.out);
            }
        }
    }

    fn up(&mut self) {
        self.phase = Phase::Running;
        let ready: Vec<String> = [&self.balancer, &self.keeper]
            .into_iter()
            .filter_map(Life::describe)
            .collect();
        self.log(Level::Notice, format!("ready: {}", ready.join(", ")));
        self.out.push(Command::Announce);
    }

    fn ended(&mut self, now: Time, role: Role, how: &str, clean: bool) {
        if role == Role::Keeper {
            self.keeper_left(clean);
        }
        let was_ready = self.life(role).ready_since().is_some();
        let fatal = match &self.phase {
            Phase::Starting => self.life(role).deaths() == 0 && !was_ready,
            Phase::Running => !self.plan.respawn,
            Phase::Ending(_) => {
                let line = self.life(role).end(how);
                if !clean {
                    self.log(Level::Warning, line);
                }
                self.fail_reload_of(role, how);
                self.child_ended_while_ending(now, role);
                return;
            }
        };
        self.fail_reload_of(role, how);
        if fatal {
            let line = self.life(role).end(how);
            self.log(Level::Error, line);
            self.stop(now, Grace::None, ExitStatus::Code(1));
            return;
        }
        let line = self.life(role).die(now, how);
        self.log(Level::Warning, line);
        if role == Role::Balancer {
            self.service.lost(now);
            if self.balancer.keeps_dying() {
                let count = self.balancer.deaths_in_a_row();
                self.trouble(format!("the balancer died {count} times in a row: {how}"));
            }
        }
        self.woken(now);
    }

    /// What a keeper leaves behind is put right at once. One that left cleanly has said its own
    /// farewells; removing what it should have removed costs nothing.
    fn keeper_left(&mut self, clean: bool) {
        let mut testament = std::mem::take(&mut self.testament);
        if clean {
            testament.farewells.clear();
        }
        self.instances.clear();
        if testament != Testament::default() {
            self.out.push(Command::Execute(testament));
        }
    }

    fn examined(&mut self, now: Time, role: Role, finding: Finding) {
        let verdict = self.life(role).examined(now, finding);
        match verdict {
            life::Verdict::Wait => {}
            life::Verdict::Starved(line) => self.log(Level::Warning, line),
            life::Verdict::Hung(line) => {
                self.log(Level::Error, format!("{line}: killing it"));
                if role == Role::Balancer {
                    self.service.lost(now);
                    self.trouble(line);
                    // The address leaves first, then the process.
                    self.tell_keeper_about_service();
                }
                self.condemn(role);
            }
        }
    }

    fn trouble(&mut self, reason: String) {
        if self.service.trouble(reason.clone()) && self.plan.keeper {
            self.log(
                Level::Error,
                format!("{reason}: the address keeper is told to give the address away"),
            );
        }
    }

    fn woken(&mut self, now: Time) {
        for role in [Role::Balancer, Role::Keeper] {
            match self.life(role).wake(now) {
                Wake::Nothing => {}
                Wake::Start => self.start(role),
                Wake::Examine => self.out.push(Command::Examine(role)),
                Wake::TooSlow(line) => {
                    self.log(Level::Error, line);
                    self.out.push(Command::Kill(role));
                }
            }
        }
        if let Some(reason) = self.service.overdue(now) {
            self.trouble(reason);
        }
        if self.service.recovered(now, self.balancer.ready_since()) {
            self.log(
                Level::Notice,
                "the balancer is stable: the address may return",
            );
        }
        self.give_up_late_reload(now);
        self.go_on_ending(now);
    }

    fn condemn(&mut self, role: Role) {
        let out = &mut self.out;
        match role {
            Role::Balancer => self.balancer.condemn(out),
            Role::Keeper => self.keeper.condemn(out),
        }
    }

    fn start(&mut self, role: Role) {
        let out = &mut self.out;
        match role {
            Role::Balancer => self.balancer.start(out),
            Role::Keeper => self.keeper.start(out),
        }
    }

    /// Says to a living keeper what it has not yet heard.
    fn tell_keeper_about_service(&mut self) {
        if !(self.plan.balancer && self.keeper.pid().is_some()) {
            return;
        }
        if let Some(verdict) = self.service.news() {
            self.out
                .push(Command::TellKeeper(KeeperWord::Balancer(verdict)));
        }
    }
}
