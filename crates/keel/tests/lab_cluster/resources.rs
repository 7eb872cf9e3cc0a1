//! Resources on machines of a lab: started, moved and stopped by real agents, configured by `pcs`.

use std::time::Duration;

use cluster_api::{Answer, Change, Edit, Fence, FencingState, Frame, Request};
use cluster_lab::{LabCluster, Shape};
use lab::LinkState;
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

#[test]
fn of_two_nodes_the_one_whose_cable_is_out_stops_what_it_runs() {
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
    let create = [
        "resource",
        "create",
        "ClusterIP",
        "ocf:heartbeat:IPaddr2",
        &ip,
    ];
    pcs(&cluster, 1, &[&create[..], &["cidr_netmask=24"]].concat());
    let holder = is_held(&cluster, &[1, 2]);
    let name = format!("node{holder}");
    cluster.lab().set_link(&name, None, LinkState::Cut).unwrap();
    assert_ne!(is_held(&cluster, &[3 - holder]), holder);
    eventually("the other one has stopped it", || {
        (!holds(&cluster, holder)).then_some(())
    });
    let (may_act, said) = cluster.ask(KEEL.as_ref(), holder, &["status"]);
    assert!(
        !may_act && said.contains("this node is the one that is cut off"),
        "{said}"
    );
    // What each side says of it to who asks.
    let shown = pcs(&cluster, holder, &["resource", "show"]);
    assert!(!shown.contains("Started"), "{shown}");
    let shown = pcs(&cluster, 3 - holder, &["resource", "show"]);
    let elsewhere = format!("Started node{}", 3 - holder);
    assert!(shown.contains(&elsewhere), "{shown}");
    let events = cluster.lab().address_events(0).unwrap();
    let holders = lab::Holders::of(ADDRESS.parse().unwrap(), &events);
    // Under all machines of a computer is one kernel with one lock for addresses: whose turn comes
    // first is its business. Here the one is asked for 100 ms before the other.
    let overlap = Duration::from_nanos(holders.time_with_two(0, u64::MAX));
    assert!(overlap < Duration::from_millis(50), "{overlap:?}");

    cluster.lab().mend().unwrap();
    together(&cluster, &[1, 2]);
    is_held(&cluster, &[3 - holder]);
    assert!(!holds(&cluster, holder));
}

#[test]
fn a_script_finds_the_clusters_commands() {
    let Some(cluster) = Running::start(Shape::of(1)) else {
        return;
    };
    let script = "#!/bin/sh\ncase $1 in\nmeta-data) echo '<resource-agent name=\"teller\">\
                  <actions><action name=\"start\" timeout=\"20s\"/><action name=\"stop\" timeout=\"20s\"/>\
                  <action name=\"monitor\" timeout=\"20s\" interval=\"10s\"/></actions></resource-agent>';;\n\
                  start) touch /run/teller; $HA_SBIN_DIR/attrd_updater -n teller -U \"$(crm_node -n)\";;\n\
                  stop) rm -f /run/teller;;\nmonitor) [ -e /run/teller ] || exit 7;;\nesac\n";
    let path = "/usr/lib/ocf/resource.d/lab/teller";
    cluster.node(1).write_file(path, script.as_bytes()).unwrap();
    cluster.run_all().unwrap();
    together(&cluster, &[1]);
    pcs(&cluster, 1, &["property", "set", "stonith-enabled=false"]);
    pcs(
        &cluster,
        1,
        &["resource", "create", "teller", "ocf:lab:teller"],
    );
    eventually("the script has said where it runs", || {
        let (_, cib) = cluster.ask(KEEL.as_ref(), 1, &["cib"]);
        cib.contains("name=\"teller\" value=\"node1\"")
            .then_some(())
    });
}

