//! The configuration as the workers run it: immutable, compiled, swapped whole.
//!
//! ```text
//! Config + Materials (files, TLS) ──Snapshot::build──► Snapshot ──Arc──► every worker
//!                       previous Snapshot ──state by name──┘
//! ```
//!
//! Numbers instead of names: a frontend refers to its backend by position, so that a request never
//! looks a name up. State (health, counters) is found again by name in the snapshot before, so a
//! reload keeps it.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use haproxy_config::model::{
    Balance, Config, ConnectionMode, Cookie, ForwardFor, HttpReuse, LogFormat, LogTarget, Mode,
};
use rules::{Programs, ProxyProgram};

use crate::state::{BackendState, FrontendState, Gate, Operational, ProcessState, ServerState};
use crate::stats_hook::StatsHandler;

mod build;

/// Size of a connection's buffer where `tune.bufsize` is not set, in bytes.
pub const BUFFER_SIZE_DEFAULT: usize = 16_384;
/// Bytes of a buffer kept free for added headers where `tune.maxrewrite` is not set.
pub const REWRITE_RESERVE_DEFAULT: usize = 1_024;
/// Most header lines of a message where `tune.http.maxhdr` is not set.
pub const HEADERS_MAX_DEFAULT: usize = 101;

/// What the loader made of the things that a configuration only names.
#[derive(Clone)]
pub struct Materials {
    /// Contents of `errorfile`s by path as written.
    pub error_files: HashMap<PathBuf, Arc<[u8]>>,
    /// TLS settings by position of the proxy in [`Config::proxies`] and of the `bind` in it.
    pub tls: HashMap<(usize, usize), Arc<rustls::ServerConfig>>,
    /// The compiled rules of every proxy, in the order of [`Config::proxies`].
    pub programs: Arc<Programs>,
    /// Every socket of a `bind` line: its key across the channel and whose it is.
    pub sockets: Vec<SocketOwner>,
    /// Answers requests for a statistics page.
    pub stats: StatsHandler,
}

/// Which `bind` line a listening socket belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketOwner {
    /// The key under which the socket is handed over.
    pub key: String,
    /// Position in [`Config::proxies`].
    pub proxy: usize,
    /// Position in the proxy's `binds`; a port range has several sockets of one line.
    pub bind: usize,
}

/// A configuration that cannot be run although its text is well-formed.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A name that the loader left unresolved.
    #[error("'{name}' of {proxy} has no address")]
    Unresolved {
        /// The proxy.
        proxy: String,
        /// The name.
        name: String,
    },
    /// A `use_backend` or `default_backend` that names nothing.
    #[error("unable to find required {role}: '{name}' in proxy '{proxy}'")]
    NoSuchBackend {
        /// `default_backend` or `use_backend`.
        role: &'static str,
        /// The proxy that refers to it.
        proxy: String,
        /// The name.
        name: String,
    },
}

/// A whole configuration, ready to run.
pub struct Snapshot {
    /// Rises with each configuration of this process; see `supervision::Bundle`.
    pub generation: u64,
    /// What this was built from, for those who report on it.
    pub config: Arc<Config>,
    /// Live state of the process.
    pub process: Arc<ProcessState>,
    /// Limits of the process.
    pub limits: Limits,
    /// Every socket to accept from. A port range yields several.
    pub listeners: Vec<Arc<Listener>>,
    /// Every `frontend` and `listen`, in file order.
    pub frontends: Vec<Arc<Frontend>>,
    /// Every `backend` and `listen`, in file order.
    pub backends: Vec<Arc<Backend>>,
    /// Answers requests for a statistics page.
    pub stats: StatsHandler,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Snapshot")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

/// Limits that hold for the whole process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Client connections at once; none is unlimited.
    pub connections_max: Option<u32>,
    /// Size of each connection's buffer, in bytes (`tune.bufsize`).
    pub buffer_size: usize,
    /// Bytes of a buffer that a received head must leave free (`tune.maxrewrite`).
    pub rewrite_reserve: usize,
    /// Most header lines of a message (`tune.http.maxhdr`).
    pub headers_max: usize,
}

/// One listening socket.
#[derive(Debug)]
pub struct Listener {
    /// The key under which the supervisor hands the socket over.
    pub key: String,
    /// Position of its frontend in [`Snapshot::frontends`].
    pub frontend: usize,
    /// `name` of the bind line.
    pub name: Option<String>,
    /// `id` of the bind line.
    pub id: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `maxconn` of the bind line.
    pub connections_max: Option<u32>,
    /// Connections at once over all workers; kept only where the line has a `maxconn`.
    pub gate: Gate,
    /// Present on `ssl` bind lines.
    pub tls: Option<Arc<rustls::ServerConfig>>,
}

