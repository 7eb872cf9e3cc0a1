//! A cluster in the lab: machines that run `keel cluster run`, with their files on this computer's
//! disk.
//!
//! Owns: the configuration and the keys of such a cluster, and the ways to its daemons. Must never:
//! judge what it sees; tests, the torture and the bench do that.
//!
//! ```text
//! Shape ──► corosync.conf, keys ──► lab: node1, node2, … ──► keel cluster run
//! test ── status, change, client ── folder/nodeN.sock ─────────────┘  CIB, log: in the folder
//! ```
//!
//! The machines see the folder where this computer has it. What a machine keeps there outlives its
//! death, as a disk does.

mod changes;
mod shape;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use cluster_api::{Answer, Client, ClientError, Request, Status};
use lab::{Lab, LabBuilder, NodeSpec, Target};
use nix::sys::signal::Signal;

pub use changes::{attribute, attribute_of, change_attribute};
pub use shape::{Shape, address};

/// The name that a machine's daemon is started under.
pub const DAEMON: &str = "cluster";
/// Where a machine's own small disk is, if it has one.
pub const DISK: &str = "/srv";
/// How long an answer of a daemon may take, unless told otherwise.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Why there is no such cluster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lab's machines.
    #[error(transparent)]
    Lab(#[from] lab::Error),
    /// Their files.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Their keys.
    #[error("keel cluster keys create: {0}")]
    Keys(String),
}

/// The name of a node.
#[must_use]
pub fn name(node: u32) -> String {
    format!("node{node}")
}

/// The names of nodes.
#[must_use]
pub fn names(nodes: &[u32]) -> Vec<String> {
    nodes.iter().copied().map(name).collect()
}

/// Machines that run the cluster's daemon, or can.
pub struct LabCluster {
    lab: Arc<Lab>,
    folder: PathBuf,
    shape: Shape,
}

impl LabCluster {
    /// Makes the machines and the keys; no daemon runs yet. `program`: the `keel` executable.
    ///
    /// # Errors
    /// Where the lab, the files or the keys cannot be made.
    pub fn start(program: &Path, folder: &Path, shape: Shape) -> Result<Self, Error> {
        let at = |path: &Path| {
            let path = path.to_path_buf();
            move |error| Error::File { path, error }
        };
        fs::create_dir_all(folder).map_err(at(folder))?;
        let file = folder.join("corosync.conf");
        fs::write(&file, shape.configuration(1, folder)).map_err(at(&file))?;
        create_keys(program, &file, &folder.join("keys"))?;
        let mut builder = LabBuilder::new(program);
        for link in 0..shape.links {
            builder = builder.switch(format!("link{link}"));
        }
        for node in shape.ids() {
            builder = builder.node(machine(&shape, node, folder));
        }
        for other in &shape.others {
            builder = builder.node(other.clone());
        }
        Ok(Self {
            lab: Arc::new(builder.start()?),
            folder: folder.to_path_buf(),
            shape,
        })
    }

    /// The lab, to break it.
    #[must_use]
    pub fn lab(&self) -> &Arc<Lab> {
        &self.lab
    }

    /// The ids of all nodes.
    pub fn ids(&self) -> impl Iterator<Item = u32> + use<> {
        self.shape.ids()
    }

    /// A machine.
    #[must_use]
    pub fn node(&self, node: u32) -> lab::Node {
        self.lab.node(&name(node))
    }

    /// The folder with everything that the machines keep.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The daemon's socket, which this computer reaches, too.
    #[must_use]
    pub fn socket(&self, node: u32) -> PathBuf {
        self.folder.join(format!("{}.sock", name(node)))
    }

    /// Starts the daemon of a machine.
    ///
    /// # Errors
    /// Where the machine does not run.
    pub fn run(&self, node: u32) -> lab::Result<()> {
        self.run_as(node, &[])
    }

    /// Starts the daemon of a machine with more options.
    ///
    /// # Errors
    /// Where the machine does not run.
    pub fn run_as(&self, node: u32, options: &[&str]) -> lab::Result<()> {
        let socket = self.socket(node).display().to_string();
        let mut words = vec!["keel", "cluster", "run", "--socket", &socket];
        words.extend(options);
        self.node(node).spawn(DAEMON, &words).map(drop)
    }

