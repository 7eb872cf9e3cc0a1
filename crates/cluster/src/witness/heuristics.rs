//! Commands that tell whether this node is fit to go on (`quorum.device.heuristics`).

use std::process::Stdio;
use std::time::Duration;

use corosync_config::model;
use quorum::ViewId;
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
    /// The view in which they were run last.
    view: Option<ViewId>,
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
            view: None,
        }
    }

    /// Waits for a result.
    pub async fn ready(&mut self) {
        match self.results.recv().await {
            Some(result) => (self.last, self.running) = (result, false),
            None => std::future::pending().await,
        }
    }

    /// What the commands said last; they are run again when it is time, or when the view is another
    /// one than before.
    pub fn observe(&mut self, now: Duration, view: Option<ViewId>) -> Heuristics {
        if let Ok(result) = self.results.try_recv() {
            (self.last, self.running) = (result, false);
        }
        let changed = self.view != view;
        let occasion = if changed {
            Occasion::Change
        } else {
            Occasion::Interval
        };
        if self.running || !(changed || now >= self.next_at) {
            return self.last;
        }
        self.view = view;
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

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn observer(mode: HeuristicsMode, command: &[&str]) -> Observer {
        let (tell, results) = mpsc::channel(1);
        Observer {
            settings: HeuristicsSettings {
                mode,
                timeout: LIMIT,
                sync_timeout: LIMIT,
                interval: LIMIT,
            },
            commands: vec![command.iter().map(ToString::to_string).collect()],
            last: Heuristics::Disabled,
            running: false,
            results,
            tell,
            next_at: Duration::ZERO,
            view: None,
        }
    }

    fn view(counter: u64) -> Option<ViewId> {
        Some(ViewId { counter, leader: 1 })
    }

    #[tokio::test]
    async fn mode_sync_runs_the_commands_once_for_each_view() {
        let mut observer = observer(HeuristicsMode::Sync, &["true"]);
        observer.observe(Duration::ZERO, view(1));
        assert!(observer.running);
        observer.ready().await;
        assert_eq!(
            observer.observe(LIMIT * 2, view(1)),
            Heuristics::of(vec![true])
        );
        assert!(!observer.running);
        observer.commands = vec![vec!["false".to_owned()]];
        observer.observe(LIMIT * 3, view(2));
        observer.ready().await;
        assert_eq!(
            observer.observe(LIMIT * 3, view(2)),
            Heuristics::of(vec![false])
        );
    }

    #[tokio::test]
    async fn mode_on_runs_them_at_intervals_too_and_ends_what_takes_too_long() {
        let mut observer = observer(HeuristicsMode::On, &["sleep", "1000"]);
        observer.settings.sync_timeout = Duration::from_millis(20);
        observer.observe(Duration::ZERO, view(1));
        observer.ready().await;
        assert_eq!(
            observer.observe(LIMIT / 2, view(1)),
            Heuristics::of(vec![false])
        );
        assert!(!observer.running);
        observer.commands = vec![vec!["true".to_owned()]];
        observer.observe(LIMIT, view(1));
        observer.ready().await;
        assert_eq!(observer.observe(LIMIT, view(1)), Heuristics::of(vec![true]));
    }
}
