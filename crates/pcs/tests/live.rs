//! Tools on a running cluster.

mod daemon;

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
