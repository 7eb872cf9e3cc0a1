//! Calls of fence agents on this machine, each a task that can be called off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cluster_node::{CallId, OperationResult, OperationStatus};
use fencing::call::{find, run};
use fencing::{Action, Call, CallResult, Device, Metadata, Parameters};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

/// How long an agent may take to describe itself.
const METADATA_TIMEOUT: Duration = Duration::from_secs(30);

/// Something has ended.
pub enum Ended {
    /// A call of this node's or of another one's.
    Call {
        /// Whose.
        asker: String,
        /// Its number there.
        number: u64,
        /// What came of it.
        result: CallResult,
    },
    /// An agent has said what it can, or why not.
    Metadata(String, Result<Metadata, String>),
    /// An operation of a stonith resource.
    Operation(CallId, OperationResult),
}

/// See above.
pub(super) struct Calls {
    running: BTreeMap<(String, u64), AbortHandle>,
    tell: mpsc::UnboundedSender<Ended>,
    ended: mpsc::UnboundedReceiver<Ended>,
}

impl Default for Calls {
    fn default() -> Self {
        let (tell, ended) = mpsc::unbounded_channel();
        Self {
            running: BTreeMap::new(),
            tell,
            ended,
        }
    }
}

impl Calls {
    /// What has ended, once something has. Safe to be cancelled.
    pub async fn next(&mut self) -> Ended {
        match self.ended.recv().await {
            Some(ended) => ended,
            // Never: there is a sender in `self`.
            None => std::future::pending().await,
        }
    }

    /// Makes a call for a node.
    pub fn call(&mut self, asker: &str, call: Call) {
        let (tell, asker) = (self.tell.clone(), asker.to_owned());
        let key = (asker.clone(), call.number);
        let task = tokio::spawn(async move {
            let result = make(&call.agent, &call.parameters, call.action, call.timeout).await;
            let number = call.number;
            // Nobody listens any more where the daemon ends.
            let _ = tell.send(Ended::Call {
                asker,
                number,
                result,
            });
        });
        self.running.insert(key, task.abort_handle());
    }

    /// A call is over, or is waited for no longer.
    pub fn forget(&mut self, asker: &str, number: u64) {
        if let Some(task) = self.running.remove(&(asker.to_owned(), number)) {
            task.abort();
        }
    }

    /// The node that waits for these calls is gone. What cuts a node off goes on: half of it is worse.
    pub fn forget_all_of(&mut self, asker: &str) {
        self.running.retain(|(owner, _), _| owner != asker);
    }

    /// Asks an agent what it can.
    pub fn describe(&mut self, agent: String) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let described = describe(&agent).await;
            let _ = tell.send(Ended::Metadata(agent, described));
        });
    }

    /// Looks whether a device is there.
    pub fn monitor(
        &mut self,
        call: CallId,
        device: Arc<Device>,
        metadata: Arc<Metadata>,
        timeout: Duration,
    ) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            let timeout = device.timeout(Action::Monitor, timeout);
            let told = device.told(Action::Monitor, None, &metadata);
            let mut result = CallResult::TimedOut;
            for _ in 0..device.attempts(Action::Monitor) {
                let left = timeout.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    break;
                }
                result = make(&device.agent, &told, Action::Monitor, left).await;
                if matches!(result, CallResult::Success { .. }) {
                    break;
                }
            }
            let mut result = operation_result(result);
            result.took = begun.elapsed();
            let _ = tell.send(Ended::Operation(call, result));
        });
    }
}

async fn make(
    agent: &str,
    parameters: &Parameters,
    action: Action,
    timeout: Duration,
) -> CallResult {
    let failed = |error: fencing::call::CallError| CallResult::Failed {
        reason: error.to_string(),
    };
    let path = match find(agent) {
        Ok(path) => path,
        Err(error) => return failed(error),
    };
    match run(&path, parameters, timeout).await {
        Ok(answer) => answer.result(action),
        Err(error) => failed(error),
    }
}

async fn describe(agent: &str) -> Result<Metadata, String> {
    let path = find(agent).map_err(|error| error.to_string())?;
    let mut told = Parameters::default();
    told.set("action", "metadata");
    let answer = run(&path, &told, METADATA_TIMEOUT)
        .await
        .map_err(|error| error.to_string())?;
    Metadata::parse(&answer.output).map_err(|error| error.to_string())
}

fn operation_result(result: CallResult) -> OperationResult {
    match result {
        CallResult::Success { .. } => OperationResult::done(0),
        CallResult::Failed { reason } => OperationResult::failed(reason),
        CallResult::TimedOut | CallResult::Lost => OperationResult {
            outcome: OperationStatus::TimedOut,
            ..OperationResult::failed("the fence agent took too long".to_owned())
        },
    }
}
