//! Controllers of several nodes, with one order of changes and messages, agents that do what the test
//! says, and the real scheduler.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use cib::time::DateTime;
use cib::xml::Document;
use controller::{
    CallId, ChangeNumber, Controller, Identity, Message, Now, Operation, OperationResult, Outcome,
    Output, Ticket, View,
};
use replica::{Change, Operation as Edit};
use scheduler::{Wishes, expansion};

/// The time at which every test begins, in seconds since 1970.
const EPOCH_S: i64 = 1_800_000_000;
/// How long an agent takes.
const AGENT: Duration = Duration::from_millis(20);
/// Steps after which a test is in a loop.
const MAX_STEPS: usize = 200_000;

/// What comes to a node.
enum Event {
    Change(u32, ChangeNumber, Vec<Edit>),
    Say(u32, Message),
}

/// A node.
struct Node {
    controller: Controller,
    /// What runs on it, whoever started it.
    running: BTreeSet<String>,
    calls: Vec<(Duration, CallId, Operation)>,
    may_leave: bool,
}

/// See above.
pub struct World {
    now: Duration,
    cib: Arc<Document>,
    nodes: BTreeMap<u32, Node>,
    names: BTreeMap<u32, String>,
    view: u64,
    lives: u64,
    order: VecDeque<Event>,
    /// What the agents answer, by `RESOURCE TASK NODE`, if not the obvious.
    pub answers: BTreeMap<String, (Outcome, i32)>,
    /// What was called, in order: `RESOURCE TASK NODE`.
    pub called: Vec<String>,
    /// Who was fenced, or was to be.
    pub fenced: Vec<String>,
    /// No fencing succeeds.
    pub fencing_fails: bool,
    /// What was reported.
    pub reports: Vec<String>,
    settled: bool,
}

impl World {
    /// Nodes 1 to `count` exist, none runs. `resources`, `constraints`, `options`: XML.
    pub fn new(count: u32, resources: &str, constraints: &str, options: &[(&str, &str)]) -> Self {
        let options: String = options
            .iter()
            .map(|(name, value)| {
                format!("<nvpair id=\"option-{name}\" name=\"{name}\" value=\"{value}\"/>")
            })
            .collect();
        let cib = format!(
            "<cib admin_epoch=\"0\" epoch=\"1\" num_updates=\"0\" validate-with=\"pacemaker-3.10\">\
             <configuration><crm_config><cluster_property_set id=\"cib-bootstrap-options\">{options}\
             </cluster_property_set></crm_config><nodes/><resources>{resources}</resources>\
             <constraints>{constraints}</constraints></configuration><status/></cib>"
        );
        Self {
            now: Duration::ZERO,
            cib: Arc::new(Document::parse(&cib).expect("the test's CIB is well-formed")),
            nodes: BTreeMap::new(),
            names: (1..=count).map(|id| (id, format!("node{id}"))).collect(),
            view: 0,
            lives: 0,
            order: VecDeque::new(),
            answers: BTreeMap::new(),
            called: Vec::new(),
            fenced: Vec::new(),
            fencing_fails: false,
            reports: Vec::new(),
            settled: false,
        }
    }

    fn clocks(&self) -> Now {
        Now {
            at: self.now,
            epoch_s: EPOCH_S + i64::try_from(self.now.as_secs()).expect("a short test"),
        }
    }

    /// These nodes are together from now on; those that did not run start. With quorum, if they are
    /// more than half.
    pub fn together(&mut self, members: &[u32]) {
        let now = self.clocks();
        for id in members {
            self.lives += 1;
            let (life, names) = (self.lives, self.names.clone());
            let identity = Identity {
                id: *id,
                name: names[id].clone(),
            };
            let cib = Arc::clone(&self.cib);
            self.nodes.entry(*id).or_insert_with(|| Node {
                controller: Controller::new(identity, life, names, cib, now),
                running: BTreeSet::new(),
                calls: Vec::new(),
                may_leave: false,
            });
        }
        self.nodes.retain(|id, _| members.contains(id));
        self.view += 1;
        self.order.clear();
        self.settled = false;
        let view = View {
            number: self.view,
            leader: *members.iter().min().expect("somebody"),
            members: members.iter().copied().collect(),
        };
        let is_quorate = members.len() * 2 > self.names.len();
        let ids: Vec<u32> = members.to_vec();
        for id in &ids {
            let cib = Arc::clone(&self.cib);
            let node = self.nodes.get_mut(id).expect("it was made above");
            node.controller.view(view.clone());
            node.controller.cib(now, cib, true);
            node.controller.established(now, is_quorate);
        }
        for id in ids {
            self.obey(id);
        }
    }

