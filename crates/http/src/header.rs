//! Header names that the proxy itself reads, and lists of tokens.

/// A header that is recognised once, while parsing, so that later look-ups compare a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KnownHeader {
    /// Any name not listed here.
    Other,
    /// `Accept`.
    Accept,
    /// `Authorization`.
    Authorization,
    /// `Cache-Control`.
    CacheControl,
    /// `Connection`.
    Connection,
    /// `Content-Length`.
    ContentLength,
    /// `Content-Type`.
    ContentType,
    /// `Cookie`.
    Cookie,
    /// `Date`.
    Date,
    /// `Expect`.
    Expect,
    /// `Host`.
    Host,
    /// `Keep-Alive`.
    KeepAlive,
    /// `Location`.
    Location,
    /// `Proxy-Connection`.
    ProxyConnection,
    /// `Referer`.
    Referer,
    /// `Sec-WebSocket-Key`.
    SecWebSocketKey,
    /// `Set-Cookie`.
    SetCookie,
    /// `TE`.
    Te,
    /// `Trailer`.
    Trailer,
    /// `Transfer-Encoding`.
    TransferEncoding,
    /// `Upgrade`.
    Upgrade,
    /// `User-Agent`.
    UserAgent,
    /// `X-Forwarded-For`.
    XForwardedFor,
}

impl KnownHeader {
    /// Recognises a name, whatever its case.
    #[must_use]
    pub fn recognise(name: &[u8]) -> Self {
        // Length and first letter leave one candidate, so that one comparison decides.
        let first = name.first().map_or(0, u8::to_ascii_lowercase);
        let candidate = match (name.len(), first) {
            (2, b't') => Self::Te,
            (4, b'h') => Self::Host,
            (4, b'd') => Self::Date,
            (6, b'a') => Self::Accept,
            (6, b'c') => Self::Cookie,
            (6, b'e') => Self::Expect,
            (7, b'r') => Self::Referer,
            (7, b't') => Self::Trailer,
            (7, b'u') => Self::Upgrade,
            (8, b'l') => Self::Location,
            (10, b'c') => Self::Connection,
            (10, b'k') => Self::KeepAlive,
            (10, b's') => Self::SetCookie,
            (10, b'u') => Self::UserAgent,
            (12, b'c') => Self::ContentType,
            (13, b'a') => Self::Authorization,
            (13, b'c') => Self::CacheControl,
            (14, b'c') => Self::ContentLength,
            (15, b'x') => Self::XForwardedFor,
            (16, b'p') => Self::ProxyConnection,
            (17, b's') => Self::SecWebSocketKey,
            (17, b't') => Self::TransferEncoding,
            _ => return Self::Other,
        };
        // The usual spelling is compared at once, any other byte by byte.
        if candidate.name() == name || candidate.name().eq_ignore_ascii_case(name) {
            candidate
        } else {
            Self::Other
        }
    }

    /// The name in its usual spelling; empty for [`Self::Other`].
    #[must_use]
    pub const fn name(self) -> &'static [u8] {
        match self {
            Self::Other => b"",
            Self::Accept => b"Accept",
            Self::Authorization => b"Authorization",
            Self::CacheControl => b"Cache-Control",
            Self::Connection => b"Connection",
            Self::ContentLength => b"Content-Length",
            Self::ContentType => b"Content-Type",
            Self::Cookie => b"Cookie",
            Self::Date => b"Date",
            Self::Expect => b"Expect",
            Self::Host => b"Host",
            Self::KeepAlive => b"Keep-Alive",
            Self::Location => b"Location",
            Self::ProxyConnection => b"Proxy-Connection",
            Self::Referer => b"Referer",
            Self::SecWebSocketKey => b"Sec-WebSocket-Key",
            Self::SetCookie => b"Set-Cookie",
            Self::Te => b"TE",
            Self::Trailer => b"Trailer",
            Self::TransferEncoding => b"Transfer-Encoding",
            Self::Upgrade => b"Upgrade",
            Self::UserAgent => b"User-Agent",
            Self::XForwardedFor => b"X-Forwarded-For",
        }
    }
}

/// The elements of a comma-separated list without blanks around them; empty ones are left out
/// (RFC 9110, 5.6.1). Commas inside quoted strings do not separate.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    value
        .split(move |byte| {
            let separates = *byte == b',' && !quoted;
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                _ => {}
            }
            separates
        })
        .map(trim)
        .filter(|token| !token.is_empty())
}

/// Without spaces and tabs at both ends (OWS of RFC 9110, 5.6.3).
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// Whether a byte may stand in a token, such as a method or a header name (RFC 9110, 5.6.2).
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    matches!(byte,
        b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`'
        | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z')
}

/// Whether a byte may stand in a header's value: visible, blank, tab, or not ASCII.
pub(crate) const fn is_value_byte(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_name_is_recognised_in_any_case() {
        for number in 1..=KnownHeader::XForwardedFor as u8 {
            let known = ALL[usize::from(number) - 1];
            assert_eq!(known as u8, number);
            assert_eq!(KnownHeader::recognise(known.name()), known);
            let upper = known.name().to_ascii_uppercase();
            assert_eq!(KnownHeader::recognise(&upper), known);
        }
        for name in ["", "x", "hosts", "x-forwarded-fox"] {
            assert_eq!(KnownHeader::recognise(name.as_bytes()), KnownHeader::Other);
        }
    }

    const ALL: [KnownHeader; 22] = [
        KnownHeader::Accept,
        KnownHeader::Authorization,
        KnownHeader::CacheControl,
        KnownHeader::Connection,
        KnownHeader::ContentLength,
        KnownHeader::ContentType,
        KnownHeader::Cookie,
        KnownHeader::Date,
        KnownHeader::Expect,
        KnownHeader::Host,
        KnownHeader::KeepAlive,
        KnownHeader::Location,
        KnownHeader::ProxyConnection,
        KnownHeader::Referer,
        KnownHeader::SecWebSocketKey,
        KnownHeader::SetCookie,
        KnownHeader::Te,
        KnownHeader::Trailer,
        KnownHeader::TransferEncoding,
        KnownHeader::Upgrade,
        KnownHeader::UserAgent,
        KnownHeader::XForwardedFor,
    ];

    #[test]
    fn lists_split_at_commas_outside_quotes() {
        for (value, expected) in [
            ("", vec![]),
            ("close", vec!["close"]),
            (" close ,\tUpgrade,, ", vec!["close", "Upgrade"]),
            (
                r#"a="1,2", b="x\",y",c"#,
                vec![r#"a="1,2""#, r#"b="x\",y""#, "c"],
            ),
        ] {
            let found: Vec<&str> = tokens(value.as_bytes())
                .map(|token| std::str::from_utf8(token).unwrap())
                .collect();
            assert_eq!(found, expected, "{value}");
        }
    }
}
