//! Units watched by systemd's signals: one connection and one reader for all of them.

use std::sync::{Arc, Weak};

use futures_util::StreamExt as _;
use tokio::sync::{Mutex, broadcast};
use tokio::task::JoinHandle;
use zbus::OwnedObjectPath;

use super::bus::{Problem, Systemd, Unit};
use super::{bounded, monitor};
use crate::executor::Settings;
use crate::folders::unit_name;
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::{Waiting, Watching};

/// How many signals a watch may be behind before it looks for itself.
const MAX_WAITING: usize = 64;

/// The connection of all watches, there as long as there are some.
#[derive(Debug, Default)]
pub(crate) struct UnitEvents(Mutex<Weak<Feed>>);

/// Which unit's properties have changed; `None`: the connection has ended.
type Changed = Option<OwnedObjectPath>;

#[derive(Debug)]
struct Feed {
    systemd: Systemd,
    sender: broadcast::Sender<Changed>,
    reader: JoinHandle<()>,
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl UnitEvents {
    async fn feed(&self, address: Option<&str>) -> Result<Arc<Feed>, Problem> {
        let mut shared = self.0.lock().await;
        if let Some(feed) = shared.upgrade().filter(|feed| !feed.reader.is_finished()) {
            return Ok(feed);
        }
        let systemd = Systemd::connect(address).await?;
        let mut signals = systemd.signals().await?;
        let (sender, _) = broadcast::channel(MAX_WAITING);
        let tell = sender.clone();
        let reader = tokio::spawn(async move {
            // Nobody may listen at the moment: the feed is about to be dropped.
            while let Some(Ok(message)) = signals.next().await {
                let _ = tell.send(message.header().path().map(|path| path.to_owned().into()));
            }
            let _ = tell.send(None);
        });
        let feed = Arc::new(Feed {
            systemd,
            sender,
            reader,
        });
        *shared = Arc::downgrade(&feed);
        Ok(feed)
    }
}

/// A watch over one unit.
#[derive(Debug)]
pub(super) struct UnitWatch {
    events: Arc<UnitEvents>,
    address: Option<String>,
    monitor: Operation,
    joined: Option<Joined>,
}

#[derive(Debug)]
struct Joined {
    feed: Arc<Feed>,
    receiver: broadcast::Receiver<Changed>,
    unit: Unit,
}

impl UnitWatch {
    pub(super) fn new(events: Arc<UnitEvents>, settings: &Settings, monitor: &Operation) -> Self {
        Self {
            events,
            address: settings.system_bus.clone(),
            monitor: monitor.clone(),
            joined: None,
        }
    }

    async fn failed(&mut self) -> Outcome {
        loop {
            let operation = self.monitor.clone();
            let outcome = bounded(&operation, self.look()).await;
            if outcome.code != OcfCode::Ok {
                return outcome;
            }
            self.changed().await;
        }
    }

    /// What a monitor says, with signals being heard from before it.
    async fn look(&mut self) -> Result<Outcome, Problem> {
        let joined = match &mut self.joined {
            Some(joined) => joined,
            none => {
                let feed = self.events.feed(self.address.as_deref()).await?;
                let receiver = feed.sender.subscribe();
                let name = unit_name(self.monitor.agent.agent());
                let unit = feed.systemd.load(&name).await?;
                none.insert(Joined {
                    feed,
                    receiver,
                    unit,
                })
            }
        };
        monitor(&joined.feed.systemd, &joined.unit, &self.monitor).await
    }

    /// Waits for a signal about the unit.
    async fn changed(&mut self) {
        use broadcast::error::RecvError;
        while let Some(joined) = &mut self.joined {
            match joined.receiver.recv().await {
                Ok(Some(path)) if joined.unit.has_path(&path) => return,
                Ok(Some(_other)) => {}
                Err(RecvError::Lagged(_)) => return,
                // The next look connects anew, and says what is wrong where it cannot.
                Ok(None) | Err(RecvError::Closed) => self.joined = None,
            }
        }
    }
}

impl Watching for UnitWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.failed())
    }
}