    /// A node's daemon is started anew; what its agents started runs on.
    pub fn start_anew(&mut self, node: u32) {
        let now = self.clocks();
        self.lives += 1;
        let identity = Identity {
            id: node,
            name: self.names[&node].clone(),
        };
        let (life, names) = (self.lives, self.names.clone());
        let cib = Arc::clone(&self.cib);
        let it = self.nodes.get_mut(&node).expect("it runs");
        it.controller = Controller::new(identity, life, names, cib, now);
        it.calls.clear();
    }

    /// A node is told to look for a resource, and then to start it.
    pub fn ask_behind_a_probe(&mut self, node: u32, resource: &str) {
        let now = self.clocks();
        for (action, task) in [(1, "monitor"), (2, "start")] {
            let operation = Operation {
                key: controller::TransitionKey {
                    action,
                    transition: 0,
                    expected: 0,
                    controller: "former".to_owned(),
                },
                resource: resource.to_owned(),
                agent: controller::Agent {
                    class: "ocf".to_owned(),
                    provider: Some("heartbeat".to_owned()),
                    kind: "Dummy".to_owned(),
                },
                task: task.to_owned(),
                interval_ms: 0,
                timeout: Duration::from_secs(20),
                start_delay: Duration::ZERO,
                parameters: BTreeMap::new(),
            };
            let it = self.nodes.get_mut(&node).expect("it runs");
            let message = Message::Execute { node, operation };
            it.controller.heard(now, node, message);
        }
        self.obey(node);
    }

    /// These nodes hear one that was gone.
    pub fn hear_of(&mut self, nodes: &[u32], heard: u32) {
        let now = self.clocks();
        for id in nodes {
            let node = self.nodes.get_mut(id).expect("it runs");
            node.controller.heard_of(now, heard);
        }
    }

    /// What runs on a node is gone, and nobody was told.
    pub fn lose(&mut self, node: u32, resource: &str) {
        let node = self.nodes.get_mut(&node).expect("it runs");
        assert!(node.running.remove(resource), "{resource} runs there");
    }

    /// What runs on a node is gone, and its agent's watch says so.
    pub fn lose_visibly(&mut self, node: u32, resource: &str) {
        self.lose(node, resource);
        self.settled = false;
        let now = self.clocks();
        let loser = self.nodes.get_mut(&node).expect("it runs");
        loser.controller.noticed(now, resource);
        self.obey(node);
    }

    /// A client changes the CIB.
    pub fn edit(&mut self, edit: Edit) {
        self.settled = false;
        self.change(vec![edit], true)
            .expect("the test's change can be made");
    }

    /// A node's operator wants it to leave.
    pub fn leave(&mut self, node: u32) {
        let now = self.clocks();
        self.settled = false;
        let leaver = self.nodes.get_mut(&node).expect("it runs");
        leaver.controller.leave(now);
        self.obey(node);
    }

    /// Whether a node was let go.
    pub fn may_leave(&self, node: u32) -> bool {
        self.nodes[&node].may_leave
    }

    /// Where a resource runs.
    pub fn holders(&self, resource: &str) -> Vec<u32> {
        let nodes = self.nodes.iter();
        nodes
            .filter(|(_, node)| node.running.contains(resource))
            .map(|(id, _)| *id)
            .collect()
    }

    /// How much time has passed.
    pub fn now(&self) -> Duration {
        self.now
    }

    /// The agreed CIB.
    pub fn cib(&self) -> &Document {
        &self.cib
    }

    /// Goes on until the coordinator has nothing left to do.
    pub fn settle(&mut self) {
        self.settled = false;
        for _ in 0..MAX_STEPS {
            if self.is_settled() {
                return;
            }
            self.step();
        }
        panic!("nothing settles; the last calls: {:?}", self.last_calls());
    }

