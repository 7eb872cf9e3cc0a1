//! All requests of one node, in their turns at the devices, and their history.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::command::{Call, CallResult, Command, Outcome};
use crate::history::{Entry, History, Status};
use crate::limits::MAX_REQUESTS;
use crate::operation::Operation;
use crate::request::{Ask, Request};
use crate::scene::Scene;

/// Who stands in the history where an operator confirmed that a node is off (`stonith_admin
/// --confirm`), as Pacemaker writes it.
pub const HUMAN: &str = "a human";

/// All requests of one node.
///
/// ```text
///  ask(request, scene) ─► tick ─► Call … result ─► Call … result ─► Finished
/// ```
///
/// At one device of one node no more calls run at once than the device allows
/// (`pcmk_action_limit`); further ones wait for their turn, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct Fencer {
    next_request: u64,
    next_call: u64,
    operations: BTreeMap<u64, Operation>,
    /// Each call that runs: whose it is, and at which device.
    running: BTreeMap<u64, (u64, Turn)>,
    waiting: VecDeque<(u64, Call)>,
    history: History,
}

/// Where calls take turns: at a device, on the node that calls its agent.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Turn {
    node: String,
    device: String,
}

impl Fencer {
    /// Takes a request with what is to be tried for it. What is to be done comes with the next
    /// [`Fencer::tick`], to be called at once.
    pub fn ask(&mut self, request: Request, scene: Scene, now: Duration) -> Ask {
        let Request { target, goal, .. } = &request;
        if self.history.was_done(target, *goal, request.tolerance, now) {
            return Ask::Tolerated;
        }
        let same = self.operations.iter().find(|(_, operation)| {
            let other = operation.request();
            other.target.eq_ignore_ascii_case(target) && other.goal == *goal
        });
        if let Some((number, _)) = same {
            return Ask::Joined(*number);
        }
        if self.operations.len() >= MAX_REQUESTS {
            return Ask::Refused;
        }
        self.next_request += 1;
        let number = self.next_request;
        self.history.add(Entry {
            number,
            target: target.clone(),
            goal: *goal,
            client: request.client.clone(),
            origin: request.origin.clone(),
            delegate: None,
            status: Status::Pending,
            started: now,
            completed: None,
        });
        self.operations
            .insert(number, Operation::new(request, scene));
        Ask::Running(number)
    }

    /// A call has ended, or the node that was to make it is gone.
    pub fn result(&mut self, number: u64, result: CallResult, now: Duration) -> Vec<Command> {
        if let Some((request, _)) = self.running.remove(&number)
            && let Some(operation) = self.operations.get_mut(&request)
        {
            operation.result(number, result, now);
        }
        self.tick(now)
    }

    /// A node is gone: whatever it was to call is lost.
    pub fn node_lost(&mut self, node: &str, now: Duration) -> Vec<Command> {
        let of_node = self
            .running
            .iter()
            .filter(|(_, (_, turn))| turn.node == node);
        let mut lost: Vec<u64> = of_node.map(|(number, _)| *number).collect();
        let waiting = self.waiting.iter().filter(|(_, call)| call.node == node);
        lost.extend(waiting.map(|(_, call)| call.number));
        for number in lost {
            let owner = self.owner_of(number);
            self.forget(number);
            if let Some(operation) = owner.and_then(|owner| self.operations.get_mut(&owner)) {
                operation.result(number, CallResult::Lost, now);
            }
        }
        self.tick(now)
    }

    /// An operator vouches that `target` is off: every request to cut it off has succeeded. Without
    /// one, the history says that it was confirmed nevertheless.
    pub fn confirm(&mut self, target: &str, origin: &str, now: Duration) -> Vec<Command> {
        let mut confirmed = false;
        for operation in self.operations.values_mut() {
            let request = operation.request();
            let is_meant = request.target.eq_ignore_ascii_case(target);
            if is_meant && request.goal.action().cuts_off() {
                operation.confirm();
                confirmed = true;
            }
        }
        if !confirmed {
            self.next_request += 1;
            self.history.add(Entry {
                number: self.next_request,
                target: target.to_owned(),
                goal: crate::Goal::Off,
                client: HUMAN.to_owned(),
                origin: origin.to_owned(),
                delegate: Some(HUMAN.to_owned()),
                status: Status::Success,
                started: now,
                completed: Some(now),
            });
        }
        self.tick(now)
    }

