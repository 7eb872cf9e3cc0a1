//! Corosync and Pacemaker of Debian on machines of the lab, run by hand: there is no systemd.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cluster_lab::{Shape, name};
use lab::{Lab, LabBuilder, Node, NodeSpec};

use super::machines::{LIMIT, PACE, said};
use crate::Outcome;

/// The names that the programs are started under.
const COROSYNC: &str = "corosync";
pub const PACEMAKER: &str = "pacemaker";
/// What has to be installed, and its package.
const PROGRAMS: [(&str, &str); 3] = [
    ("corosync", "corosync"),
    ("pacemakerd", "pacemaker"),
    ("pcs", "pcs"),
];
/// The folders that their packages make, on a machine that begins empty.
const FOLDERS: &str = "\
mkdir -p /run/lock /run/crm /run/resource-agents /var/log/pacemaker/bundles /var/log/cluster
for folder in cib pengine cores blackbox; do mkdir -p /var/lib/pacemaker/$folder; done
chown -R hacluster:haclient /var/lib/pacemaker /run/crm /var/log/pacemaker
chmod 750 /var/lib/pacemaker /var/lib/pacemaker/* /run/crm
chown root:haclient /etc/pacemaker/authkey
chmod 640 /etc/pacemaker/authkey
chmod 400 /etc/corosync/authkey";

/// What is missing here, if something is.
pub fn missing() -> Option<String> {
    let missing = PROGRAMS
        .iter()
        .find(|(program, _)| testing_support::find_command(program).is_none());
    let (program, package) = missing?;
    Some(format!(
        "{program} is not installed (sudo apt-get install {package})"
    ))
}

/// Machines with the same `corosync.conf` as ours, without what is ours.
pub fn machines(program: &Path, folder: &Path, shape: &Shape) -> lab::Result<Lab> {
    let mut builder = LabBuilder::new(program).switch("link0");
    for other in &shape.others {
        builder = builder.node(other.clone());
    }
    for node in shape.ids() {
        let text = shape.configuration(node, folder);
        let (theirs, _) = text.split_once("keel {").unwrap_or((&text, ""));
        let theirs = theirs.replace("logging {\n", "logging {\nto_syslog: no\n");
        let spec = NodeSpec::new(name(node))
            .interface("eth0", "link0", cluster_lab::address(0, node), 24)
            .file("/etc/corosync/corosync.conf", theirs)
            .file("/etc/corosync/authkey", vec![7; 256])
            .file("/etc/pacemaker/authkey", vec![8; 256])
            .disk("/var/lib/corosync", 16)
            .disk("/var/lib/pacemaker", 64)
            .disk("/var/lib/pcsd", 1);
        builder = builder.node(spec);
    }
    builder.start()
}

/// Starts both programs.
pub fn run(node: &Node) -> Outcome {
    shell(node, FOLDERS)?;
    node.spawn(COROSYNC, &["corosync", "-f"]).map_err(said)?;
    until(
        || shell(node, "corosync-cfgtool -s").is_ok(),
        "corosync runs",
    )?;
    let pacemaker = [
        "env",
        "PCMK_logfile=/var/log/pacemaker/pacemaker.log",
        "HA_logfacility=none",
        "pacemakerd",
        "-f",
    ];
    node.spawn(PACEMAKER, &pacemaker).map(drop).map_err(said)
}

/// What `pcs cluster stop` has systemd do: first Pacemaker.
pub fn leave(node: &Node) -> Outcome {
    signal(node, PACEMAKER)
}

/// And then corosync.
pub fn left(node: &Node) -> Outcome {
    signal(node, COROSYNC)?;
    node.wait_for_end(COROSYNC, LIMIT).map(drop).map_err(said)
}

fn signal(node: &Node, program: &str) -> Outcome {
    let target = lab::Target::Command(program.to_owned());
    let signal = nix::sys::signal::Signal::SIGTERM;
    node.signal(&target, signal).map(drop).map_err(said)
}

/// Whether a node sees all of these.
pub fn are_online(node: &Node, nodes: &[u32]) -> bool {
    thread::sleep(Duration::from_millis(200));
    let online = format!("Online: [ {} ]", cluster_lab::names(nodes).join(" "));
    node.run(&["crm_mon", "-1"], LIMIT)
        .is_ok_and(|output| output.stdout.contains(&online))
}

fn shell(node: &Node, script: &str) -> Outcome {
    let output = node.run(&["sh", "-ec", script], LIMIT).map_err(said)?;
    if output.success() {
        return Ok(());
    }
    Err(output.stdout + &output.stderr)
}

fn until(is_so: impl Fn() -> bool, what: &str) -> Outcome {
    let began = Instant::now();
    while !is_so() {
        if began.elapsed() > LIMIT {
            return Err(format!("not within {} s: {what}", LIMIT.as_secs()));
        }
        thread::sleep(PACE);
    }
    Ok(())
}
