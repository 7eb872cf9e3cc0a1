//! The actions of the page's form (`stats admin`).

use std::fmt;

use haproxy_config::model::{Proxy, Stats};

use super::request::in_scope;
use crate::check;
use crate::health::{Change, Place};
use crate::log_record::LogQueue;
use crate::snapshot::{Backend, Server, Snapshot};

/// How an action went; HAProxy's codes, which the page shows after the redirect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Done on every server.
    Done,
    /// Nothing was to change.
    Nothing,
    /// Done on some servers only.
    Partly,
    /// The form could not be read.
    Unreadable,
    /// Not allowed.
    Denied,
}

impl Outcome {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::Nothing => "NONE",
            Self::Partly => "PART",
            Self::Unreadable => "ERRP",
            Self::Denied => "DENY",
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        [
            Self::Done,
            Self::Nothing,
            Self::Partly,
            Self::Unreadable,
            Self::Denied,
        ]
        .into_iter()
        .find(|outcome| outcome.code() == code)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Done => "Action processed successfully.",
            Self::Nothing => "Nothing has changed.",
            Self::Partly => "Action partially processed: a server could not take it.",
            Self::Unreadable => "Action not processed: the form could not be read.",
            Self::Denied => "Action denied.",
        })
    }
}

/// Actions of the form: the value sent, and what the menu says.
pub(super) const ACTIONS: &[(&str, &str)] = &[
    ("ready", "Set state to READY"),
    ("drain", "Set state to DRAIN"),
    ("maint", "Set state to MAINT"),
    ("hrunn", "Health: force UP"),
    ("hdown", "Health: force DOWN"),
    ("shutdown", "Kill Sessions"),
];

/// Does what a form says: `action=NAME`, `b=BACKEND` (or `#ID`), `s=SERVER` once for each server.
pub(super) fn carry_out(
    snapshot: &Snapshot,
    own: &Proxy,
    stats: &Stats,
    body: &[u8],
    log: &LogQueue,
) -> Outcome {
    let Ok(body) = std::str::from_utf8(body) else {
        return Outcome::Unreadable;
    };
    let pairs: Vec<(String, String)> = body
        .trim_end()
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let value = |wanted: &str| {
        pairs
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let (Some(action), Some(backend)) = (value("action"), value("b")) else {
        return Outcome::Unreadable;
    };
    let Some(backend) = find_backend(snapshot, backend) else {
        return Outcome::Unreadable;
    };
    if !in_scope(stats, own, &backend.name) {
        return Outcome::Denied;
    }
    let servers: Vec<&str> = pairs
        .iter()
        .filter(|(name, _)| name == "s")
        .map(|(_, value)| value.as_str())
        .collect();
    let done = servers
        .iter()
        .filter_map(|name| backend.server(name))
        .filter(|server| act(snapshot, backend, server, action, log))
        .count();
    match done {
        0 => Outcome::Nothing,
        all if all == servers.len() => Outcome::Done,
        _ => Outcome::Partly,
    }
}

fn find_backend<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Backend> {
    let found = match name.strip_prefix('#') {
        Some(id) => {
            let id: u32 = id.parse().ok()?;
            snapshot.backends.iter().find(|backend| backend.id == id)
        }
        None => snapshot.backend(name),
    };
    found.map(AsRef::as_ref)
}

/// Does one action on one server; false where it does not apply.
fn act(
    snapshot: &Snapshot,
    backend: &Backend,
    server: &Server,
    action: &str,
    log: &LogQueue,
) -> bool {
    let limits = check::limits_of(&snapshot.config, backend, server);
    let change = match (action, limits) {
        ("shutdown", _) => {
            server.state.shutdown_sessions();
            return true;
        }
        ("ready" | "enable", limits) => Change::Ready { limits },
        ("drain", _) => Change::Drain,
        ("maint" | "disable", _) => Change::Maintenance,
        ("hrunn", Some(limits)) => Change::Health { up: true, limits },
        ("hdown", Some(limits)) => Change::Health { up: false, limits },
        _ => return false,
    };
    Place {
        snapshot,
        backend,
        server,
        log,
    }
    .apply(change);
    true
}

/// `application/x-www-form-urlencoded` back to text; what is no text is replaced.
pub(super) fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let digits = rest.get(..2).and_then(|two| std::str::from_utf8(two).ok());
                match digits.and_then(|two| u8::from_str_radix(two, 16).ok()) {
                    Some(decoded) => {
                        bytes.push(decoded);
                        rest = &rest[2..];
                    }
                    None => bytes.push(b'%'),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn form_values_are_decoded() {
        for (text, expected) in [
            ("a+b", "a b"),
            ("%23 3", "# 3"),
            ("%2", "%2"),
            ("%zz", "%zz"),
            ("%c3%a9", "é"),
            ("%ff", "\u{fffd}"),
        ] {
            assert_eq!(decode(text), expected);
        }
    }
}
