//! What is said about a configuration with a mistake in it.

mod support;

use corosync_config::load;
use diagnostics::{Sources, render};
use support::{Sample, loaded, node};

fn check_message(text: &str, expected: &str) {
    let (configuration, messages) = loaded(text);
    assert!(
        messages.iter().any(|message| message.contains(expected)),
        "{text}\nexpected: {expected}\nfound: {messages:#?}"
    );
    let refused = messages.iter().any(|message| message.contains(": error: "));
    assert_eq!(configuration.is_none(), refused, "{text}\n{messages:#?}");
}

/// Every message about a text as the operator sees it.
fn drawn(text: &str) -> String {
    let mut sources = Sources::new();
    let loaded = load("/etc/corosync/corosync.conf", text, &mut sources);
    let messages = loaded.diagnostics.iter();
    let drawn: Vec<String> = messages
        .map(|message| render(&sources, message, false))
        .collect();
    drawn.join("\n")
}

#[test]
fn mistakes_are_shown_in_the_text() {
    let text = "\
totem {
	version: 2
	cluster_name: web
	tokne: 300
	transport: knet
	interface {
		linknumber: 1
	}
}
nodelist {
	node {
		ring0_addr: 10.0.0.2
		nodeid: 1
		name: HOST-1
	}
	node {
		ring0_addr: 10.0.0.2
		nodeid: 1
		name: HOST-1
	}
}
quorum {
	provider: corosync_votequorum
	two_nodes: 1
	last_man_standing: yes
}
loging {
	to_syslog: yes
}
keel {
	heartbeat_ms: 500
	detection_floor_ms: 200
	detection_ceiling_ms: 100
	acknowledge: some
}
";
    insta::assert_snapshot!(drawn(text));
}

#[test]
fn what_has_no_effect_is_told_once_with_its_reason() {
    let mut sample = Sample::new();
    sample.totem += "transport: udp\nwindow_size: 300\nrrp_mode: passive\nkeyfile: /etc/k\n";
    sample.more = "system {\nsched_rr: yes\n}\nuidgid {\nuid: hacluster\n}\n\
                   service {\nname: pacemaker\n}\n"
        .to_owned();
    insta::assert_snapshot!(drawn(&sample.text()));
    // Where corosync carries the messages, its own words have an effect.
    sample.more += "keel {\ntransport: corosync\n}\n";
    insta::assert_snapshot!(drawn(&sample.text()));
}

#[test]
fn each_line_that_is_none_is_told_with_what_to_write() {
    for (text, expected) in [
        (
            "totem {\nversion 2\n}",
            "c.conf:2:1: error: this line neither begins nor ends a section nor sets a keyword (write 'version: 2')",
        ),
        ("totem\n{\n}", "(write 'totem: VALUE' or 'totem {')"),
        (
            "totem { version: 2 }",
            "c.conf:1:9: error: nothing may follow '{' on its line",
        ),
        ("totem {\n: 2\n}", "this ':' has no keyword before it"),
        (
            "totem {",
            "c.conf:1:1: error: the '{' of 'totem' is never closed",
        ),
        ("totem {\n} }", "'}' stands alone on its line"),
        ("}", "c.conf:1:1: error: '}' without '{'"),
        ("{\n}", "no section's name before it"),
        ("totem {\nversion: \u{1}2\n}", "holds a control character"),
        ("", "there is no section 'totem'"),
        (
            "totem {\ncluster_name: a\n}",
            "section 'totem' has no version (write 'version: 2')",
        ),
        (
            "totem {\nversion: 2\n}",
            "section 'totem' has no cluster_name",
        ),
        (
            "totem {\nversion: 2\ncluster_name: a\n}",
            "there is no nodelist",
        ),
        ("nodelist {\n}", "this nodelist has no node"),
    ] {
        check_message(text, expected);
    }
}

