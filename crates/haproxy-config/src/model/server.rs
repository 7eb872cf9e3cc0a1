//! Servers and how they are checked.

use std::net::SocketAddr;
use std::time::Duration;

use diagnostics::Spanned;

use super::{Address, Host, Word};

/// A `server` line with the `default-server` settings merged in.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server's name.
    pub name: Word,
    /// Its numeric id in its backend, from 1.
    pub id: u32,
    /// Where it is.
    pub address: Spanned<Address>,
    /// `weight`, 0 to 256, default 1.
    pub weight: u16,
    /// `backup`.
    pub backup: bool,
    /// `disabled`: starts in maintenance.
    pub disabled: bool,
    /// `cookie`.
    pub cookie: Option<String>,
    /// `maxconn`; none or 0 is unlimited.
    pub maxconn: Option<u32>,
    /// `minconn`.
    pub minconn: Option<u32>,
    /// `maxqueue`; none or 0 is unlimited.
    pub maxqueue: Option<u32>,
    /// `check` and its parameters; none where the server is not checked.
    pub check: Option<Check>,
    /// `send-proxy` (1) or `send-proxy-v2` (2).
    pub send_proxy: Option<u8>,
    /// `source`.
    pub source: Option<SocketAddr>,
    /// `pool-max-conn`: idle connections kept; none is no limit of its own.
    pub pool_max_conn: Option<u32>,
    /// `pool-purge-delay`, default 5 s.
    pub pool_purge_delay: Option<Duration>,
    /// `slowstart`.
    pub slowstart: Option<Duration>,
    /// `redir PREFIX`.
    pub redir: Option<String>,
}

/// The health check of one server.
#[derive(Debug, Clone)]
pub struct Check {
    /// `inter`, default 2 s.
    pub inter: Duration,
    /// `fastinter`: the interval while changing state.
    pub fastinter: Option<Duration>,
    /// `downinter`: the interval while down.
    pub downinter: Option<Duration>,
    /// `rise`, default 2.
    pub rise: u32,
    /// `fall`, default 3.
    pub fall: u32,
    /// `port`.
    pub port: Option<u16>,
    /// `addr`.
    pub addr: Option<Host>,
}

/// How servers of a backend are checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CheckMethod {
    /// A connection that opens is enough.
    #[default]
    Tcp,
    /// `option httpchk`.
    Http(HttpCheck),
}

/// `option httpchk` with `http-check send` and `http-check expect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpCheck {
    /// Default `OPTIONS`.
    pub method: String,
    /// Default `/`.
    pub uri: String,
    /// Default `HTTP/1.0`.
    pub version: String,
    /// Header lines, in order.
    pub headers: Vec<(String, String)>,
    /// `body`.
    pub body: Option<String>,
    /// `http-check expect`; none accepts 2xx and 3xx.
    pub expect: Option<HttpExpect>,
}

/// `http-check expect [!] …`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpExpect {
    /// `!`.
    pub negated: bool,
    /// What must (not) be seen.
    pub pattern: HttpExpectPattern,
}

/// What `http-check expect` looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpExpectPattern {
    /// `status`: ranges, both ends included.
    Status(Vec<(u16, u16)>),
    /// `rstatus REGEX`.
    StatusRegex(String),
    /// `string TEXT`.
    Body(String),
    /// `rstring REGEX`.
    BodyRegex(String),
}
