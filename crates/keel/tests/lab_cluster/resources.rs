//! Resources on machines of a lab: started, moved and stopped by real agents, configured by `pcs`.

use std::process::Command;

use cluster_lab::{LabCluster, Shape};
use nix::sys::signal::Signal;
use testing_support::{LIMIT, eventually};

use crate::harness::{KEEL, Running, together};

/// The address that moves.
const ADDRESS: &str = "10.77.0.100";

#[test]
fn an_address_starts_moves_at_a_death_and_leaves_in_order() {
    let shape = Shape {
        quorum: "two_node: 1".to_owned(),
        ..Shape::of(2)
    };
    let Some(cluster) = Running::start(shape) else {
        return;
    };
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2]);
    pcs(&cluster, 1, &["property", "set", "stonith-enabled=false"]);
    let ip = format!("ip={ADDRESS}");
    let agent = "ocf:heartbeat:IPaddr2";
    let monitor = ["op", "monitor", "interval=30s"];
    let create = [
        "resource",
        "create",
        "ClusterIP",
        agent,
        &ip,
        "cidr_netmask=24",
    ];
    pcs(&cluster, 1, &[&create[..], &monitor[..]].concat());
    let holder = is_held(&cluster, &[1, 2]);
    let other = 3 - holder;

    cluster.lab().kill_node(&format!("node{holder}")).unwrap();
    assert_eq!(is_held(&cluster, &[other]), other);
    cluster.lab().start_node(&format!("node{holder}")).unwrap();
    cluster.run(holder).unwrap();
    together(&cluster, &[1, 2]);

    // Deleted by hand: an event, long before the next monitor.
    assert!(holds(&cluster, other));
    let delete = [
        "ip",
        "address",
        "del",
        &format!("{ADDRESS}/24"),
        "dev",
        "eth0",
    ];
    cluster.node(other).run(&delete, LIMIT).unwrap();
    assert_eq!(is_held(&cluster, &[other]), other);

    cluster.signal(other, Signal::SIGTERM).unwrap();
    let end = cluster.node(other).wait_for_end(cluster_lab::DAEMON, LIMIT);
    assert_eq!(end.unwrap(), "exit 0");
    assert!(!holds(&cluster, other), "{}", cluster.said(other));
    assert_eq!(is_held(&cluster, &[holder]), holder);
}

/// Runs `pcs` on a node.
#[track_caller]
fn pcs(cluster: &LabCluster, node: u32, words: &[&str]) -> String {
    let output = Command::new(KEEL)
        .arg("pcs")
        .args(words)
        .env(cluster_api::SOCKET_VARIABLE, cluster.socket(node))
        .output()
        .expect("the program can be started");
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "pcs {words:?}: {}{}",
        said(&output.stdout),
        said(&output.stderr)
    );
    said(&output.stdout)
}

fn holds(cluster: &LabCluster, node: u32) -> bool {
    let words = ["ip", "-o", "address", "show", "to", ADDRESS];
    let output = cluster.node(node).run(&words, LIMIT);
    output.is_ok_and(|output| output.stdout.contains(ADDRESS))
}

/// Which of these nodes has the address, once one has.
fn is_held(cluster: &LabCluster, nodes: &[u32]) -> u32 {
    eventually("somebody has the address", || {
        let mut nodes = nodes.iter().copied();
        nodes.find(|node| holds(cluster, *node))
    })
}
