//! A transition under way: what is in flight, and what may start next.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use scheduler::walk::{Action as _, Ending, Graph, Next, Step, Walk};

use crate::action::{Action, ClusterAction, ResourceAction};
use crate::message::Message;
use crate::operation::TransitionKey;
use crate::report::Report;

/// So many times its time-out may fencing take, all levels and retries together.
const FENCING_ATTEMPTS: u32 = 10;

/// What came of looking for the next action.
pub(crate) enum Started {
    /// Nothing can start now.
    Nothing,
    /// A node is to be told.
    Said(Message),
    /// The cluster itself is to do it.
    Cluster(ClusterAction),
    /// It cannot be done, and has failed.
    Impossible(Report),
    /// Nothing is left.
    End(Ending),
}

/// What came of noting that an action is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Finished {
    /// It is not in flight.
    Unknown,
    /// Others may go on.
    Done,
    /// What waits for it never starts.
    Failed,
}

/// See above.
#[derive(Debug)]
pub(crate) struct Transition {
    number: u64,
    controller: String,
    graph: Graph<Action>,
    walk: Walk,
    /// Actions of the step that is being started.
    starting: Vec<Action>,
    /// Probes that are not done, with their nodes: what a node runs is not known before.
    probes: BTreeMap<u32, String>,
    in_flight: BTreeMap<u32, Flight>,
    /// Of each step under way: how many of its actions are, and whether all went well.
    steps: BTreeMap<usize, (usize, bool)>,
}

#[derive(Clone, Copy, Debug)]
struct Flight {
    step: usize,
    until: Duration,
}

impl Transition {
    pub fn new(number: u64, controller: String, graph: Graph<Action>) -> Self {
        Self {
            number,
            controller,
            walk: Walk::new(&graph),
            probes: probes(&graph),
            graph,
            starting: Vec::new(),
            in_flight: BTreeMap::new(),
            steps: BTreeMap::new(),
        }
    }

    pub fn number(&self) -> u64 {
        self.number
    }

    /// How long fencing may take where nothing else says.
    pub fn fencing_timeout(&self) -> Duration {
        self.graph.header.fencing_timeout
    }

    /// Whether one failure of that keeps the resource from the node.
    pub fn is_fatal(&self, task: &str) -> bool {
        match task {
            "start" => self.graph.header.is_failed_start_fatal,
            "stop" => self.graph.header.is_failed_stop_fatal,
            _ => false,
        }
    }

    /// Whether this is an action of this transition that is in flight.
    pub fn awaits(&self, key: &TransitionKey) -> bool {
        key.controller == self.controller
            && key.transition == self.number
            && self.in_flight.contains_key(&key.action)
    }

    /// Nothing below that priority is started any more.
    pub fn abort(&mut self, priority: i32) {
        self.walk.abort(priority);
    }

    /// Actions of which nothing was heard in time.
    pub fn overdue(&self, now: Duration) -> Vec<u32> {
        let in_flight = self.in_flight.iter();
        in_flight
            .filter(|(_, flight)| now >= flight.until)
            .map(|(number, _)| *number)
            .collect()
    }

    /// When the first of them is overdue.
    pub fn deadline(&self) -> Option<Duration> {
        self.in_flight.values().map(|flight| flight.until).min()
    }

    /// Starts the next action that may start. `nodes` and `members`: who can be told.
    pub fn next(
        &mut self,
        now: Duration,
        nodes: &BTreeMap<u32, String>,
        members: &BTreeSet<u32>,
    ) -> Started {
        loop {
            if let Some(action) = self.starting.pop() {
                if let Some(started) = self.start(action, nodes, members) {
                    return started;
                }
                continue;
            }
            let probes = &self.probes;
            match self
                .walk
                .next(&self.graph, |step| !lets_go_unknown(step, probes))
            {
                Next::Wait => return Started::Nothing,
                Next::End(ending) => return Started::End(ending),
                Next::Start(step) => {
                    let actions = self.graph.steps[step].actions.clone();
                    if actions.is_empty() {
                        self.walk.done(&self.graph, step, true);
                        continue;
                    }
                    self.steps.insert(step, (actions.len(), true));
                    for action in &actions {
                        let until = now.saturating_add(self.allowed(action));
                        let flight = Flight { step, until };
                        self.in_flight.insert(action.number(), flight);
                    }
                    self.starting = actions;
                }
            }
        }
    }