    /// Lets time pass.
    pub fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..MAX_STEPS {
            if self.order.is_empty() && self.next_at().is_none_or(|at| at > end) {
                self.now = end;
                return;
            }
            self.step();
        }
        panic!(
            "time does not pass; the last calls: {:?}",
            self.last_calls()
        );
    }

    fn last_calls(&self) -> &[String] {
        &self.called[self.called.len().saturating_sub(20)..]
    }

    fn is_settled(&self) -> bool {
        self.order.is_empty()
            && self.nodes.values().any(|node| node.controller.is_settled())
            && self
                .nodes
                .values()
                .all(|node| node.controller.executor().is_idle())
    }

    fn next_at(&self) -> Option<Duration> {
        let nodes = self.nodes.values();
        nodes
            .flat_map(|node| {
                let calls = node.calls.iter().map(|(at, ..)| *at);
                calls.chain(node.controller.deadline())
            })
            .min()
    }

    fn step(&mut self) {
        match self.order.pop_front() {
            Some(Event::Change(node, number, edits)) => {
                let is_made = self.change(edits, false).is_ok();
                let now = self.clocks();
                if let Some(it) = self.nodes.get_mut(&node) {
                    it.controller.changed(now, number, is_made);
                    self.obey(node);
                }
            }
            Some(Event::Say(sender, message)) => {
                let bytes = message.encode().expect("it is short");
                let message = Message::decode(&bytes).expect("as it was encoded");
                let now = self.clocks();
                for id in self.ids() {
                    let node = self.nodes.get_mut(&id).expect("it is there");
                    node.controller.heard(now, sender, message.clone());
                    self.obey(id);
                }
            }
            None => self.wait(),
        }
    }

    fn ids(&self) -> Vec<u32> {
        self.nodes.keys().copied().collect()
    }

    /// Time goes on to the next thing that is due.
    fn wait(&mut self) {
        let at = self.next_at().expect("something is under way");
        self.now = self.now.max(at);
        let now = self.clocks();
        for id in self.ids() {
            let node = self.nodes.get_mut(&id).expect("it is there");
            let (due, later) = std::mem::take(&mut node.calls)
                .into_iter()
                .partition(|(at, ..)| *at <= now.at);
            node.calls = later;
            let due: Vec<(Duration, CallId, Operation)> = due;
            for (_, call, operation) in due {
                let result = self.carry_out(id, &operation);
                let node = self.nodes.get_mut(&id).expect("it is there");
                node.controller.finished(now, call, result);
            }
            let node = self.nodes.get_mut(&id).expect("it is there");
            node.controller.tick(now);
            self.obey(id);
        }
    }

    fn carry_out(&mut self, id: u32, operation: &Operation) -> OperationResult {
        let words = format!("{} {} node{id}", operation.resource, operation.task);
        let running = &mut self.nodes.get_mut(&id).expect("it is there").running;
        let is_running = running.contains(&operation.resource);
        let (outcome, code) = match self.answers.get(&words) {
            Some(answer) => *answer,
            None => {
                match operation.task.as_str() {
                    "start" => running.insert(operation.resource.clone()),
                    "stop" => running.remove(&operation.resource),
                    _ => true,
                };
                let is_monitor = operation.task == "monitor";
                (Outcome::Done, if is_monitor && !is_running { 7 } else { 0 })
            }
        };
        self.called.push(words);
        OperationResult {
            outcome,
            code,
            reason: String::new(),
            took: AGENT,
        }
    }

    fn change(&mut self, edits: Vec<Edit>, is_foreign: bool) -> Result<(), String> {
        let mut document = Document::clone(&self.cib);
        let change = Change {
            operations: edits.clone(),
            ..Change::default()
        };
        let effect = replica::execute::execute(&mut document, &change)
            .map_err(|error| format!("{error}: {edits:?}"));
        let effect = effect.unwrap_or_else(|error| panic!("{error}"));
        if !effect.is_any() {
            return Ok(());
        }
        self.cib = Arc::new(document);
        let now = self.clocks();
        for id in self.ids() {
            let cib = Arc::clone(&self.cib);
            let node = self.nodes.get_mut(&id).expect("it is there");
            node.controller.cib(now, cib, is_foreign);
            self.obey(id);
        }
        Ok(())
    }

    fn obey(&mut self, id: u32) {
        loop {
            let Some(node) = self.nodes.get_mut(&id) else {
                return;
            };
            let Some(output) = node.controller.poll() else {
                return;
            };
            match output {
                Output::Start(call, operation) => {
                    node.calls.push((self.now + AGENT, call, operation));
                }
                Output::Change(number, edits) => {
                    self.order.push_back(Event::Change(id, number, edits));
                }
                Output::Say(message) => self.order.push_back(Event::Say(id, message)),
                Output::Decide(ticket, cib) => self.decide(id, ticket, &cib),
                Output::Fence(ticket, fencing) => {
                    self.fenced.push(fencing.target);
                    let now = self.clocks();
                    let node = self.nodes.get_mut(&id).expect("it is there");
                    node.controller.fenced(now, ticket, !self.fencing_fails);
                }
                Output::Leave => node.may_leave = true,
                Output::Report(report) => self.reports.push(report.to_string()),
            }
        }
    }

    fn decide(&mut self, id: u32, ticket: Ticket, cib: &Document) {
        let now = self.clocks();
        let expanded = expansion::expand(cib);
        let moment = DateTime::from_epoch_s(now.epoch_s);
        let mut plan = scheduler::read(&expanded, moment, Wishes::default());
        let transition = scheduler::decide(&mut plan);
        let graph = transition
            .to_document(&plan)
            .expect("a graph is well-formed");
        let node = self.nodes.get_mut(&id).expect("it is there");
        node.controller.decided(now, ticket, &graph);
    }
}
