//! Names, links, daemons, and what is refused before anything runs.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

use crate::support::{
    LIMIT, Origin, Place, eventually, expect_body, free_port, is_alive, proxy, send,
};
use nix::sys::signal::Signal;
use std::time::Duration;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn name_of(pid: i32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).expect("the process is there");
    name.trim_end().to_owned()
}

#[test]
fn a_link_named_haproxy_is_haproxy_and_so_are_its_processes() {
    let place = Place::new();
    let port = free_port();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(port, &origin));
    let link = place.path("haproxy");
    symlink(env!("CARGO_BIN_EXE_keel"), &link).unwrap();
    let version = text(&place.run_to_end(&link, &["-v"]).stdout);
    assert!(version.starts_with("HAProxy version "), "{version}");
    let keel = place.spawn(&link, &["-db", "-f", "a.cfg"], &[]);
    keel.wait_for_log("ready: ");
    expect_body(port, "/", "hello");
    assert_eq!(name_of(keel.pid()), "haproxy");
    assert_eq!(name_of(keel.balancer_pid()), "haproxy");
}

#[test]
fn under_keel_run_only_the_balancer_is_named_haproxy() {
    let place = Place::new();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(free_port(), &origin));
    let keel = place.start(&["run", "--haproxy", "a.cfg"]);
    assert_eq!(name_of(keel.pid()), "keel");
    assert_eq!(name_of(keel.balancer_pid()), "haproxy");
}

#[test]
fn a_daemon_is_in_the_background_once_it_serves_and_its_pidfile_goes_with_it() {
    let place = Place::new();
    let port = free_port();
    let origin = Origin::start("hello", Duration::ZERO);
    let pidfile = place.path("haproxy.pid");
    let config = proxy(port, &origin).replace(
        "global\n",
        &format!("global\n    daemon\n    pidfile {}\n", pidfile.display()),
    );
    place.write("a.cfg", &config);
    let output = place.keel(&["haproxy", "-f", "a.cfg"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    expect_body(port, "/", "hello");
    let pid: i32 = fs::read_to_string(&pidfile)
        .unwrap()
        .trim()
        .parse()
        .unwrap();
    assert_eq!(name_of(pid), "haproxy");
    send(pid, Signal::SIGTERM);
    eventually("the daemon's end", || (!is_alive(pid)).then_some(()));
    assert!(!pidfile.exists());
}

#[test]
fn a_daemon_that_cannot_start_says_so_to_its_starter() {
    let place = Place::new();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(free_port(), &origin));
    let output = place.keel(&["haproxy", "-D", "-f", "a.cfg", "-p", "none/x.pid"]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output.stderr);
    assert!(
        said.contains("cannot write the pidfile none/x.pid"),
        "{said}"
    );
}

#[test]
fn systemd_is_told_once_requests_are_served() {
    let place = Place::new();
    let port = free_port();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(port, &origin));
    let path = place.path("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(LIMIT)).unwrap();
    let words = ["haproxy", "-Ws", "-f", "a.cfg"];
    let program = Path::new(env!("CARGO_BIN_EXE_keel"));
    let keel = place.spawn(program, &words, &[("NOTIFY_SOCKET", &path)]);
    let mut buffer = [0; 64];
    let length = systemd.recv(&mut buffer).unwrap();
    let expected = format!("READY=1\nMAINPID={}\n", keel.pid());
    assert_eq!(text(&buffer[..length]), expected);
    expect_body(port, "/", "hello");
}

#[test]
fn the_masters_socket_shows_the_processes_and_reloads() {
    let place = Place::new();
    let port = free_port();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(port, &origin));
    let path = place.path("master.sock");
    let word = format!("{},mode,600", path.display());
    let keel = place.start(&["haproxy", "-Ws", "-f", "a.cfg", "-S", &word]);
    let ask = |line: &str| {
        let mut master = UnixStream::connect(&path).unwrap();
        master.set_read_timeout(Some(LIMIT)).unwrap();
        master.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        master.read_to_string(&mut answer).unwrap();
        answer
    };
    let shown = ask("show proc");
    for (pid, kind) in [(keel.pid(), "master"), (keel.balancer_pid(), "worker")] {
        let row = shown
            .lines()
            .find(|line| line.starts_with(&format!("{pid} ")));
        assert!(row.is_some_and(|row| row.contains(kind)), "{shown}");
    }
    assert!(ask("reload").starts_with("Success=1\n--\n"));
    place.write("a.cfg", "nonsense\n");
    let refused = ask("reload");
    assert!(refused.starts_with("Success=0\n--\n"), "{refused}");
    assert!(refused.contains("nonsense"), "{refused}");
    expect_body(port, "/", "hello");
}