#[test]
fn operators_programs_are_told_of_nodes_and_resources() {
    let Some(cluster) = Running::start(Shape::of(3)) else {
        return;
    };
    let told = cluster.folder().join("told");
    let script = format!(
        "#!/bin/sh\necho \"$recipe $CRM_alert_kind $CRM_alert_node $CRM_alert_rsc $CRM_alert_task \
         $CRM_alert_desc $CRM_alert_recipient\" >> {0}\nchmod 666 {0}\n",
        told.display()
    );
    cluster
        .node(1)
        .write_file("/srv/tell", script.as_bytes())
        .unwrap();
    std::fs::write(&told, "").unwrap();
    let shared = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    std::fs::set_permissions(&told, shared).unwrap();
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    pcs(&cluster, 1, &["property", "set", "stonith-enabled=false"]);
    let alerts = "<alerts><alert id=\"a\" path=\"/srv/tell\">\
                  <instance_attributes id=\"a-i\"><nvpair id=\"a-r\" name=\"recipe\" value=\"soup\"/>\
                  </instance_attributes><recipient id=\"a-1\" value=\"cook\"/></alert></alerts>";
    let change = Request::Change(Change {
        if_version: None,
        edits: vec![Edit::Create {
            parent: "/cib/configuration".to_owned(),
            xml: alerts.to_owned(),
        }],
    });
    let answer = cluster.client(1).unwrap().ask(&change).unwrap();
    assert!(matches!(answer, Answer::Changed(_)), "{answer:?}");
    let create = ["resource", "create", "thing", "ocf:heartbeat:Dummy"];
    pcs(&cluster, 1, &create);
    pcs(
        &cluster,
        1,
        &[
            "constraint",
            "location",
            "thing",
            "prefers",
            "node1=INFINITY",
        ],
    );
    cluster.lab().kill_node("node3").unwrap();
    for expected in [
        "soup resource node1 thing start  cook",
        "soup node node3   lost cook",
    ] {
        eventually(expected, || {
            let told = std::fs::read_to_string(&told).unwrap();
            told.lines().any(|line| line == expected).then_some(())
        });
    }
}

#[test]
fn an_operator_with_few_rights_sees_and_changes_what_is_allowed() {
    let Some(cluster) = Running::start(Shape::of(1)) else {
        return;
    };
    cluster.run_all().unwrap();
    together(&cluster, &[1]);
    pcs(
        &cluster,
        1,
        &[
            "property",
            "set",
            "stonith-enabled=false",
            "enable-acl=true",
        ],
    );
    let create = [
        "resource",
        "create",
        "thing",
        "ocf:heartbeat:Dummy",
        "fake=secret",
    ];
    pcs(&cluster, 1, &create);
    let acls = "<acls><acl_role id=\"operators\">\
                <acl_permission id=\"p1\" kind=\"read\" xpath=\"/cib\"/>\
                <acl_permission id=\"p2\" kind=\"deny\" xpath=\"//nvpair[@name='fake']\"/>\
                <acl_permission id=\"p3\" kind=\"write\" xpath=\"//crm_config\"/></acl_role>\
                <acl_target id=\"haclient\"><role id=\"operators\"/></acl_target></acls>";
    let change = Request::Change(Change {
        if_version: None,
        edits: vec![Edit::Create {
            parent: "/cib/configuration".to_owned(),
            xml: acls.to_owned(),
        }],
    });
    let answer = cluster.client(1).unwrap().ask(&change).unwrap();
    assert!(matches!(answer, Answer::Changed(_)), "{answer:?}");

    let socket = format!(
        "{}={}",
        cluster_api::SOCKET_VARIABLE,
        cluster.socket(1).display()
    );
    let operator = |words: &[&str]| {
        let user = [
            "setpriv",
            "--reuid=haclient",
            "--regid=haclient",
            "--clear-groups",
        ];
        let words = [&user[..], &["env", &socket, KEEL], words].concat();
        let output = cluster.node(1).run(&words, LIMIT).unwrap();
        (output.success(), output.stdout + &output.stderr)
    };
    let (_, seen) = operator(&["cluster", "cib"]);
    assert!(
        seen.contains("\"thing\"") && !seen.contains("secret"),
        "{seen}"
    );
    let (is_done, said) = operator(&["pcs", "property", "set", "batch-limit=3"]);
    assert!(is_done, "{said}");
    let (is_done, said) = operator(&["pcs", "resource", "delete", "thing"]);
    assert!(!is_done && said.contains("permission denied"), "{said}");
}

