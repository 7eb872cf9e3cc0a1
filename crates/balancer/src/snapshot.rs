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

use haproxy_config::model;
use haproxy_config::model::{
    Address, Balance, Config, ConnectionMode, Cookie, ForwardFor, Host, HttpReuse, LogFormat,
    LogTarget, Mode, Proxy,
};
use rules::{Programs, ProxyProgram};

use crate::state::{BackendState, FrontendState, Gate, Operational, ProcessState, ServerState};
use crate::stats_hook::StatsHandler;

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
    /// Compiles a configuration; `workers` is the number of worker threads of the process.
    ///
    /// State of frontends, backends and servers is taken from `previous` where one of that name
    /// was there.
    ///
    /// # Errors
    ///
    /// See [`BuildError`].
    pub fn build(
        generation: u64,
        config: Arc<Config>,
        materials: &Materials,
        process: Arc<ProcessState>,
        workers: usize,
        previous: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let global = &config.global;
        let limits = Limits {
            connections_max: global.maxconn.filter(|max| *max > 0),
            buffer_size: global
                .tune_bufsize
                .map_or(BUFFER_SIZE_DEFAULT, |size| size as usize),
            rewrite_reserve: global
                .tune_maxrewrite
                .map_or(REWRITE_RESERVE_DEFAULT, |size| size as usize),
            headers_max: global
                .tune_http_maxhdr
                .map_or(HEADERS_MAX_DEFAULT, usize::from),
        };
        let mut backends = Vec::new();
        for (position, proxy) in config.proxies.iter().enumerate() {
            if proxy.kind.is_backend() && !proxy.disabled {
                let known = previous.and_then(|snapshot| snapshot.backend(&proxy.name.value));
                backends.push(Arc::new(Backend::build(
                    backends.len(),
                    position,
                    proxy,
                    materials,
                    workers,
                    known,
                )?));
            }
        }
        let mut frontends = Vec::new();
        let mut listeners = Vec::new();
        for (position, proxy) in config.proxies.iter().enumerate() {
            if !proxy.kind.is_frontend() || proxy.disabled {
                continue;
            }
            let known = previous.and_then(|snapshot| snapshot.frontend(&proxy.name.value));
            let index = frontends.len();
            frontends.push(Arc::new(Frontend::build(
                index, position, proxy, materials, workers, &backends, known,
            )?));
            for socket in materials
                .sockets
                .iter()
                .filter(|socket| socket.proxy == position)
            {
                let Some(bind) = proxy.binds.get(socket.bind) else {
                    continue;
                };
                listeners.push(Arc::new(Listener {
                    key: socket.key.clone(),
                    frontend: index,
                    name: bind.name.clone(),
                    id: bind.id,
                    accept_proxy: bind.accept_proxy,
                    connections_max: bind.maxconn.filter(|max| *max > 0),
                    gate: Gate::default(),
                    tls: materials.tls.get(&(position, socket.bind)).cloned(),
                }));
            }
        }
        Ok(Self {
            generation,
            process,
            limits,
            listeners,
            frontends,
            backends,
            stats: Arc::clone(&materials.stats),
            config,
        })
    }

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

    fn build(
        index: usize,
        position: usize,
        proxy: &Proxy,
        materials: &Materials,
        workers: usize,
        backends: &[Arc<Backend>],
        known: Option<&Arc<Self>>,
    ) -> Result<Self, BuildError> {
        let position_of = |name: &str, role| {
            backends
                .iter()
                .position(|backend| backend.name == name)
                .ok_or_else(|| BuildError::NoSuchBackend {
                    role,
                    proxy: proxy.name.value.clone(),
                    name: name.to_owned(),
                })
        };
        let default_backend = match &proxy.default_backend {
            Some(name) => Some(position_of(&name.value, "default_backend")?),
            // A `listen` section is its own default.
            None if proxy.kind.is_backend() => {
                Some(position_of(&proxy.name.value, "default_backend")?)
            }
            None => None,
        };
        let timeouts = &proxy.timeouts;
        let captures = |response| {
            proxy
                .captures
                .iter()
                .filter(|capture| capture.response == response)
                .map(|capture| (capture.name.clone(), capture.len as usize))
                .collect()
        };
        Ok(Self {
            index,
            proxy: position,
            name: proxy.name.value.clone(),
            id: proxy.id,
            mode: proxy.mode,
            connections_max: proxy.maxconn.filter(|max| *max > 0),
            default_backend,
            timeouts: ClientTimeouts {
                inactivity: timeouts.client,
                request_head: timeouts.http_request.or(timeouts.client),
                keep_alive: timeouts
                    .http_keep_alive
                    .or(timeouts.http_request)
                    .or(timeouts.client),
                half_closed: timeouts.client_fin,
                tarpit: timeouts.tarpit.or(timeouts.connect),
            },
            connection_mode: proxy.connection_mode,
            forward_for: proxy.forward_for.clone(),
            monitor_uri: proxy.monitor_uri.clone(),
            stats_uri: stats_uri(proxy),
            programs: Arc::clone(&materials.programs),
            error_files: error_files(proxy, materials),
            tcp_keepalive: proxy.client_keepalive,
            log: LogSettings {
                targets: proxy.log.clone(),
                format: proxy.log_format,
                skip_empty: proxy.dont_log_null,
                skip_normal: proxy.dont_log_normal,
                early: proxy.log_asap,
                errors_separate: proxy.log_separate_errors,
                request_captures: captures(false),
                response_captures: captures(true),
                cookie_capture: proxy
                    .capture_cookie
                    .as_ref()
                    .map(|(name, len)| (name.clone(), *len as usize)),
            },
            state: known.map_or_else(
                || Arc::new(FrontendState::new(workers)),
                |known| Arc::clone(&known.state),
            ),
        })
    }
}

