//! One node's controller: its executor, and the coordinator where it leads.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cib::xml::Document;
use replica::Operation as Edit;

use crate::Now;
use crate::attributes::Attributes;
use crate::coordinator::{
    Coordinator, CoordinatorOutput, DEADTIME, FIRST_LOOK, Fencing, Numbers, Settings, Ticket,
};
use crate::executor::{CallId, Executor, ExecutorOutput, Identity, News};
use crate::message::Message;
use crate::operation::{Operation, OperationResult};
use crate::report::Report;
use crate::states;

/// How long to wait before a change that could not be made is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// How many changes that tell of results may be under way. What comes meanwhile goes into the next
/// one: a change costs every member the same however much it says, so that a busy node says more at
/// once instead of more often.
const CHANGES_AT_ONCE: usize = 2;

/// How many results one change may tell of.
const RESULTS_IN_CHANGE: usize = 256;

/// A view, as far as resources care.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Its number.
    pub number: u64,
    /// Who leads it: the coordinator.
    pub leader: u32,
    /// Who is in it.
    pub members: BTreeSet<u32>,
}

/// Names a change of the CIB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeNumber(pub u64);

/// What the controller wants.
#[derive(Clone, Debug)]
pub enum Output {
    /// Call an agent; [`Controller::finished`] is told what it answered.
    Start(CallId, Operation),
    /// Change the CIB; [`Controller::changed`] is told whether it was.
    Change(ChangeNumber, Vec<Edit>),
    /// Say this to all, this node included.
    Say(Message),
    /// Run the scheduler on this CIB; [`Controller::decided`] is told the graph.
    Decide(Ticket, Arc<Document>),
    /// Fence a node; [`Controller::fenced`] is told whether it is.
    Fence(Ticket, Fencing),
    /// This node may leave the cluster.
    Leave,
    /// For the log.
    Report(Report),
}

/// What a change of the CIB is for.
#[derive(Debug)]
enum Purpose {
    /// What this node knows, for the view of this number.
    Joining(u64),
    /// Results, to be followed by these messages.
    Telling(Vec<Message>),
    /// Something that the coordinator has to look at afterwards.
    Reconsidering,
    /// The coordinator's.
    Coordinating(Ticket),
}

/// See above.
#[derive(Debug)]
pub struct Controller {
    identity: Identity,
    /// In transition keys.
    name: String,
    nodes: BTreeMap<u32, String>,
    began_at: Duration,
    heard_at: BTreeMap<u32, Duration>,
    view: Option<View>,
    /// The view's members agree on the CIB.
    is_established: bool,
    is_quorate: bool,
    /// There was quorum once since the start.
    had_quorum: bool,
    cib: Arc<Document>,
    executor: Executor,
    attributes: Attributes,
    coordinator: Option<Coordinator>,
    /// Of the coordinators of this life.
    numbers: Numbers,
    changes: BTreeMap<ChangeNumber, Purpose>,
    next_change: u64,
    /// Results for the next change, each with what is said once it is made.
    untold: VecDeque<(News, Option<Message>)>,
    join_at: Option<Duration>,
    is_leaving: bool,
    outputs: VecDeque<Output>,
}

impl Controller {
    /// The controller of a node at its start. `life`: another one each time. `nodes`: all that the
    /// cluster is configured with, by their ids.
    #[must_use]
    pub fn new(
        identity: Identity,
        life: u64,
        nodes: BTreeMap<u32, String>,
        cib: Arc<Document>,
        now: Now,
    ) -> Self {
        Self {
            name: format!("{}-{life}", identity.id),
            executor: Executor::new(identity.clone()),
            identity,
            nodes,
            began_at: now.at,
            heard_at: BTreeMap::new(),
            view: None,
            is_established: false,
            is_quorate: false,
            had_quorum: false,
            cib,
            attributes: Attributes::default(),
            coordinator: None,
            numbers: Numbers::default(),
            changes: BTreeMap::new(),
            next_change: 1,
            untold: VecDeque::new(),
            join_at: None,
            is_leaving: false,
            outputs: VecDeque::new(),
        }
    }

    /// A node that had been gone was heard: its daemon runs, although it is in no view with this one yet.
    pub fn heard_of(&mut self, now: Now, node: u32) {
        self.heard_at.insert(node, now.at);
    }

    /// A view has begun; its members do not agree on a CIB yet.
    pub fn view(&mut self, view: View) {
        self.view = Some(view);
        self.is_established = false;
        self.end_coordination();
        self.join_at = None;
        self.changes.clear();
        self.untold.clear();
        self.executor.drop_unbegun();
    }

    /// The members of the view agree on the CIB; whether they have quorum. Again whenever that changes.
    pub fn established(&mut self, now: Now, is_quorate: bool) {
        let had = std::mem::replace(&mut self.is_quorate, is_quorate);
        if self.is_established && had == is_quorate {
            return;
        }
        self.is_established = true;
        self.had_quorum |= is_quorate;
        self.coordinate();
        self.join(now);
    }