/// One `frontend`, or the frontend half of a `listen`.
pub struct Frontend {
    /// Position in [`Snapshot::frontends`].
    pub index: usize,
    /// Position of its section in [`Config::proxies`].
    pub proxy: usize,
    /// The section's name.
    pub name: String,
    /// The section's numeric id.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// `maxconn`.
    pub connections_max: Option<u32>,
    /// Position in [`Snapshot::backends`] of the backend that takes what no rule sends elsewhere.
    pub default_backend: Option<usize>,
    /// Client-side time limits.
    pub timeouts: ClientTimeouts,
    /// What happens after a response.
    pub connection_mode: ConnectionMode,
    /// `option forwardfor`.
    pub forward_for: Option<ForwardFor>,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// `stats uri`, where this section has a statistics page.
    pub stats_uri: Option<String>,
    programs: Arc<Programs>,
    /// `errorfile`s by status.
    pub error_files: HashMap<u16, Arc<[u8]>>,
    /// Keep-alive probes towards clients.
    pub tcp_keepalive: bool,
    /// What is logged, and how.
    pub log: LogSettings,
    /// Live state.
    pub state: Arc<FrontendState>,
}

/// What a frontend logs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// Where to; empty is no log at all, and then no record is made.
    pub targets: Vec<LogTarget>,
    /// The line's form.
    pub format: LogFormat,
    /// `option dontlognull`.
    pub skip_empty: bool,
    /// `option dontlog-normal`.
    pub skip_normal: bool,
    /// `option logasap`.
    pub early: bool,
    /// `option log-separate-errors`.
    pub errors_separate: bool,
    /// `capture request header` lines: name and length.
    pub request_captures: Vec<(String, usize)>,
    /// `capture response header` lines.
    pub response_captures: Vec<(String, usize)>,
    /// `capture cookie`.
    pub cookie_capture: Option<(String, usize)>,
}

/// Client-side time limits; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClientTimeouts {
    /// `timeout client`: inactivity.
    pub inactivity: Option<Duration>,
    /// `timeout http-request`: from the first byte (or the accept) to the whole head.
    pub request_head: Option<Duration>,
    /// `timeout http-keep-alive`: from a response to the next request's first byte.
    pub keep_alive: Option<Duration>,
    /// `timeout client-fin`: inactivity once one side has closed.
    pub half_closed: Option<Duration>,
    /// `timeout tarpit`.
    pub tarpit: Option<Duration>,
}

/// Server-side time limits; none is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ServerTimeouts {
    /// `timeout connect`.
    pub connect: Option<Duration>,
    /// `timeout server`: inactivity.
    pub inactivity: Option<Duration>,
    /// `timeout queue`.
    pub queue: Option<Duration>,
    /// `timeout tunnel`: inactivity of both sides once a connection is a tunnel.
    pub tunnel: Option<Duration>,
    /// `timeout server-fin`: inactivity once one side has closed.
    pub half_closed: Option<Duration>,
}

/// One `backend`, or the backend half of a `listen`.
pub struct Backend {
    /// Position in [`Snapshot::backends`].
    pub index: usize,
    /// Position of its section in [`Config::proxies`].
    pub proxy: usize,
    /// The section's name.
    pub name: String,
    /// The section's numeric id.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// In configuration order.
    pub servers: Vec<Arc<Server>>,
    /// How a server is picked.
    pub balance: Balance,
    /// `hash-type consistent`.
    pub hash_consistent: bool,
    /// `option allbackups`.
    pub all_backups: bool,
    /// Server-side time limits.
    pub timeouts: ServerTimeouts,
    /// `retries`.
    pub retries: u32,
    /// `option redispatch`: 0 is off, -1 the last retry, N every N-th.
    pub redispatch: i32,
    /// `fullconn`.
    pub full_connections: Option<u32>,
    /// What happens after a response.
    pub connection_mode: ConnectionMode,
    /// `http-reuse`.
    pub reuse: HttpReuse,
    /// `option forwardfor`.
    pub forward_for: Option<ForwardFor>,
    /// `cookie`.
    pub cookie: Option<Cookie>,
    /// `option abortonclose`.
    pub abort_on_close: bool,
    /// `option persist`.
    pub persist: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
    /// `stats uri`, where this section has a statistics page.
    pub stats_uri: Option<String>,
    programs: Arc<Programs>,
    /// `errorfile`s by status.
    pub error_files: HashMap<u16, Arc<[u8]>>,
    /// Keep-alive probes towards servers.
    pub tcp_keepalive: bool,
    /// Live state.
    pub state: Arc<BackendState>,
}

