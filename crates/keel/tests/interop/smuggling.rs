//! Requests that two readers could understand differently: answered, logged, and never forwarded.

use crate::exchange::{Balancer, Origin, Said, Syslog, say};

/// Follows every request on its connection: whoever mistakes where the first one ends forwards it.
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nHost: second\r\n\r\n";

/// What is said, and what HAProxy's documentation (or the RFC) has for it.
fn heads() -> Vec<(&'static str, Vec<u8>, u16)> {
    let line = |line: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n").into_bytes();
    let request = |text: &str| format!("{text}\r\nHost: a\r\n\r\n").into_bytes();
    let bytes = |text: &str| text.as_bytes().to_vec();
    let many = "X: y\r\n".repeat(200);
    vec![
        (
            "Content-Length beside Transfer-Encoding",
            line("Content-Length: 4\r\nTransfer-Encoding: chunked"),
            400,
        ),
        (
            "Transfer-Encoding beside Content-Length",
            line("Transfer-Encoding: chunked\r\nContent-Length: 4"),
            400,
        ),
        (
            "two lengths",
            line("Content-Length: 4\r\nContent-Length: 5"),
            400,
        ),
        ("two lengths in one line", line("Content-Length: 4, 5"), 400),
        ("a length with a sign", line("Content-Length: +4"), 400),
        ("a length that is none", line("Content-Length: 4x"), 400),
        ("an empty length", line("Content-Length:"), 400),
        (
            "a length beyond all bounds",
            line("Content-Length: 99999999999999999999"),
            400,
        ),
        (
            "a coding that only looks like chunked",
            line("Transfer-Encoding: xchunked"),
            400,
        ),
        (
            "chunked, but not last",
            line("Transfer-Encoding: chunked, identity"),
            400,
        ),
        (
            "Transfer-Encoding twice",
            line("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
            400,
        ),
        (
            "Transfer-Encoding twice, once as another",
            line("Transfer-Encoding: chunked\r\nTransfer-Encoding: x"),
            400,
        ),
        (
            "chunked behind a vertical tab",
            line("Transfer-Encoding: \x0bchunked"),
            400,
        ),
        ("a space before the colon", line("Content-Length : 4"), 400),
        (
            "a tab before the colon",
            line("Transfer-Encoding\t: chunked"),
            400,
        ),
        (
            "a header that begins with a space",
            bytes("GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
            400,
        ),
        ("a folded header", line("X: a\r\n Content-Length: 4"), 400),
        ("a header without a colon", line("Content-Length"), 400),
        ("a header without a name", line(": 4"), 400),
        (
            "line feeds alone",
            bytes("GET / HTTP/1.1\nHost: a\n\n"),
            400,
        ),
        (
            "one line feed alone",
            bytes("GET / HTTP/1.1\r\nX: y\nHost: a\r\n\r\n"),
            400,
        ),
        (
            "a carriage return alone",
            line("X: a\rContent-Length: 4"),
            400,
        ),
        ("a NUL in a value", line("X: a\0b"), 400),
        ("a NUL in a name", line("X\0: b"), 400),
        ("a NUL in the target", request("GET /a\0b HTTP/1.1"), 400),
        ("a space in the target", request("GET /a b HTTP/1.1"), 400),
        ("no target", request("GET HTTP/1.1"), 400),
        ("a target that is none", request("GET a/b HTTP/1.1"), 400),
        (
            "a star that is not for OPTIONS",
            request("GET * HTTP/1.1"),
            400,
        ),
        ("no version", request("GET /"), 400),
        ("a version that is none", request("GET / HTTP/1.1x"), 400),
        ("a protocol that is not HTTP", request("GET / ICY/1.1"), 400),
        ("a method that is none", request("G(T / HTTP/1.1"), 400),
        (
            "something else altogether",
            bytes("\x16\x03\x01\x02\x00\x01\x00\r\n\r\n"),
            400,
        ),
        (
            "two hosts",
            bytes("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            400,
        ),
        (
            "a line of 20 kB",
            request(&format!("GET /{} HTTP/1.1", "a".repeat(20_000))),
            400,
        ),
        (
            "a header of 20 kB",
            line(&format!("X: {}", "a".repeat(20_000))),
            400,
        ),
        ("200 headers", line(&format!("{many}X: z")), 400),
    ]
}

/// Heads that are right, followed by a body that is not: whether the head was forwarded is for the
/// balancer to choose, but not a byte behind the fault may be.
const BODIES: [(&str, &str); 6] = [
    ("a chunk size beyond all bounds", "FFFFFFFFFFFFFFFFF\r\n"),
    ("a chunk size with a sign", "-4\r\nabcd\r\n0\r\n\r\n"),
    ("a chunk size that is none", "0x4\r\nabcd\r\n0\r\n\r\n"),
    ("no chunk size", "\r\n0\r\n\r\n"),
    (
        "a chunk that is longer than said",
        "4\r\nabcdef\r\n0\r\n\r\n",
    ),
    (
        "a chunk size that ends in a line feed alone",
        "4\nabcd\r\n0\r\n\r\n",
    ),
];

struct Site {
    balancer: Balancer,
    origin: Origin,
    log: Syslog,
}

impl Site {
    fn new() -> Self {
        let origin = Origin::start("origin");
        let log = Syslog::open();
        let balancer = Balancer::start(&format!(
            "global\n    log {} local0\n\
             defaults\n    mode http\n    log global\n    option httplog\n    \
             timeout connect 2s\n    timeout client 10s\n    timeout server 10s\n\
             frontend web\n    bind 127.0.0.1:{{port}}\n    default_backend origins\n\
             backend origins\n    server origin {}\n",
            log.address(),
            origin.address
        ));
        Self {
            balancer,
            origin,
            log,
        }
    }

    #[track_caller]
    fn say(&self, pieces: &[&[u8]]) -> Said {
        say(self.balancer.port, pieces)
    }
}

#[test]
fn a_head_that_is_wrong_is_answered_logged_and_never_forwarded() {
    let site = Site::new();
    let mut wrong = Vec::new();
    for (what, head, status) in heads() {
        let all = [&head, SECOND.as_bytes()].concat();
        let middle = head.len() / 2;
        for pieces in [&[&all[..]][..], &[&all[..middle], &all[middle..]]] {
            let Said {
                answer,
                client_port,
            } = site.say(pieces);
            let line = site.log.line_about(client_port);
            let expected = format!("HTTP/1.1 {status} ");
            if !answer.starts_with(&expected)
                || answer.matches("HTTP/1.1 ").count() != 1
                || !line.contains("/<NOSRV> -1/-1/-1/-1/")
                || !line.contains(&format!(" {status} "))
                || !line.contains(" PR-- ")
            {
                let first = answer.lines().next().unwrap_or("nothing");
                wrong.push(format!("{what} ({} pieces): {first}; {line}", pieces.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(site.origin.seen(), "", "the origin was never asked");
    let fine = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = site.say(&[fine.as_bytes()]).answer;
    assert!(answer.ends_with("origin GET / 0\n"), "{answer}");
}

#[test]
fn nothing_behind_a_wrong_chunk_is_forwarded() {
    let site = Site::new();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (what, body) in BODIES {
        let rest = format!("{body}{SECOND}");
        let whole = format!("{head}{rest}");
        for pieces in [&[whole.as_bytes()][..], &[head.as_bytes(), rest.as_bytes()]] {
            let Said {
                answer,
                client_port,
            } = site.say(pieces);
            assert!(answer.starts_with("HTTP/1.1 400 "), "{what}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{what}: {answer}");
            let line = site.log.line_about(client_port);
            assert!(line.contains(" 400 "), "{what}: {line}");
        }
    }
    let seen = site.origin.seen();
    assert!(!seen.contains("smuggled"), "{seen}");
}
