//! What is measured: our daemon or corosync, on machines of the same lab.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use cluster_api::{Answer, Event, Request, Topic};
use cluster_lab::{LabCluster, Shape, name};
use lab::clock::{self, Nanoseconds};
use lab::{Lab, LabBuilder, NodeSpec};

use crate::Outcome;

/// Nothing that is waited for takes longer: the time-outs of corosync grow with the number of nodes, to
/// 23 s and 27 s with 32 of them (`token_coefficient` in corosync.conf(5)).
const LIMIT: Duration = Duration::from_secs(180);
/// Corosync keeps the number of its ring on disk; each machine needs its own.
const FRESH_COROSYNC: &str = "mountpoint -q /var/lib/corosync || mount -t tmpfs tmpfs /var/lib/corosync; \
                              exec corosync -f";
/// How often it is looked at.
const PACE: Duration = Duration::from_millis(1);

/// Whose daemon, and how it is tuned.
#[derive(Clone, Copy, Debug)]
pub struct Engine {
    /// For the table.
    pub title: &'static str,
    /// Whose.
    pub kind: Kind,
    /// Lines of section `keel`, or of `totem`.
    pub tuning: &'static str,
}

/// Whose daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Ours.
    Keel,
    /// Ours, with the peer's as its group.
    OnCorosync,
    /// The peer's.
    Corosync,
}

/// The engines, in the order of the table.
pub const ENGINES: [Engine; 5] = [
    Engine {
        title: "keel",
        kind: Kind::Keel,
        tuning: "",
    },
    Engine {
        title: "keel, tuned",
        kind: Kind::Keel,
        tuning: "heartbeat_ms: 5\ndetection_floor_ms: 25",
    },
    Engine {
        title: "keel on corosync",
        kind: Kind::OnCorosync,
        tuning: "transport: corosync",
    },
    Engine {
        title: "corosync",
        kind: Kind::Corosync,
        tuning: "",
    },
    Engine {
        title: "corosync, tuned",
        kind: Kind::Corosync,
        tuning: "token: 200\ntoken_retransmits_before_loss_const: 4\njoin: 30\nconsensus: 240",
    },
];

/// A cluster of an engine.
pub struct Running {
    engine: Engine,
    folder: PathBuf,
    nodes: u32,
    machines: Machines,
}

enum Machines {
    Keel(LabCluster),
    Corosync(Lab),
}

