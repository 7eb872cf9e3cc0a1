//! A machine: a process that lives in namespaces of its own, of which it is the first, and does
//! what the room asks of it.
//!
//! ```text
//! keel lab node        pid 1 of the node; killing it kills everything on the node
//! └─ the node's commands
//! ```

mod disk;
mod processes;
pub(crate) use processes::search_path;
pub(crate) mod view;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use nix::sys::signal::SigSet;
use system::address::NewAddress;
use system::namespace::set_hostname;
use system::netlink::{Netlink, NetlinkError};
use system::process::set_process_name;

use crate::protocol::{Answer, InterfaceSpec, NodeRequest, NodeSpec, Wire};
use processes::Processes;

/// The first thing that a node is told.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Birth {
    pub(crate) spec: NodeSpec,
    pub(crate) rootless: bool,
}

/// `keel lab node`: a node's pid 1. Ends, and with it the node, when the room is gone.
pub(crate) fn live() -> ExitCode {
    // A mask would be inherited by every command of the node.
    let _ = SigSet::all().thread_unblock();
    match Wire::from_environment().and_then(|wire| serve(&wire)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("keel lab: a node failed: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(wire: &Wire) -> io::Result<()> {
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
        let _ = set_process_name("node-init");
        set_hostname(&spec.name)?;
        let logs = std::path::Path::new(view::LOG_FOLDER).join(&spec.name);
        std::fs::create_dir_all(&logs)?;
        let logs = std::fs::File::open(logs)?;
        view::prepare_node(spec, birth.rootless)?;
        std::env::set_current_dir("/")?;
        view::write_sysctls(&spec.sysctls)?;
        Ok(Self {
            name: spec.name.clone(),
            netlink: network_with_loopback()?,
            processes: Processes::new(logs, &spec.name)?,
        })
    }

    fn handle(&mut self, request: NodeRequest) -> io::Result<Answer> {
        match request {
            NodeRequest::TakeInterface(spec) => {
                self.take_interface(&spec)?;
                Ok(done())
            }
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

    fn take_interface(&mut self, spec: &InterfaceSpec) -> Result<(), NetlinkError> {
        let index = self.netlink.index_of(&spec.name)?;
        let hardware = hardware_address(&self.name, &spec.name);
        self.netlink.set_mac(index, hardware)?;
        for held in &spec.addresses {
            let new = NewAddress::new(index, held.address, held.prefix_len);
            self.netlink.add_address(&new)?;
        }
        self.netlink.set_up(index, true)
    }
}

fn network_with_loopback() -> Result<Netlink, NetlinkError> {
    let mut netlink = Netlink::open()?;
    let loopback = netlink.index_of("lo")?;
    netlink.set_up(loopback, true)?;
    Ok(netlink)
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
