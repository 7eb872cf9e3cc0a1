//! From a configuration to a snapshot.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use haproxy_config::model::{self, Address, Config, Host, Proxy};

use super::{
    BUFFER_SIZE_DEFAULT, Backend, BuildError, ClientTimeouts, Frontend, HEADERS_MAX_DEFAULT,
    Limits, Listener, LogSettings, Materials, POOL_PURGE_DEFAULT, REWRITE_RESERVE_DEFAULT, Server,
    ServerAddress, ServerTimeouts, Snapshot,
};
use crate::state::{BackendState, FrontendState, Gate, ProcessState, ServerState};

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
}

impl Frontend {
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