impl Backend {
    fn build(
        index: usize,
        position: usize,
        proxy: &Proxy,
        materials: &Materials,
        workers: usize,
        known: Option<&Arc<Self>>,
    ) -> Result<Self, BuildError> {
        let timeouts = &proxy.timeouts;
        let mut servers = Vec::with_capacity(proxy.servers.len());
        for server in &proxy.servers {
            let known = known.and_then(|backend| backend.server(&server.name.value));
            servers.push(Arc::new(Server::build(
                servers.len(),
                server,
                proxy,
                workers,
                known,
            )?));
        }
        Ok(Self {
            index,
            proxy: position,
            name: proxy.name.value.clone(),
            id: proxy.id,
            mode: proxy.mode,
            servers,
            balance: proxy.balance.clone(),
            hash_consistent: proxy.hash_consistent,
            all_backups: proxy.all_backups,
            timeouts: ServerTimeouts {
                connect: timeouts.connect,
                inactivity: timeouts.server,
                queue: timeouts.queue.or(timeouts.connect),
                tunnel: timeouts.tunnel,
                half_closed: timeouts.server_fin,
            },
            retries: proxy.retries,
            redispatch: proxy.redispatch,
            full_connections: proxy.fullconn,
            connection_mode: proxy.connection_mode,
            reuse: proxy.http_reuse,
            forward_for: proxy.forward_for.clone(),
            cookie: proxy.cookie.clone(),
            abort_on_close: proxy.abort_on_close,
            persist: proxy.persist,
            prefer_last_server: proxy.prefer_last_server,
            stats_uri: stats_uri(proxy),
            programs: Arc::clone(&materials.programs),
            error_files: error_files(proxy, materials),
            tcp_keepalive: proxy.server_keepalive,
            state: known.map_or_else(
                || Arc::new(BackendState::new(workers)),
                |known| Arc::clone(&known.state),
            ),
        })
    }

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

impl Server {
    fn build(
        index: usize,
        server: &model::Server,
        proxy: &Proxy,
        workers: usize,
        known: Option<&Arc<Self>>,
    ) -> Result<Self, BuildError> {
        let weight = u32::from(server.weight);
        let state = match known {
            Some(known) => {
                // A weight changed in the file replaces the one in force.
                if known.weight != weight {
                    known.state.adopt_weight(weight);
                }
                Arc::clone(&known.state)
            }
            None => Arc::new(ServerState::new(server.disabled, weight, workers)),
        };
        Ok(Self {
            index,
            name: server.name.value.clone(),
            id: server.id,
            address: server_address(&server.address.value, proxy)?,
            weight,
            backup: server.backup,
            cookie: server.cookie.clone(),
            connections_max: server.maxconn.filter(|max| *max > 0),
            connections_min: server.minconn.filter(|min| *min > 0),
            queue_max: server.maxqueue.filter(|max| *max > 0),
            send_proxy: server.send_proxy,
            source: server.source.or(proxy.source),
            idle_max: server.pool_max_conn,
            idle_purge: server.pool_purge_delay.unwrap_or(POOL_PURGE_DEFAULT),
            redirect_prefix: server.redir.clone(),
            state,
        })
    }
}

fn server_address(address: &Address, proxy: &Proxy) -> Result<ServerAddress, BuildError> {
    Ok(match address {
        Address::Inet {
            host,
            first_port,
            port_offset,
            ..
        } => {
            let ip = match host {
                Host::Ip(ip) => *ip,
                Host::Name(name, _) => {
                    return Err(BuildError::Unresolved {
                        proxy: proxy.name.value.clone(),
                        name: name.clone(),
                    });
                }
            };
            match port_offset {
                Some(offset) => ServerAddress::MappedPort {
                    ip,
                    offset: *offset,
                },
                None if *first_port == 0 => ServerAddress::MappedPort { ip, offset: 0 },
                None => ServerAddress::Inet(SocketAddr::new(ip, *first_port)),
            }
        }
        Address::Unix(path) => ServerAddress::Unix(path.clone()),
        Address::Abstract(name) => ServerAddress::Abstract(name.clone()),
        Address::Descriptor(number) => {
            return Err(BuildError::Unresolved {
                proxy: proxy.name.value.clone(),
                name: format!("fd@{number}"),
            });
        }
    })
}

fn stats_uri(proxy: &Proxy) -> Option<String> {
    /// `stats uri` where none is written.
    const STATS_URI_DEFAULT: &str = "/haproxy?stats";
    proxy.stats.as_ref().map(|stats| {
        stats
            .uri
            .clone()
            .unwrap_or_else(|| STATS_URI_DEFAULT.to_owned())
    })
}

fn error_files(proxy: &Proxy, materials: &Materials) -> HashMap<u16, Arc<[u8]>> {
    proxy
        .error_files
        .iter()
        .filter_map(|file| {
            let content = materials.error_files.get(&file.path.value)?;
            Some((file.status, Arc::clone(content)))
        })
        .collect()
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
