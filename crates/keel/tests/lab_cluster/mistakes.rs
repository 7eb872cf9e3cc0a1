//! Mistakes of operators: each gets its message, and the cluster goes on.

use std::path::Path;

use cluster_lab::{LabCluster, Shape, create_keys};
use testing_support::{LIMIT, eventually};

use crate::harness::{KEEL, Running, together};

/// The machine that makes the mistakes.
const WRONG: u32 = 3;

#[test]
fn who_does_not_belong_is_kept_out_and_told_why() {
    let Some(cluster) = Running::start(Shape::of(3)) else {
        return;
    };
    cluster.run(1).unwrap();
    cluster.run(2).unwrap();
    together(&cluster, &[1, 2]);
    let view = cluster.status(1).unwrap().view.counter;

    let foreign = cluster.folder().join("foreign");
    let file = cluster.folder().join("corosync.conf");
    create_keys(Path::new(KEEL), &file, &foreign).unwrap();
    let named = std::fs::read_to_string(&file).unwrap();
    let named = named.replace("cluster_name: lab", "cluster_name: lob");
    let other_file = cluster.folder().join("lob.conf");
    std::fs::write(&other_file, &named).unwrap();
    let other = cluster.folder().join("other");
    create_keys(Path::new(KEEL), &other_file, &other).unwrap();

    let own = cluster.folder().join("keys");
    let correct = std::fs::read_to_string(&file).unwrap();
    // Who: the configuration, the keys, and what is said on the wrong node and on the others.
    let cases = [
        (
            "another authority",
            &correct,
            foreign.join("node3"),
            "authority",
        ),
        ("another cluster", &named, other.join("node3"), "authority"),
        (
            "another cluster's name only",
            &named,
            own.join("node3"),
            "a certificate for another cluster",
        ),
        ("keys of node2", &correct, own.join("node2"), "node 2"),
    ];
    for (case, configuration, keys, expected) in cases {
        let text = with_keys(configuration, &cluster, &keys);
        cluster
            .node(WRONG)
            .write_file("/etc/corosync/corosync.conf", text.as_bytes())
            .unwrap();
        let before = said_by_all(&cluster);
        cluster.run(WRONG).unwrap();
        let said = || -> String {
            let lines = said_by_all(&cluster).into_iter();
            lines.filter(|line| !before.contains(line)).collect()
        };
        eventually(case, || said().contains(expected).then_some(()));
        assert!(cluster.is_together(&[1, 2]), "{case}: {}", said());
        end(&cluster);
    }
    assert_eq!(cluster.status(1).unwrap().view.counter, view);
}

#[test]
fn a_second_daemon_of_one_node_does_no_harm() {
    let Some(cluster) = Running::start(Shape::of(3)) else {
        return;
    };
    cluster.run(1).unwrap();
    cluster.run(2).unwrap();
    together(&cluster, &[1, 2]);
    let view = cluster.status(1).unwrap().view.counter;

    let socket = cluster.socket(2).display().to_string();
    let again = ["keel", "cluster", "run", "--socket", &socket];
    let output = cluster.node(2).run(&again, LIMIT).unwrap();
    assert!(
        !output.success()
            && output
                .stderr
                .contains("another cluster daemon listens there"),
        "{}",
        output.stderr
    );

    // A copy of node2's disk in another machine.
    let clone = std::fs::read_to_string(cluster.folder().join("corosync.conf")).unwrap();
    let keys = cluster.folder().join("keys/node2");
    let clone = with_keys(&clone, &cluster, &keys);
    cluster
        .node(WRONG)
        .write_file("/etc/corosync/corosync.conf", clone.as_bytes())
        .unwrap();
    cluster.run_as(WRONG, &["--node", "node2"]).unwrap();
    eventually("the copy says what is wrong", || {
        let (_, said) = cluster.ask(Path::new(KEEL), WRONG, &["links"]);
        said.contains("10.77.0.2:5405, which this machine does not have")
            .then_some(())
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(cluster.is_together(&[1, 2]), "{}", cluster.said(1));
    assert_eq!(cluster.status(1).unwrap().view.counter, view);
}

/// Every line that any node has said, with its end.
fn said_by_all(cluster: &LabCluster) -> Vec<String> {
    let said: String = cluster.ids().map(|node| cluster.said(node)).collect();
    said.split_inclusive('\n').map(str::to_owned).collect()
}

fn with_keys(configuration: &str, cluster: &LabCluster, keys: &Path) -> String {
    let node1 = cluster.folder().join("node1").display().to_string();
    let node3 = cluster.folder().join("node3").display().to_string();
    let keys1 = cluster.folder().join("keys/node1").display().to_string();
    configuration
        .replace(&keys1, &keys.display().to_string())
        .replace(&node1, &node3)
}

fn end(cluster: &LabCluster) {
    let _ = cluster.signal(WRONG, nix::sys::signal::Signal::SIGKILL);
    cluster
        .node(WRONG)
        .wait_for_end(cluster_lab::DAEMON, LIMIT)
        .unwrap();
}
