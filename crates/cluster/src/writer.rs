//! The thread that writes: fsync takes its time, and the group must not wait for it.

use std::path::Path;
use std::sync::mpsc;
use std::thread;

use cluster_node::{Write, WriteNumber};
use quorum::Record;
use replica::WriteFailure;
use replica::store::{self, Disk, DiskErrorKind, Store};
use sha2::{Digest, Sha256};
use tokio::sync::mpsc as tokio_mpsc;

use crate::disk::Folder;

/// Quorum's record, beside the CIB.
const RECORD: &str = "quorum-record";
/// What is being written takes this name first.
const RECORD_NEW: &str = "quorum-record.new";
/// Where a record is put that cannot be read.
const RECORD_CORRUPT: &str = "corrupt-quorum-record";
/// How many times the daemon has begun, and the greatest counter of a view it has seen.
const RECORD_LIMIT_BYTES: usize = 64 * 1024;
/// A SHA-256 digest.
const DIGEST_BYTES: usize = 32;

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
        let record = read_record(&mut disk, &mut said)?;
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

fn perform(store: &mut Store<Folder>, write: &Write) -> Result<(), WriteFailure> {
    match write {
        Write::Replica(job) => store.perform(job),
        Write::Record(record) => {
            write_record(store.disk(), record).map_err(|error| match error.kind {
                DiskErrorKind::Full => WriteFailure::Full,
                _ => WriteFailure::Other(error.text),
            })
        }
    }
}

fn write_record(disk: &mut impl Disk, record: &Record) -> Result<(), store::DiskError> {
    let content = record.encode();
    let mut bytes = Sha256::digest(&content).to_vec();
    bytes.extend_from_slice(&content);
    disk.write_new(RECORD_NEW, &bytes)?;
    disk.sync_file(RECORD_NEW)?;
    disk.rename(RECORD_NEW, RECORD)?;
    disk.sync_folder()
}

/// A record that is damaged is set aside; one that the disk does not give is an error, since the node
/// would forget what it has promised.
fn read_record(disk: &mut impl Disk, said: &mut Vec<String>) -> Result<quorum::Start, String> {
    let names = disk.list().map_err(|error| error.to_string())?;
    if !names.iter().any(|name| name == RECORD) {
        let lost = names.iter().any(|name| name == RECORD_CORRUPT);
        return Ok(if lost {
            quorum::Start::Lost
        } else {
            quorum::Start::New
        });
    }
    let bytes = disk
        .read(RECORD, RECORD_LIMIT_BYTES)
        .map_err(|error| error.to_string())?;
    let record = bytes
        .split_at_checked(DIGEST_BYTES)
        .and_then(|(digest, content)| {
            (Sha256::digest(content).as_slice() == digest).then(|| Record::decode(content).ok())?
        });
    if let Some(record) = record {
        return Ok(quorum::Start::Kept(record));
    }
    disk.rename(RECORD, RECORD_CORRUPT)
        .map_err(|error| error.to_string())?;
    said.push(format!("{RECORD} is damaged and kept as {RECORD_CORRUPT}; this node has no vote until it is with a quorum"));
    Ok(quorum::Start::Lost)
}
