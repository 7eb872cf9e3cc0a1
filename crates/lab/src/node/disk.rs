//! A disk that is full.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::protocol::Answer;

/// The file that takes the space.
const BALLAST: &str = ".keel-lab-ballast";
/// How much is written at once, in bytes, at first and, to fill the last gap, in the end.
const BLOCKS: [usize; 2] = [64 * 1024, 1];
/// The most that is written, in bytes: a disk of the lab is small, and memory is not endless.
const MAX_BALLAST_BYTES: usize = 1024 * 1024 * 1024;

pub(super) fn fill(path: &str) -> io::Result<Answer> {
    let found = nix::sys::statfs::statfs(Path::new(path))?;
    if found.filesystem_type() != nix::sys::statfs::TMPFS_MAGIC {
        return Err(io::Error::other(format!(
            "{path} is no disk of the lab; give the node one under 'disks'"
        )));
    }
    let mut file = File::create(ballast(path))?;
    let mut written = 0;
    for block in BLOCKS {
        let zeros = vec![0; block];
        while written < MAX_BALLAST_BYTES {
            match file.write(&zeros) {
                Ok(0) => break,
                Ok(count) => written += count,
                Err(error) if error.kind() == io::ErrorKind::StorageFull => break,
                Err(error) => return Err(error),
            }
        }
    }
    Ok(super::done())
}

pub(super) fn empty(path: &str) -> io::Result<Answer> {
    match fs::remove_file(ballast(path)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(super::done()),
    }
}

fn ballast(path: &str) -> PathBuf {
    Path::new(path).join(BALLAST)
}
