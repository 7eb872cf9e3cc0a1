//! The room that the lab's machines stand in: a process with its own process, mount and network
//! namespaces, of which it is pid 1. Everything of a lab lives below it, so when it ends, for
//! whatever reason, the kernel ends all of it.
//!
//! ```text
//! the caller (Lab)
//! └─ keel lab room          takes new namespaces (a user namespace first, without root)
//!    └─ keel lab room-init  pid 1: switches, links, nodes; ends when the caller is gone
//!       ├─ keel lab node   pid 1 of a node
//!       └─ …
//! ```

mod machine;
mod permission;
mod switch;
mod watch;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use system::process::{RoleCommand, Signal, Stream, set_death_signal};

use crate::node::view;
use crate::protocol::{ANSWER_LIMIT, Answer, LinkState, NodeRequest, NodeSpec, Request, Wire};
use machine::Machine;
use switch::Switches;
use watch::AddressRecord;

/// Tells room-init that it lives in a user namespace.
const ROOTLESS_VARIABLE: &str = "KEEL_LAB_ROOTLESS";

/// `keel lab room`: takes new namespaces and starts the room's pid 1 in them, which takes the
/// conversation with the caller over.
pub(crate) fn enter() -> ExitCode {
    let wire = match Wire::from_environment() {
        Ok(wire) => wire,
        Err(error) => return failed(&error),
    };
    let refused = match permission::take_namespaces() {
        Ok(rootless) => match run_first_process(&wire, rootless) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => Answer::Failed(format!("the lab could not be started: {error}")),
        },
        Err(refusal) => Answer::NotAllowed {
            reason: refusal.reason,
            enable: refusal.enable,
        },
    };
    let _ = wire.send(&refused);
    ExitCode::FAILURE
}

fn run_first_process(wire: &Wire, rootless: bool) -> io::Result<()> {
    let mut command = RoleCommand::program(std::env::current_exe()?, "keel")
        .arguments(["lab", "room-init"])
        .streams(Stream::Null, Stream::Inherit, Stream::Inherit)
        .environment("PATH", crate::node_search_path())
        .channel(wire.for_child()?);
    if rootless {
        command = command.environment(ROOTLESS_VARIABLE, "1");
    }
    command.spawn()?.wait()?;
    Ok(())
}

