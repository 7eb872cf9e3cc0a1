//! Names that disappear from folders, as it happens (inotify(7)).

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

/// Something is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderEvent {
    /// A name is gone from a folder: deleted, or moved.
    NameGone {
        /// Which folder.
        folder: FolderId,
        /// The name.
        name: Vec<u8>,
    },
    /// A folder is gone itself, or what was mounted there.
    FolderGone(FolderId),
    /// Events were lost: look at everything.
    Lost,
}

/// A folder that is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FolderId(i32);

/// What disappears from any number of folders. A machine allows few of these for each user
/// (`fs.inotify.max_user_instances`, 128), and many folders for each: one is for all.
#[derive(Debug)]
pub struct FolderEvents {
    descriptor: OwnedFd,
}

/// What is heard of. A folder that is deleted, moved away or unmounted is heard of without asking.
const GONE: u32 = libc::IN_DELETE | libc::IN_MOVED_FROM | libc::IN_DELETE_SELF | libc::IN_MOVE_SELF;

/// `struct inotify_event` without the name.
const HEADER_BYTES: usize = 16;
/// Room for some hundred events at once; one with the longest name fits many times.
const BUFFER_BYTES: usize = 16 * 1024;

impl FolderEvents {
    /// Opens it, non-blocking.
    ///
    /// # Errors
    /// `EMFILE`: the user has as many as are allowed.
    pub fn open() -> io::Result<Self> {
        // SAFETY: no memory is handed over.
        let number = unsafe { libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor was made above and belongs to nobody else.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self { descriptor })
    }

    /// Begins to watch a folder; one that is watched already has the same number.
    ///
    /// # Errors
    /// `NotFound`, `NotADirectory` and what else the kernel says.
    pub fn add(&self, folder: &Path) -> io::Result<FolderId> {
        let path = CString::new(folder.as_os_str().as_bytes())?;
        let number = self.descriptor.as_raw_fd();
        // SAFETY: an open descriptor, and a text with its final zero that outlives the call.
        let watch =
            unsafe { libc::inotify_add_watch(number, path.as_ptr(), GONE | libc::IN_ONLYDIR) };
        if watch < 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(FolderId(watch))
    }

    /// The events that wait; `WouldBlock` where none does. Never blocks.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read(&self) -> io::Result<Vec<FolderEvent>> {
        let mut buffer = [0; BUFFER_BYTES];
        let length = nix::unistd::read(&self.descriptor, &mut buffer)?;
        Ok(events(&buffer[..length]))
    }
}

/// Reads the kernel's records; ends at the first that is cut.
fn events(mut bytes: &[u8]) -> Vec<FolderEvent> {
    let mut found = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let word = |at: usize| {
            u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
        };
        let folder = FolderId(word(0).cast_signed());
        let (mask, name_bytes) = (word(4), word(12) as usize);
        let Some((name, next)) = rest.split_at_checked(name_bytes) else {
            break;
        };
        bytes = next;
        let has = |bits: u32| mask & bits != 0;
        if has(libc::IN_Q_OVERFLOW) {
            found.push(FolderEvent::Lost);
        } else if has(libc::IN_DELETE_SELF | libc::IN_MOVE_SELF | libc::IN_UNMOUNT) {
            found.push(FolderEvent::FolderGone(folder));
        } else if has(libc::IN_DELETE | libc::IN_MOVED_FROM) {
            let end = name.iter().position(|byte| *byte == 0);
            found.push(FolderEvent::NameGone {
                folder,
                name: name[..end.unwrap_or(name.len())].to_vec(),
            });
        }
    }
    found
}

impl AsFd for FolderEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for FolderEvents {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_disappears_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let events = FolderEvents::open().unwrap();
        let id = events.add(&inner).unwrap();
        assert_eq!(events.add(&inner).unwrap(), id);
        let blocked = events.read().unwrap_err();
        assert_eq!(blocked.kind(), io::ErrorKind::WouldBlock);
        for name in ["deleted", "moved", "kept"] {
            fs::write(inner.join(name), "").unwrap();
        }
        fs::remove_file(inner.join("deleted")).unwrap();
        fs::rename(inner.join("moved"), folder.path().join("moved")).unwrap();
        let gone = |name: &str| FolderEvent::NameGone {
            folder: id,
            name: name.into(),
        };
        assert_eq!(events.read().unwrap(), [gone("deleted"), gone("moved")]);
        fs::remove_dir_all(&inner).unwrap();
        assert_eq!(
            events.read().unwrap(),
            [gone("kept"), FolderEvent::FolderGone(id)]
        );
        let absent = events.add(&inner).unwrap_err();
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn cut_and_senseless_records_end_the_reading() {
        let mut record = Vec::new();
        for word in [1, libc::IN_DELETE, 0, 4] {
            record.extend_from_slice(&u32::to_ne_bytes(word));
        }
        record.extend_from_slice(b"ab\0\0");
        assert_eq!(events(&record).len(), 1);
        for length in 0..record.len() {
            assert_eq!(events(&record[..length]), []);
        }
        record[12..16].copy_from_slice(&u32::MAX.to_ne_bytes());
        assert_eq!(events(&record), []);
    }
}
