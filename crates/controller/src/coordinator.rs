//! The coordinator: from the agreed CIB to what its nodes are to do, and on as the world changes.
//!
//! ```text
//!            all have joined          written            graph             done, stale
//! Gathering ───────────────► Announcing ────► Deciding ────────► Walking ─────────────► Deciding
//!                                               ▲    │ nothing to do  │ done
//!                                               └─── Idle ◄───────────┘
//!                                        the CIB, a failure, the time
//! ```
//!
//! There is one for each view, on the node that leads it; it knows nothing of earlier views but what
//! the CIB says. What it decides on is a copy of the CIB; whatever changes meanwhile makes the
//! decision *stale*, and a new one follows as soon as nothing is in flight any more.

mod patience;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cib::xml::Document;
use replica::Operation as Edit;
use scheduler::walk::{Ending, Graph, HIGHEST_PRIORITY};

use crate::Now;
use crate::action::{Action, ClusterAction};
use crate::message::Message;
use crate::operation::{OperationResult, Outcome, TransitionKey};
use crate::report::Report;
use crate::states;
use crate::transition::{Finished, Started, Transition};

pub use patience::{DEADTIME, FIRST_LOOK, RETURN_LIMIT, TAKEOVER_DELAY};

/// How often the CIB is looked at anew although nothing happened, where it does not say
/// (`cluster-recheck-interval`).
const RECHECK: Duration = Duration::from_secs(15 * 60);

/// What a coordinator begins with.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node's id.
    pub me: u32,
    /// Another one for each life of each node: in transition keys.
    pub controller: String,
    /// All nodes that the cluster is configured with, by their ids.
    pub nodes: BTreeMap<u32, String>,
    /// The members of the view.
    pub members: BTreeSet<u32>,
    /// Whether it has quorum.
    pub is_quorate: bool,
    /// Until when nodes that were never seen may still come.
    pub unseen_until: Duration,
    /// Until when a node that has had no quorum since its start looks for the others.
    pub looks_until: Duration,
    /// When nodes were last heard after they had been gone.
    pub heard_at: BTreeMap<u32, Duration>,
}

/// Names a change of the CIB, a decision, or a fencing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What the coordinator wants.
#[derive(Clone, Debug)]
pub enum CoordinatorOutput {
    /// Change the CIB; [`Coordinator::changed`] is told.
    Change(Ticket, Vec<Edit>),
    /// Ask the scheduler; [`Coordinator::decided`] is told.
    Decide(Ticket, Arc<Document>),
    /// Say this to all.
    Say(Message),
    /// Fence a node; [`Coordinator::fenced`] is told.
    Fence(Ticket, Fencing),
    /// For the log.
    Report(Report),
}

/// A node that is to be fenced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fencing {
    /// Its name.
    pub target: String,
    /// `reboot`, `off` or `on`.
    pub action: String,
    /// How long one device may take.
    pub timeout: Duration,
    /// How long to wait before, in the place of the devices' own delay (`priority-fencing-delay`).
    pub delay: Option<Duration>,
}

#[derive(Debug)]
enum Stage {
    /// Not all members have joined.
    Gathering,
    /// The states of nodes are being written.
    Announcing(Ticket),
    /// The scheduler is asked.
    Deciding(Ticket),
    /// A transition is carried out.
    Walking(Box<Transition>),
    /// Nothing to do.
    Idle,
}

/// What follows when something that was asked for has come.
#[derive(Debug)]
enum Awaited {
    /// An action is done once the CIB is changed.
    Action(u32),
    /// A node may leave once the CIB says so.
    Leave(u32),
    /// A failure is counted: no decision before, or it would know of the failure alone and not of
    /// `migration-threshold`.
    Count,
    /// A node was fenced: the CIB has to know before the action is done.
    Fencing {
        action: u32,
        node_id: String,
        target: String,
        is_off: bool,
    },
    /// Nothing.
    Nothing,
}

