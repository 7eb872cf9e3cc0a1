//! Children: started under a role's name, watched through pidfds, ended as a group; and what a
//! process does to itself at its start.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

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

/// A process that cannot be mistaken for a later one of the same number. Readable (`poll`) once the
/// process has ended.
#[derive(Debug)]
pub struct Pidfd {
    fd: OwnedFd,
    pid: Pid,
}

impl Pidfd {
    /// Opens a running process, or an ended child not yet waited for.
    pub fn open(pid: Pid) -> io::Result<Self> {
        let _ = pid;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let _ = signal;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Whether it has ended by then; for a child and for any other process.
    pub fn ended_within(&self, limit: Duration) -> io::Result<bool> {
        let _ = limit;
        Err(io::ErrorKind::Unsupported.into())
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
    owns_group: bool,
}

impl Child {
    /// The process; poll its descriptor to learn that it ended.
    #[must_use]
    pub fn pidfd(&self) -> &Pidfd {
        &self.pidfd
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pidfd.pid()
    }

    /// How it ended, or `None` while it runs. Collects the ended process: call until it answers.
    pub fn try_wait(&mut self) -> io::Result<Option<Exit>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Waits for the end at most that long.
    pub fn wait_within(&mut self, limit: Duration) -> io::Result<Option<Exit>> {
        let _ = limit;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Sends a signal to the child, and to its whole group where it leads one.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let _ = (signal, self.owns_group);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What a child's standard input, output or error is.
#[derive(Debug, Default)]
pub enum Stream {
    /// The parent's.
    #[default]
    Inherit,
    /// `/dev/null`.
    Null,
    /// That descriptor.
    Descriptor(OwnedFd),
}

/// A child to be started.
///
/// Start children from a thread that lives as long as the process: the death signal follows the
/// thread.
#[derive(Debug)]
pub struct RoleCommand {
    program: OsString,
    name: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    descriptors: Vec<OwnedFd>,
    channel: Option<OwnedFd>,
    streams: [Stream; 3],
    own_group: bool,
    death_signal: Option<Signal>,
}

impl RoleCommand {
    /// This very binary (`/proc/self/exe`), with `name` as `argv[0]`. Its process name is still
    /// `exe` until it calls [`set_process_name`].
    #[must_use]
    pub fn this_binary(name: impl Into<OsString>) -> Self {
        Self::program("/proc/self/exe", name)
    }

    /// Any program, with `name` as `argv[0]`.
    #[must_use]
    pub fn program(program: impl Into<OsString>, name: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            descriptors: Vec::new(),
            channel: None,
            streams: Default::default(),
            own_group: false,
            death_signal: None,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable on top of the parent's environment.
    #[must_use]
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The child keeps this descriptor under the same number.
    #[must_use]
    pub fn descriptor(mut self, descriptor: OwnedFd) -> Self {
        self.descriptors.push(descriptor);
        self
    }

    /// The child's end of a [`crate::channel::Channel::pair`]; it is found by
    /// [`crate::channel::Channel::from_environment`].
    #[must_use]
    pub fn channel(mut self, descriptor: OwnedFd) -> Self {
        self.channel = Some(descriptor);
        self
    }

    /// What its standard streams are.
    #[must_use]
    pub fn streams(mut self, input: Stream, output: Stream, error: Stream) -> Self {
        self.streams = [input, output, error];
        self
    }

    /// The child leads a process group of its own, so that it and its children end together.
    #[must_use]
    pub fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// The child receives this signal when the thread that starts it ends.
    #[must_use]
    pub fn death_signal(mut self, signal: Signal) -> Self {
        self.death_signal = Some(signal);
        self
    }

    /// Starts it.
    pub fn spawn(self) -> io::Result<Child> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Sets this process's name as `ps`, `killall` and `pidof` see it (`/proc/self/comm`, cut to 15
/// bytes). Call it on the main thread.
pub fn set_process_name(name: &str) -> io::Result<()> {
    let _ = name;
    Err(io::ErrorKind::Unsupported.into())
}

/// This process receives `signal` when its parent's starting thread ends. Changing user clears it:
/// call it again after [`drop_privileges`].
pub fn set_death_signal(signal: Signal) -> io::Result<()> {
    let _ = signal;
    Err(io::ErrorKind::Unsupported.into())
}

/// Sends a signal to every process of a group.
pub fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    let _ = (leader, signal);
    Err(io::ErrorKind::Unsupported.into())
}

/// Runs the calling thread ahead of all ordinary ones (`SCHED_RR`); its children run ordinarily.
/// `priority` 1..=99.
pub fn set_realtime_priority(priority: u8) -> io::Result<()> {
    let _ = priority;
    Err(io::ErrorKind::Unsupported.into())
}

/// Keeps all memory of this process resident.
pub fn lock_memory() -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Pins the calling thread to these processors, counted from 0.
pub fn pin_thread(processors: &[usize]) -> io::Result<()> {
    let _ = processors;
    Err(io::ErrorKind::Unsupported.into())
}

/// The processors the calling thread may run on.
pub fn allowed_processors() -> io::Result<Vec<usize>> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Raises the limit of open descriptors to `wanted`, the hard limit too where allowed; answers what
/// is in force after that.
pub fn raise_descriptor_limit(wanted: u64) -> io::Result<u64> {
    let _ = wanted;
    Err(io::ErrorKind::Unsupported.into())
}

/// Who a process becomes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privileges {
    /// The new root directory.
    pub chroot: Option<std::path::PathBuf>,
    /// The group's number.
    pub group: Option<u32>,
    /// The user's number.
    pub user: Option<u32>,
}

/// Gives up root for good: root directory, supplementary groups, group, user, in that order; then
/// checks that root cannot be had back. `PermissionDenied` names the step that was refused.
pub fn drop_privileges(privileges: &Privileges) -> io::Result<()> {
    let _ = privileges;
    Err(io::ErrorKind::Unsupported.into())
}

/// A user of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name.
    pub name: String,
    /// The number.
    pub id: u32,
    /// The number of its own group.
    pub group: u32,
    /// All its groups, its own included.
    pub groups: Vec<u32>,
}

/// Looks a user up by name or number; `None` where there is none.
pub fn user(name_or_number: &str) -> io::Result<Option<User>> {
    let _ = name_or_number;
    Err(io::ErrorKind::Unsupported.into())
}

/// Looks a group's number up by name or number; `None` where there is none.
pub fn group(name_or_number: &str) -> io::Result<Option<u32>> {
    let _ = name_or_number;
    Err(io::ErrorKind::Unsupported.into())
}

/// Which side of [`daemonize`] returns.
#[derive(Debug)]
pub enum Daemonized {
    /// The one that was called: wait for the word of the daemon, then end.
    Parent(ReadyWait),
    /// The daemon: a session of its own, no controlling terminal.
    Daemon(ReadySignal),
}

/// The parent's way to learn that the daemon is ready.
#[derive(Debug)]
pub struct ReadyWait {
    pipe: OwnedFd,
}

impl ReadyWait {
    /// Waits until the daemon is ready; answers its exit code, or 1 where it died before.
    #[must_use]
    pub fn wait(self) -> i32 {
        drop(self.pipe);
        1
    }
}

/// The daemon's way to tell that it is ready.
#[derive(Debug)]
pub struct ReadySignal {
    pipe: OwnedFd,
}

impl ReadySignal {
    /// Detaches the standard streams and lets the parent end with that code.
    pub fn ready(self, code: u8) -> io::Result<()> {
        let _ = (self.pipe, code);
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Splits off a daemon (fork, `setsid`, fork). Call it before any thread is started. The parent
/// stays until the daemon says that it is ready, so that errors of the start reach the terminal.
pub fn daemonize() -> io::Result<Daemonized> {
    Err(io::ErrorKind::Unsupported.into())
}
