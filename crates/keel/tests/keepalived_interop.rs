//! One virtual router made of a keel and a real keepalived, each as the preferred one; and of two
//! keels.
//!
//! fred is preferred (priority 101). Each walk is the same: fred holds the address; fred's daemon
//! is ended and ethyl takes over; fred's daemon is started again and takes the address back. At no
//! time may both hold it for long, and neither may refuse a packet of the other.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use lab::{Error, Holders, Lab, LabBuilder, NodeSpec, Target, clock};
use nix::sys::signal::Signal;

const LIMIT: Duration = Duration::from_secs(30);
const STEADY: Duration = Duration::from_millis(300);
/// Long enough for a machine under load; a router that does not give way holds on for ever.
const LONGEST_TOGETHER: Duration = Duration::from_millis(500);
/// How each of them says that it refuses a packet.
const COMPLAINTS: [&str; 7] = [
    "refused advert",
    "refused hello",
    "Invalid VRRP",
    "invalid passwd",
    "invalid TTL",
    "mismatch",
    "expected",
];
const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Engine {
    Keel,
    Keepalived,
}

impl Engine {
    fn command(self) -> Vec<&'static str> {
        let program: &[&str] = match self {
            Self::Keel => &["keel", "keepalived"],
            Self::Keepalived => &["keepalived", "-P"],
        };
        let options = [
            "-n",
            "-l",
            "-D",
            "-f",
            CONFIGURATION,
            "-p",
            "/tmp/k.pid",
            "-r",
            "/tmp/v.pid",
        ];
        program.iter().chain(&options).copied().collect()
    }
}

/// A way for the two to be configured: lines of the instance, and the virtual address.
#[derive(Debug, Clone, Copy)]
struct Way {
    lines: &'static str,
    address: &'static str,
    unicast: bool,
}

const VERSION_2: Way = Way {
    lines: "advert_int 1",
    address: "10.9.8.50/24",
    unicast: false,
};
const VERSION_2_PASSWORD: Way = Way {
    lines: "authentication {\n auth_type PASS\n auth_pass secret12\n }",
    address: "10.9.8.50/24",
    unicast: false,
};
const VERSION_3: Way = Way {
    lines: "version 3\n advert_int 0.2",
    address: "10.9.8.50/24",
    unicast: false,
};
const VERSION_3_UNICAST: Way = Way {
    lines: "version 3\n advert_int 0.2",
    address: "10.9.8.50/24",
    unicast: true,
};
const VERSION_3_IPV6: Way = Way {
    lines: "version 3\n advert_int 0.2",
    address: "2001:db8::50/64",
    unicast: false,
};

fn configuration(way: Way, host: u8) -> String {
    let transport = if way.unicast {
        let (own, other) = (host, 3 - host);
        format!("unicast_src_ip 10.9.8.{own}\n unicast_peer {{\n 10.9.8.{other}\n }}\n")
    } else {
        String::new()
    };
    let priority = 102 - host;
    format!(
        "vrrp_instance one {{\n interface eth1\n virtual_router_id 51\n priority {priority}\n \
         {}\n {transport} virtual_ipaddress {{\n {}\n }}\n}}\n",
        way.lines, way.address
    )
}

fn two_machines(way: Way) -> Option<Lab> {
    let node = |name, host: u8| {
        NodeSpec::new(name)
            .interface("eth1", "office", Ipv4Addr::new(10, 9, 8, host), 24)
            .file(CONFIGURATION, configuration(way, host))
    };
    let started = LabBuilder::new(env!("CARGO_BIN_EXE_keel"))
        .switch("office")
        .node(node("fred", 1))
        .node(node("ethyl", 2))
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

fn walk(fred: Engine, ethyl: Engine, way: Way) {
    let engines = [("fred", fred), ("ethyl", ethyl)];
    if engines
        .iter()
        .any(|(_, engine)| *engine == Engine::Keepalived)
        && testing_support::require_command("keepalived", "keepalived").is_none()
    {
        return;
    }
    let Some(lab) = two_machines(way) else { return };
    let (address, _) = way
        .address
        .split_once('/')
        .expect("each way has a prefix length");
    let address: IpAddr = address.parse().expect("each way has an address");
    let logs = |commands: &[(&str, &str)]| {
        let log = |(node, command): &(&str, &str)| {
            let text = lab.node(node).log(command).unwrap_or_default();
            format!("--- {node} {command}\n{text}\n")
        };
        commands.iter().map(log).collect::<String>()
    };
    let all = [("fred", "first"), ("fred", "second"), ("ethyl", "first")];
    let must_hold = |node: &str| {
        let waited = lab.wait_for_holder(address, Some(node), STEADY, LIMIT);
        assert!(
            waited.is_ok(),
            "{fred:?} {ethyl:?}: {waited:?}\n{}",
            logs(&all)
        );
    };

    for (node, engine) in engines {
        lab.node(node).spawn("first", &engine.command()).unwrap();
    }
    must_hold("fred");
    let began = clock::now();
    let first = Target::Command("first".to_owned());
    lab.node("fred").signal(&first, Signal::SIGTERM).unwrap();
    must_hold("ethyl");
    // keepalived lingers for a second, and then still has its pid file.
    lab.node("fred").wait_for_end("first", LIMIT).unwrap();
    lab.node("fred").spawn("second", &fred.command()).unwrap();
    must_hold("fred");

    let holders = Holders::of(address, &lab.address_events(0).unwrap());
    let together = Duration::from_nanos(holders.time_with_two(began, clock::now()));
    let said = logs(&all);
    assert!(
        together <= LONGEST_TOGETHER,
        "together for {together:?}\n{said}"
    );
    for complaint in COMPLAINTS {
        assert!(!said.contains(complaint), "'{complaint}' in\n{said}");
    }
}

/// Tests that are the same walk in another way.
macro_rules! walks {
    ($($name:ident: $fred:ident, $ethyl:ident, $way:ident;)*) => {$(
        #[test]
        fn $name() {
            walk(Engine::$fred, Engine::$ethyl, $way);
        }
    )*};
}

walks! {
    version_2_keel_preferred: Keel, Keepalived, VERSION_2;
    version_2_keepalived_preferred: Keepalived, Keel, VERSION_2;
    version_2_with_password_keel_preferred: Keel, Keepalived, VERSION_2_PASSWORD;
    version_2_with_password_keepalived_preferred: Keepalived, Keel, VERSION_2_PASSWORD;
    version_3_keel_preferred: Keel, Keepalived, VERSION_3;
    version_3_keepalived_preferred: Keepalived, Keel, VERSION_3;
    version_3_unicast_keel_preferred: Keel, Keepalived, VERSION_3_UNICAST;
    version_3_unicast_keepalived_preferred: Keepalived, Keel, VERSION_3_UNICAST;
    version_3_ipv6_keel_preferred: Keel, Keepalived, VERSION_3_IPV6;
    version_3_ipv6_keepalived_preferred: Keepalived, Keel, VERSION_3_IPV6;
    version_2_two_keels: Keel, Keel, VERSION_2_PASSWORD;
    version_3_ipv6_two_keels: Keel, Keel, VERSION_3_IPV6;
}
