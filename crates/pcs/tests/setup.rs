//! `pcs cluster setup` and its like, as far as they go without other machines: what they write, and
//! what they say of mistakes.

mod no_hosts;

use cib::time::DateTime;
use pcs::pcs::agents::{AgentName, Agents, Metadata};
use pcs::pcs::{Machine, run};
use pcs::{MemoryFiles, Outcome};

use no_hosts::NoHosts;

/// Somebody at a machine that knows no other.
#[derive(Default)]
struct Operator {
    files: MemoryFiles,
}

/// No agents.
struct NoAgents;

impl Agents for NoAgents {
    fn metadata(&mut self, _agent: &AgentName) -> Result<Metadata, String> {
        Err("No such file or directory".to_owned())
    }

    fn installed(&mut self) -> Vec<AgentName> {
        Vec::new()
    }
}

impl Operator {
    fn run(&mut self, line: &str) -> Outcome {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let mut machine = Machine {
            files: &mut self.files,
            agents: &mut NoAgents,
            hosts: &mut NoHosts,
            now: DateTime::from_epoch_s(1_700_000_000),
        };
        run(&words, &mut machine)
    }
}

/// What a setup writes with `--corosync_conf`.
fn written(line: &str) -> String {
    let mut operator = Operator::default();
    let line = format!("cluster setup {line} --corosync_conf c --no-cluster-uuid");
    let outcome = operator.run(&line);
    assert_eq!(outcome.exit_code.0, 0, "{line}: {}", outcome.standard_error);
    operator.files.text("c").expect("it is written").to_owned()
}

#[test]
fn configurations_are_those_of_pcs() {
    for (name, line) in [
        ("knet", "web node1 addr=10.0.0.1 node2 addr=10.0.0.2"),
        (
            "links",
            "web n1 addr=10.0.0.1 addr=10.1.0.1 n2 addr=10.0.0.2 addr=10.1.0.2 n3 addr=10.0.0.3 addr=10.1.0.3 \
             transport knet link_mode=active link linknumber=1 mcastport=5500 ping_interval=100 ping_timeout=200 \
             link link_priority=10 compression model=zlib crypto cipher=aes128 hash=sha1 totem token=1000 \
             quorum wait_for_all=1 auto_tie_breaker=1",
        ),
        (
            "udpu",
            "web n1 addr=10.0.0.1 n2 addr=10.0.0.2 transport udpu netmtu=1400 link mcastport=5500",
        ),
    ] {
        insta::assert_snapshot!(name, written(line));
    }
    // As pcs 0.9 has it.
    assert_eq!(
        written("--name web 10.0.0.1,10.1.0.1 10.0.0.2,10.1.0.2"),
        written("web 10.0.0.1 addr=10.0.0.1 addr=10.1.0.1 10.0.0.2 addr=10.0.0.2 addr=10.1.0.2"),
    );
}

#[test]
fn a_configuration_is_shown_as_pcs_shows_it() {
    const LINKS: &str = "web n1 addr=10.0.0.1 addr=10.1.0.1 n2 addr=10.0.0.2 addr=10.1.0.2 \
         transport knet link_mode=active link linknumber=1 mcastport=5500 ping_interval=100 ping_timeout=200 \
         compression model=zlib totem token=1000 quorum wait_for_all=1 auto_tie_breaker=1";
    let shown = |line: &str, command: &str| {
        let mut operator = Operator::default();
        operator
            .files
            .files
            .insert("c".to_owned(), written(line).into_bytes());
        let outcome = operator.run(&format!("{command} --corosync_conf c"));
        assert_eq!(
            outcome.exit_code.0, 0,
            "{command}: {}",
            outcome.standard_error
        );
        outcome.standard_output
    };
    insta::assert_snapshot!("config_knet", shown(LINKS, "cluster config"));
    let udpu = "web n1 addr=10.0.0.1 transport udpu netmtu=1400 link mcastport=5500";
    insta::assert_snapshot!("config_udpu", shown(udpu, "cluster config show"));
    let json = shown(udpu, "cluster config --output-format json");
    let expected = r#"{"cluster_name":"web","cluster_uuid":null,"transport":"UDPU","totem_options":{},"transport_options":{"netmtu":"1400"},"compression_options":{},"crypto_options":{},"nodes":[{"name":"n1","nodeid":"1","addrs":[{"addr":"10.0.0.1","link":"0","type":"IPv4"}]}],"links_options":{"0":{"mcastport":"5500"}},"quorum_options":{}}"#;
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("it is JSON");
    assert_eq!(value(&json), value(expected));
    let json = shown(LINKS, "quorum config --output-format=json");
    let expected = r#"{"options":{"auto_tie_breaker":"1","wait_for_all":"1"},"device":null}"#;
    assert_eq!(value(&json), value(expected));
    let options = "Options:\n  auto_tie_breaker: 1\n  wait_for_all: 1\n";
    assert_eq!(shown(LINKS, "quorum"), options);
    assert_eq!(shown(LINKS, "quorum config"), options);
}

