//! Host names of a configuration: looked up once on the supervisor's side, replaced by addresses on
//! both.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs};

use diagnostics::{Diagnostic, Diagnostics, Span};
use haproxy_config::model::{Address, Config, Family, Host, LogAddress, LogTarget};

/// Every `log` line's target.
fn log_targets(config: &mut Config) -> impl Iterator<Item = &mut LogTarget> {
    let proxies = config.proxies.iter_mut().flat_map(|proxy| &mut proxy.log);
    config.global.log.iter_mut().chain(proxies)
}

/// One use of a host in the configuration.
struct Use<'a> {
    host: &'a mut Host,
    span: Span,
    /// A server whose name is unknown may start all the same under `-dr`.
    of_server: bool,
}

/// Looks every name up, in order, each once.
pub(super) fn look_up(
    config: &Config,
    ignore_unresolved_servers: bool,
    names: &mut Vec<(String, IpAddr)>,
    diagnostics: &mut Diagnostics,
) {
    let mut config = config.clone();
    let mut seen = BTreeSet::new();
    for place in uses(&mut config) {
        let Host::Name(name, family) = &*place.host else {
            continue;
        };
        let key = key(name, *family);
        if !seen.insert(key.clone()) {
            continue;
        }
        match resolve(name, *family) {
            Some(ip) => names.push((key, ip)),
            None if place.of_server && ignore_unresolved_servers => {
                names.push((key, IpAddr::V4(Ipv4Addr::UNSPECIFIED)));
            }
            None => diagnostics.push(
                Diagnostic::error(format!("could not resolve address '{name}'"))
                    .at(place.span)
                    .label("no such host")
                    .help("check the name in DNS and /etc/hosts"),
            ),
        }
    }
    for target in log_targets(&mut config) {
        let LogAddress::UdpName(name, _) = &target.to else {
            continue;
        };
        if !seen.insert(name.clone()) {
            continue;
        }
        match resolve(name, None) {
            Some(ip) => names.push((name.clone(), ip)),
            None => diagnostics.push(Diagnostic::error(format!(
                "could not resolve address '{name}' of a 'log' line"
            ))),
        }
    }
}

/// Puts the addresses in place of the names.
pub(super) fn replace(config: &mut Config, names: &[(String, IpAddr)]) {
    for place in uses(config) {
        if let Host::Name(name, family) = &*place.host {
            let key = key(name, *family);
            if let Some((_, ip)) = names.iter().find(|(known, _)| *known == key) {
                *place.host = Host::Ip(*ip);
            }
        }
    }
    for target in log_targets(config) {
        if let LogAddress::UdpName(name, port) = &target.to
            && let Some((_, ip)) = names.iter().find(|(known, _)| known == name)
        {
            target.to = LogAddress::Udp(SocketAddr::new(*ip, *port));
        }
    }
}

fn uses(config: &mut Config) -> Vec<Use<'_>> {
    let mut uses = Vec::new();
    for bind in &mut config.global.stats_sockets {
        let span = bind.address.span;
        add(&mut bind.address.value, span, false, &mut uses);
    }
    for proxy in &mut config.proxies {
        for bind in &mut proxy.binds {
            let span = bind.address.span;
            add(&mut bind.address.value, span, false, &mut uses);
        }
        for server in &mut proxy.servers {
            let span = server.address.span;
            add(&mut server.address.value, span, true, &mut uses);
            if let Some(host) = server.check.as_mut().and_then(|check| check.addr.as_mut()) {
                uses.push(Use {
                    host,
                    span,
                    of_server: true,
                });
            }
        }
    }
    uses
}

fn add<'a>(address: &'a mut Address, span: Span, of_server: bool, uses: &mut Vec<Use<'a>>) {
    if let Address::Inet { host, .. } = address {
        uses.push(Use {
            host,
            span,
            of_server,
        });
    }
}

fn key(name: &str, family: Option<Family>) -> String {
    match family {
        None => name.to_owned(),
        Some(Family::V4) => format!("ipv4@{name}"),
        Some(Family::V6) => format!("ipv6@{name}"),
    }
}

/// The first address that the C library gives, of the family asked for.
fn resolve(name: &str, family: Option<Family>) -> Option<IpAddr> {
    (name, 0)
        .to_socket_addrs()
        .ok()?
        .map(|address| address.ip())
        .find(|ip| match family {
            None => true,
            Some(Family::V4) => ip.is_ipv4(),
            Some(Family::V6) => ip.is_ipv6(),
        })
}