/// See above.
#[derive(Debug)]
pub struct Coordinator {
    settings: Settings,
    stage: Stage,
    joined: BTreeSet<u32>,
    cib: Arc<Document>,
    /// Something happened since the last decision.
    is_stale: bool,
    recheck_at: Option<Duration>,
    /// No decision before: the last one led to nothing, or what was lost may still run.
    hold_until: Duration,
    /// How often a node could not be fenced.
    unfenced: BTreeMap<String, u32>,
    awaited: BTreeMap<Ticket, Awaited>,
    numbers: Numbers,
    outputs: VecDeque<CoordinatorOutput>,
}

/// What was numbered last. In one life of a node no number means two things: what comes late, from
/// a former view, must not be taken for what is awaited now.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Numbers {
    ticket: u64,
    transition: u64,
}

impl Coordinator {
    /// The coordinator of a view that has begun. `cib`: as all members have it. `numbers`: those of the
    /// one before, in the same life of the node.
    #[must_use]
    pub(crate) fn new(settings: Settings, cib: Arc<Document>, numbers: Numbers) -> Self {
        Self {
            settings,
            stage: Stage::Gathering,
            joined: BTreeSet::new(),
            cib,
            is_stale: false,
            recheck_at: None,
            hold_until: Duration::ZERO,
            unfenced: BTreeMap::new(),
            awaited: BTreeMap::new(),
            numbers,
            outputs: VecDeque::new(),
        }
    }

    /// What it has numbered, for the next one.
    pub(crate) fn numbers(&self) -> Numbers {
        self.numbers
    }

    /// A member has written what it knows of its resources.
    pub fn joined(&mut self, now: Now, node: u32) {
        self.joined.insert(node);
        self.gather(now);
    }

    /// The CIB is another one. `is_foreign`: not only because of what controllers did.
    pub fn cib(&mut self, now: Now, cib: Arc<Document>, is_foreign: bool) {
        self.cib = cib;
        if is_foreign {
            if !self.unfenced.is_empty() {
                // The change may be what was missing.
                self.hold_until = Duration::ZERO;
                self.unfenced.clear();
            }
            self.reconsider(now);
        }
    }

    /// A change was made, or not.
    pub fn changed(&mut self, now: Now, ticket: Ticket, is_made: bool) {
        let awaited = self.awaited.remove(&ticket);
        if matches!(self.stage, Stage::Announcing(announcing) if announcing == ticket) {
            if is_made {
                self.decide(now);
            } else {
                self.outputs
                    .push_back(CoordinatorOutput::Report(Report::NotChanged));
                self.announce(now);
            }
            return;
        }
        match awaited {
            Some(Awaited::Action(number)) => self.finish(now, number, is_made),
            Some(Awaited::Leave(node)) if is_made => {
                let leave = Message::MayLeave { node };
                self.outputs.push_back(CoordinatorOutput::Say(leave));
            }
            Some(Awaited::Count) => self.reconsider(now),
            _ => {}
        }
    }

    /// The scheduler has decided.
    pub fn decided(&mut self, now: Now, ticket: Ticket, graph: &Document) {
        if !matches!(self.stage, Stage::Deciding(awaited) if awaited == ticket) {
            return;
        }
        if self.is_stale {
            return self.decide(now);
        }
        let graph = Graph::read(graph.root()).map(Action::read);
        self.recheck_at = Some(now.at + RECHECK);
        self.numbers.transition += 1;
        let number = self.numbers.transition;
        let controller = self.settings.controller.clone();
        let transition = Transition::new(number, controller, graph);
        self.stage = Stage::Walking(Box::new(transition));
        self.walk(now);
    }

    /// A node has carried out an operation.
    pub fn done(
        &mut self,
        now: Now,
        node: u32,
        operation: (&str, &str, u32),
        key: &TransitionKey,
        result: &OperationResult,
    ) {
        let is_ours = match &self.stage {
            Stage::Walking(transition) => transition.awaits(key),
            _ => false,
        };
        let is_good = result.is_as_expected(key) || result.outcome == Outcome::Cancelled;
        if !is_good {
            self.count_failure(now, node, operation, result, is_ours);
        }
        if is_ours {
            self.finish(now, key.action, is_good);
        } else if !is_good || operation.2 == 0 {
            // What nobody awaits changes what there is to decide.
            self.reconsider(now);
        }
    }

