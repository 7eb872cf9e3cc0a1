//! A child to be started.

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::unistd::{Pid, getpid, getppid, setsid};

use super::identity::{self, Privileges};
use super::{Child, Signal};
use crate::channel::CHANNEL_VARIABLE;

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

impl From<Stream> for Stdio {
    fn from(stream: Stream) -> Self {
        match stream {
            Stream::Inherit => Self::inherit(),
            Stream::Null => Self::null(),
            Stream::Descriptor(descriptor) => descriptor.into(),
        }
    }
}

/// A child to be started.
///
/// A death signal follows the *thread* that starts the child: start such children from a thread
/// that lives as long as the process.
#[derive(Debug)]
pub struct RoleCommand {
    program: OsString,
    name: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    channel: Option<OwnedFd>,
    streams: [Stream; 3],
    own_group: bool,
    own_session: bool,
    clean: bool,
    death_signal: Option<Signal>,
    privileges: Option<Privileges>,
}

impl RoleCommand {
    /// This very binary (`/proc/self/exe`), with `name` as `argv[0]`. Its process name is `exe`
    /// until it calls [`super::set_process_name`].
    #[must_use]
    pub fn this_binary(name: impl Into<OsString>) -> Self {
        Self::program("/proc/self/exe", name)
    }

    /// Any program, looked up in `PATH` where it holds no `/`, with `name` as `argv[0]`.
    #[must_use]
    pub fn program(program: impl Into<OsString>, name: impl Into<OsString>) -> Self {
        Self {
            program: program.into(),
            name: name.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            channel: None,
            streams: Default::default(),
            own_group: false,
            own_session: false,
            clean: false,
            death_signal: None,
            privileges: None,
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

    /// Sets an environment variable.
    #[must_use]
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
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

    /// The child leads a session of its own, without a terminal, and in it a process group: as
    /// [`RoleCommand::own_group`], and no signal of the parent's terminal reaches it.
    #[must_use]
    pub fn own_session(mut self) -> Self {
        self.own_session = true;
        self
    }

    /// The child's environment is what [`RoleCommand::environment`] sets, nothing of the parent's.
    #[must_use]
    pub fn clean_environment(mut self) -> Self {
        self.clean = true;
        self
    }

    /// The child receives this signal when the thread that starts it ends.
    #[must_use]
    pub fn death_signal(mut self, signal: Signal) -> Self {
        self.death_signal = Some(signal);
        self
    }

    /// The child gives up root for this before the program starts.
    #[must_use]
    pub fn privileges(mut self, privileges: Privileges) -> Self {
        self.privileges = Some(privileges);
        self
    }

    /// Whether it asks for a death signal.
    pub(crate) fn has_death_signal(&self) -> bool {
        self.death_signal.is_some()
    }

    /// Starts it. `NotFound`, `PermissionDenied` and others: what the kernel says to the program.
    pub fn spawn(self) -> io::Result<Child> {
        let mut command = Command::new(&self.program);
        command.arg0(&self.name).args(&self.arguments);
        if self.clean {
            command.env_clear();
        }
        command.envs(self.environment).env_remove(CHANNEL_VARIABLE);
        if let Some(channel) = &self.channel {
            command.env(CHANNEL_VARIABLE, channel.as_raw_fd().to_string());
        }
        let [input, output, error] = self.streams;
        command.stdin(input).stdout(output).stderr(error);
        // A process that leads a group cannot begin a session, and one that begins one leads a group.
        if self.own_group && !self.own_session {
            command.process_group(0);
        }
        let own_session = self.own_session;
        let kept = self.channel.as_ref().map(AsRawFd::as_raw_fd);
        let parent = getpid();
        let death_signal = self.death_signal;
        let privileges = self.privileges;
        let before_exec = move || {
            if own_session {
                setsid()?;
            }
            if let Some(number) = kept {
                keep_across_exec(number)?;
            }
            if let Some(privileges) = &privileges {
                identity::drop_privileges(privileges)?;
            }
            if let Some(signal) = death_signal {
                identity::set_death_signal(signal)?;
                if getppid() != parent {
                    return Err(io::ErrorKind::BrokenPipe.into());
                }
            }
            Ok(())
        };
        // SAFETY: between fork and exec the closure makes system calls and reads what was prepared;
        // it takes no lock, and allocates only for an error that ends the child.
        unsafe { command.pre_exec(before_exec) };
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).expect("process numbers are below 2^22");
        Child::new(Pid::from_raw(pid), self.own_group || self.own_session)
    }
}

fn keep_across_exec(number: RawFd) -> io::Result<()> {
    // SAFETY: the descriptor is owned by the `RoleCommand`, which outlives the fork.
    let descriptor = unsafe { BorrowedFd::borrow_raw(number) };
    let flags = FdFlag::from_bits_retain(fcntl(descriptor, FcntlArg::F_GETFD)?);
    fcntl(
        descriptor,
        FcntlArg::F_SETFD(flags.difference(FdFlag::FD_CLOEXEC)),
    )?;
    Ok(())
}
