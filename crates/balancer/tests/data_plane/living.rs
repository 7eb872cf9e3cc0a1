//! A balancer that changes while it runs: reload, drain; and TCP mode.

use std::sync::atomic::Ordering;

use crate::support::{
    Client, DEFAULTS, Origin, Proxy, Reply, body, eventually, header, ok, status,
};

fn listen_on(server: &Origin, more: &str) -> String {
    format!(
        "{DEFAULTS}listen test\n  bind {{fe}}\n{more}\n  server s {}\n",
        server.address
    )
}

#[test]
fn a_reload_drops_no_connection_and_holds_from_the_next_request_on() {
    let (old, new) = (Origin::saying("old"), Origin::saying("new"));
    let mut proxy = Proxy::start(&listen_on(&old, ""));
    let mut client = proxy.client();
    assert_eq!(body(&client.get("/")), "old");
    proxy.reload(&listen_on(&new, ""));
    eventually("the new server answers", || body(&client.get("/")) == "new");
    assert_eq!(body(&proxy.client().get("/")), "new");
}

#[test]
fn a_reload_keeps_state_and_counters_of_what_stays() {
    let origin = Origin::saying("x");
    let mut proxy = Proxy::start(&listen_on(&origin, ""));
    proxy.client().get("/");
    let before = std::sync::Arc::clone(&proxy.balancer.snapshot.backends[0].servers[0].state);
    eventually("the request is counted", || {
        before.counters.total().requests == 1
    });
    proxy.reload(&listen_on(&origin, "  balance leastconn"));
    let after = &proxy.balancer.snapshot.backends[0].servers[0].state;
    assert_eq!(after.counters.total().requests, 1);
}

#[test]
fn a_reload_opens_and_closes_listeners() {
    let origin = Origin::saying("x");
    let mut proxy = Proxy::start(&listen_on(&origin, ""));
    proxy.reload(&listen_on(&origin, "  bind {fe2}"));
    assert_eq!(status(&Client::connect(proxy.second).get("/")), 200);
    let mut kept = Client::connect(proxy.second);
    kept.get("/");
    proxy.reload(&listen_on(&origin, ""));
    assert_eq!(status(&kept.get("/")), 200);
    assert_eq!(status(&proxy.client().get("/")), 200);
}

