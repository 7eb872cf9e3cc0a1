//! What a store needs of a disk: one folder of files.

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DiskErrorKind {
    /// No space is left, or the quota is used up.
    Full,
    /// What is read is known to be damaged (as some file systems tell).
    Corrupt,
    /// Anything else.
    Other,
}

/// Why the disk did not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct DiskError {
    /// What kind of failure.
    pub kind: DiskErrorKind,
    /// What was tried and what the system says, for the log.
    pub text: String,
}

/// One folder of files. All names are plain: without a slash. Nothing is durable before it is synced:
/// contents by `sync_file`, names by `sync_folder`.
pub trait Disk {
    /// The names of all files.
    ///
    /// # Errors
    /// Those of the disk, as with all others.
    fn list(&mut self) -> Result<Vec<String>, DiskError>;

    /// The contents of file `name`.
    ///
    /// # Errors
    /// Also for a file of more than `limit` bytes.
    fn read(&mut self, name: &str, limit: usize) -> Result<Vec<u8>, DiskError>;

    /// Makes file `name` with these contents, or gives them to the one there is.
    ///
    /// # Errors
    /// The file may be there with a part of them.
    fn write_new(&mut self, name: &str, bytes: &[u8]) -> Result<(), DiskError>;

    /// Makes the contents of file `name` durable.
    ///
    /// # Errors
    /// They may be durable or not.
    fn sync_file(&mut self, name: &str) -> Result<(), DiskError>;

    /// Gives file `from` the name `to`, in the place of the one that has it.
    ///
    /// # Errors
    /// Those of the disk.
    fn rename(&mut self, from: &str, to: &str) -> Result<(), DiskError>;

    /// Makes names durable, and that files are gone.
    ///
    /// # Errors
    /// They may be durable or not.
    fn sync_folder(&mut self) -> Result<(), DiskError>;

    /// Removes file `name`.
    ///
    /// # Errors
    /// Also where there is none.
    fn remove(&mut self, name: &str) -> Result<(), DiskError>;
}
