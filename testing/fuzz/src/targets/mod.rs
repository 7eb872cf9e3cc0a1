//! What each target does with one input.

pub mod agents;
pub mod cib;
pub mod cluster;
pub mod controller;
pub mod corosync_config;
pub mod fencing;
pub mod group;
pub mod pcsd;
pub mod quorum;
pub mod replica;
pub mod transport;

use std::collections::BTreeMap;

use balancer::cli::words;
use balancer::proxy_protocol;
use diagnostics::{Diagnostics, Sources, render, render_line};
use http1::{BodyScanner, ChunkScanner, Limits, Parsed, RequestHead, ResponseHead};

/// Any text is parsed or refused, and every message about it can be shown.
pub fn haproxy_config(bytes: &[u8]) {
    let parsed = haproxy_config::parse(haproxy_config::Load {
        texts: vec![haproxy_config::Text {
            name: "haproxy.cfg".to_owned(),
            text: String::from_utf8_lossy(bytes).into_owned(),
        }],
        ..Default::default()
    });
    show(&parsed.sources, &parsed.diagnostics);
    assert_eq!(parsed.config.is_none(), parsed.diagnostics.has_errors());
}

/// Every message can be shown in both forms.
fn show(sources: &Sources, messages: &Diagnostics) {
    for message in messages {
        assert!(!render(sources, message, false).is_empty());
        assert!(!render_line(sources, message).is_empty());
    }
}

/// The only file there is.
struct OneFile<'a>(&'a [u8]);

impl keepalived_config::Files for OneFile<'_> {
    fn matching(&mut self, _directory: &str, pattern: &str) -> Result<Vec<String>, String> {
        Ok(vec![pattern.to_owned()])
    }

    fn read(&mut self, path: &str) -> Result<String, String> {
        if path == "keepalived.conf" {
            Ok(String::from_utf8_lossy(self.0).into_owned())
        } else {
            Err("no such file".to_owned())
        }
    }
}

/// As for haproxy.cfg.
pub fn keepalived_config(bytes: &[u8]) {
    let inputs = keepalived_config::Inputs {
        config_id: "x".to_owned(),
        environment: BTreeMap::from([("B".to_owned(), "eth0".to_owned())]),
        ..Default::default()
    };
    let mut sources = Sources::new();
    let loaded = keepalived_config::load(
        "keepalived.conf",
        &inputs,
        &mut OneFile(bytes),
        &mut sources,
    );
    show(&sources, &loaded.diagnostics);
    assert_eq!(
        loaded.configuration.is_none(),
        loaded.diagnostics.has_errors()
    );
}

/// A head that was understood is understood the same once written again, and so is its body.
pub fn http_request(bytes: &[u8]) {
    let mut head = RequestHead::new();
    let Ok(Parsed::Complete { len }) = head.parse(bytes, &Limits::default()) else {
        return;
    };
    assert!(len <= bytes.len());
    let _ = BodyScanner::new(head.body()).scan(&bytes[len..]);
    let mut written = Vec::new();
    head.encode_into(bytes, &mut written);
    let mut again = RequestHead::new();
    let parsed = again.parse(
        &written,
        &Limits {
            head_bytes: usize::MAX,
            ..Limits::default()
        },
    );
    assert_eq!(
        parsed,
        Ok(Parsed::Complete { len: written.len() }),
        "what we send is well formed"
    );
    assert_eq!(
        again.body(),
        head.body(),
        "the next reader sees the same body"
    );
    assert_eq!(again.target_text(&written), head.target_text(bytes));
}

/// As for requests.
pub fn http_response(bytes: &[u8]) {
    let mut head = ResponseHead::new();
    let parsed = head.parse(bytes, http1::Method::Get, &Limits::default());
    let Ok(Parsed::Complete { len }) = parsed else {
        return;
    };
    assert!(len <= bytes.len());
    let _ = BodyScanner::new(head.body()).scan(&bytes[len..]);
    let mut written = Vec::new();
    head.encode_into(bytes, &mut written);
    let mut again = ResponseHead::new();
    let limits = Limits {
        head_bytes: usize::MAX,
        ..Limits::default()
    };
    let parsed = again.parse(&written, http1::Method::Get, &limits);
    assert_eq!(
        parsed,
        Ok(Parsed::Complete { len: written.len() }),
        "what we send is well formed"
    );
    assert_eq!(
        again.body(),
        head.body(),
        "the next reader sees the same body"
    );
}

/// Where the pieces are cut changes nothing.
pub fn http_chunks(bytes: &[u8]) {
    let whole = scan(bytes, bytes.len().max(1));
    for cut in [1, 2, 7] {
        assert_eq!(scan(bytes, cut), whole, "pieces of {cut}");
    }
}

/// How many bytes belong to the message and whether it ended; none where it is refused.
fn scan(bytes: &[u8], piece: usize) -> Option<(usize, bool)> {
    let mut scanner = ChunkScanner::default();
    let mut total = 0;
    for piece in bytes.chunks(piece) {
        if scanner.is_finished() {
            break;
        }
        total += scanner.scan(piece).ok()?;
    }
    Some((total, scanner.is_finished()))
}

