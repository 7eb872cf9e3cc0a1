//! One line of a proxy section: which keyword it is, whether it belongs here, and what it says.

use diagnostics::Diagnostic;

use crate::arguments::Arguments;
use crate::bind;
use crate::global::{GlobalSettings, joined};
use crate::keywords::{
    Belongs, Place, belongs, find, head, not_built, unknown_argument, unknown_in_proxy,
    unknown_word,
};
use crate::log;
use crate::model::{Balance, Capture, ErrorFile, HttpReuse, Mode, RuleSet, UseBackend, Word};
use crate::reading::{Modifier, Statement};
use crate::server;
use crate::values::{number, timeout};

use super::draft::Draft;
use super::{check_name, cookie, http_check, legacy, option, rule, stats};

/// The highest `retries`, `maxconn` and the like.
const MAX_COUNT: u32 = i32::MAX as u32;

/// Statuses for which `errorfile` may replace the built-in response.
const ERROR_STATUSES: [u16; 21] = [
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502,
    503, 504,
];

/// Reads one line into the draft.
pub(super) fn read(
    draft: &mut Draft,
    place: Place,
    statement: &Statement,
    global: &GlobalSettings,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    if statement.keyword().value == "option" {
        return option::read(draft, place, statement, messages);
    }
    let Some((name, sections)) = find(statement) else {
        return Err(unknown_in_proxy(statement, place));
    };
    if let Belongs::Elsewhere(message) = belongs(name, sections, place, statement) {
        messages.push(message);
        return Ok(());
    }
    messages.extend(draft.furthest.note(name, statement));
    let mut arguments = Arguments::of(statement, name);
    if let Some(second) = name.strip_prefix("timeout ") {
        return set_timeout(draft, second, &mut arguments, statement);
    }
    if let Some(second) = name.strip_prefix("stats ") {
        return stats::read(draft, second, &mut arguments, messages);
    }
    match name {
        "acl" => draft.acls.push(rule::acl(&mut arguments)?),
        "backlog" => draft.backlog = Some(count(&mut arguments)?),
        "balance" => balance(draft, &mut arguments, statement, messages)?,
        "bind" => {
            let binds = bind::line(&mut arguments, global.bind_defaults(), messages)?;
            draft.binds.extend(binds);
        }
        "capture cookie" => draft.capture_cookie = Some(capture(&mut arguments)?),
        "capture request header" | "capture response header" => {
            let (name_of_header, len) = capture(&mut arguments)?;
            draft.captures.push(Capture {
                response: name == "capture response header",
                name: name_of_header,
                len,
            });
        }
        "cookie" => {
            let cookie = cookie::read(&mut arguments)?;
            draft.cookie = Some((cookie, statement.span()));
        }
        "default-server" => draft.default_server.default_server(&mut arguments)?,
        "default_backend" => {
            draft.default_backend = Some(arguments.only("the name of a backend")?.clone());
        }
        "description" => draft.description = Some(joined(&mut arguments, "a text")?),
        "disabled" | "enabled" => {
            arguments.end()?;
            draft.disabled = name == "disabled";
        }
        "errorfile" => error_file(draft, &mut arguments)?,
        "fullconn" => draft.fullconn = Some(count(&mut arguments)?).filter(|limit| *limit > 0),
        "hash-type" => hash_type(draft, &mut arguments)?,
        "http-after-response" => {
            rule::push(draft, RuleSet::HttpAfterResponse, &mut arguments)?;
        }
        "http-check expect" => http_check::expect(&mut draft.http_check, &mut arguments)?,
        "http-check send" => http_check::send(&mut draft.http_check, &mut arguments)?,
        "http-request" => rule::push(draft, RuleSet::HttpRequest, &mut arguments)?,
        "http-response" => rule::push(draft, RuleSet::HttpResponse, &mut arguments)?,
        "http-reuse" => draft.http_reuse = http_reuse(&mut arguments)?,
        "id" => {
            let word = arguments.only("a number")?;
            draft.id = Some(number(word, 1..=MAX_COUNT)?);
        }
        "log" if statement.modifier == Modifier::No => {
            arguments.end()?;
            draft.log.clear();
        }
        "log" => draft.log.push(log::line(&mut arguments)?),
        "maxconn" => draft.maxconn = Some(count(&mut arguments)?).filter(|limit| *limit > 0),
        "mode" => draft.mode = mode(&mut arguments)?,
        "monitor-uri" => draft.monitor_uri = Some(arguments.only("a URI")?.value.clone()),
        "redirect" => rule::redirect(draft, statement)?,
        "retries" => draft.retries = count(&mut arguments)?,
        "server" => {
            let server = server::line(&mut arguments, &draft.default_server)?;
            check_name(&server.name, "a server")?;
            draft.servers.push(server);
        }
        "source" => {
            draft.source = Some(server::source(&mut arguments, statement.keyword())?);
            arguments.end()?;
        }
        "tcp-request connection" => {
            rule::push(draft, RuleSet::TcpRequestConnection, &mut arguments)?;
        }
        "tcp-request content" => rule::push(draft, RuleSet::TcpRequestContent, &mut arguments)?,
        "tcp-request session" => rule::push(draft, RuleSet::TcpRequestSession, &mut arguments)?,
        "tcp-response content" => {
            rule::push(draft, RuleSet::TcpResponseContent, &mut arguments)?;
        }
        "use_backend" => {
            let backend = arguments.required("the name of a backend")?.clone();
            let (rest, condition) = arguments.with_condition()?;
            no_words_left(name, rest)?;
            draft.use_backends.push(UseBackend { backend, condition });
        }
        _ => {
            if !legacy::read(draft, name, &mut arguments, statement, messages)? {
                return Err(not_built(name, statement.keyword()));
            }
        }
    }
    Ok(())
}

