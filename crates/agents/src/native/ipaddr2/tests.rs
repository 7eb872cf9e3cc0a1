use std::time::Instant;

use system::namespace::{Namespaces, unshare};

use super::*;
use crate::executor::Executor;
use crate::name::AgentName;
use crate::native::IMPLEMENTATION_ATTRIBUTE;
use crate::native::tests::{LONG, run};

/// Runs `work` in a network namespace of its own, with an interface `lan0` that has 10.0.0.2/24 and
/// 2001:db8::2/64; or says why not.
fn on_a_machine(work: impl FnOnce(&mut Netlink) + Send) {
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
            let mut netlink = Netlink::open().unwrap();
            let [lan, other] = netlink.create_veth("lan0", "other0").unwrap();
            for index in [lan, other] {
                netlink.set_up(index, true).unwrap();
            }
            let mut own = NewAddress::new(lan, [10, 0, 0, 2].into(), 24);
            own.broadcast = Some([10, 0, 0, 255].into());
            netlink.add_address(&own).unwrap();
            let mut own = NewAddress::new(lan, "2001:db8::2".parse().unwrap(), 64);
            own.flags.no_dad = true;
            netlink.add_address(&own).unwrap();
            let loopback = netlink.index_of("lo").unwrap();
            netlink.set_up(loopback, true).unwrap();
            work(&mut netlink);
        });
        machine.unwrap().join().unwrap();
    });
}

fn operation(action: &str, parameters: &str, implementation: &str) -> Operation {
    let agent = AgentName::ocf("heartbeat", "IPaddr2").unwrap();
    let mut operation = Operation::new(agent, "VIP", action, LONG);
    let name = IMPLEMENTATION_ATTRIBUTE.to_owned();
    operation.meta.insert(name, implementation.to_owned());
    for pair in parameters.split_whitespace() {
        let (name, value) = pair.split_once('=').unwrap();
        operation = operation.parameter(name, value);
    }
    operation
}

/// Every address except those that the machine had before, as `ip` shows them.
fn shown(netlink: &mut Netlink) -> Vec<String> {
    let own = ["10.0.0.2", "2001:db8::2"];
    let mut found = netlink.addresses(None).unwrap();
    found.retain(|known| known.scope == 0 && !own.contains(&known.address.to_string().as_str()));
    let text = |known: &InterfaceAddress| {
        let label = known.label.as_deref().unwrap_or("-");
        format!("{}/{} {label}", known.address, known.prefix_len)
    };
    found.iter().map(text).collect()
}

