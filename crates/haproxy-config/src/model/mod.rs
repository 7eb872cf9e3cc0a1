//! What a configuration says, with every default filled in and every `defaults` section merged.
//!
//! Names are the manual's (configuration.txt of HAProxy 3.5). Durations are exact, sizes are bytes.

mod address;
mod bind;
mod http;
mod log;
mod proxy;
mod rule;
mod server;

pub use address::{Address, Family, Host, Network};
pub use bind::{Bind, BindSsl, CipherSuite, CliLevel, TlsVersion};
pub use http::{
    Capture, ConnectionMode, Cookie, CookieKind, ErrorFile, ForwardFor, HttpReuse, Stats,
};
pub use log::{LogAddress, LogFormat, LogTarget, SyslogFormat};
pub use proxy::{Balance, Mode, Proxy, ProxyKind, Timeouts};
pub use rule::{Acl, Condition, Rule, RuleSet, UseBackend};
pub use server::{Check, CheckMethod, HttpCheck, HttpExpect, HttpExpectPattern, Server};

use std::path::PathBuf;
use std::time::Duration;

use diagnostics::Spanned;

/// One word after quoting, escapes and variables are resolved, and where it was written.
pub type Word = Spanned<String>;

/// A whole configuration.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// All `global` sections, merged.
    pub global: Global,
    /// Every proxy in file order.
    pub proxies: Vec<Proxy>,
}

impl Config {
    /// The proxy of that name that can take traffic as a backend.
    #[must_use]
    pub fn backend(&self, name: &str) -> Option<&Proxy> {
        self.proxies
            .iter()
            .find(|proxy| proxy.kind.is_backend() && proxy.name.value == name)
    }
}

/// The `global` section: settings of the whole process.
#[derive(Debug, Clone, Default)]
pub struct Global {
    /// `log` lines.
    pub log: Vec<LogTarget>,
    /// `log-tag`; default: the program's name, `haproxy`.
    pub log_tag: Option<String>,
    /// `log-send-hostname`: `Some(None)` asks for the machine's own name.
    pub log_send_hostname: Option<Option<String>>,
    /// `maxconn`: connections at once for the process; none is "as many as descriptors allow".
    pub maxconn: Option<u32>,
    /// `user` or `uid`.
    pub user: Option<Spanned<Account>>,
    /// `group` or `gid`.
    pub group: Option<Spanned<Account>>,
    /// `chroot`.
    pub chroot: Option<Spanned<PathBuf>>,
    /// `pidfile`.
    pub pidfile: Option<Spanned<PathBuf>>,
    /// `daemon`.
    pub daemon: bool,
    /// `nbthread`; none is one per processor that this process may use.
    pub nbthread: Option<u16>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<Bind>,
    /// `stats maxconn`: sessions of all stats sockets at once, default 10.
    pub stats_maxconn: Option<u32>,
    /// `stats timeout`, default 10 s.
    pub stats_timeout: Option<Duration>,
    /// `hard-stop-after`.
    pub hard_stop_after: Option<Duration>,
    /// `node`.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `spread-checks`, 0 to 50 percent.
    pub spread_checks_percent: u8,
    /// `tune.bufsize`, default 16384.
    pub tune_bufsize: Option<u32>,
    /// `tune.maxrewrite`, default 1024.
    pub tune_maxrewrite: Option<u32>,
    /// `tune.http.maxhdr`, default 101.
    pub tune_http_maxhdr: Option<u16>,
    /// `crt-base`: folder of relative `crt` arguments.
    pub crt_base: Option<PathBuf>,
    /// `zero-warning`: a configuration with warnings is refused, as under `-dW`.
    pub zero_warning: bool,
    /// `ssl-default-bind-options`, as words.
    pub ssl_default_bind_options: Vec<Word>,
}

/// A user or a group, by name or by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// `user NAME` or `group NAME`.
    Name(String),
    /// `uid N` or `gid N`.
    Id(u32),
}
