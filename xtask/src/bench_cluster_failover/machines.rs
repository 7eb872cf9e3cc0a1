//! The machines: a cluster of ours, or of the peers, on a lab of the same shape, driven by the same
//! commands.

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use cluster_api::{Answer, Request};
use cluster_lab::{LabCluster, Shape, name};
use lab::{Lab, Node, NodeSpec};

use super::peer;
use crate::Outcome;

/// The address that the clusters keep.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 100);
/// The group of the address and whatever belongs to it.
pub const GROUP: &str = "services";
/// Where the echo answers.
pub const ECHO_PORT: u16 = 7000;
/// The last part of the first address of machines that are no nodes.
const FIRST_BESIDE: u32 = 200;
/// Nothing that is waited for takes longer: the peers need more than 20 s to elect a coordinator.
pub const LIMIT: Duration = Duration::from_secs(120);
/// How often it is looked at.
pub const PACE: Duration = Duration::from_millis(20);
/// How long the address has to stay where it is before something is struck.
const STEADY: Duration = Duration::from_millis(1500);

/// Whose cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Keel,
    /// Corosync, Pacemaker and pcs.
    Peer,
}

impl Kind {
    /// For the table.
    pub fn title(self) -> &'static str {
        match self {
            Self::Keel => "keel",
            Self::Peer => "corosync, Pacemaker, pcs",
        }
    }
}

/// A cluster whose nodes are together.
pub struct Machines {
    pub kind: Kind,
    nodes: u32,
    folder: PathBuf,
    inner: Inner,
}

enum Inner {
    Keel(LabCluster),
    Peer(Arc<Lab>),
}

impl Drop for Machines {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Machines {
    /// Makes the machines and starts the cluster.
    pub fn start(
        program: &Path,
        kind: Kind,
        nodes: u32,
        others: Vec<NodeSpec>,
    ) -> Result<Self, String> {
        let folder = folder();
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let two_node = if nodes == 2 { "two_node: 1" } else { "" };
        let client = NodeSpec::new(lab::CLIENT);
        let client = client.interface("eth0", "link0", beside(0), 24);
        let others = others.into_iter().chain([client]).collect();
        let shape = Shape {
            quorum: two_node.to_owned(),
            others,
            ..Shape::of(nodes)
        };
        let inner = match kind {
            Kind::Keel => {
                let cluster = LabCluster::start(program, &folder, shape);
                Inner::Keel(cluster.map_err(|error| error.to_string())?)
            }
            Kind::Peer => {
                let lab = peer::machines(program, &folder, &shape);
                Inner::Peer(Arc::new(lab.map_err(said)?))
            }
        };
        let machines = Self {
            kind,
            nodes,
            folder,
            inner,
        };
        for node in machines.all() {
            machines.run_cluster(node)?;
        }
        machines.together()?;
        Ok(machines)
    }

    /// Starts the cluster's programs on a node, and what answers the probe under the address.
    pub fn run_cluster(&self, node: u32) -> Outcome {
        let address = format!("{}:{ECHO_PORT}", ADDRESS);
        let echo = ["keel", "lab", "echo", "--listen", &address];
        self.node(node).spawn("echo", &echo).map_err(said)?;
        self.run_daemons(node)
    }

    /// Starts the cluster's programs on a node.
    pub fn run_daemons(&self, node: u32) -> Outcome {
        match &self.inner {
            Inner::Keel(cluster) => cluster.run(node).map_err(said),
            Inner::Peer(_) => peer::run(&self.node(node)),
        }
    }

    /// Lets a node leave in order; returns when it begins to.
    pub fn leave(&self, node: u32) -> Outcome {
        match &self.inner {
            Inner::Keel(cluster) => {
                let mut client = cluster.client(node).map_err(|error| error.to_string())?;
                let answer = client.ask(&Request::Leave);
                answer.map(drop).map_err(|error| error.to_string())
            }
            Inner::Peer(_) => peer::leave(&self.node(node)),
        }
    }

    /// Waits until a node's cluster has ended.
    pub fn left(&self, node: u32) -> Outcome {
        let program = match &self.inner {
            Inner::Keel(_) => cluster_lab::DAEMON,
            Inner::Peer(_) => peer::PACEMAKER,
        };
        let ended = self.node(node).wait_for_end(program, LIMIT);
        ended.map_err(said)?;
        match &self.inner {
            Inner::Keel(_) => Ok(()),
            Inner::Peer(_) => peer::left(&self.node(node)),
        }
    }

    /// The lab, to break it.
    pub fn lab(&self) -> &Arc<Lab> {
        match &self.inner {
            Inner::Keel(cluster) => cluster.lab(),
            Inner::Peer(lab) => lab,
        }
    }

    /// Our cluster, where it is ours.
    pub fn keel(&self) -> Option<&LabCluster> {
        match &self.inner {
            Inner::Keel(cluster) => Some(cluster),
            Inner::Peer(_) => None,
        }
    }

    /// A machine.
    pub fn node(&self, node: u32) -> Node {
        self.lab().node(&name(node))
    }

    /// The ids of all nodes.
    pub fn all(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.nodes
    }

    /// Waits until all nodes are in one cluster.
    pub fn together(&self) -> Outcome {
        let all: Vec<u32> = self.all().collect();
        self.until("the nodes are together", || match &self.inner {
            Inner::Keel(cluster) => cluster.is_together(&all),
            Inner::Peer(_) => peer::are_online(&self.node(1), &all),
        })
    }