    /// How long an action may be in flight.
    fn allowed(&self, action: &Action) -> Duration {
        let header = &self.graph.header;
        match action {
            Action::Pseudo(_) => header.cluster_delay,
            Action::Resource(action) => {
                let operation = &action.operation;
                operation
                    .timeout
                    .saturating_add(operation.start_delay)
                    .saturating_add(header.cluster_delay)
            }
            // Topologies and retries take their time; whoever fences has limits of his own.
            Action::Cluster(_) => header
                .fencing_timeout
                .saturating_mul(FENCING_ATTEMPTS)
                .saturating_add(header.cluster_delay),
        }
    }

    fn start(
        &mut self,
        action: Action,
        nodes: &BTreeMap<u32, String>,
        members: &BTreeSet<u32>,
    ) -> Option<Started> {
        match action {
            Action::Pseudo(number) => {
                self.finish(number, true);
                None
            }
            Action::Cluster(action) => Some(Started::Cluster(action)),
            Action::Resource(action) => {
                let node = nodes
                    .iter()
                    .find(|(_, name)| name.eq_ignore_ascii_case(&action.node))
                    .map(|(node, _)| *node)
                    .filter(|node| members.contains(node));
                match node {
                    Some(node) if action.router.is_none() => {
                        Some(Started::Said(self.message(node, action)))
                    }
                    _ => {
                        let why = match action.router {
                            Some(_) => "remote and guest nodes are not reached",
                            None => "its node is not in the view",
                        };
                        let number = action.number;
                        self.finish(number, false);
                        Some(Started::Impossible(Report::Impossible {
                            number,
                            what: format!(
                                "{} of {}",
                                action.operation.task, action.operation.resource
                            ),
                            why,
                        }))
                    }
                }
            }
        }
    }

    fn message(&self, node: u32, action: ResourceAction) -> Message {
        let mut operation = action.operation;
        operation.key.transition = self.number;
        operation.key.controller.clone_from(&self.controller);
        if operation.task == "cancel" {
            let task = operation.meta("operation").unwrap_or("monitor").to_owned();
            return Message::Cancel {
                node,
                key: operation.key,
                resource: operation.resource,
                task,
                interval_ms: operation.interval_ms,
            };
        }
        Message::Execute { node, operation }
    }

    /// An action is done.
    pub fn finish(&mut self, number: u32, is_good: bool) -> Finished {
        let Some(flight) = self.in_flight.remove(&number) else {
            return Finished::Unknown;
        };
        self.probes.remove(&number);
        let step = &self.graph.steps[flight.step];
        if !is_good {
            // What is more urgent than what failed goes on.
            self.walk.abort(step.priority.saturating_add(1));
        }
        let (left, all_good) = self.steps.get(&flight.step).copied().unwrap_or((1, true));
        let state = (left - 1, all_good && is_good);
        if state.0 == 0 {
            self.steps.remove(&flight.step);
            self.walk.done(&self.graph, flight.step, state.1);
        } else {
            self.steps.insert(flight.step, state);
        }
        if is_good {
            Finished::Done
        } else {
            Finished::Failed
        }
    }
}

fn probes(graph: &Graph<Action>) -> BTreeMap<u32, String> {
    let actions = graph.steps.iter().flat_map(|step| &step.actions);
    actions
        .filter_map(|action| match action {
            Action::Resource(action) => Some(action),
            Action::Pseudo(_) | Action::Cluster(_) => None,
        })
        .filter(|action| action.operation.task == "monitor" && action.operation.interval_ms == 0)
        .map(|action| (action.number, action.node.clone()))
        .collect()
}

/// Whether a node is let go before its probes say what runs on it: graphs do not order the two.
fn lets_go_unknown(step: &Step<Action>, probes: &BTreeMap<u32, String>) -> bool {
    step.actions.iter().any(|action| match action {
        Action::Cluster(action) if action.task == "do_shutdown" => {
            probes.values().any(|node| *node == action.node)
        }
        _ => false,
    })
}
