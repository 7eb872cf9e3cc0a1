//! Nodes apart from each other, and links that all are on.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use diagnostics::Span;

use crate::MAX_NODES;
use crate::lower::Reading;
use crate::model::{Address, Cipher, Configuration, Hash, Node, Transport};

pub(super) fn check(configuration: &Configuration, reading: &mut Reading<'_>) {
    let nodes = configuration.nodes.as_slice();
    if let Some(extra) = nodes.get(MAX_NODES) {
        let message = format!("a cluster has at most {MAX_NODES} nodes");
        reading.error(extra.span, message);
    }
    apart(nodes, reading);
    links(configuration, reading);
    families(configuration, reading);
    if configuration.transport() == Transport::Knet {
        small_ids(nodes, reading);
    }
    crypto(configuration, reading);
}

/// No id, name or address is two nodes'; letters count the same in both cases.
fn apart(nodes: &[Node], reading: &mut Reading<'_>) {
    let mut ids = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut addresses = BTreeMap::new();
    for node in nodes {
        let id = node.id.value.to_string();
        twice(&mut ids, "nodeid", &id, node.id.span, reading);
        let name = &node.name.value;
        twice(&mut names, "name", name, node.name.span, reading);
        // In CMAN, a node's name is its address: it need not be told twice.
        let addresses_alone = node
            .addresses
            .values()
            .filter(|address| address.span != node.name.span);
        for address in addresses_alone {
            let text = address.value.to_string();
            twice(&mut addresses, "address", &text, address.span, reading);
        }
    }
}

fn twice(
    seen: &mut BTreeMap<String, Span>,
    what: &str,
    value: &str,
    span: Span,
    reading: &mut Reading<'_>,
) {
    match seen.entry(value.to_lowercase()) {
        Entry::Vacant(entry) => {
            entry.insert(span);
        }
        Entry::Occupied(first) => {
            let (first, second) = (reading.line(*first.get()), reading.line(span));
            let message = format!("{what} '{value}' is given twice, on lines {first} and {second}");
            reading.error(span, message);
        }
    }
}

/// Every node has an address on every link; only knet has more than one.
fn links(configuration: &Configuration, reading: &mut Reading<'_>) {
    let transport = configuration.transport();
    for node in &configuration.nodes {
        let mut missing = configuration.links.iter();
        let missing = missing.find(|link| !node.addresses.contains_key(&link.number));
        // That ring0_addr is missing was told already.
        if let Some(link) = missing.filter(|link| link.number > 0) {
            let number = link.number;
            let mut others = configuration.nodes.iter();
            let other = others.find_map(|other| other.addresses.get(&number));
            let line = other.map_or(0, |address| reading.line(address.span));
            let message = format!(
                "node '{}' has no ring{number}_addr, but there is one on line {line}: every node \
                 must be on every link",
                node.name.value
            );
            reading.error(node.span, message);
        }
    }
    if transport != Transport::Knet
        && let Some(link) = configuration.links.iter().find(|link| link.number > 0)
    {
        let mut nodes = configuration.nodes.iter();
        let at = nodes.find_map(|node| node.addresses.get(&link.number));
        if let Some(address) = at {
            let message = "transports udp and udpu have one link only";
            let help = "write 'transport: knet' in section totem, or leave the second link out";
            reading.error_with_help(address.span, message, help);
        }
    }
}

/// The addresses of a link are of one family.
fn families(configuration: &Configuration, reading: &mut Reading<'_>) {
    for link in &configuration.links {
        let addresses = configuration.nodes.iter();
        let addresses = addresses.filter_map(|node| node.addresses.get(&link.number));
        let mut first: Option<(bool, Span)> = None;
        for address in addresses {
            let Address::Ip(ip) = &address.value else {
                continue;
            };
            match first {
                None => first = Some((ip.is_ipv4(), address.span)),
                Some((is_ipv4, _)) if is_ipv4 == ip.is_ipv4() => {}
                Some((_, other)) => {
                    let message = format!(
                        "link {} has addresses of IPv4 and IPv6: see line {}",
                        link.number,
                        reading.line(other)
                    );
                    reading.error(address.span, message);
                    break;
                }
            }
        }
    }
}

/// knet keeps ids in 16 bits.
fn small_ids(nodes: &[Node], reading: &mut Reading<'_>) {
    const MAX_KNET_ID: u32 = u16::MAX as u32;
    for node in nodes.iter().filter(|node| node.id.value > MAX_KNET_ID) {
        let message = format!("nodeid {} is above {MAX_KNET_ID}", node.id.value);
        let help = "with transport knet, a nodeid has 16 bits";
        reading.error_with_help(node.id.span, message, help);
    }
}

fn crypto(configuration: &Configuration, reading: &mut Reading<'_>) {
    let crypto = &configuration.crypto;
    if let Some(cipher) = &crypto.cipher
        && cipher.value != Cipher::None
        && crypto.hash() == Hash::None
    {
        let message = "'crypto_cipher' needs a 'crypto_hash' other than none";
        reading.error_with_help(cipher.span, message, "write 'crypto_hash: sha256'");
    }
}
