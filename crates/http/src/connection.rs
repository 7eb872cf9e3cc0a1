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
    /// An Upgrade line is there.
    pub has_upgrade: bool,
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

/// Makes a request's connection lines those of the connection to the server. Options other than
/// `close` and `keep-alive` stay, as with HAProxy; Keep-Alive and Proxy-Connection, which speak of
/// the client's connection, go; TE keeps at most `trailers`.
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
    set_option(headers, original, option);
    headers.remove_known(KnownHeader::KeepAlive);
    headers.remove_known(KnownHeader::ProxyConnection);
    limit_te(headers, original);
}

/// Makes a response's connection lines those of the connection to the client, which spoke
/// `client` and stays open where `persistent`. A 101 keeps its lines.
pub fn edit_response(head: &mut ResponseHead, original: &[u8], client: Version, persistent: bool) {
    if head.status() == 101 {
        return;
    }
    let option: Option<&[u8]> = match (persistent, client) {
        (false, _) => Some(b"close"),
        (true, Version::Http10) => Some(b"keep-alive"),
        (true, Version::Http11) => None,
    };
    let headers = &mut head.headers;
    set_option(headers, original, option);
    headers.remove_known(KnownHeader::KeepAlive);
    headers.remove_known(KnownHeader::ProxyConnection);
}

/// Takes `close` and `keep-alive` out of the Connection lines and puts `option` in.
fn set_option(headers: &mut Headers, original: &[u8], option: Option<&[u8]>) {
    let mut kept = Vec::new();
    for (_, value) in headers.values(original, KnownHeader::Connection) {
        for token in tokens(value) {
            if !token.eq_ignore_ascii_case(b"close") && !token.eq_ignore_ascii_case(b"keep-alive") {
                append(&mut kept, token);
            }
        }
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
