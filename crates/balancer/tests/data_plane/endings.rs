//! How sessions end, and what the log says of it (configuration.txt, 8.5).

use std::net::SocketAddr;

use socket2::{Domain, Socket, Type};

use crate::support::{Client, DEFAULTS, Origin, Proxy, Reply, eventually, ok, status};

/// The four letters of the next record.
fn letters(proxy: &mut Proxy) -> String {
    proxy.record().termination.letters().iter().collect()
}

fn proxy_to(server: &str, lines: &str) -> Proxy {
    Proxy::start(&format!(
        "{DEFAULTS}  option httplog\n  log 127.0.0.1:1 local0\n{lines}\nlisten test\n  bind {{fe}}\n  server s {server}\n"
    ))
}

/// An address where nobody listens for as long as this is kept: its socket is bound, so that no
/// test beside this one is given the port, but does not listen.
struct Nobody(Socket);

impl Nobody {
    fn new() -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
        socket.bind(&any_port.into()).expect("a free port");
        Self(socket)
    }

    fn address(&self) -> String {
        let address = self.0.local_addr().expect("bound").as_socket();
        address.expect("an IPv4 socket").to_string()
    }
}

#[test]
fn a_normal_exchange_is_recorded_with_all_its_figures() {
    let origin = Origin::saying("hello");
    let mut proxy = proxy_to(&origin.address.to_string(), "");
    let response = proxy.client().get("/path?query");
    let record = proxy.record();
    assert_eq!(record.termination.letters(), ['-', '-', '-', '-']);
    assert_eq!(record.request_line, "GET /path?query HTTP/1.1");
    assert_eq!(record.status, Some(200));
    assert_eq!(record.bytes_out, response.len() as u64);
    assert_eq!(
        record.server.as_ref().map(|server| server.name.as_str()),
        Some("s")
    );
    assert_eq!(
        record.backend.as_ref().map(|backend| backend.name.as_str()),
        Some("test")
    );
    for timer in [
        record.timers.request,
        record.timers.queue,
        record.timers.connect,
        record.timers.response,
    ] {
        assert!(timer.is_some_and(|ms| ms <= record.timers.active));
    }
    let counts = record.connections;
    assert_eq!((counts.frontend, counts.process), (1, 1));
}

#[test]
fn with_logasap_the_line_comes_with_the_head_and_only_once() {
    const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    let origin = Origin::start(|request| {
        if request.starts_with("GET /long ") {
            Reply::Stall(format!("{HEAD}abc"))
        } else {
            Reply::Send(ok(""))
        }
    });
    let mut proxy = proxy_to(&origin.address.to_string(), "  option logasap");
    let mut client = proxy.client();
    client.send("GET /long HTTP/1.1\r\nHost: t\r\n\r\n");
    let record = proxy.record();
    assert_eq!(record.request_line, "GET /long HTTP/1.1");
    assert_eq!(record.bytes_out, HEAD.len() as u64);
    assert_eq!(record.termination.letters(), ['-', '-', '-', '-']);
    drop(client);
    proxy.client().get("/short");
    assert_eq!(proxy.record().request_line, "GET /short HTTP/1.1");
}

#[test]
fn with_logasap_and_dontlog_normal_a_bad_end_is_still_logged() {
    let origin = Origin::start(|_| {
        Reply::SendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into())
    });
    let lines = "  option logasap\n  option dontlog-normal";
    let mut proxy = proxy_to(&origin.address.to_string(), lines);
    proxy.client().send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_eq!(letters(&mut proxy), "SD--");
}

