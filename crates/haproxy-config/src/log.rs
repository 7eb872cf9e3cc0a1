//! `log` lines of `global` and of proxies.

use std::net::SocketAddr;
use std::path::PathBuf;

use diagnostics::{Diagnostic, Spanned};

use crate::address;
use crate::arguments::Arguments;
use crate::keywords::{not_built, unknown_word};
use crate::model::{Host, LogAddress, LogTarget, SyslogFormat, Word};
use crate::values::number;

/// The port of syslog over UDP.
const SYSLOG_PORT: u16 = 514;

/// The default of `len`, from RFC 3164.
const DEFAULT_LEN: u32 = 1024;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2",
    "ftp", "ntp", "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

const LEVELS: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];

const FORMATS: [(&str, SyslogFormat); 8] = [
    ("iso", SyslogFormat::Iso),
    ("local", SyslogFormat::Local),
    ("priority", SyslogFormat::Priority),
    ("raw", SyslogFormat::Raw),
    ("rfc3164", SyslogFormat::Rfc3164),
    ("rfc5424", SyslogFormat::Rfc5424),
    ("short", SyslogFormat::Short),
    ("timed", SyslogFormat::Timed),
];

/// One `log` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogLine {
    /// `log global`.
    Global,
    /// `log TARGET …`; without `format` the default of [`default_format`] is filled in later.
    Target { target: LogTarget, has_format: bool },
}

/// The format of targets that name none.
pub(crate) fn default_format(log_send_hostname: bool) -> SyslogFormat {
    if log_send_hostname {
        SyslogFormat::Rfc3164
    } else {
        SyslogFormat::Local
    }
}

/// The targets of lines, in order; `log global` stands for those of `global`.
pub(crate) fn targets(
    lines: &[LogLine],
    global: &[LogTarget],
    default_format: SyslogFormat,
) -> Vec<LogTarget> {
    let mut targets = Vec::new();
    for line in lines {
        match line {
            LogLine::Global => targets.extend_from_slice(global),
            LogLine::Target { target, has_format } => {
                let mut target = target.clone();
                if !has_format {
                    target.format = default_format;
                }
                targets.push(target);
            }
        }
    }
    targets
}

/// `log global` or `log TARGET [len N] [format F] FACILITY [LEVEL [MINLEVEL]]`.
pub(crate) fn line(arguments: &mut Arguments<'_>) -> Result<LogLine, Diagnostic> {
    let to = arguments.required("'global' or a target and a facility")?;
    if to.value == "global" {
        arguments.end()?;
        return Ok(LogLine::Global);
    }
    let mut target = LogTarget {
        to: log_address(to)?,
        len: DEFAULT_LEN,
        facility: 0,
        max_level: 7,
        min_level: 0,
        format: SyslogFormat::default(),
    };
    let mut has_format = false;
    loop {
        let word = arguments.required("a facility, such as 'local0'")?;
        match word.value.as_str() {
            "len" => target.len = number(arguments.value_of(word)?, 80..=65535)?,
            "format" => {
                let format = arguments.value_of(word)?;
                target.format = FORMATS
                    .into_iter()
                    .find(|(name, _)| *name == format.value)
                    .map(|(_, format)| format)
                    .ok_or_else(|| {
                        unknown_word("log format", format, FORMATS.map(|(name, _)| name))
                    })?;
                has_format = true;
            }
            "sample" | "profile" => {
                return Err(not_built(&format!("log … {}", word.value), word));
            }
            _ => {
                target.facility = index(word, "log facility", &FACILITIES)?;
                break;
            }
        }
    }
    if let Some(word) = arguments.next() {
        target.max_level = index(word, "log level", &LEVELS)?;
    }
    if let Some(word) = arguments.next() {
        target.min_level = index(word, "log level", &LEVELS)?;
    }
    arguments.end()?;
    Ok(LogLine::Target { target, has_format })
}

fn index(word: &Word, what: &str, names: &[&str]) -> Result<u8, Diagnostic> {
    names
        .iter()
        .zip(0u8..)
        .find(|(name, _)| **name == word.value)
        .map(|(_, index)| index)
        .ok_or_else(|| unknown_word(what, word, names.iter().copied()))
}

fn log_address(word: &Word) -> Result<LogAddress, Diagnostic> {
    let text = word.value.as_str();
    match text {
        "stdout" => return Ok(LogAddress::Descriptor(1)),
        "stderr" => return Ok(LogAddress::Descriptor(2)),
        _ => {}
    }
    if text.starts_with('/') {
        return Ok(LogAddress::Unix(PathBuf::from(text)));
    }
    let plain = match text.split_once('@') {
        None => text,
        Some((
            "udp" | "udp4" | "udp6" | "ip" | "ipv4" | "ipv6" | "dgram+ip" | "dgram+ipv4"
            | "dgram+ipv6",
            rest,
        )) => rest,
        Some(("unix" | "uxdg" | "dgram+unix", path)) => {
            return Ok(LogAddress::Unix(PathBuf::from(path)));
        }
        Some(("fd", number)) => {
            return number
                .parse()
                .ok()
                .filter(|number| *number >= 0)
                .map(LogAddress::Descriptor)
                .ok_or_else(|| {
                    Diagnostic::error("expected the number of a descriptor after 'fd@'")
                        .at(word.span)
                });
        }
        Some((
            prefix @ ("ring" | "backend" | "tcp" | "tcp4" | "tcp6" | "uxst" | "sockpair"),
            _,
        )) => {
            return Err(not_built(&format!("log {prefix}@"), word));
        }
        Some((prefix, _)) => {
            return Err(
                Diagnostic::error(format!("unknown address prefix '{prefix}@'")).at(word.span),
            );
        }
    };
    let plain = Spanned::new(plain.to_owned(), word.span);
    Ok(match address::socket(&plain, SYSLOG_PORT)? {
        (Host::Ip(ip), port) => LogAddress::Udp(SocketAddr::new(ip, port)),
        (Host::Name(name, _), port) => LogAddress::UdpName(name, port),
    })
}
