//! A proxy from the text of its rules, and requests against it.

use std::collections::BTreeMap;
use std::path::Path;

use diagnostics::{Diagnostics, Severity, Sources};
use haproxy_config::{Load, Text, parse};
use http1::{Answer, Limits, Method, Parsed, RequestHead, ResponseHead, Version};
use rules::{Answered, Inputs, Live, Programs, Request, Session, Verdict, compile};

/// Two servers are up in each backend, three connections are open.
pub struct Figures;

impl Live for Figures {
    fn servers_up(&self, _: usize) -> u32 {
        2
    }
    fn frontend_connections(&self, _: usize) -> u64 {
        3
    }
    fn backend_connections(&self, _: usize) -> u64 {
        3
    }
    fn queued(&self, _: usize) -> u64 {
        0
    }
}

/// A client at 10.0.0.9 of a plain connection to 192.168.0.1:80.
pub fn session() -> Session<'static> {
    Session {
        client: Some("10.0.0.9:40000".parse().unwrap()),
        local: Some("192.168.0.1:80".parse().unwrap()),
        tls: None,
        frontend: "web",
        backend: Some("app"),
        server: None,
        live: &Figures,
    }
}

/// Two frontends-to-be: `web` with the given lines, and the backends `app`, `static` and `api`.
fn text_of(lines: &str) -> String {
    format!(
        "defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n\
         backend app\nbackend static\nbackend api\n\
         frontend web\n bind 127.0.0.1:80\n default_backend app\n{lines}\n"
    )
}

fn pattern_file(path: &Path) -> Option<String> {
    (path == Path::new("/list")).then(|| "# comment\n  /one\n\n/two\r\n #three\n".to_owned())
}

/// The programs of the lines, and every message as `SEVERITY: MESSAGE (DETAILS)`.
pub fn compiled(lines: &str) -> (Programs, Vec<String>) {
    load(lines).unwrap_or_else(|errors| panic!("the configuration is wrong: {errors:?}"))
}

/// The programs of lines that may be refused as configuration already.
pub fn compile_lines(lines: &str) -> Option<Programs> {
    load(lines).ok().map(|(programs, _)| programs)
}

fn load(lines: &str) -> Result<(Programs, Vec<String>), Vec<String>> {
    let parsed = parse(Load {
        texts: vec![Text {
            name: "t.cfg".to_owned(),
            text: text_of(lines),
        }],
        ..Load::default()
    });
    let messages = |sources: &Sources, diagnostics: &Diagnostics| -> Vec<String> {
        diagnostics
            .iter()
            .filter(|message| message.severity > Severity::Notice)
            .map(|message| {
                let line = diagnostics::render_line(sources, message);
                line.splitn(4, ':').nth(3).unwrap_or("").trim().to_owned()
            })
            .collect()
    };
    let Some(config) = parsed.config else {
        return Err(messages(&parsed.sources, &parsed.diagnostics));
    };
    let mut diagnostics = Diagnostics::new();
    let environment = BTreeMap::from([("TIER".to_owned(), "gold".to_owned())]);
    let inputs = Inputs {
        pattern_file: &pattern_file,
        environment: &environment,
        hostname: "fred",
    };
    let programs = compile(&config, &inputs, &mut diagnostics);
    Ok((programs, messages(&parsed.sources, &diagnostics)))
}

/// The programs of lines without any message.
pub fn clean(lines: &str) -> Programs {
    let (programs, messages) = compiled(lines);
    assert!(messages.is_empty(), "{lines}\n{messages:?}");
    programs
}

/// The index of `web` among the proxies.
pub const WEB: usize = 3;

/// A head of `first line` and `lines`, each ended by CR LF here.
pub fn request(first_line: &str, lines: &[&str]) -> (RequestHead, Vec<u8>) {
    let mut text = format!("{first_line}\r\n");
    for line in lines {
        text.push_str(line);
        text.push_str("\r\n");
    }
    text.push_str("\r\n");
    let original = text.into_bytes();
    let mut head = RequestHead::new();
    let parsed = head.parse(&original, &Limits::default());
    assert!(matches!(parsed, Ok(Parsed::Complete { .. })), "{parsed:?}");
    (head, original)
}

/// What `http-request` rules make of a request: the verdict and the head as text.
pub fn run_request(lines: &str, first_line: &str, headers: &[&str]) -> (Verdict, String) {
    let programs = clean(lines);
    let (mut head, original) = request(first_line, headers);
    let verdict = programs.proxies[WEB].request(&session(), &mut head, &original);
    let mut out = Vec::new();
    head.encode_into(&original, &mut out);
    (verdict, String::from_utf8(out).unwrap())
}

/// What `http-response` rules make of a response.
pub fn run_response(lines: &str, text: &str) -> (Verdict, String) {
    let programs = clean(lines);
    let original = text.as_bytes();
    let mut head = ResponseHead::new();
    head.parse(original, Method::Get, &Limits::default())
        .unwrap();
    let answered = Answered {
        method: Method::Get,
        version: Version::Http11,
    };
    let verdict = programs.proxies[WEB].response(&session(), answered, &mut head, original);
    let mut out = Vec::new();
    head.encode_into(original, &mut out);
    (verdict, String::from_utf8(out).unwrap())
}

/// Whether a condition holds for a request.
pub fn holds(condition: &str, first_line: &str, headers: &[&str]) -> bool {
    let programs = clean(&format!(" use_backend api if {condition}"));
    chosen(&programs, WEB, first_line, headers).is_some()
}

/// The index of the backend that a frontend's rules choose for a request.
pub fn chosen(
    programs: &Programs,
    frontend: usize,
    first_line: &str,
    headers: &[&str],
) -> Option<usize> {
    let (head, original) = request(first_line, headers);
    let request = Request {
        head: &head,
        original: &original,
    };
    programs.proxies[frontend].backend(&session(), Some(request))
}

/// An answer as text, as sent to a client of HTTP/1.1 that stays.
pub fn text(answer: &Answer) -> String {
    let mut out = Vec::new();
    answer.encode_into(&mut out, Version::Http11, true, false);
    String::from_utf8(out).unwrap()
}