#[test]
fn mistakes_are_named() {
    for (line, expected) in [
        (
            "cluster setup web node1 node2",
            "Error: Hosts 'node1', 'node2' are not known to pcs, try to authenticate the hosts using \
             'pcs host auth node1 node2' command\nError: None of hosts is known to pcs.\n",
        ),
        (
            "cluster setup web n1 addr=10.0.0.1 n1 addr=10.0.0.2",
            "Error: Node name 'n1' defined multiple times\n",
        ),
        (
            "cluster setup web n1 addr=10.0.0.1 n2 adr=4",
            "Error: Unknown options 'adr' for node 'n2'\n",
        ),
        (
            "cluster setup web n1 addr=10.0.0.1 n2 addr=10.0.0.1 --corosync_conf c",
            "Error: Node addresses must be unique, duplicate addresses: '10.0.0.1'\n\
             Error: Errors have occurred, therefore pcs is unable to continue\n",
        ),
        (
            "cluster setup web n1 unknown1 --corosync_conf c",
            "No addresses specified for host 'n1', using 'n1'\n\
             No addresses specified for host 'unknown1', using 'unknown1'\n\
             Error: Unable to resolve addresses: 'unknown1', use --force to override\n",
        ),
        (
            "cluster setup web n1 addr=10.0.0.1 transport knet foo=1 totem tokn=3 quorum x=y --corosync_conf c",
            "Error: invalid knet transport option 'foo', allowed options are: 'ip_version', \
             'knet_pmtud_interval', 'link_mode'\nError: invalid totem option 'tokn', allowed options are: ",
        ),
        (
            "cluster setup web n1 addr=10.0.0.1 totem token=x --corosync_conf c",
            "Error: the configuration would not be valid\n",
        ),
        (
            "cluster setup web n1 --corosync_conf c --start",
            "Error: Cannot specify both '--corosync_conf' and '--start'\n",
        ),
        (
            "cluster setup web n1 --wait",
            "Error: Cannot specify '--wait' without specifying '--start'\n",
        ),
        ("cluster setup web", "Usage: pcs cluster setup"),
        (
            "quorum expected-votes x",
            "Error: 'x' is not a valid expected votes value, use positive integer\n",
        ),
        ("quorum expected-votes", "Usage: pcs quorum expected-votes"),
        (
            "quorum update foo=1",
            "Error: invalid quorum option 'foo', allowed options are: 'auto_tie_breaker', \
             'last_man_standing', 'last_man_standing_window', 'wait_for_all'\n",
        ),
        ("quorum update", "Usage: pcs quorum update"),
        ("cluster node add a b", "Usage: pcs cluster node add"),
        ("cluster node remove", "Usage: pcs cluster node remove"),
        (
            "quorum config --output-format xml --corosync_conf c",
            "Error: Unable to read c: entity not found\n",
        ),
        ("host auth", "Error: No host specified\n"),
        (
            "host auth a a",
            "Error: Host name 'a' defined multiple times\n",
        ),
        (
            "host auth a port=1",
            "Error: Unknown option in 'port=1', use 'addr=ADDRESS'\n",
        ),
        (
            "host auth a addr=b:x",
            "Error: Invalid port number in address 'b:x', use 1..65535\n",
        ),
        (
            "host deauth nodeX",
            "Error: Following hosts were not found: 'nodeX'\n",
        ),
        (
            "cluster start",
            "Starting Cluster...\nError: Unable to start the cluster: pcsd is not running on this node",
        ),
        (
            "cluster start --all",
            "Error: Unable to read /etc/corosync/corosync.conf: entity not found\n",
        ),
        (
            "cluster start --all a",
            "Error: Cannot specify both --all and a list of nodes.\n",
        ),
        (
            "cluster start --wait=x",
            "Error: 'x' is not a valid interval of time, use a positive integer\n",
        ),
        (
            "cluster start nodeX",
            "nodeX: Unable to authenticate to nodeX (it is not known to this machine), try running \
             'pcs host auth nodeX'\nError: unable to start all nodes\nnodeX: Unable",
        ),
    ] {
        let outcome = Operator::default().run(line);
        let said = outcome.standard_error;
        assert!(said.trim_start().starts_with(expected), "{line}: {said}");
        assert_eq!(outcome.exit_code.0, 1, "{line}");
    }
}

#[test]
fn nodes_that_are_no_nodes_are_not_stopped() {
    let mut operator = Operator::default();
    let text = written("web n1 addr=10.0.0.1 n2 addr=10.0.0.2");
    let path = "/etc/corosync/corosync.conf".to_owned();
    operator.files.files.insert(path, text.into_bytes());
    let outcome = operator.run("cluster stop n1 n3");
    assert_eq!(
        outcome.standard_error,
        "Error: nodes 'n3' do not appear to exist in configuration\n"
    );
}
