//! The daemon whose process a pid file names, for the agents of such daemons.

use std::fs;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use system::awaited::Awaited;
use system::process::{Pid, Pidfd, Signal};

/// How much of a pid file is looked at: one number is wanted.
const MAX_PID_FILE_BYTES: u64 = 64;

/// How many workers of one process are known.
const MAX_WORKERS: usize = 1024;

/// How often, and how far apart, is looked for the arguments of a process that has none.
const EXEC_RETRIES: u32 = 100;
const EXEC_PAUSE: Duration = Duration::from_millis(1);

/// A daemon that runs.
#[derive(Debug)]
pub(super) struct Daemon {
    process: Pidfd,
}

impl Daemon {
    /// The process whose number the file holds, where it runs and `is_ours` says so of its arguments,
    /// each with a zero byte behind it: a number may be another's by now.
    pub(super) fn find(
        pid_file: &Path,
        is_ours: impl FnOnce(Pid, &[u8]) -> bool,
    ) -> io::Result<Option<Self>> {
        let mut text = String::new();
        match fs::File::open(pid_file) {
            Ok(file) => file.take(MAX_PID_FILE_BYTES).read_to_string(&mut text)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Some(number) = text
            .lines()
            .next()
            .and_then(|line| line.trim().parse().ok())
        else {
            return Ok(None);
        };
        let Some(process) = open(number)? else {
            return Ok(None);
        };
        // Looked at after it was opened, so that it is the same process.
        let arguments = arguments(number, &process)?;
        let is_ours = is_ours(process.pid(), &arguments);
        Ok((is_ours && !process.ended_within(Duration::ZERO)?).then_some(Self { process }))
    }

    pub(super) fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Waits for its end.
    pub(super) async fn ended(&self) -> io::Result<()> {
        match open(self.pid().as_raw())? {
            Some(process) if !self.process.ended_within(Duration::ZERO)? => {
                wait_for_end(process).await
            }
            _ => Ok(()),
        }
    }

    /// Sends it a signal; one that has ended needs none.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        self.process.signal(signal).or_else(ended)
    }

    /// The processes that it started (`master-worker`).
    pub(super) fn workers(&self) -> Vec<Pidfd> {
        let pid = self.pid();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"));
        let children = children.unwrap_or_default();
        children
            .split_whitespace()
            .take(MAX_WORKERS)
            .filter_map(|number| open(number.parse().ok()?).ok()?)
            .collect()
    }
}

/// The arguments of a process. While it replaces its program, as a HAProxy with workers does at its
/// start, it has none for a moment.
fn arguments(number: i32, process: &Pidfd) -> io::Result<Vec<u8>> {
    for _ in 0..EXEC_RETRIES {
        let arguments = fs::read(format!("/proc/{number}/cmdline")).unwrap_or_default();
        if !arguments.is_empty() || process.ended_within(EXEC_PAUSE)? {
            return Ok(arguments);
        }
    }
    Ok(Vec::new())
}

/// The process of that number; `None` where there is none.
pub(super) fn open(number: i32) -> io::Result<Option<Pidfd>> {
    if number <= 0 {
        return Ok(None);
    }
    match Pidfd::open(Pid::from_raw(number)) {
        Ok(process) => Ok(Some(process)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// That a process has ended is no error.
pub(super) fn ended(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound {
        Ok(())
    } else {
        Err(error)
    }
}

/// Whether a process has that argument.
pub(super) fn has_argument(arguments: &[u8], wanted: &str) -> bool {
    arguments
        .split(|byte| *byte == 0)
        .any(|argument| argument == wanted.as_bytes())
}

/// Waits for the end of a process.
pub(super) async fn wait_for_end(process: Pidfd) -> io::Result<()> {
    Awaited::new(process)?.read(has_ended).await
}

/// For tokio: `WouldBlock` while the process runs.
fn has_ended(process: &Pidfd) -> io::Result<()> {
    let has_ended = process.ended_within(Duration::ZERO)?;
    has_ended
        .then_some(())
        .ok_or_else(|| io::ErrorKind::WouldBlock.into())
}
