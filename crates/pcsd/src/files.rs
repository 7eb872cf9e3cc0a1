//! Files that are there as a whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The mode of what only its owner may read.
pub(crate) const SECRET: u32 = 0o600;
/// The mode of what everybody may read.
pub(crate) const PUBLIC: u32 = 0o644;

/// A file that is on the disk beside the one whose place it is to take.
#[derive(Debug)]
pub(crate) struct Staged {
    path: PathBuf,
    beside: PathBuf,
}

impl Staged {
    /// Writes `text` beside `path`, down to the disk.
    pub(crate) fn write(path: &Path, text: &str, mode: u32, suffix: &str) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let staged = Self::left_behind(path, suffix);
        remove(&staged.beside)?;
        // With its mode from the start: at no instant can others read a secret.
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).mode(mode);
        let written = options.open(&staged.beside).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        match written {
            Ok(()) => Ok(staged),
            Err(error) => {
                staged.remove();
                Err(at(&staged.beside, error))
            }
        }
    }

    /// What may lie beside `path`.
    pub(crate) fn left_behind(path: &Path, suffix: &str) -> Self {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".");
        beside.push(suffix);
        Self {
            path: path.to_owned(),
            beside: PathBuf::from(beside),
        }
    }

    /// Takes the other's place.
    pub(crate) fn commit(&self) -> io::Result<()> {
        fs::rename(&self.beside, &self.path).map_err(|error| at(&self.path, error))?;
        match self.path.parent() {
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Goes away.
    pub(crate) fn remove(&self) {
        // What cannot be removed has no effect where it lies.
        let _ = remove(&self.beside);
    }
}

/// Makes `text` the content of a file; after a crash it has this or what it had before.
pub(crate) fn replace(path: &Path, text: &str, mode: u32) -> io::Result<()> {
    Staged::write(path, text, mode, "new")?.commit()
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path, error)),
        _ => Ok(()),
    }
}

/// The text of a file of at most `max_bytes`, if it is there.
pub(crate) fn read(path: &Path, max_bytes: u64) -> io::Result<Option<String>> {
    use std::io::Read;
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(|error| at(path, error))?,
    };
    let mut text = String::new();
    file.take(max_bytes + 1).read_to_string(&mut text)?;
    if text.len() as u64 > max_bytes {
        let reason = format!("it has more than {max_bytes} bytes");
        return Err(at(path, io::Error::other(reason)));
    }
    Ok(Some(text))
}

/// Makes a folder that only its owner may look into.
pub(crate) fn secret_folder(path: &Path) -> io::Result<()> {
    if let Some(above) = path.parent() {
        fs::create_dir_all(above)?;
    }
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(at(path, error)),
        _ => Ok(()),
    }
}

/// With the path.
pub(crate) fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}
