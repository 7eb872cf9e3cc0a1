//! What is a request, what is refused, and for which reason.

use http::{
    Body, ConnectionMode, KnownHeader, Limits, Method, Parsed, Refusal, RequestHead, TargetForm,
    Version, edit_request,
};

fn parse(text: &str) -> Result<(RequestHead, usize), Refusal> {
    let mut head = RequestHead::new();
    match head.parse(text.as_bytes(), &Limits::default())? {
        Parsed::Complete { len } => Ok((head, len)),
        Parsed::Partial => panic!("incomplete: {text:?}"),
    }
}

fn refusal(text: &str) -> Refusal {
    match parse(text) {
        Ok(_) => panic!("accepted: {text:?}"),
        Err(refusal) => refusal,
    }
}

#[test]
fn a_head_is_taken_apart() {
    let text = "\r\n\r\nPOST /a/b?c=d HTTP/1.1\r\nHost: example.org:8080\r\nX-Empty:\r\n\
                Content-Length: 5\r\nCookie: A=1\r\n\r\nhello";
    let (head, len) = parse(text).unwrap();
    let original = text.as_bytes();
    assert_eq!(&text[len..], "hello");
    assert_eq!(head.method(), Method::Post);
    assert_eq!(head.method_text(original), b"POST");
    assert_eq!(head.target().form, TargetForm::Origin);
    assert_eq!(head.path(original), b"/a/b");
    assert_eq!(head.query(original), b"c=d");
    assert_eq!(head.authority(original), Some(&b"example.org:8080"[..]));
    assert_eq!(head.version(), Version::Http11);
    assert_eq!(head.body(), Body::Length(5));
    assert_eq!(head.headers.len(), 4);
    assert_eq!(
        head.headers.first(original, KnownHeader::Cookie),
        Some(&b"A=1"[..])
    );
    assert_eq!(
        head.headers.named(original, b"x-empty").next().unwrap().1,
        b""
    );
}

#[test]
fn what_two_readers_could_understand_differently_is_refused() {
    let line = |line: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n");
    for (text, expected) in [
        // Request lines.
        ("GET /\r\n\r\n".to_owned(), Refusal::InvalidRequestLine),
        (
            "GET  / HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidRequestLine,
        ),
        (
            "GET / HTTP/1.1 \r\n\r\n".to_owned(),
            Refusal::InvalidRequestLine,
        ),
        (
            "GET / HTTPS/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidRequestLine,
        ),
        (" GET / HTTP/1.1\r\n\r\n".to_owned(), Refusal::InvalidMethod),
        ("G@T / HTTP/1.1\r\n\r\n".to_owned(), Refusal::InvalidMethod),
        (
            "GET / HTTP/1.2\r\n\r\n".to_owned(),
            Refusal::UnsupportedVersion,
        ),
        (
            "GET / HTTP/2.0\r\n\r\n".to_owned(),
            Refusal::UnsupportedVersion,
        ),
        (
            "GET / HTTP/0.9\r\n\r\n".to_owned(),
            Refusal::UnsupportedVersion,
        ),
        (
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            Refusal::UnsupportedVersion,
        ),
        (
            "GET /\t HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidTargetByte,
        ),
        (
            "GET /\u{e9} HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidTargetByte,
        ),
        (
            "GET /a#b HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidTargetByte,
        ),
        ("GET * HTTP/1.1\r\n\r\n".to_owned(), Refusal::InvalidTarget),
        (
            "GET admin HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidTarget,
        ),
        (
            "CONNECT / HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::InvalidTarget,
        ),
        // Line ends.
        (
            "GET / HTTP/1.1\nHost: a\n\n".to_owned(),
            Refusal::BareLineFeed,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\n\r\n".to_owned(),
            Refusal::BareLineFeed,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n".to_owned(),
            Refusal::BareLineFeed,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\n\n".to_owned(),
            Refusal::BareLineFeed,
        ),
        ("GET / HTTP/1.1\n\r\n".to_owned(), Refusal::BareLineFeed),
        (
            "\n\nGET / HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::BareLineFeed,
        ),
        (
            "\rGET / HTTP/1.1\r\n\r\n".to_owned(),
            Refusal::BareCarriageReturn,
        ),
        (
            "GET / HTTP/1.1\rX\r\n\r\n".to_owned(),
            Refusal::BareCarriageReturn,
        ),
        (line("X: a\rb"), Refusal::BareCarriageReturn),
        // Header lines.
        (line("X : b"), Refusal::SpaceBeforeColon),
        (line("X\t: b"), Refusal::SpaceBeforeColon),
        (line("X: b\r\n c"), Refusal::FoldedLine),
        (line("X: b\r\n\tc"), Refusal::FoldedLine),
        (
            "GET / HTTP/1.1\r\n Host: a\r\n\r\n".to_owned(),
            Refusal::FoldedLine,
        ),
        (line(": b"), Refusal::EmptyHeaderName),
        (line("X"), Refusal::InvalidHeaderName),
        (line("X Y: b"), Refusal::InvalidHeaderName),
        (line("X(: b"), Refusal::InvalidHeaderName),
        (line("X\0: b"), Refusal::InvalidHeaderName),
        (line("X\u{e9}: b"), Refusal::InvalidHeaderName),
        (line("X: a\0b"), Refusal::InvalidHeaderValue),
        (line("X: a\u{1}b"), Refusal::InvalidHeaderValue),
        (line("X: a\u{7f}b"), Refusal::InvalidHeaderValue),
        // Framing.
        (
            line("Content-Length: 5\r\nTransfer-Encoding: chunked"),
            Refusal::LengthAndEncoding,
        ),
        (
            line("Transfer-Encoding: chunked\r\nContent-Length: 5"),
            Refusal::LengthAndEncoding,
        ),
        (
            line("Content-Length: 5\r\nContent-Length: 6"),
            Refusal::RepeatedLength,
        ),
        (
            line("Content-Length: 5\r\nContent-Length: 5"),
            Refusal::RepeatedLength,
        ),
        (line("Content-Length: 5, 5"), Refusal::InvalidLength),
        (line("Content-Length: +5"), Refusal::InvalidLength),
        (line("Content-Length: 0x5"), Refusal::InvalidLength),
        (line("Content-Length: 5 5"), Refusal::InvalidLength),
        (line("Content-Length:"), Refusal::InvalidLength),
        (
            line("Content-Length: 18446744073709551616"),
            Refusal::InvalidLength,
        ),
        (
            line("Transfer-Encoding: chunked, chunked"),
            Refusal::InvalidEncoding,
        ),
        (
            line("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity"),
            Refusal::InvalidEncoding,
        ),
        (
            line("Transfer-Encoding: xchunked"),
            Refusal::InvalidEncoding,
        ),
        (line("Transfer-Encoding:"), Refusal::InvalidEncoding),
        (
            line("Transfer-Encoding: gzip, chunked"),
            Refusal::UnsupportedEncoding,
        ),
        (
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            Refusal::EncodingInHttp10,
        ),
        // Host.
        (line("Host: b"), Refusal::RepeatedHost),
        (
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n".to_owned(),
            Refusal::InvalidHost,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n".to_owned(),
            Refusal::InvalidHost,
        ),
        (
            "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".to_owned(),
            Refusal::InvalidHost,
        ),
        (
            "GET http://x/ HTTP/1.1\r\nHost: y\r\n\r\n".to_owned(),
            Refusal::HostMismatch,
        ),
        // Upgrades.
        (
            line("Connection: Upgrade\r\nUpgrade: websocket"),
            Refusal::MissingWebSocketKey,
        ),
    ] {
        assert_eq!(refusal(&text), expected, "{text:?}");
    }
}

