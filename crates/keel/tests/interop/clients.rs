//! Real clients through `keel haproxy`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::exchange::{Balancer, DEFAULTS, ETAG, Origin};
use crate::machines::LIMIT;

/// Runs a command of this computer to its end, which is a good one.
#[track_caller]
fn output(program: &str, words: &[&str]) -> String {
    let output = Command::new(program).args(words).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace('\r', "");
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.success(), "{program} {words:?}: {said}");
    said
}

#[test]
fn curl_in_all_its_ways() {
    let Some(_) = testing_support::require_command("curl", "curl") else {
        return;
    };
    let origin = Origin::start("origin");
    let certificate =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../balancer/testdata/tls/both.pem");
    let plain = Balancer::start(&format!(
        "{DEFAULTS}listen web\n    bind 127.0.0.1:{{port}}\n    server origin {}\n",
        origin.address
    ));
    let tls = Balancer::start(&format!(
        "{DEFAULTS}listen web\n    bind 127.0.0.1:{{port}} ssl crt {}\n    server origin {}\n",
        certificate.display(),
        origin.address
    ));
    let folder = tempfile::tempdir().unwrap();
    let upload = folder.path().join("upload");
    std::fs::write(&upload, vec![b'x'; 3_000_000]).unwrap();
    let upload = upload.to_str().unwrap();
    let data = format!("@{upload}");
    for base in [
        format!("http://127.0.0.1:{}", plain.port),
        format!("https://127.0.0.1:{}", tls.port),
    ] {
        let url = |path: &str| format!("{base}{path}");
        let (first, second) = (url("/first"), url("/second"));
        let slow = url("/slow");
        let connects = ["-w", "%{num_connects} %{http_code}\n"];
        for (words, expected) in [
            (
                &[connects[0], connects[1], &first, &second][..],
                &[
                    "origin GET /first 0\n1 200\n",
                    "origin GET /second 0\n0 200\n",
                ][..],
            ),
            (
                &["-I", &first],
                &["HTTP/1.1 200 OK", "Content-Length: 21\n"],
            ),
            (&["-d", "hello", &first], &["origin POST /first 5\n"]),
            (
                &[
                    "-v",
                    "-H",
                    "Expect: 100-continue",
                    "--data-binary",
                    &data,
                    &first,
                ],
                &["< HTTP/1.1 100 Continue", "origin POST /first 3000000\n"],
            ),
            (
                &["-T", upload, "-H", "Transfer-Encoding: chunked", &first],
                &["origin PUT /first 3000000\n"],
            ),
            (
                &["-i", "--http1.0", &first],
                &["HTTP/1.1 200 OK", "origin GET /first 0\n"],
            ),
            (
                &["-i", "-H", "Connection: close", &first],
                &["onnection: close", "origin GET /first 0\n"],
            ),
            (
                &["-i", "-H", "If-None-Match: \"v1\"", &first],
                &["HTTP/1.1 304 Not Modified"],
            ),
            (
                &["-i", "-X", "DELETE", &first],
                &["origin DELETE /first 0\n"],
            ),
            (&["-i", &slow], &["origin GET /slow 0\n"]),
        ] {
            let argv = [&["-sS", "-k", "--http1.1", "--max-time", "15"], words].concat();
            let said = output("curl", &argv);
            for part in expected {
                assert!(said.contains(part), "{base} {words:?}: {part:?}: {said}");
            }
        }
    }
}

#[test]
fn wrk_sees_no_error() {
    let Some(_) = testing_support::require_command("wrk", "wrk") else {
        return;
    };
    let origin = Origin::start("origin");
    let balancer = Balancer::start(&format!(
        "global\n    nbthread 2\n{DEFAULTS}listen web\n    bind 127.0.0.1:{{port}}\n    \
         balance roundrobin\n    server one {0}\n    server two {0}\n",
        origin.address
    ));
    let url = format!("http://127.0.0.1:{}/", balancer.port);
    let said = output("wrk", &["-t1", "-c32", "-d2s", "--timeout", "5s", &url]);
    for error in ["Socket errors", "Non-2xx"] {
        assert!(!said.contains(error), "{said}");
    }
    let line = said.lines().find(|line| line.contains(" requests in "));
    let count = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    assert!(count > Some(100_u32), "{said}");
}

