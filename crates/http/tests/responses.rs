//! What is a response, where its body ends, and what the client is told.

use http::{
    Body, Fault, KnownHeader, Limits, Method, Parsed, Refusal, ResponseHead, Version, edit_response,
};

fn parse(text: &[u8], method: Method) -> Result<ResponseHead, Refusal> {
    let mut head = ResponseHead::new();
    match head.parse(text, method, &Limits::default())? {
        Parsed::Complete { .. } => Ok(head),
        Parsed::Partial => panic!("incomplete: {text:?}"),
    }
}

#[test]
fn a_body_ends_where_request_and_response_say() {
    use Method::{Connect, Get, Head};
    for (method, text, body, persistent) in [
        (
            Get,
            "1.1 200 OK\r\nContent-Length: 5\r\n",
            Body::Length(5),
            true,
        ),
        (
            Get,
            "1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
            Body::Length(5),
            true,
        ),
        (
            Get,
            "1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
            Body::Chunked,
            true,
        ),
        (
            Get,
            "1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n",
            Body::Chunked,
            false,
        ),
        (
            Get,
            "1.0 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n",
            Body::Chunked,
            false,
        ),
        (Get, "1.1 200 OK\r\n", Body::UntilClose, false),
        (
            Get,
            "1.0 200 OK\r\nContent-Length: 5\r\n",
            Body::Length(5),
            false,
        ),
        (
            Get,
            "1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n",
            Body::Length(5),
            true,
        ),
        (Get, "1.1 204 No Content\r\n", Body::None, true),
        (
            Get,
            "1.1 304 Not Modified\r\nContent-Length: 5\r\n",
            Body::None,
            true,
        ),
        (Get, "1.1 100 Continue\r\n", Body::None, true),
        (Get, "1.1 101 Switching Protocols\r\n", Body::None, true),
        (
            Head,
            "1.1 200 OK\r\nContent-Length: 5\r\n",
            Body::None,
            true,
        ),
        (
            Head,
            "1.1 200 OK\r\nTransfer-Encoding: chunked\r\n",
            Body::None,
            true,
        ),
        (Connect, "1.1 200 OK\r\n", Body::None, true),
        (
            Connect,
            "1.1 407 No\r\nContent-Length: 5\r\n",
            Body::Length(5),
            true,
        ),
        (
            Get,
            "1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n",
            Body::Length(5),
            false,
        ),
    ] {
        let bytes = format!("HTTP/{text}\r\n");
        let head = parse(bytes.as_bytes(), method).unwrap();
        assert_eq!(
            (head.body(), head.is_persistent()),
            (body, persistent),
            "{method:?} {text:?}"
        );
        let encoded = text.contains("Transfer-Encoding");
        assert_eq!(head.is_ambiguous(), encoded && !persistent, "{text:?}");
        if head.body() == Body::Chunked {
            assert!(!head.headers.contains(KnownHeader::ContentLength));
        }
    }
}

#[test]
fn bad_responses_are_refused_with_502() {
    for (text, expected) in [
        ("HTTP/2 200 OK\r\n\r\n", Refusal::UnsupportedVersion),
        ("HTTX/1.1 200 OK\r\n\r\n", Refusal::InvalidStatusLine),
        ("HTTP/1.1 20 OK\r\n\r\n", Refusal::InvalidStatusLine),
        ("HTTP/1.1 099 X\r\n\r\n", Refusal::InvalidStatusLine),
        ("HTTP/1.1 2000 X\r\n\r\n", Refusal::InvalidStatusLine),
        ("HTTP/1.1 200 OK\nX: a\r\n\r\n", Refusal::BareLineFeed),
        (
            "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
            Refusal::SpaceBeforeColon,
        ),
        ("HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", Refusal::FoldedLine),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
            Refusal::RepeatedLength,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            Refusal::InvalidLength,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
            Refusal::InvalidEncoding,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
            Refusal::InvalidEncoding,
        ),
    ] {
        let refusal = match parse(text.as_bytes(), Method::Get) {
            Ok(_) => panic!("accepted: {text:?}"),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal, expected, "{text:?}");
        assert_eq!(refusal.status(Fault::Server), 502);
    }
}

#[test]
fn the_reason_is_kept_whatever_it_holds() {
    for (line, reason) in [
        (&b"HTTP/1.1 200 OK"[..], &b"OK"[..]),
        (b"HTTP/1.1 200 Not so bad", b"Not so bad"),
        (b"HTTP/1.1 200 ", b""),
        (b"HTTP/1.1 200", b""),
        (b"HTTP/1.1 200 caf\xe9", b"caf\xe9"),
    ] {
        let text = [line, b"\r\nX: a\r\n\r\n"].concat();
        let head = parse(&text, Method::Get).unwrap();
        assert_eq!(head.status(), 200);
        assert_eq!(head.reason(&text), reason);
    }
}

#[test]
fn the_client_reads_connection_lines_of_its_own() {
    for (lines, client, persistent, expected) in [
        ("", Version::Http11, true, ""),
        ("", Version::Http11, false, "Connection: close\r\n"),
        ("", Version::Http10, true, "Connection: keep-alive\r\n"),
        ("Connection: close\r\n", Version::Http11, true, ""),
        (
            "Connection: close\r\nX: y\r\n",
            Version::Http11,
            false,
            "X: y\r\nConnection: close\r\n",
        ),
        (
            "Transfer-Encoding: chunked\r\n",
            Version::Http11,
            true,
            "Transfer-Encoding: chunked\r\nConnection: close\r\n",
        ),
        (
            "Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n",
            Version::Http11,
            true,
            "",
        ),
    ] {
        let text = format!("HTTP/1.0 200 OK\r\n{lines}\r\n");
        let mut head = parse(text.as_bytes(), Method::Get).unwrap();
        edit_response(&mut head, text.as_bytes(), client, persistent);
        let mut out = Vec::new();
        head.encode_into(text.as_bytes(), &mut out);
        let expected = format!("HTTP/1.1 200 OK\r\n{expected}\r\n");
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }
}

#[test]
fn a_switch_of_protocols_passes_as_it_is() {
    let text = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
    let mut head = parse(text, Method::Get).unwrap();
    assert!(!head.is_interim() && head.connection().wants_upgrade());
    edit_response(&mut head, text, Version::Http11, true);
    let mut out = Vec::new();
    head.encode_into(text, &mut out);
    assert_eq!(out, text);
}