#[test]
fn what_is_unusual_but_clear_is_accepted() {
    for (text, body) in [
        ("GET / HTTP/1.1\r\n\r\n", Body::None),
        ("GET / HTTP/1.1\r\nHost:\r\n\r\n", Body::None),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", Body::None),
        ("GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", Body::None),
        ("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", Body::None),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", Body::None),
        ("BREW /pot HTTP/1.0\r\n\r\n", Body::None),
        ("GET / HTTP/1.1\r\nX:\t  b \t\r\n\r\n", Body::None),
        ("GET / HTTP/1.1\r\nX: caf\u{e9}\r\n\r\n", Body::None),
        (
            "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
            Body::Length(0),
        ),
        (
            "GET / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n",
            Body::Chunked,
        ),
    ] {
        let (head, len) = parse(text).unwrap();
        assert_eq!((head.body(), len), (body, text.len()), "{text:?}");
    }
}

#[test]
fn limits_hold_at_their_edge() {
    let limits = Limits {
        head_bytes: 64,
        header_lines: 3,
    };
    let parse = |text: &str| RequestHead::new().parse(text.as_bytes(), &limits);
    let of_len = |len: usize| {
        let rest = "GET / HTTP/1.1\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(len - rest))
    };
    assert_eq!(parse(&of_len(64)), Ok(Parsed::Complete { len: 64 }));
    assert_eq!(parse(&of_len(65)), Err(Refusal::HeadTooLarge { limit: 64 }));
    assert_eq!(parse(&of_len(65)[..63]), Ok(Parsed::Partial));
    assert_eq!(
        parse(&of_len(65)[..64]),
        Err(Refusal::HeadTooLarge { limit: 64 })
    );
    assert_eq!(
        parse(&"\r\n".repeat(32)),
        Err(Refusal::HeadTooLarge { limit: 64 })
    );
    let lines = |count: usize| format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(count));
    assert!(parse(&lines(3)).is_ok());
    assert_eq!(parse(&lines(4)), Err(Refusal::TooManyHeaders { limit: 3 }));
    let many = Limits {
        head_bytes: 15_360,
        header_lines: 1000,
    };
    let text = lines(1000);
    let complete = RequestHead::new().parse(text.as_bytes(), &many);
    assert_eq!(complete, Ok(Parsed::Complete { len: text.len() }));
}

