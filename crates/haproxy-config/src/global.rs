//! `global` sections → one [`Global`].

use std::path::PathBuf;

use diagnostics::{Diagnostic, Spanned};

use crate::arguments::Arguments;
use crate::bind::{self, UnixDefaults};
use crate::cipher;
use crate::keywords::{GLOBAL, OPTIONS, PROXY, SECTIONS, no_effect, not_built, unknown_argument};
use crate::log::{self, LogLine};
use crate::model::{Account, Bind, CipherSuite, Global, TlsVersion};
use crate::reading::{Modifier, Section, Statement};
use crate::values::{Unit, number, size, time, timeout};

/// The most threads, as HAProxy has it for one group of threads.
pub const MAX_THREADS: u16 = 64;

/// `spread-checks` goes up to half of the interval.
const MAX_SPREAD_PERCENT: u8 = 50;

/// Everything that `global` sections say, including what only the reading of proxies needs.
#[derive(Debug, Default)]
pub(crate) struct GlobalSettings {
    pub global: Global,
    pub unix: UnixDefaults,
    log: Vec<LogLine>,
    ciphers: Vec<CipherSuite>,
    ciphersuites: Vec<CipherSuite>,
}

impl GlobalSettings {
    /// What lines with addresses take from here.
    pub fn bind_defaults(&self) -> bind::Defaults<'_> {
        bind::Defaults {
            unix: &self.unix,
            crt_base: self.global.crt_base.as_deref(),
            ciphers: &self.ciphers,
            ciphersuites: &self.ciphersuites,
        }
    }
}

/// Reads every `global` section, in order; a later line wins over an earlier one.
pub(crate) fn read<'a>(
    sections: impl Iterator<Item = &'a Section>,
    messages: &mut Vec<Diagnostic>,
) -> GlobalSettings {
    let mut settings = GlobalSettings::default();
    for section in sections {
        if let Some(extra) = section.header.words.get(1) {
            messages.push(Diagnostic::error("'global' takes no name").at(extra.span));
        }
        for statement in &section.statements {
            if let Err(message) = settings.statement(statement, messages) {
                messages.push(message);
            }
        }
    }
    let format = log::default_format(settings.global.log_send_hostname.is_some());
    settings.global.log = log::targets(&settings.log, &[], format);
    settings
}

