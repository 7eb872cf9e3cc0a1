//! `nodelist`: the nodes and where they are.

use std::collections::BTreeMap;
use std::net::IpAddr;

use diagnostics::{Span, Spanned};

use super::{Reading, Settings, each, merged};
use crate::MAX_LINKS;
use crate::keywords::MAX_NODE_NAME_BYTES;
use crate::model::{Address, Node};

/// `nodelist`, read.
#[derive(Default)]
pub(super) struct Nodelist {
    pub(super) nodes: Vec<Node>,
    /// Whether there is such a section.
    pub(super) is_there: bool,
    /// Whether each of its nodes was understood: only then can they be compared.
    pub(super) is_whole: bool,
}

pub(super) fn read(top: &Settings<'_>, reading: &mut Reading<'_>) -> Nodelist {
    let mut lists = top.inner.iter();
    let lists = lists.by_ref().filter(|inner| inner.name.text == "nodelist");
    let lists: Vec<Span> = lists.map(|inner| inner.name.span).collect();
    if let [first, second, ..] = lists.as_slice() {
        let line = reading.line(*first);
        let message = format!("there is a nodelist on line {line}, too");
        let help = "put all nodes into one: corosync lets the second replace nodes of the first";
        reading.error_with_help(*second, message, help);
    }
    let Some((list, span)) = merged(top, "nodelist", reading) else {
        return Nodelist::default();
    };
    let written = each(&list, "node", reading);
    if written.is_empty() {
        reading.error(span, "this nodelist has no node");
    }
    let nodes: Vec<Node> = written
        .iter()
        .filter_map(|(settings, span)| node(settings, *span, reading))
        .collect();
    Nodelist {
        is_there: true,
        is_whole: nodes.len() == written.len() && !nodes.is_empty(),
        nodes,
    }
}

fn node(settings: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Option<Node> {
    let id = node_id(settings, span, reading);
    let addresses = addresses(settings, span, reading);
    let name = name(settings, span, addresses.get(&0), reading);
    Some(Node {
        id: id?,
        name: name?,
        quorum_votes: settings.number("quorum_votes"),
        addresses,
        fence_methods: Vec::new(),
        unfence: None,
        span,
    })
}

fn node_id(settings: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Option<Spanned<u32>> {
    let id: Option<Spanned<u32>> = settings.number("nodeid");
    match &id {
        Some(id) if id.value == 0 => {
            reading.error(id.span, "nodeid 0 is reserved: nodes count from 1");
            return None;
        }
        None if settings.setting("nodeid").is_none() => {
            let help = "write 'nodeid: N' with another number for each node, from 1";
            reading.error_with_help(span, "this node has no nodeid", help);
        }
        _ => {}
    }
    id
}

fn addresses(
    settings: &Settings<'_>,
    span: Span,
    reading: &mut Reading<'_>,
) -> BTreeMap<u8, Spanned<Address>> {
    let mut addresses = BTreeMap::new();
    for link in 0..MAX_LINKS {
        let text = settings.text(&format!("ring{link}_addr"));
        if let Some(found) = text.and_then(|text| address(&text, reading)) {
            addresses.insert(link, found);
        }
    }
    if settings.setting("ring0_addr").is_none() {
        let help = "write 'ring0_addr: ADDRESS': how other nodes reach it";
        reading.error_with_help(span, "this node has no ring0_addr", help);
    }
    addresses
}

/// An address or a host name, with a message where a text is neither.
pub(super) fn address(
    text: &Spanned<String>,
    reading: &mut Reading<'_>,
) -> Option<Spanned<Address>> {
    let written = text.value.as_str();
    let found = match written.parse::<IpAddr>() {
        Ok(address) => Some(Address::Ip(address)),
        Err(_) => is_host_name(written).then(|| Address::Host(written.to_owned())),
    };
    match found {
        Some(address) => Some(Spanned::new(address, text.span)),
        None => {
            let message = format!("'{written}' is neither an IP address nor a host name");
            reading.error(text.span, message);
            None
        }
    }
}

/// Whether a text can be a host name (RFC 1123, with the underscore that many use). A text of digits
/// and dots alone is a mistyped address.
fn is_host_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let only_number = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    (1..=MAX_NODE_NAME_BYTES).contains(&text.len()) && text.bytes().all(allowed) && !only_number
}

fn name(
    settings: &Settings<'_>,
    span: Span,
    first_address: Option<&Spanned<Address>>,
    reading: &mut Reading<'_>,
) -> Option<Spanned<String>> {
    if let Some(name) = settings.text("name") {
        return name_of(name, reading);
    }
    match first_address {
        Some(address) => match &address.value {
            Address::Host(host) => Some(Spanned::new(host.clone(), address.span)),
            Address::Ip(_) => {
                let help = "write 'name: NAME': the cluster knows a node by its name";
                reading.error_with_help(span, "this node has no name", help);
                None
            }
        },
        None => None,
    }
}

/// A node's name, with a message where it cannot be one.
pub(super) fn name_of(name: Spanned<String>, reading: &mut Reading<'_>) -> Option<Spanned<String>> {
    if name.value.len() > MAX_NODE_NAME_BYTES {
        let message = format!("a node's name has at most {MAX_NODE_NAME_BYTES} bytes");
        reading.error(name.span, message);
        return None;
    }
    if name.value.contains(char::is_whitespace) {
        reading.error(name.span, "a node's name holds no white space");
        return None;
    }
    Some(name)
}
