//! `ADDRESS[/LENGTH] [brd …] [dev …] …`, as in `virtual_ipaddress`.

use std::net::{IpAddr, Ipv4Addr};

use diagnostics::{Diagnostic, Span};

use super::reading::{MAX_INTERFACE_NAME_BYTES, Reading};
use crate::model::VirtualAddress;
use crate::read::{Statement, Word};

/// The words that may follow an address.
const OPTIONS: &[&str] = &[
    "brd",
    "broadcast",
    "dev",
    "scope",
    "label",
    "peer",
    "home",
    "-nodad",
    "mngtmpaddr",
    "noprefixroute",
    "autojoin",
    "no_track",
    "preferred_lft",
    "use_vmac",
    "track_group",
];

/// Reads a line of `virtual_ipaddress` and its kin.
pub(super) fn read(line: &Statement, reading: &mut Reading<'_>) -> Option<VirtualAddress> {
    let (address, written_length) = network(line.keyword(), reading)?;
    let mut found = VirtualAddress {
        address,
        prefix_len: written_length.unwrap_or(full_length(address)),
        broadcast: None,
        interface: None,
        scope: 0,
        label: None,
        peer: None,
        home: false,
        no_dad: false,
        manage_temporary: false,
        no_prefix_route: false,
        auto_join: false,
        no_track: false,
        preferred_lifetime_s: None,
        span: line.span(),
    };
    let mut broadcast = None;
    let mut lifetime = None;
    let mut words = line.values().iter();
    while let Some(word) = words.next() {
        let mut value = || {
            let next = words.next();
            if next.is_none() {
                reading.error(word.span, format!("'{}' needs a value", word.text));
            }
            next
        };
        match word.text.as_str() {
            "brd" | "broadcast" => broadcast = Some(value()?),
            "dev" => {
                let value = value()?;
                found.interface = Some(reading.interface(value)?);
            }
            "scope" => {
                let value = value()?;
                found.scope = scope(value, reading)?;
            }
            "label" => found.label = Some(value()?.text.clone()),
            "peer" => {
                let value = value()?;
                let (peer, length) = network(value, reading)?;
                if peer.is_ipv6() != address.is_ipv6() {
                    reading.error(value.span, "the peer is of the other IP version");
                    return None;
                }
                found.prefix_len = length.unwrap_or(full_length(peer));
                found.peer = Some((peer, found.prefix_len));
            }
            "home" => found.home = true,
            "-nodad" => found.no_dad = true,
            "mngtmpaddr" => found.manage_temporary = true,
            "noprefixroute" => found.no_prefix_route = true,
            "autojoin" => found.auto_join = true,
            "no_track" => found.no_track = true,
            "preferred_lft" => {
                let value = value()?;
                lifetime = Some(if value.text == "forever" {
                    None
                } else {
                    let range = 0..=i64::from(u32::MAX);
                    Some(reading.number_of(value, "preferred_lft", range)?)
                });
            }
            known @ ("use_vmac" | "track_group") => {
                let message = format!("'{known}' after an address is not built yet");
                reading.error(word.span, message);
                return None;
            }
            other => {
                let message = Diagnostic::error(format!("unknown option '{other}' of an address"))
                    .at(word.span)
                    .suggest(other, OPTIONS.iter().copied());
                reading.tell(message);
                return None;
            }
        }
    }
    found.broadcast = match broadcast {
        Some(word) => Some(self::broadcast(word, &found, reading)?),
        None => None,
    };
    if let Some(label) = &found.label {
        check_label(label, &found, line.span(), reading);
    }
    if address.is_ipv6() && found.scope != 0 {
        reading.error(line.span(), "an IPv6 address cannot be given a scope");
    }
    // An address of full length is no source for what this machine sends.
    let unpreferred = address.is_ipv6() && found.prefix_len == 128;
    found.preferred_lifetime_s = lifetime.unwrap_or(unpreferred.then_some(0));
    Some(found)
}

fn full_length(address: IpAddr) -> u8 {
    if address.is_ipv6() { 128 } else { 32 }
}

/// An address, and its prefix length where one was written.
fn network(word: &Word, reading: &mut Reading<'_>) -> Option<(IpAddr, Option<u8>)> {
    let (address, length) = match word.text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (word.text.as_str(), None),
    };
    let Ok(address) = address.parse::<IpAddr>() else {
        let message = format!("'{}' is not an IP address", word.text);
        reading.error(word.span, message);
        return None;
    };
    let Some(length) = length else {
        return Some((address, None));
    };
    let most = full_length(address);
    match length.parse::<u8>() {
        Ok(length) if length <= most => Some((address, Some(length))),
        _ => {
            let message = format!("'{length}' is not a prefix length from 0 to {most}");
            reading.error(word.span, message);
            None
        }
    }
}

/// A scope by name or number (`/etc/iproute2/rt_scopes`).
fn scope(word: &Word, reading: &mut Reading<'_>) -> Option<u8> {
    const NAMES: &[(&str, u8)] = &[
        ("global", 0),
        ("site", 200),
        ("link", 253),
        ("host", 254),
        ("nowhere", 255),
    ];
    let named = NAMES.iter().find(|(name, _)| *name == word.text);
    let scope = named
        .map(|(_, scope)| *scope)
        .or_else(|| word.text.parse().ok());
    if scope.is_none() {
        let message = Diagnostic::error(format!("'{}' is not a scope", word.text))
            .at(word.span)
            .help("one of global, site, link, host, nowhere, or a number up to 255")
            .suggest(&word.text, NAMES.iter().map(|(name, _)| *name));
        reading.tell(message);
    }
    scope
}

/// The address that a `brd` asks for: written out, or the network's with the host's bits all set
/// (`+`) or all clear (`-`).
fn broadcast(word: &Word, found: &VirtualAddress, reading: &mut Reading<'_>) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = found.address else {
        reading.error(word.span, "IPv6 has no broadcast addresses");
        return None;
    };
    if found.peer.is_some() {
        reading.error(word.span, "an address with a peer has no broadcast address");
        return None;
    }
    let all_set = match word.text.as_str() {
        "+" => true,
        "-" => false,
        written => {
            let parsed = written.parse().ok();
            if parsed.is_none() {
                let message = format!("'{written}' is not an IPv4 address, '+' or '-'");
                reading.error(word.span, message);
            }
            return parsed;
        }
    };
    if found.prefix_len > 30 {
        let message = format!("a network of length {} has no broadcast", found.prefix_len);
        reading.error(word.span, message);
        return None;
    }
    let host = u32::MAX >> found.prefix_len;
    let bits = u32::from(address);
    Some(Ipv4Addr::from(if all_set {
        bits | host
    } else {
        bits & !host
    }))
}

fn check_label(label: &str, found: &VirtualAddress, span: Span, reading: &mut Reading<'_>) {
    if found.address.is_ipv6() {
        reading.error(span, "an IPv6 address cannot have a label");
    } else if label.len() > MAX_INTERFACE_NAME_BYTES {
        let message = format!("the label is longer than {MAX_INTERFACE_NAME_BYTES} bytes");
        reading.error(span, message);
    }
}
