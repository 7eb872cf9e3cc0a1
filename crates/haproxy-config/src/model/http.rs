//! How HTTP messages and connections are treated.

use std::path::PathBuf;
use std::time::Duration;

use diagnostics::Spanned;

use super::{Condition, Network};

/// `errorfile CODE PATH`.
#[derive(Debug, Clone)]
pub struct ErrorFile {
    /// The status it answers for.
    pub status: u16,
    /// A file with a whole HTTP response.
    pub path: Spanned<PathBuf>,
}

/// `capture request header …` or `capture response header …`.
#[derive(Debug, Clone)]
pub struct Capture {
    /// From the response instead of the request.
    pub response: bool,
    /// The header's name.
    pub name: String,
    /// How many characters are kept.
    pub len: u32,
}

/// What happens to a connection after a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum ConnectionMode {
    /// `option http-keep-alive`, the default: both sides stay open.
    #[default]
    KeepAlive,
    /// `option http-server-close`: the server's side closes.
    ServerClose,
    /// `option httpclose` (old: `forceclose`): both sides close.
    Close,
}

/// `http-reuse`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum HttpReuse {
    /// Only the session's own connection.
    Never,
    /// Others for later requests of a session, never for its first.
    #[default]
    Safe,
    /// Also for the first, on connections that were reused before.
    Aggressive,
    /// Always.
    Always,
}

/// `option forwardfor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForwardFor {
    /// `except NETWORK`.
    pub except: Option<Network>,
    /// `header NAME`, default `X-Forwarded-For`.
    pub header: String,
    /// `if-none`.
    pub if_none: bool,
}

/// `cookie` of a backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// The cookie's name.
    pub name: String,
    /// How it comes to the client.
    pub kind: CookieKind,
    /// `indirect`: the server never sees it.
    pub indirect: bool,
    /// `nocache`.
    pub nocache: bool,
    /// `postonly`.
    pub postonly: bool,
    /// `preserve`.
    pub preserve: bool,
    /// `httponly`.
    pub httponly: bool,
    /// `secure`.
    pub secure: bool,
    /// `domain` arguments.
    pub domains: Vec<String>,
    /// `maxidle`.
    pub maxidle: Option<Duration>,
    /// `maxlife`.
    pub maxlife: Option<Duration>,
    /// `attr` arguments.
    pub attributes: Vec<String>,
}

/// How the persistence cookie comes to the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CookieKind {
    /// No keyword: the application sets it, the proxy only reads it.
    Passive,
    /// `insert`: the proxy sets it.
    Insert,
    /// `rewrite`: the application sets it, the proxy replaces its value.
    Rewrite,
    /// `prefix`: the proxy puts the server's key before the application's value.
    Prefix,
}

/// The statistics page of a proxy.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// `stats uri`, default `/haproxy?stats`.
    pub uri: Option<String>,
    /// `stats realm`.
    pub realm: Option<String>,
    /// `stats auth USER:PASSWORD` lines.
    pub auth: Vec<(String, String)>,
    /// `stats admin if …` lines.
    pub admin: Vec<Condition>,
    /// `stats refresh`.
    pub refresh: Option<Duration>,
    /// `stats hide-version`.
    pub hide_version: bool,
    /// `stats show-legends`.
    pub show_legends: bool,
    /// `stats show-node [NAME]`: `Some(None)` is the machine's own name.
    pub show_node: Option<Option<String>>,
    /// `stats show-desc [TEXT]`.
    pub show_desc: Option<Option<String>>,
    /// `stats scope NAME` lines; `.` is the proxy itself.
    pub scope: Vec<String>,
}