pub(super) fn no_words_left(name: &str, rest: &[Word]) -> Result<(), Diagnostic> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(Diagnostic::error(format!(
            "unexpected argument '{}' for '{name}'",
            extra.value
        ))
        .at(extra.span)
        .help("only 'if' or 'unless' and a condition may follow")),
    }
}

fn count(arguments: &mut Arguments<'_>) -> Result<u32, Diagnostic> {
    number(arguments.only("a number")?, 0..=MAX_COUNT)
}

fn mode(arguments: &mut Arguments<'_>) -> Result<Mode, Diagnostic> {
    let word = arguments.only("'tcp' or 'http'")?;
    match word.value.as_str() {
        "tcp" => Ok(Mode::Tcp),
        "http" => Ok(Mode::Http),
        "health" => Err(Diagnostic::error("'mode health' no longer exists")
            .at(word.span)
            .help("write 'mode http' and 'http-request return status 200'")),
        "log" | "spop" | "haterm" => Err(not_built(&format!("mode {}", word.value), word)),
        _ => Err(unknown_word("mode", word, ["tcp", "http", "log", "spop"])),
    }
}

/// A timeout of today's name or, through [`legacy`], of an old one.
pub(super) fn set_timeout(
    draft: &mut Draft,
    name: &str,
    arguments: &mut Arguments<'_>,
    statement: &Statement,
) -> Result<(), Diagnostic> {
    let timeouts = &mut draft.timeouts;
    let place = match name {
        "check" => &mut timeouts.check,
        "client" => &mut timeouts.client,
        "client-fin" => &mut timeouts.client_fin,
        "connect" => &mut timeouts.connect,
        "http-keep-alive" => &mut timeouts.http_keep_alive,
        "http-request" => &mut timeouts.http_request,
        "queue" => &mut timeouts.queue,
        "server" => &mut timeouts.server,
        "server-fin" => &mut timeouts.server_fin,
        "tarpit" => &mut timeouts.tarpit,
        "tunnel" => &mut timeouts.tunnel,
        _ => return Err(not_built(&format!("timeout {name}"), statement.keyword())),
    };
    *place = timeout(arguments.only("a time")?)?;
    Ok(())
}

