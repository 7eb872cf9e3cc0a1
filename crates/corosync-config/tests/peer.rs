//! What corosync 3.1 accepts, and what we accept: a table, held against `corosync -t` where it is
//! installed.

mod support;

use std::path::Path;
use std::process::Command;

use support::{Sample, loaded, node};

/// Where a row's lines go.
#[derive(Debug, Clone, Copy)]
enum Place {
    Totem,
    /// Into the first node.
    First,
    /// Instead of the second node's section.
    Nodes,
    Quorum,
    /// Behind everything.
    Top,
    /// The whole file.
    Whole,
}
use Place::{First, Nodes, Quorum, Top, Totem, Whole};

/// Who accepts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Both,
    Neither,
    /// corosync does, we do not, and why.
    PeerAlone(&'static str),
    /// We do, corosync does not, and why.
    WeAlone(&'static str),
}
use Verdict::{Both, Neither, PeerAlone, WeAlone};

const UNKNOWN: Verdict = PeerAlone("a mistyped word must not go unnoticed");
const DEFAULTED: Verdict = PeerAlone("a value that is not understood must not become the default");
const KEY: Verdict = WeAlone("the key file is not read here");
const LATER: Verdict = PeerAlone("corosync tells this only once it runs");
const NO_KNET: Verdict = PeerAlone("the embedded transport does not have it");

fn text(place: Place, lines: &str) -> String {
    let mut sample = Sample::new();
    match place {
        Totem => sample.totem.push_str(lines),
        First => sample.first_node.push_str(lines),
        Nodes => sample.nodes = lines.to_owned(),
        Quorum => sample.quorum.push_str(lines),
        Top => sample.more.push_str(lines),
        Whole => return lines.to_owned(),
    }
    sample.text()
}

fn check(rows: &[(Place, &str, Verdict)]) {
    let corosync = testing_support::require_command("corosync", "corosync");
    for (place, lines, verdict) in rows {
        let lines = format!("{lines}\n");
        let text = text(*place, &lines);
        let (configuration, messages) = loaded(&text);
        let expected = matches!(verdict, Both | WeAlone(_));
        assert_eq!(
            configuration.is_some(),
            expected,
            "we: {place:?} {lines}{messages:#?}"
        );
        if let Some(corosync) = &corosync {
            let expected = matches!(verdict, Both | PeerAlone(_));
            let (accepted, said) = verdict_of(corosync, &text);
            assert_eq!(accepted, expected, "corosync: {place:?} {lines}{said}");
        }
    }
}

fn verdict_of(corosync: &Path, text: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("corosync.conf");
    std::fs::write(&path, text).expect("a file");
    let output = Command::new(corosync)
        .arg("-t")
        .arg("-c")
        .arg(&path)
        .output();
    let output = output.expect("corosync can be run");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.success(), said)
}

#[test]
fn lines() {
    check(&[
        (Top, "", Both),
        (Top, "# a comment\n   # another {", Both),
        (Top, "keel {\nheartbeat_ms: 50\n}", Both),
        (Top, "keel{\nheartbeat_ms:50\n}", Both),
        (Top, "keel {\nheartbeat_ms\t:  50  \n\t}", Both),
        (Top, "keel {\r\nheartbeat_ms: 50\r\n}\r", Both),
        (Top, "keel { # why", Neither),
        (Top, "keel {\n} # why", Neither),
        (Top, "keel { port: 1 }", Neither),
        (Top, "keel\n{\n}", Neither),
        (Top, "keel {\nport: 1 }", Neither),
        (Top, "keel {", Neither),
        (Top, "}", Neither),
        (Top, "keel {\nport\n}", Neither),
        (Top, "{\n}", Neither),
        (Top, "logging {\nlogfile: /a{b}\n}", Neither),
        (Top, "foo {\n: x\n}", UNKNOWN),
        (Top, "foo {\na: b\n}", UNKNOWN),
        (Top, "foo: bar", UNKNOWN),
        (Totem, "foo: bar", UNKNOWN),
        (Totem, "interface {\nfoo: bar\n}", UNKNOWN),
        (Totem, "token:", Neither),
        (Totem, "token: 4000\ntoken: 5000", Both),
        (Top, "totem {\ntoken: 4000\n}", Both),
        (Whole, "", Neither),
    ]);
    let line = |bytes| {
        format!(
            "totem {{\nkeyfile: /{}\n}}",
            "a".repeat(bytes - "keyfile: /".len())
        )
    };
    check(&[(Top, &line(510), Both), (Top, &line(511), Neither)]);
    check(&[(
        Top,
        "compatibility: whitetank\nservice {\nname: pacemaker\nver: 1\n}\namf {\nmode: disabled\n}\n\
         aisexec {\nuser: root\n}\nuidgid {\nuid: root\n}",
        Both,
    )]);
}