#[test]
fn a_drain_ends_idle_connections_and_finishes_the_others() {
    let origin = Origin::start(|request| {
        if request.contains("/slow") {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        Reply::Send(ok("x"))
    });
    let proxy = Proxy::start(&listen_on(&origin, ""));
    let mut idle = proxy.client();
    idle.get("/");
    let mut busy = proxy.client();
    busy.send("GET /slow HTTP/1.1\r\nHost: t\r\n\r\n");
    let requests = &origin.requests;
    eventually("both requests arrived", || {
        requests.load(Ordering::SeqCst) == 2
    });
    proxy.balancer.workers[0].drain();
    assert!(idle.is_closed());
    let response = busy.response();
    assert_eq!(status(&response), 200);
    assert_eq!(header(&response, "connection"), Some("close"));
    assert!(busy.is_closed());
    let drained = &proxy.balancer.drained;
    eventually("the worker says so", || drained.load(Ordering::SeqCst) == 1);
}

fn tcp(server: &Origin, lines: &str) -> Proxy {
    Proxy::start(&format!(
        "{DEFAULTS}  log 127.0.0.1:1 local0\n  option tcplog\nlisten test\n  mode tcp\n  bind {{fe}}\n{lines}\n  server s {}\n",
        server.address
    ))
}

#[test]
fn tcp_mode_moves_bytes_both_ways_until_both_have_ended() {
    let origin = Origin::start(|_| Reply::Echo("echo:".into()));
    let mut proxy = tcp(&origin, "");
    let mut client = proxy.client();
    client.send("\r\n\r\n");
    assert_eq!(client.exactly(5), "echo:");
    let large = "0123456789abcdef".repeat(8_192);
    let sender = {
        let mut stream = client.stream.try_clone().expect("a second handle");
        let large = large.clone();
        std::thread::spawn(move || {
            std::io::Write::write_all(&mut stream, large.as_bytes()).expect("it is read");
        })
    };
    assert_eq!(client.exactly(large.len()), large);
    sender.join().expect("sent");
    client.close_sending();
    assert!(client.is_closed());
    let record = proxy.record();
    assert_eq!(record.termination.letters(), ['-', '-', '-', '-']);
    assert_eq!(record.bytes_in, large.len() as u64 + 4);
    assert_eq!(record.bytes_out, large.len() as u64 + 5);
}

#[test]
fn with_logasap_a_tcp_session_is_logged_once_it_is_connected() {
    let origin = Origin::start(|_| Reply::Echo("echo:".into()));
    let mut proxy = tcp(&origin, "  option logasap");
    let mut client = proxy.client();
    let record = proxy.record();
    assert_eq!(record.bytes_out, 0);
    assert!(record.timers.connect.is_some());
    client.send("\r\n\r\n");
    assert_eq!(client.exactly(5), "echo:");
    let source = client.stream.local_addr().ok();
    assert_eq!(record.client, source);
    drop(client);
    let next = proxy.client();
    assert_eq!(proxy.record().client, next.stream.local_addr().ok());
}

#[test]
fn timeout_tunnel_ends_a_silent_tcp_session() {
    let origin = Origin::start(|_| Reply::Stall(String::new()));
    let mut proxy = tcp(&origin, "  timeout tunnel 50ms");
    assert!(proxy.client().is_closed());
    assert_eq!(proxy.record().termination.letters()[1], 'D');
}

#[test]
fn tcp_mode_ends_silent_sessions() {
    let origin = Origin::start(|_| Reply::Stall(String::new()));
    for (lines, expected) in [
        ("  timeout client 50ms", 'c'),
        ("  timeout server 50ms", 's'),
    ] {
        let mut proxy = tcp(&origin, lines);
        let mut client = proxy.client();
        assert!(client.is_closed());
        assert_eq!(proxy.record().termination.letters()[..2], [expected, 'D']);
    }
}

#[test]
fn the_proxy_protocol_carries_the_client_s_address_in_and_out() {
    for (parameter, expected) in [
        ("send-proxy", "PROXY TCP4 192.0.2.1 192.0.2.2 1025 80"),
        ("", "192.0.2.1"),
    ] {
        let origin = Origin::start(|request| {
            let line = request.lines().next().unwrap_or("").to_owned();
            let client = header(request, "x-forwarded-for")
                .unwrap_or("none")
                .to_owned();
            Reply::Send(ok(if line.starts_with("PROXY") {
                &line
            } else {
                &client
            }))
        });
        let proxy = Proxy::start(&format!(
            "{DEFAULTS}  option forwardfor\nlisten test\n  bind {{fe}} accept-proxy\n  server s {} {parameter}\n",
            origin.address
        ));
        let mut client = proxy.client();
        client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1025 80\r\n");
        assert_eq!(body(&client.get("/")), expected);
    }
}

#[test]
fn the_operator_can_end_a_server_s_sessions() {
    let origin = Origin::start(|_| Reply::Echo("echo:".into()));
    let proxy = tcp(&origin, "");
    let mut client = proxy.client();
    client.send("\r\n\r\n");
    assert_eq!(client.exactly(5), "echo:");
    proxy.balancer.snapshot.backends[0].servers[0]
        .state
        .shutdown_sessions();
    assert!(client.is_closed());
}

#[test]
fn a_paused_frontend_lets_connections_wait() {
    let origin = Origin::saying("x");
    let proxy = Proxy::start(&listen_on(&origin, ""));
    let state = &proxy.balancer.snapshot.frontends[0].state;
    state.paused.store(true, Ordering::Relaxed);
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    state.paused.store(false, Ordering::Relaxed);
    assert_eq!(status(&client.response()), 200);
}
