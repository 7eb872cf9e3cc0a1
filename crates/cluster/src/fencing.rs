//! Fencing on this machine: requests of the coordinator and of operators, calls of fence agents for
//! this node and for others, and what became of it all.
//!
//! ```text
//! coordinator, operator ─► ask ─► Fencer ─► a call ─┬─► here: the agent ─┐
//!                                   ▲               └─► another node ────┤ (messages of the group)
//!                                   └────────────── its result ◄─────────┘
//!                                   └─► over: whoever asked is told, all nodes remember it
//! ```
//!
//! Must never: send a parameter of a device to another node. Each reads them from the CIB that all
//! have.

mod calls;
mod devices;
mod message;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cib::xml::Document;
use cluster_api::{FencingEntry, FencingState};
use cluster_node::{CallId, Fencing, Operation, OperationResult, Ticket};
use fencing::{Ask, Command, Entry, Fencer, Goal, Outcome, Request, Scene, Status};

use crate::clients::ClientId;
use crate::resources::epoch_s;
use calls::Calls;
use devices::Devices;
use message::Message;

/// How long one device may take where a request does not say (`stonith-timeout`).
const DEVICE_TIMEOUT: Duration = fencing::DEFAULT_TIMEOUT;

/// Requests that wait for agents to describe themselves.
const MAX_EARLY: usize = 64;

/// Who waits for the end of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// The coordinator on this node.
    Coordinator(Ticket),
    /// A client of the daemon.
    Client(ClientId),
}

/// What fencing wants the daemon to do.
#[derive(Debug)]
pub enum Wish {
    /// Say this to all nodes.
    Say(Bytes),
    /// Tell whoever asked how it ended.
    Tell(Asker, Result<(), String>),
    /// Tell the node what came of an operation of a device.
    Operated(CallId, OperationResult),
    /// A node is known to be fenced that the coordinator may not know of.
    Fenced,
    /// A request is over, here or on another node.
    Over(FencingEntry),
    /// For the log.
    Log(String),
}

/// See above.
pub struct FencingSide {
    me: String,
    names: BTreeMap<u32, String>,
    fencer: Fencer,
    devices: Devices,
    calls: Calls,
    /// The members of the view.
    members: BTreeSet<String>,
    /// When each node came last, also of those that are gone again.
    came_at: BTreeMap<String, Duration>,
    askers: BTreeMap<u64, Vec<Asker>>,
    /// What was asked before all agents had described themselves.
    early: Vec<(Asker, Request)>,
    /// The stonith resources that were started on this node.
    started: BTreeSet<String>,
    wishes: Vec<Wish>,
}

impl FencingSide {
    /// On the node `me`, of these.
    #[must_use]
    pub fn new(me: &str, names: BTreeMap<u32, String>) -> Self {
        Self {
            me: me.to_owned(),
            names,
            fencer: Fencer::default(),
            devices: Devices::default(),
            calls: Calls::default(),
            members: BTreeSet::new(),
            came_at: BTreeMap::new(),
            askers: BTreeMap::new(),
            early: Vec::new(),
            started: BTreeSet::new(),
            wishes: Vec::new(),
        }
    }

    /// What is wanted since the last time.
    pub fn take_wishes(&mut self) -> Vec<Wish> {
        std::mem::take(&mut self.wishes)
    }

