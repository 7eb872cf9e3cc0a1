//! Names of nodes that `/etc/hosts` gives to the machine itself.
//!
//! Installers of Debian write `127.0.1.1 NAME`, so that a machine finds its own name without a
//! network. A node that finds its own address that way listens where no other node can reach it.

use std::net::IpAddr;

use diagnostics::{Diagnostic, Diagnostics, Sources, Span};

use crate::MAX_TEXT_BYTES;
use crate::model::{Address, Configuration, Node};

/// Looks for lines of a hosts(5) file that resolve a node to an address of the loopback interface.
///
/// `path` and `text` are those of `/etc/hosts`; the text is added to `sources`. A line is an error
/// where the cluster's links use the name, and a warning where only the node is called so. A cluster
/// of one node may be where it likes.
pub fn check(
    configuration: &Configuration,
    path: &str,
    text: &str,
    sources: &mut Sources,
) -> Diagnostics {
    let mut diagnostics = Diagnostics::new();
    if configuration.nodes.len() < 2 {
        return diagnostics;
    }
    if text.len() > MAX_TEXT_BYTES {
        let message = format!("{path} has more than {MAX_TEXT_BYTES} bytes: it is not checked");
        diagnostics.push(Diagnostic::warning(message));
        return diagnostics;
    }
    let source = sources.add(path, text);
    let mut start = 0;
    for line in text.split('\n') {
        let entry = line.split('#').next().unwrap_or_default();
        let position = |byte: usize| u32::try_from(start + byte).unwrap_or(u32::MAX);
        let before = entry.len() - entry.trim_start().len();
        let span = Span {
            source,
            start: position(before),
            end: position(entry.trim_end().len().max(before)),
        };
        for message in entry_messages(configuration, entry, span) {
            crate::tell(&mut diagnostics, message);
        }
        start += line.len() + 1;
    }
    diagnostics
}

fn entry_messages(configuration: &Configuration, entry: &str, span: Span) -> Vec<Diagnostic> {
    let mut words = entry.split_ascii_whitespace();
    let address = words.next().and_then(|word| word.parse::<IpAddr>().ok());
    let Some(address) = address.filter(|address| address.to_canonical().is_loopback()) else {
        return Vec::new();
    };
    let named = |name: &str| {
        configuration
            .nodes
            .iter()
            .find(|node| is_called(node, name))
    };
    words
        .filter_map(|name| Some(message(named(name)?, name, address, span)))
        .collect()
}

/// Whether a node is called so, or a link of it uses the name. Letters count the same in both cases.
fn is_called(node: &Node, name: &str) -> bool {
    node.name.value.eq_ignore_ascii_case(name) || is_address(node, name)
}

fn is_address(node: &Node, name: &str) -> bool {
    node.addresses.values().any(|address| match &address.value {
        Address::Host(host) => host.eq_ignore_ascii_case(name),
        Address::Ip(_) => false,
    })
}

fn message(node: &Node, name: &str, address: IpAddr, span: Span) -> Diagnostic {
    let known = node
        .addresses
        .values()
        .find_map(|address| match &address.value {
            Address::Ip(ip) if !ip.is_loopback() => Some(*ip),
            _ => None,
        });
    let instead = known.map_or_else(
        || "with the address by which other nodes reach it".to_owned(),
        |ip| format!("'{ip} {name}'"),
    );
    let text =
        format!("this line resolves node '{name}' to {address}, where no other node can reach it");
    let message = if is_address(node, name) {
        Diagnostic::error(text)
    } else {
        Diagnostic::warning(text)
    };
    let help = format!("take the name '{name}' off this line, and write a line {instead}");
    message.at(span).help(help)
}
