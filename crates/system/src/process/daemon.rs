//! Splitting off a daemon that tells its starter how the start went.

use std::fs::{File, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Read, Write};

use nix::unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork, setsid};

/// Which side of [`daemonize`] returns.
#[derive(Debug)]
pub enum Daemonized {
    /// The one that was called: wait for the word of the daemon, then end with it.
    Parent(ReadyWait),
    /// The daemon: a session of its own, no controlling terminal.
    Daemon(ReadySignal),
}

/// The parent's way to learn that the daemon is ready.
#[derive(Debug)]
pub struct ReadyWait {
    pipe: PipeReader,
}

impl ReadyWait {
    /// Waits until the daemon is ready; answers its code, or 1 where it ended before.
    #[must_use]
    pub fn wait(mut self) -> u8 {
        let mut code = [1];
        let _ended_before = self.pipe.read_exact(&mut code);
        code[0]
    }
}

/// The daemon's way to tell that it is ready.
#[derive(Debug)]
pub struct ReadySignal {
    pipe: PipeWriter,
}

impl ReadySignal {
    /// Detaches the standard streams (`/dev/null`) and lets the parent end with that code.
    pub fn ready(mut self, code: u8) -> io::Result<()> {
        detach_streams()?;
        match self.pipe.write_all(&[code]) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _told_or_parent_gone => Ok(()),
        }
    }
}

/// Puts `/dev/null` in place of the standard streams.
fn detach_streams() -> io::Result<()> {
    let null: File = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&null)?;
    Ok(())
}

/// Splits off a daemon: fork, a session of its own, fork again so that it never gets a terminal.
/// The working directory stays. The parent stays until [`ReadySignal::ready`], so that errors of
/// the start still reach the terminal and the exit code.
///
/// # Errors
/// `InvalidInput` where the process has more than one thread: a fork would lose the others.
pub fn daemonize() -> io::Result<Daemonized> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a process with threads cannot become a daemon",
        ));
    }
    let (reader, writer) = io::pipe()?;
    // SAFETY: the process has one thread, so the child is a whole copy.
    match unsafe { fork() }? {
        ForkResult::Parent { .. } => {
            drop(writer);
            return Ok(Daemonized::Parent(ReadyWait { pipe: reader }));
        }
        ForkResult::Child => drop(reader),
    }
    setsid()?;
    // SAFETY: as above.
    match unsafe { fork() }? {
        // SAFETY: ends this process without running the exit handlers of the one it copies.
        ForkResult::Parent { .. } => unsafe { libc::_exit(0) },
        ForkResult::Child => Ok(Daemonized::Daemon(ReadySignal { pipe: writer })),
    }
}