    /// When [`FencingSide::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.fencer.deadline()
    }

    /// What has ended, once something has. Safe to be cancelled.
    pub async fn next(&mut self) -> calls::Ended {
        self.calls.next().await
    }

    /// Something has ended.
    pub fn take(&mut self, now: Duration, ended: calls::Ended) {
        match ended {
            calls::Ended::Call {
                asker,
                number,
                result,
            } => {
                self.calls.forget(&asker, number);
                if asker == self.me {
                    let commands = self.fencer.result(number, result, now);
                    self.obey(now, commands);
                } else {
                    let result = message::Result::from(result);
                    self.say(&Message::Result {
                        asker,
                        number,
                        result,
                    });
                }
            }
            calls::Ended::Metadata(agent, metadata) => {
                if let Err(error) = &metadata {
                    let text = format!("fence agent {agent} does not describe itself: {error}");
                    self.wishes.push(Wish::Log(text));
                }
                self.devices.described(agent, metadata.ok());
                self.ask_early(now);
            }
            calls::Ended::Operation(call, result) => {
                self.wishes.push(Wish::Operated(call, result));
            }
        }
    }

    /// Time passes.
    pub fn tick(&mut self, now: Duration) {
        let commands = self.fencer.tick(now);
        self.obey(now, commands);
    }

    /// The CIB is another one.
    pub fn cib(&mut self, cib: &Arc<Document>) {
        self.devices.read(cib);
        for agent in self.devices.undescribed() {
            self.calls.describe(agent);
        }
    }

    /// A view has begun: nodes that are gone call nobody any more, and those that come are other ones
    /// than were fenced before.
    pub fn view(&mut self, now: Duration, members: impl Iterator<Item = u32>) {
        let names = members.filter_map(|id| self.names.get(&id).cloned());
        let before = std::mem::replace(&mut self.members, names.collect());
        for name in self.members.difference(&before) {
            self.came_at.insert(name.clone(), now);
        }
        let gone: Vec<String> = before.difference(&self.members).cloned().collect();
        for name in gone {
            self.calls.forget_all_of(&name);
            let commands = self.fencer.node_lost(&name, now);
            self.obey(now, commands);
        }
    }

    /// The coordinator wants a node fenced. Where that was done since the node came last, it is done.
    pub fn fence(&mut self, now: Duration, ticket: Ticket, fencing: &Fencing) {
        let asker = Asker::Coordinator(ticket);
        let Some(goal) = Goal::parse(&fencing.action) else {
            let why = format!("'{}' is nothing that fencing can do", fencing.action);
            self.wishes.push(Wish::Tell(asker, Err(why)));
            return;
        };
        if goal != Goal::On && self.is_fenced(&fencing.target) {
            self.wishes.push(Wish::Tell(asker, Ok(())));
            return;
        }
        let timeout = Some(fencing.timeout).filter(|timeout| !timeout.is_zero());
        let request = Request {
            target: fencing.target.clone(),
            goal,
            client: "controller".to_owned(),
            origin: self.me.clone(),
            delay: Some(fencing.delay.unwrap_or_default()),
            timeout: timeout.unwrap_or(DEVICE_TIMEOUT),
            tolerance: Duration::ZERO,
            dice: dice(),
        };
        self.ask(now, asker, request);
    }

    /// An operator wants a node fenced.
    pub fn fence_for(&mut self, now: Duration, client: ClientId, fence: cluster_api::Fence) {
        let asker = Asker::Client(client);
        let Some(goal) = Goal::parse(&fence.action) else {
            let why = format!("'{}' is none of reboot, off and on", fence.action);
            self.wishes.push(Wish::Tell(asker, Err(why)));
            return;
        };
        let request = Request {
            target: fence.target,
            goal,
            client: fence.client,
            origin: self.me.clone(),
            delay: u64::try_from(fence.delay_s).ok().map(Duration::from_secs),
            timeout: fence.timeout_s.map_or(DEVICE_TIMEOUT, Duration::from_secs),
            tolerance: Duration::from_secs(fence.tolerance_s),
            dice: dice(),
        };
        self.ask(now, asker, request);
    }

    /// An operator vouches that a node is off.
    pub fn confirm(&mut self, target: String) {
        self.say(&Message::Confirm { target });
    }

    /// An operator wants the history forgotten.
    pub fn forget(&mut self, target: Option<String>) {
        self.say(&Message::Forget { target });
    }

    /// The history, of one node or of all; `epoch_s`: what the calendar says now.
    #[must_use]
    pub fn history(&self, now: Duration, epoch_s: i64, target: Option<&str>) -> Vec<FencingEntry> {
        let entries = self.fencer.history().iter();
        entries
            .filter(|entry| target.is_none_or(|it| entry.target.eq_ignore_ascii_case(it)))
            .map(|entry| shown(entry, now, epoch_s))
            .collect()
    }

    /// Another node, or this one, says something.
    pub fn hear(&mut self, now: Duration, sender: u32, payload: &[u8]) {
        let sender = self.names.get(&sender).cloned().unwrap_or_default();
        let Ok(message) = Message::decode(payload) else {
            let text = format!("what {sender} says of fencing is not understood");
            self.wishes.push(Wish::Log(text));
            return;
        };
        match message {
            Message::Call(call) if call.node == self.me && sender != self.me => {
                self.call_for(sender, &call);
            }
            Message::Cancel { node, number } if node == self.me => {
                self.calls.forget(&sender, number);
            }
            Message::Result {
                asker,
                number,
                result,
            } if asker == self.me => {
                let commands = self.fencer.result(number, result.into(), now);
                self.obey(now, commands);
            }
            Message::Over(over) if sender != self.me => {
                if let Some(entry) = over.entry(now) {
                    self.wishes.push(Wish::Over(shown(&entry, now, epoch_s())));
                    self.fencer.learn(entry);
                    self.wishes.push(Wish::Fenced);
                }
            }
            Message::Confirm { target } => {
                let commands = self.fencer.confirm(&target, &sender, now);
                self.wishes.push(Wish::Log(format!(
                    "an operator vouches that {target} is off"
                )));
                self.obey(now, commands);
                self.wishes.push(Wish::Fenced);
            }
            Message::Forget { target } => self.fencer.clean_up(target.as_deref()),
            Message::Call(_)
            | Message::Cancel { .. }
            | Message::Result { .. }
            | Message::Over(_) => {}
        }
    }

    /// An operation of a stonith resource on this node. To start one is to see that it is there.
    pub fn operate(&mut self, call: CallId, operation: &Operation) {
        let id = &operation.resource;
        let is_probe = operation.task == "monitor" && operation.interval_ms == 0;
        let known = match operation.task.as_str() {
            "stop" => {
                self.started.remove(id);
                Some(OperationResult::done(0))
            }
            _ if is_probe && !self.started.contains(id) => Some(OperationResult::done(7)),
            "start" => {
                self.started.insert(id.clone());
                None
            }
            "monitor" => None,
            _ => Some(OperationResult::done(3)),
        };
        match (known, self.devices.get(id)) {
            (Some(result), _) => self.wishes.push(Wish::Operated(call, result)),
            (None, Some((device, metadata))) => {
                self.calls
                    .monitor(call, device, metadata, operation.timeout);
            }
            (None, None) => {
                let why = format!("the CIB of {} has no fence device {id}", self.me);
                let result = OperationResult::failed(why);
                self.wishes.push(Wish::Operated(call, result));
            }
        }
    }

    /// Whether a node was fenced since it came last.
    fn is_fenced(&self, target: &str) -> bool {
        let since = self.came_at.get(target).copied().unwrap_or_default();
        let mut entries = self.fencer.history().iter();
        entries.any(|entry| {
            entry.target.eq_ignore_ascii_case(target)
                && entry.goal.action().cuts_off()
                && entry.status == Status::Success
                && entry.started >= since
                && !self.members.contains(target)
        })
    }

    fn ask(&mut self, now: Duration, asker: Asker, request: Request) {
        if self.devices.are_described() {
            self.ask_fencer(now, asker, request);
        } else if self.early.len() < MAX_EARLY {
            self.early.push((asker, request));
        } else {
            let why = "too many requests wait for fence agents".to_owned();
            self.wishes.push(Wish::Tell(asker, Err(why)));
        }
    }

    fn ask_early(&mut self, now: Duration) {
        if self.devices.are_described() {
            for (asker, request) in std::mem::take(&mut self.early) {
                self.ask_fencer(now, asker, request);
            }
        }
    }

    fn ask_fencer(&mut self, now: Duration, asker: Asker, request: Request) {
        let others = self.members.iter().filter(|name| **name != self.me);
        let peers: Vec<&str> = std::iter::once(self.me.as_str())
            .chain(others.map(String::as_str))
            .collect();
        let scene: Scene = self.devices.scene(&request, &peers);
        let said = format!("{} of {} is asked for", request.goal.name(), request.target);
        match self.fencer.ask(request, scene, now) {
            Ask::Running(number) => {
                self.wishes.push(Wish::Log(said));
                self.askers.entry(number).or_default().push(asker);
            }
            Ask::Joined(number) if self.fencer.has_cut_off(number) => {
                self.wishes.push(Wish::Tell(asker, Ok(())));
            }
            Ask::Joined(number) => self.askers.entry(number).or_default().push(asker),
            Ask::Tolerated => self.wishes.push(Wish::Tell(asker, Ok(()))),
            Ask::Refused => {
                let why = "too many requests run already".to_owned();
                self.wishes.push(Wish::Tell(asker, Err(why)));
            }
        }
        let commands = self.fencer.tick(now);
        self.obey(now, commands);
    }

    fn obey(&mut self, now: Duration, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Call(call) if call.node == self.me => self.calls.call(&self.me, call),
                Command::Call(call) => self.say(&Message::Call(call.into())),
                Command::Cancel { number } => {
                    self.calls.forget(&self.me, number);
                    // Whoever makes that call for this node knows it by the same number.
                    for node in self.members.clone() {
                        if node != self.me {
                            self.say(&Message::Cancel { node, number });
                        }
                    }
                }
                Command::CutOff { number } => self.cut_off(number),
                Command::Finished { number, outcome } => self.finish(now, number, outcome),
            }
        }
    }

    /// The target is off: for the coordinator that is all there is to wait for.
    fn cut_off(&mut self, number: u64) {
        let askers = self.askers.entry(number).or_default();
        let (coordinators, others) = std::mem::take(askers)
            .into_iter()
            .partition(|asker| matches!(asker, Asker::Coordinator(_)));
        *askers = others;
        let told: Vec<Asker> = coordinators;
        self.wishes
            .extend(told.into_iter().map(|asker| Wish::Tell(asker, Ok(()))));
    }

    fn finish(&mut self, now: Duration, number: u64, outcome: Outcome) {
        let entry = self.fencer.history().iter().find(|it| it.number == number);
        if let Some(entry) = entry.cloned() {
            self.wishes.push(Wish::Log(sentence(&entry, &outcome)));
            self.wishes.push(Wish::Over(shown(&entry, now, epoch_s())));
            self.say(&Message::Over(message::Over::of(&entry, now)));
        }
        let result = match outcome {
            Outcome::Done(_) | Outcome::Confirmed => Ok(()),
            Outcome::Failed(reasons) => Err(reasons.join("; ")),
        };
        let askers = self.askers.remove(&number).unwrap_or_default();
        let mut is_known = false;
        for asker in askers {
            is_known |= matches!(asker, Asker::Coordinator(_));
            self.wishes.push(Wish::Tell(asker, result.clone()));
        }
        if result.is_ok() && !is_known {
            self.wishes.push(Wish::Fenced);
        }
    }

    /// Makes a call for another node.
    fn call_for(&mut self, asker: String, call: &message::Call) {
        let made = self
            .devices
            .get(&call.device)
            .and_then(|(device, metadata)| call.with(&device, &metadata));
        match made {
            Some(call) => self.calls.call(&asker, call),
            None => {
                let reason = format!("{} knows no fence device {}", self.me, call.device);
                self.say(&Message::Result {
                    asker,
                    number: call.number,
                    result: message::Result::Failed { reason },
                });
            }
        }
    }

    fn say(&mut self, message: &Message) {
        self.wishes.push(match message.encode() {
            Ok(bytes) => Wish::Say(bytes),
            Err(error) => Wish::Log(format!("fencing cannot tell the others: {error}")),
        });
    }
}

