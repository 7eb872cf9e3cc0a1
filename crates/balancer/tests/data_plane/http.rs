//! What an HTTP client and an origin see of each other through the balancer.

use crate::support::{Client, DEFAULTS, Origin, Proxy, Reply, body, header, ok, status};

fn proxy_to(origin: &Origin, frontend: &str, backend: &str) -> Proxy {
    Proxy::start(&format!(
        "{DEFAULTS}{frontend}\nlisten test\n  bind {{fe}}\n{backend}\n  server s {}\n",
        origin.address
    ))
}

#[test]
fn requests_follow_one_another_over_the_same_connections() {
    let origin = Origin::start(|request| Reply::Send(ok(request.lines().next().unwrap_or(""))));
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    for path in ["/a", "/b", "/c"] {
        assert_eq!(body(&client.get(path)), format!("GET {path} HTTP/1.1"));
    }
    assert_eq!(origin.connections(), 1);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::start(|request| Reply::Send(ok(&request[..6])));
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send(
        "GET /1 HTTP/1.1\r\nHost: t\r\n\r\nGET /2 HTTP/1.1\r\nHost: t\r\n\r\nGET /3 HTTP/1.1\r\nHost: t\r\n\r\n",
    );
    for expected in ["GET /1", "GET /2", "GET /3"] {
        assert_eq!(body(&client.response()), expected);
    }
}

#[test]
fn bodies_pass_unchanged_whatever_their_framing_and_pieces() {
    let origin = Origin::start(|request| Reply::Send(ok(body(request))));
    let proxy = proxy_to(&origin, "", "");
    let large = "0123456789".repeat(20_000);
    let mut client = proxy.client();
    client.send(&format!(
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: {}\r\n\r\n{large}",
        large.len()
    ));
    assert_eq!(body(&client.response()), large);
    // The head byte by byte, the body later.
    for byte in "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\n".chars() {
        client.send(&byte.to_string());
    }
    client.send("he").send("llo");
    assert_eq!(body(&client.response()), "hello");
}

#[test]
fn chunked_bodies_are_forwarded_as_they_come() {
    let origin = Origin::start(|_| {
        Reply::Send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".into(),
        )
    });
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    for _ in 0..2 {
        client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
        let expected =
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
        let got = client.exactly(expected.len());
        assert_eq!(got.to_ascii_lowercase(), expected.to_ascii_lowercase());
    }
}

#[test]
fn clients_that_know_no_chunks_get_none() {
    let origin = Origin::start(|_| {
        Reply::Send(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n".into(),
        )
    });
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let all = client.rest();
    assert_eq!(body(&all), "hello");
    assert_eq!(header(&all, "transfer-encoding"), None);
}

#[test]
fn a_response_without_length_ends_with_both_connections() {
    let origin =
        Origin::start(|_| Reply::SendAndClose("HTTP/1.1 200 OK\r\n\r\nuntil the end".into()));
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\n\r\n");
    let all = client.rest();
    assert!(all.ends_with("\r\n\r\nuntil the end"), "{all}");
    assert_eq!(header(&all, "connection"), Some("close"), "{all}");
}

#[test]
fn responses_without_body_leave_the_connection_usable() {
    for (request, response) in [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "GET",
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
        ),
    ] {
        let origin = Origin::start(move |request| {
            Reply::Send(if request.contains(" /last ") {
                ok("last")
            } else {
                response.into()
            })
        });
        let proxy = proxy_to(&origin, "", "");
        let mut client = proxy.client();
        client.send(&format!("{request} / HTTP/1.1\r\nHost: t\r\n\r\n"));
        let got = client.exactly(response.len());
        assert_eq!(status(&got), status(response));
        assert_eq!(body(&client.get("/last")), "last");
    }
}

#[test]
fn connection_modes_close_what_they_name() {
    for (option, server_connections, client_closes) in [
        ("option http-keep-alive", 1, false),
        ("option http-server-close", 2, false),
        ("option httpclose", 1, true),
    ] {
        let origin = Origin::start(|request| {
            let closes = header(request, "connection") == Some("close");
            if closes {
                Reply::SendAndClose(ok("x"))
            } else {
                Reply::Send(ok("x"))
            }
        });
        let proxy = proxy_to(&origin, option, "");
        let mut client = proxy.client();
        let first = client.get("/");
        assert_eq!(
            header(&first, "connection") == Some("close"),
            client_closes,
            "{option}"
        );
        if client_closes {
            assert!(client.is_closed(), "{option}");
        } else {
            client.get("/");
        }
        assert_eq!(origin.connections(), server_connections, "{option}");
    }
}

