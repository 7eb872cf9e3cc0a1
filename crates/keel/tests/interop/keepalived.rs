//! Evenkeel and the real keepalived, as two machines that share virtual routers: who holds the
//! address, and that never both do.
//!
//! One file for both machines holds a virtual router of each kind, so that one stop, one return or
//! one death shows what becomes of all of them.

use std::net::IpAddr;
use std::time::Duration;

use crate::machines::{self, LIMIT, eventually};
use lab::clock::{self, Nanoseconds};
use lab::{Holders, Lab, NodeSpec, Target};
use nix::sys::signal::Signal;
use serde_json::Value;

/// The machine with the higher priority.
const HIGH: &str = "high";
/// The other one.
const LOW: &str = "low";
const HIGH_PRIORITY: u8 = 120;
const LOW_PRIORITY: u8 = 100;
const FILE: &str = "/etc/keepalived/keepalived.conf";

/// What two machines may hold together while the one hears of the other: the lower one's turn to
/// read the packet, generously for a busy computer.
const BOTH_MS: f64 = 250.0;

/// A virtual router that both machines have.
struct Router {
    name: &'static str,
    version: u8,
    advert_ms: u32,
    /// Lines of `vrrp_instance`; `{own}` and `{peer}` are the machines' addresses.
    lines: &'static str,
    addresses: &'static [&'static str],
    /// Whether HIGH takes the address from LOW when it comes back.
    preempts: bool,
}

const ROUTERS: [Router; 7] = [
    Router {
        name: "v2",
        version: 2,
        advert_ms: 1000,
        lines: "",
        addresses: &["10.9.6.51"],
        preempts: true,
    },
    Router {
        name: "v2_password",
        version: 2,
        advert_ms: 1000,
        lines: "authentication { \n auth_type PASS \n auth_pass landlord \n }",
        addresses: &["10.9.6.52", "10.9.6.62"],
        preempts: true,
    },
    Router {
        name: "v2_unicast",
        version: 2,
        advert_ms: 1000,
        lines: "unicast_src_ip {own} \n unicast_peer { \n {peer} \n }",
        addresses: &["10.9.6.53"],
        preempts: true,
    },
    Router {
        name: "v3",
        version: 3,
        advert_ms: 200,
        lines: "",
        addresses: &["10.9.6.54"],
        preempts: true,
    },
    Router {
        name: "v3_unicast",
        version: 3,
        advert_ms: 200,
        lines: "unicast_src_ip {own} \n unicast_peer { \n {peer} \n }",
        addresses: &["10.9.6.55"],
        preempts: true,
    },
    Router {
        name: "v3_stays",
        version: 3,
        advert_ms: 200,
        lines: "nopreempt",
        addresses: &["10.9.6.56"],
        preempts: false,
    },
    Router {
        name: "v3_ipv6",
        version: 3,
        advert_ms: 200,
        lines: "",
        addresses: &["fe80::9:57", "2001:db8:9::57"],
        preempts: true,
    },
];

impl Router {
    fn text(&self, number: usize, priority: u8, own: &str, peer: &str) -> String {
        let Self { name, version, .. } = self;
        let interval = f64::from(self.advert_ms) / 1000.0;
        let lines = self.lines.replace("{own}", own).replace("{peer}", peer);
        let addresses = self.addresses.join("\n        ");
        format!(
            "vrrp_instance {name} {{\n    interface eth0\n    state BACKUP\n    \
             version {version}\n    virtual_router_id {}\n    priority {priority}\n    \
             advert_int {interval}\n    {lines}\n    \
             virtual_ipaddress {{\n        {addresses}\n    }}\n}}\n",
            number + 1
        )
    }

    /// All its addresses.
    fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().map(|text| text.parse().unwrap())
    }

    /// How long a backup of LOW's priority waits after a master's farewell (RFC 3768 and RFC 5798,
    /// section 6.1).
    fn skew_ms(&self) -> f64 {
        let unit_ms = if self.version == 2 {
            1000
        } else {
            self.advert_ms
        };
        f64::from(unit_ms) * f64::from(256 - u32::from(LOW_PRIORITY)) / 256.0
    }

    /// How long a backup waits for a master that said nothing.
    fn down_ms(&self) -> f64 {
        3.0 * f64::from(self.advert_ms) + self.skew_ms()
    }
}

fn configuration(priority: u8, own: &str, peer: &str) -> String {
    let texts = ROUTERS.iter().enumerate();
    texts
        .map(|(number, router)| router.text(number, priority, own, peer))
        .collect()
}

/// Who keeps the addresses of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keeper {
    Keel,
    Keepalived,
}

