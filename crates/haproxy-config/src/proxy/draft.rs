//! A proxy while its section is read, and how `defaults` become a proxy's own.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use diagnostics::{Diagnostic, Span};

use crate::global::GlobalSettings;
use crate::log::{self, LogLine};
use crate::model::{
    Acl, Balance, Bind, Capture, CheckMethod, ConnectionMode, Cookie, ErrorFile, ForwardFor,
    HttpReuse, LogFormat, Mode, Proxy, ProxyKind, Rule, Server, Stats, Timeouts, UseBackend, Word,
};
use crate::server;

use super::http_check::HttpCheckLines;
use super::rule::Furthest;

/// The default of `retries`.
const DEFAULT_RETRIES: u32 = 3;

/// Everything a section may say; what a `defaults` section says is where a later one starts.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub mode: Mode,
    pub disabled: bool,
    /// `id`; 0 until the reader numbers those without.
    pub id: Option<u32>,
    pub description: Option<String>,
    pub binds: Vec<Bind>,
    pub servers: Vec<Server>,
    pub default_server: server::Settings,
    pub balance: Balance,
    pub hash_consistent: bool,
    pub timeouts: Timeouts,
    pub retries: u32,
    pub redispatch: i32,
    pub maxconn: Option<u32>,
    pub fullconn: Option<u32>,
    pub backlog: Option<u32>,
    pub connection_mode: ConnectionMode,
    pub http_reuse: HttpReuse,
    pub forward_for: Option<ForwardFor>,
    pub cookie: Option<(Cookie, Span)>,
    pub acls: Vec<Acl>,
    pub rules: Vec<Rule>,
    /// `redirect` lines, which come after all of `rules`.
    pub redirects: Vec<Rule>,
    pub furthest: Furthest,
    pub use_backends: Vec<UseBackend>,
    pub default_backend: Option<Word>,
    pub stats: Option<Stats>,
    pub log: Vec<LogLine>,
    pub log_format: LogFormat,
    /// Where `option httplog` was written, for the message that it needs `mode http`.
    pub log_format_span: Option<Span>,
    pub dont_log_null: bool,
    pub dont_log_normal: bool,
    pub log_asap: bool,
    pub log_separate_errors: bool,
    pub log_health_checks: bool,
    /// `option httpchk` holds.
    pub is_http_checked: bool,
    pub http_check: HttpCheckLines,
    pub abort_on_close: bool,
    pub persist: bool,
    pub all_backups: bool,
    pub prefer_last_server: bool,
    pub client_keepalive: bool,
    pub server_keepalive: bool,
    pub source: Option<SocketAddr>,
    pub error_files: Vec<ErrorFile>,
    pub monitor_uri: Option<String>,
    pub captures: Vec<Capture>,
    pub capture_cookie: Option<(String, u32)>,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            disabled: false,
            id: None,
            description: None,
            binds: Vec::new(),
            servers: Vec::new(),
            default_server: server::Settings::default(),
            balance: Balance::default(),
            hash_consistent: false,
            timeouts: Timeouts::default(),
            retries: DEFAULT_RETRIES,
            redispatch: 0,
            maxconn: None,
            fullconn: None,
            backlog: None,
            connection_mode: ConnectionMode::default(),
            http_reuse: HttpReuse::default(),
            forward_for: None,
            cookie: None,
            acls: Vec::new(),
            rules: Vec::new(),
            redirects: Vec::new(),
            furthest: Furthest::default(),
            use_backends: Vec::new(),
            default_backend: None,
            stats: None,
            log: Vec::new(),
            log_format: LogFormat::default(),
            log_format_span: None,
            dont_log_null: false,
            dont_log_normal: false,
            log_asap: false,
            log_separate_errors: false,
            log_health_checks: false,
            is_http_checked: false,
            http_check: HttpCheckLines::default(),
            abort_on_close: false,
            persist: false,
            all_backups: false,
            prefer_last_server: false,
            client_keepalive: false,
            server_keepalive: false,
            source: None,
            error_files: Vec::new(),
            monitor_uri: None,
            captures: Vec::new(),
            capture_cookie: None,
        }
    }
}

impl Draft {
    /// From here on, lines are the section's own: those that replace inherited ones do so.
    pub fn begin_own_lines(&mut self) {
        self.http_check.begin_own_lines();
        self.furthest = Furthest::default();
    }

    /// Drops what `defaults` say for the other kind of proxy.
    pub fn forget_what_does_not_inherit(&mut self, kind: ProxyKind) {
        if !kind.is_frontend() {
            self.maxconn = None;
            self.backlog = None;
            self.default_backend = None;
            self.monitor_uri = None;
            self.log_format = LogFormat::default();
            self.log_format_span = None;
        }
        if !kind.is_backend() {
            self.cookie = None;
            self.is_http_checked = false;
            self.http_check = HttpCheckLines::default();
            self.fullconn = None;
            self.source = None;
        }
    }

    /// The statistics page, begun where it was not yet.
    pub fn stats(&mut self) -> &mut Stats {
        self.stats.get_or_insert_with(|| Stats {
            // The version is hidden unless `stats show-version` says otherwise.
            hide_version: true,
            ..Stats::default()
        })
    }