#[test]
fn a_node_is_fenced_before_what_it_ran_starts_elsewhere() {
    let Some(cluster) = Running::start(Shape::of(3)) else {
        return;
    };
    for node in cluster.ids() {
        install_switch(&cluster, node);
    }
    cluster.run_all().unwrap();
    together(&cluster, &[1, 2, 3]);
    let device = [
        "stonith",
        "create",
        "switch",
        "fence_switch",
        "passwd=geheim",
    ];
    pcs(&cluster, 1, &device);
    let ip = format!("ip={ADDRESS}");
    let create = [
        "resource",
        "create",
        "ClusterIP",
        "ocf:heartbeat:IPaddr2",
        &ip,
    ];
    pcs(&cluster, 1, &[&create[..], &["cidr_netmask=24"]].concat());
    let holder = is_held(&cluster, &[1, 2, 3]);
    let others: Vec<u32> = cluster.ids().filter(|node| *node != holder).collect();

    // The link is cut: the node lives, and may have the address still.
    cluster.partition(&[&others, &[holder]]).unwrap();
    fenced(&cluster, holder, |_| {
        for node in &others {
            assert!(
                !holds(&cluster, *node),
                "nothing moves before the switch says so"
            );
        }
    });
    assert_ne!(is_held(&cluster, &others), holder);
    cluster.lab().mend().unwrap();
    cluster.lab().start_node(&format!("node{holder}")).unwrap();
    install_switch(&cluster, holder);
    cluster.run(holder).unwrap();
    together(&cluster, &[1, 2, 3]);

    // At an operator's word, once: the cluster takes it for fenced when it is gone.
    let fence = Request::Fence(Fence {
        target: "node3".to_owned(),
        action: "reboot".to_owned(),
        client: "test".to_owned(),
        timeout_s: None,
        tolerance_s: 0,
        delay_s: 0,
    });
    let mut operator = cluster.client(1).unwrap();
    operator.send(&Frame::json(&fence)).unwrap();
    fenced(&cluster, 3, |_| {});
    let answer: Answer = operator.receive().unwrap().parse().unwrap();
    assert_eq!(answer, Answer::Done);
    together(&cluster, &[1, 2]);
    is_held(&cluster, &[1, 2]);
    let history = Request::FencingHistory { target: None };
    let Answer::FencingHistory(history) = cluster.client(2).unwrap().ask(&history).unwrap() else {
        panic!("a history is answered");
    };
    let of_operator: Vec<_> = history.iter().filter(|it| it.target == "node3").collect();
    assert_eq!(
        of_operator.len(),
        usize::from(holder == 3) + 1,
        "{history:?}"
    );
    let said: String = cluster.ids().map(|node| cluster.said(node)).collect();
    assert!(!said.contains("geheim"), "{said}");
}

/// A fence agent whose power switch is the test: it asks by a file, and waits for an answer.
fn install_switch(cluster: &LabCluster, node: u32) {
    let folder = cluster.folder().display();
    let agent = format!(
        r#"#!/bin/sh
[ "$1" = -o ] && action=$2 || while IFS='=' read -r name value; do
    case $name in action) action=$value ;; port|plug) target=$value ;; esac
done
case $action in
metadata)
    echo '<resource-agent name="fence_switch"><parameters><parameter name="port"/>'
    echo '<parameter name="passwd"/></parameters><actions><action name="reboot"/>'
    echo '<action name="off"/><action name="on"/><action name="monitor"/></actions></resource-agent>' ;;
reboot|off)
    : > {folder}/fence-$target
    until [ -e {folder}/fenced-$target ]; do sleep 0.02; done ;;
esac
"#
    );
    let machine = cluster.node(node);
    machine
        .write_file("/usr/sbin/fence_switch", agent.as_bytes())
        .unwrap();
    let chmod = ["chmod", "755", "/usr/sbin/fence_switch"];
    machine.run(&chmod, LIMIT).unwrap();
}

/// Waits until the switch is asked to cut a node off, looks at the cluster, and cuts it off.
fn fenced(cluster: &LabCluster, node: u32, look: impl FnOnce(&LabCluster)) {
    let name = format!("node{node}");
    let asked = cluster.folder().join(format!("fence-{name}"));
    eventually("the switch is asked", || asked.exists().then_some(()));
    look(cluster);
    cluster.lab().kill_node(&name).unwrap();
    let done = cluster.folder().join(format!("fenced-{name}"));
    std::fs::write(&done, "").unwrap();
    let forget = || std::fs::remove_file(&asked).and_then(|()| std::fs::remove_file(&done));
    eventually("the agent has seen it", || {
        let history = Request::FencingHistory {
            target: Some(name.clone()),
        };
        let others = cluster.ids().filter(|id| *id != node);
        let mut answers = others.filter_map(|id| cluster.client(id).ok()?.ask(&history).ok());
        let is_over = answers.any(|answer| match answer {
            Answer::FencingHistory(entries) => entries
                .last()
                .is_some_and(|entry| entry.state == FencingState::Success),
            _ => false,
        });
        is_over.then_some(())
    });
    forget().unwrap();
}

/// Runs `pcs` on a node.
#[track_caller]
fn pcs(cluster: &LabCluster, node: u32, words: &[&str]) -> String {
    let socket = format!(
        "{}={}",
        cluster_api::SOCKET_VARIABLE,
        cluster.socket(node).display()
    );
    let words = [&["env", &socket, KEEL, "pcs"], words].concat();
    let output = cluster.node(node).run(&words, LIMIT).unwrap();
    assert!(
        output.success(),
        "{words:?}: {}{}",
        output.stdout,
        output.stderr
    );
    output.stdout
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
