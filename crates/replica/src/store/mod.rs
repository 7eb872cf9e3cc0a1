//! The copy on disk: one file for each generation, the newest valid one counts.
//!
//! ```text
//! Write ──► cib-8.xml.new ──fsync──► rename to cib-8.xml ──fsync of the folder──► written
//! start ──► cib-8.xml valid? ──no──► corrupt-cib-8.xml, next older one
//! ```
//!
//! | file | what |
//! | --- | --- |
//! | `cib-N.xml` | generation N: a line that vouches for the rest, then XML that any tool reads |
//! | `promised` | the highest term that this node promised |
//! | `lost-VERSION-CHAIN.xml`, `.patch` | a copy that lost in a merge, and its changes against the one that won |
//! | `corrupt-…` | what was found damaged |
//! | `….new` | a write that did not come to its end; removed at the start |
//!
//! The generation with the highest number is the newest, also where its position or version is lower
//! than that of an older one: that is how a copy looks that was taken over because of its admin_epoch.

mod disk;
mod file;
mod memory;

use std::collections::BTreeSet;
use std::fmt;

use cib::CibVersion;

pub use disk::{Disk, DiskError, DiskErrorKind};
pub use file::{FileError, read_generation, read_promise, write_generation, write_promise};
pub use memory::{Choose, MemoryDisk};

use crate::copy::{CibCopy, Position};
use crate::limits::{GENERATIONS, LOST_COPIES};
use crate::output::{Generation, LostCopy, WriteFailure, WriteJob};

/// How many generations are left when the disk is full and older ones are given up for a new one.
const GENERATIONS_WHEN_FULL: usize = 3;

/// The name of the promise's file.
const PROMISE: &str = "promised";

/// The end of names of files that are being written.
const UNFINISHED: &str = ".new";

/// Something for the log about the files.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreReport {
    /// The copy was read.
    Read {
        /// From which file.
        name: String,
        /// Its version.
        version: CibVersion,
        /// What of the exclusive order it has.
        position: Position,
    },
    /// There is no copy: the node begins with an empty one.
    Empty,
    /// A file is damaged and was set aside.
    Corrupt {
        /// Its name.
        name: String,
        /// Its name now.
        kept_as: String,
        /// What is wrong.
        problem: FileError,
    },
    /// A write had not come to its end and was removed.
    Unfinished {
        /// The file's name.
        name: String,
    },
}

impl fmt::Display for StoreReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read {
                name,
                version,
                position,
            } => write!(
                f,
                "the CIB {version} was read from {name} (position {position})"
            ),
            Self::Empty => {
                f.write_str("there is no CIB on disk: this node begins with an empty one")
            }
            Self::Corrupt {
                name,
                kept_as,
                problem,
            } => write!(
                f,
                "{name} is damaged ({problem}); it is kept as {kept_as}, and the next older copy is \
                 used"
            ),
            Self::Unfinished { name } => write!(
                f,
                "{name} is of a write that did not come to its end; it was removed"
            ),
        }
    }
}

/// What a replica begins with.
#[derive(Clone, Debug)]
pub struct Start {
    /// The copy.
    pub copy: CibCopy,
    /// The highest term that was promised.
    pub promised: u64,
    /// For the log.
    pub reports: Vec<StoreReport>,
}

/// The files of one node.
#[derive(Debug)]
pub struct Store<D> {
    disk: D,
    /// The numbers of the generations there are.
    generations: BTreeSet<u64>,
    next: u64,
    keep: usize,
}

