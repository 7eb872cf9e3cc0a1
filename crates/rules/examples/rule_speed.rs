//! Prints what it costs to run the rules of a usual frontend on one request.
//!
//! `cargo run --release -p rules --example rule_speed`

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Instant;

use diagnostics::Diagnostics;
use haproxy_config::{Load, Text, parse};
use http1::{Limits, RequestHead};
use rules::{Inputs, Live, Request, Session, compile};

/// The best of so many batches counts: other work on the machine only ever adds.
const BATCHES: u32 = 100;
const ROUNDS: u32 = 10_000;

/// The OpenStack page's frontend, with a header added.
const TEXT: &str = "defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
backend static
backend app
frontend main
    bind 127.0.0.1:5000
    acl url_static path_beg -i /static /images /javascript /stylesheets
    acl url_static path_end -i .jpg .gif .png .css .js
    http-request set-header X-Forwarded-Proto http if !{ ssl_fc }
    use_backend static if url_static
    default_backend app
";

const HEAD: &[u8] = b"GET /index.html?a=b HTTP/1.1\r\nHost: www.example.org\r\n\
    User-Agent: curl/8.0\r\nAccept: */*\r\nX-Forwarded-Proto: spoofed\r\n\r\n";

struct Figures;

impl Live for Figures {
    fn servers_up(&self, _: usize) -> u32 {
        1
    }
    fn frontend_connections(&self, _: usize) -> u64 {
        1
    }
    fn backend_connections(&self, _: usize) -> u64 {
        1
    }
    fn queued(&self, _: usize) -> u64 {
        0
    }
}

fn main() {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "example".to_owned(),
            text: TEXT.to_owned(),
        }],
        ..Load::default()
    });
    let config = parsed.config.expect("the configuration is valid");
    let inputs = Inputs {
        pattern_file: &|_| None,
        environment: &BTreeMap::new(),
        hostname: "fred",
    };
    let programs = compile(&config, &inputs, &mut Diagnostics::new());
    let program = programs.proxies.last().expect("there are proxies");
    let session = Session {
        client: None,
        local: None,
        tls: None,
        frontend: "main",
        backend: None,
        server: None,
        live: &Figures,
    };
    let measure = |name: &str, round: &mut dyn FnMut(&mut RequestHead)| {
        let mut head = RequestHead::new();
        let mut batch = || {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                let parsed = head.parse(black_box(HEAD), &Limits::default());
                black_box(&parsed).as_ref().expect("the head is valid");
                round(&mut head);
            }
            start.elapsed() / ROUNDS
        };
        let best = (0..BATCHES).map(|_| batch()).min();
        println!("{name}: {} ns", best.unwrap_or_default().as_nanos());
    };
    measure("parse", &mut |_| {});
    measure("parse and http-request", &mut |head| {
        black_box(program.request(&session, head, HEAD));
    });
    measure("parse and use_backend", &mut |head| {
        let request = Request {
            head,
            original: HEAD,
        };
        black_box(program.backend(&session, Some(request)));
    });
}
