//! Where commands read and write.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use cluster_api::{SOCKET, SOCKET_VARIABLE};

/// The files of a machine, or what stands for them in a test.
pub trait Files {
    /// What the file `path` holds.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&mut self, path: &str) -> io::Result<Vec<u8>>;

    /// All of standard input.
    ///
    /// # Errors
    /// It cannot be read.
    fn read_standard_input(&mut self) -> io::Result<Vec<u8>>;

    /// Makes `text` the content of the file `path`.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&mut self, path: &str, text: &str) -> io::Result<()>;

    /// Makes what `write` writes the content of the file `path`, without keeping all of it.
    ///
    /// # Errors
    /// It cannot be written.
    fn write_with(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn fmt::Write) -> fmt::Result,
    ) -> io::Result<()> {
        let mut text = String::new();
        write(&mut text).map_err(io::Error::other)?;
        self.write(path, &text)
    }

    /// Makes `text` the content of the file `path`, which its owner alone can read where it is a new
    /// one; folders on the way are made.
    ///
    /// # Errors
    /// It cannot be written.
    fn write_secret(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.write(path, text)
    }

    /// The names of the regular files in `folder`, in no particular order.
    ///
    /// # Errors
    /// It cannot be read.
    fn list(&mut self, folder: &str) -> io::Result<Vec<String>>;

    /// The environment variable `name`, if it is set, is text, and is not empty.
    fn variable(&self, name: &str) -> Option<String>;

    /// Where the cluster's daemon of this machine listens.
    fn daemon(&self) -> PathBuf {
        self.variable(SOCKET_VARIABLE)
            .map_or_else(|| PathBuf::from(SOCKET), PathBuf::from)
    }

    /// Whether the process ends with the command. Then it need not give back its memory piece by
    /// piece, which costs a tenth of a large command's time.
    fn are_for_last_command(&self) -> bool {
        false
    }
}

/// Why something could not be read or written, in the system's words.
#[must_use]
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// The files of this machine, for the one command that a process runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineFiles;

impl Files for MachineFiles {
    fn are_for_last_command(&self) -> bool {
        true
    }

    fn read(&mut self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn read_standard_input(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.write_with(path, &mut |file| file.write_str(text))
    }

    fn write_secret(&mut self, path: &str, text: &str) -> io::Result<()> {
        if let Some(folder) = Path::new(path).parent() {
            std::fs::create_dir_all(folder)?;
        }
        // What takes a file's place has its mode.
        let mut options = OpenOptions::new();
        match options.write(true).create_new(true).mode(0o600).open(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        self.write(path, text)
    }

    fn write_with(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn fmt::Write) -> fmt::Result,
    ) -> io::Result<()> {
        let successor = Successor::of(Path::new(path))?;
        let mut file = FileWriter {
            file: successor.create()?,
            error: None,
        };
        let written = write(&mut file);
        let written = written.map_err(|error| file.error.take().unwrap_or(io::Error::other(error)));
        successor.finish(&file.file, written)
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            // As stat(2) sees it: a link to a file is a file.
            if std::fs::metadata(entry.path()).is_ok_and(|data| data.is_file()) {
                names.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

/// What takes the place of a file as a whole: where the disk is full, the file is as it was.
enum Successor {
    /// Nothing is lost by writing to the place itself: there is no file yet, or it is a terminal, a
    /// pipe or a device.
    InPlace(PathBuf),
    /// Written beside the file, then renamed.
    Beside { file: PathBuf, beside: PathBuf },
}

impl Successor {
    fn of(path: &Path) -> io::Result<Self> {
        match std::fs::metadata(path) {
            Ok(data) if data.is_file() => {
                // The file that a link leads to is replaced, not the link.
                let file = std::fs::canonicalize(path)?;
                let mut name = file.file_name().unwrap_or_default().to_owned();
                name.push(format!(".new-{}", std::process::id()));
                let beside = file.with_file_name(name);
                Ok(Self::Beside { file, beside })
            }
            _ => Ok(Self::InPlace(path.to_path_buf())),
        }
    }

    fn create(&self) -> io::Result<File> {
        match self {
            Self::InPlace(path) => File::create(path),
            Self::Beside { file, beside } => {
                let created = File::create(beside)?;
                created.set_permissions(std::fs::metadata(file)?.permissions())?;
                Ok(created)
            }
        }
    }

    /// The file is the new one if all of it was written, else the old one.
    fn finish(&self, written: &File, result: io::Result<()>) -> io::Result<()> {
        let Self::Beside { file, beside } = self else {
            return result;
        };
        let renamed = result
            .and_then(|()| written.sync_all())
            .and_then(|()| std::fs::rename(beside, file));
        if renamed.is_err() {
            let _ = std::fs::remove_file(beside);
        }
        renamed
    }
}

/// A file that text is written to, with the error that writing ended in.
struct FileWriter {
    file: File,
    error: Option<io::Error>,
}

impl fmt::Write for FileWriter {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.file.write_all(text.as_bytes()).map_err(|error| {
            self.error = Some(error);
            fmt::Error
        })
    }
}

/// Files that exist in memory only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles {
    /// The content of each file, by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// What standard input has.
    pub standard_input: Vec<u8>,
    /// Environment variables, by name.
    pub variables: BTreeMap<String, String>,
}

impl MemoryFiles {
    /// The text in the file `path`, if it is there and is text.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        std::str::from_utf8(self.files.get(path)?).ok()
    }
}

impl Files for MemoryFiles {
    fn read(&mut self, path: &str) -> io::Result<Vec<u8>> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn read_standard_input(&mut self) -> io::Result<Vec<u8>> {
        Ok(std::mem::take(&mut self.standard_input))
    }

    fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.files.insert(path.to_owned(), text.into());
        Ok(())
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let prefix = format!("{}/", folder.trim_end_matches('/'));
        Ok(self
            .files
            .keys()
            .filter_map(|path| path.strip_prefix(&prefix))
            .filter(|name| !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }

    fn variable(&self, name: &str) -> Option<String> {
        self.variables.get(name).cloned()
    }

    /// That of the machine is none of a test's business.
    fn daemon(&self) -> PathBuf {
        self.variable(SOCKET_VARIABLE)
            .map_or_else(|| PathBuf::from("/nowhere"), PathBuf::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_as_it_was() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("cib.xml");
        let name = path.to_str().expect("it is text");
        MachineFiles.write(name, "old").expect("it can be written");
        let failed = MachineFiles.write_with(name, &mut |file| {
            file.write_str("half of the n")?;
            Err(fmt::Error)
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "old");
        MachineFiles.write(name, "new").expect("it can be written");
        assert_eq!(std::fs::read_to_string(&path).expect("it is there"), "new");
        assert_eq!(
            std::fs::read_dir(folder.path())
                .expect("it is there")
                .count(),
            1
        );
        MachineFiles
            .write("/dev/null", "nothing")
            .expect("it can be written");
    }
}