#[test]
fn totem() {
    check(&[
        (Totem, "version: 1", Neither),
        (Totem, "transport: knet", Both),
        (Totem, "transport: udpu", Both),
        (
            Totem,
            "transport: udp\ninterface {\nmcastport: 5405\n}",
            Both,
        ),
        (Totem, "transport: sctp", Neither),
        (Totem, "transport: foo", Neither),
        (Totem, "config_version: 3", Both),
        (Totem, "config_version: x", Neither),
        (Totem, "cluster_uuid: 5ca1ab1e", Both),
        (Totem, "ip_version: ipv4-6", Both),
        (Totem, "ip_version: ipv5", Neither),
        (Totem, "link_mode: rr", Both),
        (Totem, "link_mode: foo", Neither),
        (Totem, "block_unlisted_ips: no", Both),
        (Totem, "block_unlisted_ips: maybe", DEFAULTED),
        (Totem, "cancel_token_hold_on_retransmit: yes", Both),
        (Totem, "clear_node_high_bit: yes", Both),
        (
            Totem,
            "nodeid: 3\nvsftype: none\nthreads: 1\nrrp_mode: active\ncrypto_type: nss",
            Both,
        ),
        (
            Totem,
            "knet_mtu: 1500\nnetmtu: 1400\nknet_pmtud_interval: 9",
            Both,
        ),
        (
            Totem,
            "knet_compression_model: zlib\nknet_compression_level: -1",
            Both,
        ),
        (Totem, "knet_compression_model: foo", Neither),
        (
            Totem,
            "window_size: 300\nmax_messages: 20\nmiss_count_const: 5",
            Both,
        ),
        (
            Totem,
            "fail_recv_const: 10\nseqno_unchanged_const: 30",
            Both,
        ),
        (
            Totem,
            "heartbeat_failures_allowed: 1\nmax_network_delay: 30",
            Both,
        ),
        (Totem, "window_size: x", Neither),
    ]);
}

#[test]
fn crypto() {
    check(&[
        (
            Totem,
            "crypto_cipher: none\ncrypto_hash: none\ncrypto_model: openssl",
            Both,
        ),
        (Totem, "secauth: off", Both),
        (Totem, "secauth: foo", DEFAULTED),
        (Totem, "secauth: on\nkeyfile: /nowhere", KEY),
        (Totem, "crypto_hash: sha256\nkeyfile: /nowhere", KEY),
        (
            Totem,
            "crypto_cipher: aes256\ncrypto_hash: sha256\nkeyfile: /nowhere",
            KEY,
        ),
        (Totem, "crypto_cipher: aes256", Neither),
        (Totem, "crypto_cipher: 3des", Neither),
        (Totem, "crypto_hash: foo", Neither),
        (Totem, "key: secret", Both),
    ]);
}

