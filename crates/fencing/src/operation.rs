//! One request being carried out.
//!
//! ```text
//!  level 1 ─► its devices, one after the other ─► all succeeded ─► done
//!     │          each: checked for the target, delayed, called, called again
//!     └─ one failed ─► level 2 ─► … ─► no level left ─► failed
//!
//!  a reboot by a level of several devices:  off, off, …  then  on, on, …
//! ```
//!
//! A device's time holds for all its tries together. A call whose node is gone is made by the next
//! node that can use the device. What follows the offs of a remapped reboot is tried, and its
//! failures are told, but the request has succeeded.

use std::time::Duration;

use crate::action::{Action, Goal};
use crate::command::{Call, CallResult, Outcome, Success};
use crate::device::HostCheck;
use crate::limits::{MAX_REASONS, RESULT_GRACE};
use crate::request::Request;
use crate::scene::{Candidate, Level, Scene};

/// One request being carried out.
#[derive(Debug, Clone)]
pub struct Operation {
    request: Request,
    scene: Scene,
    level: usize,
    /// The devices of a remapped reboot are switched on again.
    restoring: bool,
    step: usize,
    stage: Stage,
    /// Which of the device's executors is asked.
    executor: usize,
    /// The request's own delay is still to be waited for.
    undelayed: bool,
    delays: u32,
    by: Vec<(String, String)>,
    reasons: Vec<String>,
    outcome: Option<Outcome>,
}

/// How far one device is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stage {
    /// It is to be found out whether it has the target; the number of the check.
    Check(usize),
    /// It waits until then.
    Delay(Duration),
    /// It is to be called, or called again.
    Ready(Tries),
    /// A call runs.
    Calling(Running),
}

/// What is left of a device's tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Tries {
    attempts: u32,
    time: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Running {
    number: u64,
    action: Action,
    /// Since when; none while it waits for its turn at the device.
    since: Option<Duration>,
    timeout: Duration,
    next: Next,
}

/// What a running call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The check of that number.
    Checked(usize),
    /// The action itself, with what is left after it.
    Done(Tries),
}

impl Operation {
    /// `request` with what is to be tried for it.
    #[must_use]
    pub fn new(request: Request, scene: Scene) -> Self {
        let mut operation = Self {
            request,
            scene,
            level: 0,
            restoring: false,
            step: 0,
            stage: Stage::Check(0),
            executor: 0,
            undelayed: true,
            delays: 0,
            by: Vec::new(),
            reasons: Vec::new(),
            outcome: None,
        };
        if operation.scene.levels.is_empty() {
            let target = &operation.request.target;
            operation.note(format!("no device can fence {target}"));
        }
        operation
    }

    /// The request.
    #[must_use]
    pub const fn request(&self) -> &Request {
        &self.request
    }

    /// How it ended; none while it runs.
    #[must_use]
    pub const fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    /// The node whose call succeeded last.
    #[must_use]
    pub fn delegate(&self) -> Option<&str> {
        self.by.last().map(|(_, node)| node.as_str())
    }

    /// The number of the call that runs, or waits for its turn.
    #[must_use]
    pub const fn calling(&self) -> Option<u64> {
        match &self.stage {
            Stage::Calling(running) if self.outcome.is_none() => Some(running.number),
            _ => None,
        }
    }

