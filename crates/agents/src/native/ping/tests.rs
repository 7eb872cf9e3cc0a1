use std::time::Instant;

use system::address::NewAddress;
use system::namespace::{Namespaces, spawn_in_new, unshare, within_network_of, write_sysctl};
use system::netlink::Netlink;
use system::process::{Child, RoleCommand, Signal, Stream};

use super::*;
use crate::executor::Executor;
use crate::native::tests::run;

/// Hosts: a neighbour, nobody in the same network, nobody anywhere.
const NEIGHBOUR: &str = "10.0.0.1";
const NOBODY: &str = "10.0.0.9";
const NOWHERE: &str = "192.0.2.1";

/// A machine whose interface `lan0` has 10.0.0.2/24, with a neighbour.
struct Machine {
    neighbour: Child,
    folder: tempfile::TempDir,
    executor: Executor,
}

fn on_a_machine(work: impl FnOnce(&Machine) + Send) {
    std::thread::scope(|scope| {
        let name = std::thread::current().name().unwrap_or("test").to_owned();
        let thread = std::thread::Builder::new().name(name);
        let machine = thread.spawn_scoped(scope, || {
            if let Err(refused) = unshare(Namespaces::NETWORK) {
                testing_support::skip(
                    &format!("no namespaces ({refused})"),
                    "sudo cargo xtask test (in a container: start it with --privileged)",
                );
                return;
            }
            let command = RoleCommand::program("/bin/sleep", "sleep")
                .argument("1000")
                .streams(Stream::Null, Stream::Null, Stream::Null);
            let neighbour = spawn_in_new(command, Namespaces::NETWORK).unwrap();
            let mut netlink = Netlink::open().unwrap();
            let [lan, far] = netlink.create_veth("lan0", "far0").unwrap();
            let pid = neighbour.pid().as_raw().unsigned_abs();
            netlink.move_link(far, pid, "lan0").unwrap();
            for index in [lan, netlink.index_of("lo").unwrap()] {
                netlink.set_up(index, true).unwrap();
            }
            let own = NewAddress::new(lan, [10, 0, 0, 2].into(), 24);
            netlink.add_address(&own).unwrap();
            let machine = Machine {
                neighbour,
                folder: tempfile::tempdir().unwrap(),
                executor: Executor::default(),
            };
            machine.neighbours(|netlink, lan| {
                netlink.set_up(lan, true).unwrap();
                let own = NewAddress::new(lan, [10, 0, 0, 1].into(), 24);
                netlink.add_address(&own).unwrap();
            });
            work(&machine);
        });
        machine.unwrap().join().unwrap();
    });
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.neighbour.signal(Signal::SIGKILL).unwrap();
        self.neighbour.wait().unwrap();
    }
}

impl Machine {
    /// Does something on the neighbour.
    fn neighbours(&self, work: impl FnOnce(&mut Netlink, u32) + Send) {
        within_network_of(self.neighbour.pidfd(), || {
            let mut netlink = Netlink::open().unwrap();
            let lan = netlink.index_of("lan0").unwrap();
            work(&mut netlink, lan);
        })
        .unwrap();
    }

    fn operation(&self, action: &str, hosts: &str, more: &[(&str, &str)]) -> Operation {
        let agent = "ocf:pacemaker:ping".parse().unwrap();
        let mut operation = Operation::new(agent, "ping", action, Duration::from_secs(60))
            .parameter("host_list", hosts)
            .parameter("attempts", "2")
            .parameter("timeout", "1")
            .parameter(
                "pidfile",
                self.folder.path().join("pid").display().to_string(),
            );
        for (name, value) in more {
            operation = operation.parameter(*name, *value);
        }
        operation
    }

    fn outcome(&self, action: &str, hosts: &str, more: &[(&str, &str)]) -> Outcome {
        run(self
            .executor
            .carry_out(&self.operation(action, hosts, more)))
    }
}

fn value(outcome: &Outcome) -> Option<&str> {
    let [update] = outcome.attributes.as_slice() else {
        panic!("one attribute: {outcome:?}");
    };
    update.value.as_deref()
}