/// Any packet is understood or refused.
pub fn vrrp_advertisement(bytes: &[u8]) {
    for family in [vrrp::Family::V4, vrrp::Family::V6] {
        let _ = vrrp::Advert::parse(bytes, family);
    }
}

/// A hello that was understood is the bytes it was understood from.
pub fn vrrp_hello(bytes: &[u8]) {
    let key = vrrp::HelloKey::none();
    if let Ok(hello) = vrrp::Hello::parse(bytes, &key) {
        assert_eq!(hello.encode(&key), bytes);
    }
}

/// A whole header stays what it is whatever follows, and no part of it is whole.
pub fn proxy_protocol(bytes: &[u8]) {
    let parsed = proxy_protocol::parse(bytes);
    if let proxy_protocol::Parsed::Complete(len, _) = parsed {
        assert_eq!(proxy_protocol::parse(&bytes[..len]), parsed);
        for shorter in 0..len.min(256) {
            assert_eq!(
                proxy_protocol::parse(&bytes[..shorter]),
                proxy_protocol::Parsed::Partial
            );
        }
    }
}

/// A line is cut at semicolons and nowhere else, and into words without blanks of their own.
pub fn stats_command(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes);
    let line = words::payload(&line).map_or(&*line, |(command, _)| command);
    let commands = words::commands(line);
    assert_eq!(commands.join(";"), line);
    for command in commands {
        let words = words::words(command);
        assert!(words.len() <= words::WORDS_MAX);
        assert!(command.contains('\\') || words.iter().all(|word| !word.contains([' ', '\t'])));
    }
}

/// Figures that never change.
struct Figures;

impl rules::Live for Figures {
    fn servers_up(&self, _: usize) -> u32 {
        1
    }
    fn frontend_connections(&self, _: usize) -> u64 {
        2
    }
    fn backend_connections(&self, _: usize) -> u64 {
        3
    }
    fn queued(&self, _: usize) -> u64 {
        0
    }
}

/// Lines of a frontend are compiled or refused; what is compiled runs on a request and a response,
/// and leaves both well formed.
pub fn rules(bytes: &[u8]) {
    let parsed = haproxy_config::parse(haproxy_config::Load {
        texts: vec![haproxy_config::Text {
            name: "haproxy.cfg".to_owned(),
            text: format!(
                "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n \
                 timeout server 1s\nbackend app\nfrontend web\n bind :80\n \
                 default_backend app\n{}\n",
                String::from_utf8_lossy(bytes)
            ),
        }],
        ..Default::default()
    });
    let Some(config) = parsed.config else { return };
    let mut messages = Diagnostics::new();
    let inputs = rules::Inputs {
        pattern_file: &|_| Some("# x\n10.0.0.1\n".to_owned()),
        environment: &BTreeMap::new(),
        hostname: "fred",
    };
    let programs = rules::compile(&config, &inputs, &mut messages);
    show(&parsed.sources, &messages);
    if messages.has_errors() {
        return;
    }
    let session = rules::Session {
        client: Some(([10, 0, 0, 9], 40_000).into()),
        local: Some(([10, 0, 0, 1], 80).into()),
        tls: None,
        frontend: "web",
        backend: None,
        server: None,
        live: &Figures,
    };
    for program in &programs.proxies {
        run(program, &session);
    }
}

fn run(program: &rules::ProxyProgram, session: &rules::Session<'_>) {
    let original = b"GET /a/b?c=d&e HTTP/1.1\r\nHost: h:80\r\nX: 1, 2\r\nCookie: k=v; w\r\n\r\n";
    let mut head = RequestHead::new();
    let parsed = head.parse(original, &Limits::default());
    assert!(matches!(parsed, Ok(Parsed::Complete { .. })));
    let _ = program.connection(session);
    let before = rules::Request {
        head: &head,
        original,
    };
    let _ = program.content(session, Some(before));
    let _ = program.request(session, &mut head, original);
    let after = rules::Request {
        head: &head,
        original,
    };
    let _ = program.backend(session, Some(after));
    let mut written = Vec::new();
    head.encode_into(original, &mut written);
    let wide = Limits {
        head_bytes: usize::MAX,
        ..Limits::default()
    };
    let parsed = RequestHead::new().parse(&written, &wide);
    assert_eq!(parsed, Ok(Parsed::Complete { len: written.len() }));

    let original = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=b; path=/\r\n\r\n";
    let mut head = ResponseHead::new();
    let parsed = head.parse(original, http1::Method::Get, &Limits::default());
    assert!(matches!(parsed, Ok(Parsed::Complete { .. })));
    let answered = rules::Answered {
        method: http1::Method::Get,
        version: http1::Version::Http11,
    };
    let _ = program.response(session, answered, &mut head, original);
    let mut written = Vec::new();
    head.encode_into(original, &mut written);
    let parsed = ResponseHead::new().parse(&written, http1::Method::Get, &wide);
    assert_eq!(parsed, Ok(Parsed::Complete { len: written.len() }));
}

/// Any text is a plan, or refused with words.
pub fn lab_plan(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Err(error) = lab::Plan::parse("lab.toml", &text, |_| Ok(b"x".to_vec())) {
        assert!(!error.to_string().is_empty());
    }
}
