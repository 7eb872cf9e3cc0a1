//! What users of a supervised balancer rely on: nobody is refused while its process dies, hangs,
//! is reloaded or is replaced.

use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::Duration;

use crate::support::{
    Failure, Flood, Origin, Place, eventually, expect_body, free_port, get, is_alive, is_stopped,
    listed, proxy, send,
};
use nix::sys::signal::Signal;

const SLOW: Duration = Duration::from_millis(300);

struct Site {
    place: Place,
    port: u16,
    origin: Origin,
}

impl Site {
    fn new() -> Self {
        let site = Self {
            place: Place::new(),
            port: free_port(),
            origin: Origin::start("hello", SLOW),
        };
        site.place.write("a.cfg", &proxy(site.port, &site.origin));
        site
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn it_starts_serves_and_ends_by_the_signal_as_haproxy_does() {
    let site = Site::new();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
        expect_body(site.port, "/", "hello");
        let balancer = keel.balancer_pid();
        keel.signal(signal);
        assert_eq!(keel.wait().signal(), Some(signal as i32));
        assert!(!is_alive(balancer));
        assert!(TcpStream::connect(("127.0.0.1", site.port)).is_err());
    }
    for (signal, code) in [(Signal::SIGTERM, 0), (Signal::SIGINT, 130)] {
        let mut keel = site.place.start(&["haproxy", "-Ws", "-f", "a.cfg"]);
        keel.signal(signal);
        assert_eq!(keel.wait().code(), Some(code), "-Ws and {signal}");
    }
}

#[test]
fn a_killed_balancer_refuses_nobody() {
    let site = Site::new();
    let keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let floods: Vec<Flood> = (0..4).map(|_| Flood::start(site.port)).collect();
    for _ in 0..2 {
        floods.iter().for_each(Flood::goes_on);
        let balancer = keel.balancer_pid();
        send(balancer, Signal::SIGKILL);
        keel.wait_for_log(&format!("(pid {balancer}) was killed by SIGKILL"));
    }
    floods.iter().for_each(Flood::goes_on);
    for flood in floods {
        let failures = flood.end();
        // What the dead process had accepted died with it: one request a kill at most.
        assert!(failures.len() <= 2, "{}", listed(&failures));
        let refused = failures.iter().any(|it| matches!(it, Failure::Refused(_)));
        assert!(!refused, "{}", listed(&failures));
    }
    assert_eq!(keel.balancer()["deaths"], 2);
}

#[test]
fn a_stopped_balancer_is_found_and_replaced() {
    let site = Site::new();
    let keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let balancer = keel.balancer_pid();
    send(balancer, Signal::SIGSTOP);
    eventually("every thread is stopped", || {
        is_stopped(balancer).then_some(())
    });
    // Waits in the socket's queue until the successor accepts it.
    expect_body(site.port, "/", "hello");
    keel.wait_for_log("is stopped (silent for 2");
    assert!(!is_alive(balancer));
    let now = keel.balancer();
    assert_eq!(now["state"], "ready");
    assert_ne!(now["pid"], balancer);
}

#[test]
fn a_reload_takes_effect_in_place_and_cuts_nobody() {
    let site = Site::new();
    let other = Origin::start("other", SLOW);
    let keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let balancer = keel.balancer_pid();
    let flood = Flood::start(site.port);
    flood.goes_on();
    let slow = {
        let port = site.port;
        thread::spawn(move || get(port, "/slow"))
    };
    let more = free_port();
    let config = proxy(site.port, &other) + &format!("    bind 127.0.0.1:{more}\n");
    site.place.write("a.cfg", &config);
    let output = keel.reload();
    assert!(output.status.success(), "{output:?}");
    expect_body(site.port, "/", "other");
    expect_body(more, "/", "other");
    flood.goes_on();
    let failures = flood.end();
    assert!(failures.is_empty(), "{}", listed(&failures));
    let slow = slow.join().expect("the client does not panic");
    assert!(slow.expect("an answer").contains("200 OK"));
    assert_eq!(keel.balancer_pid(), balancer);

    site.place.write("a.cfg", &proxy(site.port, &other));
    keel.signal(Signal::SIGUSR2);
    eventually("the additional port is closed", || {
        matches!(get(more, "/"), Err(Failure::Refused(_))).then_some(())
    });
    expect_body(site.port, "/", "other");
}

#[test]
fn a_reload_that_is_refused_changes_nothing() {
    let site = Site::new();
    let keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap();
    let good = proxy(site.port, &site.origin);
    for (addition, expected) in [
        ("    blance roundrobin\n".to_owned(), "balance"),
        (format!("    bind {taken}\n"), "cannot bind"),
        (
            "    errorfile 503 nowhere.http\n".to_owned(),
            "nowhere.http",
        ),
    ] {
        site.place.write("a.cfg", &(good.clone() + &addition));
        let output = keel.reload();
        assert_eq!(output.status.code(), Some(1));
        let said = text(&output.stderr);
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("a.cfg:"), "{said}");
        expect_body(site.port, "/", "hello");
        assert_eq!(keel.balancer()["generation"], 1);
    }
    // The successor of a dead balancer gets the configuration that was good, not the file's.
    send(keel.balancer_pid(), Signal::SIGKILL);
    eventually("a successor", || {
        (keel.balancer()["deaths"] == 1 && keel.balancer()["state"] == "ready").then_some(())
    });
    expect_body(site.port, "/", "hello");
}

#[test]
fn a_drain_finishes_what_runs_and_accepts_nobody() {
    let site = Site::new();
    let mut keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let slow = {
        let port = site.port;
        thread::spawn(move || get(port, "/slow"))
    };
    thread::sleep(SLOW / 4);
    keel.signal(Signal::SIGUSR1);
    eventually("the port is closed", || {
        matches!(get(site.port, "/"), Err(Failure::Refused(_))).then_some(())
    });
    let answer = slow.join().expect("the client does not panic");
    assert!(answer.expect("the request in flight").contains("200 OK"));
    assert_eq!(keel.wait().code(), Some(0));
}

#[test]
fn a_killed_supervisor_leaves_no_balancer() {
    let site = Site::new();
    let mut keel = site.place.start(&["haproxy", "-db", "-f", "a.cfg"]);
    let balancer = keel.balancer_pid();
    keel.signal(Signal::SIGKILL);
    keel.wait();
    eventually("the balancer's end", || (!is_alive(balancer)).then_some(()));
    let status = site.place.keel(&["status"]);
    assert_eq!(status.status.code(), Some(3));
    assert_eq!(text(&status.stdout), "nothing of keel runs here\n");
}

#[test]
fn keel_run_supervises_a_balancer_alone_and_ends_with_0() {
    let site = Site::new();
    let mut keel = site.place.start(&["run", "--haproxy", "a.cfg"]);
    expect_body(site.port, "/", "hello");
    let status = site.place.keel(&["status"]);
    assert_eq!(status.status.code(), Some(0), "{status:?}");
    let said = text(&status.stdout);
    assert!(said.starts_with("keel run (pid "), "{said}");
    assert!(said.contains("balancer: serving"), "{said}");
    keel.signal(Signal::SIGTERM);
    assert_eq!(keel.wait().code(), Some(0));
}
