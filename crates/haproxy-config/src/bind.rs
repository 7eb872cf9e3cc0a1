//! `bind` and `stats socket` lines: addresses and their parameters (configuration.txt 5.1).

use std::path::{Path, PathBuf};

use diagnostics::{Diagnostic, Spanned};

use crate::address::{self, Use};
use crate::arguments::Arguments;
use crate::cipher;
use crate::keywords::{BIND, no_effect, not_built, unknown_argument, unknown_word};
use crate::model::{Account, Address, Bind, BindSsl, CipherSuite, CliLevel, TlsVersion, Word};
use crate::values::number;

/// `unix-bind`: what unix sockets have where their own line says nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct UnixDefaults {
    pub prefix: Option<String>,
    pub mode: Option<u32>,
    pub user: Option<Account>,
    pub group: Option<Account>,
}

/// What a line takes from `global`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Defaults<'a> {
    pub unix: &'a UnixDefaults,
    pub crt_base: Option<&'a Path>,
    pub ciphers: &'a [CipherSuite],
    pub ciphersuites: &'a [CipherSuite],
}

/// `bind ADDRESS[,ADDRESS…] PARAMETER…`: one entry an address.
pub(crate) fn line(
    arguments: &mut Arguments<'_>,
    defaults: Defaults<'_>,
    messages: &mut Vec<Diagnostic>,
) -> Result<Vec<Bind>, Diagnostic> {
    let word = arguments.required("an address to listen at, such as ':80'")?;
    let addresses = address::addresses(word, Use::Bind)?;
    let parameters = parameters(arguments, defaults, messages)?;
    Ok(addresses
        .into_iter()
        .map(|address| with_address(&parameters, address, defaults.unix))
        .collect())
}

fn with_address(parameters: &Parameters, address: Spanned<Address>, unix: &UnixDefaults) -> Bind {
    let mut bind = Bind {
        address,
        name: parameters.name.clone(),
        id: parameters.id,
        maxconn: parameters.maxconn,
        backlog: parameters.backlog,
        accept_proxy: parameters.accept_proxy,
        transparent: parameters.transparent,
        v6only: parameters.v6only,
        interface: parameters.interface.clone(),
        defer_accept: parameters.defer_accept,
        unix_mode: parameters.unix_mode,
        unix_user: parameters.unix_user.clone(),
        unix_group: parameters.unix_group.clone(),
        level: parameters.level,
        ssl: parameters.ssl.then(|| parameters.tls.clone()),
    };
    if let Address::Unix(path) = &mut bind.address.value {
        if let Some(prefix) = &unix.prefix {
            *path = PathBuf::from(format!("{prefix}{}", path.display()));
        }
        bind.unix_mode = bind.unix_mode.or(unix.mode);
        bind.unix_user = bind.unix_user.or_else(|| unix.user.clone());
        bind.unix_group = bind.unix_group.or_else(|| unix.group.clone());
    }
    bind
}

#[derive(Default)]
struct Parameters {
    name: Option<String>,
    id: Option<u32>,
    maxconn: Option<u32>,
    backlog: Option<u32>,
    accept_proxy: bool,
    transparent: bool,
    v6only: Option<bool>,
    interface: Option<String>,
    defer_accept: bool,
    unix_mode: Option<u32>,
    unix_user: Option<Account>,
    unix_group: Option<Account>,
    level: CliLevel,
    ssl: bool,
    tls: BindSsl,
}

fn parameters(
    arguments: &mut Arguments<'_>,
    defaults: Defaults<'_>,
    messages: &mut Vec<Diagnostic>,
) -> Result<Parameters, Diagnostic> {
    let mut bind = Parameters::default();
    bind.tls.ciphers = defaults.ciphers.to_vec();
    bind.tls.ciphersuites = defaults.ciphersuites.to_vec();
    let mut tls_word = None;
    while let Some(word) = arguments.next() {
        match word.value.as_str() {
            "accept-proxy" => bind.accept_proxy = true,
            "backlog" => bind.backlog = Some(number(arguments.value_of(word)?, 0..=u32::MAX)?),
            "defer-accept" => bind.defer_accept = true,
            "expose-fd" => {
                let what = arguments.value_of(word)?;
                if what.value != "listeners" {
                    return Err(unknown_argument("expose-fd", what, ["listeners"]));
                }
                messages.push(no_effect(
                    "expose-fd listeners",
                    word,
                    "a successor is given the listening sockets without asking for them",
                ));
            }
            "gid" => {
                let id = number(arguments.value_of(word)?, 0..=u32::MAX)?;
                bind.unix_group = Some(Account::Id(id));
            }
            "group" => {
                bind.unix_group = Some(Account::Name(arguments.value_of(word)?.value.clone()))
            }
            "id" => bind.id = Some(number(arguments.value_of(word)?, 1..=u32::MAX)?),
            "interface" => bind.interface = Some(arguments.value_of(word)?.value.clone()),
            "level" => bind.level = level(arguments.value_of(word)?)?,
            "maxconn" => bind.maxconn = Some(number(arguments.value_of(word)?, 0..=u32::MAX)?),
            "mode" => bind.unix_mode = Some(unix_mode(arguments.value_of(word)?)?),
            "name" => bind.name = Some(arguments.value_of(word)?.value.clone()),
            "nice" | "process" | "shards" | "thread" => {
                arguments.value_of(word)?;
                messages.push(no_effect(
                    &word.value,
                    word,
                    "every worker thread accepts, and the kernel spreads connections over them",
                ));
            }
            "proto" => proto(arguments.value_of(word)?)?,
            "transparent" => bind.transparent = true,
            "uid" => {
                let id = number(arguments.value_of(word)?, 0..=u32::MAX)?;
                bind.unix_user = Some(Account::Id(id));
            }
            "user" => bind.unix_user = Some(Account::Name(arguments.value_of(word)?.value.clone())),
            "v4v6" => bind.v6only = Some(false),
            "v6only" => bind.v6only = Some(true),
            "ssl" => bind.ssl = true,
            name => {
                tls(&mut bind.tls, word, arguments, defaults, messages)?;
                if !name.starts_with("no-") {
                    tls_word.get_or_insert(word);
                }
            }
        }
    }
    match tls_word {
        Some(word) if !bind.ssl => messages.push(
            Diagnostic::warning(format!("'{}' is ignored without 'ssl'", word.value)).at(word.span),
        ),
        _ => {}
    }
    if bind.ssl && bind.tls.crt.is_empty() {
        return Err(arguments
            .missing("a certificate where 'ssl' is written")
            .help("add 'crt FILE'"));
    }
    Ok(bind)
}

