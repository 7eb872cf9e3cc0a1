//! Where commands read and write.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read, Write};

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

    /// The names of the regular files in `folder`, in no particular order.
    ///
    /// # Errors
    /// It cannot be read.
    fn list(&mut self, folder: &str) -> io::Result<Vec<String>>;

    /// The environment variable `name`, if it is set, is text, and is not empty.
    fn variable(&self, name: &str) -> Option<String>;

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
        std::fs::write(path, text)
    }

    fn write_with(
        &mut self,
        path: &str,
        write: &mut dyn FnMut(&mut dyn fmt::Write) -> fmt::Result,
    ) -> io::Result<()> {
        let mut file = FileWriter {
            file: std::fs::File::create(path)?,
            error: None,
        };
        write(&mut file).map_err(|error| file.error.take().unwrap_or(io::Error::other(error)))
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

/// A file that text is written to, with the error that writing ended in.
struct FileWriter {
    file: std::fs::File,
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
}
