//! What the lab's processes say to each other over `system::channel`: one JSON value a message, each
//! request answered by exactly one [`Answer`], in order.
//!
//! ```text
//! Lab (the caller's process) ── Request ──► room ── NodeRequest ──► node's pid 1
//!                            ◄── Answer ──       ◄── Answer ──
//! ```

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use system::channel::Channel;
use system::process::wait_readable;

use crate::clock::Nanoseconds;

/// How long a node has to answer beyond the time that the request itself allows.
pub(crate) const ANSWER_LIMIT: Duration = Duration::from_secs(20);

/// Asked of the room.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Request {
    /// Makes a switch.
    AddSwitch { name: String },
    /// Starts a node that is not running; its switches must exist.
    StartNode(NodeSpec),
    /// Cuts a node's links and kills everything in it, as a power failure does.
    KillNode { node: String },
    /// Sets the switch's end of a link; no interface named means all of the node.
    SetLink {
        node: String,
        interface: Option<String>,
        state: LinkState,
    },
    /// Splits every switch: nodes of different groups no longer hear each other. Nodes that are in
    /// no group stay with the first.
    Partition { groups: Vec<Vec<String>> },
    /// Joins what [`Request::Partition`] split and sets every link to [`LinkState::Up`].
    Mend,
    /// Every change of an address so far, from index `from` on.
    AddressEvents { from: usize },
    /// The process number of a node's pid 1, in the room's numbering.
    NodePid { node: String },
    /// A node's log, also after its death.
    Log { node: String, command: String },
    /// Which logs there are: node and command.
    Logs,
    /// Handed on to the node.
    Node { node: String, request: NodeRequest },
}

/// Asked of a node's pid 1.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum NodeRequest {
    /// Takes an interface that the room moved here, gives it its addresses and sets it up.
    TakeInterface(InterfaceSpec),
    /// Starts a command under a name, its output going to that name's log.
    Spawn {
        command: String,
        argv: Vec<String>,
        environment: BTreeMap<String, String>,
    },
    /// Runs a command to its end and returns its output.
    Run { argv: Vec<String>, timeout_ms: u64 },
    /// Sends a signal to every process that the target names.
    Signal { target: Target, signal: i32 },
    /// Which commands were started and how they ended.
    Commands,
    /// The processes of the node, without its pid 1.
    Processes,
    /// Fills the file system at `path` to its last byte.
    FillDisk { path: String },
    /// Gives the space back.
    EmptyDisk { path: String },
    /// Writes a file.
    WriteFile { path: String, content: Vec<u8> },
}

/// Which processes of a node are meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// The process that was started under that command's name.
    Command(String),
    /// Every process of that name (`/proc/PID/comm`, what `killall` compares).
    Process(String),
    /// Every process but the node's own pid 1.
    Everything,
}

/// The switch's end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkState {
    /// Carries frames.
    Up,
    /// Pulled out at the switch: the node sees that its carrier is gone.
    Cut,
    /// The switch drops every frame, and the node's carrier stays: what a failing switch does.
    Silent,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeSpec {
    /// Its name, also its host name.
    pub name: String,
    /// Its interfaces.
    pub interfaces: Vec<InterfaceSpec>,
    /// What it finds at these absolute paths.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Users (each with a group of its name) that exist on it.
    pub users: Vec<String>,
    /// Kernel settings, by their dotted name.
    pub sysctls: BTreeMap<String, String>,
    /// Small file systems of their own: mount point and size in MiB.
    pub disks: BTreeMap<String, u32>,
    /// Folders that it sees as this computer has them, also where it would have its own.
    pub shared: Vec<String>,
    /// Folders that outlive its death, as a disk does: where it sees them, and where this computer
    /// has them.
    pub kept: BTreeMap<String, String>,
    /// Absolute paths at which it finds `keel`, under another name.
    pub links: Vec<String>,
    /// Lines of `/etc/hosts` beyond the loopback ones.
    pub hosts: Vec<(IpAddr, String)>,
}

/// An interface of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InterfaceSpec {
    /// Its name on the machine.
    pub name: String,
    /// The switch that it is plugged into.
    pub switch: String,
    /// Its addresses.
    pub addresses: Vec<AddressSpec>,
}