    /// A node was fenced, or could not be.
    pub fn fenced(&mut self, now: Now, ticket: Ticket, is_done: bool) {
        let Some(Awaited::Fencing {
            action,
            node_id,
            target,
            is_off,
        }) = self.awaited.remove(&ticket)
        else {
            return;
        };
        if is_done {
            self.unfenced.remove(&target);
        } else {
            self.hold_after_failure(now, target);
        }
        if is_done && is_off {
            let edits = states::of_fenced(&node_id);
            self.change(edits, Awaited::Action(action));
        } else {
            self.finish(now, action, is_done);
        }
    }

    /// Something happened that may lead to another decision.
    pub fn reconsider(&mut self, now: Now) {
        self.is_stale = true;
        match &mut self.stage {
            Stage::Idle => self.decide(now),
            Stage::Walking(transition) => {
                transition.abort(HIGHEST_PRIORITY);
                self.walk(now);
            }
            Stage::Gathering | Stage::Announcing(_) | Stage::Deciding(_) => {}
        }
    }

    /// The same, whatever there was to wait for.
    pub fn reconsider_now(&mut self, now: Now) {
        self.hold_until = Duration::ZERO;
        self.reconsider(now);
    }

    /// Time passes.
    pub fn tick(&mut self, now: Now) {
        match &mut self.stage {
            Stage::Gathering => self.gather(now),
            Stage::Walking(transition) => {
                for number in transition.overdue(now.at) {
                    let report = Report::Silent(number);
                    self.outputs.push_back(CoordinatorOutput::Report(report));
                    self.finish(now, number, false);
                }
            }
            Stage::Idle if self.recheck_at.is_some_and(|at| now.at >= at) => self.decide(now),
            _ => {}
        }
    }