/// One of a browser's connections.
struct Tab {
    stream: BufReader<TcpStream>,
}

/// What came: status, headers by their small names, body.
struct Page {
    status: u16,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Tab {
    fn open(port: u16) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    fn ask(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn page(&mut self) -> Page {
        let mut line = || {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            line.trim_end().to_owned()
        };
        let first = line();
        let status = first.split(' ').nth(1).unwrap_or_default();
        let status = status.parse().unwrap_or_else(|_| panic!("{first:?}"));
        let mut headers = BTreeMap::new();
        loop {
            let line = line();
            let Some((name, value)) = line.split_once(": ") else {
                break;
            };
            headers.insert(name.to_ascii_lowercase(), value.to_owned());
        }
        let length = headers.get("content-length");
        let length = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).unwrap();
        Page {
            status,
            headers,
            body: String::from_utf8(body).unwrap(),
        }
    }
}

fn get(path: &str, more: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: shop\r\nUser-Agent: test\r\nAccept-Encoding: gzip\r\n{more}\r\n"
    )
}

#[test]
fn a_browser_keeps_its_connections_its_server_and_its_cache() {
    let origins = [Origin::start("one"), Origin::start("two")];
    let balancer = Balancer::start(&format!(
        "global\n    nbthread 2\n{DEFAULTS}listen web\n    bind 127.0.0.1:{{port}}\n    \
         balance roundrobin\n    cookie SERVERID insert indirect nocache\n    \
         server one {} cookie one\n    server two {} cookie two\n",
        origins[0].address, origins[1].address
    ));
    let port = balancer.port;
    let mut first_servers = BTreeSet::new();
    let browsers: Vec<_> = (0..4)
        .map(|_| thread::spawn(move || browse(port)))
        .collect();
    for browser in browsers {
        first_servers.insert(browser.join().unwrap());
    }
    assert_eq!(
        first_servers.len(),
        2,
        "new browsers are spread: {first_servers:?}"
    );
    for origin in origins {
        let seen = origin.seen();
        assert!(!seen.contains("SERVERID"), "indirect: {seen}");
        assert!(seen.contains("Cookie: theme=dark"), "{seen}");
    }
}

/// A page and its pictures over six connections, then all of it again from the cache; the server
/// that gave the first page gives everything.
fn browse(port: u16) -> String {
    let mut first = Tab::open(port);
    first.ask(&get("/page", "Cookie: theme=dark\r\n"));
    let page = first.page();
    assert_eq!(page.status, 200);
    let server = page.headers["x-server"].clone();
    assert_eq!(
        page.headers["set-cookie"],
        format!("SERVERID={server}; path=/")
    );
    let cookie = format!("Cookie: theme=dark; SERVERID={server}\r\n");
    let mut tabs = vec![first];
    tabs.extend((1..6).map(|_| Tab::open(port)));
    let tabs: Vec<_> = tabs
        .into_iter()
        .enumerate()
        .map(|(number, tab)| {
            let (server, cookie) = (server.clone(), cookie.clone());
            thread::spawn(move || fetch_assets(tab, number, &server, &cookie))
        })
        .collect();
    for tab in tabs {
        tab.join().unwrap();
    }
    server
}

fn fetch_assets(mut tab: Tab, number: usize, server: &str, cookie: &str) {
    let cached = format!("{cookie}If-None-Match: {ETAG}\r\n");
    for round in 0..10 {
        let path = format!("/picture-{number}-{round}.png");
        // A picture, the same from the cache, and a form, without waiting for the answers.
        let form =
            format!("POST /form HTTP/1.1\r\nHost: shop\r\n{cookie}Content-Length: 4\r\n\r\na=bc");
        tab.ask(&(get(&path, cookie) + &get(&path, &cached) + &form));
        for (status, body) in [
            (200, format!("{server} GET {path} 0\n")),
            (304, String::new()),
            (200, format!("{server} POST /form 4\n")),
        ] {
            let page = tab.page();
            assert_eq!((page.status, page.body), (status, body), "{path}");
            assert_eq!(page.headers["x-server"], server);
            assert!(!page.headers.contains_key("set-cookie"), "{path}");
        }
    }
}
