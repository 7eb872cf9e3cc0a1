//! `option …`, `no option …` and `default option …`.

use diagnostics::Diagnostic;

use crate::address;
use crate::arguments::Arguments;
use crate::keywords::{
    Belongs, OPTIONS, Place, belongs, listed, no_effect, not_built, old_form, unknown_argument,
    unknown_word,
};
use crate::model::{ConnectionMode, ForwardFor, LogFormat};
use crate::reading::{Modifier, Statement};
use crate::values::number;

use super::draft::Draft;
use super::http_check;

/// Options that `no` has no say over by HAProxy's own list, but which it may be written before.
const ALWAYS_NEGATABLE: [&str; 2] = ["redispatch", "forwardfor"];

/// Reads one `option` line.
pub(super) fn read(
    draft: &mut Draft,
    place: Place,
    statement: &Statement,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    let Some(word) = statement.words.get(1) else {
        return Err(
            Diagnostic::error("'option' expects the name of an option").at(statement.span())
        );
    };
    let Some((name, sections, negatable)) = OPTIONS
        .iter()
        .copied()
        .find(|(name, ..)| *name == word.value)
    else {
        let known = OPTIONS.iter().map(|(name, ..)| *name);
        return Err(unknown_word("option", word, known));
    };
    let full_name = format!("option {name}");
    if statement.modifier != Modifier::Plain && !negatable && !ALWAYS_NEGATABLE.contains(&name) {
        return Err(
            Diagnostic::error(format!("'{full_name}' cannot be negated")).at(statement.span()),
        );
    }
    if let Belongs::Elsewhere(message) = belongs(&full_name, sections, place, statement) {
        messages.push(message);
        return Ok(());
    }
    let on = statement.modifier == Modifier::Plain;
    let mut arguments = Arguments::of(statement, &full_name);
    match name {
        "forwardfor" if on => draft.forward_for = Some(forward_for(&mut arguments)?),
        "forwardfor" => draft.forward_for = None,
        "httpchk" => {
            http_check::option_line(&mut draft.http_check, &mut arguments, statement, messages)?;
            draft.is_http_checked = true;
        }
        "httplog" | "tcplog" => {
            let clf = arguments.take("clf");
            draft.log_format = match (name, clf) {
                ("httplog", false) => LogFormat::Http,
                ("httplog", true) => LogFormat::HttpClf,
                (_, false) => LogFormat::Tcp,
                (_, true) => return Err(not_built("option tcplog clf", word)),
            };
            draft.log_format_span = Some(statement.span());
        }
        "redispatch" => draft.redispatch = redispatch(&mut arguments, on)?,
        "forceclose" => {
            messages.push(old_form("option forceclose", "option httpclose", statement));
            connection_mode(draft, ConnectionMode::Close, on);
        }
        "httpclose" => connection_mode(draft, ConnectionMode::Close, on),
        "http-keep-alive" => connection_mode(draft, ConnectionMode::KeepAlive, on),
        "http-server-close" => connection_mode(draft, ConnectionMode::ServerClose, on),
        "tcpka" => {
            draft.client_keepalive = on;
            draft.server_keepalive = on;
        }
        _ => match switch(draft, name) {
            Some(switch) => *switch = on,
            // Every option not built yet is off unless it is switched on.
            None if !on => {}
            None => match reason_without_effect(name) {
                Some(reason) => messages.push(no_effect(&full_name, word, reason)),
                None => return Err(not_built(&full_name, word)),
            },
        },
    }
    arguments.end()
}

/// The setting behind an option that is just on or off.
fn switch<'a>(draft: &'a mut Draft, name: &str) -> Option<&'a mut bool> {
    Some(match name {
        "abortonclose" => &mut draft.abort_on_close,
        "allbackups" => &mut draft.all_backups,
        "clitcpka" => &mut draft.client_keepalive,
        "dontlog-normal" => &mut draft.dont_log_normal,
        "dontlognull" => &mut draft.dont_log_null,
        "log-health-checks" => &mut draft.log_health_checks,
        "log-separate-errors" => &mut draft.log_separate_errors,
        "logasap" => &mut draft.log_asap,
        "persist" => &mut draft.persist,
        "prefer-last-server" => &mut draft.prefer_last_server,
        "srvtcpka" => &mut draft.server_keepalive,
        _ => return None,
    })
}

/// Why a known option may be accepted although it changes nothing.
fn reason_without_effect(name: &str) -> Option<&'static str> {
    Some(match name {
        "disable-h2-upgrade" => "no address can speak HTTP/2, so nothing is upgraded to it",
        "http-no-delay" => "data is never held back",
        "http-use-htx" => "HAProxy's own representation of messages has no counterpart here",
        "splice-auto" | "splice-request" | "splice-response" => {
            "bytes go through buffers, not pipes"
        }
        "tcp-smart-accept" | "tcp-smart-connect" => "it only spares the network one packet",
        _ => return None,
    })
}

fn connection_mode(draft: &mut Draft, mode: ConnectionMode, on: bool) {
    if on {
        draft.connection_mode = mode;
    } else if draft.connection_mode == mode {
        draft.connection_mode = ConnectionMode::default();
    }
}

/// `redispatch [INTERVAL]`: without an interval, on the last retry.
fn redispatch(arguments: &mut Arguments<'_>, on: bool) -> Result<i32, Diagnostic> {
    const LAST_RETRY: i32 = -1;
    if !on {
        return Ok(0);
    }
    match arguments.next() {
        None => Ok(LAST_RETRY),
        Some(word) => number(word, i32::MIN..=i32::MAX),
    }
}

fn forward_for(arguments: &mut Arguments<'_>) -> Result<ForwardFor, Diagnostic> {
    let mut forward_for = ForwardFor {
        except: None,
        header: "X-Forwarded-For".to_owned(),
        if_none: false,
    };
    while let Some(word) = arguments.next() {
        match word.value.as_str() {
            "except" => forward_for.except = Some(address::network(arguments.value_of(word)?)?),
            "header" => forward_for.header = arguments.value_of(word)?.value.clone(),
            "if-none" => forward_for.if_none = true,
            _ => {
                let known = ["except", "header", "if-none"];
                let names = known.map(|name| format!("'{name}'"));
                return Err(unknown_argument("option forwardfor", word, known)
                    .help(format!("expected {}", listed(&names))));
            }
        }
    }
    Ok(forward_for)
}
