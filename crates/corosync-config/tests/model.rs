//! What a configuration means.

mod support;

use std::collections::BTreeMap;

use corosync_config::model::{
    Acknowledge, Address, Algorithm, Cipher, Debug, Hash, HeuristicsMode, IpVersion, LinkMode,
    MessageTransport, Priority, TieBreaker, Timestamp, Tls, Transport,
};
use diagnostics::Spanned;
use support::{Sample, loaded};

const FULL: &str = "\
totem {
    version: 2
    cluster_name: web
    cluster_uuid: 8c1ab8bc
    config_version: 7
    transport: knet
    ip_version: ipv4-6
    link_mode: rr
    secauth: on
    crypto_hash: sha512
    token: 1000
    token_coefficient: 100
    join: 60
    interface {
        linknumber: 1
        knet_link_priority: 9
        mcastport: 6000
        knet_ping_timeout: 300
        knet_pong_count: 4
    }
}
nodelist {
    node {
        nodeid: 1
        name: HOST-1
        ring0_addr: 10.0.0.2
        ring1_addr: fd00::2
        quorum_votes: 2
    }
    node {
        nodeid: 5
        ring0_addr: host-2.example.org
        ring1_addr: fd00::3
    }
    node {
        nodeid: 3
        name: HOST-3
        ring0_addr: host-3
        ring1_addr: fd00::4
    }
}
quorum {
    provider: corosync_votequorum
    expected_votes: 5
    wait_for_all: 1
    auto_tie_breaker_node: 5 1
    last_man_standing_window: 20000
    device {
        model: net
        votes: 3
        timeout: 5000
        sync_timeout: 15000
        net {
            host: witness.example.org
            port: 5404
            algorithm: lms
            tie_breaker: highest
            tls: required
            connect_timeout: 4000
            force_ip_version: 4
            keep_active_partition_tie_breaker: off
        }
        heuristics {
            mode: sync
            timeout: 2000
            interval: 9000
            exec_gateway: /bin/ping -q -c 1 \"10.0.0.1\"
            exec_disk: /usr/bin/test -f /tmp/x
        }
    }
}
logging {
    to_syslog: no
    to_logfile: yes
    logfile: /var/log/cluster/corosync.log
    logfile_priority: Notice
    syslog_facility: local3
    timestamp: on
    logger_subsys {
        subsys: TOTEM
        debug: trace
    }
}
keel {
    heartbeat_ms: 20
    detection_floor_ms: 100
    detection_ceiling_ms: 800
    port: 7000
    certificates: /etc/keel/cluster
    cib: /var/lib/keel/cib
    acknowledge: quorum
    generations: 12
}
";

fn value<T: Clone>(spanned: &Option<Spanned<T>>) -> Option<T> {
    spanned.as_ref().map(|spanned| spanned.value.clone())
}

#[test]
fn every_part_of_a_full_configuration_is_there() {
    let (configuration, messages) = loaded(FULL);
    // Two remarks: 'join' is for corosync's ring, and nothing asks for the list of tie breakers.
    assert_eq!(messages.len(), 2, "{messages:#?}");
    let it = configuration.expect("no error");
    assert_eq!(it.cluster_name.value, "web");
    assert_eq!(value(&it.cluster_uuid).as_deref(), Some("8c1ab8bc"));
    assert_eq!(value(&it.config_version), Some(7));
    assert_eq!(it.transport(), Transport::Knet);
    assert_eq!(value(&it.ip_version), Some(IpVersion::V4Then6));
    assert_eq!(value(&it.link_mode), Some(LinkMode::RoundRobin));
    assert_eq!(
        (it.crypto.cipher(), it.crypto.hash()),
        (Cipher::Aes256, Hash::Sha512)
    );
    assert_eq!(
        (
            it.times.token_ms(3),
            it.times.consensus_ms(3),
            it.times.join_ms()
        ),
        (1100, 1320, 60)
    );

    let nodes: Vec<_> = it
        .nodes
        .iter()
        .map(|node| (node.id.value, node.name.value.as_str(), node.votes()))
        .collect();
    assert_eq!(
        nodes,
        [
            (1, "HOST-1", 2),
            (5, "host-2.example.org", 1),
            (3, "HOST-3", 1)
        ]
    );
    let addresses: BTreeMap<u8, String> = it.nodes[1]
        .addresses
        .iter()
        .map(|(link, address)| (*link, address.value.to_string()))
        .collect();
    assert_eq!(
        addresses,
        BTreeMap::from([
            (0, "host-2.example.org".to_owned()),
            (1, "fd00::3".to_owned())
        ])
    );
    assert!(matches!(it.nodes[0].addresses[&0].value, Address::Ip(_)));
    assert_eq!(it.node(5).map(|node| node.id.value), Some(5));
    assert!(it.node_named("HOST-3").is_some());

    let links: Vec<_> = it
        .links
        .iter()
        .map(|link| (link.number, link.priority(), it.port(link)))
        .collect();
    assert_eq!(links, [(0, 1, 7000), (1, 9, 7001)]);
    let pings: Vec<_> = it
        .links
        .iter()
        .map(|link| (link.ping_interval_ms(1100), link.ping_timeout_ms(1100)))
        .collect();
    assert_eq!(pings, [(275, 550), (137, 300)]);
}