/// Actions with parameters, what they end with, and the address that is there then.
const STEPS: [(&str, &str, OcfCode, &[&str]); 38] = [
    ("monitor", "ip=10.0.0.4", OcfCode::NotRunning, &[]),
    ("stop", "ip=10.0.0.4", OcfCode::Ok, &[]),
    ("start", "ip=10.0.0.4", OcfCode::Ok, &["10.0.0.4/24 lan0"]),
    ("start", "ip=10.0.0.4", OcfCode::Ok, &["10.0.0.4/24 lan0"]),
    ("monitor", "ip=10.0.0.4", OcfCode::Ok, &["10.0.0.4/24 lan0"]),
    ("stop", "ip=10.0.0.4", OcfCode::Ok, &[]),
    (
        "start",
        "ip=10.0.0.4 cidr_netmask=25",
        OcfCode::Ok,
        &["10.0.0.4/25 lan0"],
    ),
    (
        "monitor",
        "ip=10.0.0.4 cidr_netmask=25",
        OcfCode::Ok,
        &["10.0.0.4/25 lan0"],
    ),
    ("stop", "ip=10.0.0.4 cidr_netmask=25", OcfCode::Ok, &[]),
    (
        "start",
        "ip=10.0.0.4 cidr_netmask=32 iflabel=vip",
        OcfCode::Ok,
        &["10.0.0.4/32 lan0:vip"],
    ),
    (
        "stop",
        "ip=10.0.0.4 cidr_netmask=32 iflabel=vip",
        OcfCode::Ok,
        &[],
    ),
    (
        "start",
        "ip=10.0.0.4 cidr_netmask=255.255.255.0",
        OcfCode::Ok,
        &["10.0.0.4/24 lan0"],
    ),
    (
        "stop",
        "ip=10.0.0.4 cidr_netmask=255.255.255.0",
        OcfCode::Ok,
        &[],
    ),
    // No address of the machine is in that network, but a route leads there directly.
    (
        "start",
        "ip=198.51.100.7",
        OcfCode::Ok,
        &["198.51.100.7/25 lan0"],
    ),
    (
        "monitor",
        "ip=198.51.100.7",
        OcfCode::Ok,
        &["198.51.100.7/25 lan0"],
    ),
    ("stop", "ip=198.51.100.7", OcfCode::Ok, &[]),
    (
        "start",
        "ip=10.0.0.4 cidr_netmask=32 nic=lo iflabel=vip",
        OcfCode::Ok,
        &["10.0.0.4/32 lo:vip"],
    ),
    (
        "monitor",
        "ip=10.0.0.4 cidr_netmask=32 nic=lo iflabel=vip",
        OcfCode::Ok,
        &["10.0.0.4/32 lo:vip"],
    ),
    (
        "monitor",
        "ip=10.0.0.4 cidr_netmask=32 nic=lo",
        OcfCode::Ok,
        &["10.0.0.4/32 lo:vip"],
    ),
    (
        "stop",
        "ip=10.0.0.4 cidr_netmask=32 nic=lo iflabel=vip",
        OcfCode::Ok,
        &[],
    ),
    ("start", "ip=192.0.2.1", OcfCode::Error, &[]),
    ("monitor", "ip=192.0.2.1", OcfCode::NotRunning, &[]),
    ("stop", "ip=192.0.2.1", OcfCode::Ok, &[]),
    ("start", "ip=192.0.2.1 nic=lan0", OcfCode::Error, &[]),
    (
        "start",
        "ip=192.0.2.1 nic=lan0 cidr_netmask=24",
        OcfCode::Ok,
        &["192.0.2.1/24 lan0"],
    ),
    (
        "monitor",
        "ip=192.0.2.1 nic=lan0 cidr_netmask=24",
        OcfCode::Ok,
        &["192.0.2.1/24 lan0"],
    ),
    (
        "stop",
        "ip=192.0.2.1 nic=lan0 cidr_netmask=24",
        OcfCode::Ok,
        &[],
    ),
    ("start", "ip=10.0.0.4 nic=nope", OcfCode::NotConfigured, &[]),
    ("monitor", "ip=10.0.0.4 nic=nope", OcfCode::NotRunning, &[]),
    ("stop", "ip=10.0.0.4 nic=nope", OcfCode::Ok, &[]),
    (
        "start",
        "ip=2001:db8::4 nodad=true",
        OcfCode::Ok,
        &["2001:db8::4/64 -"],
    ),
    (
        "monitor",
        "ip=2001:db8::4",
        OcfCode::Ok,
        &["2001:db8::4/64 -"],
    ),
    ("stop", "ip=2001:db8::4", OcfCode::Ok, &[]),
    ("start", "ip=banana", OcfCode::NotConfigured, &[]),
    ("monitor", "ip=banana", OcfCode::NotRunning, &[]),
    ("monitor", "", OcfCode::NotConfigured, &[]),
    (
        "validate-all",
        "ip=10.0.0.4 cidr_netmask=77",
        OcfCode::NotConfigured,
        &[],
    ),
    ("frobnicate", "ip=10.0.0.4", OcfCode::Unimplemented, &[]),
];

#[test]
fn addresses_come_and_go_as_with_the_script() {
    let executor = Executor::default();
    let agent = AgentName::ocf("heartbeat", "IPaddr2").unwrap();
    let has_script = executor.folders().script(&agent).unwrap().is_file();
    if !has_script {
        testing_support::skip(
            "IPaddr2 is not installed",
            "apt-get install resource-agents iproute2",
        );
    }
    for implementation in ["native", "script"] {
        if implementation == "script" && !has_script {
            continue;
        }
        on_a_machine(|netlink| {
            let route = ["route", "add", "198.51.100.0/25", "dev", "lan0"];
            let routed = std::process::Command::new("ip").args(route).status();
            if !routed.is_ok_and(|status| status.success()) {
                testing_support::skip("ip is not installed", "apt-get install iproute2");
                return;
            }
            for (action, parameters, code, addresses) in STEPS {
                let operation = operation(action, parameters, implementation);
                let outcome = run(executor.carry_out(&operation));
                let step = format!("{implementation} {action} {parameters}: {outcome:?}");
                assert_eq!(outcome.code, code, "{step}");
                assert_eq!(shown(netlink), addresses, "{step}");
            }
        });
    }
}

