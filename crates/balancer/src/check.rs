//! Health checks: one task for each checked server, on the control thread.
//!
//! ```text
//! server … check ──► wait inter ──► probe (TCP, HTTP) ──► CheckOutcome ──► health::Change
//!                        ▲───────────────────────────────────┘
//! ```
//!
//! As with HAProxy a server counts as up before its first check. State is kept over a reload: the
//! new tasks go on where the old ones stopped.

mod http;
mod probe;
mod slowstart;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use compio::runtime::JoinHandle;
use haproxy_config::model::{Address, Check, CheckMethod, Config, Host, Proxy};

use crate::health::{Change, CheckLimits, Place};
use crate::log_record::LogQueue;
use crate::proxy_protocol;
use crate::server_connection::ClientEnds;
use crate::snapshot::{Backend, Server, Snapshot};
use crate::state::Operational;

/// The checks of one configuration. Dropping it ends them.
pub struct Checks {
    _tasks: Vec<JoinHandle<()>>,
}

impl Checks {
    /// Starts checking every server of `snapshot` that asks for it, and minding `slowstart`. Call inside a compio runtime.
    ///
    /// First checks are spread evenly over the shortest interval, so that a start or a reload does
    /// not hit all servers at once.
    #[must_use]
    pub fn start(snapshot: &Arc<Snapshot>, log: &LogQueue) -> Self {
        let plans: Vec<Plan> = snapshot
            .backends
            .iter()
            .flat_map(|backend| {
                backend
                    .servers
                    .iter()
                    .filter_map(|server| Plan::of(snapshot, backend, server))
            })
            .collect();
        let shortest = plans.iter().map(|plan| plan.check.inter).min();
        let total = u32::try_from(plans.len()).unwrap_or(u32::MAX);
        let mut tasks: Vec<JoinHandle<()>> = (0u32..)
            .zip(plans)
            .map(|(number, plan)| {
                let first = shortest.unwrap_or_default() * number / total.max(1);
                compio::runtime::spawn(run(plan, first, Arc::clone(snapshot), log.clone()))
            })
            .collect();
        for backend in &snapshot.backends {
            let configured = &snapshot.config.proxies[backend.proxy].servers;
            for server in &backend.servers {
                if let Some(duration) = configured[server.index].slowstart {
                    let (backend, server) = (Arc::clone(backend), Arc::clone(server));
                    let watching = slowstart::watch(backend, server, duration);
                    tasks.push(compio::runtime::spawn(watching));
                }
            }
        }
        Self { _tasks: tasks }
    }
}

/// One server's check as the configuration has it.
struct Plan {
    backend: Arc<Backend>,
    server: Arc<Server>,
    target: Target,
    source: Option<SocketAddr>,
    /// The PROXY protocol's header that the server expects first, if any.
    greeting: Vec<u8>,
    check: Check,
    method: CheckMethod,
    limits: Limits,
    spread_percent: u8,
    log_each: bool,
}

/// Where a check connects to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    Inet(SocketAddr),
    Unix(PathBuf),
    Abstract(String),
}

/// How long a check may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limits {
    /// To connect.
    connect: Duration,
    /// To answer once connected; none is what is left of `total`.
    answer: Option<Duration>,
    /// All of it, where `timeout check` says nothing.
    total: Option<Duration>,
}

impl Limits {
    /// configuration.txt, `timeout check`: with it, connecting has the shorter of `timeout connect`
    /// and `inter`, and the answer has `timeout check`; without it, all of the check has `inter`.
    fn of(proxy: &Proxy, inter: Duration) -> Self {
        match proxy.timeouts.check {
            Some(answer) => Self {
                connect: proxy.timeouts.connect.map_or(inter, |c| c.min(inter)),
                answer: Some(answer),
                total: None,
            },
            None => Self {
                connect: inter,
                answer: None,
                total: Some(inter),
            },
        }
    }
}

impl Plan {
    /// None where the server is not checked, or has no port to connect to.
    fn of(snapshot: &Snapshot, backend: &Arc<Backend>, server: &Arc<Server>) -> Option<Self> {
        let proxy = &snapshot.config.proxies[backend.proxy];
        let configured = &proxy.servers[server.index];
        let check = configured.check.clone()?;
        Some(Self {
            target: target(&configured.address.value, &check)?,
            source: server.source,
            greeting: greeting(server, &check),
            limits: Limits::of(proxy, check.inter),
            method: proxy.check.clone(),
            spread_percent: snapshot.config.global.spread_checks_percent,
            log_each: proxy.log_health_checks,
            backend: Arc::clone(backend),
            server: Arc::clone(server),
            check,
        })
    }

    fn counts(&self) -> CheckLimits {
        CheckLimits {
            rise: self.check.rise,
            fall: self.check.fall,
        }
    }