impl Keeper {
    fn start(self, lab: &Lab, node: &str) {
        let mut argv = vec!["keepalived", "-n", "-l", "-D", "-f", FILE];
        if self == Self::Keel {
            argv.insert(0, "keel");
        }
        lab.node(node).spawn("keeper", &argv).unwrap();
    }
}

/// Two machines, each with its own keeper and file, neither started.
fn pair(high: &str, low: &str) -> Option<Lab> {
    testing_support::require_command("keepalived", "keepalived")?;
    let node = |name, file: &str, end| {
        let own: [IpAddr; 2] = [
            [10, 9, 6, end].into(),
            [0x2001, 0xdb8, 9, 0, 0, 0, 0, u16::from(end)].into(),
        ];
        let mut node = NodeSpec::new(name)
            .interface("eth0", "lan", own[0], 24)
            .file(FILE, file);
        let second = lab::AddressSpec {
            address: own[1],
            prefix_len: 64,
        };
        node.interfaces[0].addresses.push(second);
        node
    };
    machines::on_one_switch([node(HIGH, high, 1), node(LOW, low, 2)])
}

/// What `keel status` of a node says of an instance.
fn status(lab: &Lab, node: &str, instance: &str) -> Value {
    let asked = lab.node(node).run(&["keel", "status", "--json"], LIMIT);
    let text = asked.unwrap().stdout;
    let all: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let instances = all[0]["keeper"]["instances"].as_array();
    let found = instances
        .into_iter()
        .flatten()
        .find(|found| found["name"] == instance);
    found.cloned().unwrap_or_default()
}

/// Waits until a node's keeper has said `part`.
#[track_caller]
fn wait_for_log(lab: &Lab, node: &str, part: &str) {
    eventually(&format!("{node}'s keeper says {part:?}"), || {
        let log = lab.node(node).log("keeper").unwrap();
        log.contains(part).then_some(())
    });
}

#[track_caller]
fn wait_for_holder(lab: &Lab, router: &Router, node: &str) {
    for address in router.addresses() {
        // Longer than between two adverts: two masters would have noticed each other.
        let steady = Duration::from_millis(u64::from(router.advert_ms) * 3 / 2);
        if let Err(error) = lab.wait_for_holder(address, Some(node), steady, LIMIT) {
            let logs = [HIGH, LOW].map(|node| lab.node(node).log("keeper").unwrap_or_default());
            panic!("{}: {error}\n{}\n---\n{}", router.name, logs[0], logs[1]);
        }
    }
}

/// For how long nobody had an address of the router, and for how long both machines, since `from`.
fn nobody_and_both_ms(lab: &Lab, address: IpAddr, from: Nanoseconds) -> (f64, f64) {
    let holders = Holders::of(address, &lab.address_events(0).unwrap());
    let now = clock::now();
    (
        clock::milliseconds(holders.time_with_none(from, now)),
        clock::milliseconds(holders.time_with_two(0, now)),
    )
}

/// What HIGH does, and how long nobody may have the address after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Departure {
    /// Says farewell in the protocol's words: LOW waits its skew time.
    Stops,
    /// Says farewell to one of its own kind: LOW takes over at once.
    HandsOver,
    Dies,
}

impl Departure {
    fn take_place(self, lab: &Lab) -> Nanoseconds {
        if self == Self::Dies {
            return lab.kill_node(HIGH).unwrap();
        }
        let keeper = Target::Command("keeper".to_owned());
        let (at, _) = lab.node(HIGH).signal(&keeper, Signal::SIGTERM).unwrap();
        at
    }

    /// At least and at most so long has nobody the address.
    fn gap_ms(self, router: &Router) -> (f64, f64) {
        // The last advert was sent at some time in the interval before a death.
        let advert_ms = f64::from(router.advert_ms);
        match self {
            // A third for the moments between the farewell and the address's removal; less than
            // what a backup waits that heard no farewell.
            Self::Stops => (router.skew_ms() * 2.0 / 3.0, 2.9 * advert_ms),
            // Less than any skew time of VRRPv2, generously for a busy computer.
            Self::HandsOver => (0.0, 300.0),
            Self::Dies => (1.9 * advert_ms, router.down_ms() + 700.0),
        }
    }
}

