//! What users of a supervised address keeper rely on: the address never stays behind, however the
//! keeper, the balancer or the supervisor ends.
//!
//! Each test has a machine of its own (a network namespace), or is skipped where there can be none.

use std::net::{IpAddr, Ipv4Addr};
use std::thread;
use std::time::{Duration, Instant};

use lab::{AddressChange, Error, Lab, LabBuilder, Node, NodeSpec, Target};
use nix::sys::signal::Signal;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);
const PACE: Duration = Duration::from_millis(10);
const OWN: Ipv4Addr = Ipv4Addr::new(10, 9, 6, 1);
const FLOATING: Ipv4Addr = Ipv4Addr::new(10, 9, 6, 50);

/// A router alone on its link becomes master after three advertisements, here 30 ms.
fn keepalived_conf(priority: u8) -> String {
    format!(
        "global_defs {{\n    vrrp_version 3\n}}\n\
         vrrp_instance office {{\n    state BACKUP\n    interface eth1\n    \
         virtual_router_id 50\n    priority {priority}\n    advert_int 0.01\n    \
         virtual_ipaddress {{\n        {FLOATING}/24\n    }}\n}}\n"
    )
}

const HAPROXY_CFG: &str = "\
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
listen web
    bind :80
    server web 10.9.6.1:8080
";

const RUN: &[&str] = &[
    "keel",
    "run",
    "--haproxy",
    "/etc/haproxy/haproxy.cfg",
    "--keepalived",
    "/etc/keepalived/keepalived.conf",
];

const KEEPALIVED: &[&str] = &["keel", "keepalived", "-n", "-l"];

struct Machine {
    lab: Lab,
}

impl Machine {
    /// `None` (and a recorded skip) where this computer allows no lab.
    fn new() -> Option<Self> {
        let node = NodeSpec::new("fred")
            .interface("eth1", "office", OWN, 24)
            .file("/etc/haproxy/haproxy.cfg", HAPROXY_CFG)
            .file("/etc/keepalived/keepalived.conf", keepalived_conf(100));
        let started = LabBuilder::new(env!("CARGO_BIN_EXE_keel"))
            .switch("office")
            .node(node)
            .start();
        match started {
            Ok(lab) => Some(Self { lab }),
            Err(Error::NotAllowed { reason, enable }) => {
                testing_support::skip(&reason, &enable);
                None
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn node(&self) -> Node {
        self.lab.node("fred")
    }

    fn holds(&self) -> bool {
        !self.lab.holders(IpAddr::from(FLOATING)).unwrap().is_empty()
    }

    #[track_caller]
    fn eventually(&self, what: &str, mut condition: impl FnMut() -> bool) {
        let end = Instant::now() + LIMIT;
        while !condition() {
            if Instant::now() >= end {
                panic!(
                    "this never came: {what}; the supervisor said:\n{}",
                    self.log()
                );
            }
            thread::sleep(PACE);
        }
    }

    /// Starts a supervisor and waits until the machine has the address.
    #[track_caller]
    fn start(&self, words: &[&str]) {
        self.node().spawn("supervisor", words).unwrap();
        self.eventually("the address comes", || self.holds());
        self.eventually("ready", || self.log().contains("ready: "));
    }

    fn log(&self) -> String {
        self.node().log("supervisor").unwrap()
    }

    /// The number of the process of that name.
    fn pid(&self, name: &str) -> String {
        let output = self.run(&["pgrep", "-nx", name]);
        output.stdout.trim().to_owned()
    }

    fn signal(&self, signal: Signal, pid: &str) {
        let signal = format!("-{}", signal.as_str().trim_start_matches("SIG"));
        let output = self.run(&["kill", &signal, pid]);
        assert_eq!(output.stderr, "");
    }

    fn run(&self, words: &[&str]) -> lab::Output {
        self.node().run(words, LIMIT).unwrap()
    }

    fn status(&self) -> Value {
        let output = self.run(&["keel", "status", "--json"]);
        serde_json::from_str(&output.stdout).expect("--json prints JSON")
    }

    fn addresses_changed(&self) -> usize {
        let events = self.lab.address_events(0).unwrap();
        let floating = IpAddr::from(FLOATING);
        let concerns = |change: &AddressChange| match change {
            AddressChange::Added(address) | AddressChange::Removed(address) => *address == floating,
            _ => false,
        };
        events.iter().filter(|it| concerns(&it.change)).count()
    }
}

#[test]
fn status_says_who_is_master_since_when_and_why() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    let mut instance = Value::Null;
    machine.eventually("the status of a master", || {
        instance = machine.status()[0]["keeper"]["instances"][0].clone();
        instance["state"] == "MASTER"
    });
    assert_eq!(instance["name"], "office");
    assert_eq!(instance["virtual_router_id"], 50);
    assert!(instance["since_unix_s"].as_f64() > Some(1e9));
    assert_ne!(instance["reason"], "");
    let text = machine.run(&["keel", "status"]).stdout;
    assert!(
        text.contains("office (router 50 on eth1): MASTER since 2"),
        "{text}"
    );
    assert!(text.contains("balancer: serving"), "{text}");
}

#[test]
fn a_killed_keeper_leaves_no_address_behind_and_its_successor_takes_it_again() {
    let Some(machine) = Machine::new() else {
        return;
    };
    for words in [KEEPALIVED, RUN] {
        machine.start(words);
        let changes = machine.addresses_changed();
        let keeper = machine.pid("keepalived");
        machine.signal(Signal::SIGKILL, &keeper);
        machine.eventually("removed, and added again", || {
            machine.addresses_changed() >= changes + 2 && machine.holds()
        });
        let log = machine.log();
        assert!(
            log.contains("for the dead address keeper: removed 10.9.6.50"),
            "{log}"
        );
        assert_ne!(machine.pid("keepalived"), keeper);
        let target = Target::Command("supervisor".to_owned());
        machine.node().signal(&target, Signal::SIGTERM).unwrap();
        machine.eventually("the address leaves", || !machine.holds());
        let end = machine.node().wait_for_end("supervisor", LIMIT).unwrap();
        assert_eq!(end, "exit 0", "{}", machine.log());
    }
}

#[test]
fn a_stopped_keeper_is_found_and_its_address_removed() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    let changes = machine.addresses_changed();
    machine.signal(Signal::SIGSTOP, &machine.pid("keepalived"));
    machine.eventually("removed, and added again", || {
        machine.addresses_changed() >= changes + 2 && machine.holds()
    });
    let log = machine.log();
    assert!(log.contains("is stopped (silent for 2"), "{log}");
}

#[test]
fn a_killed_supervisor_leaves_no_address_behind() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    let target = Target::Command("supervisor".to_owned());
    machine.node().signal(&target, Signal::SIGKILL).unwrap();
    machine.eventually("the address leaves", || !machine.holds());
    machine.eventually("the roles end", || {
        machine.node().processes().unwrap().is_empty()
    });
}

