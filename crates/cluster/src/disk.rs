//! The store's disk: a folder of this machine.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use replica::store::{Disk, DiskError, DiskErrorKind};

/// Files are for root and the cluster's group, as Pacemaker's are.
const MODE: u32 = 0o640;

/// A folder as a disk.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// Opens the folder, and makes it where it is not there.
    ///
    /// # Errors
    /// The system's.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_path_buf(),
        })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    fn failed(&self, what: &str, name: &str, error: &io::Error) -> DiskError {
        let kind = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => DiskErrorKind::Full,
            ErrorKind::InvalidData => DiskErrorKind::Corrupt,
            _ => DiskErrorKind::Other,
        };
        let path = self.file(name);
        DiskError {
            kind,
            text: format!("{what} {}: {error}", path.display()),
        }
    }
}

impl Disk for Folder {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        let names = || -> io::Result<Vec<String>> {
            let entries = fs::read_dir(&self.path)?;
            entries
                .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
                .collect()
        };
        names().map_err(|error| self.failed("list", "", &error))
    }

    fn read(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, DiskError> {
        let read = || -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            let limit = limit as u64;
            File::open(self.file(name))?
                .take(limit + 1)
                .read_to_end(&mut bytes)?;
            if bytes.len() as u64 > limit {
                return Err(io::Error::other(format!("it is longer than {limit} bytes")));
            }
            Ok(bytes)
        };
        read().map_err(|error| self.failed("read", name, &error))
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let write = || -> io::Result<()> {
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(true).mode(MODE);
            options.open(self.file(name))?.write_all(bytes)
        };
        write().map_err(|error| self.failed("write", name, &error))
    }

    fn sync_file(&mut self, name: &str) -> Result<(), DiskError> {
        let sync = || File::open(self.file(name))?.sync_all();
        sync().map_err(|error: io::Error| self.failed("sync", name, &error))
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        fs::rename(self.file(from), self.file(to))
            .map_err(|error| self.failed("rename", from, &error))
    }

    fn sync_folder(&mut self) -> Result<(), DiskError> {
        let sync = || File::open(&self.path)?.sync_all();
        sync().map_err(|error: io::Error| self.failed("sync", "", &error))
    }

    fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        fs::remove_file(self.file(name)).map_err(|error| self.failed("remove", name, &error))
    }
}
