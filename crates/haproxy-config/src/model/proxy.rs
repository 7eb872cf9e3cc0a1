//! One proxy.

use std::net::SocketAddr;
use std::time::Duration;

use diagnostics::Span;

use super::{
    Acl, Bind, Capture, CheckMethod, ConnectionMode, Cookie, ErrorFile, ForwardFor, HttpReuse,
    LogFormat, LogTarget, Rule, Server, Stats, UseBackend, Word,
};

/// What a proxy section is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProxyKind {
    /// `frontend`: takes connections.
    Frontend,
    /// `backend`: has servers.
    Backend,
    /// `listen`: both.
    Listen,
}

impl ProxyKind {
    /// Whether it takes connections.
    #[must_use]
    pub const fn is_frontend(self) -> bool {
        matches!(self, Self::Frontend | Self::Listen)
    }

    /// Whether it has servers.
    #[must_use]
    pub const fn is_backend(self) -> bool {
        matches!(self, Self::Backend | Self::Listen)
    }
}

/// `mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Mode {
    /// Bytes both ways.
    #[default]
    Tcp,
    /// HTTP messages.
    Http,
}

/// A `frontend`, `backend` or `listen` section with its `defaults` merged in.
#[derive(Debug, Clone)]
pub struct Proxy {
    /// The section's name.
    pub name: Word,
    /// The whole section header, for messages about the section.
    pub span: Span,
    /// Frontend, backend or both.
    pub kind: ProxyKind,
    /// `id`; where none is written, the lowest number that no other proxy has, in order: from 1, or
    /// from 2 where there is a stats socket, which HAProxy serves with a proxy of its own.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// `disabled`.
    pub disabled: bool,
    /// `description`.
    pub description: Option<String>,
    /// `bind` lines, one entry an address (a port range is one entry).
    pub binds: Vec<Bind>,
    /// `server` lines with `default-server` merged in.
    pub servers: Vec<Server>,
    /// `balance`.
    pub balance: Balance,
    /// `hash-type consistent`; otherwise map-based.
    pub hash_consistent: bool,
    /// `timeout …` lines.
    pub timeouts: Timeouts,
    /// `retries`, default 3.
    pub retries: u32,
    /// `option redispatch [N]`: 0 is off, -1 "on the last retry", N "every N-th retry".
    pub redispatch: i32,
    /// `maxconn` of a frontend; none is the process's.
    pub maxconn: Option<u32>,
    /// `fullconn` of a backend.
    pub fullconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `option http-server-close`, `option httpclose`, or the default.
    pub connection_mode: ConnectionMode,
    /// `http-reuse`.
    pub http_reuse: HttpReuse,
    /// `option forwardfor`.
    pub forward_for: Option<ForwardFor>,
    /// `cookie`.
    pub cookie: Option<Cookie>,
    /// `acl` lines in order.
    pub acls: Vec<Acl>,
    /// `http-request`, `http-response`, `tcp-request …`, `redirect`, `block` and the old `req*` and
    /// `rsp*` lines rewritten to them, in order.
    pub rules: Vec<Rule>,
    /// `use_backend` lines in order.
    pub use_backends: Vec<UseBackend>,
    /// `default_backend`.
    pub default_backend: Option<Word>,
    /// `stats …` lines; present when any was written (after merging).
    pub stats: Option<Stats>,
    /// `log` lines; `log global` is replaced by the targets of `global`.
    pub log: Vec<LogTarget>,
    /// Which line a connection or request leaves in the log.
    pub log_format: LogFormat,
    /// `option dontlognull`.
    pub dont_log_null: bool,
    /// `option dontlog-normal`.
    pub dont_log_normal: bool,
    /// `option logasap`.
    pub log_asap: bool,
    /// `option log-separate-errors`.
    pub log_separate_errors: bool,
    /// `option log-health-checks`.
    pub log_health_checks: bool,
    /// How servers of this backend are checked.
    pub check: CheckMethod,
    /// `option abortonclose`.
    pub abort_on_close: bool,
    /// `option persist`.
    pub persist: bool,
    /// `option allbackups`.
    pub all_backups: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
    /// `option tcpka` or `clitcpka`: SO_KEEPALIVE towards clients.
    pub client_keepalive: bool,
    /// `option tcpka` or `srvtcpka`: SO_KEEPALIVE towards servers.
    pub server_keepalive: bool,
    /// `source ADDRESS`.
    pub source: Option<SocketAddr>,
    /// `errorfile CODE PATH` lines: the path as written; the loader reads it.
    pub error_files: Vec<ErrorFile>,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// `capture request|response header NAME len N` lines in order.
    pub captures: Vec<Capture>,
    /// `capture cookie NAME len N`.
    pub capture_cookie: Option<(String, u32)>,
}

/// `balance`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Balance {
    /// In turn by weight; weights may change at run time.
    #[default]
    RoundRobin,
    /// In turn by weight, the weights fixed.
    StaticRoundRobin,
    /// Fewest connections.
    LeastConnections,
    /// First server with a free connection slot.
    First,
    /// By the client's address.
    Source,
}

/// `timeout …`: none is "no limit".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// `timeout connect` (old: `contimeout`).
    pub connect: Option<Duration>,
    /// `timeout client` (old: `clitimeout`).
    pub client: Option<Duration>,
    /// `timeout server` (old: `srvtimeout`).
    pub server: Option<Duration>,
    /// `timeout queue`; default: `timeout connect`.
    pub queue: Option<Duration>,
    /// `timeout check`: reading a check's answer once connected.
    pub check: Option<Duration>,
    /// `timeout http-request`; default: `timeout client`.
    pub http_request: Option<Duration>,
    /// `timeout http-keep-alive`; default: `timeout http-request`.
    pub http_keep_alive: Option<Duration>,
    /// `timeout tunnel`: both ways of an upgraded connection.
    pub tunnel: Option<Duration>,
    /// `timeout client-fin`.
    pub client_fin: Option<Duration>,
    /// `timeout server-fin`.
    pub server_fin: Option<Duration>,
    /// `timeout tarpit`; default: `timeout connect`.
    pub tarpit: Option<Duration>,
}
