//! Prints what it costs to parse a small head, edit it as a proxy does, and write it.
//!
//! `cargo run --release -p http --example head_speed`

use std::hint::black_box;
use std::time::Instant;

use http::{
    KnownHeader, Limits, Method, RequestHead, ResponseHead, ServerSide, Version, edit_request,
    edit_response,
};

/// The best of so many batches counts: other work on the machine only ever adds.
const BATCHES: u32 = 100;
const ROUNDS: u32 = 10_000;
const SMALL: &[u8] = b"GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n";
const BROWSER: &[u8] = b"GET /index.html?a=b HTTP/1.1\r\nHost: www.example.org\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n\
    Accept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\n\
    Connection: keep-alive\r\nCookie: SESSION=0123456789abcdef; SERVERID=web1\r\n\
    Upgrade-Insecure-Requests: 1\r\nCache-Control: max-age=0\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Sat, 21 Nov 2026 00:00:00 GMT\r\n\
    Content-Type: text/plain\r\nContent-Length: 35\r\nConnection: keep-alive\r\n\r\n";

fn main() {
    for (name, text) in [("small request", SMALL), ("browser request", BROWSER)] {
        let (mut head, mut out) = (RequestHead::new(), Vec::new());
        measure(name, || {
            let parsed = head.parse(black_box(text), &Limits::default());
            black_box(&parsed).as_ref().expect("the head is valid");
            edit_request(&mut head, text, ServerSide::Reuse);
            head.headers
                .add_known(KnownHeader::XForwardedFor, b"192.168.56.1");
            out.clear();
            head.encode_into(text, &mut out);
            black_box(&out);
        });
    }
    let (mut head, mut out) = (ResponseHead::new(), Vec::new());
    measure("response", || {
        let parsed = head.parse(black_box(RESPONSE), Method::Get, &Limits::default());
        black_box(&parsed).as_ref().expect("the head is valid");
        edit_response(&mut head, RESPONSE, Version::Http11, true);
        out.clear();
        head.encode_into(RESPONSE, &mut out);
        black_box(&out);
    });
}

fn measure(name: &str, mut round: impl FnMut()) {
    let mut batch = || {
        let start = Instant::now();
        for _ in 0..ROUNDS {
            round();
        }
        start.elapsed() / ROUNDS
    };
    let best = (0..BATCHES).map(|_| batch()).min().unwrap_or_default();
    println!("{name}: {} ns to parse, edit and write", best.as_nanos());
}
