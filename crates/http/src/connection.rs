//! What becomes of a connection after a message, and the header lines that say so
//! (RFC 9110, 7.6.1; RFC 9112, 9.3).

use crate::header::{KnownHeader, tokens};
use crate::headers::Headers;
use crate::{RequestHead, ResponseHead, Version};

/// How a proxy treats both connections after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ConnectionMode {
    /// `option http-keep-alive`: both sides stay open.
    #[default]
    KeepAlive,
    /// `option http-server-close`: the server's side closes.
    ServerClose,
    /// `option httpclose`: both sides close.
    Close,
}

impl ConnectionMode {
    /// What the server is told.
    #[must_use]
    pub const fn server_side(self) -> ServerSide {
        match self {
            Self::KeepAlive => ServerSide::Reuse,
            Self::ServerClose | Self::Close => ServerSide::Close,
        }
    }
}

/// What the server is told about its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ServerSide {
    /// It stays open.
    Reuse,
    /// It closes after the response.
    Close,
}

/// The options of the Connection lines that matter to a proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct ConnectionOptions {
    /// `close`.
    pub close: bool,
    /// `keep-alive`.
    pub keep_alive: bool,
    /// `upgrade`.
    pub upgrade: bool,
    /// An Upgrade line names a protocol that may pass: any but HTTP/2, which would carry requests
    /// past every rule of the proxy.
    pub has_upgrade: bool,
}

/// The protocols of an Upgrade value that may pass.
pub(crate) fn protocols(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    tokens(value).filter(|protocol| {
        !protocol.eq_ignore_ascii_case(b"h2c") && !protocol.eq_ignore_ascii_case(b"h2")
    })
}

impl ConnectionOptions {
    pub(crate) fn read(&mut self, value: &[u8]) {
        for token in tokens(value) {
            self.close |= token.eq_ignore_ascii_case(b"close");
            self.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
            self.upgrade |= token.eq_ignore_ascii_case(b"upgrade");
        }
    }

    /// Whether the connection outlives the message: in HTTP/1.1 unless `close` is said, in
    /// HTTP/1.0 only where `keep-alive` is.
    #[must_use]
    pub fn is_persistent(self, version: Version) -> bool {
        !self.close && (version == Version::Http11 || self.keep_alive)
    }

    /// Whether another protocol is asked for, or answered with 101.
    #[must_use]
    pub fn wants_upgrade(self) -> bool {
        self.upgrade && self.has_upgrade
    }
}

/// Makes a request's connection lines those of the connection to the server.
///
/// Options other than `close` and `keep-alive` stay, as with HAProxy, unless they name a header
/// that the proxy itself relies on (`Connection: Content-Length` would make the next hop drop it).
/// Keep-Alive and Proxy-Connection, which speak of the client's connection, go; TE keeps at most
/// `trailers`; Upgrade stays only where Connection asks for it, without HTTP/2.
pub fn edit_request(head: &mut RequestHead, original: &[u8], server: ServerSide) {
    let version = head.version();
    let upgrade = head.connection().wants_upgrade();
    let option: Option<&[u8]> = match (server, version) {
        // A closing connection cannot become another protocol's.
        (ServerSide::Close, Version::Http11) if !upgrade => Some(b"close"),
        (ServerSide::Reuse, Version::Http10) => Some(b"keep-alive"),
        _ => None,
    };
    let headers = &mut head.headers;
    limit_upgrade(headers, original, upgrade);
    set_option(headers, original, option, upgrade);
    headers.remove_known(KnownHeader::KeepAlive);
    headers.remove_known(KnownHeader::ProxyConnection);
    limit_te(headers, original);
}

/// Makes a response's connection lines those of the connection to the client, which spoke
/// `client` and stays open where `persistent`. Interim responses and a 101 keep their lines, and a
/// response whose end is ambiguous always says `close`.
pub fn edit_response(head: &mut ResponseHead, original: &[u8], client: Version, persistent: bool) {
    if head.status() == 101 || head.is_interim() {
        return;
    }
    let persistent = persistent && !head.is_ambiguous();
    let option: Option<&[u8]> = match (persistent, client) {
        (false, _) => Some(b"close"),
        (true, Version::Http10) => Some(b"keep-alive"),
        (true, Version::Http11) => None,
    };
    let upgrade = head.connection().wants_upgrade();
    let headers = &mut head.headers;
    limit_upgrade(headers, original, upgrade);
    set_option(headers, original, option, upgrade);
    headers.remove_known(KnownHeader::KeepAlive);
    headers.remove_known(KnownHeader::ProxyConnection);
}

/// Takes the options that do not pass out of the Connection lines and puts `option` in.
fn set_option(headers: &mut Headers, original: &[u8], option: Option<&[u8]>, upgrade: bool) {
    let passes = |token: &[u8]| match KnownHeader::recognise(token) {
        KnownHeader::Upgrade => upgrade,
        KnownHeader::Te => true,
        KnownHeader::Other => [&b"close"[..], b"keep-alive", HTTP2_SETTINGS]
            .iter()
            .all(|option| !token.eq_ignore_ascii_case(option)),
        _ => false,
    };
    let mut kept = Vec::new();
    for (_, value) in headers.values(original, KnownHeader::Connection) {
        tokens(value)
            .filter(|token| passes(token))
            .for_each(|token| append(&mut kept, token));
    }
    if kept.is_empty() && option.is_none() && !headers.contains(KnownHeader::Connection) {
        return;
    }
    headers.remove_known(KnownHeader::Connection);
    match option {
        // The usual case, without memory of its own.
        Some(option) if kept.is_empty() => {
            headers.add_known(KnownHeader::Connection, option);
        }
        Some(option) => {
            append(&mut kept, option);
            headers.add_known(KnownHeader::Connection, &kept);
        }
        None if kept.is_empty() => {}
        None => {
            headers.add_known(KnownHeader::Connection, &kept);
        }
    }
}

const HTTP2_SETTINGS: &[u8] = b"HTTP2-Settings";

/// Takes HTTP/2 out of the Upgrade lines, and the lines where nothing is left or asked for.
fn limit_upgrade(headers: &mut Headers, original: &[u8], upgrade: bool) {
    if !headers.contains(KnownHeader::Upgrade) {
        return;
    }
    headers.remove_named(original, HTTP2_SETTINGS);
    let mut kept = Vec::new();
    for (_, value) in headers.values(original, KnownHeader::Upgrade) {
        protocols(value).for_each(|protocol| append(&mut kept, protocol));
    }
    let is_one_line = headers.values(original, KnownHeader::Upgrade).count() == 1;
    if upgrade && is_one_line && headers.first(original, KnownHeader::Upgrade) == Some(&kept) {
        return;
    }
    headers.remove_known(KnownHeader::Upgrade);
    if upgrade {
        headers.add_known(KnownHeader::Upgrade, &kept);
    }
}

fn append(list: &mut Vec<u8>, token: &[u8]) {
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(token);
}

/// Encodings that only the next hop understands are not passed on; trailers are.
fn limit_te(headers: &mut Headers, original: &[u8]) {
    if !headers.contains(KnownHeader::Te) {
        return;
    }
    let trailers = headers
        .values(original, KnownHeader::Te)
        .any(|(_, value)| tokens(value).any(|token| token.eq_ignore_ascii_case(b"trailers")));
    headers.remove_known(KnownHeader::Te);
    if trailers {
        headers.add_known(KnownHeader::Te, b"trailers");
    }
}