#[test]
fn hosts_that_answer_are_counted() {
    on_a_machine(|machine| {
        let all = format!("{NEIGHBOUR} {NOBODY} {NOWHERE} 10.0.0.2");
        let before = machine.outcome("monitor", &all, &[]);
        assert_eq!(
            (before.code, before.attributes.len()),
            (OcfCode::NotRunning, 0)
        );
        for (action, hosts, more, code, expected) in [
            ("start", NEIGHBOUR, &[][..], OcfCode::Ok, Some("1")),
            (
                "monitor",
                NEIGHBOUR,
                &[("multiplier", "1000")],
                OcfCode::Ok,
                Some("1000"),
            ),
            ("monitor", NOWHERE, &[], OcfCode::Ok, Some("0")),
            (
                "monitor",
                "no.such.host.invalid",
                &[],
                OcfCode::Ok,
                Some("0"),
            ),
            ("monitor", "", &[], OcfCode::Ok, Some("0")),
            (
                "monitor",
                NOWHERE,
                &[("failure_score", "1")],
                OcfCode::Error,
                Some("0"),
            ),
            (
                "monitor",
                NEIGHBOUR,
                &[("failure_score", "1")],
                OcfCode::Ok,
                Some("1"),
            ),
            ("monitor", &all, &[], OcfCode::Ok, Some("2")),
            ("stop", NEIGHBOUR, &[], OcfCode::Ok, None),
        ] {
            let outcome = machine.outcome(action, hosts, more);
            assert_eq!(outcome.code, code, "{action} {hosts} {outcome:?}");
            assert_eq!(value(&outcome), expected, "{action} {hosts} {outcome:?}");
            let update = &outcome.attributes[0];
            assert_eq!((&*update.name, update.dampening.as_secs()), ("pingd", 5));
        }
        for (more, code) in [
            (("host_list", ""), OcfCode::NotConfigured),
            (("host_list", "a"), OcfCode::Ok),
            (("attempts", "x"), OcfCode::NotConfigured),
        ] {
            let outcome = machine.outcome("validate-all", NEIGHBOUR, &[more]);
            assert_eq!(outcome.code, code, "{more:?}");
        }
    });
}

#[test]
fn an_answer_is_known_at_once_and_none_when_the_parameters_say() {
    on_a_machine(|machine| {
        assert_eq!(machine.outcome("start", NEIGHBOUR, &[]).code, OcfCode::Ok);
        for (hosts, least, most) in [
            (NEIGHBOUR, 0, 500),
            (NOWHERE, 0, 500),
            // Two requests a second apart, a second for each.
            (NOBODY, 1_900, 4_000),
        ] {
            let outcome = machine.outcome("monitor", hosts, &[]);
            let took = outcome.duration.as_millis();
            assert!((least..most).contains(&took), "{hosts} {took} ms");
        }
    });
}

#[test]
fn a_gateway_that_is_lost_or_back_is_known_without_polls() {
    on_a_machine(|machine| {
        run(async {
            let carry_out = async |action| {
                let operation = machine.operation(action, NEIGHBOUR, &[]);
                machine.executor.carry_out(&operation).await
            };
            assert_eq!(carry_out("start").await.code, OcfCode::Ok);
            let monitor = machine.operation("monitor", NEIGHBOUR, &[]);
            let mut watch = machine.executor.watch(&monitor).unwrap();
            let mut begun = Instant::now();
            let mut expect = async |expected: &str, limit_ms: u128| {
                let news = watch.changed().await;
                assert_eq!((news.code, value(&news)), (OcfCode::Ok, Some(expected)));
                let took = begun.elapsed().as_millis();
                assert!(took < limit_ms, "{expected} {took} ms");
                begun = Instant::now();
            };
            expect("1", 500).await;
            machine.neighbours(|netlink, lan| netlink.set_up(lan, false).unwrap());
            expect("0", 500).await;
            machine.neighbours(|netlink, lan| netlink.set_up(lan, true).unwrap());
            expect("1", 2_500).await;
            // The cable is whole, and nobody answers: a second, and what the parameters say.
            let silent = |value: &'static str| {
                machine.neighbours(move |_, _| {
                    write_sysctl("net.ipv4.icmp_echo_ignore_all", value).unwrap();
                });
            };
            silent("1");
            expect("0", 4_500).await;
            silent("0");
            expect("1", 2_500).await;
            fs::remove_file(machine.folder.path().join("pid")).unwrap();
            assert_eq!(watch.changed().await.code, OcfCode::NotRunning);
        });
    });
}

#[test]
fn an_answers_time_is_as_given_or_a_share_of_the_operations() {
    for (given, hosts, attempts, limit_s, expected_ms) in [
        ("2", "a", "3", 60, 2_000),
        ("500ms", "a", "3", 60, 500),
        ("2min", "a", "3", 60, 120_000),
        ("2000", "a", "3", 60, 300_000),
        ("0", "a", "3", 60, 5_000),
        ("", "a", "3", 60, 18_000),
        ("", "a b", "3", 60, 9_000),
        ("", "", "3", 60, 18_000),
        ("", "a b c", "10", 20, 5_000),
    ] {
        let agent = "ocf:pacemaker:ping".parse().unwrap();
        let operation = Operation::new(agent, "ping", "monitor", Duration::from_secs(limit_s))
            .parameter("timeout", given)
            .parameter("attempts", attempts)
            .parameter("host_list", hosts);
        let read = Parameters::read(&operation).unwrap();
        let expected = Duration::from_millis(expected_ms);
        assert_eq!(
            read.patience.timeout, expected,
            "{given} {hosts} {attempts}"
        );
    }
}
