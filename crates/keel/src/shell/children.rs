//! The roles' processes: their channels, what waits to be sent to them, and their end.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use system::channel::Channel;
use system::process::{Child, Exit, RoleCommand, Signal, Stream};

use crate::supervision::life::Finding;
use crate::supervision::{ExitStatus, Role};

/// At most this many messages wait for a child that does not read. Such a child hangs, and its
/// silence ends it long before.
const OUTBOX_MAX: usize = 1_024;

/// At most this many messages of one child are read before others get their turn.
const MESSAGES_PER_ROUND: usize = 256;

/// A message with its descriptors.
#[derive(Debug)]
pub struct Parcel {
    /// The JSON.
    pub body: Vec<u8>,
    /// Duplicates of what the supervisor holds.
    pub descriptors: Vec<OwnedFd>,
}

impl Parcel {
    /// A message without descriptors.
    pub fn message(message: &impl Serialize) -> Self {
        Self {
            body: serde_json::to_vec(message).expect("messages have string keys only"),
            descriptors: Vec::new(),
        }
    }
}

/// One child.
#[derive(Debug)]
pub struct Process {
    child: Child,
    channel: Channel,
    outbox: VecDeque<Parcel>,
    channel_open: bool,
}

/// How a role's process is started.
#[derive(Debug, Clone)]
pub struct Start {
    /// Its name for `ps`, `pidof` and `killall`: operators' scripts look for the peer's.
    pub name: &'static str,
    /// The hidden verb.
    pub verb: &'static str,
    /// What the role reads after it.
    pub words: Vec<String>,
    /// Whether it writes to the supervisor's standard streams. A daemon's children do not: they
    /// would keep the starter's pipes open for ever.
    pub inherits_streams: bool,
}

impl Process {
    /// Starts one. It gets SIGTERM should the supervisor die.
    pub fn start(start: &Start) -> io::Result<Self> {
        let (channel, theirs) = Channel::pair()?;
        channel.set_nonblocking(true)?;
        let stream = || match start.inherits_streams {
            true => Stream::Inherit,
            false => Stream::Null,
        };
        let child = RoleCommand::this_binary(start.name)
            .argument(start.verb)
            .arguments(start.words.iter().cloned())
            .channel(theirs)
            .streams(Stream::Null, stream(), stream())
            .death_signal(Signal::SIGTERM)
            .spawn()?;
        Ok(Self {
            child,
            channel,
            outbox: VecDeque::new(),
            channel_open: true,
        })
    }

    /// Its number.
    pub fn pid(&self) -> i32 {
        self.child.pid().as_raw()
    }

    /// Readable once it ended.
    pub fn end_descriptor(&self) -> BorrowedFd<'_> {
        self.child.as_fd()
    }

    /// The channel, and whether something waits to be written to it; none once the child closed
    /// its end.
    pub fn channel_descriptor(&self) -> Option<(BorrowedFd<'_>, bool)> {
        self.channel_open
            .then(|| (self.channel.as_fd(), !self.outbox.is_empty()))
    }

    /// Ends it now.
    pub fn kill(&self) -> io::Result<()> {
        self.child.signal(Signal::SIGKILL)
    }

    /// How it ended, once it did.
    pub fn ended(&self) -> Option<ExitStatus> {
        match self.child.try_wait() {
            Ok(Some(Exit::Code(code))) => Some(ExitStatus::Code(code)),
            Ok(Some(Exit::Signal(number))) => Some(ExitStatus::Signal(number)),
            Ok(None) | Err(_) => None,
        }
    }

    /// Sends a message, or keeps it until the child reads. A child that is gone gets nothing: its
    /// end is reported by the kernel. Answers whether there was room.
    #[must_use]
    pub fn send(&mut self, parcel: Parcel) -> bool {
        if self.outbox.len() >= OUTBOX_MAX {
            return false;
        }
        self.outbox.push_back(parcel);
        self.flush();
        true
    }

    /// Sends what waits, as far as the child reads.
    pub fn flush(&mut self) {
        while let Some(parcel) = self.outbox.front() {
            let descriptors: Vec<_> = parcel.descriptors.iter().map(AsFd::as_fd).collect();
            match self.channel.send(&parcel.body, &descriptors) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(()) | Err(_) => {
                    self.outbox.pop_front();
                }
            }
        }
    }

    /// Reads the messages that wait; `Err` holds what could not be understood.
    pub fn receive<M: DeserializeOwned>(&mut self) -> Vec<Result<M, String>> {
        let mut messages = Vec::new();
        while self.channel_open && messages.len() < MESSAGES_PER_ROUND {
            match self.channel.receive() {
                Ok(Some(received)) => messages.push(
                    serde_json::from_slice(&received.body).map_err(|error| error.to_string()),
                ),
                Ok(None) => self.channel_open = false,
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => break,
                    io::ErrorKind::Interrupted => {}
                    io::ErrorKind::InvalidData => messages.push(Err(error.to_string())),
                    _ => self.channel_open = false,
                },
            }
        }
        messages
    }

    /// What the kernel knows about its threads (proc(5): `stat`, `schedstat`).
    pub fn examine(&self) -> Finding {
        let mut stopped = true;
        let mut waited_ns: u64 = 0;
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid()));
        for task in tasks.into_iter().flatten().flatten() {
            let path = task.path();
            let stat = std::fs::read_to_string(path.join("stat")).unwrap_or_default();
            stopped &= is_stopped(&stat);
            let schedstat = std::fs::read_to_string(path.join("schedstat")).unwrap_or_default();
            waited_ns = waited_ns.saturating_add(waited_for_cpu_ns(&schedstat));
        }
        Finding {
            stopped,
            waited_for_cpu: Duration::from_nanos(waited_ns),
        }
    }
}

/// The third field of `stat` is `T` (stopped) or `t` (traced); the second is a name in brackets
/// that may hold anything.
fn is_stopped(stat: &str) -> bool {
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.bytes().next());
    matches!(state, Some(b'T' | b't'))
}

/// The second field of `schedstat`: nanoseconds spent waiting for a CPU.
fn waited_for_cpu_ns(schedstat: &str) -> u64 {
    let field = schedstat.split_whitespace().nth(1);
    field.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// The processes that there are.
#[derive(Debug, Default)]
pub struct Children {
    balancer: Option<Process>,
    keeper: Option<Process>,
}

impl Children {
    /// A role's process, if it lives.
    pub fn of(&mut self, role: Role) -> &mut Option<Process> {
        match role {
            Role::Balancer => &mut self.balancer,
            Role::Keeper => &mut self.keeper,
        }
    }

    /// All that live.
    pub fn living(&self) -> impl Iterator<Item = (Role, &Process)> {
        let balancer = self.balancer.iter().map(|it| (Role::Balancer, it));
        balancer.chain(self.keeper.iter().map(|it| (Role::Keeper, it)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read_as_the_manual_says() {
        for (stat, expected) in [
            ("12 (haproxy) T 1 12 12 0", true),
            ("12 (haproxy) t 1 12 12 0", true),
            ("12 (a) T (b) S 1 12", false),
            ("12 (haproxy) R 1", false),
            ("12 (haproxy) ", false),
            ("", false),
        ] {
            assert_eq!(is_stopped(stat), expected, "{stat:?}");
        }
        assert_eq!(waited_for_cpu_ns("123 456 7\n"), 456);
        assert_eq!(waited_for_cpu_ns(""), 0);
    }
}
