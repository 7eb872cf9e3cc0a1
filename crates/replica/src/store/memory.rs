//! A disk in memory that can fail, fill up and crash: for tests and the simulator.

use std::collections::BTreeMap;

use super::disk::{Disk, DiskError, DiskErrorKind};

/// Draws a number below the one given, which is above 0.
pub type Choose<'c> = &'c mut dyn FnMut(usize) -> usize;

/// A file's contents: as last synced, and as it is.
#[derive(Clone, Debug, Default)]
struct Contents {
    durable: Vec<u8>,
    current: Vec<u8>,
}

/// A change of the names that is not synced.
#[derive(Clone, Debug)]
enum Naming {
    Made(String, usize),
    Renamed(String, String),
    Removed(String),
}

/// The disk. Without a crash, it is a disk like any other.
#[derive(Clone, Debug, Default)]
pub struct MemoryDisk {
    contents: BTreeMap<usize, Contents>,
    next_file: usize,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    pending: Vec<Naming>,
    /// How many bytes there may be, if that is limited.
    pub capacity: Option<usize>,
    /// What the next operations fail with, the first one first; `None` for one that succeeds.
    pub faults: std::collections::VecDeque<Option<DiskErrorKind>>,
    /// After so many operations that change something, everything fails: the machine is dead, and
    /// what is to be called next is [`MemoryDisk::crash`].
    pub operations_left: Option<usize>,
}

impl MemoryDisk {
    /// The machine loses power and starts again. What was not synced is there, is lost, or is there in
    /// part, as `choose` draws it.
    pub fn crash(&mut self, choose: Choose<'_>) {
        let mut names = std::mem::take(&mut self.durable_names);
        let surviving = choose(self.pending.len() + 1);
        for naming in self.pending.drain(..).take(surviving) {
            apply(&mut names, naming);
        }
        for contents in self.contents.values_mut() {
            if contents.durable != contents.current {
                contents.current = torn(contents, choose);
            }
            contents.durable.clone_from(&contents.current);
        }
        self.names.clone_from(&names);
        self.durable_names = names;
        self.operations_left = None;
        self.faults.clear();
    }

    /// Damages file `name`: flips one bit of the byte at `at`, counted round.
    pub fn damage(&mut self, name: &str, at: usize) {
        let file = self.names.get(name);
        if let Some(contents) = file.and_then(|file| self.contents.get_mut(file)) {
            let Contents { durable, current } = contents;
            let at = at % current.len().max(1);
            if let Some(byte) = current.get_mut(at) {
                *byte ^= 1;
            }
            durable.clone_from(current);
        }
    }

    /// The contents of file `name`, if there is one.
    #[must_use]
    pub fn contents(&self, name: &str) -> Option<&[u8]> {
        let file = self.names.get(name)?;
        Some(&self.contents.get(file)?.current)
    }

    fn begin(&mut self) -> Result<(), DiskError> {
        if let Some(left) = &mut self.operations_left {
            if *left == 0 {
                return Err(error(DiskErrorKind::Other, "the machine is dead"));
            }
            *left -= 1;
        }
        match self.faults.pop_front().flatten() {
            Some(kind) => Err(error(kind, "a fault that was asked for")),
            None => Ok(()),
        }
    }

    /// How many bytes all files have.
    #[must_use]
    pub fn used(&self) -> usize {
        let files = self.names.values();
        files.map(|file| self.contents[file].current.len()).sum()
    }

    fn file(&self, name: &str) -> Result<usize, DiskError> {
        let missing = || error(DiskErrorKind::Other, &format!("there is no file {name}"));
        self.names.get(name).copied().ok_or_else(missing)
    }

    fn name(&mut self, naming: Naming) {
        apply(&mut self.names, naming.clone());
        self.pending.push(naming);
    }
}

fn apply(names: &mut BTreeMap<String, usize>, naming: Naming) {
    match naming {
        Naming::Made(name, file) => {
            names.insert(name, file);
        }
        Naming::Renamed(from, to) => {
            if let Some(file) = names.remove(&from) {
                names.insert(to, file);
            }
        }
        Naming::Removed(name) => {
            names.remove(&name);
        }
    }
}

/// What is left of contents that were not synced.
fn torn(contents: &Contents, choose: Choose<'_>) -> Vec<u8> {
    let current = &contents.current;
    match choose(4) {
        0 => contents.durable.clone(),
        1 => current[..choose(current.len() + 1)].to_vec(),
        2 => {
            // Blocks of it never arrived.
            let mut torn = current.clone();
            let start = choose(torn.len() + 1);
            let end = start + choose(torn.len() - start + 1);
            torn[start..end].fill(0);
            torn
        }
        _ => current.clone(),
    }
}

fn error(kind: DiskErrorKind, text: &str) -> DiskError {
    DiskError {
        kind,
        text: text.to_owned(),
    }
}

impl Disk for MemoryDisk {
    fn list(&mut self) -> Result<Vec<String>, DiskError> {
        Ok(self.names.keys().cloned().collect())
    }

    fn read(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, DiskError> {
        let file = self.file(name)?;
        let contents = &self.contents[&file].current;
        if contents.len() > limit {
            return Err(error(DiskErrorKind::Other, &format!("{name} is too long")));
        }
        Ok(contents.clone())
    }

    fn write_new(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError> {
        self.begin()?;
        let free = self.capacity.map(|it| it.saturating_sub(self.used()));
        let fitting = bytes.len().min(free.unwrap_or(usize::MAX));
        let file = self.next_file;
        self.next_file += 1;
        let contents = Contents {
            durable: Vec::new(),
            current: bytes[..fitting].to_vec(),
        };
        self.contents.insert(file, contents);
        self.name(Naming::Made(name.to_owned(), file));
        if fitting < bytes.len() {
            return Err(error(DiskErrorKind::Full, "no space is left"));
        }
        Ok(())
    }

    fn sync_file(&mut self, name: &str) -> Result<(), DiskError> {
        self.begin()?;
        let file = self.file(name)?;
        if let Some(Contents { durable, current }) = self.contents.get_mut(&file) {
            durable.clone_from(current);
        }
        Ok(())
    }

    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError> {
        self.begin()?;
        self.file(from)?;
        self.name(Naming::Renamed(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn sync_folder(&mut self) -> Result<(), DiskError> {
        self.begin()?;
        self.pending.clear();
        self.durable_names.clone_from(&self.names);
        let named: Vec<usize> = self.names.values().copied().collect();
        self.contents.retain(|file, _| named.contains(file));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), DiskError> {
        self.begin()?;
        self.file(name)?;
        self.name(Naming::Removed(name.to_owned()));
        Ok(())
    }
}