impl GlobalSettings {
    fn statement(
        &mut self,
        statement: &Statement,
        messages: &mut Vec<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let keyword = statement.keyword();
        if keyword.value == "stats" {
            return self.stats(statement, messages);
        }
        let name = keyword.value.as_str();
        let mut arguments = Arguments::of(statement, name);
        let global = &mut self.global;
        match name {
            "ca-base" => {
                arguments.only("a folder")?;
                messages.push(no_effect(
                    "ca-base",
                    keyword,
                    "nothing that reads a file of authorities is built yet",
                ));
            }
            "chroot" => {
                let path = arguments.only("a folder")?;
                global.chroot = Some(Spanned::new(PathBuf::from(&path.value), path.span));
            }
            "crt-base" => global.crt_base = Some(arguments.only("a folder")?.value.as_str().into()),
            "daemon" => {
                arguments.end()?;
                global.daemon = true;
            }
            "description" => global.description = Some(joined(&mut arguments, "a text")?),
            "gid" => {
                let word = arguments.only("the number of a group")?;
                let id = Account::Id(number(word, 0..=u32::MAX)?);
                global.group = Some(Spanned::new(id, word.span));
            }
            "group" => {
                let word = arguments.only("the name of a group")?;
                global.group = Some(Spanned::new(Account::Name(word.value.clone()), word.span));
            }
            "hard-stop-after" => global.hard_stop_after = timeout(arguments.only("a time")?)?,
            "log" if statement.modifier == Modifier::No => self.log.clear(),
            "log" => match log::line(&mut arguments)? {
                LogLine::Global => {
                    return Err(Diagnostic::error("'log global' is for proxies")
                        .at(statement.span())
                        .help("name a target here, such as 'log /dev/log local0'"));
                }
                line @ LogLine::Target { .. } => self.log.push(line),
            },
            "log-send-hostname" => {
                global.log_send_hostname = Some(arguments.next().map(|word| word.value.clone()));
                arguments.end()?;
            }
            "log-tag" => global.log_tag = Some(arguments.only("a tag")?.value.clone()),
            "maxconn" => {
                let word = arguments.only("a number of connections")?;
                global.maxconn = Some(number(word, 0..=u32::MAX)?).filter(|limit| *limit > 0);
            }
            "nbproc" => {
                number(arguments.only("a number of processes")?, 1..=1)
                    .map_err(|error| error.help("processes became threads: see 'nbthread'"))?;
                messages.push(no_effect(
                    "nbproc 1",
                    keyword,
                    "there is one process, of 'nbthread' threads",
                ));
            }
            "nbthread" => {
                let word = arguments.only("a number of threads")?;
                global.nbthread = Some(number(word, 1..=MAX_THREADS)?);
            }
            "node" => global.node = Some(node(&mut arguments)?),
            "pidfile" => {
                let path = arguments.only("a file")?;
                global.pidfile = Some(Spanned::new(PathBuf::from(&path.value), path.span));
            }
            "spread-checks" => {
                let word = arguments.only("a number of percent")?;
                global.spread_checks_percent = number(word, 0..=MAX_SPREAD_PERCENT)?;
            }
            "ssl-default-bind-ciphers" => {
                let word = arguments.only("a list of ciphers")?;
                self.ciphers = cipher::list(word, TlsVersion::Tls12, messages)?;
            }
            "ssl-default-bind-ciphersuites" => {
                let word = arguments.only("a list of cipher suites")?;
                self.ciphersuites = cipher::list(word, TlsVersion::Tls13, messages)?;
            }
            "ssl-default-bind-options" => {
                let first = arguments.required("options, such as 'ssl-min-ver TLSv1.2'")?;
                global.ssl_default_bind_options = std::iter::once(first)
                    .chain(arguments.rest())
                    .cloned()
                    .collect();
            }
            "tune.bufsize" => {
                let word = arguments.only("a size")?;
                global.tune_bufsize = Some(size(word, 1024..=256 << 20)?);
            }
            "tune.http.maxhdr" => {
                let word = arguments.only("a number of headers")?;
                global.tune_http_maxhdr = Some(number(word, 1..=32767)?);
            }
            "tune.maxrewrite" => {
                let word = arguments.only("a size")?;
                global.tune_maxrewrite = Some(size(word, 0..=256 << 20)?);
            }
            "uid" => {
                let word = arguments.only("the number of a user")?;
                let id = Account::Id(number(word, 0..=u32::MAX)?);
                global.user = Some(Spanned::new(id, word.span));
            }
            "unix-bind" => self.unix_bind(&mut arguments)?,
            "user" => {
                let word = arguments.only("the name of a user")?;
                global.user = Some(Spanned::new(Account::Name(word.value.clone()), word.span));
            }
            "zero-warning" => {
                arguments.end()?;
                global.zero_warning = true;
            }
            _ => match reason_without_effect(name) {
                Some(reason) => messages.push(no_effect(name, keyword, reason)),
                None if GLOBAL.contains(&name) => return Err(not_built(name, keyword)),
                None => return Err(unknown(statement)),
            },
        }
        Ok(())
    }

