//! A running lab, in the hands of whoever started it.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Shutdown};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::clock::Nanoseconds;
use crate::holders::Holders;
use crate::probe::{self, RunningProbe};
use crate::protocol::{
    ANSWER_LIMIT, AddressEvent, Answer, CommandState, LinkState, NodeRequest, NodeSpec, Output,
    Process, Request, Target, Wire,
};
use crate::{Error, Result};

/// How often a condition is looked at again while waiting for it.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// How long the end of everything in a lab may take.
const END_LIMIT: Duration = Duration::from_secs(10);

/// What a lab consists of, before it runs.
#[derive(Debug, Clone)]
pub struct LabBuilder {
    program: PathBuf,
    switches: Vec<String>,
    nodes: Vec<NodeSpec>,
}

impl LabBuilder {
    /// An empty lab. `program` is the path of the `keel` executable: the lab's own processes are
    /// started from it, and its nodes find it as `keel`.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            switches: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// Adds a switch.
    #[must_use]
    pub fn switch(mut self, name: impl Into<String>) -> Self {
        self.switches.push(name.into());
        self
    }

    /// Adds a node; [`NodeSpec::new`] starts one.
    #[must_use]
    pub fn node(mut self, node: NodeSpec) -> Self {
        self.nodes.push(node);
        self
    }

    /// Starts the lab with all its nodes. Each node's `/etc/hosts` names every node.
    ///
    /// # Errors
    ///
    /// [`Error::NotAllowed`] where the kernel refuses namespaces, [`Error::Refused`] where a node
    /// cannot be what was asked for.
    pub fn start(self) -> Result<Lab> {
        Lab::start(self)
    }
}

/// A running lab. Dropping it ends everything in it.
pub struct Lab {
    connection: Arc<Connection>,
    nodes: BTreeMap<String, NodeSpec>,
    rootless: bool,
}

struct Connection {
    wire: Mutex<Wire>,
    /// The same conversation, to end it while somebody waits for an answer.
    hang_up: UnixStream,
    process: Mutex<Child>,
    probes: std::sync::atomic::AtomicU32,
}

impl Lab {
    fn start(plan: LabBuilder) -> Result<Self> {
        let (connection, rootless) = Connection::open(&plan.program)?;
        let lab = Self {
            connection: Arc::new(connection),
            nodes: with_hosts(plan.nodes),
            rootless,
        };
        for name in plan.switches {
            lab.connection.done(&Request::AddSwitch { name })?;
        }
        for spec in lab.nodes.values() {
            lab.connection.done(&Request::StartNode(spec.clone()))?;
        }
        Ok(lab)
    }

    /// Whether the lab runs without root, behind a user namespace.
    #[must_use]
    pub fn rootless(&self) -> bool {
        self.rootless
    }

    /// The names of all nodes, running or not.
    pub fn node_names(&self) -> impl Iterator<Item = &str> {
        self.nodes.keys().map(String::as_str)
    }

    /// A node by its name; whether there is one shows at its first use.
    #[must_use]
    pub fn node(&self, name: &str) -> Node {
        Node {
            name: name.to_owned(),
            connection: Arc::clone(&self.connection),
        }
    }