#[test]
fn sf_replaces_a_running_process_without_a_refusal() {
    let place = Place::new();
    let port = free_port();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(port, &origin));
    let mut old = place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let flood = crate::support::Flood::start(port);
    flood.goes_on();
    let old_pid = old.pid().to_string();
    let _new = place.start(&["haproxy", "-db", "-f", "a.cfg", "-sf", &old_pid]);
    assert_eq!(old.wait().code(), Some(0));
    flood.goes_on();
    drop(flood.end());
    expect_body(port, "/", "hello");
}

#[test]
fn what_is_wrong_is_said_in_a_line_with_its_place_and_nothing_stays() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let free = free_port();
    let head = format!(
        "defaults\n    mode http\n    timeout connect 1s\n    timeout client 1s\n    \
         timeout server 1s\nlisten web\n    bind 127.0.0.1:{free}\n"
    );
    place.write("no-key.pem", "not a certificate\n");
    for (addition, expected) in [
        (
            "    blance roundrobin\n".to_owned(),
            &["[a.cfg:8]", "balance"][..],
        ),
        (
            format!("    bind {taken}\n"),
            &["[a.cfg:8]", "cannot bind", "in use"],
        ),
        (
            format!("    bind 127.0.0.1:{} ssl crt none.pem\n", free_port()),
            &["[a.cfg:8]", "none.pem"],
        ),
        (
            format!("    bind 127.0.0.1:{} ssl crt no-key.pem\n", free_port()),
            &["no-key.pem"],
        ),
        (
            format!("    bind 192.0.2.7:{}\n", free_port()),
            &["[a.cfg:8]", "cannot bind"],
        ),
    ] {
        place.write("a.cfg", &(head.clone() + &addition));
        for words in [
            &["haproxy", "-f", "a.cfg"][..],
            &["run", "--haproxy", "a.cfg"],
        ] {
            let output = place.keel(words);
            let said = text(&output.stderr);
            assert_eq!(
                output.status.code(),
                Some(1),
                "{words:?} {addition}: {said}"
            );
            for part in expected {
                assert!(said.contains(part), "{words:?} {addition}: {said}");
            }
            assert!(TcpStream::connect(("127.0.0.1", free)).is_err());
        }
    }
}

#[test]
fn a_wrong_command_line_is_refused() {
    let place = Place::new();
    for (words, code, expected) in [
        (&["haproxy", "-f", "none.cfg"][..], 1, "none.cfg"),
        (&["haproxy", "-Z"], 1, "-Z"),
        (&["haproxy"], 1, "-f"),
        (&["run", "--haproxy", "none.cfg"], 1, "none.cfg"),
        (&["run", "--keepalived", "none.conf"], 1, "none.conf"),
        (&["run"], 2, "--haproxy"),
        (&["keepalived", "-n", "-f", "none.conf"], 1, "none.conf"),
        (&["keepalived", "--frobnicate"], 1, "--frobnicate"),
        (&["hapoxy"], 2, "did you mean `keel haproxy`?"),
        (
            &["pcs", "status"],
            1,
            "Error: cluster is not currently running on this node",
        ),
        (&["role-balancer"], 1, "started by a supervisor only"),
        (&["reload"], 3, "no supervisor runs here"),
        (&["status", "--pid", "x"], 2, "--pid"),
    ] {
        let output = place.keel(words);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(expected), "{words:?}: {said}");
    }
}

#[test]
fn a_condition_is_answered_by_the_exit_code() {
    let place = Place::new();
    for (condition, code) in [
        ("feature(THREAD)", 0),
        ("version_before(1.0)", 1),
        ("streq(a,a) && !streq(a,b)", 0),
        ("streq(a", 2),
    ] {
        let output = place.keel(&["haproxy", "-cc", condition]);
        assert_eq!(output.status.code(), Some(code), "{condition}");
    }
}

#[test]
fn several_supervisors_are_all_in_the_status_and_reload_asks_which() {
    let place = Place::new();
    let origin = Origin::start("hello", Duration::ZERO);
    place.write("a.cfg", &proxy(free_port(), &origin));
    place.write("b.cfg", &proxy(free_port(), &origin));
    let a = place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let b = place.start(&["run", "--haproxy", "b.cfg"]);
    let output = place.keel(&["status"]);
    assert_eq!(output.status.code(), Some(0));
    let said = text(&output.stdout);
    for part in [
        format!("keel haproxy (pid {})", a.pid()),
        format!("keel run (pid {})", b.pid()),
    ] {
        assert!(said.contains(&part), "{said}");
    }
    let output = place.keel(&["reload"]);
    assert_eq!(output.status.code(), Some(4));
    assert!(text(&output.stderr).contains("--pid"));
    assert!(b.reload().status.success());
    assert_eq!(a.balancer()["generation"], 1);
    assert_eq!(b.balancer()["generation"], 2);
}
