//! The same client to the same server: by cookie and by address; and how servers take turns.

use crate::support::{Client, DEFAULTS, Origin, Proxy, Reply, body, header, ok};

const NAMES: [&str; 3] = ["one", "two", "three"];

fn origins() -> Vec<Origin> {
    NAMES.iter().map(|name| Origin::saying(name)).collect()
}

fn proxy_to(origins: &[Origin], lines: &str, parameters: [&str; 3]) -> Proxy {
    let servers: String = origins
        .iter()
        .zip(NAMES)
        .zip(parameters)
        .map(|((origin, name), more)| format!("  server {name} {} {more}\n", origin.address))
        .collect();
    Proxy::start(&format!(
        "{DEFAULTS}listen test\n  bind {{fe}}\n{lines}\n{servers}"
    ))
}

fn turns(client: &mut Client, count: usize) -> Vec<String> {
    (0..count)
        .map(|_| body(&client.get("/")).to_owned())
        .collect()
}

#[test]
fn servers_take_turns_by_weight() {
    for (balance, parameters, expected) in [
        ("roundrobin", ["", "", ""], "one two three one two three"),
        (
            "roundrobin",
            ["weight 2", "", "weight 0"],
            "one two one one two one",
        ),
        ("static-rr", ["", "", "disabled"], "one two one two one two"),
        (
            "roundrobin",
            ["", "backup", "backup"],
            "one one one one one one",
        ),
        (
            "roundrobin",
            ["disabled", "backup", "backup"],
            "two two two two two two",
        ),
        ("first", ["", "", ""], "one one one one one one"),
        ("leastconn", ["", "", ""], "one two three one two three"),
    ] {
        let origins = origins();
        let proxy = proxy_to(&origins, &format!("  balance {balance}"), parameters);
        assert_eq!(
            turns(&mut proxy.client(), 6).join(" "),
            expected,
            "{balance} {parameters:?}"
        );
    }
}

#[test]
fn one_address_always_gets_one_server() {
    for kind in ["", "  hash-type consistent"] {
        let origins = origins();
        let proxy = proxy_to(&origins, &format!("  balance source\n{kind}"), ["", "", ""]);
        let first = turns(&mut proxy.client(), 1);
        for _ in 0..5 {
            assert_eq!(turns(&mut proxy.client(), 1), first);
        }
    }
}

#[test]
fn an_inserted_cookie_brings_the_client_back() {
    let origins = origins();
    let proxy = proxy_to(
        &origins,
        "  cookie SRV insert indirect nocache",
        ["cookie a", "cookie b", "cookie c"],
    );
    let mut client = proxy.client();
    let first = client.get("/");
    assert_eq!(header(&first, "set-cookie"), Some("SRV=a; path=/"));
    assert_eq!(header(&first, "cache-control"), Some("private"));
    for _ in 0..4 {
        client.send("GET / HTTP/1.1\r\nHost: t\r\nCookie: X=1; SRV=b\r\n\r\n");
        let response = client.response();
        assert_eq!(body(&response), "two");
        assert_eq!(header(&response, "set-cookie"), None);
    }
    // A cookie that names nobody is replaced.
    client.send("GET / HTTP/1.1\r\nHost: t\r\nCookie: SRV=zzz\r\n\r\n");
    assert!(header(&client.response(), "set-cookie").is_some());
}

#[test]
fn an_inserted_cookie_with_dates_is_renewed_or_ignored() {
    let origins = origins();
    let proxy = proxy_to(
        &origins,
        "  cookie SRV insert indirect maxidle 1m maxlife 1h",
        ["cookie a", "cookie b", "cookie c"],
    );
    let mut client = proxy.client();
    for (sent, expected) in [
        // No date: accepted, and dated now.
        ("b", "SRV=b|"),
        // Last seen in 2012.
        ("b|UAAAA|UAAAA", "SRV=a|"),
    ] {
        client.send(&format!(
            "GET / HTTP/1.1\r\nHost: t\r\nCookie: SRV={sent}\r\n\r\n"
        ));
        let response = client.response();
        let line = header(&response, "set-cookie").expect("a cookie");
        assert!(line.starts_with(expected), "{sent}: {line}");
        let value = line.split(['=', ';']).nth(1).expect("a value");
        assert_eq!(value.len(), "b|AAAAA|AAAAA".len(), "{line}");
    }
}

#[test]
fn an_indirect_cookie_never_reaches_the_server() {
    for (lines, sent, expected) in [
        ("cookie SRV insert indirect", "A=1; SRV=a; B=2", "A=1; B=2"),
        ("cookie SRV insert", "A=1; SRV=a", "A=1; SRV=a"),
        ("cookie SRV prefix", "SRV=a~value", "SRV=value"),
    ] {
        let origin =
            Origin::start(|request| Reply::Send(ok(header(request, "cookie").unwrap_or("none"))));
        let proxy = Proxy::start(&format!(
            "{DEFAULTS}listen test\n  bind {{fe}}\n  {lines}\n  server one {} cookie a\n",
            origin.address
        ));
        let mut client = proxy.client();
        client.send(&format!(
            "GET / HTTP/1.1\r\nHost: t\r\nCookie: {sent}\r\n\r\n"
        ));
        assert_eq!(body(&client.response()), expected, "{lines}");
    }
}

#[test]
fn an_application_s_cookie_is_rewritten_or_prefixed() {
    for (lines, expected) in [
        ("cookie SRV rewrite", "SRV=a; Path=/"),
        ("cookie SRV prefix", "SRV=a~value; Path=/"),
        ("cookie SRV", "SRV=value; Path=/"),
    ] {
        let origin = Origin::start(|_| {
            Reply::Send(
                "HTTP/1.1 200 OK\r\nSet-Cookie: SRV=value; Path=/\r\nContent-Length: 0\r\n\r\n"
                    .into(),
            )
        });
        let proxy = Proxy::start(&format!(
            "{DEFAULTS}listen test\n  bind {{fe}}\n  {lines}\n  server one {} cookie a\n",
            origin.address
        ));
        let response = proxy.client().get("/");
        assert_eq!(header(&response, "set-cookie"), Some(expected), "{lines}");
    }
}

#[test]
fn a_drained_server_keeps_its_clients_and_gets_no_others() {
    let origins = origins();
    let proxy = proxy_to(
        &origins,
        "  cookie SRV insert",
        ["cookie a", "cookie b", "cookie c"],
    );
    let backend = &proxy.balancer.snapshot.backends[0];
    backend
        .state
        .change_server(&backend.servers[0].state, |detail| {
            detail.admin.forced_drain = true
        });
    let mut client = proxy.client();
    assert!(turns(&mut client, 6).iter().all(|name| name != "one"));
    client.send("GET / HTTP/1.1\r\nHost: t\r\nCookie: SRV=a\r\n\r\n");
    assert_eq!(body(&client.response()), "one");
    // In maintenance nobody gets there.
    backend
        .state
        .change_server(&backend.servers[0].state, |detail| {
            detail.admin.forced_maintenance = true
        });
    client.send("GET / HTTP/1.1\r\nHost: t\r\nCookie: SRV=a\r\n\r\n");
    assert_ne!(body(&client.response()), "one");
}

#[test]
fn without_a_usable_server_the_answer_is_503() {
    let origins = origins();
    let proxy = proxy_to(&origins, "", ["disabled", "disabled", "disabled"]);
    let mut client = proxy.client();
    assert!(client.get("/").starts_with("HTTP/1.1 503 "));
}