fn balance(
    draft: &mut Draft,
    arguments: &mut Arguments<'_>,
    statement: &Statement,
    messages: &mut Vec<Diagnostic>,
) -> Result<(), Diagnostic> {
    const UNBUILT: [&str; 8] = [
        "hash",
        "hdr",
        "log-hash",
        "random",
        "rdp-cookie",
        "sticky",
        "uri",
        "url_param",
    ];
    const BUILT: [&str; 5] = ["roundrobin", "static-rr", "leastconn", "first", "source"];
    let Some(word) = arguments.next() else {
        messages.push(crate::keywords::old_form(
            "balance",
            "balance roundrobin",
            statement,
        ));
        draft.balance = Balance::RoundRobin;
        return Ok(());
    };
    draft.balance = match word.value.as_str() {
        "roundrobin" => Balance::RoundRobin,
        "static-rr" => Balance::StaticRoundRobin,
        "leastconn" => Balance::LeastConnections,
        "first" => Balance::First,
        "source" => Balance::Source,
        name => {
            let bare = head(name);
            if UNBUILT.contains(&bare) {
                return Err(not_built(&format!("balance {bare}"), word));
            }
            let known = BUILT.into_iter().chain(UNBUILT);
            return Err(unknown_word("balance algorithm", word, known));
        }
    };
    arguments.end()
}

fn hash_type(draft: &mut Draft, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
    let word = arguments.required("'map-based' or 'consistent'")?;
    draft.hash_consistent = match word.value.as_str() {
        "consistent" => true,
        "map-based" => false,
        _ => return Err(unknown_word("hash type", word, ["map-based", "consistent"])),
    };
    if let Some(function) = arguments.peek() {
        let known = ["sdbm", "djb2", "wt6", "crc32", "none"];
        if known.contains(&function.value.as_str()) {
            return Err(not_built(
                &format!("hash-type {} {}", word.value, function.value),
                function,
            ));
        }
        return Err(unknown_word("hash function", function, known));
    }
    Ok(())
}

fn http_reuse(arguments: &mut Arguments<'_>) -> Result<HttpReuse, Diagnostic> {
    let word = arguments.only("'never', 'safe', 'aggressive' or 'always'")?;
    Ok(match word.value.as_str() {
        "never" => HttpReuse::Never,
        "safe" => HttpReuse::Safe,
        "aggressive" => HttpReuse::Aggressive,
        "always" => HttpReuse::Always,
        _ => {
            let known = ["never", "safe", "aggressive", "always"];
            return Err(unknown_argument("http-reuse", word, known));
        }
    })
}

fn error_file(draft: &mut Draft, arguments: &mut Arguments<'_>) -> Result<(), Diagnostic> {
    let code = arguments.required("a status and a file")?;
    let path = arguments.required("a file after the status")?;
    arguments.end()?;
    let status = code
        .value
        .parse()
        .ok()
        .filter(|status| ERROR_STATUSES.contains(status))
        .ok_or_else(|| {
            let list: Vec<String> = ERROR_STATUSES.iter().map(ToString::to_string).collect();
            Diagnostic::error(format!(
                "no response can be replaced for status '{}'",
                code.value
            ))
            .at(code.span)
            .help(format!("one of {}", list.join(", ")))
        })?;
    draft.error_files.retain(|file| file.status != status);
    draft.error_files.push(ErrorFile {
        status,
        path: diagnostics::Spanned::new(path.value.as_str().into(), path.span),
    });
    Ok(())
}

/// `NAME len N`.
fn capture(arguments: &mut Arguments<'_>) -> Result<(String, u32), Diagnostic> {
    const MAX_CAPTURE_LEN: u32 = 65535;
    let what = "a name, 'len' and a length";
    let name = arguments.required(what)?;
    let keyword = arguments.required(what)?;
    if keyword.value != "len" {
        return Err(unknown_argument(arguments.name(), keyword, ["len"])
            .help("expected 'len' and a length"));
    }
    let len = number(arguments.only(what)?, 1..=MAX_CAPTURE_LEN)?;
    Ok((name.value.clone(), len))
}