fn sentence(entry: &Entry, outcome: &Outcome) -> String {
    let Entry { target, goal, .. } = entry;
    let goal = goal.name();
    match outcome {
        Outcome::Confirmed => format!("{goal} of {target}: an operator vouches for it"),
        Outcome::Done(success) => {
            let by: Vec<String> = success
                .by
                .iter()
                .map(|(device, node)| format!("{device} on {node}"))
                .collect();
            format!("{goal} of {target} is done by {}", by.join(", "))
        }
        Outcome::Failed(reasons) => {
            format!("{goal} of {target} has failed: {}", reasons.join("; "))
        }
    }
}

/// An entry of the history with the times of the calendar, which says `epoch_s` now.
fn shown(entry: &Entry, now: Duration, epoch_s: i64) -> FencingEntry {
    let at = |moment: Duration| {
        let ago = now.saturating_sub(moment).as_secs();
        epoch_s.saturating_sub(i64::try_from(ago).unwrap_or(i64::MAX))
    };
    let (state, reason) = match &entry.status {
        Status::Pending => (FencingState::Pending, None),
        Status::Success => (FencingState::Success, None),
        Status::Failed(reason) => (FencingState::Failed, Some(reason.clone())),
    };
    FencingEntry {
        target: entry.target.clone(),
        action: entry.goal.name().to_owned(),
        client: entry.client.clone(),
        origin: entry.origin.clone(),
        delegate: entry.delegate.clone(),
        state,
        reason,
        began_s: at(entry.started),
        ended_s: entry.completed.map(at),
    }
}

/// A random number, of the standard library's own source.
fn dice() -> u64 {
    std::hash::RandomState::new().build_hasher().finish()
}
