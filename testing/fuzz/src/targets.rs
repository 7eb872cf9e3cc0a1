//! What each target does with one input.

use std::collections::BTreeMap;

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
