//! How others learn that the supervisor is there: the pidfile, systemd, the starter of a daemon,
//! and the processes that it replaces.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use system::process::ReadySignal;
use system::service_manager;
pub use system::service_manager::NOTIFY_VARIABLE;

/// Why a pidfile cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum PidfileError {
    /// Another instance has it.
    #[error("{} belongs to a running instance (pid {pid}); stop that one first, or choose another with -p", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// What it says.
        pid: String,
    },
    /// The file cannot be written.
    #[error("cannot write the pidfile {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The system's word.
        source: io::Error,
    },
}

/// Whether a running instance of the same file is a reason not to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclusive {
    /// keepalived refuses.
    Yes,
    /// HAProxy replaces: `-sf` starts the new process beside the old one.
    No,
}

/// A pidfile, taken away at the end if it is still ours.
#[derive(Debug)]
pub struct Pidfile {
    path: PathBuf,
    _lock: Option<Flock<File>>,
}

impl Pidfile {
    /// Writes this process's number. A live instance is known by its lock, not by the number: a
    /// number may belong to somebody else by now.
    ///
    /// # Errors
    ///
    /// [`PidfileError`].
    pub fn write(path: &Path, exclusive: Exclusive) -> Result<Self, PidfileError> {
        let failed = |source| PidfileError::File {
            path: path.to_owned(),
            source,
        };
        if exclusive == Exclusive::No {
            let text = format!("{}\n", std::process::id());
            std::fs::write(path, text).map_err(failed)?;
            return Ok(Self {
                path: path.to_owned(),
                _lock: None,
            });
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o644)
            .open(path)
            .map_err(failed)?;
        let mut lock = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => lock,
            Err((mut file, nix::errno::Errno::EWOULDBLOCK)) => {
                let mut pid = String::new();
                let _ = file.read_to_string(&mut pid);
                return Err(PidfileError::Held {
                    path: path.to_owned(),
                    pid: pid.trim().to_owned(),
                });
            }
            Err((_, error)) => return Err(failed(error.into())),
        };
        lock.set_len(0)
            .and_then(|()| writeln!(lock, "{}", std::process::id()))
            .map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            _lock: Some(lock),
        })
    }
}

impl Drop for Pidfile {
    fn drop(&mut self) {
        let ours = std::fs::read_to_string(&self.path)
            .is_ok_and(|text| text.trim() == std::process::id().to_string());
        if ours {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Whom to tell once everything serves, and what to take away at the end.
#[derive(Debug, Default)]
pub struct Presence {
    /// Held for as long as the supervisor lives.
    pub _pidfile: Option<Pidfile>,
    /// The starter of a daemon waits for this.
    pub starter: Option<ReadySignal>,
    /// systemd's socket.
    pub notify: Option<PathBuf>,
    /// Old processes, and the signal that ends them.
    pub replaces: Vec<(i32, Signal)>,
}

impl Presence {
    /// Everything serves. Answers what could not be said, and whether standard error is gone now.
    pub fn announce(&mut self) -> (Vec<String>, bool) {
        let mut failures = Vec::new();
        for (pid, signal) in self.replaces.drain(..) {
            // Gone already is as good as ended.
            if let Err(error) = kill(Pid::from_raw(pid), signal)
                && error != nix::errno::Errno::ESRCH
            {
                failures.push(format!(
                    "the old process {pid} cannot be signalled: {error}"
                ));
            }
        }
        let pid = std::process::id();
        if let Err(error) = self.notify(&format!("READY=1\nMAINPID={pid}\n")) {
            failures.push(format!("systemd cannot be told: {error}"));
        }
        let Some(starter) = self.starter.take() else {
            return (failures, false);
        };
        if let Err(error) = starter.ready(0) {
            failures.push(format!("the starting process cannot be told: {error}"));
        }
        (failures, true)
    }

    /// The end has begun.
    pub fn announce_end(&self) {
        // A systemd that does not listen changes nothing about the end.
        let _ = self.notify("STOPPING=1\n");
    }

    fn notify(&self, message: &str) -> io::Result<()> {
        let Some(path) = &self.notify else {
            return Ok(());
        };
        service_manager::notify(path, message)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixDatagram;

    use super::*;

    #[test]
    fn a_pidfile_that_is_held_is_refused_and_one_left_behind_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keepalived.pid");
        std::fs::write(&path, "1\n").unwrap();
        let first = Pidfile::write(&path, Exclusive::Yes).unwrap();
        let text = format!("{}\n", std::process::id());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        let error = Pidfile::write(&path, Exclusive::Yes).unwrap_err();
        assert!(error.to_string().contains("belongs to a running instance"));
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn a_pidfile_that_another_took_over_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("haproxy.pid");
        let ours = Pidfile::write(&path, Exclusive::No).unwrap();
        std::fs::write(&path, "1\n").unwrap();
        drop(ours);
        assert!(path.exists());
        let nowhere = folder.path().join("none/x.pid");
        let error = Pidfile::write(&nowhere, Exclusive::No).unwrap_err();
        assert!(error.to_string().starts_with("cannot write the pidfile"));
    }

    #[test]
    fn systemd_hears_ready_and_stopping() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let systemd = UnixDatagram::bind(&path).unwrap();
        let mut presence = Presence {
            notify: Some(path),
            ..Presence::default()
        };
        assert_eq!(presence.announce(), (Vec::new(), false));
        presence.announce_end();
        let mut buffer = [0; 64];
        for expected in [
            format!("READY=1\nMAINPID={}\n", std::process::id()),
            "STOPPING=1\n".to_owned(),
        ] {
            let length = systemd.recv(&mut buffer).unwrap();
            assert_eq!(buffer[..length], *expected.as_bytes());
        }
    }
}