    /// The interval until the next check (configuration.txt, `fastinter`): `inter` while fully up,
    /// `downinter` while fully down, `fastinter` in between.
    fn interval(&self) -> Duration {
        let health = self
            .server
            .state
            .detail
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .health;
        let top = self.check.rise + self.check.fall - 1;
        let special = if health >= top {
            None
        } else if health == 0 {
            self.check.downinter
        } else {
            self.check.fastinter
        };
        special.unwrap_or(self.check.inter)
    }
}

/// Patterns of `http-check expect` that are no regular expressions: the proxy's position, and why.
#[must_use]
pub fn invalid_patterns(config: &Config) -> Vec<(usize, String)> {
    let mut invalid = Vec::new();
    for (position, proxy) in config.proxies.iter().enumerate() {
        if let CheckMethod::Http(check) = &proxy.check
            && let Some(problem) = http::invalid_pattern(check)
        {
            invalid.push((position, problem));
        }
    }
    invalid
}

/// The `rise` and `fall` of a server's check, if it has one.
#[must_use]
pub fn limits_of(config: &Config, backend: &Backend, server: &Server) -> Option<CheckLimits> {
    let check = config.proxies[backend.proxy].servers[server.index]
        .check
        .as_ref()?;
    Some(CheckLimits {
        rise: check.rise,
        fall: check.fall,
    })
}

/// configuration.txt, `check-send-proxy`: a check begins as traffic does, unless it goes to another
/// place than traffic. It speaks for no client.
fn greeting(server: &Server, check: &Check) -> Vec<u8> {
    match server.send_proxy {
        Some(version) if check.port.is_none() && check.addr.is_none() => {
            let nobody = ClientEnds {
                source: None,
                destination: None,
            };
            proxy_protocol::encode(version, nobody)
        }
        _ => Vec::new(),
    }
}

fn target(address: &Address, check: &Check) -> Option<Target> {
    let other_host = match &check.addr {
        Some(Host::Ip(ip)) => Some(*ip),
        _ => None,
    };
    match address {
        Address::Inet {
            host: Host::Ip(ip),
            first_port,
            port_offset,
            ..
        } => {
            let own = Some(*first_port).filter(|port| *port > 0 && port_offset.is_none());
            Some(Target::Inet(SocketAddr::new(
                other_host.unwrap_or(*ip),
                check.port.or(own)?,
            )))
        }
        _ if other_host.is_some() => {
            let ip: IpAddr = other_host?;
            Some(Target::Inet(SocketAddr::new(ip, check.port?)))
        }
        Address::Unix(path) => Some(Target::Unix(path.clone())),
        Address::Abstract(name) => Some(Target::Abstract(name.clone())),
        Address::Inet { .. } | Address::Descriptor(_) => None,
    }
}

async fn run(plan: Plan, first: Duration, snapshot: Arc<Snapshot>, log: LogQueue) {
    {
        let mut detail = plan
            .server
            .state
            .detail
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if detail.check.status.is_none() {
            detail.health = plan.check.rise;
            detail.check.status = Some("INI");
        }
    }
    let mut spread = Spread::new(plan.spread_percent, plan.server.id);
    compio::time::sleep(first).await;
    loop {
        let began = Instant::now();
        if plan.server.state.operational() != Operational::Maintenance {
            let (passed, outcome) = probe::probe(&plan).await;
            Place {
                snapshot: &snapshot,
                backend: &plan.backend,
                server: &plan.server,
                log: &log,
            }
            .apply(Change::Checked {
                passed,
                outcome,
                limits: plan.counts(),
                log_each: plan.log_each,
            });
        }
        // From start to start, as with HAProxy; a check longer than the interval is followed at
        // once.
        let interval = spread.around(plan.interval());
        compio::time::sleep(interval.saturating_sub(began.elapsed())).await;
    }
}

/// `spread-checks`: up to so many percent more or less for each interval, so that checks of many
/// servers do not fall together. Needs no good randomness (xorshift).
struct Spread {
    percent: u32,
    state: u32,
}

impl Spread {
    fn new(percent: u8, salt: u32) -> Self {
        let time = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(1, |since| since.subsec_nanos());
        Self {
            percent: percent.into(),
            state: (time ^ salt.wrapping_mul(0x9E37_79B9)) | 1,
        }
    }

    fn around(&mut self, interval: Duration) -> Duration {
        if self.percent == 0 {
            return interval;
        }
        self.state ^= self.state << 13;
        self.state ^= self.state >> 17;
        self.state ^= self.state << 5;
        let percent = 100 - self.percent + self.state % (2 * self.percent + 1);
        interval * percent / 100
    }
}

#[cfg(test)]
mod tests;
