//! Hosts, asked all the time.

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::events::Events;
use crate::native::file_watch::FileWatch;
use crate::outcome::Outcome;
use crate::watch::{Waiting, Watching};

use super::Parameters;
use super::pinger::Pinger;

/// Which hosts answer, in the parameters' order; `None` as long as that is not known.
type Answers = Vec<Option<bool>>;

/// A watch over what hosts answer.
#[derive(Debug)]
pub(super) struct PingWatch {
    parameters: Parameters,
    file: FileWatch,
    answers: watch::Receiver<Answers>,
    /// How many answered when that was told.
    told: Option<usize>,
    /// One for each host; they end with the watch.
    _askers: JoinSet<()>,
}

impl PingWatch {
    pub(super) fn open(events: &Events, parameters: Parameters) -> Option<Self> {
        let file = parameters.state_file.clone();
        let file = FileWatch::open(events, file, |file| format!("{} is gone", file.display()))?;
        let (tell, answers) = watch::channel(vec![None; parameters.hosts.len()]);
        let mut askers = JoinSet::new();
        for (index, host) in parameters.hosts.iter().enumerate() {
            let asker = Asker {
                pinger: Pinger::new(host, parameters.patience).listening(events.network().ok()?),
                index,
                tell: tell.clone(),
            };
            askers.spawn(asker.ask());
        }
        Some(Self {
            parameters,
            file,
            answers,
            told: None,
            _askers: askers,
        })
    }

    async fn news(&mut self) -> Outcome {
        loop {
            let known: Option<Vec<bool>> =
                self.answers.borrow_and_update().iter().copied().collect();
            let answering = known.map(|known| known.into_iter().filter(|known| *known).count());
            if let Some(answering) = answering.filter(|_| answering != self.told) {
                self.told = Some(answering);
                return self.parameters.outcome(answering);
            }
            tokio::select! {
                changed = self.answers.changed() => if changed.is_err() {
                    // There are no hosts: only the file matters.
                    return self.file.gone().await;
                },
                gone = self.file.gone() => return gone,
            }
        }
    }
}

impl Watching for PingWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.news())
    }
}

/// Asks one host all the time.
struct Asker {
    pinger: Pinger,
    index: usize,
    tell: watch::Sender<Answers>,
}

impl Asker {
    async fn ask(mut self) {
        loop {
            let answers = self.pinger.answers().await;
            self.is(answers);
            if answers {
                self.pinger.rest().await;
            } else {
                self.pinger.is_back().await;
                self.is(true);
            }
        }
    }

    fn is(&self, answers: bool) {
        self.tell.send_if_modified(|all| {
            let known = &mut all[self.index];
            let is_new = *known != Some(answers);
            *known = Some(answers);
            is_new
        });
    }
}