    /// Time passes.
    pub fn tick(&mut self, now: Duration) -> Vec<Command> {
        let mut commands = Vec::new();
        let numbers: Vec<u64> = self.operations.keys().copied().collect();
        for number in numbers {
            self.advance(number, now, &mut commands);
        }
        self.give_turns(now, &mut commands);
        commands
    }

    /// When [`Fencer::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.operations
            .values()
            .filter_map(Operation::deadline)
            .min()
    }

    /// Another node's request is over: it is remembered here, too. Its number is of no meaning here.
    pub fn learn(&mut self, entry: Entry) {
        self.history.add(entry);
    }

    /// What became of requests.
    #[must_use]
    pub const fn history(&self) -> &History {
        &self.history
    }

    /// Forgets what is over, of one node or of all.
    pub fn clean_up(&mut self, target: Option<&str>) {
        self.history.clean_up(target);
    }

    /// Whether the target of a request that runs is off already.
    #[must_use]
    pub fn has_cut_off(&self, number: u64) -> bool {
        self.operations
            .get(&number)
            .is_some_and(Operation::has_cut_off)
    }

    /// The longest that a request can take from its start; none for one that is over.
    #[must_use]
    pub fn longest(&self, number: u64) -> Option<Duration> {
        self.operations.get(&number).map(Operation::longest)
    }

    fn advance(&mut self, number: u64, now: Duration, commands: &mut Vec<Command>) {
        let Some(operation) = self.operations.get_mut(&number) else {
            return;
        };
        let had_cut_off = operation.has_cut_off();
        let call = operation.advance(self.next_call + 1, now);
        if operation.has_cut_off() && !had_cut_off {
            commands.push(Command::CutOff { number });
        }
        let calling = operation.calling();
        let outcome = operation.outcome().cloned();
        let delegate = operation.delegate().map(ToOwned::to_owned);
        // A call that the operation does not wait for any more.
        let of_request = |owner: &u64| *owner == number;
        let running = self
            .running
            .iter()
            .filter(|(_, (owner, _))| of_request(owner));
        let running = running.map(|(call, _)| *call);
        let waiting = self.waiting.iter().filter(|(owner, _)| of_request(owner));
        let all: Vec<u64> = running
            .chain(waiting.map(|(_, call)| call.number))
            .collect();
        for old in all.into_iter().filter(|old| Some(*old) != calling) {
            if self.forget(old) {
                commands.push(Command::Cancel { number: old });
            }
        }
        if let Some(call) = call {
            self.next_call = call.number;
            self.waiting.push_back((number, call));
        }
        if let Some(outcome) = outcome {
            self.operations.remove(&number);
            let (status, delegate) = match &outcome {
                Outcome::Confirmed => (Status::Success, Some(HUMAN.to_owned())),
                Outcome::Done(_) => (Status::Success, delegate),
                Outcome::Failed(reasons) => (Status::Failed(reasons.join("; ")), None),
            };
            self.history.complete(number, status, delegate, now);
            commands.push(Command::Finished { number, outcome });
        }
    }

    fn give_turns(&mut self, now: Duration, commands: &mut Vec<Command>) {
        for (request, call) in std::mem::take(&mut self.waiting) {
            let turn = Turn {
                node: call.node.clone(),
                device: call.device.clone(),
            };
            let busy = self
                .running
                .values()
                .filter(|(_, other)| *other == turn)
                .count();
            // Who came before at the same device goes first.
            let queued = self
                .waiting
                .iter()
                .any(|(_, earlier)| earlier.node == turn.node && earlier.device == turn.device);
            if queued || call.limit.is_some_and(|limit| busy >= limit) {
                self.waiting.push_back((request, call));
                continue;
            }
            if let Some(operation) = self.operations.get_mut(&request) {
                operation.started(call.number, now);
                self.running.insert(call.number, (request, turn));
                commands.push(Command::Call(call));
            }
        }
    }

    fn owner_of(&self, call: u64) -> Option<u64> {
        let running = self.running.get(&call).map(|(owner, _)| *owner);
        let mut waiting = self.waiting.iter();
        running.or_else(|| {
            let found = waiting.find(|(_, it)| it.number == call);
            found.map(|(owner, _)| *owner)
        })
    }

    /// Whether the call was running.
    fn forget(&mut self, call: u64) -> bool {
        self.waiting.retain(|(_, waiting)| waiting.number != call);
        self.running.remove(&call).is_some()
    }
}