#[test]
fn each_word_out_of_place_is_told_with_where_it_belongs() {
    for (lines, expected) in [
        (
            "two_node: 1",
            "(belongs elsewhere; it belongs in section 'quorum')",
        ),
        ("node {\n}", "it belongs in section 'nodelist'"),
        ("token {\n}", "'token' is no section, but a keyword"),
        ("interface: 1", "'interface' is no keyword, but a section"),
        (
            "interfaces {\n}",
            "unknown section 'interfaces' in section 'totem' (unknown section; did you mean 'interface'?)",
        ),
        ("toke: 9", "(unknown keyword; did you mean 'token'?)"),
        (
            "token: 3000\ntoken: 4000",
            "warning: 'token' is given twice, first on line 4: the last one counts",
        ),
        (
            "token: 1s",
            "'1s' for 'token' is not a whole number from 0 to 4294967295",
        ),
        (
            "link_mode: pasive",
            "is not one of passive, active and rr (did you mean 'passive'?)",
        ),
        ("block_unlisted_ips: 1", "is not yes or no"),
        ("transport: sctp", "'sctp' is no transport of totem"),
        (
            "token: 100",
            "a token of 100 ms cannot be sent 4 times again: that would be every 23 ms",
        ),
        (
            "join: 4000",
            "'consensus' of 3600 ms is below 'join' of 4000 ms",
        ),
        ("merge: 9", "'merge' of 9 ms is below 30 ms"),
        (
            "crypto_cipher: aes128",
            "'crypto_cipher' needs a 'crypto_hash'",
        ),
        (
            "interface {\nlinknumber: 3\n}",
            "no node has a ring3_addr for this interface",
        ),
        (
            "interface {\nmcastport: 1\n}\ninterface {\nlinknumber: 0\n}",
            "link 0 has an interface on line 4: this one adds to it",
        ),
    ] {
        let mut sample = Sample::new();
        sample.totem += &format!("{lines}\n");
        check_message(&sample.text(), expected);
    }
}

#[test]
fn nodes_that_cannot_be_told_apart_name_both_lines() {
    for (lines, expected) in [
        (
            "name: n2\nnodeid: 1\nring0_addr: h2",
            "c.conf:13:9: error: nodeid '1' is given twice, on lines 8 and 13",
        ),
        (
            "name: n1\nnodeid: 2\nring0_addr: h2",
            "name 'n1' is given twice, on lines 7 and 12",
        ),
        (
            "name: n2\nnodeid: 2\nring0_addr: 127.0.0.1",
            "address '127.0.0.1' is given twice, on lines 9 and 14",
        ),
        (
            "name: n2\nnodeid: 2\nring0_addr: fe80::1",
            "link 0 has addresses of IPv4 and IPv6: see line 9",
        ),
        (
            "name: n2\nring0_addr: h2",
            "c.conf:11:1: error: this node has no nodeid",
        ),
        ("nodeid: 2\nring0_addr: 10.0.0.2", "this node has no name"),
        ("nodeid: 2\nname: n2", "this node has no ring0_addr"),
        (
            "nodeid: 2\nname: n 2\nring0_addr: h2",
            "a node's name holds no white space",
        ),
        (
            "nodeid: 2\nname: n2\nring0_addr: h2/24",
            "'h2/24' is neither an IP address nor a host name",
        ),
        (
            "nodeid: 2\nname: n2\nring0_addr: 10.0.0.299",
            "'10.0.0.299' is neither an IP address",
        ),
        (
            "nodeid: 70000\nname: n2\nring0_addr: h2",
            "with transport knet, a nodeid has 16 bits",
        ),
        (
            "nodeid: 2\nname: n2\nring0_addr: h2\nring1_addr: h3",
            "node 'n1' has no ring1_addr, but there is one on line 15",
        ),
    ] {
        let mut sample = Sample::new();
        sample.nodes = node(&format!("{lines}\n"));
        check_message(&sample.text(), expected);
    }
    let mut sample = Sample::new();
    sample.more = "nodelist {\n}\n".to_owned();
    check_message(&sample.text(), "there is a nodelist on line 5, too");
}

