//! A file that is there while its resource runs, watched by the kernel's events.

use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use system::folder_events::{FolderEvent, FolderEvents, FolderId};

use crate::events::{Events, Subscription};
use crate::outcome::{OcfCode, Outcome};
use crate::watch::{Waiting, Watching};

/// A watch over one file.
#[derive(Debug)]
pub(super) struct FileWatch {
    events: Subscription<FolderEvents>,
    folder: FolderId,
    file: PathBuf,
    /// What is said when it is gone.
    reason: fn(&Path) -> String,
}

impl FileWatch {
    /// Begins to watch. `None` where the file's folder cannot be watched: the caller polls, which
    /// says why.
    pub(super) fn open(
        events: &Events,
        file: PathBuf,
        reason: fn(&Path) -> String,
    ) -> Option<Self> {
        let events = events.folders().ok()?;
        let folder = events.source().add(file.parent()?).ok()?;
        Some(Self {
            events,
            folder,
            file,
            reason,
        })
    }

    /// Waits until the file is gone, and answers what a monitor says then. Safe to be cancelled.
    pub(super) async fn gone(&mut self) -> Outcome {
        while self.file.is_file() {
            if let Err(error) = self.concerned().await {
                return Outcome::done(OcfCode::Error, format!("events of the kernel: {error}"));
            }
        }
        Outcome::done(OcfCode::NotRunning, (self.reason)(&self.file))
    }

    /// Waits for an event that may mean that the file is gone.
    async fn concerned(&mut self) -> io::Result<()> {
        let name = self.file.file_name().unwrap_or_default().as_bytes();
        loop {
            let Some(events) = self.events.next().await? else {
                return Ok(());
            };
            let concerns = |event: &FolderEvent| match event {
                FolderEvent::NameGone { folder, name: gone } => {
                    *folder == self.folder && gone == name
                }
                FolderEvent::FolderGone(folder) => *folder == self.folder,
                FolderEvent::Lost => true,
            };
            if events.iter().any(concerns) {
                return Ok(());
            }
        }
    }
}

impl Watching for FileWatch {
    fn changed(&mut self) -> Waiting<'_> {
        Box::pin(self.gone())
    }
}
