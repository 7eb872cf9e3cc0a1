//! Tracking scripts, run again and again.

use std::time::Duration;

use keepalived_config::model::TrackScript;
use system::awaited::Awaited;
use system::process::{Child, Exit, Signal};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::executable::Executable;

/// Results that may wait for the keeper; a script waits before it is run again while they are full.
pub(crate) const RESULT_QUEUE: usize = 64;
/// How long a script that ran out of time has after `SIGTERM` before `SIGKILL`.
const GRACE: Duration = Duration::from_secs(2);

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ScriptResult {
    /// The script's name.
    pub(crate) name: String,
    /// Whether it returned 0 in time.
    pub(crate) success: bool,
    /// What to tell the operator.
    pub(crate) outcome: String,
}

/// A script that is being run. Dropped: it is not run again, and a run that goes on is ended.
#[derive(Debug)]
pub(crate) struct Runner {
    pub(crate) script: TrackScript,
    pub(crate) executable: Executable,
    task: JoinHandle<()>,
}

impl Runner {
    /// Begins at once.
    pub(crate) fn start(
        script: TrackScript,
        executable: Executable,
        results: mpsc::Sender<ScriptResult>,
    ) -> Self {
        let task = tokio::spawn(repeat(script.clone(), executable.clone(), results));
        Self {
            script,
            executable,
            task,
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn repeat(script: TrackScript, executable: Executable, results: mpsc::Sender<ScriptResult>) {
    let mut pace = interval_at(Instant::now(), script.interval);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        pace.tick().await;
        let (success, outcome) = run(&executable, script.timeout).await;
        let name = script.name.value.clone();
        if results
            .send(ScriptResult {
                name,
                success,
                outcome,
            })
            .await
            .is_err()
        {
            return;
        }
    }
}

async fn run(executable: &Executable, limit: Duration) -> (bool, String) {
    let started = executable
        .spawn()
        .and_then(|child| Awaited::new(child).map(Group));
    let group = match started {
        Ok(group) => group,
        Err(error) => return (false, format!("cannot be started: {error}")),
    };
    match timeout(limit, group.0.read(Child::exit)).await {
        Ok(Ok(exit)) => (exit.success(), describe(exit)),
        Ok(Err(error)) => (false, format!("cannot be waited for: {error}")),
        Err(_) => {
            group.signal(Signal::SIGTERM);
            let _ = timeout(GRACE, group.0.read(Child::exit)).await;
            (false, format!("timed out after {limit:?}"))
        }
    }
}

fn describe(exit: Exit) -> String {
    match exit {
        Exit::Code(0) => "succeeded".to_owned(),
        other => format!("failed ({other})"),
    }
}

/// A script and all that it started; nothing of it outlives this.
struct Group(Awaited<Child>);

impl Group {
    fn signal(&self, signal: Signal) {
        // A group that is gone needs no signal.
        let _ = self.0.inner().signal(signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let ended = matches!(self.0.inner().try_wait(), Ok(Some(exit)) if exit.success());
        if !ended {
            self.signal(Signal::SIGKILL);
        }
        // Collects what was killed, so that no zombie is left; SIGKILL works at once.
        let _ = self.0.inner().wait_within(Duration::from_millis(5));
    }
}
