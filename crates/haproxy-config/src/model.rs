//! What a configuration says, with every default filled in and every `defaults` section merged.
//!
//! Names are the manual's (configuration.txt of HAProxy 3.5). Durations are exact, sizes are bytes.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use diagnostics::{Span, Spanned};

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
    /// `ca-base`.
    pub ca_base: Option<PathBuf>,
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
    /// `id`; where none is written, the lowest number from 1 that no other proxy has, in order.
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

/// An address to listen at or to connect to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// `ADDRESS:PORT`, `*:PORT` (IPv4 any), `:::PORT`, `[v6]:PORT`; ports `FIRST-LAST`.
    Inet {
        /// The address, resolved by the loader where a name was written.
        host: Host,
        /// The first port; 0 where a server's address has none (it then takes the client's port).
        first_port: u16,
        /// The last port, equal to the first but for ranges.
        last_port: u16,
        /// `+N` or `-N` on a server's port: an offset from the client's port.
        port_offset: Option<i32>,
    },
    /// `unix@PATH` or an absolute path.
    Unix(PathBuf),
    /// `abns@NAME`.
    Abstract(String),
    /// `fd@N`: an inherited, bound socket.
    Descriptor(i32),
}

/// An IP address or a name still to be looked up.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// `*`, an empty host, or a literal address.
    Ip(IpAddr),
    /// A name, with the family asked for by `ipv4@` / `ipv6@` if any.
    Name(String, Option<Family>),
}

/// An address family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// One address of a `bind` or `stats socket` line with the line's parameters.
#[derive(Debug, Clone)]
pub struct Bind {
    /// Where to listen.
    pub address: Spanned<Address>,
    /// `name`.
    pub name: Option<String>,
    /// `id`.
    pub id: Option<u32>,
    /// `maxconn`.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `transparent`: IP_TRANSPARENT or IP_FREEBIND, also for addresses this machine lacks.
    pub transparent: bool,
    /// `v6only` (some true) or `v4v6` (some false).
    pub v6only: Option<bool>,
    /// `interface`.
    pub interface: Option<String>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `mode` of a unix socket, such as 0o600.
    pub unix_mode: Option<u32>,
    /// `user`/`uid` of a unix socket.
    pub unix_user: Option<Account>,
    /// `group`/`gid` of a unix socket.
    pub unix_group: Option<Account>,
    /// `level` of a stats socket, default operator.
    pub level: CliLevel,
    /// `ssl` and what belongs to it.
    pub ssl: Option<BindSsl>,
}

/// What a connection to the stats socket may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Hash)]
pub enum CliLevel {
    /// Read non-sensitive figures.
    User,
    /// Read all, change little.
    #[default]
    Operator,
    /// Everything.
    Admin,
}

/// TLS parameters of a `bind` line.
#[derive(Debug, Clone, Default)]
pub struct BindSsl {
    /// `crt` arguments: PEM files, or folders of them; relative ones joined to `crt-base`.
    pub crt: Vec<Spanned<PathBuf>>,
    /// `alpn`, in order.
    pub alpn: Vec<String>,
    /// `ssl-min-ver`.
    pub min_version: Option<TlsVersion>,
    /// `ssl-max-ver`.
    pub max_version: Option<TlsVersion>,
    /// `strict-sni`.
    pub strict_sni: bool,
}

/// A TLS protocol version that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// `TLSv1.0`.
    Tls10,
    /// `TLSv1.1`.
    Tls11,
    /// `TLSv1.2`.
    Tls12,
    /// `TLSv1.3`.
    Tls13,
}

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

/// An address with a prefix length, such as 127.0.0.0/8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    /// The address; bits past the prefix are zero.
    pub address: IpAddr,
    /// How many leading bits count.
    pub prefix_len: u8,
}

impl Network {
    /// Whether the address lies inside; an address of the other family never does.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let shift = |width: u32| width - u32::from(self.prefix_len);
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => {
                (net.to_bits() ^ ip.to_bits())
                    .checked_shr(shift(32))
                    .unwrap_or(0)
                    == 0
            }
            (IpAddr::V6(net), IpAddr::V6(ip)) => {
                (net.to_bits() ^ ip.to_bits())
                    .checked_shr(shift(128))
                    .unwrap_or(0)
                    == 0
            }
            _ => false,
        }
    }
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

