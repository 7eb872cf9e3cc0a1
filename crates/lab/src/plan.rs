//! What a rehearsal consists of: machines, engines, a probe and faults, as `lab.toml` describes
//! them (`docs/lab.md`).
//!
//! ```text
//! lab.toml ── file.rs: TOML, words known ──► check.rs: meaning ──► Plan
//! ```

mod check;
mod file;

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::protocol::{NodeSpec, Target};
use crate::{Error, Result, probe};

/// The name of the machine that the probe runs on.
pub const CLIENT: &str = "client";
/// The word for whichever node holds the address when a fault strikes.
pub const HOLDER: &str = "holder";

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What it is about, in a sentence.
    pub summary: String,
    /// Its switches.
    pub switches: Vec<String>,
    /// Its machines, the client last.
    pub nodes: Vec<NodeSpec>,
    /// Commands that each machine runs under every engine.
    pub commands: BTreeMap<String, Vec<Command>>,
    /// What may stand on the machines, by name.
    pub engines: BTreeMap<String, Engine>,
    /// The address that is to stay reachable.
    pub address: IpAddr,
    /// The node that holds it while all is well; `None`: any one.
    pub home: Option<String>,
    /// What the client asks.
    pub probe: probe::Target,
    /// The rehearsal's patience.
    pub times: Times,
    /// What breaks, one after the other.
    pub faults: Vec<Fault>,
    /// Power switches of machines, each a machine of its own.
    pub bmcs: Vec<Bmc>,
    /// Folders of machines that outlive their death.
    pub kept: BTreeMap<String, Vec<String>>,
}

/// A board management controller: a machine that speaks IPMI and switches another one's power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bmc {
    /// The machine; its interfaces are among the plan's nodes.
    pub name: String,
    /// Whose power it switches.
    pub node: String,
    /// Who may.
    pub user: String,
    /// With which password.
    pub password: String,
}

/// A command that is run before the first fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// On which machine; `None`: on each that the engine stands on, at the same time.
    pub node: Option<String>,
    /// Program and arguments; one text is for the shell.
    pub argv: Vec<String>,
    /// How it must end.
    pub exit: i32,
    /// What it must print. It is run again until it does, as long as the rehearsal waits before a
    /// fault.
    pub says: Option<String>,
}

/// A command that runs for as long as its machine does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The name of its log.
    pub name: String,
    /// Program and arguments.
    pub argv: Vec<String>,
}

/// A set of programs that keeps the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// Programs that this computer must have.
    pub needs: Vec<String>,
    /// What runs.
    pub commands: Vec<Command>,
    /// Where; empty: on every machine but the client.
    pub nodes: Vec<String>,
    /// What its machines find at these absolute paths, beside their own files.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Which processes the faults mean by a name such as `balancer`.
    pub parts: BTreeMap<String, Target>,
    /// Absolute paths at which its machines find `keel`, under another name.
    pub links: Vec<String>,
    /// What is run before the first fault, in this order.
    pub steps: Vec<Step>,
}

/// How long the rehearsal waits for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Before a fault, at most so long for the address to be at home and answering.
    pub settle: Duration,
    /// So long without a change counts as settled.
    pub steady: Duration,
    /// The probe runs so long before the fault.
    pub lead: Duration,
}

/// Something that breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its name in the table.
    pub name: String,
    /// What happens.
    pub action: Action,
    /// To which node; `None`: to the holder.
    pub node: Option<String>,
    /// It is watched at least for so long.
    pub observe: Duration,
    /// It is watched at most for so long, where the client's answers do not become steady again.
    pub at_most: Duration,
    /// What would make the rehearsal fail.
    pub limits: Limits,
}

/// What happens to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A signal to the processes of a part.
    Signal {
        /// The part, by its name in the engine.
        part: String,
        /// Which signal.
        signal: Signal,
    },
    /// SIGSTOP: to a part, or to the whole machine, whose links then are silent too.
    Pause {
        /// The part; `None`: everything.
        part: Option<String>,
    },
    /// Power failure.
    NodeDeath,
    /// A cable is pulled, and put back when the fault is over.
    LinkCut {
        /// Which; `None`: all of the node.
        interface: Option<String>,
    },
    /// A cable is pulled and put back, again and again.
    LinkFlap {
        /// Which; `None`: all of the node.
        interface: Option<String>,
        /// How often.
        times: u32,
        /// How long it is out.
        down: Duration,
        /// How long it is in between.
        up: Duration,
    },
    /// The switches split between groups of machines.
    Partition {
        /// The groups; who is in none stays with the first.
        groups: Vec<Vec<String>>,
    },
    /// Packets are lost.
    Drop {
        /// How many of a hundred.
        percent: u8,
        /// Which, as an nftables expression such as `ip protocol 112`; `None`: all.
        matching: Option<String>,
    },
    /// A disk of the node is full.
    FillDisk {
        /// Where it is mounted.
        path: String,
    },
    /// A command is run on the node.
    Run {
        /// Program and arguments.
        argv: Vec<String>,
        /// What puts it right again, run there when the fault is over; empty: nothing.
        undo: Vec<String>,
    },
}

/// What a fault may cost at most; what is not named is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// The longest gap between two answers, in milliseconds.
    pub max_gap_ms: Option<f64>,
    /// Failed requests.
    pub max_failed: Option<u64>,
    /// Failed requests among those sent after the fault.
    pub max_failed_after: Option<u64>,
    /// Time with two holders, in milliseconds.
    pub max_two_holders_ms: Option<f64>,
}

impl Eq for Limits {}

impl Plan {
    /// Reads `lab.toml`. The files that it names are looked for beside it.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] with everything that is wrong, each with its line.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::Plan(format!("{}: {error}", path.display())))?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&path.to_string_lossy(), &text, |file| {
            std::fs::read(folder.join(file))
        })
    }

    /// Understands the text of a `lab.toml`; `read` yields the files that it names.
    ///
    /// # Errors
    ///
    /// [`Error::Plan`] with everything that is wrong, each with its line.
    pub fn parse(
        name: &str,
        text: &str,
        read: impl Fn(&str) -> io::Result<Vec<u8>>,
    ) -> Result<Self> {
        let mut sources = diagnostics::Sources::new();
        let source = sources.add(name, text);
        let outcome = file::parse(source, text).and_then(|file| check::check(source, file, &read));
        outcome.map_err(|problems| {
            let texts = problems
                .iter()
                .map(|problem| diagnostics::render(&sources, problem, false));
            Error::Plan(texts.collect::<Vec<_>>().join("\n").trim_end().to_owned())
        })
    }

    /// The commands of a machine under an engine, in the order of their start.
    #[must_use]
    pub fn commands_of(&self, node: &str, engine: &Engine) -> Vec<Command> {
        let mut commands = self.commands.get(node).cloned().unwrap_or_default();
        if engine.stands_on(node) {
            commands.extend(engine.commands.iter().cloned());
        }
        commands
    }
}

impl Engine {
    /// Whether the engine runs on a machine.
    #[must_use]
    pub fn stands_on(&self, node: &str) -> bool {
        let listed = self.nodes.iter().any(|listed| listed == node);
        listed || (self.nodes.is_empty() && node != CLIENT)
    }
}

#[cfg(test)]
mod tests;
