//! The lab itself: machines that reach each other until something is broken.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lab::probe::{Question, Target};
use lab::{Error, Lab, LabBuilder, LinkState, NodeSpec};
use nix::sys::signal::Signal;

const SECOND: Duration = Duration::from_secs(1);
const FRED: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 1);
const ETHYL: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 2);
const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 3);
const FLOATING: Ipv4Addr = Ipv4Addr::new(10, 9, 8, 50);

/// A lab with fred, ethyl and a client on one switch; `None` (and a recorded skip) where this
/// computer allows none.
fn three_machines() -> Option<Lab> {
    let node =
        |name, address: Ipv4Addr| NodeSpec::new(name).interface("eth1", "office", address, 24);
    let fred = node("fred", FRED)
        .user("haproxy")
        .disk("/srv", 1)
        .file("/etc/haproxy/haproxy.cfg", "# fred's\n");
    let started = LabBuilder::new(env!("CARGO_BIN_EXE_keel"))
        .switch("office")
        .node(fred)
        .node(node("ethyl", ETHYL))
        .node(node("client", CLIENT))
        .start();
    match started {
        Ok(lab) => Some(lab),
        Err(Error::NotAllowed { reason, enable }) => {
            testing_support::skip(&reason, &enable);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

fn start_echo(lab: &Lab) {
    let echo = ["keel", "lab", "echo", "--listen", "0.0.0.0:7000"];
    lab.node("ethyl").spawn("echo", &echo).unwrap();
}

/// Whether the client hears ethyl's echo within two seconds, or (`expected` false) does not hear it
/// for a third of one.
fn hears_ethyl(lab: &Lab, expected: bool) -> bool {
    let target = Target {
        question: Question::Echo((ETHYL, 7000).into()),
        pace: Duration::from_millis(1),
        timeout: Duration::from_millis(100),
    };
    let probe = lab.probe("client", &target).unwrap();
    for _ in 0..if expected { 200 } else { 30 } {
        std::thread::sleep(Duration::from_millis(10));
        if probe
            .status()
            .unwrap()
            .is_some_and(|status| status.answered > 0)
        {
            break;
        }
    }
    let report = probe.stop().unwrap();
    assert_eq!(report.sent, report.answered + report.failed, "{report:?}");
    report.answered > 0
}

#[test]
fn machines_hear_each_other_until_something_breaks_and_again_when_it_is_mended() {
    let Some(lab) = three_machines() else { return };
    start_echo(&lab);
    assert!(hears_ethyl(&lab, true), "at first");

    lab.set_link("ethyl", None, LinkState::Cut).unwrap();
    assert!(!hears_ethyl(&lab, false), "cut");
    lab.mend().unwrap();
    assert!(hears_ethyl(&lab, true), "mended");

    lab.set_link("client", Some("eth1"), LinkState::Silent)
        .unwrap();
    assert!(!hears_ethyl(&lab, false), "silent");
    lab.mend().unwrap();
    assert!(hears_ethyl(&lab, true), "loud again");

    let names = |nodes: &[&str]| nodes.iter().map(|name| (*name).to_owned()).collect();
    lab.partition(&[names(&["fred", "client"]), names(&["ethyl"])])
        .unwrap();
    assert!(!hears_ethyl(&lab, false), "parted");
    lab.mend().unwrap();
    assert!(hears_ethyl(&lab, true), "whole again");

    lab.kill_node("ethyl").unwrap();
    assert!(!hears_ethyl(&lab, false), "dead");
    lab.start_node("ethyl").unwrap();
    start_echo(&lab);
    assert!(hears_ethyl(&lab, true), "alive again");
}

#[test]
fn a_machine_has_its_own_name_files_users_and_processes() {
    let Some(lab) = three_machines() else { return };
    let fred = lab.node("fred");
    for (command, expected) in [
        ("uname -n", "fred\n"),
        ("cat /etc/haproxy/haproxy.cfg", "# fred's\n"),
        ("cat /etc/hostname", "fred\n"),
        ("grep -c ^haproxy: /etc/passwd", "1\n"),
        ("grep -w ethyl /etc/hosts", "10.9.8.2 ethyl\n"),
        (
            "ls /etc/keepalived /var/lib/haproxy /tmp",
            "/etc/keepalived:\n\n/tmp:\n\n/var/lib/haproxy:\n",
        ),
        (
            "test -e /etc/passwd- -o -e /etc/shells && echo yes",
            "yes\n",
        ),
        ("ls -d /proc/[0-9]*/ | grep -c /proc/1/", "1\n"),
    ] {
        let output = fred.run(&["sh", "-c", command], 5 * SECOND).unwrap();
        assert_eq!(output.stdout, expected, "{command}: {}", output.stderr);
    }
    fred.spawn("sleep", &["sleep", "1000"]).unwrap();
    let names = |node: &lab::Node| -> Vec<String> {
        let processes = node.processes().unwrap();
        processes.into_iter().map(|process| process.name).collect()
    };
    assert_eq!(names(&fred), ["sleep"]);
    assert_eq!(names(&lab.node("ethyl")), [""; 0]);
    let target = lab::Target::Process("sleep".to_owned());
    let (_, signalled) = fred.signal(&target, Signal::SIGKILL).unwrap();
    assert_eq!(signalled, 1);
    assert_eq!(fred.wait_for_end("sleep", SECOND).unwrap(), "signal 9");
}

#[test]
fn the_kernel_tells_who_has_an_address() {
    let Some(lab) = three_machines() else { return };
    let holders = |address: Ipv4Addr| lab.holders(IpAddr::from(address)).unwrap();
    assert_eq!(holders(FLOATING), [""; 0]);
    // The kernel's word arrives in its own time.
    let holder = lab.wait_for_holder(FRED.into(), None, Duration::ZERO, 10 * SECOND);
    assert_eq!(holder.unwrap(), "fred");
    lab.kill_node("fred").unwrap();
    assert_eq!(holders(FRED), [""; 0]);
}

#[test]
fn a_full_disk_takes_nothing_until_it_is_emptied() {
    let Some(lab) = three_machines() else { return };
    let fred = lab.node("fred");
    let written = || {
        let write = ["sh", "-c", "echo something > /srv/$$ && test -s /srv/$$"];
        fred.run(&write, 5 * SECOND).unwrap().success()
    };
    assert!(written(), "at first");
    fred.fill_disk("/srv").unwrap();
    assert!(!written(), "full");
    fred.empty_disk("/srv").unwrap();
    assert!(written(), "emptied");
    let refused = fred.fill_disk("/usr").unwrap_err().to_string();
    assert!(refused.contains("/usr is no disk of the lab"), "{refused}");
}