#[test]
fn http_1_0_clients_are_closed_unless_they_ask() {
    let origin = Origin::saying("x");
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert_eq!(header(&client.response(), "connection"), Some("keep-alive"));
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert_eq!(header(&client.response(), "connection"), Some("close"));
    assert!(client.is_closed());
}

#[test]
fn what_is_no_request_is_refused_and_never_forwarded() {
    let origin = Origin::saying("x");
    let proxy = proxy_to(&origin, "", "");
    for request in [
        "GET / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : t\r\n\r\n",
        "GET / HTTP/1.1\nHost: t\n\n",
        "GET / HTTP/1.1\r\nHost: t\r\n folded\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let mut client = proxy.client();
        client.send(request);
        let all = client.rest();
        assert_eq!(status(&all), 400, "{request}");
        assert_eq!(header(&all, "connection"), Some("close"), "{request}");
    }
    assert_eq!(origin.connections(), 0);
}

#[test]
fn a_bad_chunk_after_a_good_head_ends_the_exchange() {
    let origin = Origin::saying("x");
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send("POST / HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    assert_eq!(status(&client.rest()), 400);
}

#[test]
fn an_expectation_is_passed_on_and_answered_by_the_server() {
    let origin = Origin::start(|request| {
        assert_eq!(header(request, "expect"), Some("100-continue"));
        Reply::Echo(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n".into(),
        )
    });
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    // No Content-Length in the test origin's eyes: it answers before the body.
    client.send(
        "POST / HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\n",
    );
    assert_eq!(status(&client.response()), 100);
    client.send("0\r\n\r\n");
    let rest = client.response();
    assert_eq!(status(&rest), 200);
}

#[test]
fn an_upgraded_connection_is_a_tunnel() {
    let origin = Origin::start(|_| {
        Reply::Echo(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n"
                .into(),
        )
    });
    let proxy = proxy_to(&origin, "", "");
    let mut client = proxy.client();
    client.send("GET / HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\nearly");
    assert_eq!(status(&client.response()), 101);
    assert_eq!(client.exactly(5), "early");
    client.send("later");
    assert_eq!(client.exactly(5), "later");
    client.close_sending();
    assert!(client.is_closed());
}

#[test]
fn the_server_learns_the_client_s_address() {
    for (option, expected) in [
        ("option forwardfor", Some("127.0.0.1")),
        ("option forwardfor except 127.0.0.0/8", None),
        ("option forwardfor header X-Client", None),
    ] {
        let origin = Origin::start(|request| {
            Reply::Send(ok(header(request, "x-forwarded-for").unwrap_or("none")))
        });
        let proxy = proxy_to(&origin, option, "");
        assert_eq!(
            body(&proxy.client().get("/")),
            expected.unwrap_or("none"),
            "{option}"
        );
    }
}

#[test]
fn http_reuse_decides_who_shares_a_server_connection() {
    for (policy, connections) in [("never", 2), ("safe", 2), ("aggressive", 2), ("always", 1)] {
        let origin = Origin::saying("x");
        let proxy = proxy_to(&origin, &format!("http-reuse {policy}"), "");
        for _ in 0..2 {
            let mut client = proxy.client();
            client.get("/");
        }
        assert_eq!(origin.connections(), connections, "{policy}");
    }
}

#[test]
fn clients_that_come_one_after_the_other_leave_one_connection_behind() {
    let origin = Origin::saying("x");
    let proxy = proxy_to(&origin, "http-reuse safe", "");
    for _ in 0..20 {
        assert_eq!(status(&proxy.client().get("/")), 200);
    }
    origin.open_falls_to(1);
}

#[test]
fn a_closed_connection_takes_no_place_from_a_client_s_own() {
    let origin = Origin::start(|request| match request.starts_with("GET /last ") {
        true => Reply::SendAndClose(ok("x")),
        false => Reply::Send(ok("x")),
    });
    let proxy = proxy_to(&origin, "http-reuse safe", "");
    proxy.client().get("/last");
    let mut client = proxy.client();
    for path in ["/1", "/2", "/3"] {
        assert_eq!(status(&client.get(path)), 200);
    }
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_request_over_a_connection_that_the_server_had_closed_is_sent_again() {
    // Answers once on each connection, then closes without saying so.
    let origin = Origin::start(|_| Reply::SendAndClose(ok("x")));
    let proxy = proxy_to(&origin, "http-reuse always", "");
    let mut client = proxy.client();
    for _ in 0..5 {
        assert_eq!(status(&client.get("/")), 200);
    }
}

#[test]
fn rules_deny_redirect_return_and_rewrite() {
    let origin =
        Origin::start(|request| Reply::Send(ok(header(request, "x-added").unwrap_or("-"))));
    let proxy = proxy_to(
        &origin,
        "",
        "  http-request deny if { path /deny }\n  http-request redirect location /new if { path /old }\n  \
         http-request return status 200 content-type text/plain string mine if { path /own }\n  \
         http-request add-header X-Added yes\n  http-response set-header X-Seen yes",
    );
    let mut client = proxy.client();
    for (path, expected, text) in [
        ("/deny", 403, None),
        ("/old", 302, None),
        ("/own", 200, Some("mine")),
        ("/", 200, Some("yes")),
    ] {
        let response = client.get(path);
        assert_eq!(status(&response), expected, "{path}");
        if let Some(text) = text {
            assert_eq!(body(&response), text, "{path}");
        }
    }
    assert_eq!(header(&client.get("/"), "x-seen"), Some("yes"));
}

#[test]
fn use_backend_chooses_by_path() {
    let (one, two) = (Origin::saying("one"), Origin::saying("two"));
    let proxy = Proxy::start(&format!(
        "{DEFAULTS}frontend f\n  bind {{fe}}\n  acl second path_beg -i /TWO\n  use_backend b2 if second\n  \
         default_backend b1\nbackend b1\n  server s {}\nbackend b2\n  server s {}\n",
        one.address, two.address
    ));
    let mut client = proxy.client();
    for (path, expected) in [("/", "one"), ("/two/x", "two"), ("/one", "one")] {
        assert_eq!(body(&client.get(path)), expected);
    }
}

#[test]
fn the_proxy_answers_its_own_addresses() {
    let origin = Origin::saying("origin");
    let proxy = proxy_to(
        &origin,
        "",
        "  monitor-uri /alive\n  stats enable\n  stats uri /stats",
    );
    let mut client = proxy.client();
    for monitored in ["/alive", "http://test/alive"] {
        assert!(
            body(&client.get(monitored)).contains("Service ready"),
            "{monitored}"
        );
    }
    for other in ["/Alive", "/alive/", "/alive?x"] {
        assert_eq!(body(&client.get(other)), "origin", "{other}");
    }
    assert_eq!(body(&client.get("/stats;csv")), "stats of 0 at /stats;csv");
    assert_eq!(body(&client.get("/other")), "origin");
}

#[test]
fn several_workers_serve_the_same_address() {
    let origin = Origin::saying("x");
    let proxy = Proxy::with_workers(
        &format!(
            "{DEFAULTS}listen l\n  bind {{fe}}\n  server s {}\n",
            origin.address
        ),
        3,
    );
    let mut clients: Vec<Client> = (0..12).map(|_| proxy.client()).collect();
    for client in &mut clients {
        assert_eq!(status(&client.get("/")), 200);
    }
}

#[test]
fn servers_take_turns_whichever_worker_a_client_reaches() {
    for balance in ["roundrobin", "static-rr", "leastconn"] {
        let origins = ["a", "b", "c"].map(Origin::saying);
        let [a, b, c] = origins.each_ref().map(|origin| &origin.address);
        let proxy = Proxy::with_workers(
            &format!(
                "{DEFAULTS}listen l\n  bind {{fe}}\n  balance {balance}\n  server a {a}\n  \
                 server b {b}\n  server c {c}\n"
            ),
            3,
        );
        let answers: String = (0..9)
            .map(|_| body(&proxy.client().get("/")).to_owned())
            .collect();
        assert_eq!(answers, "abcabcabc", "{balance}");
    }
}