    fn stats(
        &mut self,
        statement: &Statement,
        messages: &mut Vec<Diagnostic>,
    ) -> Result<(), Diagnostic> {
        let known = ["bind-process", "maxconn", "socket", "timeout"];
        let Some(word) = statement.words.get(1) else {
            return Err(Arguments::of(statement, "stats")
                .missing("'bind-process', 'maxconn', 'socket' or 'timeout'"));
        };
        match word.value.as_str() {
            "bind-process" => messages.push(no_effect(
                "stats bind-process",
                word,
                "there is one process, and it answers on every stats socket",
            )),
            "maxconn" => {
                let mut arguments = Arguments::of(statement, "stats maxconn");
                let limit = number(arguments.only("a number of connections")?, 1..=u32::MAX)?;
                self.global.stats_maxconn = Some(limit);
            }
            "socket" => {
                let mut arguments = Arguments::of(statement, "stats socket");
                let defaults = bind::Defaults {
                    unix: &UnixDefaults::default(),
                    ..self.bind_defaults()
                };
                let sockets = bind::line(&mut arguments, defaults, messages)?;
                for socket in &sockets {
                    let unbuilt = match socket {
                        Bind { ssl: Some(_), .. } => "stats socket … ssl",
                        Bind {
                            accept_proxy: true, ..
                        } => "stats socket … accept-proxy",
                        _ => continue,
                    };
                    return Err(not_built(unbuilt, word));
                }
                self.global.stats_sockets.extend(sockets);
            }
            "timeout" => {
                let mut arguments = Arguments::of(statement, "stats timeout");
                let word = arguments.only("a time")?;
                self.global.stats_timeout = Some(time(word, Unit::Milliseconds)?);
            }
            _ => {
                return Err(
                    if PROXY
                        .iter()
                        .any(|(name, _)| name.strip_prefix("stats ") == Some(word.value.as_str()))
                    {
                        Diagnostic::error(format!(
                            "'stats {}' is not allowed in a 'global' section",
                            word.value
                        ))
                        .at(word.span)
                        .help("it belongs in a proxy")
                    } else {
                        Diagnostic::error(format!("unknown keyword 'stats {}'", word.value))
                            .at(word.span)
                            .suggest(&word.value, known)
                    },
                );
            }
        }
        Ok(())
    }

    fn unix_bind(&mut self, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
        let known = ["gid", "group", "mode", "prefix", "uid", "user"];
        if arguments.peek().is_none() {
            return Err(arguments.missing("settings of unix sockets, such as 'mode 660'"));
        }
        while let Some(word) = arguments.next() {
            let value = arguments.value_of(word);
            match word.value.as_str() {
                "gid" => self.unix.group = Some(Account::Id(number(value?, 0..=u32::MAX)?)),
                "group" => self.unix.group = Some(Account::Name(value?.value.clone())),
                "mode" => self.unix.mode = Some(bind::unix_mode(value?)?),
                "prefix" => self.unix.prefix = Some(value?.value.clone()),
                "uid" => self.unix.user = Some(Account::Id(number(value?, 0..=u32::MAX)?)),
                "user" => self.unix.user = Some(Account::Name(value?.value.clone())),
                _ => return Err(unknown_argument("unix-bind", word, known)),
            }
        }
        Ok(())
    }
}