/// One `server` line.
#[derive(Debug)]
pub struct Server {
    /// Position in [`Backend::servers`].
    pub index: usize,
    /// Its name.
    pub name: String,
    /// Its numeric id.
    pub id: u32,
    /// Where it is.
    pub address: ServerAddress,
    /// The weight in the configuration; the one in force is in the state.
    pub weight: u32,
    /// `backup`.
    pub backup: bool,
    /// `cookie`.
    pub cookie: Option<String>,
    /// `maxconn`.
    pub connections_max: Option<u32>,
    /// `minconn`.
    pub connections_min: Option<u32>,
    /// `maxqueue`.
    pub queue_max: Option<u32>,
    /// Version of `send-proxy`.
    pub send_proxy: Option<u8>,
    /// `source`, of the server or else of its backend.
    pub source: Option<SocketAddr>,
    /// `pool-max-conn`.
    pub idle_max: Option<u32>,
    /// `pool-purge-delay`.
    pub idle_purge: Duration,
    /// `redir`.
    pub redirect_prefix: Option<String>,
    /// Live state.
    pub state: Arc<ServerState>,
}

/// Idle server connections are looked through this often where `pool-purge-delay` is not set.
pub const POOL_PURGE_DEFAULT: Duration = Duration::from_secs(5);

/// Where a server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerAddress {
    /// An address and a port.
    Inet(SocketAddr),
    /// An address, the port being the client's destination port plus an offset.
    MappedPort {
        /// The address.
        ip: IpAddr,
        /// What to add to the client's destination port.
        offset: i32,
    },
    /// A unix socket.
    Unix(PathBuf),
    /// A socket in the abstract namespace.
    Abstract(String),
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => write!(out, "{address}"),
            Self::MappedPort { ip, offset } => write!(out, "{ip}:{offset:+}"),
            Self::Unix(path) => write!(out, "unix@{}", path.display()),
            Self::Abstract(name) => write!(out, "abns@{name}"),
        }
    }
}

impl Snapshot {
    /// The backend that a section of [`Config::proxies`] is.
    #[must_use]
    pub fn backend_of_proxy(&self, proxy: usize) -> Option<&Arc<Backend>> {
        self.backends.iter().find(|backend| backend.proxy == proxy)
    }

    /// The frontend of that name.
    #[must_use]
    pub fn frontend(&self, name: &str) -> Option<&Arc<Frontend>> {
        self.frontends.iter().find(|frontend| frontend.name == name)
    }

    /// The backend of that name.
    #[must_use]
    pub fn backend(&self, name: &str) -> Option<&Arc<Backend>> {
        self.backends.iter().find(|backend| backend.name == name)
    }
}

impl Frontend {
    /// Its rules.
    #[must_use]
    pub fn program(&self) -> &ProxyProgram {
        &self.programs.proxies[self.proxy]
    }
}

impl Backend {
    /// Its rules.
    #[must_use]
    pub fn program(&self) -> &ProxyProgram {
        &self.programs.proxies[self.proxy]
    }

    /// The server of that name.
    #[must_use]
    pub fn server(&self, name: &str) -> Option<&Arc<Server>> {
        self.servers.iter().find(|server| server.name == name)
    }
}

/// What rules may ask about the moment.
impl rules::Live for Snapshot {
    fn servers_up(&self, backend: usize) -> u32 {
        let usable = self.backend_of_proxy(backend).map_or(0, |backend| {
            let servers = backend.servers.iter();
            servers
                .filter(|server| server.state.operational() == Operational::Up)
                .count()
        });
        u32::try_from(usable).unwrap_or(u32::MAX)
    }

    fn frontend_connections(&self, frontend: usize) -> u64 {
        let found = self.frontends.iter().find(|known| known.proxy == frontend);
        found.map_or(0, |frontend| frontend.state.counters.total().sessions)
    }

    fn backend_connections(&self, backend: usize) -> u64 {
        self.backend_of_proxy(backend)
            .map_or(0, |backend| backend.state.counters.total().sessions)
    }

    fn queued(&self, backend: usize) -> u64 {
        self.backend_of_proxy(backend)
            .map_or(0, |backend| backend.state.counters.total().queued)
    }
}
