//! A machine: a process that lives in namespaces of its own, of which it is the first, and does
//! what the room asks of it.
//!
//! ```text
//! keel lab node        takes new namespaces, then waits for
//! └─ keel lab node-init   pid 1 of the node; killing it kills everything on the node
//!    └─ the node's commands
//! ```

mod disk;
mod processes;
pub(crate) use processes::search_path;
pub(crate) mod view;

use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};

use crate::netlink::Netlink;
use crate::protocol::{Answer, InterfaceSpec, NodeRequest, NodeSpec, Wire};
use processes::Processes;

/// The first thing that a node is told.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Birth {
    pub(crate) spec: NodeSpec,
    pub(crate) rootless: bool,
}

/// `keel lab node`: takes new namespaces and starts the node's pid 1 in them. Its standard input is
/// the conversation with the room; the first line that goes back is the pid.
pub(crate) fn enter() -> ExitCode {
    match enter_namespaces() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("keel lab: a node could not be started: {error}");
            ExitCode::FAILURE
        }
    }
}

fn enter_namespaces() -> io::Result<ExitCode> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    let mut wire = Wire::from_standard_input()?;
    unshare(
        CloneFlags::CLONE_NEWNS
            | CloneFlags::CLONE_NEWUTS
            | CloneFlags::CLONE_NEWIPC
            | CloneFlags::CLONE_NEWNET
            | CloneFlags::CLONE_NEWPID,
    )?;
    let mut child = Command::new(format!("{}/keel", view::PROGRAM_FOLDER))
        .args(["lab", "node-init"])
        .stdin(Stdio::inherit())
        .spawn()?;
    wire.send(&Answer::Pid(child.id().cast_signed()))?;
    drop(wire);
    child.wait()?;
    Ok(ExitCode::SUCCESS)
}

/// `keel lab node-init`: a node's pid 1. Ends, and with it the node, when the room is gone.
pub(crate) fn live() -> ExitCode {
    // A mask would be inherited by every command of the node.
    let _ = SigSet::all().thread_unblock();
    let outcome = prctl::set_pdeathsig(Signal::SIGKILL)
        .map_err(io::Error::from)
        .and_then(|()| Wire::from_standard_input())
        .and_then(serve);
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keel lab: a node failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(mut wire: Wire) -> io::Result<()> {
    let Some(birth) = wire.receive::<Birth>()? else {
        return Ok(());
    };
    let mut node = match Node::prepare(&birth) {
        Ok(node) => node,
        Err(error) => return wire.send(&Answer::Failed(error.to_string())),
    };
    wire.send(&Answer::Ready {
        rootless: birth.rootless,
    })?;
    while let Some(request) = wire.receive::<NodeRequest>()? {
        let answer = node
            .handle(request)
            .unwrap_or_else(|error| Answer::Failed(error.to_string()));
        wire.send(&answer)?;
    }
    Ok(())
}

struct Node {
    name: String,
    netlink: Netlink,
    processes: Processes,
}

impl Node {
    fn prepare(birth: &Birth) -> io::Result<Self> {
        let spec = &birth.spec;
        let _ = prctl::set_name(c"node-init");
        nix::unistd::sethostname(&spec.name)?;
        let logs = std::path::Path::new(view::LOG_FOLDER).join(&spec.name);
        std::fs::create_dir_all(&logs)?;
        let logs = std::fs::File::open(logs)?;
        view::prepare_node(spec, birth.rootless)?;
        std::env::set_current_dir("/")?;
        view::write_sysctls(&spec.sysctls)?;
        let mut netlink = Netlink::new()?;
        netlink.set_up("lo", true)?;
        Ok(Self {
            name: spec.name.clone(),
            netlink,
            processes: Processes::new(logs, &spec.name)?,
        })
    }

    fn handle(&mut self, request: NodeRequest) -> io::Result<Answer> {
        match request {
            NodeRequest::TakeInterface { device, spec } => self.take_interface(&device, &spec),
            NodeRequest::Spawn {
                command,
                argv,
                environment,
            } => self.processes.spawn(&command, &argv, &environment),
            NodeRequest::Run { argv, timeout_ms } => {
                self.processes.run(&argv, Duration::from_millis(timeout_ms))
            }
            NodeRequest::Signal { target, signal } => self.processes.signal(&target, signal),
            NodeRequest::Commands => Ok(Answer::Commands(self.processes.commands())),
            NodeRequest::Processes => Ok(Answer::Processes(processes::running()?)),
            NodeRequest::FillDisk { path } => disk::fill(&path),
            NodeRequest::EmptyDisk { path } => disk::empty(&path),
            NodeRequest::WriteFile { path, content } => {
                view::write_file(&path, &content)?;
                Ok(done())
            }
        }
    }

    fn take_interface(&mut self, device: &str, spec: &InterfaceSpec) -> io::Result<Answer> {
        self.netlink.rename(device, &spec.name)?;
        let hardware = hardware_address(&self.name, &spec.name);
        self.netlink.set_hardware_address(&spec.name, hardware)?;
        for address in &spec.addresses {
            self.netlink.add_address(&spec.name, *address)?;
        }
        self.netlink.set_up(&spec.name, true)?;
        Ok(done())
    }
}

/// A machine that is started again has the same hardware address as before: its neighbours still
/// know that one. Locally administered, from a hash (FNV-1a) of the names.
fn hardware_address(node: &str, interface: &str) -> [u8; 6] {
    let hash = format!("{node}/{interface}")
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let [a, b, c, d, e, ..] = hash.to_be_bytes();
    [0x02, a, b, c, d, e]
}

fn done() -> Answer {
    Answer::Done {
        at: crate::clock::now(),
    }
}
