//! The same daemon on real corosyncs, one on each machine.

use cluster_lab::{LabCluster, Shape};
use lab::Target;
use nix::sys::signal::Signal;
use testing_support::eventually;

use super::{all_have, change};
use crate::harness::{KEEL, Running, together};

const COROSYNC: &str = "corosync";

/// Machines for corosync and a `keel` that knows it; nothing runs yet. `None` (and a recorded skip)
/// where one of the two is missing.
fn machines(nodes: u32) -> Option<Running> {
    if cfg!(not(feature = "corosync")) {
        testing_support::skip(
            "this keel is built without corosync",
            "cargo test -p keel --features corosync",
        );
        return None;
    }
    testing_support::require_command(COROSYNC, COROSYNC)?;
    Running::start(Shape {
        keel: "transport: corosync".to_owned(),
        totem: "token: 500".to_owned(),
        ..Shape::of(nodes)
    })
}

/// Corosync keeps the number of its ring on disk; each machine needs its own.
fn start_corosync(cluster: &LabCluster, node: u32) {
    let script = "mountpoint -q /var/lib/corosync || mount -t tmpfs tmpfs /var/lib/corosync; \
                  exec corosync -f";
    let command = ["sh", "-c", script];
    cluster.node(node).spawn(COROSYNC, &command).unwrap();
}

fn kill_corosync(cluster: &LabCluster, node: u32) {
    let target = Target::Command(COROSYNC.to_owned());
    let (_, count) = cluster.node(node).signal(&target, Signal::SIGKILL).unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_cluster_on_corosync_survives_the_death_of_machines_daemons_and_corosyncs() {
    let Some(cluster) = machines(3) else { return };
    // Whichever is first.
    cluster.run(1).unwrap();
    for node in cluster.ids() {
        start_corosync(&cluster, node);
    }
    // Votequorum counts three machines; that is no quorum for one daemon.
    eventually("node1 is alone, without quorum", || {
        let (_, said) = cluster.ask(KEEL.as_ref(), 1, &["quorum"]);
        said.contains("corosync runs on node2, node3, but keel does not")
            .then_some(())
    });
    assert!(!cluster.status(1).expect("it runs").quorum.is_quorate);
    cluster.run(2).unwrap();
    cluster.run(3).unwrap();
    together(&cluster, &[1, 2, 3]);
    change(&cluster, 1, "colour", "red");
    all_have(&cluster, &[1, 2, 3], "colour", "red");
    eventually("node1 tells how the links do", || {
        let (_, said) = cluster.ask(KEEL.as_ref(), 1, &["links"]);
        let is_up = |node| said.contains(&format!("to {node} at 10.77.0.")) && said.contains("up");
        (is_up("node2") && is_up("node3")).then_some(())
    });

    cluster.lab().kill_node("node3").unwrap();
    together(&cluster, &[1, 2]);
    change(&cluster, 2, "colour", "green");
    cluster.lab().start_node("node3").unwrap();
    start_corosync(&cluster, 3);
    cluster.run(3).unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[3], "colour", "green");

    // The daemon alone dies, the one that leads.
    cluster.signal(1, Signal::SIGKILL).unwrap();
    together(&cluster, &[2, 3]);
    change(&cluster, 3, "colour", "blue");
    cluster.run(1).unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1], "colour", "blue");

    // Corosync alone dies.
    kill_corosync(&cluster, 2);
    together(&cluster, &[1, 3]);
    eventually("node2 says that corosync is gone", || {
        let said = cluster.said(2);
        let quorate = cluster.status(2)?.quorum.is_quorate;
        (said.contains("corosync is gone") && !quorate).then_some(())
    });
    change(&cluster, 3, "colour", "white");
    start_corosync(&cluster, 2);
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[2], "colour", "white");

    cluster.partition(&[&[1, 3], &[2]]).unwrap();
    together(&cluster, &[1, 3]);
    eventually("node2 may not act", || {
        let status = cluster.status(2)?;
        (status.view.members == [2] && !status.quorum.is_quorate).then_some(())
    });
    change(&cluster, 1, "colour", "black");
    cluster.lab().mend().unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1, 2, 3], "colour", "black");
}
