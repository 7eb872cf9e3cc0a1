//! `keel cluster run` on machines of a lab: what an operator sees of deaths, cuts, full disks and
//! mistakes.

mod corosync;
mod harness;
mod mistakes;
mod resources;

use cluster_api::{Answer, Durability, Frame, Life, Request};
use cluster_lab::{Shape, attribute_of, change_attribute};
use lab::LinkState;
use nix::sys::signal::Signal;
use testing_support::eventually;

use harness::{KEEL, Running, together};

#[test]
fn a_cluster_survives_a_death_a_cut_and_a_restart_of_all() {
    let Some(cluster) = Running::start(Shape::of(3)) else {
        return;
    };
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    for node in cluster.ids() {
        let (may_act, said) = cluster.ask(KEEL.as_ref(), node, &["status"]);
        assert!(
            may_act && said.contains("Quorum: yes (3 of 3 votes, 2 needed)"),
            "{said}"
        );
    }
    change(&cluster, 1, "colour", "red");
    all_have(&cluster, &[1, 2, 3], "colour", "red");

    // Power failure.
    cluster.lab().kill_node("node3").unwrap();
    together(&cluster, &[1, 2]);
    change(&cluster, 2, "colour", "green");
    cluster.lab().start_node("node3").unwrap();
    cluster.run(3).unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1, 2, 3], "colour", "green");

    cluster.partition(&[&[1, 3], &[2]]).unwrap();
    together(&cluster, &[1, 3]);
    let said = eventually("node2 says that it has no quorum", || {
        let (may_act, said) = cluster.ask(KEEL.as_ref(), 2, &["status"]);
        (!may_act && said.contains("node1  lost") && said.contains("node3  lost")).then_some(said)
    });
    assert!(
        said.contains("Quorum: no (1 of 3 votes, 2 needed)"),
        "{said}"
    );
    change(&cluster, 3, "colour", "blue");
    cluster.lab().mend().unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1, 2, 3], "colour", "blue");

    // In order: the others do not wait for a silence.
    cluster.signal(1, Signal::SIGTERM).unwrap();
    together(&cluster, &[2, 3]);
    let end = cluster
        .node(1)
        .wait_for_end(cluster_lab::DAEMON, testing_support::LIMIT);
    assert_eq!(end.unwrap(), "exit 0");
    let said = cluster.said(3);
    assert!(said.contains("node1 says that it leaves"), "{said}");
    assert!(!said.contains("node1 is lost"), "{said}");

    for node in [2, 3] {
        cluster.signal(node, Signal::SIGKILL).unwrap();
    }
    let damaged = damage_newest(&cluster, 2);
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1, 2, 3], "colour", "blue");
    let said = cluster.said(2);
    assert!(said.contains(&format!("corrupt-{damaged}")), "{said}");
}

#[test]
fn a_cut_link_of_two_changes_no_view_and_loses_no_message() {
    const COUNT: u32 = 300;
    let shape = Shape {
        links: 2,
        ..Shape::of(3)
    };
    let Some(cluster) = Running::start(shape) else {
        return;
    };
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    let views = || [1, 2, 3].map(|node| cluster.status(node).expect("it runs").view.counter);
    let before = views();
    let mut listener = cluster.client(3).unwrap();
    assert_eq!(listener.ask(&Request::Join).unwrap(), Answer::Done);
    let mut sender = cluster.client(2).unwrap();
    assert_eq!(sender.ask(&Request::Join).unwrap(), Answer::Done);
    for number in 0..COUNT {
        match number {
            100 => drop(
                cluster
                    .lab()
                    .set_link("node2", Some("eth0"), LinkState::Silent),
            ),
            200 => drop(
                cluster
                    .lab()
                    .set_link("node1", Some("eth0"), LinkState::Cut),
            ),
            _ => {}
        }
        sender
            .send(&Frame::Message(number.to_le_bytes().to_vec()))
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(3));
    }
    for number in 0..COUNT {
        let mut expected = 2_u32.to_le_bytes().to_vec();
        expected.extend(number.to_le_bytes());
        assert_eq!(
            listener.receive().unwrap(),
            Frame::Message(expected),
            "number {number}"
        );
    }
    assert_eq!(views(), before, "{}", cluster.said(1));
    eventually("node3 says which link is down, and which is in use", || {
        let (_, said) = cluster.ask(KEEL.as_ref(), 3, &["links"]);
        let is_told = said.contains("to node2 at 10.77.0.2:5405: down")
            && said.contains("to node2 at 10.77.1.2:5406: up, in use");
        is_told.then_some(())
    });
    assert_eq!(views(), before, "{}", cluster.said(1));
}

