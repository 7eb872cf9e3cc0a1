//! What holds for any bytes whatever.

use http::{
    BodyScanner, ChunkScanner, Limits, Method, Parsed, RequestHead, ResponseHead, ServerSide,
    edit_request,
};
use proptest::prelude::*;

/// A regressions file would be written into the source tree.
fn config() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Bytes that look like heads often enough to get deep into the parser.
fn head_like() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "GET ",
        "POST ",
        "OPTIONS ",
        "CONNECT ",
        "/",
        "*",
        "/a?b",
        "http://h/",
        "h:80",
        " ",
        "HTTP/1.1",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.0 304 \r\n",
        "\r\n",
        "\r\n\r\n",
        "\n",
        "\r",
        ":",
        ": ",
        "\t",
        "\0",
        "\u{e9}",
        "X",
        "Host: h\r\n",
        "Host: ",
        "Content-Length: 5\r\n",
        "Content-Length: ",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Connection: upgrade\r\n",
        "Upgrade: websocket\r\n",
        "X-A: b\r\n",
        "5",
        "0\r\n\r\n",
        "a;b=c\r\n",
    ]);
    prop::collection::vec(words, 0..14).prop_map(|words| words.concat().into_bytes())
}

fn limits() -> Limits {
    Limits {
        head_bytes: 100,
        header_lines: 5,
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_request_is_the_same_in_any_number_of_pieces(bytes in head_like()) {
        let mut head = RequestHead::new();
        let whole = head.parse(&bytes, &limits());
        for cut in 0..bytes.len() {
            match RequestHead::new().parse(&bytes[..cut], &limits()) {
                Ok(Parsed::Partial) => {}
                Ok(complete) => prop_assert_eq!(Ok(complete), whole),
                Err(_) => prop_assert!(whole.is_err(), "{} of {}", cut, bytes.escape_ascii()),
            }
        }
    }

    #[test]
    fn a_response_is_the_same_in_any_number_of_pieces(bytes in head_like()) {
        let whole = ResponseHead::new().parse(&bytes, Method::Get, &limits());
        for cut in 0..bytes.len() {
            match ResponseHead::new().parse(&bytes[..cut], Method::Get, &limits()) {
                Ok(Parsed::Partial) => {}
                Ok(complete) => prop_assert_eq!(Ok(complete), whole),
                Err(_) => prop_assert!(whole.is_err(), "{} of {}", cut, bytes.escape_ascii()),
            }
        }
    }

    #[test]
    fn what_is_written_reads_back_the_same(bytes in head_like()) {
        let mut head = RequestHead::new();
        if let Ok(Parsed::Complete { .. }) = head.parse(&bytes, &Limits::default()) {
            let mut written = Vec::new();
            head.encode_into(&bytes, &mut written);
            let mut again = RequestHead::new();
            let parsed = again.parse(&written, &Limits::default());
            prop_assert_eq!(parsed, Ok(Parsed::Complete { len: written.len() }));
            prop_assert_eq!(again.method(), head.method());
            prop_assert_eq!(again.body(), head.body());
            prop_assert_eq!(again.target_text(&written), head.target_text(&bytes));
            let lines: Vec<_> = head.headers.iter(&bytes).collect();
            let lines_again: Vec<_> = again.headers.iter(&written).collect();
            prop_assert_eq!(lines, lines_again);
        }
    }

    #[test]
    fn the_server_reads_the_same_request_after_the_connections_edits(bytes in head_like()) {
        let mut head = RequestHead::new();
        if let Ok(Parsed::Complete { .. }) = head.parse(&bytes, &Limits::default()) {
            for server in [ServerSide::Reuse, ServerSide::Close] {
                let mut edited = head.clone();
                edit_request(&mut edited, &bytes, server);
                let mut written = Vec::new();
                edited.encode_into(&bytes, &mut written);
                let mut again = RequestHead::new();
                let parsed = again.parse(&written, &Limits::default());
                prop_assert_eq!(parsed, Ok(Parsed::Complete { len: written.len() }));
                prop_assert_eq!(again.body(), head.body());
                prop_assert_eq!(again.target_text(&written), head.target_text(&bytes));
                prop_assert_eq!(again.connection().wants_upgrade(), head.connection().wants_upgrade());
                if !head.connection().wants_upgrade() {
                    prop_assert_eq!(again.is_persistent(), server == ServerSide::Reuse);
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = RequestHead::new().parse(&bytes, &Limits::default());
        let _ = ResponseHead::new().parse(&bytes, Method::Get, &Limits::default());
        let _ = ChunkScanner::new().scan(&bytes);
        for body in [http::Body::Length(7), http::Body::Chunked] {
            let _ = BodyScanner::new(body).scan(&bytes);
        }
        let _ = http::remove_cookie(&bytes, b"a");
        let _ = http::strip_cookie_prefix(&bytes, b"a");
        let _ = http::rewrite_set_cookie(&bytes, b"a");
        let _ = http::set_cookie_pair(&bytes);
        let _ = http::tokens(&bytes).count();
    }

    #[test]
    fn chunks_end_at_the_same_place_in_any_two_pieces(bytes in head_like(), cut in 0..100usize) {
        let whole = ChunkScanner::new().scan(&bytes);
        let cut = cut.min(bytes.len());
        let mut scanner = ChunkScanner::new();
        let pieces = scanner
            .scan(&bytes[..cut])
            .and_then(|first| scanner.scan(&bytes[cut..]).map(|second| first + second));
        prop_assert_eq!(whole, pieces);
    }
}
