//! The thread that writes: fsync takes its time, and the group must not wait for it.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use cluster_node::{RECORD, RECORD_CORRUPT, Write, WriteNumber, perform, read_record};
use replica::WriteFailure;
use replica::store::{self, Store};
use tokio::sync::mpsc as tokio_mpsc;

use crate::disk::Folder;

/// How a write went.
pub type Written = (WriteNumber, Result<(), WriteFailure>);

/// What a node finds on its disk.
pub struct Found {
    /// The CIB.
    pub start: store::Start,
    /// Quorum's record.
    pub record: quorum::Start,
    /// For the log.
    pub said: Vec<String>,
}

/// The thread that writes.
pub struct Writer {
    jobs: mpsc::Sender<(WriteNumber, Write)>,
    /// What it has done.
    pub done: tokio_mpsc::UnboundedReceiver<Written>,
}

impl Writer {
    /// Reads what there is, and starts the thread.
    ///
    /// # Errors
    /// Where the folder cannot be used.
    pub fn start(folder: &Path, generations: Option<usize>) -> Result<(Self, Found), String> {
        let mut disk =
            Folder::open(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut said = Vec::new();
        let (record, damaged) = read_record(&mut disk).map_err(|error| error.to_string())?;
        if damaged {
            said.push(format!(
                "{RECORD} is damaged and kept as {RECORD_CORRUPT}; this node has no vote until it is \
                 with a quorum"
            ));
        }
        let (mut store, start) = Store::open(disk).map_err(|error| error.to_string())?;
        if let Some(generations) = generations {
            store.set_generations(generations);
        }
        said.extend(start.reports.iter().map(ToString::to_string));
        let (jobs, to_do) = mpsc::channel();
        let (tell, done) = tokio_mpsc::unbounded_channel();
        let work = move || {
            for (number, write) in to_do {
                let result = perform(&mut store, &write);
                if tell.send((number, result)).is_err() {
                    break;
                }
            }
        };
        thread::Builder::new()
            .name("keel-disk".to_owned())
            .spawn(work)
            .map_err(|error| error.to_string())?;
        Ok((
            Self { jobs, done },
            Found {
                start,
                record,
                said,
            },
        ))
    }

    /// Has something written. What is asked for first is done first.
    pub fn write(&self, number: WriteNumber, write: Write) {
        // The thread ends only with this process.
        let _ = self.jobs.send((number, write));
    }
}
