//! The daemon as a process: a child, or one that an earlier pcsd has left.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use system::awaited::Awaited;
use system::process::{Child, Exit, Pid, Pidfd, RoleCommand, Signal, Stream};
use system::service_manager::NOTIFY_VARIABLE;

/// Where the daemon writes what it says before it has a log, and its log where the configuration
/// names no other.
const LOG: &str = "/var/log/keel/cluster.log";
/// A log that is longer is put aside when the daemon is started.
const MAX_LOG_BYTES: u64 = 4 * 1024 * 1024;
/// How much of what a daemon said is passed on when it ends.
const MAX_LAST_WORDS_BYTES: u64 = 4096;

/// The daemon.
pub(super) enum Process {
    /// Started by this pcsd.
    Own {
        child: Awaited<Child>,
        /// What it says, from where on.
        said: Option<(File, u64)>,
    },
    /// Started by an earlier one.
    Found {
        pidfd: Awaited<Pidfd>,
        /// Taken away by a daemon that leaves in order.
        socket: PathBuf,
    },
}

/// How the daemon ended.
#[derive(Debug)]
pub(super) struct End {
    exit: Option<Exit>,
    has_left: bool,
    last_words: String,
}

impl Process {
    /// Starts it, in a session of its own: what ends pcsd does not end the daemon.
    pub(super) fn start(program: &Path, notify: &Path) -> io::Result<Self> {
        let log = open_log().ok();
        let said = match &log {
            Some(log) => Some((File::open(LOG)?, log.metadata()?.len())),
            None => None,
        };
        let [output, error] = match log {
            Some(log) => [
                Stream::Descriptor(log.try_clone()?.into()),
                Stream::Descriptor(log.into()),
            ],
            None => [Stream::Null, Stream::Inherit],
        };
        let child = RoleCommand::program(program, "keel")
            .arguments(["cluster", "run"])
            .environment(NOTIFY_VARIABLE, notify)
            .streams(Stream::Null, output, error)
            .own_session()
            .spawn()?;
        Ok(Self::Own {
            child: Awaited::new(child)?,
            said,
        })
    }

    /// The daemon that listens at a socket, if there is one.
    pub(super) fn find(socket: &Path) -> io::Result<Option<Self>> {
        let Ok(connection) = UnixStream::connect(socket) else {
            return Ok(None);
        };
        let pid = getsockopt(&connection, PeerCredentials)?.pid();
        let pidfd = match Pidfd::open(Pid::from_raw(pid)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        // The number could be another process' by now: not if who has the connection lives.
        if is_closed(&connection)? {
            return Ok(None);
        }
        Ok(Some(Self::Found {
            pidfd: Awaited::new(pidfd)?,
            socket: socket.to_owned(),
        }))
    }

    pub(super) fn pid(&self) -> i32 {
        match self {
            Self::Own { child, .. } => child.inner().pid().as_raw(),
            Self::Found { pidfd, .. } => pidfd.inner().pid().as_raw(),
        }
    }

    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match self {
            Self::Own { child, .. } => child.inner().pidfd().signal(signal),
            Self::Found { pidfd, .. } => pidfd.inner().signal(signal),
        }
    }
}

/// Waits for the end of the daemon, for ever where there is none.
pub(super) async fn end(process: Option<&Process>) -> End {
    match process {
        None => std::future::pending().await,
        Some(Process::Own { child, said }) => {
            let exit = child.read(Child::exit).await.ok();
            End {
                exit,
                has_left: exit == Some(Exit::Code(0)),
                last_words: said.as_ref().map(last_words).unwrap_or_default(),
            }
        }
        Some(Process::Found { pidfd, socket }) => {
            let ended = |pidfd: &Pidfd| match pidfd.ended_within(Duration::ZERO) {
                Ok(false) => Err(io::ErrorKind::WouldBlock.into()),
                ended => ended,
            };
            // A descriptor that cannot be waited for tells nothing: the daemon is looked for anew.
            let _ = pidfd.read(ended).await;
            End {
                exit: None,
                has_left: !socket.exists(),
                last_words: String::new(),
            }
        }
    }
}

/// Asks a process to end.
pub(super) fn terminate(pid: i32) -> io::Result<()> {
    match Pidfd::open(Pid::from_raw(pid)).and_then(|pidfd| pidfd.signal(Signal::SIGTERM)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

impl End {
    /// It did not even begin.
    pub(super) fn failed(why: String) -> Self {
        Self {
            exit: None,
            has_left: false,
            last_words: why,
        }
    }

    /// Whether it left the cluster and ended by itself.
    pub(super) fn is_orderly(&self) -> bool {
        self.has_left
    }

    /// For people: its last words, or how it ended.
    pub(super) fn why(&self) -> String {
        if !self.last_words.is_empty() {
            return self.last_words.clone();
        }
        match self.exit {
            Some(exit) => exit.to_string(),
            None if self.has_left => "it left the cluster".to_owned(),
            None => "it is gone".to_owned(),
        }
    }
}

fn open_log() -> io::Result<File> {
    let path = Path::new(LOG);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if fs::metadata(path).is_ok_and(|log| log.len() > MAX_LOG_BYTES) {
        fs::rename(path, path.with_extension("log.1"))?;
    }
    OpenOptions::new().create(true).append(true).open(path)
}

fn last_words((log, from): &(File, u64)) -> String {
    let mut log = log;
    let end = log.metadata().map_or(0, |log| log.len());
    let from = (*from).max(end.saturating_sub(MAX_LAST_WORDS_BYTES));
    let mut said = Vec::new();
    let read = log
        .seek(SeekFrom::Start(from))
        .and_then(|_| log.take(MAX_LAST_WORDS_BYTES).read_to_end(&mut said));
    match read {
        Ok(_) => String::from_utf8_lossy(&said).trim().to_owned(),
        Err(_) => String::new(),
    }
}

/// Whether the other end of a connection is gone.
fn is_closed(connection: &UnixStream) -> io::Result<bool> {
    connection.set_nonblocking(true)?;
    let mut one = [0];
    match (&mut &*connection).read(&mut one) {
        Ok(len) => Ok(len == 0),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(_) => Ok(true),
    }
}
