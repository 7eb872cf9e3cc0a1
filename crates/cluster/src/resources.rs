//! Resources on this machine: agents are called, and the scheduler is run, beside the daemon's own work.
//!
//! ```text
//! Operate ─► agents::Executor (a task each) ─┐
//! Decide ──► scheduler (a thread) ───────────┼─► Ended ─► ClusterNode
//!            watches of native agents ───────┘
//! ```

mod watching;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agents::{AgentName, AttributeUpdate, ExecutionStatus, Executor, OcfCode};
use cib::time::DateTime;
use cib::xml::Document;
use cluster_node::{
    Agent, CallId, ClusterNode, Operation, OperationResult, OperationStatus, Ticket,
};
use tokio::sync::{Semaphore, mpsc};

use watching::Watching;

/// Operations that run at once for each core; what is more waits its turn
/// (`node-action-limit`).
const OPERATIONS_FOR_EACH_CORE: usize = 2;

/// What an agent was asked, and what it answered.
pub struct Answered {
    /// What it was asked.
    pub operation: agents::Operation,
    /// What it answered.
    pub outcome: agents::Outcome,
    /// The exit code that was expected.
    pub expected: i32,
}

/// Something that was begun has ended, or was seen.
pub enum Ended {
    /// An agent has answered.
    Operation(CallId, Box<Answered>),
    /// An agent could not be called.
    Unnamed(CallId, String),
    /// The scheduler has decided; the graph.
    Decision(Ticket, Document),
    /// A resource is no longer as its monitor would have it.
    Noticed(String),
    /// A resource is well, and its agent wants these attributes of the node.
    Attributes(Vec<AttributeUpdate>),
}

/// Whoever carries actions out.
pub struct ResourceSide {
    executor: Arc<Executor>,
    watching: Watching,
    turns: Arc<Semaphore>,
    tell: mpsc::UnboundedSender<Ended>,
    ended: mpsc::UnboundedReceiver<Ended>,
}

impl ResourceSide {
    /// With these agents.
    #[must_use]
    pub fn new(settings: agents::Settings) -> Self {
        let (tell, ended) = mpsc::unbounded_channel();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            executor: Arc::new(Executor::new(settings)),
            watching: Watching::default(),
            turns: Arc::new(Semaphore::new(cores * OPERATIONS_FOR_EACH_CORE)),
            tell,
            ended,
        }
    }

    /// What has ended, once something has. Safe to be cancelled.
    pub async fn next(&mut self) -> Ended {
        match self.ended.recv().await {
            Some(ended) => ended,
            // Never: there is a sender in `self`.
            None => std::future::pending().await,
        }
    }

    /// What has ended already.
    pub fn ready(&mut self) -> Option<Ended> {
        self.ended.try_recv().ok()
    }

    /// Tells the node what has ended. Where it is an agent's answer, that is given back.
    pub fn tell(
        &mut self,
        node: &mut ClusterNode,
        now: Duration,
        ended: Ended,
    ) -> Option<Box<Answered>> {
        match ended {
            Ended::Operation(call, answered) => {
                let Answered {
                    operation, outcome, ..
                } = &*answered;
                if is_well(operation, outcome) {
                    self.watching.arm(&self.executor, operation, &self.tell);
                }
                set_attributes(node, now, &outcome.attributes);
                node.operated(now, call, result(outcome));
                return Some(answered);
            }
            Ended::Attributes(attributes) => set_attributes(node, now, &attributes),
            Ended::Unnamed(call, why) => node.operated(now, call, not_installed(why)),
            Ended::Decision(ticket, graph) => node.decided(now, ticket, &graph),
            Ended::Noticed(resource) => {
                self.watching.fired(&resource);
                node.noticed(now, &resource);
            }
        }
        None
    }

    /// Has an agent carry out an operation.
    pub fn operate(&mut self, call: CallId, operation: &Operation) {
        let tell = self.tell.clone();
        let asked = match asked(operation) {
            Ok(asked) => asked,
            Err(why) => {
                // The receiver is in `self`.
                let _ = tell.send(Ended::Unnamed(call, why));
                return;
            }
        };
        if asked.action != "monitor" {
            self.watching.end(&asked.resource);
        }
        let expected = operation.key.expected;
        let (executor, turns) = (Arc::clone(&self.executor), Arc::clone(&self.turns));
        tokio::spawn(async move {
            // The semaphore is never closed.
            let _turn = turns.acquire().await;
            let outcome = executor.carry_out(&asked).await;
            let answered = Answered {
                operation: asked,
                outcome,
                expected,
            };
            let _ = tell.send(Ended::Operation(call, Box::new(answered)));
        });
    }

    /// Runs the scheduler on a thread of its own.
    pub fn decide(&self, ticket: Ticket, cib: Arc<Document>) {
        let tell = self.tell.clone();
        tokio::task::spawn_blocking(move || {
            let graph = scheduler::graph_for(&cib, DateTime::from_epoch_s(epoch_s()));
            let _ = tell.send(Ended::Decision(ticket, graph));
        });
    }
}

fn set_attributes(node: &mut ClusterNode, now: Duration, attributes: &[AttributeUpdate]) {
    for update in attributes {
        node.attribute(now, &update.name, update.value.as_deref(), update.dampening);
    }
}

/// Whether a recurring monitor found its resource running.
fn is_well(operation: &agents::Operation, outcome: &agents::Outcome) -> bool {
    operation.action == "monitor"
        && !operation.interval.is_zero()
        && outcome.status == ExecutionStatus::Done
        && matches!(outcome.code, OcfCode::Ok | OcfCode::Promoted)
}

/// What the calendar of this machine says, in seconds since 1970.
#[must_use]
pub fn epoch_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    })
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
    text.parse()
        .map_err(|error: agents::NameError| error.to_string())
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
        code: i32::from(OcfCode::NotInstalled.number()),
        reason: why,
        took: Duration::ZERO,
    }
}
