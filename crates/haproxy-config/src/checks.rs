//! What only the whole configuration can tell: names, targets, modes, addresses.

use std::collections::HashMap;

use diagnostics::Diagnostic;

use crate::model::{Config, Mode, Proxy, ProxyKind, Word};

/// Looks at every proxy and at how they refer to each other.
pub(crate) fn check(config: &Config, messages: &mut Vec<Diagnostic>) {
    let names = names(config, messages);
    let mut backends: Vec<&str> = config
        .proxies
        .iter()
        .filter(|proxy| proxy.kind.is_backend())
        .map(|proxy| proxy.name.value.as_str())
        .collect();
    backends.sort_unstable();
    ids(config, messages);
    for proxy in &config.proxies {
        if proxy.disabled {
            continue;
        }
        timeouts(proxy, messages);
        binds(proxy, messages);
        targets(proxy, &names, &backends, messages);
        cookies(proxy, messages);
        early_ends(proxy, messages);
    }
}

fn word(kind: ProxyKind) -> &'static str {
    match kind {
        ProxyKind::Frontend => "frontend",
        ProxyKind::Listen => "listen",
        ProxyKind::Backend => "backend",
    }
}

/// Two proxies may not share a name; but a frontend and a backend could until HAProxy 3.3, which is
/// accepted with a notice where nothing is ambiguous.
fn names<'a>(
    config: &'a Config,
    messages: &mut Vec<Diagnostic>,
) -> HashMap<&'a str, Vec<&'a Proxy>> {
    let mut names: HashMap<&str, Vec<&Proxy>> = HashMap::new();
    for proxy in &config.proxies {
        let same = names.entry(&proxy.name.value).or_default();
        if let Some(other) = same.first() {
            let clash = same.iter().any(|other| {
                (other.kind.is_frontend() && proxy.kind.is_frontend())
                    || (other.kind.is_backend() && proxy.kind.is_backend())
            });
            let text = format!(
                "{} '{}' has the same name as a {}",
                word(proxy.kind),
                proxy.name.value,
                word(other.kind)
            );
            messages.push(if clash {
                Diagnostic::error(text).at(proxy.name.span)
            } else {
                Diagnostic::notice(text)
                    .at(proxy.name.span)
                    .help("today every proxy has a name of its own")
            });
        }
        same.push(proxy);
    }
    names
}

fn ids(config: &Config, messages: &mut Vec<Diagnostic>) {
    let mut taken: HashMap<u32, &Proxy> = HashMap::new();
    for proxy in &config.proxies {
        if let Some(other) = taken.insert(proxy.id, proxy) {
            messages.push(
                Diagnostic::error(format!(
                    "{} '{}' has the id {} of {} '{}'",
                    word(proxy.kind),
                    proxy.name.value,
                    proxy.id,
                    word(other.kind),
                    other.name.value
                ))
                .at(proxy.name.span),
            );
        }
    }
}

fn timeouts(proxy: &Proxy, messages: &mut Vec<Diagnostic>) {
    let mut missing = Vec::new();
    if proxy.kind.is_frontend() && proxy.timeouts.client.is_none() {
        missing.push("'timeout client'".to_owned());
    }
    if proxy.kind.is_backend() && !proxy.servers.is_empty() {
        if proxy.timeouts.connect.is_none() {
            missing.push("'timeout connect'".to_owned());
        }
        if proxy.timeouts.server.is_none() {
            missing.push("'timeout server'".to_owned());
        }
    }
    if !missing.is_empty() {
        messages.push(
            Diagnostic::warning(format!(
                "missing timeouts for {} '{}'",
                word(proxy.kind),
                proxy.name.value
            ))
            .at(proxy.name.span)
            .help(format!(
                "without {} a connection that hangs is kept for ever",
                crate::keywords::listed(&missing)
            )),
        );
    }
}

fn binds(proxy: &Proxy, messages: &mut Vec<Diagnostic>) {
    if proxy.kind == ProxyKind::Frontend && proxy.binds.is_empty() {
        messages.push(
            Diagnostic::warning(format!(
                "frontend '{}' has no 'bind' line, so nothing reaches it",
                proxy.name.value
            ))
            .at(proxy.name.span)
            .help("declare it as a backend if this was intended"),
        );
    }
}

fn targets(
    proxy: &Proxy,
    names: &HashMap<&str, Vec<&Proxy>>,
    backends: &[&str],
    messages: &mut Vec<Diagnostic>,
) {
    let is_static = |name: &&Word| !name.value.contains("%[") && !name.value.contains("%{");
    let targets = proxy
        .use_backends
        .iter()
        .map(|rule| &rule.backend)
        .chain(&proxy.default_backend)
        .filter(is_static);
    for target in targets {
        let named = names
            .get(target.value.as_str())
            .map_or(&[][..], Vec::as_slice);
        let Some(backend) = named.iter().find(|other| other.kind.is_backend()) else {
            let message = match named.first() {
                Some(other) => Diagnostic::error(format!(
                    "'{}' is a {}, not a backend",
                    target.value,
                    word(other.kind)
                )),
                None => Diagnostic::error(format!("there is no backend '{}'", target.value))
                    .suggest(&target.value, backends.iter().copied()),
            };
            messages.push(message.at(target.span));
            continue;
        };
        match (proxy.mode, backend.mode) {
            (Mode::Http, Mode::Tcp) => messages.push(
                Diagnostic::error(format!(
                    "'{}' is in 'mode http', but its backend '{}' is in 'mode tcp'",
                    proxy.name.value, target.value
                ))
                .at(target.span),
            ),
            (Mode::Tcp, Mode::Http) => messages.push(
                Diagnostic::error("a change from 'mode tcp' to 'mode http' is not built yet")
                    .at(target.span)
                    .help(format!(
                        "give '{}' and '{}' the same mode",
                        proxy.name.value, target.value
                    )),
            ),
            (Mode::Tcp, Mode::Tcp) | (Mode::Http, Mode::Http) => {}
        }
    }
    if proxy.kind == ProxyKind::Listen
        && !proxy.servers.is_empty()
        && let Some(target) = &proxy.default_backend
    {
        messages.push(
            Diagnostic::warning(format!(
                "the servers of '{}' are never used: 'default_backend' comes first",
                proxy.name.value
            ))
            .at(target.span),
        );
    }
}

/// A server with a cookie in a backend without one never sees it.
fn cookies(proxy: &Proxy, messages: &mut Vec<Diagnostic>) {
    if proxy.cookie.is_some() || proxy.mode != Mode::Http || !proxy.kind.is_backend() {
        return;
    }
    if let Some(server) = proxy.servers.iter().find(|server| server.cookie.is_some()) {
        messages.push(
            Diagnostic::notice(format!(
                "the cookies of the servers of '{}' are never set",
                proxy.name.value
            ))
            .at(server.name.span)
            .help("add a line 'cookie NAME insert'"),
        );
    }
}

fn early_ends(proxy: &Proxy, messages: &mut Vec<Diagnostic>) {
    if proxy.abort_on_close && proxy.mode == Mode::Tcp && proxy.kind.is_backend() {
        let text = "'option abortonclose' is known but not built yet in mode tcp";
        messages.push(
            Diagnostic::error(text)
                .at(proxy.name.span)
                .help("add 'no option abortonclose' to this section, or use mode http"),
        );
    }
}
