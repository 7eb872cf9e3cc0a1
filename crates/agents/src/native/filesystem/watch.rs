//! A mount, watched by the kernel's events.

use system::mounts::MountMonitor;

use crate::events::{Events, Subscription};
use crate::operation::Operation;
use crate::outcome::{OcfCode, Outcome};
use crate::watch::{Waiting, Watching};

use super::wanted::Wanted;
use super::{judge, listed_folder};

/// A watch over one mount.
#[derive(Debug)]
pub(super) struct MountWatch {
    events: Subscription<MountMonitor>,
    monitor: Operation,
    wanted: Wanted,
}

impl MountWatch {
    pub(super) fn open(events: &Events, monitor: &Operation, wanted: Wanted) -> Option<Self> {
        Some(Self {
            events: events.mounts().ok()?,
            monitor: monitor.clone(),
            wanted,
        })
    }

    async fn failed(&mut self) -> Outcome {
        let first = super::is_mounted(&self.monitor, &self.wanted).await;
        let first = first.unwrap_or_else(|failed| *failed);
        let Some(folder) = self.wanted.folder.clone() else {
            return first;
        };
        if first.code != OcfCode::Ok {
            return first;
        }
        loop {
            let outcome = match self.events.next().await {
                Ok(Some(mounts)) => {
                    let listed = listed_folder(&folder, &mounts).await;
                    judge(&self.monitor, &listed, &mounts)
                }
                Ok(None) => super::is_mounted(&self.monitor, &self.wanted)
                    .await
                    .unwrap_or_else(|failed| *failed),
                Err(error) => super::failed(format!("events of the kernel: {error}")),
            };
            if outcome.code != OcfCode::Ok {
                return outcome;
            }
        }
    }
}

impl Watching for MountWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.failed())
    }
}
