//! Events in place of polls: what native agents watch, and whose monitor is to look out of turn.

use std::collections::BTreeMap;
use std::time::Duration;

use agents::{Executor, Operation};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::Ended;

/// A watch that reports again so soon is believed later: its monitor did not find what it reports.
const SOON: Duration = Duration::from_millis(500);

/// The watches of this machine's resources.
#[derive(Default)]
pub(super) struct Watching {
    watches: BTreeMap<String, Watched>,
}

struct Watched {
    task: AbortHandle,
    fired_at: Option<Instant>,
    is_armed: bool,
}

impl Watching {
    /// A recurring monitor has found its resource well: what its agent can watch is watched until it
    /// is no longer so.
    pub fn arm(
        &mut self,
        executor: &Executor,
        monitor: &Operation,
        tell: &mpsc::UnboundedSender<Ended>,
    ) {
        let resource = &monitor.resource;
        let known = self.watches.get(resource);
        if known.is_some_and(|watched| watched.is_armed) {
            return;
        }
        let Some(mut watch) = executor.watch(monitor) else {
            return;
        };
        let fired_at = known.and_then(|watched| watched.fired_at);
        let is_hasty = fired_at.is_some_and(|at| at.elapsed() < SOON);
        let (resource, tell) = (resource.clone(), tell.clone());
        let name = resource.clone();
        let task = tokio::spawn(async move {
            if is_hasty {
                tokio::time::sleep(SOON).await;
            }
            loop {
                let news = watch.changed().await;
                if !news.code.is_active() {
                    break;
                }
                let _ = tell.send(Ended::Attributes(news.attributes));
            }
            let _ = tell.send(Ended::Noticed(name));
        });
        let watched = Watched {
            task: task.abort_handle(),
            fired_at,
            is_armed: true,
        };
        self.watches.insert(resource, watched);
    }

    /// The watch of a resource has reported, and is over.
    pub fn fired(&mut self, resource: &str) {
        if let Some(watched) = self.watches.get_mut(resource) {
            watched.is_armed = false;
            watched.fired_at = Some(Instant::now());
        }
    }

    /// Something is done to a resource: what is seen meanwhile means nothing.
    pub fn end(&mut self, resource: &str) {
        if let Some(watched) = self.watches.remove(resource) {
            watched.task.abort();
        }
    }
}