#[test]
fn times() {
    check(&[
        (Totem, "token: 0", Both),
        (Totem, "token: +1000", Both),
        (Totem, "token: 010000", Both),
        (Totem, "token: 29", Neither),
        (Totem, "token: 125", Neither),
        (Totem, "token: 126", Both),
        (Totem, "token: abc", Neither),
        (Totem, "token: 1s", Neither),
        (Totem, "token: -1", Neither),
        (Totem, "token: 0x10", Neither),
        (Totem, "token: 4294967296", Neither),
        (Totem, "token_coefficient: 0", Both),
        (Totem, "token_warning: 100", Both),
        (Totem, "token_warning: 101", Neither),
        (Totem, "token_retransmit: 29", Neither),
        (Totem, "token_retransmit: 30", Both),
        (Totem, "token_retransmits_before_loss_const: 99", Both),
        (Totem, "token_retransmits_before_loss_const: 100", Neither),
        (Totem, "hold: 13", Neither),
        (Totem, "hold: 14", Both),
        (Totem, "join: 3601", Neither),
        (Totem, "join: 3600\nsend_join: 80", Both),
        (Totem, "consensus: 49", Neither),
        (Totem, "consensus: 50", Both),
        (Totem, "merge: 29", Neither),
        (Totem, "merge: 30", Both),
        (Totem, "downcheck: 29", Neither),
        (Totem, "downcheck: 30", Both),
    ]);
}

#[test]
fn interfaces() {
    let of = |lines: &str| format!("interface {{\n{lines}\n}}");
    for (lines, verdict) in [
        ("linknumber: 0", Both),
        ("ringnumber: 0", Both),
        ("linknumber: 8", PeerAlone("there is no such link")),
        ("linknumber: 7", PeerAlone("no node is on that link")),
        ("linknumber: x", Neither),
        ("linknumber: 0\nmcastport: 5405", Both),
        ("linknumber: 0\nmcastport: 65536", Neither),
        ("linknumber: 0\nknet_link_priority: 255", Both),
        ("linknumber: 0\nknet_link_priority: 256", Neither),
        (
            "linknumber: 0\nknet_ping_interval: 9\nknet_ping_timeout: 90\nknet_pong_count: 1",
            Both,
        ),
        ("linknumber: 0\nknet_ping_precision: x", Neither),
        ("linknumber: 0\nknet_transport: sctp", Both),
        ("linknumber: 0\nknet_transport: tcp", Neither),
        ("linknumber: 0\nbindnetaddr: 127.0.0.0\nbroadcast: no", Both),
        ("linknumber: 0\nbroadcast: maybe", DEFAULTED),
        ("linknumber: 0\nttl: 256", Neither),
        ("linknumber: 0\nmember {\nmemberaddr: 127.0.0.1\n}", Both),
    ] {
        check(&[(Totem, &of(lines), verdict)]);
    }
}

#[test]
fn nodes() {
    let second = |lines: &str| node(&format!("name: n2\n{lines}\n"));
    for (lines, verdict) in [
        ("nodeid: 2\nring0_addr: 127.0.0.2", Both),
        ("nodeid: 2\nring0_addr: 127.0.0.2\nquorum_votes: 3", Both),
        (
            "nodeid: 2\nring0_addr: 127.0.0.2\nquorum_votes: -1",
            Neither,
        ),
        ("nodeid: 2\nring0_addr: 127.0.0.2\nfoo: 3", UNKNOWN),
        ("ring0_addr: 127.0.0.2", Neither),
        ("nodeid: 0\nring0_addr: 127.0.0.2", Neither),
        ("nodeid: 65535\nring0_addr: 127.0.0.2", Both),
        ("nodeid: 65536\nring0_addr: 127.0.0.2", Neither),
        ("nodeid: 4294967296\nring0_addr: 127.0.0.2", Neither),
        ("nodeid: 1\nring0_addr: 127.0.0.2", Neither),
        (
            "nodeid: 2\nring0_addr: 127.0.0.1",
            PeerAlone("no two nodes are at one address"),
        ),
        (
            "nodeid: 2",
            PeerAlone("corosync passes over a node without an address"),
        ),
        ("nodeid: 2\nring1_addr: 127.0.0.2", Neither),
        (
            "nodeid: 2\nring0_addr: 127.0.0.2\nring1_addr: 127.0.0.3",
            Neither,
        ),
        ("nodeid: 2\nring0_addr: ::2", Neither),
        ("nodeid: 2\nring0_addr: 300.1.1.1", Neither),
    ] {
        check(&[(Nodes, &second(lines), verdict)]);
    }
    let same_name = node("name: n1\nnodeid: 2\nring0_addr: 127.0.0.2\n");
    let two = PeerAlone("a node is known by its name");
    check(&[(Nodes, &same_name, two), (Nodes, "foo: 1", UNKNOWN)]);
    let no_name = node("nodeid: 2\nring0_addr: 127.0.0.2\n");
    check(&[
        (Nodes, &no_name, two),
        (First, "ring1_addr: 127.0.0.3", Neither),
    ]);
    check(&[(Nodes, "", Both)]);
}