/// Why a known keyword may be accepted although it changes nothing: its whole meaning lies in a
/// part of HAProxy that is not here, and no one could see a difference.
fn reason_without_effect(name: &str) -> Option<&'static str> {
    let prefix_reasons = [
        (
            "httpclient.",
            "it tunes HAProxy's own HTTP client, and nothing here asks with it",
        ),
        ("ssl-default-server-", "no server is spoken to over TLS"),
        ("tune.fd.", "it tunes HAProxy's table of descriptors"),
        (
            "tune.lua.",
            "it limits Lua programs, and none can be loaded",
        ),
        ("tune.memory.", "it tunes HAProxy's memory pools"),
        (
            "tune.pool-",
            "it tunes how HAProxy trims idle connections under pressure",
        ),
        ("tune.quic.", "it tunes QUIC, and no address can speak it"),
        ("tune.h2.", "it tunes HTTP/2, and no address can speak it"),
        ("tune.vars.", "it limits variables, and none can be set"),
        (
            "tune.zlib.",
            "it tunes compression, and none can be asked for",
        ),
        (
            "tune.comp.",
            "it tunes compression, and none can be asked for",
        ),
        ("tune.peers.", "it tunes peers, and none can be named"),
    ];
    if let Some((_, reason)) = prefix_reasons
        .iter()
        .find(|(prefix, _)| name.starts_with(prefix))
    {
        return GLOBAL.contains(&name).then_some(reason);
    }
    Some(match name {
        "debug" => "'-d' on the command line shows what passes",
        "quiet" => "'-q' on the command line silences the start",
        "expose-deprecated-directives" | "expose-experimental-directives" => {
            "it only allows other keywords, and each of those speaks for itself"
        }
        "insecure-fork-wanted" => "it only allows programs to be started, and none is",
        "maxcompcpuusage" | "maxcomprate" | "maxzlibmem" => {
            "it limits compression, and none can be asked for"
        }
        "maxpipes" | "nosplice" | "tune.pipesize" => "bytes go through buffers, not pipes",
        "noepoll" | "noevports" | "nokqueue" | "nopoll" => {
            "the kernel's io_uring tells of events, epoll only where that is missing"
        }
        "tune.idle-pool.shared" => "each worker thread keeps idle connections of its own",
        "tune.ssl.default-dh-param" => {
            "no key exchange with finite-field Diffie-Hellman is offered"
        }
        "ssl-server-verify" => "no server is spoken to over TLS",
        "tune.stick-counters" => "it limits tracked counters, and none can be tracked",
        "noktls" => "TLS stays in the process",
        "profiling.memory" | "profiling.tasks" => "it only fills HAProxy's own profiler",
        "tune.applet.zero-copy-forwarding"
        | "tune.disable-fast-forward"
        | "tune.disable-zero-copy-forwarding"
        | "tune.h1.zero-copy-fwd-recv"
        | "tune.h1.zero-copy-fwd-send"
        | "tune.pt.zero-copy-forwarding" => "it tunes how HAProxy passes buffers on",
        "tune.buffers.limit"
        | "tune.buffers.reserve"
        | "tune.idletimer"
        | "tune.maxaccept"
        | "tune.maxpollevents"
        | "tune.recv_enough"
        | "tune.runqueue-depth"
        | "tune.sched.low-latency"
        | "tune.epoll.mask-events"
        | "tune.events.max-events-at-once"
        | "tune.takeover-other-tg-connections"
        | "tune.max-rules-at-once"
        | "tune.listener.default-shards"
        | "tune.listener.multi-queue"
        | "tune.ring.queues"
        | "busy-polling"
        | "no-memory-trimming"
        | "prealloc-fd" => "it tunes HAProxy's own scheduler and buffers",
        "cpu-policy"
        | "cpu-set"
        | "numa-cpu-mapping"
        | "cpu-map"
        | "thread-group"
        | "thread-groups"
        | "max-threads-per-group" => {
            "the kernel places the threads; 'nbthread' says how many there are"
        }
        _ => return None,
    })
}

fn unknown(statement: &Statement) -> Diagnostic {
    let word = statement.keyword();
    let is_proxy_keyword = word.value == "option"
        || PROXY
            .iter()
            .any(|(name, _)| name.split(' ').next() == Some(word.value.as_str()));
    if is_proxy_keyword {
        return Diagnostic::error(format!(
            "'{}' is not allowed in a 'global' section",
            word.value
        ))
        .at(word.span)
        .help("it belongs in a proxy: 'defaults', 'frontend', 'listen' or 'backend'");
    }
    let message = Diagnostic::error(format!(
        "unknown keyword '{}' in 'global' section",
        word.value
    ))
    .at(word.span);
    if OPTIONS.iter().any(|(name, ..)| *name == word.value) {
        return message.help(format!("'option {}' belongs in a proxy", word.value));
    }
    let names = GLOBAL.iter().chain(SECTIONS).copied();
    message.suggest(&word.value, names)
}

fn node(arguments: &mut Arguments<'_>) -> Result<String, Diagnostic> {
    let word = arguments.only("a name")?;
    let is_name = word
        .value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_name {
        Ok(word.value.clone())
    } else {
        Err(Diagnostic::error(format!("'{}' is not the name of a node", word.value)).at(word.span))
    }
}

/// All words left with single spaces between them.
pub(crate) fn joined(arguments: &mut Arguments<'_>, what: &str) -> Result<String, Diagnostic> {
    arguments.peek().ok_or_else(|| arguments.missing(what))?;
    let words: Vec<&str> = arguments
        .rest()
        .iter()
        .map(|word| word.value.as_str())
        .collect();
    Ok(words.join(" "))
}