fn tls(
    tls: &mut BindSsl,
    word: &Word,
    arguments: &mut Arguments<'_>,
    defaults: Defaults<'_>,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    match word.value.as_str() {
        "ciphers" => {
            tls.ciphers = cipher::list(arguments.value_of(word)?, TlsVersion::Tls12, messages)?;
        }
        "ciphersuites" => {
            let list = arguments.value_of(word)?;
            tls.ciphersuites = cipher::list(list, TlsVersion::Tls13, messages)?;
        }
        "alpn" => tls.alpn = protocols(arguments.value_of(word)?),
        "crt" => {
            let path = arguments.value_of(word)?;
            let mut full = PathBuf::from(&path.value);
            if let Some(base) = defaults.crt_base.filter(|_| full.is_relative()) {
                full = base.join(full);
            }
            tls.crt.push(Spanned::new(full, path.span));
        }
        "force-tlsv12" => exactly(tls, TlsVersion::Tls12),
        "force-tlsv13" => exactly(tls, TlsVersion::Tls13),
        "no-alpn" => tls.alpn.clear(),
        // Never offered, so there is nothing to switch off.
        "no-sslv3" | "no-tlsv10" | "no-tlsv11" => {}
        "no-strict-sni" => tls.strict_sni = false,
        "no-tlsv12" => tls.min_version = Some(TlsVersion::Tls13),
        "no-tlsv13" => tls.max_version = Some(TlsVersion::Tls12),
        "ssl-max-ver" => tls.max_version = Some(version(arguments.value_of(word)?)?),
        "ssl-min-ver" => tls.min_version = Some(version(arguments.value_of(word)?)?),
        "strict-sni" => tls.strict_sni = true,
        "verify" => {
            let how = arguments.value_of(word)?;
            match how.value.as_str() {
                "none" => {}
                "optional" | "required" => {
                    return Err(not_built(&format!("verify {}", how.value), how));
                }
                _ => {
                    let known = ["none", "optional", "required"];
                    return Err(unknown_argument("verify", how, known));
                }
            }
        }
        name => {
            if BIND.iter().any(|(known, _)| *known == name) {
                return Err(not_built(name, word));
            }
            return Err(unknown_argument(
                arguments.name(),
                word,
                BIND.iter().map(|(known, _)| *known),
            ));
        }
    }
    Ok(())
}

/// `proto`: HTTP/1 is the only protocol there is, so asking for it asks for nothing.
pub(crate) fn proto(word: &Word) -> Result<(), Diagnostic> {
    match word.value.as_str() {
        "h1" => Ok(()),
        "fcgi" | "h2" | "none" | "quic" | "spop" => {
            Err(not_built(&format!("proto {}", word.value), word))
        }
        _ => Err(unknown_word("protocol", word, ["h1", "h2", "fcgi", "none"])),
    }
}

fn exactly(tls: &mut BindSsl, version: TlsVersion) {
    tls.min_version = Some(version);
    tls.max_version = Some(version);
}

fn protocols(word: &Word) -> Vec<String> {
    word.value
        .split(',')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

fn version(word: &Word) -> Result<TlsVersion, Diagnostic> {
    Ok(match word.value.as_str() {
        "TLSv1.0" => TlsVersion::Tls10,
        "TLSv1.1" => TlsVersion::Tls11,
        "TLSv1.2" => TlsVersion::Tls12,
        "TLSv1.3" => TlsVersion::Tls13,
        "SSLv3" => return Err(not_built("SSLv3", word)),
        _ => {
            let known = ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
            return Err(unknown_word("TLS version", word, known));
        }
    })
}

fn level(word: &Word) -> Result<CliLevel, Diagnostic> {
    Ok(match word.value.as_str() {
        "user" => CliLevel::User,
        "operator" => CliLevel::Operator,
        "admin" => CliLevel::Admin,
        _ => return Err(unknown_word("level", word, ["user", "operator", "admin"])),
    })
}

/// The octal mode of a unix socket, such as `600`.
pub(crate) fn unix_mode(word: &Word) -> Result<u32, Diagnostic> {
    u32::from_str_radix(&word.value, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777)
        .ok_or_else(|| {
            Diagnostic::error(format!("'{}' is not an octal mode such as 660", word.value))
                .at(word.span)
        })
}