    /// Runs `pcs` on a node.
    pub fn pcs(&self, node: u32, words: &[&str]) -> Result<String, String> {
        self.command(node, &[&["pcs"], words].concat())
    }

    /// Runs a command of the cluster on a node.
    pub fn command(&self, node: u32, words: &[&str]) -> Result<String, String> {
        let words = self.words(node, words);
        let output = self.node(node).run(&words, LIMIT).map_err(said)?;
        if output.success() {
            return Ok(output.stdout);
        }
        let words = words.join(" ");
        Err(format!("{words}: {}{}", output.stdout, output.stderr))
    }

    /// The words that run a command of the cluster.
    pub fn words(&self, node: u32, words: &[&str]) -> Vec<String> {
        let own = match &self.inner {
            Inner::Keel(cluster) => {
                let socket = cluster.socket(node);
                let socket = format!("{}={}", cluster_api::SOCKET_VARIABLE, socket.display());
                vec!["env".to_owned(), socket, "keel".to_owned()]
            }
            Inner::Peer(_) => Vec::new(),
        };
        own.into_iter()
            .chain(words.iter().map(|word| (*word).to_owned()))
            .collect()
    }

    /// The CIB as a node has it.
    pub fn cib(&self, node: u32) -> Result<String, String> {
        let Inner::Keel(cluster) = &self.inner else {
            return self.command(node, &["cibadmin", "--query"]);
        };
        let mut client = cluster.client(node).map_err(|error| error.to_string())?;
        match client.ask(&Request::Cib { ordered: false }) {
            Ok(Answer::Cib(cib)) => Ok(cib.xml),
            Ok(other) => Err(format!("no CIB is answered: {other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// An address that is monitored each second and stays where it is, without fencing unless there
    /// are devices.
    pub fn configure(&self) -> Outcome {
        let address = format!("ip={}", ADDRESS);
        let (agent, group) = ("ocf:heartbeat:IPaddr2", ["--group", GROUP]);
        let create = ["resource", "create", "VIP", agent, &address];
        let place = [
            "cidr_netmask=24",
            "nic=eth0",
            "op",
            "monitor",
            "interval=1s",
        ];
        let stickiness = ["resource", "defaults", "update", "resource-stickiness=100"];
        self.pcs(1, &stickiness)?;
        self.pcs(1, &[&create[..], &place[..], &group[..]].concat())?;
        Ok(())
    }

    /// Without fencing.
    pub fn do_not_fence(&self) -> Outcome {
        self.pcs(1, &["property", "set", "stonith-enabled=false"])
            .map(drop)
    }

    /// Forgets what has failed.
    pub fn forget_failures(&self) -> Outcome {
        let Inner::Keel(cluster) = &self.inner else {
            return self.command(1, &["crm_resource", "--cleanup"]).map(drop);
        };
        let failures = "//transient_attributes//nvpair[starts-with(@name,'fail-count-') \
                        or starts-with(@name,'last-failure-')]";
        let change = Request::Change(cluster_api::Change {
            if_version: None,
            edits: vec![cluster_api::Edit::Delete {
                xpath: failures.to_owned(),
            }],
        });
        let mut client = cluster.client(1).map_err(|error| error.to_string())?;
        client
            .ask(&change)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    /// The one node that has the address, once it has had it alone for a while.
    pub fn holder(&self) -> Result<u32, String> {
        let holder = self
            .lab()
            .wait_for_holder(ADDRESS.into(), None, STEADY, LIMIT)
            .map_err(|error| self.with_logs(&error.to_string()))?;
        let id = holder.strip_prefix("node").and_then(|id| id.parse().ok());
        id.ok_or_else(|| format!("{holder} is no node"))
    }

    /// Whether another node than this one has the address.
    pub fn has_moved_from(&self, node: u32) -> bool {
        let holders = self.lab().holders(ADDRESS.into()).unwrap_or_default();
        holders.iter().any(|holder| *holder != name(node))
    }

    /// Waits until something is so.
    pub fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Outcome {
        let began = Instant::now();
        while !is_so() {
            if began.elapsed() > LIMIT {
                let what = format!(
                    "{}: not within {} s: {what}",
                    self.kind.title(),
                    LIMIT.as_secs()
                );
                return Err(self.with_logs(&what));
            }
            thread::sleep(PACE);
        }
        Ok(())
    }

    /// With what our nodes have said last, for whoever looks for the reason.
    fn with_logs(&self, what: &str) -> String {
        const LINES: usize = 15;
        let Inner::Keel(cluster) = &self.inner else {
            return what.to_owned();
        };
        let mut text = what.to_owned();
        for node in self.all() {
            let said = cluster.said(node);
            let lines: Vec<&str> = said.lines().collect();
            let last = &lines[lines.len().saturating_sub(LINES)..];
            text += &format!("\n{}:\n{}", name(node), last.join("\n"));
        }
        text
    }
}

/// The folder of a cluster, one at a time.
pub fn folder() -> PathBuf {
    let folder = format!("target/bench-cluster-failover-{}", std::process::id());
    crate::root().join(folder)
}

/// The address of a machine that is no node.
pub fn beside(number: u32) -> Ipv4Addr {
    cluster_lab::address(0, FIRST_BESIDE + number)
}

pub fn said(error: lab::Error) -> String {
    error.to_string()
}