impl<D: Disk> Store<D> {
    /// Reads what is on `disk`; sets aside what is damaged and removes what is unfinished.
    ///
    /// # Errors
    /// Those of the disk. A file that cannot be read for any other reason than that it is damaged is
    /// such an error: an older copy must not take its place without anybody's knowledge.
    pub fn open(disk: D) -> Result<(Self, Start), DiskError> {
        let mut store = Self {
            disk,
            generations: BTreeSet::new(),
            next: 1,
            keep: GENERATIONS,
        };
        let mut reports = Vec::new();
        let names = store.disk.list()?;
        for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
            store.disk.remove(name)?;
            reports.push(StoreReport::Unfinished { name: name.clone() });
        }
        store.generations = names.iter().filter_map(|name| number_of(name)).collect();
        // A number that was given up as corrupt is not given again.
        let set_aside = names
            .iter()
            .filter_map(|name| name.strip_prefix("corrupt-"));
        let numbers = (names.iter().map(String::as_str)).chain(set_aside);
        let last = numbers.filter_map(|name| number_of(name.trim_end_matches('+')));
        store.next = last.max().unwrap_or(0).saturating_add(1);
        let promise = store.read_promise(&names, &mut reports)?;
        let found = store.newest(&mut reports)?;
        store.disk.sync_folder()?;
        let (copy, promised) = found.unwrap_or_else(|| {
            reports.push(StoreReport::Empty);
            (CibCopy::empty(), 0)
        });
        let promised = promised.max(promise).max(copy.position.term);
        let start = Start {
            copy,
            promised,
            reports,
        };
        Ok((store, start))
    }

    /// Keeps this many generations (at least one) from now on, instead of [`GENERATIONS`].
    pub fn set_generations(&mut self, keep: usize) {
        self.keep = keep.max(1);
    }

    /// Carries out `job`; when it returns without an error, a crash loses nothing of it.
    ///
    /// # Errors
    /// A full disk, or any other failure. The generations that were there are there still.
    pub fn perform(&mut self, job: &WriteJob) -> Result<(), WriteFailure> {
        let result = match job {
            WriteJob::Promise(term) => self.write(PROMISE, &write_promise(*term)),
            WriteJob::Generation(generation) => self.write_generation(generation),
            WriteJob::Lost(lost) => self.write_lost(lost),
        };
        result.map_err(|error| match error.kind {
            DiskErrorKind::Full => WriteFailure::Full,
            DiskErrorKind::Corrupt | DiskErrorKind::Other => WriteFailure::Other(error.text),
        })
    }

    /// The disk.
    pub fn disk(&mut self) -> &mut D {
        &mut self.disk
    }

    /// The disk, to look at.
    #[must_use]
    pub fn look_at_disk(&self) -> &D {
        &self.disk
    }

    /// Gives the disk back.
    #[must_use]
    pub fn into_disk(self) -> D {
        self.disk
    }

    fn write_generation(&mut self, generation: &Generation) -> Result<(), DiskError> {
        let bytes = write_generation(generation);
        let number = self.next;
        self.next += 1;
        let name = name_of(number);
        let mut result = self.write(&name, &bytes);
        if matches!(&result, Err(error) if error.kind == DiskErrorKind::Full) {
            self.prune(GENERATIONS_WHEN_FULL);
            result = self.write(&name, &bytes);
        }
        result?;
        self.generations.insert(number);
        self.prune(self.keep);
        Ok(())
    }

    /// Removes all but the newest `keep` generations. What cannot be removed is tried again with the
    /// next one.
    fn prune(&mut self, keep: usize) {
        let surplus = self.generations.len().saturating_sub(keep);
        let oldest: Vec<u64> = self.generations.iter().copied().take(surplus).collect();
        for number in oldest {
            if self.disk.remove(&name_of(number)).is_ok() {
                self.generations.remove(&number);
            }
        }
    }

    fn write_lost(&mut self, lost: &LostCopy) -> Result<(), DiskError> {
        self.write(&format!("{}.patch", lost.name), lost.patch.as_bytes())?;
        self.write(&format!("{}.xml", lost.name), lost.cib.as_bytes())?;
        self.prune_lost(&lost.name);
        Ok(())
    }

    fn prune_lost(&mut self, newest: &str) {
        let Ok(names) = self.disk.list() else { return };
        let mut lost: Vec<_> = names
            .iter()
            .filter_map(|name| name.strip_suffix(".xml"))
            .filter(|name| *name != newest)
            .filter_map(|name| Some((version_of_lost(name)?, name)))
            .collect();
        lost.sort_unstable();
        let surplus = (lost.len() + 1).saturating_sub(LOST_COPIES);
        for (_, name) in lost.into_iter().take(surplus) {
            let _ = self.disk.remove(&format!("{name}.xml"));
            let _ = self.disk.remove(&format!("{name}.patch"));
        }
    }

    /// Writes a file so that after a crash it is there in full or as it was before.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        let unfinished = format!("{name}{UNFINISHED}");
        let written = self
            .disk
            .write_new(&unfinished, bytes)
            .and_then(|()| self.disk.sync_file(&unfinished))
            .and_then(|()| self.disk.rename(&unfinished, name));
        if written.is_err() {
            // What is left of it takes space; at the latest the next start removes it.
            let _ = self.disk.remove(&unfinished);
        }
        written?;
        self.disk.sync_folder()
    }

    fn newest(
        &mut self,
        reports: &mut Vec<StoreReport>,
    ) -> Result<Option<(CibCopy, u64)>, DiskError> {
        while let Some(&number) = self.generations.last() {
            let name = name_of(number);
            match self.read(&name, read_generation)? {
                Ok((copy, promised)) => {
                    reports.push(StoreReport::Read {
                        name,
                        version: copy.version(),
                        position: copy.position,
                    });
                    return Ok(Some((copy, promised)));
                }
                Err(problem) => {
                    self.generations.remove(&number);
                    self.set_aside(name, problem, reports)?;
                }
            }
        }
        Ok(None)
    }

    fn read_promise(
        &mut self,
        names: &[String],
        reports: &mut Vec<StoreReport>,
    ) -> Result<u64, DiskError> {
        if !names.iter().any(|name| name == PROMISE) {
            return Ok(0);
        }
        match self.read(PROMISE, read_promise)? {
            Ok(term) => Ok(term),
            Err(problem) => {
                self.set_aside(PROMISE.to_owned(), problem, reports)?;
                Ok(0)
            }
        }
    }

    fn read<T>(
        &mut self,
        name: &str,
        understand: fn(&[u8]) -> Result<T, FileError>,
    ) -> Result<Result<T, FileError>, DiskError> {
        match self.disk.read(name, file::MAX_FILE_BYTES) {
            Ok(bytes) => Ok(understand(&bytes)),
            Err(error) if error.kind == DiskErrorKind::Corrupt => {
                Ok(Err(FileError::Unreadable(error.text)))
            }
            Err(error) => Err(error),
        }
    }

    fn set_aside(
        &mut self,
        name: String,
        problem: FileError,
        reports: &mut Vec<StoreReport>,
    ) -> Result<(), DiskError> {
        let mut kept_as = format!("corrupt-{name}");
        let names = self.disk.list()?;
        while names.contains(&kept_as) {
            kept_as.push('+');
        }
        self.disk.rename(&name, &kept_as)?;
        reports.push(StoreReport::Corrupt {
            name,
            kept_as,
            problem,
        });
        Ok(())
    }
}

fn name_of(number: u64) -> String {
    format!("cib-{number}.xml")
}

fn number_of(name: &str) -> Option<u64> {
    let digits = name.strip_prefix("cib-")?.strip_suffix(".xml")?;
    let number = digits.parse().ok()?;
    (name_of(number) == name).then_some(number)
}

fn version_of_lost(name: &str) -> Option<CibVersion> {
    let (version, _) = name.strip_prefix("lost-")?.split_once('-')?;
    file::parse_version(version)
}