#[test]
fn edits_of_the_target_keep_the_rest() {
    for (target, path, query, expected) in [
        ("/a?b", Some("/x"), None, "/x?b"),
        ("/a?b", None, Some("y=1"), "/a?y=1"),
        ("/a?b", None, Some(""), "/a"),
        ("/a", Some("/x"), Some("q"), "/x?q"),
        ("http://h/a?b", Some("/x"), None, "http://h/x?b"),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n");
        let (mut head, _) = parse(&text).unwrap();
        if let Some(path) = path {
            head.set_path(text.as_bytes(), path.as_bytes()).unwrap();
        }
        if let Some(query) = query {
            head.set_query(text.as_bytes(), query.as_bytes()).unwrap();
        }
        let mut out = Vec::new();
        head.encode_into(text.as_bytes(), &mut out);
        let expected = format!("GET {expected} HTTP/1.1\r\nHost: h\r\n\r\n");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
    let text = "OPTIONS * HTTP/1.1\r\n\r\n";
    let (mut head, _) = parse(text).unwrap();
    let refused = Err(Refusal::InvalidTarget);
    assert_eq!(head.set_path(text.as_bytes(), b"/x"), refused);
    assert_eq!(head.set_query(text.as_bytes(), b"x"), refused);
    let (mut head, _) = parse("GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(head.set_target(b"/a b"), Err(Refusal::InvalidTargetByte));
    assert_eq!(head.set_target(b"a"), Err(Refusal::InvalidTarget));
}

#[test]
fn the_server_reads_connection_lines_of_its_own() {
    use ConnectionMode::{Close, KeepAlive, ServerClose};
    let upgrade = "Connection: Upgrade\r\nUpgrade: foo\r\n";
    for (version, lines, mode, expected) in [
        ("1.1", "", KeepAlive, ""),
        ("1.1", "", ServerClose, "Connection: close\r\n"),
        ("1.1", "", Close, "Connection: close\r\n"),
        ("1.0", "", KeepAlive, "Connection: keep-alive\r\n"),
        ("1.0", "", ServerClose, ""),
        ("1.0", "Connection: keep-alive\r\n", ServerClose, ""),
        ("1.1", "Connection: close\r\n", KeepAlive, ""),
        (
            "1.1",
            "Connection: close, X-Foo\r\nX-Foo: 1\r\n",
            KeepAlive,
            "X-Foo: 1\r\nConnection: X-Foo\r\n",
        ),
        (
            "1.1",
            "Connection: X-Foo\r\n",
            Close,
            "Connection: X-Foo, close\r\n",
        ),
        (
            "1.1",
            upgrade,
            KeepAlive,
            "Upgrade: foo\r\nConnection: Upgrade\r\n",
        ),
        (
            "1.1",
            upgrade,
            ServerClose,
            "Upgrade: foo\r\nConnection: Upgrade\r\n",
        ),
        (
            "1.1",
            "Keep-Alive: 300\r\nProxy-Connection: close\r\n",
            KeepAlive,
            "",
        ),
        ("1.1", "Upgrade: foo\r\n", KeepAlive, ""),
        ("1.1", "Connection: Upgrade\r\n", KeepAlive, ""),
        (
            "1.1",
            "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n",
            KeepAlive,
            "",
        ),
        (
            "1.1",
            "Connection: Upgrade\r\nUpgrade: h2c, foo\r\n",
            KeepAlive,
            "Upgrade: foo\r\nConnection: Upgrade\r\n",
        ),
        (
            "1.1",
            "Connection: X-Foo, Host, content-length, Cookie\r\nContent-Length: 0\r\n",
            KeepAlive,
            "Content-Length: 0\r\nConnection: X-Foo\r\n",
        ),
        ("1.1", "TE: gzip\r\n", KeepAlive, ""),
        (
            "1.1",
            "TE: trailers, gzip\r\n",
            KeepAlive,
            "TE: trailers\r\n",
        ),
    ] {
        let text = format!("GET / HTTP/{version}\r\n{lines}\r\n");
        let (mut head, _) = parse(&text).unwrap();
        edit_request(&mut head, text.as_bytes(), mode.server_side());
        let mut out = Vec::new();
        head.encode_into(text.as_bytes(), &mut out);
        let expected = format!("GET / HTTP/{version}\r\n{expected}\r\n");
        assert_eq!(
            String::from_utf8(out).unwrap(),
            expected,
            "{lines:?} {mode:?}"
        );
    }
}

#[test]
fn the_client_says_whether_it_stays() {
    for (version, lines, persistent) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: x, CLOSE\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let (head, _) = parse(&format!("GET / HTTP/{version}\r\n{lines}\r\n")).unwrap();
        assert_eq!(head.is_persistent(), persistent, "{version} {lines}");
    }
}