#[test]
fn only_get_and_head_are_sent_on_to_a_server_of_redir() {
    let origin = Origin::saying("x");
    let server = format!("{} redir http://o.example", origin.address);
    let proxy = proxy_to(&server, "");
    for (method, expected) in [("GET", 302), ("DELETE", 200)] {
        let mut client = proxy.client();
        client.send(&format!(
            "{method} /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        ));
        assert_eq!(status(&client.response()), expected, "{method}");
    }
}

#[test]
fn what_the_client_does_wrong_is_told_apart() {
    let origin = Origin::saying("x");
    for (sends, closes, lines, expected_status, expected) in [
        (
            "GET / HTTP/1.1\r\nHost : t\r\n\r\n",
            false,
            "",
            Some(400),
            "PR--",
        ),
        ("GET / HTTP/1.1\r\nHost: t\r\n", true, "", Some(400), "CR--"),
        (
            "GET / HTTP/1.1\r\nHost: t\r\n",
            false,
            "  timeout http-request 50ms",
            Some(408),
            "cR--",
        ),
        ("", false, "  timeout http-request 50ms", Some(408), "cR--"),
        (
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc",
            false,
            "  timeout client 50ms",
            Some(408),
            "cH--",
        ),
        (
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nabc",
            true,
            "",
            None,
            "CD--",
        ),
        (
            "GET / HTTP/1.1\r\nHost: t\r\n\r\n",
            false,
            "  http-request deny",
            Some(403),
            "PR--",
        ),
    ] {
        let rule = if lines.contains("http-request deny") {
            lines
        } else {
            ""
        };
        let limits = if rule.is_empty() { lines } else { "" };
        let mut proxy = Proxy::start(&format!(
            "{DEFAULTS}  option httplog\n  log 127.0.0.1:1 local0\n{limits}\nlisten test\n  bind {{fe}}\n{rule}\n  server s {}\n",
            origin.address
        ));
        let mut client = proxy.client();
        client.send(sends);
        if closes {
            client.close_sending();
        }
        let record = proxy.record();
        let found: String = record.termination.letters().iter().collect();
        assert_eq!(
            (record.status, found.as_str()),
            (expected_status, expected),
            "{sends} {lines}"
        );
    }
}

#[test]
fn what_the_server_does_wrong_is_told_apart() {
    type Answer = fn(&str) -> Reply;
    let cases: [(Answer, &str, u16, &str); 7] = [
        (|_| Reply::Close, "", 502, "SH--"),
        (
            |_| Reply::SendAndClose("HTTP/1.1 200 OK\r\nContent-".into()),
            "",
            502,
            "SH--",
        ),
        (
            |_| Reply::Stall(String::new()),
            "  timeout server 50ms",
            504,
            "sH--",
        ),
        (
            |_| Reply::SendAndClose("garbage\r\n\r\n".into()),
            "",
            502,
            "PH--",
        ),
        (
            |_| Reply::SendAndClose("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into()),
            "",
            200,
            "SD--",
        ),
        (
            |_| Reply::Stall("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc".into()),
            "  timeout server 50ms",
            200,
            "sD--",
        ),
        (|_| Reply::Send(ok("x")), "", 200, "----"),
    ];
    for (answer, lines, expected_status, expected) in cases {
        let origin = Origin::start(answer);
        let mut proxy = proxy_to(&origin.address.to_string(), lines);
        let mut client = proxy.client();
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        let record = proxy.record();
        let found: String = record.termination.letters().iter().collect();
        assert_eq!(
            (record.status, found.as_str()),
            (Some(expected_status), expected),
            "{lines}"
        );
        if found.ends_with("D--") {
            assert!(client.rest().ends_with("abc"), "what came is passed on");
        }
    }
}

#[test]
fn a_server_that_refuses_is_tried_again_and_then_given_up() {
    let nobody = Nobody::new();
    let mut proxy = proxy_to(&nobody.address(), "  retries 1\n  timeout connect 100ms");
    let response = proxy.client().get("/");
    assert_eq!(status(&response), 503);
    let record = proxy.record();
    assert_eq!(record.termination.letters(), ['S', 'C', '-', '-']);
    assert_eq!(record.retries, 1);
}

#[test]
fn redispatch_finds_another_server() {
    let nobody = Nobody::new();
    let origin = Origin::saying("x");
    let mut proxy = Proxy::start(&format!(
        "{DEFAULTS}  option httplog\n  log 127.0.0.1:1 local0\n  retries 1\n  option redispatch\n\
         listen test\n  bind {{fe}}\n  server bad {}\n  server good {}\n",
        nobody.address(),
        origin.address
    ));
    assert_eq!(status(&proxy.client().get("/")), 200);
    let record = proxy.record();
    assert!(record.redispatched);
    assert_eq!(
        record.server.as_ref().map(|server| server.name.as_str()),
        Some("good")
    );
}

#[test]
fn a_connection_that_never_speaks_is_not_logged_where_asked() {
    let origin = Origin::saying("x");
    let mut proxy = proxy_to(&origin.address.to_string(), "  option dontlognull");
    drop(proxy.client());
    assert_eq!(status(&proxy.client().get("/")), 200);
    assert_eq!(letters(&mut proxy), "----");
}

#[test]
fn a_client_that_leaves_while_waiting_is_noticed_with_abortonclose() {
    let origin = Origin::start(|_| Reply::Stall(String::new()));
    let mut proxy = proxy_to(&origin.address.to_string(), "  option abortonclose");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    eventually("the request reaches the server", || origin.requests() == 1);
    client.close_sending();
    assert_eq!(letters(&mut proxy), "CH--");
}

#[test]
fn captures_are_kept_to_their_length() {
    let origin = Origin::start(|_| {
        Reply::Send("HTTP/1.1 200 OK\r\nServer: apache\r\nSet-Cookie: SID=abcdef\r\nContent-Length: 0\r\n\r\n".into())
    });
    let mut proxy = Proxy::start(&format!(
        "{DEFAULTS}  option httplog\n  log 127.0.0.1:1 local0\nlisten test\n  bind {{fe}}\n  \
         capture request header Host len 4\n  capture request header None len 4\n  \
         capture response header Server len 3\n  capture cookie SID len 8\n  server s {}\n",
        origin.address
    ));
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: example\r\nCookie: A=1; SID=xyz\r\n\r\n");
    client.response();
    let record = proxy.record();
    assert_eq!(record.request_captures, [Some("exam".to_owned()), None]);
    assert_eq!(record.response_captures, [Some("apa".to_owned())]);
    assert_eq!(record.request_cookie.as_deref(), Some("SID=xyz"));
    assert_eq!(record.response_cookie.as_deref(), Some("SID=abcd"));
}

#[test]
fn a_full_server_queues_and_the_queue_moves_on() {
    let origin = Origin::start(|request| {
        if request.contains("/slow") {
            Reply::Stall(String::new())
        } else {
            Reply::Send(ok("x"))
        }
    });
    let mut proxy = Proxy::start(&format!(
        "{DEFAULTS}  option httplog\n  log 127.0.0.1:1 local0\n  option abortonclose\n\
         listen test\n  bind {{fe}}\n  server s {} maxconn 1\n",
        origin.address
    ));
    let mut slow = proxy.client();
    slow.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
    eventually("the first request holds the place", || {
        origin.connections() == 1
    });
    let mut waiting: Vec<Client> = (0..3).map(|_| proxy.client()).collect();
    for client in &mut waiting {
        client.send("GET /fast HTTP/1.1\r\nHost: t\r\n\r\n");
    }
    let snapshot = std::sync::Arc::clone(&proxy.balancer.snapshot);
    let queued = || snapshot.backends[0].state.counters.total().queued;
    eventually("three wait", || queued() == 3);
    drop(slow);
    for client in &mut waiting {
        assert_eq!(status(&client.response()), 200);
    }
    assert_eq!(queued(), 0);
    assert_eq!(letters(&mut proxy), "CH--");
}

#[test]
fn a_queue_has_a_time_limit() {
    let origin = Origin::start(|_| Reply::Stall(String::new()));
    let server = format!("{} maxconn 1", origin.address);
    let mut proxy = proxy_to(&server, "  timeout queue 50ms");
    let mut first = proxy.client();
    first.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    eventually("the place is taken", || origin.connections() == 1);
    assert_eq!(status(&proxy.client().get("/")), 503);
    let record = proxy.record();
    assert_eq!(record.termination.letters(), ['s', 'Q', '-', '-']);
    assert!(record.timers.queue.is_some_and(|waited| waited >= 50));
}

#[test]
fn a_limit_makes_connections_wait_their_turn() {
    for (global, frontend, bind) in [
        ("", "maxconn 1", ""),
        ("", "", "maxconn 1"),
        ("global\n  maxconn 1\n", "", ""),
    ] {
        let origin = Origin::saying("x");
        let proxy = Proxy::start(&format!(
            "{global}{DEFAULTS}frontend f\n  {frontend}\n  bind {{fe}} {bind}\n  default_backend b\nbackend b\n  server s {}\n",
            origin.address
        ));
        let mut first = proxy.client();
        first.get("/");
        let mut second = proxy.client();
        second.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        let gates = &proxy.balancer.snapshot;
        eventually("the second waits", || {
            gates.process.gate.waiting.len()
                + gates.frontends[0].state.gate.waiting.len()
                + gates.listeners[0].gate.waiting.len()
                == 1
        });
        assert_eq!(origin.requests(), 1);
        drop(first);
        assert_eq!(status(&second.response()), 200);
    }
}
