//! Children: started under a role's name, watched through pidfds, ended as a group; and what a
//! process does to itself at its start.

mod accounts;
mod command;
mod daemon;
mod identity;

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};

pub use accounts::{User, group, user};
pub use command::{RoleCommand, Stream};
pub use daemon::{Daemonized, ReadySignal, ReadyWait, daemonize};
pub use identity::{
    MAX_PROCESS_NAME_BYTES, Privileges, allowed_processors, die_by, drop_privileges,
    forbid_new_privileges, raise_descriptor_limit, run_in_real_time, set_death_signal,
    set_process_name,
};
pub use nix::sys::signal::Signal;
pub use nix::unistd::Pid;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned that code.
    Code(i32),
    /// That signal ended it.
    Signal(i32),
}

impl Exit {
    /// Whether the code was 0.
    #[must_use]
    pub fn success(self) -> bool {
        self == Self::Code(0)
    }
}

impl std::fmt::Display for Exit {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Code(code) => write!(out, "exit code {code}"),
            Self::Signal(number) => match Signal::try_from(*number) {
                Ok(signal) => write!(out, "signal {signal}"),
                Err(_) => write!(out, "signal {number}"),
            },
        }
    }
}

/// A process that cannot be mistaken for a later one of the same number. Readable (`poll`) once the
/// process has ended.
#[derive(Debug)]
pub struct Pidfd {
    fd: OwnedFd,
    pid: Pid,
}

impl Pidfd {
    /// Opens a running process, or an ended child not yet collected. `NotFound` where there is
    /// none.
    pub fn open(pid: Pid) -> io::Result<Self> {
        // SAFETY: plain numbers go in; the answer is a new descriptor or an error.
        let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.as_raw(), 0) };
        if number < 0 {
            let error = io::Error::last_os_error();
            return Err(if error.raw_os_error() == Some(libc::ESRCH) {
                io::ErrorKind::NotFound.into()
            } else {
                error
            });
        }
        let number = RawFd::try_from(number).expect("the kernel answers descriptors as `int`");
        // SAFETY: the kernel just made this descriptor for us, close-on-exec.
        let fd = unsafe { OwnedFd::from_raw_fd(number) };
        Ok(Self { fd, pid })
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal. `NotFound`: it has ended and was collected.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        // SAFETY: an open descriptor, a number and a null pointer, which asks for the defaults.
        let answer = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal as libc::c_int,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        if answer == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        Err(if error.raw_os_error() == Some(libc::ESRCH) {
            io::ErrorKind::NotFound.into()
        } else {
            error
        })
    }

    /// Whether it has ended within `limit`; for children and any other process.
    pub fn ended_within(&self, limit: Duration) -> io::Result<bool> {
        wait_readable(self.fd.as_fd(), limit)
    }
}

/// Waits until a descriptor is readable (or its peer is gone) for at most `limit`; answers whether
/// it is.
pub fn wait_readable(descriptor: BorrowedFd<'_>, limit: Duration) -> io::Result<bool> {
    let end = Instant::now() + limit;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up, so that the last millisecond is waited for and not spun through.
        let timeout =
            PollTimeout::try_from(left.as_micros().div_ceil(1000)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(descriptor, PollFlags::POLLIN)], timeout) {
            Ok(0) if Instant::now() < end => {}
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Pidfd {
    fn as_raw_fd(&self) -> RawFd {
        self.fd.as_raw_fd()
    }
}

/// A child of ours. Dropping it neither ends nor collects the process.
#[derive(Debug)]
pub struct Child {
    pidfd: Pidfd,
    leads_group: bool,
    ended: OnceLock<Exit>,
}

impl Child {
    pub(crate) fn new(pid: Pid, leads_group: bool) -> io::Result<Self> {
        Ok(Self {
            pidfd: Pidfd::open(pid)?,
            leads_group,
            ended: OnceLock::new(),
        })
    }

    /// The process; its descriptor is readable once it has ended.
    #[must_use]
    pub fn pidfd(&self) -> &Pidfd {
        &self.pidfd
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pidfd.pid()
    }

    /// How it ended, or `None` while it runs. The first answer collects the process from the
    /// kernel; later calls repeat it.
    pub fn try_wait(&self) -> io::Result<Option<Exit>> {
        if let Some(exit) = self.ended.get() {
            return Ok(Some(*exit));
        }
        self.collect(WaitPidFlag::WNOHANG)
    }

    fn collect(&self, flags: WaitPidFlag) -> io::Result<Option<Exit>> {
        let process = Id::PIDFd(self.pidfd.as_fd());
        let exit = match waitid(process, WaitPidFlag::WEXITED | flags)? {
            WaitStatus::Exited(_, code) => Exit::Code(code),
            WaitStatus::Signaled(_, signal, _) => Exit::Signal(signal as i32),
            _ => return Ok(None),
        };
        Ok(Some(*self.ended.get_or_init(|| exit)))
    }

    /// How it ended; `WouldBlock` while it runs. With tokio:
    /// `Awaited::new(child)?.read(Child::exit).await`.
    pub fn exit(&self) -> io::Result<Exit> {
        self.try_wait()?
            .ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    /// Waits for the end, however long that takes.
    pub fn wait(&self) -> io::Result<Exit> {
        loop {
            if let Some(exit) = self.ended.get() {
                return Ok(*exit);
            }
            match self.collect(WaitPidFlag::empty()) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _collected_or_interrupted => {}
            }
        }
    }

    /// Waits for the end at most that long.
    pub fn wait_within(&self, limit: Duration) -> io::Result<Option<Exit>> {
        if self.ended.get().is_none() {
            self.pidfd.ended_within(limit)?;
        }
        self.try_wait()
    }

    /// Sends a signal to the child, or to its whole group where it leads one (also when the child
    /// itself has ended and left others behind). Nobody left is no error.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let sent = if self.leads_group {
            signal_group(self.pid(), signal)
        } else {
            self.pidfd.signal(signal)
        };
        match sent {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }

    /// Ends the child and, where it leads one, its whole group: `SIGTERM`, and `SIGKILL` to what is
    /// left after `grace`. Answers how the child ended.
    pub fn end(&self, grace: Duration) -> io::Result<Option<Exit>> {
        /// `SIGKILL` works at once, except on a process stuck inside the kernel.
        const KILL_LIMIT: Duration = Duration::from_secs(2);
        self.signal(Signal::SIGTERM)?;
        self.wait_within(grace)?;
        self.signal(Signal::SIGKILL)?;
        self.wait_within(KILL_LIMIT)
    }
}

impl AsFd for Child {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pidfd.as_fd()
    }
}

impl AsRawFd for Child {
    fn as_raw_fd(&self) -> RawFd {
        self.pidfd.as_raw_fd()
    }
}

/// Sends a signal to every process of the group that `leader` led. `NotFound`: nobody is left.
fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    match nix::sys::signal::killpg(leader, signal) {
        Ok(()) => Ok(()),
        Err(Errno::ESRCH) => Err(io::ErrorKind::NotFound.into()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
pub(crate) mod tests;