/// `keel lab room-init`: pid 1 of the room.
pub(crate) fn live() -> ExitCode {
    let outcome = set_death_signal(Signal::SIGKILL)
        .and_then(|()| Wire::from_environment())
        .and_then(|wire| serve(&wire));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

fn failed(error: &io::Error) -> ExitCode {
    eprintln!("keel lab: the lab failed: {error}");
    ExitCode::FAILURE
}

fn serve(wire: &Wire) -> io::Result<()> {
    let mut room = match Room::prepare() {
        Ok(room) => room,
        Err(error) => {
            return wire.send(&Answer::Failed(format!(
                "the lab could not be started: {error}"
            )));
        }
    };
    wire.send(&Answer::Ready {
        rootless: room.rootless,
    })?;
    let requests = listen(wire.clone())?;
    while let Ok(request) = requests.recv() {
        let answer = room
            .handle(request)
            .unwrap_or_else(|error| Answer::Failed(error.to_string()));
        wire.send(&answer)?;
    }
    Ok(())
}

/// Reads requests beside the work, so that the room notices at once when its caller is gone, and
/// then ends.
fn listen(wire: Wire) -> io::Result<mpsc::Receiver<Request>> {
    let (sender, requests) = mpsc::channel();
    thread::Builder::new()
        .name("listener".to_owned())
        .spawn(move || {
            while let Ok(Some(request)) = wire.receive() {
                if sender.send(request).is_err() {
                    break;
                }
            }
            std::process::exit(0);
        })?;
    Ok(requests)
}

struct Room {
    rootless: bool,
    switches: Switches,
    machines: BTreeMap<String, Machine>,
    record: AddressRecord,
}

impl Room {
    fn prepare() -> io::Result<Self> {
        view::prepare_room(&std::env::current_exe()?)?;
        Ok(Self {
            rootless: std::env::var_os(ROOTLESS_VARIABLE).is_some(),
            switches: Switches::new()?,
            machines: BTreeMap::new(),
            record: AddressRecord::default(),
        })
    }

    fn handle(&mut self, request: Request) -> io::Result<Answer> {
        match request {
            Request::AddSwitch { name } => self.switches.add(&name)?,
            Request::StartNode(spec) => self.start_node(&spec)?,
            Request::KillNode { node } => return self.kill_node(&node),
            Request::SetLink {
                node,
                interface,
                state,
            } => self.switches.set_link(&node, interface.as_deref(), state)?,
            Request::Partition { groups } => self.switches.partition(&groups)?,
            Request::Mend => self.switches.mend()?,
            Request::AddressEvents { from } => {
                return Ok(Answer::AddressEvents(self.record.since(from)));
            }
            Request::NodePid { node } => {
                return Ok(Answer::Pid(self.machine(&node)?.pid().as_raw()));
            }
            Request::Log { node, command } => return read_log(&node, &command),
            Request::Logs => return list_logs(),
            Request::Node { node, request } => {
                let limit = ANSWER_LIMIT + allowed(&request);
                return self.machine(&node)?.ask(&request, limit);
            }
        }
        Ok(done())
    }

    fn start_node(&mut self, spec: &NodeSpec) -> io::Result<()> {
        if self.machines.contains_key(&spec.name) {
            return Err(io::Error::other(format!("node {} runs already", spec.name)));
        }
        let machine = Machine::start(spec, self.rootless, &self.record)?;
        for interface in &spec.interfaces {
            self.switches
                .connect(&spec.name, interface, machine.pid())?;
            let request = NodeRequest::TakeInterface(interface.clone());
            if let Answer::Failed(reason) = machine.ask(&request, ANSWER_LIMIT)? {
                return Err(io::Error::other(format!(
                    "interface {} of {}: {reason}",
                    interface.name, spec.name
                )));
            }
        }
        self.machines.insert(spec.name.clone(), machine);
        Ok(())
    }

    fn kill_node(&mut self, node: &str) -> io::Result<Answer> {
        // What the node does when it sees its links go is already after its death.
        let at = crate::clock::now();
        // A kernel that is switched off answers nobody; this one would, for the moment that it
        // takes to clear the namespace away.
        self.switches.set_link(node, None, LinkState::Cut)?;
        let machine = self
            .machines
            .remove(node)
            .ok_or_else(|| not_running(node))?;
        self.record.died(node, at);
        machine.kill()?;
        self.switches.disconnect(node)?;
        Ok(Answer::Done { at })
    }

    fn machine(&self, node: &str) -> io::Result<&Machine> {
        self.machines.get(node).ok_or_else(|| not_running(node))
    }
}

fn not_running(node: &str) -> io::Error {
    io::Error::other(format!("node {node} is not running"))
}

fn done() -> Answer {
    Answer::Done {
        at: crate::clock::now(),
    }
}

/// The time that a request itself asks for.
fn allowed(request: &NodeRequest) -> Duration {
    match request {
        NodeRequest::Run { timeout_ms, .. } => Duration::from_millis(*timeout_ms),
        _ => Duration::ZERO,
    }
}

fn read_log(node: &str, command: &str) -> io::Result<Answer> {
    let path = Path::new(view::LOG_FOLDER)
        .join(node)
        .join(format!("{command}.log"));
    match fs::read(path) {
        Ok(text) => Ok(Answer::Log(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Answer::Log(Vec::new())),
        Err(error) => Err(error),
    }
}

fn list_logs() -> io::Result<Answer> {
    let mut names = Vec::new();
    for node in fs::read_dir(view::LOG_FOLDER)? {
        let node = node?;
        for log in fs::read_dir(node.path())? {
            let file = log?.file_name().to_string_lossy().into_owned();
            if let Some(command) = file.strip_suffix(".log") {
                names.push((
                    node.file_name().to_string_lossy().into_owned(),
                    command.to_owned(),
                ));
            }
        }
    }
    names.sort();
    Ok(Answer::Logs(names))
}

/// The number by which this computer knows a process of the room, told by the number of the room's
/// own parent here and the process's number in the room; `None` where it ended.
pub(crate) fn process_on_host(room_parent: i32, number_in_room: i32) -> Option<i32> {
    let children = fs::read_to_string(format!("/proc/{room_parent}/task/{room_parent}/children"));
    let room: i32 = children.ok()?.split_whitespace().next()?.parse().ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let pid: i32 = entry.file_name().to_str()?.parse().ok()?;
        let status = fs::read_to_string(entry.path().join("status")).ok()?;
        let numbers = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))?;
        let numbers: Vec<i32> = numbers.split_whitespace().flat_map(str::parse).collect();
        // A node's first process: its number here, in the room, and on the node.
        let matches = matches!(numbers.as_slice(), [.., room, 1] if *room == number_in_room);
        (matches && is_below(pid, room)).then_some(pid)
    })
}

/// Whether `ancestor` is among the parents of `pid`.
fn is_below(mut pid: i32, ancestor: i32) -> bool {
    while pid > 1 {
        if pid == ancestor {
            return true;
        }
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"));
        pid = parent
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
    }
    false
}