impl Engine {
    /// What is aimed at: by ours alone.
    pub fn aim(self, aim: &'static str) -> &'static str {
        match self.kind {
            Kind::Keel => aim,
            Kind::OnCorosync | Kind::Corosync => "",
        }
    }

    /// Makes the machines; no daemon runs yet.
    pub fn start(self, program: &Path, nodes: u32, links: u8) -> Result<Running, String> {
        let folder = crate::root().join(format!("target/bench-cluster-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let mut shape = Shape {
            links,
            ..Shape::of(nodes)
        };
        let machines = match self.kind {
            Kind::Keel | Kind::OnCorosync => {
                self.tuning.clone_into(&mut shape.keel);
                let cluster = LabCluster::start(program, &folder, shape);
                Machines::Keel(cluster.map_err(|error| error.to_string())?)
            }
            Kind::Corosync => {
                self.tuning.clone_into(&mut shape.totem);
                Machines::Corosync(corosync(program, &folder, &shape).map_err(said)?)
            }
        };
        Ok(Running {
            engine: self,
            folder,
            nodes,
            machines,
        })
    }
}

/// The same file, without what is ours; the log goes to a file that this computer reads, too.
fn corosync(program: &Path, folder: &Path, shape: &Shape) -> lab::Result<Lab> {
    let mut builder = LabBuilder::new(program);
    for link in 0..shape.links {
        builder = builder.switch(format!("link{link}"));
    }
    for node in shape.ids() {
        let text = shape.configuration(node, folder);
        let (theirs, _) = text.split_once("keel {").unwrap_or((&text, ""));
        let theirs = theirs
            .replace(
                "transport: knet\n",
                "transport: knet\ncrypto_cipher: aes256\ncrypto_hash: sha256\n",
            )
            .replace(
                "logging {\n",
                "logging {\nto_syslog: no\ntimestamp: hires\n",
            )
            + "system {\nmove_to_root_cgroup: no\n}\n";
        let mut spec = NodeSpec::new(name(node))
            .file("/etc/corosync/corosync.conf", theirs)
            .file("/etc/corosync/authkey", vec![7; 256])
            .disk("/var/lib/corosync", 1);
        for link in 0..shape.links {
            let address = cluster_lab::address(link, node);
            spec = spec.interface(&format!("eth{link}"), &format!("link{link}"), address, 24);
        }
        builder = builder.node(spec);
    }
    builder.start()
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Running {
    /// The machines, to break them.
    pub fn lab(&self) -> &Lab {
        match &self.machines {
            Machines::Keel(cluster) => cluster.lab(),
            Machines::Corosync(lab) => lab,
        }
    }

    /// Our cluster, where it is ours.
    pub fn keel(&self) -> Option<&LabCluster> {
        match &self.machines {
            Machines::Keel(cluster) => Some(cluster),
            Machines::Corosync(_) => None,
        }
    }

    /// The ids of all nodes.
    pub fn all(&self) -> Vec<u32> {
        (1..=self.nodes).collect()
    }

    /// Starts a node's daemon.
    pub fn run(&self, node: u32) -> Outcome {
        match &self.machines {
            Machines::Keel(cluster) => {
                if self.engine.kind == Kind::OnCorosync {
                    let command = ["sh", "-c", FRESH_COROSYNC];
                    cluster
                        .node(node)
                        .spawn("corosync", &command)
                        .map_err(said)?;
                }
                cluster.run(node)
            }
            Machines::Corosync(lab) => {
                let words = ["corosync", "-f"];
                lab.node(&name(node))
                    .spawn(cluster_lab::DAEMON, &words)
                    .map(drop)
            }
        }
        .map_err(said)
    }

    /// From now on is waited for what happens.
    pub fn mark(&self, nodes: &[u32]) -> Result<Mark<'_>, String> {
        let mut mark = Mark {
            running: self,
            nodes: nodes.to_vec(),
            logs: Vec::new(),
            clients: Vec::new(),
        };
        for node in nodes {
            match &self.machines {
                Machines::Keel(cluster) => {
                    let subscribe = Request::Subscribe {
                        topics: vec![Topic::Views, Topic::Quorum],
                    };
                    let mut client = cluster.client(*node).map_err(|error| error.to_string())?;
                    client.ask(&subscribe).map_err(|error| error.to_string())?;
                    client
                        .limit(Some(LIMIT))
                        .map_err(|error| error.to_string())?;
                    mark.clients.push((*node, client));
                }
                Machines::Corosync(_) => mark.logs.push((*node, len(&self.log(*node)))),
            }
        }
        Ok(mark)
    }

    fn log(&self, node: u32) -> PathBuf {
        self.folder.join(format!("{}.log", name(node)))
    }

    /// Waits until these nodes are in one view, alone, with quorum, wherever they begin; when.
    pub fn together(&self, nodes: &[u32]) -> Result<Nanoseconds, String> {
        let began = Instant::now();
        while began.elapsed() < LIMIT {
            let is_together = match &self.machines {
                Machines::Keel(cluster) => cluster.is_together(nodes),
                Machines::Corosync(_) => {
                    nodes.iter().all(|node| agreed(&self.log(*node), 0, nodes))
                }
            };
            if is_together {
                return Ok(clock::now());
            }
            thread::sleep(PACE);
        }
        Err(format!(
            "{} nodes did not come together within {} s\n{}: the log of the first one:\n{}",
            nodes.len(),
            LIMIT.as_secs(),
            self.engine.title,
            fs::read_to_string(self.log(nodes[0])).unwrap_or_default()
        ))
    }
}

/// A moment after which something is to happen on some nodes.
pub struct Mark<'a> {
    running: &'a Running,
    nodes: Vec<u32>,
    /// How long each log was.
    logs: Vec<(u32, u64)>,
    clients: Vec<(u32, cluster_api::Client)>,
}

impl Mark<'_> {
    /// Waits until the nodes are in a view of their own with quorum; when the last one was.
    pub fn view(self) -> Result<Nanoseconds, String> {
        let began = Instant::now();
        let mut last = 0;
        for (node, from) in &self.logs {
            let log = self.running.log(*node);
            while !agreed(&log, *from, &self.nodes) {
                if began.elapsed() > LIMIT {
                    return Err(format!(
                        "{}: node{node} has no new view",
                        self.running.engine.title
                    ));
                }
                thread::sleep(PACE);
            }
            last = clock::now();
        }
        let waiting = self.clients.into_iter().map(|(node, client)| {
            let (cluster, nodes) = (self.running.keel(), &self.nodes);
            move || -> Result<Nanoseconds, String> {
                let cluster = cluster.ok_or("these are clients of ours")?;
                new_view(cluster, node, client, nodes)
            }
        });
        let moments: Vec<Result<Nanoseconds, String>> = thread::scope(|scope| {
            let threads: Vec<_> = waiting.map(|wait| scope.spawn(wait)).collect();
            threads
                .into_iter()
                .map(|thread| {
                    thread
                        .join()
                        .unwrap_or_else(|_| Err("a thread died".to_owned()))
                })
                .collect()
        });
        for moment in moments {
            last = last.max(moment?);
        }
        Ok(last)
    }
}

/// The daemon tells of the view; whether it may act is asked then, since that may have been so before.
fn new_view(
    cluster: &LabCluster,
    node: u32,
    mut client: cluster_api::Client,
    nodes: &[u32],
) -> Result<Nanoseconds, String> {
    let mut asking = cluster.client(node).map_err(|error| error.to_string())?;
    loop {
        if let Event::View(view) = client.next_event().map_err(|error| error.to_string())?
            && view.members == nodes
        {
            break;
        }
    }
    loop {
        match asking.ask(&Request::Status) {
            Ok(Answer::Status(status)) if status.quorum.is_quorate => return Ok(clock::now()),
            Ok(_) => {}
            Err(error) => return Err(error.to_string()),
        }
    }
}

/// Whether corosync's log says, from there on, that these nodes are together and its services agree.
fn agreed(log: &Path, from: u64, nodes: &[u32]) -> bool {
    let Ok(bytes) = fs::read(log) else {
        return false;
    };
    let from = usize::try_from(from).unwrap_or(0).min(bytes.len());
    let text = String::from_utf8_lossy(&bytes[from..]);
    let ids: Vec<String> = nodes.iter().map(u32::to_string).collect();
    let members = format!("[QUORUM] Members[{}]: {}", nodes.len(), ids.join(" "));
    let Some((_, rest)) = text.rsplit_once(&members) else {
        return false;
    };
    rest.contains("Completed service synchronization") && !rest.contains("[QUORUM] Members[")
}

fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |metadata| metadata.len())
}

pub(super) fn said(error: lab::Error) -> String {
    error.to_string()
}
