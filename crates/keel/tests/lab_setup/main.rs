//! A cluster is set up, started and stopped from one of its machines, with the words that operators
//! have.

mod cman;
mod machines;

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use testing_support::eventually;

use machines::{Machines, PASSWORD, USERS_PASSWORD};

const BOTH: [&str; 2] = ["node1", "node2"];

#[test]
fn two_machines_become_a_cluster() {
    let Some(lab) = Machines::start(&BOTH) else {
        return;
    };
    lab.fails(
        "node1",
        "pcs status",
        "Error: cluster is not currently running on this node",
    );
    lab.fails(
        "node1",
        "pcs cluster setup --name web node1 node2",
        "Error: Hosts 'node1', 'node2' are not known to pcs, try to authenticate the hosts using \
         'pcs host auth node1 node2' command\nError: None of hosts is known to pcs.",
    );
    lab.fails(
        "node1",
        "pcs cluster auth node1 node2 -u hacluster -p wrong --force",
        "Error: node1: Username and/or password is incorrect\n\
         Error: node2: Username and/or password is incorrect",
    );
    let prompted = format!("printf 'hacluster\\n{PASSWORD}\\n' | pcs cluster auth node1 node2");
    let said = lab.does("node1", &prompted);
    assert_eq!(
        said,
        "Username: Password: node1: Authorized\nnode2: Authorized\n"
    );
    let said = lab.does("node1", "pcs cluster auth node1 node2");
    assert_eq!(
        said,
        "node1: Already authorized\nnode2: Already authorized\n"
    );

    let said = lab.does("node1", "pcs cluster setup --start --name web node1 node2");
    assert!(
        said.contains("No addresses specified for host 'node1', using 'node1'"),
        "{said}"
    );
    assert!(
        said.ends_with(
            "Cluster has been successfully set up.\nStarting cluster on hosts: 'node1', 'node2'...\n"
        ),
        "{said}"
    );
    lab.together(&BOTH);
    for node in BOTH {
        let said = lab.does(node, "pcs status");
        assert!(said.starts_with("Cluster name: web\n"), "{said}");
        let end = "\n\nDaemon Status:\n  corosync: active/disabled\n  pacemaker: active/disabled\n  \
                   pcsd: active/disabled\n";
        assert!(said.ends_with(end), "{said}");
        let said = lab.does(node, "pcs cluster status");
        let end = "\n\nPCSD Status:\n  node1: Online\n  node2: Online\n";
        assert!(said.ends_with(end), "{said}");
        let said = lab.does(node, "pcs quorum status");
        assert!(said.contains("Quorate:          Yes\n"), "{said}");
        let said = lab.does(node, "pcs quorum status --output-format json");
        assert!(said.contains("\"is-quorate\":true"), "{said}");
    }
    lab.fails(
        "node2",
        "pcs cluster setup web node1 node2",
        "Error: node1: Running cluster services: 'keel cluster', the host seems to be in a cluster already",
    );

    // Node2 may ask node1, although the password was typed on node1 alone.
    let said = lab.does("node2", "pcs cluster stop node1");
    assert_eq!(
        said,
        "node1: Stopping Cluster (pacemaker)...\nnode1: Stopping Cluster (corosync)...\n"
    );
    lab.fails(
        "node1",
        "pcs status",
        "Error: cluster is not currently running on this node",
    );
    lab.together(&["node2"]);
    assert_eq!(
        lab.does("node2", "pcs cluster start --all"),
        "node1: Starting Cluster...\nnode2: Starting Cluster...\n"
    );
    lab.together(&BOTH);

    // By its own words.
    assert_eq!(
        lab.does("node1", "pcs cluster stop"),
        "Stopping Cluster (pacemaker)...\nStopping Cluster (corosync)...\n"
    );
    assert_eq!(
        lab.does("node1", "pcs cluster start"),
        "Starting Cluster...\n"
    );
    lab.together(&BOTH);
    let began = Instant::now();
    lab.does("node1", "pcs cluster stop node2");
    let took = began.elapsed();
    eprintln!("pcs cluster stop node2: {took:?}");
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[test]
fn the_password_of_the_machines_user_opens_and_names_must_lead_to_others() {
    let Some(lab) = Machines::bare(&BOTH) else {
        return;
    };
    BOTH.iter().for_each(|node| lab.start_pcsd(node));
    let auth =
        |password: &str| format!("pcs cluster auth node1 node2 -u hacluster -p {password} --force");
    lab.fails(
        "node1",
        &auth(PASSWORD),
        "Error: node1: Username and/or password is incorrect",
    );
    let said = lab.does("node1", &auth(USERS_PASSWORD));
    assert_eq!(said, "node1: Authorized\nnode2: Authorized\n");

    // As installers of Debian write it.
    lab.does(
        "node2",
        "cp /etc/hosts /run; echo '127.0.1.1 node2' >> /etc/hosts",
    );
    let line = "pcs cluster setup --name web node1 node2 --start";
    lab.fails(
        "node1",
        line,
        "this line resolves node 'node2' to 127.0.1.1, where no other node can reach it",
    );
    lab.does("node1", "test ! -e /etc/corosync/corosync.conf");
    lab.does(
        "node1",
        "test -z \"$(find /etc/corosync /etc/keel -name '*.prepared')\"",
    );
    lab.does("node2", "cat /run/hosts > /etc/hosts");
    // Of a cluster that is long gone.
    lab.does(
        "node2",
        "mkdir -p /var/lib/keel/cib && echo x > /var/lib/keel/cib/cib-7.xml",
    );
    lab.does("node1", line);
    lab.together(&BOTH);
    let log = lab.log("node2", "pcsd");
    assert!(
        log.contains("keel pcsd: 10.78.0.1: become a node as prepared\n"),
        "{log}"
    );
    assert!(!log.contains(USERS_PASSWORD), "{log}");
}

#[test]
fn quorum_is_looked_at_and_changed() {
    const THREE: [&str; 3] = ["node1", "node2", "node3"];
    let Some(lab) = Machines::start(&THREE) else {
        return;
    };
    lab.set_up("web", &THREE);
    lab.together(&THREE);
    lab.fails(
        "node1",
        "pcs quorum unblock",
        "cluster is not waiting for nodes to establish quorum",
    );
    lab.does("node1", "pcs cluster stop node3");
    lab.together(&["node1", "node2"]);
    for line in ["pcs cluster stop node2", "pcs cluster stop node1"] {
        let expected =
            "Error: Stopping the node(s) will cause a loss of the quorum, use --force to override";
        lab.fails("node1", line, expected);
    }
    let expected =
        "Error: Stopping the node will cause a loss of the quorum, use --force to override";
    lab.fails("node1", "pcs cluster stop", expected);
    lab.does("node1", "pcs quorum expected-votes 2");
    lab.fails(
        "node1",
        "pcs quorum update wait_for_all=1",
        "Error: node1: corosync is running",
    );
    let said = lab.does("node3", "pcs pcsd status");
    assert_eq!(said, "  node1: Online\n  node2: Online\n  node3: Online\n");
    lab.does("node3", "pcs cluster stop --all");
    let said = lab.does("node3", "pcs quorum update wait_for_all=1");
    assert!(
        said.ends_with("node1: Succeeded\nnode2: Succeeded\nnode3: Succeeded\n"),
        "{said}"
    );
    for node in THREE {
        assert_eq!(
            lab.does(node, "pcs quorum config"),
            "Options:\n  wait_for_all: 1\n"
        );
    }
    lab.does("node1", "pcs cluster start node1 node2");
    eventually("the nodes wait for all", || {
        lab.does("node1", "pcs quorum status")
            .contains("Quorate:          No")
            .then_some(())
    });
    lab.does("node1", "pcs quorum unblock --force");
    lab.together(&["node1", "node2"]);
    lab.signal("node2", "pcsd", Signal::SIGKILL);
    lab.fails(
        "node1",
        "pcs status pcsd",
        "  node1: Online\n  node2: Offline\n  node3: Online\n",
    );
}

#[test]
fn nodes_come_and_go_while_the_cluster_is_stopped() {
    const THREE: [&str; 3] = ["node1", "node2", "node3"];
    let Some(lab) = Machines::start(&THREE) else {
        return;
    };
    lab.set_up("web", &["node1", "node2"]);
    lab.together(&["node1", "node2"]);
    lab.does("node1", "pcs property set stonith-enabled=false");
    let line = "pcs cluster node add node3 --start";
    lab.fails("node2", line, "Error: Host 'node3' is not known to pcs");
    lab.does(
        "node2",
        &format!("pcs host auth node3 -u hacluster -p {PASSWORD}"),
    );
    lab.fails(
        "node2",
        line,
        "Error: node1: the cluster is running: its nodes are changed while it is stopped",
    );
    lab.does("node2", "pcs cluster stop --all");
    lab.does("node2", line);
    lab.does("node3", "pcs cluster start --all");
    lab.together(&THREE);
    let said = lab.does("node3", "pcs property");
    assert!(said.contains("stonith-enabled: false"), "{said}");
    let said = lab.does("node1", "pcs cluster config");
    assert!(
        said.contains("  node3:\n    Link 0 address: node3\n    nodeid: 3\n"),
        "{said}"
    );

    lab.does("node1", "pcs cluster stop --all");
    lab.fails(
        "node1",
        "pcs cluster node remove node9",
        "Error: Node 'node9' does not appear to exist in configuration",
    );
    let said = lab.does("node1", "pcs cluster node remove node2");
    assert!(
        said.ends_with("node2: Successfully destroyed cluster\n"),
        "{said}"
    );
    lab.does("node1", "pcs cluster start --all");
    lab.together(&["node1", "node3"]);
    lab.fails(
        "node2",
        "pcs cluster start",
        "cluster is not configured on this node",
    );
}

#[test]
fn what_dies_comes_back_and_what_is_stopped_stays_so() {
    let Some(lab) = Machines::start(&BOTH) else {
        return;
    };
    lab.set_up("web", &BOTH);
    lab.together(&BOTH);

    // The daemon of the cluster dies: its pcsd starts it again.
    lab.signal("node1", "keel-cluster", Signal::SIGKILL);
    eventually("node1 starts its daemon again", || {
        lab.log("node1", "pcsd")
            .contains("it is started again now")
            .then_some(())
    });
    lab.together(&BOTH);

    // pcsd dies: the cluster goes on, and the next pcsd finds it.
    let before = lab.view("node2");
    lab.signal("node1", "pcsd", Signal::SIGKILL);
    lab.start_pcsd("node1");
    let said = lab.log("node1", "pcsd");
    assert!(said.contains("the cluster's daemon runs already"), "{said}");
    assert_eq!(lab.view("node2"), before);
    lab.signal("node1", "keel-cluster", Signal::SIGKILL);
    eventually("node1 starts its daemon again", || {
        lab.log("node1", "pcsd")
            .contains("it is started again now")
            .then_some(())
    });
    lab.together(&BOTH);
    lab.does("node2", "pcs cluster stop node1 --force");

    // A stopped cluster stays so over a death of pcsd, a node in order asks for nothing either.
    lab.signal("node1", "pcsd", Signal::SIGKILL);
    lab.start_pcsd("node1");
    lab.fails(
        "node1",
        "pcs status",
        "Error: cluster is not currently running on this node",
    );
    lab.does("node1", "pcs cluster enable --all");
    // With the machine goes what ran on it; what is enabled starts with pcsd then.
    lab.signal("node1", "pcsd", Signal::SIGKILL);
    lab.does("node1", "rm /run/keel/pcsd.wanted");
    lab.start_pcsd("node1");
    lab.together(&BOTH);
    lab.does("node1", "pcs cluster kill");
    lab.fails(
        "node1",
        "pcs status",
        "Error: cluster is not currently running on this node",
    );
    lab.does("node1", "pcs cluster destroy --all");
    lab.does(
        "node1",
        "pcs cluster setup other node1 node2 --start --wait=20",
    );
    lab.together(&BOTH);
}

#[test]
fn a_setup_that_one_machine_refuses_changes_none() {
    let Some(lab) = Machines::start(&BOTH) else {
        return;
    };
    lab.does(
        "node1",
        &format!("pcs host auth node1 node2 addr=10.78.0.2 -u hacluster -p {PASSWORD}"),
    );
    lab.does(
        "node2",
        "sh -c 'mkdir -p /etc/corosync && echo x > /etc/corosync/corosync.conf'",
    );
    lab.fails(
        "node1",
        "pcs cluster setup web node1 node2",
        "Error: node2: Cluster configuration files found, the host seems to be in a cluster already",
    );
    lab.does("node1", "test ! -e /etc/corosync/corosync.conf");
    lab.does("node2", "grep -q ^x /etc/corosync/corosync.conf");
    lab.signal("node2", "pcsd", Signal::SIGKILL);
    lab.fails(
        "node1",
        "pcs cluster setup web node1 node2 --force",
        "Error: node2: Unable to connect to node2",
    );
    lab.does("node1", "test ! -e /etc/corosync/corosync.conf");
    lab.start_pcsd("node2");
    lab.does("node1", "pcs cluster setup web node1 node2 --force --start");
    lab.together(&BOTH);
}