#[test]
fn links() {
    let of = |number: &str| {
        let mut sample = Sample::new();
        let address = format!("ring{number}_addr: 127.0.1.");
        sample.first_node += &format!("{address}1\n");
        sample.nodes = node(&format!(
            "name: n2\nnodeid: 2\nring0_addr: 127.0.0.2\n{address}2\n"
        ));
        sample
    };
    check(&[
        (Whole, &of("1").text(), Both),
        (Whole, &of("2").text(), Both),
        (Whole, &of("7").text(), Both),
        (Whole, &of("8").text(), Neither),
    ]);
    let mut udpu = of("1");
    udpu.totem += "transport: udpu\n";
    check(&[(Whole, &udpu.text(), Neither)]);
}

#[test]
fn quorum() {
    check(&[
        (Quorum, "provider: foo", LATER),
        (Quorum, "two_node: 1", Both),
        (Quorum, "two_node: yes", Neither),
        (Quorum, "two_node: 2", DEFAULTED),
        (Quorum, "expected_votes: 2", Both),
        (Quorum, "expected_votes: 0", LATER),
        (Quorum, "expected_votes: x", Neither),
        (
            Quorum,
            "wait_for_all: 0\nlast_man_standing: 0\nallow_downscale: 1",
            Both,
        ),
        (
            Quorum,
            "auto_tie_breaker: 1\nauto_tie_breaker_node: highest",
            Both,
        ),
        (
            Quorum,
            "auto_tie_breaker: 1\nauto_tie_breaker_node: 2 1",
            Both,
        ),
        (
            Quorum,
            "auto_tie_breaker: 1\nauto_tie_breaker_node: foo",
            LATER,
        ),
        (
            Quorum,
            "auto_tie_breaker: 1\nauto_tie_breaker_node: 7",
            LATER,
        ),
        (Quorum, "auto_tie_breaker: 1\ntwo_node: 1", LATER),
        (
            Quorum,
            "last_man_standing: 1\nlast_man_standing_window: x",
            Neither,
        ),
        (
            Quorum,
            "expected_votes_tracking: 1\nvotes: 1\nleaving_timeout: 0",
            Both,
        ),
        (Quorum, "foo: 1", UNKNOWN),
    ]);
}