/// `acl NAME CRITERION …`, uninterpreted.
#[derive(Debug, Clone)]
pub struct Acl {
    /// The name; lines of one name are alternatives.
    pub name: Word,
    /// The fetch or match keyword with its converters, such as `path_beg` or `hdr(host),lower`.
    pub criterion: Word,
    /// Flags and patterns.
    pub arguments: Vec<Word>,
}

/// `if …` or `unless …` at the end of a line, uninterpreted.
#[derive(Debug, Clone)]
pub struct Condition {
    /// `unless`.
    pub unless: bool,
    /// The words after `if` or `unless`, anonymous `{ … }` ACLs included.
    pub words: Vec<Word>,
}

/// Which rule set a rule line belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RuleSet {
    /// `http-request` (also `redirect`, `block`, old `req*`).
    HttpRequest,
    /// `http-response` (also old `rsp*`).
    HttpResponse,
    /// `http-after-response`.
    HttpAfterResponse,
    /// `tcp-request connection`.
    TcpRequestConnection,
    /// `tcp-request session`.
    TcpRequestSession,
    /// `tcp-request content`.
    TcpRequestContent,
    /// `tcp-response content`.
    TcpResponseContent,
}

impl RuleSet {
    /// Whether it needs `mode http`.
    #[must_use]
    pub const fn is_http(self) -> bool {
        matches!(
            self,
            Self::HttpRequest | Self::HttpResponse | Self::HttpAfterResponse
        )
    }
}

/// One rule line: its action as words, and its condition.
///
/// Old `req*` and `rsp*` lines become rules too. Where no action of today says the same, these
/// actions stand for them, which no operator can write; each takes an optional `-i` (case does not
/// count) and a regular expression that is searched in each line of the head, `NAME: VALUE`, and
/// for requests also in the request line `METHOD TARGET VERSION`:
///
/// | action | meaning |
/// | --- | --- |
/// | `del-header-line [-i] REGEX` | removes the header lines that match (never the first line) |
/// | `replace-header-line [-i] REGEX TEXT` | replaces each line that matches by TEXT with its back-references `\1` to `\9` |
/// | `allow-header-line [-i] REGEX` | accepts the message if a line matches |
/// | `deny-header-line [-i] REGEX` | refuses the message if a line matches |
/// | `tarpit-header-line [-i] REGEX` | as `tarpit` if a line matches |
#[derive(Debug, Clone)]
pub struct Rule {
    /// The rule set.
    pub set: RuleSet,
    /// The action and its arguments, such as `add-header`, `X-Proto`, `https`.
    pub action: Vec<Word>,
    /// `if …` / `unless …`.
    pub condition: Option<Condition>,
}

/// `use_backend NAME [if …]`.
#[derive(Debug, Clone)]
pub struct UseBackend {
    /// The backend.
    pub backend: Word,
    /// When.
    pub condition: Option<Condition>,
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

/// Where log lines go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogTarget {
    /// Host and port, a unix socket, or a stream.
    pub to: LogAddress,
    /// `len`, default 1024.
    pub len: u32,
    /// The syslog facility, 0 to 23.
    pub facility: u8,
    /// The heaviest-numbered level let through, 0 to 7; default 7.
    pub max_level: u8,
    /// Levels heavier than this are sent as this.
    pub min_level: u8,
    /// `format`.
    pub format: SyslogFormat,
}

/// The transport of a log target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogAddress {
    /// Syslog over UDP, default port 514.
    Udp(SocketAddr),
    /// The same towards a host still to be looked up: its name and the port.
    UdpName(String, u16),
    /// Syslog over a unix datagram socket.
    Unix(PathBuf),
    /// `stdout`, `stderr` or `fd@N`.
    Descriptor(i32),
}

/// The frame of a syslog message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyslogFormat {
    /// `rfc3164`; the default where `log-send-hostname` is written.
    Rfc3164,
    /// `local`, the default: RFC 3164 without the host name.
    #[default]
    Local,
    /// `rfc5424`.
    Rfc5424,
    /// `priority`: `<FACILITY AND LEVEL>` and the text.
    Priority,
    /// `raw`: the text alone.
    Raw,
    /// `short`: `<LEVEL>` and the text.
    Short,
    /// `timed`: `<LEVEL>`, the ISO date and the text.
    Timed,
    /// `iso`: the ISO date and the text.
    Iso,
}

/// Which line a connection or request leaves in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// Nothing asked for: one short line a connection, `Connect from …`.
    #[default]
    Default,
    /// `option tcplog`.
    Tcp,
    /// `option httplog`.
    Http,
    /// `option httplog clf`.
    HttpClf,
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