#[test]
fn votes_witness_and_logs() {
    let (configuration, _) = loaded(FULL);
    let it = configuration.expect("no error");
    let quorum = &it.quorum;
    assert!(quorum.provider.is_some());
    assert_eq!(value(&quorum.expected_votes), Some(5));
    assert_eq!(value(&quorum.wait_for_all), Some(true));
    assert_eq!(value(&quorum.two_node), None);
    assert_eq!(
        value(&quorum.auto_tie_breaker_node),
        Some(TieBreaker::Nodes(vec![5, 1]))
    );
    assert_eq!(value(&quorum.last_man_standing_window_ms), Some(20_000));
    let device = quorum.device.as_ref().expect("a device");
    assert_eq!(
        (
            value(&device.votes),
            value(&device.timeout_ms),
            value(&device.sync_timeout_ms)
        ),
        (Some(3), Some(5000), Some(15_000))
    );
    let net = &device.net;
    assert_eq!(
        net.host.value,
        Address::Host("witness.example.org".to_owned())
    );
    assert_eq!(
        (value(&net.port), value(&net.algorithm)),
        (Some(5404), Some(Algorithm::Lms))
    );
    assert_eq!(
        (value(&net.tie_breaker), value(&net.tls)),
        (Some(TieBreaker::Highest), Some(Tls::Required))
    );
    assert_eq!(
        (
            value(&net.connect_timeout_ms),
            value(&net.ip_version),
            value(&net.keep_active_partition)
        ),
        (Some(4000), Some(4), Some(false))
    );
    let heuristics = &device.heuristics;
    assert_eq!(
        (
            value(&heuristics.mode),
            value(&heuristics.timeout_ms),
            value(&heuristics.interval_ms)
        ),
        (Some(HeuristicsMode::Sync), Some(2000), Some(9000))
    );
    let commands: Vec<_> = heuristics
        .commands
        .iter()
        .map(|command| (command.name.as_str(), command.line.value.as_str()))
        .collect();
    assert_eq!(
        commands,
        [
            ("gateway", "/bin/ping -q -c 1 \"10.0.0.1\""),
            ("disk", "/usr/bin/test -f /tmp/x")
        ]
    );

    let logging = &it.logging;
    assert_eq!(value(&logging.timestamp), Some(Timestamp::Seconds));
    let targets = &logging.targets;
    assert_eq!(
        (
            value(&targets.to_syslog),
            value(&targets.to_logfile),
            value(&targets.to_stderr)
        ),
        (Some(false), Some(true), None)
    );
    assert_eq!(
        value(&targets.logfile).as_deref(),
        Some("/var/log/cluster/corosync.log")
    );
    assert_eq!(
        (
            value(&targets.logfile_priority),
            value(&targets.syslog_facility)
        ),
        (Some(Priority::Notice), Some("local3"))
    );
    let [subsystem] = logging.subsystems.as_slice() else {
        panic!("one subsystem");
    };
    assert_eq!(
        (
            subsystem.name.value.as_str(),
            value(&subsystem.targets.debug)
        ),
        ("TOTEM", Some(Debug::Trace))
    );

    let keel = &it.keel;
    assert_eq!(
        (keel.transport(), keel.acknowledge()),
        (MessageTransport::Embedded, Acknowledge::Quorum)
    );
    assert_eq!(
        (
            value(&keel.heartbeat_ms),
            value(&keel.detection_floor_ms),
            value(&keel.detection_ceiling_ms)
        ),
        (Some(20), Some(100), Some(800))
    );
    assert_eq!(
        (
            value(&keel.certificates).as_deref(),
            value(&keel.cib).as_deref(),
            value(&keel.generations)
        ),
        (
            Some("/etc/keel/cluster"),
            Some("/var/lib/keel/cib"),
            Some(12)
        )
    );
}

#[test]
fn ports_of_links() {
    for (totem, keel, expected) in [
        ("", "", 5405),
        ("interface {\nmcastport: 6000\n}\n", "", 6000),
        ("interface {\nmcastport: 6000\n}\n", "port: 7000\n", 7000),
        ("interface {\nmcastport: 0\n}\n", "", 5405),
    ] {
        let mut sample = Sample::new();
        sample.totem += totem;
        sample.more = format!("keel {{\n{keel}}}\n");
        let it = loaded(&sample.text()).0.expect("no error");
        assert_eq!(it.port(&it.links[0]), expected, "{totem}{keel}");
    }
}

#[test]
fn sections_written_twice_add_up() {
    let mut sample = Sample::new();
    sample.more = "totem {\ntoken: 4000\n}\nquorum {\nwait_for_all: 1\n}\n".to_owned();
    let (configuration, messages) = loaded(&sample.text());
    assert!(messages.is_empty(), "{messages:#?}");
    let it = configuration.expect("no error");
    assert_eq!(value(&it.times.token_ms), Some(4000));
    assert_eq!(value(&it.quorum.wait_for_all), Some(true));
    assert_eq!(it.cluster_name.value, "sample");
}
