//! Quorum's record on disk, beside the CIB: what a node must not forget.

use quorum::{Record, Start};
use replica::WriteFailure;
use replica::store::{Disk, DiskError, DiskErrorKind, Store};
use sha2::{Digest, Sha256};

use crate::node::Write;

/// The file.
pub const RECORD: &str = "quorum-record";
/// What is being written takes this name first.
const RECORD_NEW: &str = "quorum-record.new";
/// Where a record is put that cannot be read.
pub const RECORD_CORRUPT: &str = "corrupt-quorum-record";
/// The longest record.
const RECORD_LIMIT_BYTES: usize = 64 * 1024;
/// A SHA-256 digest.
const DIGEST_BYTES: usize = 32;

/// Has it on disk when it returns without an error.
///
/// # Errors
/// Those of the disk. What was there before is there still.
fn write_record(disk: &mut impl Disk, record: &Record) -> Result<(), DiskError> {
    let content = record.encode();
    let mut bytes = Sha256::digest(&content).to_vec();
    bytes.extend_from_slice(&content);
    disk.write_new(RECORD_NEW, &bytes)?;
    disk.sync_file(RECORD_NEW)?;
    disk.rename(RECORD_NEW, RECORD)?;
    disk.sync_folder()
}

/// Carries out a write of a node.
///
/// # Errors
/// A full disk, or any other failure. What was there before is there still.
pub fn perform<D: Disk>(store: &mut Store<D>, write: &Write) -> Result<(), WriteFailure> {
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

/// What a node finds when it starts, and whether a damaged record was set aside.
///
/// # Errors
/// Where the disk does not give the record: the node would forget what it has promised.
pub fn read_record(disk: &mut impl Disk) -> Result<(Start, bool), DiskError> {
    let names = disk.list()?;
    if !names.iter().any(|name| name == RECORD) {
        let lost = names.iter().any(|name| name == RECORD_CORRUPT);
        return Ok((if lost { Start::Lost } else { Start::New }, false));
    }
    let bytes = disk.read(RECORD, RECORD_LIMIT_BYTES)?;
    let record = bytes
        .split_at_checked(DIGEST_BYTES)
        .and_then(|(digest, content)| {
            (Sha256::digest(content).as_slice() == digest).then(|| Record::decode(content).ok())?
        });
    if let Some(record) = record {
        return Ok((Start::Kept(record), false));
    }
    disk.rename(RECORD, RECORD_CORRUPT)?;
    Ok((Start::Lost, true))
}