#[test]
fn an_address_of_one_is_watched_and_stopped_by_the_other() {
    let executor = Executor::default();
    let agent = AgentName::ocf("heartbeat", "IPaddr2").unwrap();
    if !executor.folders().script(&agent).unwrap().is_file() {
        testing_support::skip(
            "IPaddr2 is not installed",
            "apt-get install resource-agents iproute2",
        );
        return;
    }
    on_a_machine(|netlink| {
        for [first, second] in [["native", "script"], ["script", "native"]] {
            for (action, implementation) in
                [("start", first), ("monitor", second), ("stop", second)]
            {
                let operation = operation(action, "ip=10.0.0.4", implementation);
                let outcome = run(executor.carry_out(&operation));
                assert_eq!(
                    outcome.code,
                    OcfCode::Ok,
                    "{action} {implementation} {outcome:?}"
                );
            }
            assert_eq!(shown(netlink), [""; 0]);
        }
    });
}

#[test]
fn an_address_starts_in_a_millisecond_or_two() {
    const STARTS: usize = 20;
    on_a_machine(|_| {
        let executor = Executor::default();
        let start = operation("start", "ip=10.0.0.4 cidr_netmask=32", "native");
        let stop = operation("stop", "ip=10.0.0.4", "native");
        let mut took: Vec<_> = (0..STARTS)
            .map(|_| {
                let started = run(executor.carry_out(&start));
                assert_eq!(started.code, OcfCode::Ok, "{started:?}");
                run(executor.carry_out(&stop));
                started.duration
            })
            .collect();
        took.sort_unstable();
        assert!(took[STARTS / 2] < Duration::from_millis(2), "{took:?}");
    });
}

#[test]
fn a_duplicate_address_is_given_up() {
    on_a_machine(|netlink| {
        // The other end of the cable has the address already.
        let other = netlink.index_of("other0").unwrap();
        let mut taken = NewAddress::new(other, "2001:db8::4".parse().unwrap(), 64);
        taken.flags.no_dad = true;
        netlink.add_address(&taken).unwrap();
        let operation = operation("start", "ip=2001:db8::4 nic=lan0", "native");
        let outcome = run(Executor::default().carry_out(&operation));
        assert_eq!(outcome.code, OcfCode::Error, "{outcome:?}");
        assert!(
            outcome.exit_reason.contains("another machine"),
            "{outcome:?}"
        );
        assert_eq!(shown(netlink).len(), 1, "the other's only");
    });
}

#[test]
fn a_removed_address_is_known_at_once() {
    on_a_machine(|netlink| {
        let lan = netlink.index_of("lan0").unwrap();
        let executor = Executor::default();
        for parameters in ["ip=10.0.0.4", "ip=2001:db8::4 nodad=true"] {
            run(async {
                let started = executor
                    .carry_out(&operation("start", parameters, "automatic"))
                    .await;
                assert_eq!(started.code, OcfCode::Ok, "{started:?}");
                let mut monitor = operation("monitor", parameters, "automatic");
                monitor.interval = Duration::from_secs(10);
                let mut watch = executor.watch(&monitor).expect("a native agent has events");
                let quiet = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
                assert!(quiet.is_err(), "nothing has happened: {quiet:?}");
                let address = monitor.given("ip").unwrap().parse().unwrap();
                // Another address is nobody's concern.
                netlink
                    .add_address(&NewAddress::new(lan, [10, 0, 0, 9].into(), 24))
                    .unwrap();
                netlink
                    .remove_address(lan, [10, 0, 0, 9].into(), 24)
                    .unwrap();
                let quiet = tokio::time::timeout(Duration::from_millis(50), watch.changed()).await;
                assert!(quiet.is_err(), "another address went: {quiet:?}");
                let begun = Instant::now();
                let length = if monitor.parameters["ip"].contains(':') {
                    64
                } else {
                    24
                };
                netlink.remove_address(lan, address, length).unwrap();
                let failed = watch.changed().await;
                assert!(
                    begun.elapsed() < Duration::from_millis(500),
                    "{:?}",
                    begun.elapsed()
                );
                assert_eq!(failed.code, OcfCode::NotRunning);
                assert_eq!(failed.exit_reason, format!("{address} is on no interface"));
            });
        }
    });
}

#[test]
fn an_address_goes_with_its_interface() {
    on_a_machine(|netlink| {
        let lan = netlink.index_of("lan0").unwrap();
        run(async {
            let executor = Executor::default();
            let started = executor
                .carry_out(&operation("start", "ip=10.0.0.4", "native"))
                .await;
            assert_eq!(started.code, OcfCode::Ok);
            let monitor = operation("monitor", "ip=10.0.0.4", "native");
            let mut watch = executor.watch(&monitor).unwrap();
            netlink.remove_link(lan).unwrap();
            assert_eq!(watch.changed().await.code, OcfCode::NotRunning);
        });
    });
}
