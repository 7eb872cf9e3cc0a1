//! What is wrong with a configuration or a machine is said in one clear line with the words at
//! fault, and nothing is half started.

use std::net::Ipv4Addr;
use std::time::Duration;

use lab::{AddressChange, Lab, NodeSpec, Output};

use crate::machines::{self, LIMIT, eventually};

const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";
const KEEPALIVED: &str = "/etc/keepalived/keepalived.conf";
const CERTIFICATE: &str = "/etc/haproxy/site.pem";
const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 9, 5, 50);

/// A balancer that answers every request by itself.
const GOOD_HAPROXY: &str = "defaults\n    mode http\n    timeout connect 1s\n    \
                            timeout client 1s\n    timeout server 1s\n\
                            listen web\n    bind :80\n    stats enable\n    stats uri /\n";
const GOOD_KEEPALIVED: &str = "vrrp_instance one {\n    interface eth0\n    state MASTER\n    \
                               version 3\n    advert_int 0.1\n    virtual_router_id 51\n    \
                               priority 100\n    virtual_ipaddress {\n        10.9.5.50\n    }\n}\n";
const RUN: [&str; 6] = [
    "keel",
    "run",
    "--haproxy",
    HAPROXY,
    "--keepalived",
    KEEPALIVED,
];

/// Root without the right to do what only root may.
const WITHOUT_RIGHTS: [&str; 4] = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", "--"];

fn machine() -> Option<Lab> {
    let spec = NodeSpec::new("one")
        .interface("eth0", "lan", [10, 9, 5, 1], 24)
        .user("haproxy");
    machines::on_one_switch([spec])
}

fn write(lab: &Lab, path: &str, text: &str) {
    lab.node("one").write_file(path, text.as_bytes()).unwrap();
}

fn run(lab: &Lab, argv: &[&str]) -> Output {
    lab.node("one").run(argv, LIMIT).unwrap()
}

/// The command ends with 1 and says all of `parts`; nothing runs, listens or holds an address.
#[track_caller]
fn expect_refusal(lab: &Lab, argv: &[&str], parts: &[&str]) {
    let output = run(lab, argv);
    assert_eq!(output.code, Some(1), "{argv:?}: {output:?}");
    for part in parts {
        assert!(output.stderr.contains(part), "{part:?}: {}", output.stderr);
    }
    assert!(!output.stderr.contains("panicked"), "{}", output.stderr);
    let processes = lab.node("one").processes().unwrap();
    assert_eq!(processes, [], "{argv:?}");
    assert_eq!(lab.holders(ADDRESS.into()).unwrap(), [""; 0]);
}

#[test]
fn what_is_wrong_with_the_address_keepers_file_starts_nothing() {
    let Some(lab) = machine() else { return };
    let twice = GOOD_KEEPALIVED.to_owned() + &GOOD_KEEPALIVED.replace("one", "two");
    let cases = [
        (
            twice,
            &["keepalived.conf:17", "virtual_router_id 51", "one"][..],
        ),
        (
            GOOD_KEEPALIVED.replace("eth0", "eth7"),
            &["keepalived.conf:2", "eth7", "interface"],
        ),
        (
            GOOD_KEEPALIVED.replace("priority", "pririty"),
            &["keepalived.conf:7", "pririty", "priority"],
        ),
        (
            GOOD_KEEPALIVED.replace("10.9.5.50", "10.9.5.500"),
            &["keepalived.conf:9", "10.9.5.500"],
        ),
    ];
    write(&lab, HAPROXY, GOOD_HAPROXY);
    for (text, parts) in cases {
        write(&lab, KEEPALIVED, &text);
        expect_refusal(
            &lab,
            &["keel", "keepalived", "-n", "-l", "-f", KEEPALIVED],
            parts,
        );
        expect_refusal(&lab, &RUN, parts);
    }
    expect_refusal(
        &lab,
        &[
            "keel",
            "keepalived",
            "-n",
            "-l",
            "-f",
            "/etc/keepalived/none.conf",
        ],
        &["/etc/keepalived/none.conf", "No such file"],
    );
}

