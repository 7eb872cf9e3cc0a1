//! Tools on a running cluster.

mod daemon;
mod no_hosts;

use std::io;
use std::sync::mpsc;
use std::time::Duration;

use cib::time::DateTime;
use cluster_api::{Edit, Life};
use daemon::Daemon;
use pcs::crm_mon::{self, Screen};
use pcs::{MemoryFiles, Outcome, TOOLS};

const CIB: &str = include_str!("tools.xml");

fn now() -> DateTime {
    DateTime::from_epoch_s(1_700_000_000)
}

fn files(daemon: &Daemon) -> MemoryFiles {
    let mut files = MemoryFiles::default();
    let socket = daemon.socket.to_str().expect("it is text").to_owned();
    files
        .variables
        .insert(cluster_api::SOCKET_VARIABLE.to_owned(), socket);
    files
}

fn run(line: &str, daemon: &Daemon) -> Outcome {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let (name, words) = words.split_first().expect("there is a name");
    if name == "crm_mon" {
        let mut out = io::sink();
        let mut screen = Screen {
            out: &mut out,
            is_terminal: false,
        };
        return crm_mon::run(words, &now, &mut files(daemon), &mut screen);
    }
    let (_, tool) = TOOLS
        .iter()
        .find(|(tool, _)| tool == name)
        .expect("it is a tool");
    tool(words, now(), &mut files(daemon))
}

fn output(line: &str, daemon: &Daemon) -> String {
    let outcome = run(line, daemon);
    assert_eq!(outcome.exit_code.0, 0, "{line}: {outcome:?}");
    outcome.standard_output
}

#[test]
fn what_tools_write_is_in_the_cluster() {
    let daemon = Daemon::start(CIB, Life::Member);
    assert_eq!(output("crm_node -n", &daemon), "node1\n");
    output("attrd_updater -n a -U 1", &daemon);
    output("attrd_updater -n a -U 1", &daemon);
    output("crm_attribute -n b -v 2 -l reboot -N node2", &daemon);
    output("crm_attribute -n stonith-enabled -v true", &daemon);
    output("cibadmin -D --xpath //op", &daemon);
    let cib = daemon.cib();
    for piece in [
        "<nvpair id=\"status-1-a\" name=\"a\" value=\"1\"/>",
        "<instance_attributes id=\"status-2\">",
        "<nvpair id=\"status-2-b\" name=\"b\" value=\"2\"/>",
        "name=\"stonith-enabled\" value=\"true\"",
        "epoch=\"3\" num_updates=\"0\"",
    ] {
        assert!(cib.contains(piece), "{piece}: {cib}");
    }
    assert!(!cib.contains("<op "), "{cib}");
    output("attrd_updater -n a -D", &daemon);
    assert_eq!(run("attrd_updater -n a -Q", &daemon).exit_code.0, 105);
    output("crm_failcount -D -r D", &daemon);
    assert!(!daemon.cib().contains("fail-count-D"));
}

#[test]
fn a_node_that_is_cut_off_says_so() {
    let daemon = Daemon::start(CIB, Life::Lost);
    let page = output("crm_mon -1 -r", &daemon);
    for line in [
        "WARNING: node1 is cut off from node2: it stops its resources, and does not know what runs there",
        "* D\t(ocf:pacemaker:Dummy):\t unknown to the cluster, stopping node1",
        "* A\t(ocf:pacemaker:Dummy):\t Stopped (possibly active on node2)",
        "partition WITHOUT quorum",
    ] {
        assert!(page.contains(line), "{line}: {page}");
    }
    output("crm_attribute -n no-quorum-policy -v ignore", &daemon);
    let page = output("crm_mon -1", &daemon);
    let line = "* D\t(ocf:pacemaker:Dummy):\t Started node1 (also possibly active on node2)";
    assert!(page.contains(line), "{page}");
    let page = output("crm_mon --output-as=xml", &daemon);
    assert!(
        page.contains("doubt=\"also possibly active on node2\""),
        "{page}"
    );
}

#[test]
fn with_all_peers_there_is_no_doubt() {
    let daemon = Daemon::start(CIB, Life::Member);
    let page = output("crm_mon -1", &daemon);
    assert!(
        page.contains("Stack: embedded (Pacemaker is running)"),
        "{page}"
    );
    assert!(page.contains("Current DC: node1 (version keel "), "{page}");
    assert!(page.contains("\t Started node1\n"), "{page}");
    assert!(!page.contains("possibly"), "{page}");
}

/// Each page that is shown.
struct Pages(mpsc::Sender<String>);