    /// Power failure: cuts the node's links and kills everything on it. Returns when.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn kill_node(&self, name: &str) -> Result<Nanoseconds> {
        self.connection.done(&Request::KillNode {
            node: name.to_owned(),
        })
    }

    /// Starts a node that was killed, as new: its files are the first ones again and no command
    /// runs.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it runs already or is unknown.
    pub fn start_node(&self, name: &str) -> Result<Nanoseconds> {
        let spec = self.nodes.get(name).ok_or_else(|| Error::Refused {
            what: format!("start node {name}"),
            reason: "there is no such node".to_owned(),
        })?;
        self.connection.done(&Request::StartNode(spec.clone()))
    }

    /// Sets the switch's end of a node's link, or of all its links.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where there is no such link.
    pub fn set_link(
        &self,
        node: &str,
        interface: Option<&str>,
        state: LinkState,
    ) -> Result<Nanoseconds> {
        self.connection.done(&Request::SetLink {
            node: node.to_owned(),
            interface: interface.map(str::to_owned),
            state,
        })
    }

    /// Splits every switch between groups of nodes; a node in no group stays with the first.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the kernel refuses.
    pub fn partition(&self, groups: &[Vec<String>]) -> Result<Nanoseconds> {
        self.connection.done(&Request::Partition {
            groups: groups.to_vec(),
        })
    }

    /// Joins all partitions and sets every link up.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the kernel refuses.
    pub fn mend(&self) -> Result<Nanoseconds> {
        self.connection.done(&Request::Mend)
    }

    /// Every change of an address since the lab's start, from index `from` on.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn address_events(&self, from: usize) -> Result<Vec<AddressEvent>> {
        match self.connection.ask(&Request::AddressEvents { from })? {
            Answer::AddressEvents(events) => Ok(events),
            other => Err(unexpected("address events", &other)),
        }
    }

    /// The nodes that have the address now, in the order of their names.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn holders(&self, address: IpAddr) -> Result<Vec<String>> {
        Ok(Holders::of(address, &self.address_events(0)?).now())
    }

    /// Waits until exactly `node` (or, without one, any single node) has the address, and has had
    /// it alone for `steady`; returns its name.
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`].
    pub fn wait_for_holder(
        &self,
        address: IpAddr,
        node: Option<&str>,
        steady: Duration,
        limit: Duration,
    ) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            let holders = Holders::of(address, &self.address_events(0)?);
            if let [holder] = holders.now().as_slice()
                && node.is_none_or(|wanted| wanted == holder)
                && holders.unchanged_for() >= steady
            {
                return Ok(holder.clone());
            }
            if Instant::now() >= deadline {
                let who = node.unwrap_or("one node alone");
                return Err(Error::TooLate {
                    what: format!("that {who} holds {address}"),
                    limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// Starts a probe on a node; it runs until it is stopped.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn probe(&self, node: &str, target: &probe::Target) -> Result<RunningProbe> {
        use std::sync::atomic::Ordering;
        let number = self.connection.probes.fetch_add(1, Ordering::Relaxed);
        RunningProbe::start(self.node(node), number, target)
    }

    /// The names of all logs: node and command.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn logs(&self) -> Result<Vec<(String, String)>> {
        match self.connection.ask(&Request::Logs)? {
            Answer::Logs(names) => Ok(names),
            other => Err(unexpected("logs", &other)),
        }
    }

    /// The number of the process that the lab consists of, as this computer counts: when it ends,
    /// the lab is gone.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.connection.process().id()
    }

    /// Waits until the lab's own processes have ended, which they do only when they are ended from
    /// outside.
    pub fn wait_for_end(&self) {
        while matches!(self.connection.process().try_wait(), Ok(None)) {
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// A way to end the lab from another thread.
    #[must_use]
    pub fn terminator(&self) -> Terminator {
        Terminator {
            connection: Arc::downgrade(&self.connection),
        }
    }
}

/// Ends a lab from another thread; does not keep it alive.
pub struct Terminator {
    connection: Weak<Connection>,
}

impl Terminator {
    /// Ends everything in the lab; returns once it is gone.
    pub fn end(&self) {
        if let Some(connection) = self.connection.upgrade() {
            connection.end();
        }
    }
}

/// A machine of a running lab.
#[derive(Clone)]
pub struct Node {
    name: String,
    connection: Arc<Connection>,
}

impl Node {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs a command to its end, at most for `limit`.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it cannot be started.
    pub fn run<S: AsRef<str>>(&self, argv: &[S], limit: Duration) -> Result<Output> {
        let request = NodeRequest::Run {
            argv: owned(argv),
            timeout_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
        };
        match self.ask(request)? {
            Answer::Output(output) => Ok(output),
            other => Err(unexpected("a command", &other)),
        }
    }

    /// Starts a command under a name, its output going to the log of that name; returns its
    /// process number on the node.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where it cannot be started.
    pub fn spawn<S: AsRef<str>>(&self, command: &str, argv: &[S]) -> Result<i32> {
        let request = NodeRequest::Spawn {
            command: command.to_owned(),
            argv: owned(argv),
            environment: BTreeMap::new(),
        };
        match self.ask(request)? {
            Answer::Pid(pid) => Ok(pid),
            other => Err(unexpected("a command", &other)),
        }
    }

    /// Sends a signal to every process that is meant; returns when, and to how many.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn signal(&self, target: &Target, signal: Signal) -> Result<(Nanoseconds, usize)> {
        let request = NodeRequest::Signal {
            target: target.clone(),
            signal: signal as i32,
        };
        match self.ask(request)? {
            Answer::Signalled { at, processes } => Ok((at, processes)),
            other => Err(unexpected("a signal", &other)),
        }
    }

    /// The commands that were spawned, the latest of each name, and how they ended.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn commands(&self) -> Result<Vec<CommandState>> {
        match self.ask(NodeRequest::Commands)? {
            Answer::Commands(commands) => Ok(commands),
            other => Err(unexpected("commands", &other)),
        }
    }

    /// Waits until a spawned command has ended; returns how (`exit 0`, `signal 9`).
    ///
    /// # Errors
    ///
    /// [`Error::TooLate`].
    pub fn wait_for_end(&self, command: &str, limit: Duration) -> Result<String> {
        let deadline = Instant::now() + limit;
        loop {
            let found = self.commands()?.into_iter().find(|c| c.command == command);
            if let Some(end) = found.and_then(|state| state.ended) {
                return Ok(end);
            }
            if Instant::now() >= deadline {
                return Err(Error::TooLate {
                    what: format!("the end of {command} on {}", self.name),
                    limit_ms: u64::try_from(limit.as_millis()).unwrap_or(u64::MAX),
                });
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    /// All processes of the node but its own first one.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn processes(&self) -> Result<Vec<Process>> {
        match self.ask(NodeRequest::Processes)? {
            Answer::Processes(processes) => Ok(processes),
            other => Err(unexpected("processes", &other)),
        }
    }

    /// What a spawned command has written so far; also after the node's death.
    ///
    /// # Errors
    ///
    /// [`Error::Gone`].
    pub fn log(&self, command: &str) -> Result<String> {
        let request = Request::Log {
            node: self.name.clone(),
            command: command.to_owned(),
        };
        match self.connection.ask(&request)? {
            Answer::Log(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            other => Err(unexpected("a log", &other)),
        }
    }

    /// Writes a file that only this node sees.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the path is not absolute.
    pub fn write_file(&self, path: &str, content: &[u8]) -> Result<()> {
        self.ask(NodeRequest::WriteFile {
            path: path.to_owned(),
            content: content.to_vec(),
        })
        .map(drop)
    }

    /// Fills one of the node's own disks.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where `path` is not on such a disk.
    pub fn fill_disk(&self, path: &str) -> Result<Nanoseconds> {
        let path = path.to_owned();
        moment(&self.ask(NodeRequest::FillDisk { path })?)
    }

    /// Gives the space back.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the file cannot be removed.
    pub fn empty_disk(&self, path: &str) -> Result<Nanoseconds> {
        let path = path.to_owned();
        moment(&self.ask(NodeRequest::EmptyDisk { path })?)
    }

    /// The number of the node's first process, as the lab's first process counts.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] where the node does not run.
    pub fn first_process(&self) -> Result<i32> {
        let node = self.name.clone();
        match self.connection.ask(&Request::NodePid { node })? {
            Answer::Pid(pid) => Ok(pid),
            other => Err(unexpected("a process number", &other)),
        }
    }

    fn ask(&self, request: NodeRequest) -> Result<Answer> {
        self.connection.ask(&Request::Node {
            node: self.name.clone(),
            request,
        })
    }
}

impl Connection {
    fn open(program: &Path) -> Result<(Self, bool)> {
        let (ours, theirs) = UnixStream::pair()?;
        // A process group of its own: Ctrl-C is for the caller, who then ends the lab in order.
        let process = Command::new(program)
            .args(["lab", "room"])
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .process_group(0)
            .spawn()
            .map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", program.display()))
            })?;
        let hang_up = ours.try_clone()?;
        let mut wire = Wire::new(ours);
        let greeting = wire.receive();
        let connection = Self {
            wire: Mutex::new(wire),
            hang_up,
            process: Mutex::new(process),
            probes: Default::default(),
        };
        match greeting? {
            Some(Answer::Ready { rootless }) => Ok((connection, rootless)),
            Some(Answer::NotAllowed { reason, enable }) => {
                Err(Error::NotAllowed { reason, enable })
            }
            Some(Answer::Failed(reason)) => Err(Error::Refused {
                what: "start a lab".to_owned(),
                reason,
            }),
            Some(other) => Err(unexpected("a lab", &other)),
            None => Err(Error::Gone(io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn ask(&self, request: &Request) -> Result<Answer> {
        let limit = ANSWER_LIMIT * 2 + allowed(request);
        let mut wire = self.wire.lock().unwrap_or_else(PoisonError::into_inner);
        match wire.ask(request, limit)? {
            Answer::Failed(reason) => Err(Error::Refused {
                what: describe(request),
                reason,
            }),
            answer => Ok(answer),
        }
    }

    fn done(&self, request: &Request) -> Result<Nanoseconds> {
        moment(&self.ask(request)?)
    }

    fn process(&self) -> MutexGuard<'_, Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The room's first process ends when its caller hangs up, the kernel then ends everything
    /// below it, and only after that its parent, this process's child, ends too. Should that take
    /// too long, killing the child has the same effect, without being able to wait for it.
    fn end(&self) {
        let mut process = self.process();
        let _ = self.hang_up.shutdown(Shutdown::Both);
        let deadline = Instant::now() + END_LIMIT;
        while Instant::now() < deadline {
            if !matches!(process.try_wait(), Ok(None)) {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let _ = process.kill();
        let _ = process.wait();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.end();
    }
}

/// The time that a request itself asks for.
fn allowed(request: &Request) -> Duration {
    match request {
        Request::Node {
            request: NodeRequest::Run { timeout_ms, .. },
            ..
        } => Duration::from_millis(*timeout_ms),
        _ => Duration::ZERO,
    }
}

fn describe(request: &Request) -> String {
    match request {
        Request::AddSwitch { name } => format!("switch {name}"),
        Request::StartNode(spec) => format!("start node {}", spec.name),
        Request::KillNode { node } => format!("kill node {node}"),
        Request::SetLink { node, .. } => format!("link of {node}"),
        Request::Partition { .. } => "partition".to_owned(),
        Request::Mend => "mend".to_owned(),
        Request::AddressEvents { .. } => "address events".to_owned(),
        Request::NodePid { node } | Request::Log { node, .. } => format!("node {node}"),
        Request::Logs => "logs".to_owned(),
        Request::Node { node, request } => match request {
            NodeRequest::Spawn { command, .. } => format!("{command} on {node}"),
            NodeRequest::Run { argv, .. } => format!("'{}' on {node}", argv.join(" ")),
            NodeRequest::FillDisk { .. } => format!("fill a disk of {node}"),
            _ => format!("node {node}"),
        },
    }
}

fn moment(answer: &Answer) -> Result<Nanoseconds> {
    match answer {
        Answer::Done { at } => Ok(*at),
        other => Err(unexpected("a request", other)),
    }
}

fn unexpected(what: &str, answer: &Answer) -> Error {
    Error::Refused {
        what: what.to_owned(),
        reason: format!("unexpected answer {answer:?}"),
    }
}

fn owned<S: AsRef<str>>(argv: &[S]) -> Vec<String> {
    argv.iter().map(|word| word.as_ref().to_owned()).collect()
}

/// The nodes by name, each with all of them in its `/etc/hosts`.
fn with_hosts(nodes: Vec<NodeSpec>) -> BTreeMap<String, NodeSpec> {
    let all: Vec<(IpAddr, String)> = nodes
        .iter()
        .flat_map(|node| {
            let addresses = node.interfaces.iter().flat_map(|i| &i.addresses);
            addresses.map(|spec| (spec.address, node.name.clone()))
        })
        .collect();
    nodes
        .into_iter()
        .map(|mut node| {
            node.hosts.extend(all.iter().cloned());
            (node.name.clone(), node)
        })
        .collect()
}

impl NodeSpec {
    /// A machine without interfaces, files or users.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            interfaces: Vec::new(),
            files: BTreeMap::new(),
            users: Vec::new(),
            sysctls: BTreeMap::new(),
            disks: BTreeMap::new(),
            hosts: Vec::new(),
        }
    }

    /// Adds an interface with one address.
    #[must_use]
    pub fn interface(
        mut self,
        name: &str,
        switch: &str,
        address: impl Into<IpAddr>,
        prefix_len: u8,
    ) -> Self {
        self.interfaces.push(crate::InterfaceSpec {
            name: name.to_owned(),
            switch: switch.to_owned(),
            addresses: vec![crate::AddressSpec {
                address: address.into(),
                prefix_len,
            }],
        });
        self
    }

    /// Adds a file that the node finds at an absolute path.
    #[must_use]
    pub fn file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.to_owned(), content.into());
        self
    }

    /// Adds a user with a group of the same name.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.users.push(name.to_owned());
        self
    }

    /// Sets a kernel setting by its dotted name.
    #[must_use]
    pub fn sysctl(mut self, name: &str, value: &str) -> Self {
        self.sysctls.insert(name.to_owned(), value.to_owned());
        self
    }
}
