//! Resources on this machine: agents are called, and the scheduler is run, beside the daemon's own work.
//!
//! ```text
//! Action ─► begin ─┬─► agents::Executor (a task each) ──┐
//!                  ├─► scheduler (a thread)  ───────────┼─► Ended ─► ClusterNode
//!                  └─► fencing  ────────────────────────┘
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agents::{AgentName, ExecutionStatus, Executor};
use cib::time::DateTime;
use cib::xml::Document;
use cluster_node::{
    Action, Agent, CallId, ClusterNode, Operation, OperationResult, OperationStatus, Ticket,
};
use scheduler::{Wishes, expansion};
use tokio::sync::{Semaphore, mpsc};

/// Operations of scripts that run at once for each core; what is more waits its turn
/// (`node-action-limit`).
const SCRIPTS_FOR_EACH_CORE: usize = 2;

/// Something that was begun has ended.
pub enum Ended {
    /// An agent has answered.
    Operation(CallId, OperationResult),
    /// The scheduler has decided; the graph.
    Decision(Ticket, Document),
    /// A node was fenced, or not.
    Fencing(Ticket, bool),
}

impl Ended {
    /// Tells the node.
    pub fn tell(self, node: &mut ClusterNode, now: Duration) {
        match self {
            Self::Operation(call, result) => node.operated(now, call, result),
            Self::Decision(ticket, graph) => node.decided(now, ticket, &graph),
            Self::Fencing(ticket, is_done) => node.fenced(now, ticket, is_done),
        }
    }
}

/// Whoever carries actions out.
pub struct ResourceSide {
    executor: Arc<Executor>,
    turns: Arc<Semaphore>,
    tell: mpsc::UnboundedSender<Ended>,
    /// What has ended.
    pub ended: mpsc::UnboundedReceiver<Ended>,
}

impl ResourceSide {
    /// With these agents.
    #[must_use]
    pub fn new(settings: agents::Settings) -> Self {
        let (tell, ended) = mpsc::unbounded_channel();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            executor: Arc::new(Executor::new(settings)),
            turns: Arc::new(Semaphore::new(cores * SCRIPTS_FOR_EACH_CORE)),
            tell,
            ended,
        }
    }

    /// Begins what can be begun; what it has for the log.
    pub fn begin(&self, action: Action) -> Option<String> {
        match action {
            Action::Operate(call, operation) => self.operate(call, operation),
            Action::Decide(ticket, cib) => self.decide(ticket, cib),
            Action::Fence(ticket, fencing) => {
                // Nobody listens any more: the daemon ends.
                let _ = self.tell.send(Ended::Fencing(ticket, false));
                return Some(format!(
                    "{} cannot be fenced: no fence device is configured",
                    fencing.target
                ));
            }
            Action::MayLeave => {}
            Action::Report(report) => return Some(report.to_string()),
        }
        None
    }

    fn operate(&self, call: CallId, operation: Operation) {
        let (executor, turns) = (Arc::clone(&self.executor), Arc::clone(&self.turns));
        let tell = self.tell.clone();
        tokio::spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire().await;
            let result = match asked(&operation) {
                Ok(asked) => result(&executor.carry_out(&asked).await),
                Err(why) => not_installed(why),
            };
            let _ = tell.send(Ended::Operation(call, result));
        });
    }

    fn decide(&self, ticket: Ticket, cib: Arc<Document>) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            let _ = tell.send(Ended::Decision(ticket, graph_of(&cib)));
        });
    }
}

/// What is to be done, by the scheduler's word.
fn graph_of(cib: &Document) -> Document {
    let expanded = expansion::expand(cib);
    let moment = DateTime::from_epoch_s(epoch_s());
    let mut plan = scheduler::read(&expanded, moment, Wishes::default());
    let transition = scheduler::decide(&mut plan);
    let graph = transition.to_document(&plan);
    // A graph that is too large for a document is none: nothing is done.
    graph.unwrap_or_else(|_| Document::new("transition_graph"))
}

/// What the calendar of this machine says, in seconds since 1970.
#[must_use]
pub fn epoch_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

/// What the agent is asked: its own parameters and the cluster's apart.
fn asked(operation: &Operation) -> Result<agents::Operation, String> {
    let name = agent_name(&operation.agent)?;
    let resource = operation.resource.clone();
    let task = operation.task.clone();
    let mut asked = agents::Operation::new(name, resource, task, operation.timeout);
    asked.interval = Duration::from_millis(operation.interval_ms.into());
    let mut meta = BTreeMap::new();
    for (name, value) in &operation.parameters {
        match name.strip_prefix("CRM_meta_") {
            Some(name) => drop(meta.insert(name.replace('_', "-"), value.clone())),
            None if name == "OCF_CHECK_LEVEL" => asked.check_level = value.parse().unwrap_or(0),
            None => drop(asked.parameters.insert(name.clone(), value.clone())),
        }
    }
    asked.meta = meta;
    Ok(asked)
}

fn agent_name(agent: &Agent) -> Result<AgentName, String> {
    let Agent {
        class,
        provider,
        kind,
    } = agent;
    let text = match provider {
        Some(provider) => format!("{class}:{provider}:{kind}"),
        None => format!("{class}:{kind}"),
    };
    text.parse().map_err(|error: agents::NameError| error.to_string())
}

fn result(outcome: &agents::Outcome) -> OperationResult {
    OperationResult {
        outcome: match outcome.status {
            ExecutionStatus::Done => OperationStatus::Done,
            ExecutionStatus::Timeout => OperationStatus::TimedOut,
            ExecutionStatus::NotSupported => OperationStatus::NotSupported,
            ExecutionStatus::Error => OperationStatus::Error,
            ExecutionStatus::NotInstalled => OperationStatus::NotInstalled,
        },
        code: i32::from(outcome.code.number()),
        reason: outcome.exit_reason.clone(),
        took: outcome.duration,
    }
}

fn not_installed(why: String) -> OperationResult {
    OperationResult {
        outcome: OperationStatus::NotInstalled,
        code: i32::from(agents::OcfCode::NotInstalled.number()),
        reason: why,
        took: Duration::ZERO,
    }
}