#[test]
fn a_missing_right_is_named_and_nothing_starts() {
    let Some(_) = testing_support::require_command("setpriv", "util-linux") else {
        return;
    };
    let Some(lab) = machine() else { return };
    write(&lab, HAPROXY, GOOD_HAPROXY);
    write(&lab, KEEPALIVED, GOOD_KEEPALIVED);
    let without = |argv: &[&'static str]| [&WITHOUT_RIGHTS, argv].concat();
    expect_refusal(
        &lab,
        &without(&["keel", "haproxy", "-db", "-f", HAPROXY]),
        &["haproxy.cfg:7", ":80", "Permission denied"],
    );
    let keepalived = ["keel", "keepalived", "-n", "-l", "-f", KEEPALIVED];
    expect_refusal(&lab, &without(&keepalived), &["CAP_NET_"]);
    expect_refusal(
        &lab,
        &without(&RUN),
        &["haproxy.cfg:7", "Permission denied"],
    );

    let with_certificate = format!("    bind :443 ssl crt {CERTIFICATE}\n");
    write(
        &lab,
        HAPROXY,
        &(GOOD_HAPROXY.replace(":80", ":8080") + &with_certificate),
    );
    write(&lab, CERTIFICATE, "nobody may read this");
    let closed = run(&lab, &["chmod", "0", CERTIFICATE]);
    assert!(closed.success(), "{closed:?}");
    expect_refusal(
        &lab,
        &without(&["keel", "haproxy", "-c", "-f", HAPROXY]),
        &["haproxy.cfg:10", CERTIFICATE, "Permission denied"],
    );
}

#[test]
fn a_reload_of_a_wrong_file_changes_nothing() {
    let Some(lab) = machine() else { return };
    write(&lab, HAPROXY, GOOD_HAPROXY);
    write(&lab, KEEPALIVED, GOOD_KEEPALIVED);
    lab.node("one").spawn("keel", &RUN).unwrap();
    let steady = Duration::from_millis(300);
    let held = lab.wait_for_holder(ADDRESS.into(), Some("one"), steady, LIMIT);
    held.unwrap();
    let before = lab.address_events(0).unwrap().len();
    let serves = || {
        let target = lab::probe::Target {
            question: lab::probe::Question::Http {
                address: (ADDRESS, 80).into(),
                host: "one".to_owned(),
                path: "/".to_owned(),
            },
            pace: Duration::from_millis(5),
            timeout: Duration::from_secs(2),
        };
        let probe = lab.probe("one", &target).unwrap();
        eventually("an answer", || {
            probe.status().unwrap()?.answered.ge(&5).then_some(())
        });
        assert_eq!(probe.stop().unwrap().failed, 0);
    };
    serves();
    for (path, text, parts) in [
        (
            HAPROXY,
            GOOD_HAPROXY.replace("timeout client", "timeout cleint"),
            ["haproxy.cfg:4", "client"],
        ),
        (
            HAPROXY,
            GOOD_HAPROXY.to_owned() + "    default_backend none\n",
            ["haproxy.cfg:10", "none"],
        ),
        (
            KEEPALIVED,
            GOOD_KEEPALIVED.replace("eth0", "eth7"),
            ["keepalived.conf:2", "eth7"],
        ),
        (
            KEEPALIVED,
            GOOD_KEEPALIVED.replace("51", "510"),
            ["keepalived.conf:6", "510"],
        ),
    ] {
        write(&lab, path, &text);
        let output = run(&lab, &["keel", "reload"]);
        assert_eq!(output.code, Some(1), "{output:?}");
        for part in parts {
            assert!(output.stderr.contains(part), "{part}: {}", output.stderr);
        }
        assert!(
            output.stderr.contains("from before stays in force"),
            "{}",
            output.stderr
        );
        serves();
        let good = if path == HAPROXY {
            GOOD_HAPROXY
        } else {
            GOOD_KEEPALIVED
        };
        write(&lab, path, good);
    }
    let output = run(&lab, &["keel", "reload"]);
    assert_eq!(output.code, Some(0), "{output:?}");
    serves();
    let mut events = lab.address_events(before).unwrap();
    // The kernel finishes its own link-local addresses when it likes.
    events.retain(|event| is_of_ipv4(&event.change));
    assert_eq!(events, [], "the address never moved");
    assert_eq!(run(&lab, &["keel", "status"]).code, Some(0));
}

fn is_of_ipv4(change: &AddressChange) -> bool {
    match change {
        AddressChange::Added(address) | AddressChange::Removed(address) => address.is_ipv4(),
        AddressChange::Died => true,
    }
}
