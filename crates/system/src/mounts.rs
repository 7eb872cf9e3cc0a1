//! What is mounted, and that it changes (proc_pid_mountinfo(5)).

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// The mounts of the calling thread's mount namespace.
const MOUNT_INFO: &str = "/proc/thread-self/mountinfo";
/// The longest list that is read: tens of thousands of mounts.
const MAX_LIST_BYTES: usize = 16 * 1024 * 1024;
const CHUNK_BYTES: usize = 64 * 1024;

/// Something that is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: PathBuf,
    /// The kind of file system: `ext4`, `nfs4`, …
    pub kind: String,
    /// What is mounted: a device, a server's folder, or any word.
    pub source: String,
    /// The device's number, `MAJOR:MINOR`; 0 is the major of what has no device.
    pub device: String,
}

/// All that is mounted in the mount namespace of the calling thread, in the kernel's order: later
/// ones may lie over earlier ones. No file system is asked, so none that hangs holds the caller up.
///
/// # Errors
/// Where `/proc` is not there.
pub fn mounts() -> io::Result<Vec<Mount>> {
    Ok(parse(&read_whole(&File::open(MOUNT_INFO)?)?))
}

/// Tells that mounts have changed.
#[derive(Debug)]
pub struct MountMonitor {
    file: File,
    last: Mutex<String>,
}

impl MountMonitor {
    /// Starts to listen in the mount namespace of the calling thread.
    ///
    /// # Errors
    /// Where `/proc` is not there.
    pub fn open() -> io::Result<Self> {
        let file = File::open(MOUNT_INFO)?;
        let last = Mutex::new(read_whole(&file)?);
        Ok(Self { file, last })
    }

    /// What is mounted now; `WouldBlock` where that is what it was before. With tokio:
    /// `Awaited::new(monitor)?.read(MountMonitor::read).await`: the kernel marks the file for those
    /// who wait for it at each change.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn read(&self) -> io::Result<Arc<[Mount]>> {
        let text = read_whole(&self.file)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == text {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let mounts = parse(&text);
        *last = text;
        Ok(mounts.into())
    }
}

impl AsRawFd for MountMonitor {
    fn as_raw_fd(&self) -> RawFd {
        self.file.as_raw_fd()
    }
}

fn read_whole(file: &File) -> io::Result<String> {
    let mut bytes = Vec::new();
    let mut chunk = vec![0; CHUNK_BYTES];
    while bytes.len() < MAX_LIST_BYTES {
        match file.read_at(&mut chunk, bytes.len() as u64) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&chunk[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse(text: &str) -> Vec<Mount> {
    text.lines().filter_map(parse_line).collect()
}

/// `36 35 98:0 /root /mnt rw,noatime master:1 - ext3 /dev/root rw`: after the sixth word any number
/// of others up to a dash.
fn parse_line(line: &str) -> Option<Mount> {
    let mut words = line.split(' ');
    let device = words.nth(2)?.to_owned();
    let point = unescape(words.nth(1)?);
    let mut rest = words.skip(1).skip_while(|word| *word != "-").skip(1);
    Some(Mount {
        point: point.into(),
        kind: unescape(rest.next()?),
        source: unescape(rest.next()?),
        device,
    })
}

/// The kernel writes space, tab, newline and backslash as a backslash and three octal digits.
fn unescape(word: &str) -> String {
    let mut text = String::with_capacity(word.len());
    let mut rest = word;
    while let Some((before, after)) = rest.split_once('\\') {
        text.push_str(before);
        let escaped = after
            .get(..3)
            .and_then(|digits| u8::from_str_radix(digits, 8).ok())
            .filter(u8::is_ascii);
        if let Some(byte) = escaped {
            text.push(byte.into());
            rest = &after[3..];
        } else {
            text.push('\\');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read() {
        let mount = |point: &str, kind: &str, source: &str, device: &str| Mount {
            point: point.into(),
            kind: kind.to_owned(),
            source: source.to_owned(),
            device: device.to_owned(),
        };
        for (line, expected) in [
            (
                "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue",
                Some(mount("/mnt2", "ext3", "/dev/root", "98:0")),
            ),
            (
                r"36 35 0:40 / /a\040b\134c rw - tmpfs none rw",
                Some(mount(r"/a b\c", "tmpfs", "none", "0:40")),
            ),
            (
                "1 2 0:1 / /x rw shared:1 master:2 - nfs4 10.0.0.1:/export rw",
                Some(mount("/x", "nfs4", "10.0.0.1:/export", "0:1")),
            ),
            (
                r"1 2 0:1 / /x\9 rw - a b c",
                Some(mount(r"/x\9", "a", "b", "0:1")),
            ),
            ("1 2 0:1 / /x rw - a", None),
            ("1 2 0:1 / /x rw", None),
            ("", None),
        ] {
            assert_eq!(parse_line(line), expected, "{line}");
        }
    }

    #[test]
    fn proc_is_mounted_here() {
        let mounts = mounts().unwrap();
        assert!(mounts.iter().any(|mount| mount.kind == "proc"));
        let monitor = MountMonitor::open().unwrap();
        let unchanged = monitor.read().unwrap_err();
        assert_eq!(unchanged.kind(), io::ErrorKind::WouldBlock);
    }
}
