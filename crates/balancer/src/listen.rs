//! The sockets that a configuration listens at: their names across the channel, and binding them.
//!
//! The supervisor binds ([`bind_all`]) and keeps the sockets; the balancer gets descriptors with
//! their [`Listener::key`]s and finds from the same [`plan`] which line each one belongs to.
//!
//! ```text
//! Config ── plan ──► Listener (key, address, options, owner) ── bind_all ──► Bound (key, socket)
//! ```

mod bind;

pub use bind::{Bound, bind_all};

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use diagnostics::Span;
use haproxy_config::model::{Account, Address, Bind, Config, Host};

/// The backlog where neither `backlog` nor `maxconn` says one; the kernel caps it at
/// net.core.somaxconn.
pub const DEFAULT_BACKLOG: u32 = 2000;

/// One socket to listen at: one port of one address of a `bind` or `stats socket` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listener {
    /// The socket's name between supervisor and balancer. It holds the address and every option
    /// that only a new socket can change, so that equal keys mean "the same socket will do".
    pub key: String,
    /// Who takes its connections.
    pub owner: Owner,
    /// Where it listens.
    pub address: ListenAddress,
    /// How many connections may wait to be accepted.
    pub backlog: u32,
    /// `transparent`.
    pub transparent: bool,
    /// `v6only` or `v4v6`.
    pub v6only: Option<bool>,
    /// `interface`.
    pub interface: Option<String>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// The address is written more than once: the kernel spreads over the sockets.
    pub shared: bool,
    /// Mode, user and group of a unix socket.
    pub unix: UnixOwnership,
    /// The address as written.
    pub span: Span,
    /// What messages call it, such as `frontend main`.
    pub place: String,
}

/// Who takes a socket's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A `bind` line.
    Bind {
        /// The index in [`Config::proxies`].
        proxy: usize,
        /// The index in the proxy's `binds`.
        bind: usize,
    },
    /// A `stats socket` line: the index in `stats_sockets` of `global`.
    StatsSocket(usize),
}

/// A resolved address to listen at.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListenAddress {
    /// TCP.
    Inet(SocketAddr),
    /// A unix stream socket in the file system.
    Unix(PathBuf),
    /// A unix stream socket in the abstract name space.
    Abstract(String),
    /// A socket inherited under this number.
    Descriptor(i32),
}

impl std::fmt::Display for ListenAddress {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inet(address) => write!(out, "{address}"),
            Self::Unix(path) => write!(out, "unix@{}", path.display()),
            Self::Abstract(name) => write!(out, "abns@{name}"),
            Self::Descriptor(number) => write!(out, "fd@{number}"),
        }
    }
}

/// Who may connect to a unix socket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnixOwnership {
    /// `mode`.
    pub mode: Option<u32>,
    /// `user` or `uid`.
    pub user: Option<Account>,
    /// `group` or `gid`.
    pub group: Option<Account>,
}

/// Every socket that a configuration listens at, in file order, stats sockets last.
///
/// Names must be resolved; an address still written as a name is left out (the loader has said so
/// by then). Disabled proxies have none.
#[must_use]
pub fn plan(config: &Config) -> Vec<Listener> {
    let mut listeners = Vec::new();
    for (proxy_index, proxy) in config.proxies.iter().enumerate() {
        if proxy.disabled || !proxy.kind.is_frontend() {
            continue;
        }
        let backlog = proxy.backlog.or(proxy.maxconn).unwrap_or(DEFAULT_BACKLOG);
        for (bind_index, bind) in proxy.binds.iter().enumerate() {
            let owner = Owner::Bind {
                proxy: proxy_index,
                bind: bind_index,
            };
            let place = format!("proxy {}", proxy.name.value);
            expand(bind, owner, backlog, &place, &mut listeners);
        }
    }
    for (index, bind) in config.global.stats_sockets.iter().enumerate() {
        let owner = Owner::StatsSocket(index);
        expand(bind, owner, DEFAULT_BACKLOG, "stats socket", &mut listeners);
    }
    number_repeated_keys(&mut listeners);
    listeners
}

fn expand(bind: &Bind, owner: Owner, backlog: u32, place: &str, into: &mut Vec<Listener>) {
    let addresses: Vec<ListenAddress> = match &bind.address.value {
        Address::Inet {
            host: Host::Ip(ip),
            first_port,
            last_port,
            ..
        } => (*first_port..=*last_port)
            .map(|port| ListenAddress::Inet(SocketAddr::new(*ip, port)))
            .collect(),
        Address::Inet {
            host: Host::Name(..),
            ..
        } => Vec::new(),
        Address::Unix(path) => vec![ListenAddress::Unix(path.clone())],
        Address::Abstract(name) => vec![ListenAddress::Abstract(name.clone())],
        Address::Descriptor(number) => vec![ListenAddress::Descriptor(*number)],
    };
    for address in addresses {
        let mut listener = Listener {
            key: String::new(),
            owner,
            address,
            backlog: bind.backlog.unwrap_or(backlog),
            transparent: bind.transparent,
            v6only: bind.v6only,
            interface: bind.interface.clone(),
            defer_accept: bind.defer_accept,
            shared: false,
            unix: UnixOwnership {
                mode: bind.unix_mode,
                user: bind.unix_user.clone(),
                group: bind.unix_group.clone(),
            },
            span: bind.address.span,
            place: place.to_owned(),
        };
        listener.key = key_of(&listener);
        into.push(listener);
    }
}

fn key_of(listener: &Listener) -> String {
    let mut key = listener.address.to_string();
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            write!(key, ";{name}={value}").expect("a String takes every write");
        }
    };
    let account = |account: &Account| match account {
        Account::Name(name) => name.clone(),
        Account::Id(id) => id.to_string(),
    };
    option("transparent", listener.transparent.then(|| "1".to_owned()));
    option("v6only", listener.v6only.map(|on| u8::from(on).to_string()));
    option("interface", listener.interface.clone());
    if matches!(listener.address, ListenAddress::Unix(_)) {
        option("mode", listener.unix.mode.map(|mode| format!("{mode:o}")));
        option("user", listener.unix.user.as_ref().map(account));
        option("group", listener.unix.group.as_ref().map(account));
    }
    key
}

/// Lines that repeat an address get a socket each (SO_REUSEPORT), as with HAProxy: the second key
/// ends in `#2` and so on.
fn number_repeated_keys(listeners: &mut [Listener]) {
    let mut times: HashMap<String, u32> = HashMap::new();
    for listener in &mut *listeners {
        let count = times.entry(listener.key.clone()).or_default();
        *count += 1;
        if *count > 1 {
            listener.shared = true;
            write!(listener.key, "#{count}").expect("a String takes every write");
        }
    }
    for listener in listeners {
        listener.shared |= times.get(&listener.key).is_some_and(|count| *count > 1);
    }
}