#[test]
fn options_of_quorum_that_cannot_stand_together_are_refused() {
    let device = "device {\nmodel: net\nnet {\nhost: w\n}\n}";
    for (lines, expected) in [
        (
            "two_node: 1\nauto_tie_breaker: 1",
            "'two_node' cannot stand together with auto_tie_breaker (line 20)",
        ),
        (
            &format!("two_node: 1\n{device}"),
            "'two_node' cannot stand together with a device",
        ),
        (
            &format!("auto_tie_breaker: 1\n{device}"),
            "'auto_tie_breaker' cannot stand",
        ),
        (
            &format!("last_man_standing: 1\n{device}"),
            "'last_man_standing' cannot stand",
        ),
        (
            &format!("allow_downscale: 1\n{device}"),
            "'allow_downscale' cannot stand",
        ),
        (
            &format!("expected_votes: 3\n{device}"),
            "the device needs 'votes', too",
        ),
        (
            &device.replace("net\n", "net\nvotes: 2\n"),
            "with algorithm ffsplit the device has one vote, not 2",
        ),
        (
            &device
                .replace("host", "algorithm: lms\nhost")
                .replace("net\nnet", "net\nvotes: 3\nnet"),
            "all nodes together, 1 (leave 'votes' out)",
        ),
        (
            &device.replace("host: w", "host: w\nalgorithm: test"),
            "for developers of corosync alone (use ffsplit or lms)",
        ),
        (
            &device.replace("host: w", "host: w\ntie_breaker: 1 2"),
            "'1 2' is not lowest, highest or a nodeid",
        ),
        (
            &device.replace("host: w", "port: 1"),
            "this witness has no host",
        ),
        (
            "device {\nmodel: net\n}",
            "this device has no section 'net'",
        ),
        ("device {\nnet {\nhost: w\n}\n}", "this device has no model"),
        (
            "auto_tie_breaker: 1\nauto_tie_breaker_node: 1 9",
            "there is no node with nodeid 9",
        ),
        ("auto_tie_breaker_node: lowst", "(did you mean 'lowest'?)"),
        (
            "auto_tie_breaker_node: lowest",
            "has no effect without 'auto_tie_breaker: 1'",
        ),
        (
            "last_man_standing: 1",
            "without 'wait_for_all: 1' can leave two parts",
        ),
        ("votes: 2", "'votes' has had no effect since corosync 3"),
        ("provider: foo", "is not 'corosync_votequorum'"),
    ] {
        let mut sample = Sample::new();
        sample.quorum += &format!("{lines}\n");
        check_message(&sample.text(), expected);
    }
    let mut sample = Sample::new();
    sample.first_node += "quorum_votes: 2\n";
    sample.quorum += "last_man_standing: 1\n";
    check_message(&sample.text(), "needs nodes of one vote each: 'n1' has 2");
    let mut sample = Sample::new();
    sample.nodes.clear();
    sample.quorum += "two_node: 1\n";
    check_message(
        &sample.text(),
        "'two_node' has no effect: there are 1 nodes",
    );
}

#[test]
fn options_of_keel_hold_their_bounds() {
    for (lines, expected) in [
        ("heartbeat_ms: 0", "not a whole number from 1 to 10000"),
        (
            "heartbeat_ms: 100\ndetection_floor_ms: 100",
            "is not sooner than the detection floor of 100 ms on line 22",
        ),
        (
            "detection_floor_ms: 9",
            "not a whole number from 10 to 600000",
        ),
        (
            "detection_floor_ms: 20\ndetection_ceiling_ms: 10",
            "is below the floor of 20 ms on line 21",
        ),
        ("port: 0", "not a whole number from 1 to 65535"),
        ("certificates: here", "is not a path from the root"),
        ("generations: 1001", "not a whole number from 1 to 1000"),
        ("transport: coro", "is not one of embedded and corosync"),
    ] {
        let mut sample = Sample::new();
        sample.more = format!("keel {{\n{lines}\n}}\n");
        check_message(&sample.text(), expected);
    }
}

#[test]
fn heuristics_that_never_run_are_told() {
    for (lines, expected) in [
        (
            "exec_a: /bin/true",
            "warning: these heuristics never run: their mode is off",
        ),
        ("mode: on", "these heuristics have no command"),
        ("mode: sync\nexec_: x", "unknown keyword 'exec_'"),
        (
            "mode: on\nexec_a: /bin/true\ninterval: 999",
            "not a whole number from 1000 to 3600000",
        ),
    ] {
        let mut sample = Sample::new();
        sample.quorum += &format!(
            "device {{\nmodel: net\nnet {{\nhost: w\n}}\nheuristics {{\n{lines}\n}}\n}}\n"
        );
        check_message(&sample.text(), expected);
    }
}