#[test]
fn the_keeper_hears_of_a_balancer_that_hangs_and_of_its_return() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    machine.signal(Signal::SIGSTOP, &machine.pid("haproxy"));
    for line in [
        "the address keeper is told to give the address away",
        "the address may return",
    ] {
        machine.eventually(line, || machine.log().contains(line));
    }
    machine.eventually("the address is here", || machine.holds());
    assert_eq!(machine.status()[0]["balancer"]["serving"], true);
}

#[test]
fn a_killed_balancer_does_not_move_the_address() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    let changes = machine.addresses_changed();
    let balancer = machine.pid("haproxy");
    machine.signal(Signal::SIGKILL, &balancer);
    machine.eventually("a successor", || {
        machine.status()[0]["balancer"]["deaths"] == 1
            && machine.status()[0]["balancer"]["state"] == "ready"
    });
    assert_ne!(machine.pid("haproxy"), balancer);
    assert_eq!(machine.addresses_changed(), changes);
}

#[test]
fn a_reload_keeps_the_address_and_a_bad_file_changes_nothing() {
    let Some(machine) = Machine::new() else {
        return;
    };
    machine.start(RUN);
    let changes = machine.addresses_changed();
    let write = |text: &str| {
        machine
            .node()
            .write_file("/etc/keepalived/keepalived.conf", text.as_bytes())
            .unwrap();
        machine.run(&["keel", "reload"])
    };
    let priority = || machine.status()[0]["keeper"]["instances"][0]["base_priority"].as_u64();
    let output = write(&keepalived_conf(120));
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    machine.eventually("the new priority", || priority() == Some(120));
    let output = write(&keepalived_conf(130).replace("interface eth1", "interface eth9"));
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("eth9"), "{}", output.stderr);
    let output = write(&keepalived_conf(130).replace("priority", "priorty"));
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("priorty"), "{}", output.stderr);
    assert_eq!(priority(), Some(120));
    assert_eq!(machine.addresses_changed(), changes);
    assert!(machine.holds());
}

#[test]
fn what_the_keeper_refuses_starts_nothing() {
    let Some(machine) = Machine::new() else {
        return;
    };
    for (from, to, expected) in [
        ("interface eth1", "interface eth9", "eth9"),
        (
            "virtual_router_id 50",
            "virtual_router_id 0",
            "virtual_router_id",
        ),
        ("advert_int", "advrt_int", "advert_int"),
    ] {
        let text = keepalived_conf(100).replace(from, to);
        machine
            .node()
            .write_file("/etc/keepalived/keepalived.conf", text.as_bytes())
            .unwrap();
        for words in [KEEPALIVED, RUN] {
            let output = machine.run(words);
            assert_eq!(output.code, Some(1), "{words:?}: {}", output.stderr);
            assert!(output.stderr.contains(expected), "{}", output.stderr);
            assert!(
                output.stderr.contains("keepalived.conf:"),
                "{}",
                output.stderr
            );
            assert!(!output.stderr.contains("ready: "), "{}", output.stderr);
        }
    }
    assert!(machine.node().processes().unwrap().is_empty());
    assert!(!machine.holds());
}

#[test]
fn keepalived_goes_to_the_background_once_and_only_once() {
    let Some(machine) = Machine::new() else {
        return;
    };
    let daemon = ["keel", "keepalived", "-p", "/tmp/keepalived.pid"];
    let output = machine.run(&daemon);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    machine.eventually("the address comes", || machine.holds());
    let output = machine.run(&daemon);
    assert_eq!(output.code, Some(1));
    assert!(
        output.stderr.contains("belongs to a running instance"),
        "{}",
        output.stderr
    );
    let pid = machine.run(&["cat", "/tmp/keepalived.pid"]).stdout;
    machine.signal(Signal::SIGTERM, pid.trim());
    machine.eventually("all is gone", || {
        !machine.holds() && machine.node().processes().unwrap().is_empty()
    });
}