    /// When [`Operation::advance`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match &self.stage {
            _ if self.outcome.is_some() => None,
            Stage::Delay(until) => Some(*until),
            Stage::Calling(running) => Some(running.since? + running.timeout + RESULT_GRACE),
            Stage::Check(_) | Stage::Ready(_) => Some(Duration::ZERO),
        }
    }

    /// The longest that it can take: every device of every level, with its delays and all its time,
    /// and a fifth more for what lies between them, as Pacemaker reckons.
    #[must_use]
    pub fn longest(&self) -> Duration {
        let mut longest = self.request.delay.unwrap_or_default();
        for level in &self.scene.levels {
            let remapped = self.request.goal == Goal::Reboot && is_switched(level);
            for candidate in level.devices.iter().flatten() {
                let device = &candidate.device;
                let time = |action| device.timeout(action, self.request.timeout);
                let action = match self.request.goal.action() {
                    Action::Reboot if remapped => Action::Off,
                    action => device.translate(action, &candidate.metadata),
                };
                let checks = device.host_checks(&candidate.metadata);
                longest += checks.iter().filter_map(|it| it.action()).map(time).sum();
                longest += time(action);
                if action.cuts_off() && self.request.delay.is_some() {
                    longest += device.longest_delay(&self.request.target);
                }
                if remapped {
                    longest += time(Action::On);
                }
            }
        }
        longest + longest / 5
    }

    /// The call of that number, which had to wait for its turn, is made at `now`.
    pub fn started(&mut self, number: u64, now: Duration) {
        if let Stage::Calling(running) = &mut self.stage
            && running.number == number
        {
            running.since = Some(now);
        }
    }

    /// The result of the call of that number; others are not looked at.
    pub fn result(&mut self, number: u64, result: CallResult, now: Duration) {
        let Stage::Calling(running) = &self.stage else {
            return;
        };
        if running.number != number || self.outcome.is_some() {
            return;
        }
        let running = running.clone();
        match running.next {
            Next::Checked(check) => self.checked(check, &running, result),
            Next::Done(left) => self.called(left, &running, result, now),
        }
    }

    /// An operator vouches that the target is fenced.
    pub fn confirm(&mut self) {
        if self.outcome.is_none() {
            self.outcome = Some(Outcome::Confirmed);
        }
    }

    /// Goes on as far as it can. `number` numbers the call that it makes, if it makes one.
    pub fn advance(&mut self, number: u64, now: Duration) -> Option<Call> {
        while self.outcome.is_none() {
            if self.level >= self.scene.levels.len() {
                self.outcome = Some(Outcome::Failed(std::mem::take(&mut self.reasons)));
                break;
            }
            let Some(candidate) = self.candidate() else {
                continue;
            };
            match self.stage.clone() {
                Stage::Check(check) => {
                    if let Some(call) = self.check(&candidate, check, number, now) {
                        return Some(call);
                    }
                }
                Stage::Delay(until) if now < until => return None,
                Stage::Delay(_) => self.stage = Stage::Ready(self.tries(&candidate)),
                Stage::Ready(left) => {
                    let action = self.action(&candidate);
                    let (timeout, next) = (left.time, Next::Done(left));
                    if let Some(call) = self.call(&candidate, action, timeout, next, number) {
                        return Some(call);
                    }
                }
                Stage::Calling(running) => {
                    let since = running.since?;
                    if now < since + running.timeout + RESULT_GRACE {
                        return None;
                    }
                    self.result(running.number, CallResult::Lost, now);
                }
            }
        }
        None
    }

    /// The device that is next; none where there was no such device, or none is left in the level,
    /// and another step was taken.
    fn candidate(&mut self) -> Option<Candidate> {
        let devices = &self.scene.levels[self.level].devices;
        match devices.get(self.step) {
            Some(Ok(candidate)) => {
                let candidate = candidate.clone();
                // What unfences nodes when they join does it then.
                if self.restoring && candidate.device.unfences(&candidate.metadata) {
                    self.next_device();
                    return None;
                }
                Some(candidate)
            }
            Some(Err(id)) => {
                let reason = format!("there is no device {id}, or it is disabled");
                self.device_failed(reason);
                None
            }
            // Nothing was done, so nothing is safe.
            None if devices.is_empty() => {
                self.device_failed("a fencing level names no device".to_owned());
                None
            }
            None if self.is_remapped() && !self.restoring => {
                self.restoring = true;
                self.first_device();
                None
            }
            None => {
                self.finish();
                None
            }
        }
    }

    fn is_remapped(&self) -> bool {
        self.request.goal == Goal::Reboot && is_switched(&self.scene.levels[self.level])
    }

    /// Whether the target is off already, and is only to be switched on again: for the cluster it is
    /// fenced.
    #[must_use]
    pub const fn has_cut_off(&self) -> bool {
        self.restoring
    }

    /// What the device is asked in the end.
    fn action(&self, candidate: &Candidate) -> Action {
        match self.request.goal.action() {
            _ if self.restoring => Action::On,
            Action::Reboot if self.is_remapped() => Action::Off,
            action => candidate.device.translate(action, &candidate.metadata),
        }
    }

    fn tries(&self, candidate: &Candidate) -> Tries {
        let action = self.action(candidate);
        Tries {
            attempts: candidate.device.attempts(action),
            time: candidate.device.timeout(action, self.request.timeout),
        }
    }

    /// Whether the device has the target: by what is configured, or by a call.
    fn check(
        &mut self,
        candidate: &Candidate,
        check: usize,
        number: u64,
        now: Duration,
    ) -> Option<Call> {
        let checks = candidate.device.host_checks(&candidate.metadata);
        match checks.get(check).copied() {
            // When the device is switched on again, it was asked before.
            _ if self.restoring => self.delay(candidate, now),
            Some(HostCheck::StaticList) if !candidate.device.lists(&self.request.target) => {
                self.does_not_have(candidate);
            }
            None | Some(HostCheck::None | HostCheck::StaticList) => self.delay(candidate, now),
            Some(asking) => {
                let action = asking.action().unwrap_or(Action::Status);
                let timeout = candidate.device.timeout(action, self.request.timeout);
                return self.call(candidate, action, timeout, Next::Checked(check), number);
            }
        }
        None
    }

    fn checked(&mut self, check: usize, running: &Running, result: CallResult) {
        let Some(candidate) = self.candidate() else {
            return;
        };
        let checks = candidate.device.host_checks(&candidate.metadata);
        match result {
            CallResult::Lost => self.next_executor(&candidate, Stage::Check(check)),
            CallResult::Success { output } => {
                let has = running.action != Action::List
                    || candidate.device.finds(&self.request.target, &output);
                if has {
                    // Past the last check.
                    self.stage = Stage::Check(checks.len());
                } else {
                    self.does_not_have(&candidate);
                }
            }
            // A list that cannot be had leads to the next check, where there is one.
            CallResult::Failed { .. } | CallResult::TimedOut
                if running.action == Action::List && check + 1 < checks.len() =>
            {
                self.stage = Stage::Check(check + 1);
            }
            CallResult::Failed { reason } => {
                let reason = self.said(&candidate, running.action, &reason);
                self.device_failed(reason);
            }
            CallResult::TimedOut => {
                let reason = self.said(&candidate, running.action, "timed out");
                self.device_failed(reason);
            }
        }
    }

    fn does_not_have(&mut self, candidate: &Candidate) {
        let target = &self.request.target;
        let reason = format!("{} does not have {target}", candidate.device.id);
        self.device_failed(reason);
    }

    /// The device's own delay, and at the first device that of the request.
    fn delay(&mut self, candidate: &Candidate, now: Duration) {
        let mut delay = Duration::ZERO;
        if let Some(of_request) = self
            .request
            .delay
            .filter(|_| self.action(candidate).cuts_off())
        {
            // Another throw of the dice for each device.
            let dice = self
                .request
                .dice
                .rotate_left(self.delays.wrapping_mul(7) % 64);
            self.delays = self.delays.wrapping_add(1);
            delay = candidate.device.delay(&self.request.target, dice);
            if std::mem::take(&mut self.undelayed) {
                delay += of_request;
            }
        }
        self.stage = Stage::Delay(now + delay);
    }

    fn call(
        &mut self,
        candidate: &Candidate,
        action: Action,
        timeout: Duration,
        next: Next,
        number: u64,
    ) -> Option<Call> {
        let Some(node) = candidate.executors.get(self.executor).cloned() else {
            let reason = format!("no node can use {}", candidate.device.id);
            self.device_failed(reason);
            return None;
        };
        let target = Some(self.request.target.as_str());
        let parameters = candidate.device.told(action, target, &candidate.metadata);
        self.stage = Stage::Calling(Running {
            number,
            action,
            since: None,
            timeout,
            next,
        });
        Some(Call {
            number,
            node,
            device: candidate.device.id.clone(),
            agent: candidate.device.agent.clone(),
            action,
            parameters,
            target: Some(self.request.target.clone()),
            timeout,
            limit: candidate.device.action_limit,
        })
    }

    fn called(&mut self, left: Tries, running: &Running, result: CallResult, now: Duration) {
        let Some(candidate) = self.candidate() else {
            return;
        };
        let took = running
            .since
            .map_or(Duration::ZERO, |since| now.saturating_sub(since));
        let left = Tries {
            attempts: left.attempts - 1,
            time: left.time.saturating_sub(took),
        };
        let reason = match result {
            CallResult::Success { .. } => {
                let node = candidate.executors[self.executor].clone();
                self.by.push((candidate.device.id.clone(), node));
                self.next_device();
                return;
            }
            CallResult::Lost => {
                let left = self.tries(&candidate);
                self.next_executor(&candidate, Stage::Ready(left));
                return;
            }
            CallResult::TimedOut => "timed out".to_owned(),
            CallResult::Failed { reason } if left.attempts > 0 && left.time > Duration::ZERO => {
                let reason = self.said(&candidate, running.action, &reason);
                self.note(reason);
                self.stage = Stage::Ready(left);
                return;
            }
            CallResult::Failed { reason } => reason,
        };
        let reason = self.said(&candidate, running.action, &reason);
        self.device_failed(reason);
    }

    fn next_executor(&mut self, candidate: &Candidate, stage: Stage) {
        if let Some(node) = candidate.executors.get(self.executor) {
            self.note(format!(
                "{node} is gone, which was to use {}",
                candidate.device.id
            ));
        }
        self.executor += 1;
        self.stage = stage;
    }

    fn said(&self, candidate: &Candidate, action: Action, reason: &str) -> String {
        let node = candidate
            .executors
            .get(self.executor)
            .map_or("nobody", String::as_str);
        format!(
            "{} on {node}, {}: {reason}",
            candidate.device.id,
            action.name()
        )
    }

    fn note(&mut self, reason: String) {
        if self.reasons.len() < MAX_REASONS {
            self.reasons.push(reason);
        }
    }

    /// A device that fails ends its level, save when it is switched on again.
    fn device_failed(&mut self, reason: String) {
        self.note(reason);
        if self.restoring {
            self.next_device();
            return;
        }
        self.level += 1;
        self.by.clear();
        self.first_device();
    }

    fn first_device(&mut self) {
        self.step = 0;
        self.executor = 0;
        self.stage = Stage::Check(0);
    }

    fn next_device(&mut self) {
        self.step += 1;
        self.executor = 0;
        self.stage = Stage::Check(0);
    }

    fn finish(&mut self) {
        self.outcome = Some(Outcome::Done(Success {
            by: self.by.clone(),
            notes: std::mem::take(&mut self.reasons),
        }));
    }
}

/// Whether a reboot is carried out as off, and then on: by several devices that is the only way to have
/// the target off at any moment ("Remapping Reboots"); by a device that does the same itself, what
/// waits for the target need not wait until it is on again.
fn is_switched(level: &Level) -> bool {
    match level.devices.as_slice() {
        [Ok(only)] => only.device.reboots_by_switching(&only.metadata),
        devices => devices.len() > 1,
    }
}