#[test]
fn witness() {
    let of = |lines: &str| format!("device {{\n{lines}\n}}");
    for (lines, verdict) in [
        ("model: net\nnet {\nhost: w\n}", Both),
        (
            "model: net\nvotes: 1\nnet {\nhost: 192.0.2.1\nalgorithm: lms\ntls: required\nport: 5403\n}",
            Both,
        ),
        (
            "model: net\nvotes: 1\nnet {\nhost: 192.0.2.1\nalgorithm: ffsplit\ntie_breaker: 2\n}",
            Both,
        ),
        (
            "model: net\nnet {\nhost: w\n}\nheuristics {\nmode: on\nexec_a: /bin/true\n}",
            Both,
        ),
        ("model: net\nnet {\nhost: w\nalgorithm: foo\n}", LATER),
        ("model: net\nnet {\nhost: w\ntie_breaker: 9\n}", LATER),
        ("model: net\nnet {\nalgorithm: lms\n}", LATER),
        ("model: net", LATER),
        ("model: disk", LATER),
        ("net {\nhost: w\n}", LATER),
        ("model: net\nfoo: 1\nnet {\nhost: w\n}", UNKNOWN),
        ("model: net\nvotes: x\nnet {\nhost: w\n}", Neither),
        ("model: net\ntimeout: x\nnet {\nhost: w\n}", Neither),
        ("model: net\nsync_timeout: x\nnet {\nhost: w\n}", Neither),
        ("model: net\nmaster_wins: x\nnet {\nhost: w\n}", Neither),
    ] {
        check(&[(Quorum, &of(lines), verdict)]);
    }
    let with_two_node = format!("two_node: 1\n{}", of("model: net\nnet {\nhost: w\n}"));
    check(&[(Quorum, &with_two_node, LATER)]);
}

#[test]
fn logging() {
    let of = |lines: &str| format!("logging {{\n{lines}\n}}");
    for (lines, verdict) in [
        ("to_syslog: yes\nto_stderr: off", Both),
        ("to_syslog: maybe", Neither),
        ("to_logfile: no\nlogfile: /dev/null", Both),
        ("debug: trace", Both),
        ("debug: yes", Neither),
        ("timestamp: hires", Both),
        ("timestamp: yes", Neither),
        ("fileline: on\nfunction_name: off\nblackbox: off", Both),
        ("blackbox: yes", Neither),
        ("logfile_priority: Info\nsyslog_priority: error", Both),
        ("syslog_priority: warn", Neither),
        ("syslog_facility: mail", Both),
        ("syslog_facility: LOCAL0", Neither),
        ("syslog_facility: local9", Neither),
        ("foo: 1", UNKNOWN),
        ("logger_subsys {\nsubsys: QUORUM\ndebug: off\n}", Both),
        ("logger_subsys {\nsubsys: QUORUM\ndebug: maybe\n}", Neither),
        ("logger_subsys {\ndebug: on\n}", Neither),
        ("logger_subsys {\nsubsys: QUORUM\ntimestamp: on\n}", UNKNOWN),
    ] {
        check(&[(Top, &of(lines), verdict)]);
    }
}

#[test]
fn what_is_for_corosync_alone() {
    check(&[
        (
            Top,
            "system {\nqb_ipc_type: shm\nsched_rr: yes\npriority: max\n}",
            Both,
        ),
        (
            Top,
            "system {\nmove_to_root_cgroup: auto\nallow_knet_handle_fallback: yes\n}",
            Both,
        ),
        (Top, "system {\nstate_dir: /tmp\n}", Both),
        (Top, "system {\nqb_ipc_type: foo\n}", Neither),
        (Top, "system {\nsched_rr: auto\n}", Neither),
        (
            Top,
            "resources {\nwatchdog_device: off\nwatchdog_timeout: 6\n}",
            Both,
        ),
        (Top, "resources {\nwatchdog_device:\n}", Both),
        (
            Top,
            "resources {\nwatchdog_device: /dev/watchdog\n}",
            NO_KNET,
        ),
        (
            Top,
            "resources {\nsystem {\nmemory_used {\nmax: 80\n}\n}\n}",
            Both,
        ),
        (
            Top,
            "nozzle {\nname: noz0\nipaddr: 192.168.1.0\nipprefix: 24\n}",
            NO_KNET,
        ),
        (
            Top,
            "nozzle {\nname: noz0\nipaddr: 192.168.1.0\nipprefix: 24\n}\n\
             resources {\nwatchdog_device: /dev/watchdog\n}\nkeel {\ntransport: corosync\n}",
            Both,
        ),
        (Top, "uidgid {\nfoo: x\n}", Neither),
    ]);
}
