//! Commands that tell whether this node is fit to go on (`quorum.device.heuristics`).

use std::process::Stdio;
use std::time::Duration;

use corosync_config::model;
use quorum::witness::{
    DEFAULT_HEURISTICS_INTERVAL, DEFAULT_HEURISTICS_SYNC_TIMEOUT, DEFAULT_HEURISTICS_TIMEOUT,
    Heuristics, HeuristicsMode, HeuristicsSettings, Occasion,
};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Runs the commands when they are due, and remembers what came of them.
pub struct Observer {
    settings: HeuristicsSettings,
    commands: Vec<Vec<String>>,
    last: Heuristics,
    running: bool,
    results: mpsc::Receiver<Heuristics>,
    tell: mpsc::Sender<Heuristics>,
    next_at: Duration,
    votes: Option<u32>,
}

impl Observer {
    /// An observer with the commands of a configuration; nothing runs yet.
    #[must_use]
    pub fn start(written: &model::Heuristics) -> Self {
        let ms = |option: &Option<diagnostics::Spanned<u32>>, default: Duration| {
            option
                .as_ref()
                .map_or(default, |ms| Duration::from_millis(ms.value.into()))
        };
        let settings = HeuristicsSettings {
            mode: match written.mode.as_ref().map(|mode| mode.value) {
                Some(model::HeuristicsMode::On) => HeuristicsMode::On,
                Some(model::HeuristicsMode::Sync) => HeuristicsMode::Sync,
                Some(model::HeuristicsMode::Off) | None => HeuristicsMode::Off,
            },
            timeout: ms(&written.timeout_ms, DEFAULT_HEURISTICS_TIMEOUT),
            sync_timeout: ms(&written.sync_timeout_ms, DEFAULT_HEURISTICS_SYNC_TIMEOUT),
            interval: ms(&written.interval_ms, DEFAULT_HEURISTICS_INTERVAL),
        };
        // As corosync-qdevice(8): words between blanks, no shell.
        let words = |command: &model::Command| {
            command
                .line
                .value
                .split_whitespace()
                .map(str::to_owned)
                .collect()
        };
        let (tell, results) = mpsc::channel(1);
        Self {
            settings,
            commands: written.commands.iter().map(words).collect(),
            last: Heuristics::Disabled,
            running: false,
            results,
            tell,
            next_at: Duration::ZERO,
            votes: None,
        }
    }

    /// Waits for a result.
    pub async fn ready(&mut self) {
        match self.results.recv().await {
            Some(result) => (self.last, self.running) = (result, false),
            None => std::future::pending().await,
        }
    }

    /// What the commands said last; they are run again when it is time, or when the votes that are
    /// present are others than before.
    pub fn observe(&mut self, now: Duration, votes: u32) -> Heuristics {
        if let Ok(result) = self.results.try_recv() {
            (self.last, self.running) = (result, false);
        }
        let changed = self.votes != Some(votes);
        let occasion = if changed {
            Occasion::Change
        } else {
            Occasion::Interval
        };
        if self.running || !(changed || now >= self.next_at) {
            return self.last;
        }
        self.votes = Some(votes);
        self.next_at = now + self.settings.interval;
        if let Some(limit) = self
            .settings
            .due(occasion)
            .filter(|_| !self.commands.is_empty())
        {
            self.running = true;
            tokio::spawn(run_all(self.commands.clone(), limit, self.tell.clone()));
        }
        self.last
    }

    /// When the commands are to be run next.
    #[must_use]
    pub fn deadline(&self) -> Duration {
        let runs = self.settings.due(Occasion::Interval).is_some() && !self.commands.is_empty();
        if runs { self.next_at } else { Duration::MAX }
    }
}

/// All commands at once; those that take too long are ended.
async fn run_all(commands: Vec<Vec<String>>, limit: Duration, tell: mpsc::Sender<Heuristics>) {
    let mut running = JoinSet::new();
    for words in commands {
        running.spawn(async move {
            let Some((program, arguments)) = words.split_first() else {
                return false;
            };
            let child = Command::new(program)
                .args(arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .status();
            matches!(tokio::time::timeout(limit, child).await, Ok(Ok(status)) if status.success())
        });
    }
    let results = running.join_all().await;
    let _ = tell.send(Heuristics::of(results)).await;
}
