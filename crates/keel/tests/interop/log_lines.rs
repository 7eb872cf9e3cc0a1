//! What `keel haproxy` logs, beside what HAProxy logs of the same configuration and requests.

use crate::exchange::{Balancer, DEFAULTS, Origin, Syslog, say};

/// What is said to both balancers, each on a connection of its own.
const SAID: [(&str, &str); 22] = [
    (
        "a page",
        "GET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "with its cookie",
        "GET /page HTTP/1.1\r\nHost: a\r\nCookie: S=one\r\nConnection: close\r\n\r\n",
    ),
    (
        "with the cookie of a server that is none",
        "GET /page HTTP/1.1\r\nHost: a\r\nCookie: S=three\r\nConnection: close\r\n\r\n",
    ),
    ("HTTP/1.0", "GET /page HTTP/1.0\r\n\r\n"),
    (
        "HEAD",
        "HEAD /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "POST",
        "POST /form HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
    ),
    (
        "empty lines before",
        "\r\n\r\nGET /page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "a cookie without the mark of a prefix",
        "GET /prefixed HTTP/1.1\r\nHost: a\r\nCookie: S=two\r\nConnection: close\r\n\r\n",
    ),
    (
        "404",
        "GET /missing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "captured headers",
        "GET /page HTTP/1.1\r\nHost: a-long-name.example\r\nReferer: \"x\" {y}\r\n\
         Connection: close\r\n\r\n",
    ),
    (
        "a backend without a server",
        "GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "a server that refuses",
        "GET /refused HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "a server that is slow",
        "GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "denied",
        "GET /denied HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "redirected",
        "GET /old/a?b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "answered at once",
        "GET /here HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "statistics",
        "GET /stats;csv HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\
         Connection: close\r\n\r\n",
    ),
    (
        "an absolute target",
        "GET http://a/page HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    ("no request", "nonsense\r\n\r\n"),
    ("half a request", "GET /page HTTP/1.1\r\n"),
    (
        "a cookie of the application",
        "GET /login HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
    (
        "characters that no target has",
        "GET /page?\"#{|} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    ),
];

fn logging(log: &Syslog, origin: &Origin) -> String {
    format!(
        "global\n    nbthread 1\n    log {} local3\n\
         {DEFAULTS}    log global\n    option httplog\n    option dontlognull\n    retries 0\n    \
         timeout http-request 300ms\n    timeout client 500ms\n\
         frontend web\n    bind 127.0.0.1:{{port}}\n    \
         capture request header Host len 8\n    capture request header Referer len 20\n    \
         capture response header X-Server len 9\n    capture cookie S= len 12\n    \
         http-request deny if {{ path /denied }}\n    \
         http-request redirect prefix http://new code 301 if {{ path_beg /old }}\n    \
         http-request return status 200 content-type text/plain string here if {{ path /here }}\n    \
         stats uri /stats\n    stats auth a:b\n    \
         use_backend empty if {{ path /empty }}\n    \
         use_backend refusing if {{ path /refused }}\n    \
         use_backend prefixed if {{ path /prefixed }}\n    \
         use_backend hurried if {{ path /slow }}\n    default_backend pages\n\
         backend pages\n    cookie S insert indirect\n    server one {origin} cookie one\n\
         backend prefixed\n    cookie S prefix\n    server one {origin} cookie one\n    \
         server two {origin} cookie two\n\
         backend empty\n\
         backend refusing\n    server none 127.0.0.1:1\n\
         backend hurried\n    timeout server 200ms\n    server one {origin}\n",
        log.address(),
        origin = origin.address,
    )
}

/// A log line with what differs between two runs taken out: the time of day, process and port
/// numbers, of times all but whether they were measured; and the count of bytes, which is exact
/// here and without line ends, additions and its own answers to what is no request there.
fn comparable(line: &str, format: &Format) -> String {
    let (head, request) = line.split_once(" \"").unwrap_or((line, ""));
    let without_digits = |field: &str| field.replace(|letter: char| letter.is_ascii_digit(), "0");
    let fields: Vec<String> = head
        .split(' ')
        .filter(|field| !field.is_empty())
        .enumerate()
        .map(|(index, field)| match index {
            // <158>Nov 21 09:08:07
            0 => field.split('>').next().unwrap_or_default().to_owned(),
            1 | 2 => String::new(),
            3 => field.split('[').next().unwrap_or_default().to_owned(),
            4 => field.split(':').next().unwrap_or_default().to_owned(),
            5 => without_digits(field),
            8 => {
                let sign = |time: &str| if time == "-1" { "-1" } else { "+" };
                field.split('/').map(sign).collect::<Vec<_>>().join("/")
            }
            _ if index == format.bytes_at => "bytes".to_owned(),
            _ => field.to_owned(),
        })
        .collect();
    format!("{} \"{request}", fields.join(" "))
}

/// A log format as far as it matters for comparing.
struct Format {
    /// Which field counts bytes.
    bytes_at: usize,
}

const HTTPLOG: Format = Format { bytes_at: 10 };
const TCPLOG: Format = Format { bytes_at: 9 };

/// Says all of `said` to a `keel haproxy` and to the installed HAProxy with the configuration that
/// `text` makes for a syslog server, and compares what each of them logs.
#[track_caller]
fn compare_logs(text: impl Fn(&Syslog) -> String, said: &[(&str, &str)], format: &Format) {
    let Some(haproxy) = testing_support::require_command("haproxy", "haproxy") else {
        return;
    };
    let (log, theirs_log) = (Syslog::open(), Syslog::open());
    let ours = Balancer::start(&text(&log));
    let theirs = Balancer::of(&haproxy, &[], &text(&theirs_log));
    let mut different = Vec::new();
    for (what, text) in said {
        let line_of = |balancer: &Balancer, log: &Syslog| {
            log.line_about(say(balancer.port, &[text.as_bytes()]).client_port)
        };
        let our_line = line_of(&ours, &log);
        let their_line = line_of(&theirs, &theirs_log);
        if comparable(&our_line, format) != comparable(&their_line, format) {
            different.push(format!(
                "{what}:\n  ours   {our_line}\n  theirs {their_line}"
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn http_log_lines_are_those_of_haproxy_field_by_field() {
    let origin = Origin::start("origin");
    compare_logs(|log| logging(log, &origin), &SAID, &HTTPLOG);
}

#[test]
fn tcp_log_lines_are_those_of_haproxy_field_by_field() {
    let origin = Origin::start("origin");
    let said = "GET /page HTTP/1.0\r\n\r\n";
    for (what, server) in [
        ("served", format!("server one {}", origin.address)),
        (
            "a server that refuses",
            "server none 127.0.0.1:1".to_owned(),
        ),
        ("no server", String::new()),
    ] {
        let text = |log: &Syslog| {
            format!(
                "global\n    nbthread 1\n    log {} local3\n\
                 {DEFAULTS}    mode tcp\n    log global\n    option tcplog\n    \
                 retries 0\n\
                 frontend web\n    bind 127.0.0.1:{{port}}\n    default_backend servers\n\
                 backend servers\n    {server}\n",
                log.address()
            )
        };
        compare_logs(text, &[(what, said)], &TCPLOG);
    }
}

#[test]
fn a_client_for_whom_there_is_no_server_is_no_empty_session() {
    let log = Syslog::open();
    let balancer = Balancer::start(&format!(
        "global\n    log {} local3\n\
         {DEFAULTS}    mode tcp\n    log global\n    option tcplog\n    option dontlognull\n    \
         retries 0\n\
         listen web\n    bind 127.0.0.1:{{port}}\n    server none 127.0.0.1:1\n",
        log.address()
    ));
    let said = say(balancer.port, &[b"hello"]);
    let line = log.line_about(said.client_port);
    assert!(
        line.contains(" web web/none 0/-1/") && line.contains(" SC "),
        "{line}"
    );
}