    /// Starts all daemons.
    ///
    /// # Errors
    /// Where a machine does not run.
    pub fn run_all(&self) -> lab::Result<()> {
        self.ids().try_for_each(|node| self.run(node))
    }

    /// Signals a machine's daemon; whether there was one.
    ///
    /// # Errors
    /// Where the machine does not run.
    pub fn signal(&self, node: u32, signal: Signal) -> lab::Result<bool> {
        let target = Target::Command(DAEMON.to_owned());
        let (_, count) = self.node(node).signal(&target, signal)?;
        Ok(count > 0)
    }

    /// Splits all links between groups of nodes.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn partition(&self, groups: &[&[u32]]) -> lab::Result<()> {
        let groups: Vec<_> = groups.iter().map(|group| names(group)).collect();
        self.lab.partition(&groups).map(drop)
    }

    /// A connection to a daemon, whose answers may take ten seconds.
    ///
    /// # Errors
    /// Where it does not run.
    pub fn client(&self, node: u32) -> Result<Client, ClientError> {
        let client = Client::connect_to(&self.socket(node))?;
        client.limit(Some(ANSWER_LIMIT))?;
        Ok(client)
    }

    /// How the cluster is, as a node knows it; nothing where its daemon does not answer.
    #[must_use]
    pub fn status(&self, node: u32) -> Option<Status> {
        match self.client(node).ok()?.ask(&Request::Status) {
            Ok(Answer::Status(status)) => Some(*status),
            _ => None,
        }
    }

    /// Whether the nodes are in one view, alone, with quorum and one CIB.
    #[must_use]
    pub fn is_together(&self, nodes: &[u32]) -> bool {
        let states: Option<Vec<Status>> = nodes.iter().map(|node| self.status(*node)).collect();
        let Some(states) = states else {
            return false;
        };
        let one = |status: &Status| (status.view.counter, status.view.leader);
        states.iter().all(|status| {
            status.view.members == nodes
                && status.quorum.is_quorate
                && status.cib.is_established
                && one(status) == one(&states[0])
                && status.cib.version == states[0].cib.version
        })
    }

    /// What `keel cluster …` prints on a machine, and whether its exit code was 0.
    ///
    /// # Panics
    /// Where the program cannot be started.
    #[must_use]
    pub fn ask(&self, program: &Path, node: u32, words: &[&str]) -> (bool, String) {
        let output = Command::new(program)
            .arg("cluster")
            .args(words)
            .env(cluster_api::SOCKET_VARIABLE, self.socket(node))
            .output()
            .expect("the program can be started");
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text).into_owned();
        (output.status.success(), text)
    }

    /// What the daemon of a machine has logged, and what it wrote before it had a log.
    #[must_use]
    pub fn said(&self, node: u32) -> String {
        let log = self.folder.join(format!("{}.log", name(node)));
        let early = self.node(node).log(DAEMON).unwrap_or_default();
        early + &fs::read_to_string(log).unwrap_or_default()
    }

    /// The folder of a node's CIB, where it is on this computer's disk.
    #[must_use]
    pub fn cib_folder(&self, node: u32) -> PathBuf {
        self.folder.join(name(node)).join("cib")
    }
}

fn machine(shape: &Shape, node: u32, folder: &Path) -> NodeSpec {
    let mut spec = NodeSpec::new(name(node))
        .shared(folder.display().to_string())
        .user("haclient")
        .file(
            "/etc/corosync/corosync.conf",
            shape.configuration(node, folder),
        );
    for link in 0..shape.links {
        let (interface, switch) = (format!("eth{link}"), format!("link{link}"));
        spec = spec.interface(&interface, &switch, address(link, node), 24);
    }
    match shape.disk_mib {
        Some(size) => spec.disk(DISK, size),
        None => spec,
    }
}

/// Makes an authority and the keys of all nodes of a configuration.
///
/// # Errors
/// What the program says.
pub fn create_keys(program: &Path, file: &Path, into: &Path) -> Result<(), Error> {
    let output = Command::new(program)
        .args(["cluster", "keys", "create", "-f"])
        .arg(file)
        .arg("--into")
        .arg(into)
        .output()
        .map_err(|error| Error::Keys(error.to_string()))?;
    if output.status.success() {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Keys(said))
    }
}