impl io::Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let page = String::from_utf8_lossy(bytes).into_owned();
        let sent = self.0.send(page);
        sent.map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_watch_shows_what_changes_when_it_does() {
    let daemon = Daemon::start(CIB, Life::Member);
    let mut files = files(&daemon);
    let (sender, pages) = mpsc::channel();
    std::thread::spawn(move || {
        let mut out = Pages(sender);
        let mut screen = Screen {
            out: &mut out,
            is_terminal: false,
        };
        let words = ["-A".to_owned(), "--output-as=text".to_owned()];
        crm_mon::run(&words, &now, &mut files, &mut screen)
    });
    let limit = Duration::from_secs(20);
    let first = pages.recv_timeout(limit).expect("there is a page");
    assert!(!first.contains(": news"), "{first}");
    daemon.change(Edit::Modify {
        xml: "<nvpair id=\"status-1-p\" value=\"news\"/>".to_owned(),
        may_create: false,
    });
    let second = pages.recv_timeout(limit).expect("there is another page");
    assert!(second.contains(": news"), "{second}");
}

/// One resource on one node, and nothing else to do.
const ONE: &str = r#"<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.7" have-quorum="1" dc-uuid="1">
<configuration><crm_config><cluster_property_set id="o"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes><node id="1" uname="node1"/></nodes>
<resources><primitive id="D" class="ocf" provider="pacemaker" type="Dummy"/></resources><constraints/></configuration>
<status><node_state id="1" uname="node1" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="1"><instance_attributes id="status-1"><nvpair id="status-1-fail-count-D.monitor_10000" name="fail-count-D#monitor_10000" value="3"/></instance_attributes></transient_attributes>
<lrm id="1"><lrm_resources><lrm_resource id="D" type="Dummy" class="ocf" provider="pacemaker"><lrm_rsc_op id="D_last_0" operation_key="D_start_0" operation="start" crm_feature_set="3.19.0" transition-key="5:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:0;5:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="5" rc-code="0" op-status="0" interval="0"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>"#;

/// The stop of it, as the node writes its result.
const STOPPED: &str = r#"<lrm_rsc_op id="D_last_0" operation_key="D_stop_0" operation="stop" transition-key="6:2:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" transition-magic="0:0;6:2:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee" call-id="6"/>"#;

#[test]
fn waiting_ends_when_the_cluster_is_settled_or_says_what_for() {
    let daemon = Daemon::start(ONE, Life::Member);
    let outcome = pcs("resource disable D --wait=1", &daemon);
    assert_eq!(outcome.exit_code.0, 124, "{outcome:?}");
    assert!(
        outcome.standard_error.contains("stop of D on node1"),
        "{outcome:?}"
    );

    let waiter = std::thread::spawn({
        let socket = daemon.socket.clone();
        move || pcs_at("resource disable D --wait=60", &socket)
    });
    std::thread::sleep(Duration::from_millis(300));
    daemon.change(Edit::Modify {
        xml: STOPPED.to_owned(),
        may_create: false,
    });
    let outcome = waiter.join().expect("it does not panic");
    assert_eq!(outcome.exit_code.0, 0, "{outcome:?}");
    assert_eq!(
        outcome.standard_error,
        "resource 'D' is not running on any node\n"
    );
}

#[test]
fn failures_are_told_and_forgotten() {
    let daemon = Daemon::start(ONE, Life::Member);
    let outcome = pcs("resource failcount", &daemon);
    assert_eq!(
        outcome.standard_output,
        "Failcounts for resource 'D'\n  node1: 3\n"
    );
    let outcome = pcs("resource failcount show D --full", &daemon);
    assert_eq!(
        outcome.standard_output,
        "Failcounts for resource 'D'\n  node1:\n    monitor 10000ms: 3\n"
    );
    let outcome = pcs("resource cleanup D node=node1", &daemon);
    assert_eq!(outcome.standard_error, "Cleaned up D on node1\n");
    let cib = daemon.cib();
    assert!(
        !cib.contains("fail-count") && !cib.contains("lrm_resource id"),
        "{cib}"
    );
    let outcome = pcs("resource failcount show D", &daemon);
    assert_eq!(outcome.standard_output, "No failcounts for resource 'D'\n");
    let outcome = pcs("resource cleanup X", &daemon);
    assert_eq!(outcome.exit_code.0, 1, "{outcome:?}");
}

#[test]
fn pcs_does_not_show_as_started_what_it_cannot_vouch_for() {
    let daemon = Daemon::start(CIB, Life::Lost);
    let stopping = "\t unknown to the cluster, stopping node1";
    for line in ["status", "resource", "resource status", "resource show"] {
        let outcome = pcs(line, &daemon);
        let output = outcome.standard_output;
        assert!(output.contains(stopping), "{line}: {output}");
        assert!(!output.contains("Started"), "{line}: {output}");
    }
}

fn pcs(line: &str, daemon: &Daemon) -> Outcome {
    pcs_at(line, &daemon.socket)
}

fn pcs_at(line: &str, socket: &std::path::Path) -> Outcome {
    let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    let mut files = MemoryFiles::default();
    let socket = socket.to_str().expect("it is text").to_owned();
    files
        .variables
        .insert(cluster_api::SOCKET_VARIABLE.to_owned(), socket);
    let mut machine = pcs::pcs::Machine {
        files: &mut files,
        agents: &mut pcs::pcs::agents::MachineAgents::default(),
        hosts: &mut no_hosts::NoHosts,
        now: now(),
    };
    pcs::pcs::run(&words, &mut machine)
}