#[test]
fn of_two_nodes_each_says_that_the_other_may_be_active() {
    let shape = Shape {
        quorum: "two_node: 1".to_owned(),
        ..Shape::of(2)
    };
    let Some(cluster) = Running::start(shape) else {
        return;
    };
    cluster.run(1).unwrap();
    let said = eventually("node1 waits for node2", || {
        let (may_act, said) = cluster.ask(KEEL.as_ref(), 1, &["status"]);
        (!may_act && said.contains("node2  never heard")).then_some(said)
    });
    assert!(said.contains("Quorum: no"), "{said}");
    cluster.run(2).unwrap();
    together(&cluster, &[1, 2]);

    cluster.partition(&[&[1], &[2]]).unwrap();
    for (node, other) in [(1, "node2"), (2, "node1")] {
        together(&cluster, &[node]);
        let (_, said) = cluster.ask(KEEL.as_ref(), node, &["status"]);
        let warning = format!("Warning: {other} may be active as well");
        assert!(said.contains(&warning), "{said}");
        assert!(
            said.contains("the other side of a cut would have it as well"),
            "{said}"
        );
    }
    let answer = cluster
        .client(1)
        .unwrap()
        .ask(&change_attribute("side", "one", None));
    let Answer::Changed(change) = answer.unwrap() else {
        panic!("node1 goes on");
    };
    assert_eq!(change.durability, Durability::WithoutQuorum);
    cluster.lab().mend().unwrap();
    together(&cluster, &[1, 2]);
    all_have(&cluster, &[1, 2], "side", "one");
}

#[test]
fn a_node_whose_disk_is_full_leaves_and_comes_back() {
    let shape = Shape {
        disk_mib: Some(4),
        ..Shape::of(3)
    };
    let Some(cluster) = Running::start(shape) else {
        return;
    };
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    change(&cluster, 1, "colour", "red");
    cluster.node(3).fill_disk(cluster_lab::DISK).unwrap();
    change(&cluster, 1, "colour", "green");
    together(&cluster, &[1, 2]);
    let end = cluster
        .node(3)
        .wait_for_end(cluster_lab::DAEMON, testing_support::LIMIT);
    end.unwrap();
    let said = cluster.said(3);
    assert!(said.contains("no space is left on the disk"), "{said}");
    eventually("node1 says that node3 is lost", || {
        (cluster.status(1)?.members[2].life == Life::Lost).then_some(())
    });

    cluster.node(3).empty_disk(cluster_lab::DISK).unwrap();
    cluster.run(3).unwrap();
    together(&cluster, &[1, 2, 3]);
    all_have(&cluster, &[1, 2, 3], "colour", "green");
}

/// Makes a change, which a quorum vouches for.
fn change(cluster: &Running, node: u32, name: &str, value: &str) {
    let answer = cluster
        .client(node)
        .unwrap()
        .ask(&change_attribute(name, value, None));
    let Answer::Changed(change) = answer.unwrap() else {
        panic!("it is changed");
    };
    assert!(change.is_changed);
    assert_eq!(change.durability, Durability::ExclusiveQuorum);
}

/// Each node reads what was acknowledged.
fn all_have(cluster: &Running, nodes: &[u32], name: &str, value: &str) {
    for node in nodes {
        let (_, cib) = cluster.ask(KEEL.as_ref(), *node, &["cib", "--ordered"]);
        assert_eq!(attribute_of(&cib, name), Some(value), "node{node}: {cib}");
    }
}

/// Damages the newest generation of a node's CIB; the file's name.
fn damage_newest(cluster: &Running, node: u32) -> String {
    let number = |name: &str| -> Option<u64> {
        name.strip_prefix("cib-")?
            .strip_suffix(".xml")?
            .parse()
            .ok()
    };
    let folder = cluster.cib_folder(node);
    let names = std::fs::read_dir(&folder).unwrap();
    let newest = names
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter_map(|name| Some((number(&name)?, name)))
        .max()
        .expect("there is a generation");
    let path = folder.join(&newest.1);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("blue", "bleu")).unwrap();
    newest.1
}