/// HIGH starts, LOW joins, HIGH leaves, returns, and leaves for good.
fn the_address_moves(high: Keeper, low: Keeper) {
    let file = |priority, own, peer| configuration(priority, own, peer);
    let Some(lab) = pair(
        &file(HIGH_PRIORITY, "10.9.6.1", "10.9.6.2"),
        &file(LOW_PRIORITY, "10.9.6.2", "10.9.6.1"),
    ) else {
        return;
    };
    high.start(&lab, HIGH);
    for router in &ROUTERS {
        wait_for_holder(&lab, router, HIGH);
    }
    low.start(&lab, LOW);
    wait_for_log(&lab, LOW, "v3_ipv6) Entering BACKUP STATE");
    let stops = if (high, low) == (Keeper::Keel, Keeper::Keel) {
        Departure::HandsOver
    } else {
        Departure::Stops
    };
    expect_gap(&lab, high, low, stops);
    expect_no_complaint(&lab);

    high.start(&lab, HIGH);
    for router in &ROUTERS {
        let holder = if router.preempts { HIGH } else { LOW };
        wait_for_holder(&lab, router, holder);
        expect_status(&lab, router, holder, high, low);
    }
    expect_no_complaint(&lab);
    expect_gap(&lab, high, low, Departure::Dies);
}

/// HIGH departs from all routers that it holds, and LOW takes the addresses.
fn expect_gap(lab: &Lab, high: Keeper, low: Keeper, departure: Departure) {
    let held: Vec<bool> = ROUTERS
        .iter()
        .map(|router| lab.holders(router.addresses().next().unwrap()).unwrap() == [HIGH])
        .collect();
    let from = departure.take_place(lab);
    for (router, held) in ROUTERS.iter().zip(held) {
        wait_for_holder(lab, router, LOW);
        for address in router.addresses() {
            let (nobody_ms, both_ms) = nobody_and_both_ms(lab, address, from);
            let (least_ms, most_ms) = departure.gap_ms(router);
            let case = format!("{high:?} leaves {low:?}, {departure:?}, {}", router.name);
            assert!(both_ms <= BOTH_MS, "{case}: both for {both_ms} ms");
            if held {
                assert!(
                    (least_ms..=most_ms).contains(&nobody_ms),
                    "{case}: nobody for {nobody_ms} ms, expected {least_ms} to {most_ms}"
                );
            }
        }
    }
}

/// `keel status` says who is master.
fn expect_status(lab: &Lab, router: &Router, holder: &str, high: Keeper, low: Keeper) {
    for (node, keeper) in [(HIGH, high), (LOW, low)] {
        if keeper != Keeper::Keel {
            continue;
        }
        let state = if node == holder { "MASTER" } else { "BACKUP" };
        eventually(&format!("{node} says {} is {state}", router.name), || {
            let status = status(lab, node, router.name);
            let names_other = status["master"].is_string() == (node != holder);
            (status["state"] == state && names_other).then_some(())
        });
    }
}

/// How each of the two says that it refuses a packet of the other.
const COMPLAINTS: [&str; 6] = [
    "refused advert",
    "refused hello",
    "Invalid VRRP",
    "invalid passwd",
    "invalid TTL",
    "mismatch",
];

#[track_caller]
fn expect_no_complaint(lab: &Lab) {
    for node in [HIGH, LOW] {
        let log = lab.node(node).log("keeper").unwrap();
        for complaint in COMPLAINTS {
            assert!(!log.contains(complaint), "{complaint:?} at {node}: {log}");
        }
    }
}

#[test]
fn a_keel_before_a_keel() {
    the_address_moves(Keeper::Keel, Keeper::Keel);
}

#[test]
fn a_keel_before_a_keepalived() {
    the_address_moves(Keeper::Keel, Keeper::Keepalived);
}

#[test]
fn a_keepalived_before_a_keel() {
    the_address_moves(Keeper::Keepalived, Keeper::Keel);
}

#[test]
fn with_different_passwords_neither_believes_the_other_and_both_say_so() {
    let router = &ROUTERS[1];
    let file = |priority, pass| {
        let text = router.text(1, priority, "", "");
        text.replace("landlord", pass)
    };
    let Some(lab) = pair(
        &file(HIGH_PRIORITY, "landlord"),
        &file(LOW_PRIORITY, "lodger"),
    ) else {
        return;
    };
    Keeper::Keel.start(&lab, HIGH);
    Keeper::Keepalived.start(&lab, LOW);
    let high = lab.node(HIGH);
    wait_for_log(&lab, HIGH, "the password differs from ours");
    wait_for_log(&lab, LOW, "received an invalid passwd");
    let said = eventually("refused adverts in the status", || {
        let refused = status(&lab, HIGH, router.name)["refused_adverts"].clone();
        (refused[0][0] == "password").then_some(refused)
    });
    assert!(said[0][1].as_u64() >= Some(1), "{said}");
    let text = high.run(&["keel", "status"], LIMIT).unwrap().stdout;
    assert!(text.contains("for their password"), "{text}");
    // What the operator asked for: two routers that do not know each other.
    eventually("both hold the address", || {
        let holders = lab.holders(router.addresses().next().unwrap()).unwrap();
        (holders == [HIGH, LOW]).then_some(())
    });
}