/// An address with the length of its network's prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressSpec {
    /// The address.
    pub address: IpAddr,
    /// How many leading bits name the network.
    pub prefix_len: u8,
}

/// The one reply to a request.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Answer {
    /// It is done, and was at that moment.
    Done { at: Nanoseconds },
    /// Signals went out to so many processes.
    Signalled { at: Nanoseconds, processes: usize },
    /// A process started or asked for.
    Pid(i32),
    /// How a command ended and what it wrote.
    Output(Output),
    /// The node's commands.
    Commands(Vec<CommandState>),
    /// The node's processes.
    Processes(Vec<Process>),
    /// Changes of addresses.
    AddressEvents(Vec<AddressEvent>),
    /// A log.
    Log(Vec<u8>),
    /// Names of logs.
    Logs(Vec<(String, String)>),
    /// The room or the node is ready for requests. `rootless`: behind a user namespace.
    Ready { rootless: bool },
    /// It was not done, and why.
    Failed(String),
    /// The kernel does not allow labs: why, and the command that would change it.
    NotAllowed { reason: String, enable: String },
}

/// How a command ended and what it wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// The exit code; `None` where a signal ended it or the time ran out.
    pub code: Option<i32>,
    /// Standard output, cut after a megabyte.
    pub stdout: String,
    /// Standard error, cut after a megabyte.
    pub stderr: String,
}

impl Output {
    /// Whether the exit code was 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == Some(0)
    }
}

/// A command that was started on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandState {
    /// The name it was started under.
    pub command: String,
    /// Its process number on the node.
    pub pid: i32,
    /// How it ended (`exit 0`, `signal 9`), or `None` while it runs.
    pub ended: Option<String>,
}

/// A process of a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Process {
    /// Its number on the node.
    pub pid: i32,
    /// Its name (`/proc/PID/comm`).
    pub name: String,
}

/// A change of who has an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressEvent {
    /// When the kernel's message was read.
    pub at: Nanoseconds,
    /// Whose.
    pub node: String,
    /// What changed.
    pub change: AddressChange,
}

/// What happened to a node's addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum AddressChange {
    /// Configured.
    Added(IpAddr),
    /// No longer configured.
    Removed(IpAddr),
    /// The node died; it has none any more.
    Died,
}

/// One end of a conversation. A clone is the same end.
#[derive(Debug, Clone)]
pub(crate) struct Wire(Arc<Channel>);

impl Wire {
    /// Our end, and the descriptor to hand to a child.
    pub(crate) fn pair() -> io::Result<(Self, OwnedFd)> {
        let (ours, theirs) = Channel::pair()?;
        Ok((Self(Arc::new(ours)), theirs))
    }

    /// The end that this process was started with.
    pub(crate) fn from_environment() -> io::Result<Self> {
        match Channel::from_environment()? {
            Some(channel) => Ok(Self(Arc::new(channel))),
            None => Err(io::Error::new(
                io::ErrorKind::NotConnected,
                "only a lab starts its processes",
            )),
        }
    }

    /// The same end, to hand to a child.
    pub(crate) fn for_child(&self) -> io::Result<OwnedFd> {
        self.0.as_fd().try_clone_to_owned()
    }

    pub(crate) fn send(&self, message: &impl Serialize) -> io::Result<()> {
        self.0.send(&serde_json::to_vec(message)?, &[])
    }

    /// The next message; `None` once the other end is gone.
    pub(crate) fn receive<T: DeserializeOwned>(&self) -> io::Result<Option<T>> {
        match self.0.receive()? {
            Some(message) => Ok(Some(serde_json::from_slice(&message.body)?)),
            None => Ok(None),
        }
    }

    /// Asks and waits for the answer, at most for `limit`.
    pub(crate) fn ask(&self, request: &impl Serialize, limit: Duration) -> io::Result<Answer> {
        self.send(request)?;
        if !wait_readable(self.0.as_fd(), limit)? {
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer within {} s", limit.as_secs()),
            ));
        }
        self.receive()?.ok_or_else(|| {
            io::Error::new(io::ErrorKind::UnexpectedEof, "the other process is gone")
        })
    }

    /// Ends the conversation, also for whoever waits for an answer.
    pub(crate) fn hang_up(&self) -> io::Result<()> {
        self.0.hang_up()
    }
}