    /// The finished proxy; what does not go together is said here.
    pub fn finish(
        mut self,
        name: &Word,
        span: Span,
        kind: ProxyKind,
        global: &GlobalSettings,
        messages: &mut Vec<Diagnostic>,
    ) -> Proxy {
        self.rules.append(&mut self.redirects);
        self.fall_back_to_tcp(name, messages);
        if kind.is_frontend()
            && self.log.is_empty()
            && let Some(span) = self.log_format_span
        {
            messages.push(
                Diagnostic::warning(format!(
                    "'{}' has no 'log' line, so it logs nothing",
                    name.value
                ))
                .at(span)
                .help("add 'log global', or a target"),
            );
        }
        self.number_servers(messages);
        let check = if self.is_http_checked {
            CheckMethod::Http(self.http_check.finish())
        } else {
            if self.http_check.has_own_rules() && kind.is_backend() {
                messages.push(
                    Diagnostic::warning(format!(
                        "'http-check' rules of '{}' are ignored without 'option httpchk'",
                        name.value
                    ))
                    .at(span),
                );
            }
            CheckMethod::Tcp
        };
        let format = log::default_format(global.global.log_send_hostname.is_some());
        Proxy {
            name: name.clone(),
            span,
            kind,
            id: self.id.unwrap_or(0),
            mode: self.mode,
            disabled: self.disabled,
            description: self.description,
            binds: self.binds,
            servers: self.servers,
            balance: self.balance,
            hash_consistent: self.hash_consistent,
            timeouts: self.timeouts,
            retries: self.retries,
            redispatch: self.redispatch,
            maxconn: self.maxconn,
            fullconn: self.fullconn,
            backlog: self.backlog,
            connection_mode: self.connection_mode,
            http_reuse: self.http_reuse,
            forward_for: self.forward_for,
            cookie: self.cookie.map(|(cookie, _)| cookie),
            acls: self.acls,
            rules: self.rules,
            use_backends: self.use_backends,
            default_backend: self.default_backend,
            stats: self.stats,
            log: log::targets(&self.log, &global.global.log, format),
            log_format: self.log_format,
            dont_log_null: self.dont_log_null,
            dont_log_normal: self.dont_log_normal,
            log_asap: self.log_asap,
            log_separate_errors: self.log_separate_errors,
            log_health_checks: self.log_health_checks,
            check,
            abort_on_close: self.abort_on_close,
            persist: self.persist,
            all_backups: self.all_backups,
            prefer_last_server: self.prefer_last_server,
            client_keepalive: self.client_keepalive,
            server_keepalive: self.server_keepalive,
            source: self.source,
            error_files: self.error_files,
            monitor_uri: self.monitor_uri,
            captures: self.captures,
            capture_cookie: self.capture_cookie,
        }
    }

    /// What needs HTTP is dropped, with a warning, where the mode is TCP, as HAProxy does.
    fn fall_back_to_tcp(&mut self, name: &Word, messages: &mut Vec<Diagnostic>) {
        if self.mode == Mode::Http {
            return;
        }
        let warning = |text: String, span: Span| Diagnostic::warning(text).at(span);
        let needs = |what: &str| {
            format!(
                "{what} is ignored for '{}', which is not in 'mode http'",
                name.value
            )
        };
        if matches!(self.log_format, LogFormat::Http | LogFormat::HttpClf) {
            self.log_format = LogFormat::Tcp;
            messages.push(
                warning(
                    needs("'option httplog'"),
                    self.log_format_span.unwrap_or(name.span),
                )
                .help("'option tcplog' is used instead"),
            );
        }
        if let Some((_, span)) = self.cookie.take() {
            messages.push(warning(needs("'cookie'"), span));
        } else if self.servers.iter().any(|server| server.cookie.is_some()) {
            messages.push(warning(needs("'cookie' of a server"), name.span));
        }
        self.servers
            .iter_mut()
            .for_each(|server| server.cookie = None);
        if self.stats.take().is_some() {
            messages.push(warning(needs("'stats'"), name.span));
        }
        if self.monitor_uri.take().is_some() {
            messages.push(warning(needs("'monitor-uri'"), name.span));
        }
        if !self.captures.is_empty() || self.capture_cookie.is_some() {
            self.captures.clear();
            self.capture_cookie = None;
            messages.push(warning(needs("'capture'"), name.span));
        }
        if self.forward_for.take().is_some() {
            messages.push(warning(needs("'option forwardfor'"), name.span));
        }
        let rules = self.rules.len();
        self.rules.retain(|rule| !rule.set.is_http());
        if self.rules.len() < rules {
            messages.push(warning(needs("a rule on HTTP messages"), name.span));
        }
        if let Some(server) = self
            .servers
            .iter_mut()
            .find(|server| server.redir.is_some())
        {
            messages.push(
                Diagnostic::error(format!(
                    "'redir' of server '{}' needs 'mode http'",
                    server.name.value
                ))
                .at(server.name.span),
            );
        }
    }

    /// Gives each server that has no id the lowest free one, and finds names used twice.
    fn number_servers(&mut self, messages: &mut Vec<Diagnostic>) {
        let mut names: BTreeSet<&str> = BTreeSet::new();
        let mut taken: BTreeSet<u32> = BTreeSet::new();
        for server in &self.servers {
            if !names.insert(&server.name.value) {
                messages.push(
                    Diagnostic::error(format!(
                        "another server of this section is named '{}'",
                        server.name.value
                    ))
                    .at(server.name.span),
                );
            }
            if server.id > 0 && !taken.insert(server.id) {
                messages.push(
                    Diagnostic::error(format!(
                        "another server of this section has the id {}",
                        server.id
                    ))
                    .at(server.name.span),
                );
            }
        }
        let mut next = 1;
        for server in &mut self.servers {
            if server.id == 0 {
                while taken.contains(&next) {
                    next += 1;
                }
                server.id = next;
                next += 1;
            }
        }
    }
}