    /// The committed CIB is another one. `is_foreign`: not only by what controllers did.
    pub fn cib(&mut self, now: Now, cib: Arc<Document>, is_foreign: bool) {
        if is_foreign && self.is_established {
            self.executor.compare(&self.cib, &cib);
        }
        self.cib = Arc::clone(&cib);
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.cib(now, cib, is_foreign);
        }
        self.settle();
    }

    /// Somebody says something, in the order of the group.
    pub fn heard(&mut self, now: Now, sender: u32, message: Message) {
        self.hear(now, sender, message);
        self.settle();
    }

    fn hear(&mut self, now: Now, sender: u32, message: Message) {
        match message {
            Message::Several(messages) => {
                for message in messages {
                    self.hear(now, sender, message);
                }
            }
            Message::Execute { node, operation } if node == self.identity.id => {
                self.executor.execute(now, operation);
            }
            Message::Cancel {
                node,
                key,
                resource,
                task,
                interval_ms,
            } if node == self.identity.id => {
                self.executor.cancel(key, &resource, &task, interval_ms);
            }
            Message::MayLeave { node } if node == self.identity.id => {
                self.outputs.push_back(Output::Leave);
            }
            Message::Execute { .. } | Message::Cancel { .. } | Message::MayLeave { .. } => {}
            Message::Joined { view } => {
                let is_this = self.view.as_ref().is_some_and(|it| it.number == view);
                if let Some(coordinator) = self.coordinator.as_mut().filter(|_| is_this) {
                    coordinator.joined(now, sender);
                }
            }
            Message::Done {
                resource,
                task,
                interval_ms,
                key,
                result,
            } => {
                if let Some(coordinator) = &mut self.coordinator {
                    let operation = (resource.as_str(), task.as_str(), interval_ms);
                    coordinator.done(now, sender, operation, &key, &result);
                }
            }
            Message::Reconsider => {
                if let Some(coordinator) = &mut self.coordinator {
                    coordinator.reconsider(now);
                }
            }
        }
    }

    /// A change was made, or not.
    pub fn changed(&mut self, now: Now, number: ChangeNumber, is_made: bool) {
        match self.changes.remove(&number) {
            Some(Purpose::Joining(view)) if is_made => self.say(Message::Joined { view }),
            Some(Purpose::Joining(_)) => self.join_at = Some(now.at + RETRY),
            // What could not be written is known to this node, and written when it joins next.
            Some(Purpose::Telling(messages)) => self.say_all(messages),
            Some(Purpose::Reconsidering) => self.say(Message::Reconsider),
            Some(Purpose::Coordinating(ticket)) => {
                if let Some(coordinator) = &mut self.coordinator {
                    coordinator.changed(now, ticket, is_made);
                }
            }
            None => {}
        }
        self.settle();
    }

    /// An agent has answered.
    pub fn finished(&mut self, now: Now, call: CallId, result: OperationResult) {
        self.executor.finished(now, call, result);
        self.settle();
    }

    /// Something happened to a resource of this node that its monitor has to look at.
    pub fn noticed(&mut self, now: Now, resource: &str) {
        self.executor.noticed(now, resource);
        self.settle();
    }

    /// An agent of this node wants a transient attribute of it to have that value, or (`None`) to go;
    /// `dampening`: how long is waited for further changes.
    pub fn attribute(&mut self, now: Now, name: &str, value: Option<&str>, dampening: Duration) {
        self.attributes.set(now.at, name, value, dampening);
        self.write_attributes(now);
        self.settle();
    }

    /// The scheduler has decided.
    pub fn decided(&mut self, now: Now, ticket: Ticket, graph: &Document) {
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.decided(now, ticket, graph);
        }
        self.settle();
    }

    /// Something happened that the CIB does not say, and that may lead to another decision.
    pub fn reconsider(&mut self, now: Now) {
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.reconsider_now(now);
        }
        self.settle();
    }

    /// A node was fenced, or could not be.
    pub fn fenced(&mut self, now: Now, ticket: Ticket, is_done: bool) {
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.fenced(now, ticket, is_done);
        }
        self.settle();
    }

    /// This node wants to leave the cluster: [`Output::Leave`] comes when its resources have stopped.
    pub fn leave(&mut self, now: Now) {
        self.is_leaving = true;
        let edits = states::of_shutdown(self.identity.id, now.epoch_s);
        self.change(edits, Purpose::Reconsidering);
        self.settle();
    }

    /// Time passes.
    pub fn tick(&mut self, now: Now) {
        self.executor.tick(now);
        self.write_attributes(now);
        if self.join_at.is_some_and(|at| now.at >= at) {
            self.join(now);
        }
        if let Some(coordinator) = &mut self.coordinator {
            coordinator.tick(now);
        }
        self.settle();
    }

    /// When [`Controller::tick`] wants to be called, at the latest.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        let coordinator = self.coordinator.as_ref().and_then(Coordinator::deadline);
        let attributes = self.attributes.deadline().filter(|_| self.is_established);
        let others = self.executor.deadline().into_iter().chain(self.join_at);
        others.chain(coordinator).chain(attributes).min()
    }

    /// What is wanted next. To be asked until there is nothing more.
    pub fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Whether this node coordinates, and nothing is left to be done.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.coordinator
            .as_ref()
            .is_some_and(Coordinator::is_settled)
    }

    /// The resources of this node.
    #[must_use]
    pub fn executor(&self) -> &Executor {
        &self.executor
    }

    fn coordinate(&mut self) {
        let view = self.view.as_ref();
        let Some(view) = view.filter(|view| view.leader == self.identity.id) else {
            return;
        };
        let settings = Settings {
            me: self.identity.id,
            controller: self.name.clone(),
            nodes: self.nodes.clone(),
            members: view.members.clone(),
            is_quorate: self.is_quorate,
            unseen_until: self.began_at + DEADTIME,
            looks_until: if self.had_quorum {
                Duration::ZERO
            } else {
                self.began_at + FIRST_LOOK
            },
            heard_at: self.heard_at.clone(),
        };
        self.end_coordination();
        let cib = Arc::clone(&self.cib);
        self.coordinator = Some(Coordinator::new(settings, cib, self.numbers));
    }

    fn end_coordination(&mut self) {
        if let Some(ended) = self.coordinator.take() {
            self.numbers = ended.numbers();
        }
    }

    /// Writes what this node knows to the CIB of the view.
    fn join(&mut self, now: Now) {
        self.join_at = None;
        let Some(view) = self.view.as_ref().filter(|_| self.is_established) else {
            return;
        };
        let number = view.number;
        let mut edits = self.executor.publish();
        edits.extend(self.attributes.publish(self.identity.id));
        if self.is_leaving {
            edits.extend(states::of_shutdown(self.identity.id, now.epoch_s));
        }
        self.change(edits, Purpose::Joining(number));
        self.settle();
    }

    /// Between views they wait.
    fn write_attributes(&mut self, now: Now) {
        if !self.is_established {
            return;
        }
        let edits = self.attributes.due(now.at, self.identity.id);
        if !edits.is_empty() {
            self.change(edits, Purpose::Reconsidering);
        }
    }

    fn change(&mut self, edits: Vec<Edit>, purpose: Purpose) {
        let number = ChangeNumber(self.next_change);
        self.next_change += 1;
        self.changes.insert(number, purpose);
        self.outputs.push_back(Output::Change(number, edits));
    }

    fn say(&mut self, message: Message) {
        self.outputs.push_back(Output::Say(message));
    }

    fn say_all(&mut self, messages: Vec<Message>) {
        for message in Message::joined(messages) {
            self.say(message);
        }
    }

    /// Passes on what executor and coordinator want.
    fn settle(&mut self) {
        while let Some(output) = self.executor.poll() {
            match output {
                ExecutorOutput::Start(call, operation) => {
                    self.outputs.push_back(Output::Start(call, operation));
                }
                // Between views nobody listens: what this node knows is written when it joins.
                ExecutorOutput::Tell { .. } if !self.is_established => {}
                ExecutorOutput::Tell { news, message } => {
                    self.untold.push_back((news, message));
                }
            }
        }
        self.tell();
        let mut sayings = Vec::new();
        while let Some(output) = self.coordinator.as_mut().and_then(Coordinator::poll) {
            match output {
                CoordinatorOutput::Change(ticket, edits) => {
                    self.change(edits, Purpose::Coordinating(ticket));
                }
                CoordinatorOutput::Decide(ticket, cib) => {
                    self.outputs.push_back(Output::Decide(ticket, cib));
                }
                CoordinatorOutput::Say(message) => sayings.push(message),
                CoordinatorOutput::Fence(ticket, fencing) => {
                    self.outputs.push_back(Output::Fence(ticket, fencing));
                }
                CoordinatorOutput::Report(report) => self.outputs.push_back(Output::Report(report)),
            }
        }
        self.say_all(sayings);
    }

    /// Writes down what is there to be told, unless enough of that is under way.
    fn tell(&mut self) {
        let is_telling = |purpose: &&Purpose| matches!(purpose, Purpose::Telling(_));
        while !self.untold.is_empty()
            && self.changes.values().filter(is_telling).count() < CHANGES_AT_ONCE
        {
            let count = self.untold.len().min(RESULTS_IN_CHANGE);
            let told: Vec<_> = self.untold.drain(..count).collect();
            let (news, messages): (_, Vec<_>) = told.into_iter().unzip();
            let edits = self.executor.edits(news);
            let messages = messages.into_iter().flatten().collect();
            self.change(edits, Purpose::Telling(messages));
        }
    }
}
