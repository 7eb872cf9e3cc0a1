//! Where commands read and write.

use std::collections::BTreeMap;
use std::io;

/// The files of a machine, or what stands for them in a test.
pub trait Files {
    /// The text in the file `path`.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    fn read(&mut self, path: &str) -> io::Result<String>;

    /// All of standard input.
    ///
    /// # Errors
    /// It cannot be read, or is no text.
    fn read_standard_input(&mut self) -> io::Result<String>;

    /// Makes `text` the content of the file `path`.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&mut self, path: &str, text: &str) -> io::Result<()>;

    /// The names of the regular files in `folder`, in no particular order.
    ///
    /// # Errors
    /// It cannot be read.
    fn list(&mut self, folder: &str) -> io::Result<Vec<String>>;
}

/// The files of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct MachineFiles;

impl Files for MachineFiles {
    fn read(&mut self, path: &str) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn read_standard_input(&mut self) -> io::Result<String> {
        io::read_to_string(io::stdin().lock())
    }

    fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        std::fs::write(path, text)
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
}

/// Files that exist in memory only.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemoryFiles {
    /// The content of each file, by path.
    pub files: BTreeMap<String, String>,
    /// What standard input has.
    pub standard_input: String,
}

impl Files for MemoryFiles {
    fn read(&mut self, path: &str) -> io::Result<String> {
        self.files
            .get(path)
            .cloned()
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn read_standard_input(&mut self) -> io::Result<String> {
        Ok(std::mem::take(&mut self.standard_input))
    }

    fn write(&mut self, path: &str, text: &str) -> io::Result<()> {
        self.files.insert(path.to_owned(), text.to_owned());
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
}