    /// When [`Coordinator::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Gathering => self.is_complete().then(|| self.waits_until()),
            Stage::Walking(transition) => transition.deadline(),
            Stage::Idle => self.recheck_at,
            Stage::Announcing(_) | Stage::Deciding(_) => None,
        }
    }

    /// What is wanted next.
    pub fn poll(&mut self) -> Option<CoordinatorOutput> {
        self.outputs.pop_front()
    }

    /// Whether nothing is left to be done.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self.stage, Stage::Idle) && !self.is_stale
    }

    fn is_complete(&self) -> bool {
        self.joined.is_superset(&self.settings.members)
    }

    fn gather(&mut self, now: Now) {
        if !matches!(self.stage, Stage::Gathering) || !self.is_complete() {
            return;
        }
        if now.at < self.waits_until() {
            return;
        }
        self.announce(now);
    }

    fn announce(&mut self, now: Now) {
        self.hold_until = self.hold_until.max(self.lost_until(now));
        let edits = states::of_view(&self.cib, &self.settings);
        let ticket = self.change(edits, Awaited::Nothing);
        self.stage = Stage::Announcing(ticket);
    }

    fn decide(&mut self, now: Now) {
        if now.at < self.hold_until {
            self.is_stale = true;
            self.stage = Stage::Idle;
            self.recheck_at = Some(self.hold_until);
            return;
        }
        if self.is_counting() {
            self.is_stale = true;
            self.stage = Stage::Idle;
            return;
        }
        self.is_stale = false;
        let ticket = self.ticket();
        self.stage = Stage::Deciding(ticket);
        let cib = Arc::clone(&self.cib);
        self.outputs
            .push_back(CoordinatorOutput::Decide(ticket, cib));
    }

    /// Whether a failure is being written down; the next decision follows it.
    fn is_counting(&self) -> bool {
        let mut awaited = self.awaited.values();
        awaited.any(|awaited| matches!(awaited, Awaited::Count))
    }

    /// Starts what can be started; decides anew where nothing is left and something has changed.
    fn walk(&mut self, now: Now) {
        while let Stage::Walking(transition) = &mut self.stage {
            let number = transition.number();
            let started = transition.next(now.at, &self.settings.nodes, &self.settings.members);
            match started {
                Started::Nothing => return,
                Started::Said(message) => self.outputs.push_back(CoordinatorOutput::Say(message)),
                Started::Cluster(action) => self.begin(now, action),
                Started::Impossible(report) => {
                    self.is_stale = true;
                    self.outputs.push_back(CoordinatorOutput::Report(report));
                }
                Started::End(ending) => self.end(now, number, ending),
            }
        }
    }

    fn end(&mut self, now: Now, number: u64, ending: Ending) {
        if self.is_stale || ending == Ending::Stopped {
            return self.decide(now);
        }
        let report = match ending {
            Ending::Terminated => Report::Terminated(number),
            Ending::Complete | Ending::Stopped => Report::Settled(number),
        };
        self.outputs.push_back(CoordinatorOutput::Report(report));
        self.stage = Stage::Idle;
    }

    /// Something that the cluster itself does.
    fn begin(&mut self, now: Now, action: ClusterAction) {
        let number = action.number;
        match action.task.as_str() {
            "stonith" => self.fence(action),
            "do_shutdown" => {
                // It is done when the node is no longer there: another view begins then.
                let node = action.node_id.parse().unwrap_or(0);
                let edits = states::of_leaver(&action.node_id);
                self.change(edits, Awaited::Leave(node));
            }
            "clear_failcount" => {
                let edits = states::without_fail_counts(&action);
                self.change(edits, Awaited::Action(number));
            }
            _ => self.finish(now, number, true),
        }
    }

    fn fence(&mut self, action: ClusterAction) {
        let operation = action.parameters.get("CRM_meta_stonith_action");
        let operation = operation.map_or("reboot", String::as_str);
        let timeout = match &self.stage {
            Stage::Walking(transition) => transition.fencing_timeout(),
            _ => Duration::ZERO,
        };
        let delay = action.parameters.get("CRM_meta_priority_fencing_delay");
        let fencing = Fencing {
            target: action.node.clone(),
            action: operation.to_owned(),
            timeout,
            delay: delay
                .and_then(|text| text.parse().ok())
                .map(Duration::from_secs),
        };
        let is_off = operation != "on";
        let ticket = self.ticket();
        self.awaited.insert(
            ticket,
            Awaited::Fencing {
                action: action.number,
                node_id: action.node_id,
                target: action.node,
                is_off,
            },
        );
        self.outputs
            .push_back(CoordinatorOutput::Fence(ticket, fencing));
    }

    /// An action is done.
    fn finish(&mut self, now: Now, number: u32, is_good: bool) {
        let Stage::Walking(transition) = &mut self.stage else {
            return;
        };
        match transition.finish(number, is_good) {
            Finished::Unknown => return,
            Finished::Done => {}
            Finished::Failed => self.is_stale = true,
        }
        self.walk(now);
    }

    fn count_failure(
        &mut self,
        now: Now,
        node: u32,
        (resource, task, interval_ms): (&str, &str, u32),
        result: &OperationResult,
        is_ours: bool,
    ) {
        if task == "monitor" && interval_ms == 0 {
            // A probe: a resource where none was expected is no failure, but news.
            return;
        }
        let name = self.settings.nodes.get(&node).cloned().unwrap_or_default();
        let report = Report::Failed {
            resource: resource.to_owned(),
            task: task.to_owned(),
            node: name,
            result: result.clone(),
        };
        self.outputs.push_back(CoordinatorOutput::Report(report));
        let is_fatal = match &self.stage {
            Stage::Walking(transition) if is_ours => transition.is_fatal(task),
            _ => false,
        };
        let failure = states::Failure {
            node,
            resource,
            task,
            interval_ms,
            is_fatal,
            at_s: now.epoch_s,
        };
        let edits = states::with_failure(&self.cib, &failure);
        self.change(edits, Awaited::Count);
    }

    fn change(&mut self, edits: Vec<Edit>, then: Awaited) -> Ticket {
        let ticket = self.ticket();
        self.awaited.insert(ticket, then);
        self.outputs
            .push_back(CoordinatorOutput::Change(ticket, edits));
        ticket
    }

    fn ticket(&mut self) -> Ticket {
        self.numbers.ticket += 1;
        Ticket(self.numbers.ticket)
    }
}
