//! `clusternodes`.

use std::collections::BTreeMap;

use diagnostics::{Span, Spanned};

use super::super::nodelist::{address, name_of};
use super::super::reading::Reading;
use super::super::settings::Settings;
use super::super::{each, merged};
use super::fencing;
use crate::MAX_LINKS;
use crate::model::{Address, Node};

/// `clusternodes`, read.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) nodes: Vec<Node>,
    /// Whether each of its nodes was understood: only then can they be compared.
    pub(super) is_whole: bool,
    /// The port of the first `altname` that has one.
    pub(super) alternative_port: Option<Spanned<u16>>,
}

pub(super) fn read(cluster: &Settings<'_>, span: Span, reading: &mut Reading<'_>) -> Listed {
    let Some((list, list_span)) = merged(cluster, "clusternodes", reading) else {
        reading.error(span, "there is no element 'clusternodes'");
        return Listed::default();
    };
    let written = each(&list, "clusternode", reading);
    if written.is_empty() {
        reading.error(list_span, "there is no element 'clusternode'");
    }
    let mut listed = Listed::default();
    for (position, (settings, span)) in (1..).zip(&written) {
        let node = node(
            settings,
            *span,
            position,
            &mut listed.alternative_port,
            reading,
        );
        listed.nodes.extend(node);
    }
    listed.is_whole = listed.nodes.len() == written.len() && !written.is_empty();
    listed
}

fn node(
    settings: &Settings<'_>,
    span: Span,
    position: u32,
    alternative_port: &mut Option<Spanned<u16>>,
    reading: &mut Reading<'_>,
) -> Option<Node> {
    if settings.setting("name").is_none() {
        reading.error_with_help(
            span,
            "this clusternode has no name",
            "write 'name=\"HOST\"'",
        );
    }
    if settings.setting("nodeid").is_none() {
        let help = format!("CMAN would not start without: write 'nodeid=\"{position}\"'");
        reading.error_with_help(span, "this clusternode has no nodeid", &help);
    }
    let name = settings.text("name");
    let addresses = addresses(name.as_ref(), settings, alternative_port, reading);
    let (fence_methods, unfence) = fencing::methods(settings, reading);
    Some(Node {
        id: settings.number("nodeid")?,
        name: name_of(name?, reading)?,
        quorum_votes: settings.number("votes"),
        addresses: addresses?,
        fence_methods,
        unfence,
        span,
    })
}

/// Its name is its address on link 0, each `altname` one on the links that follow.
fn addresses(
    name: Option<&Spanned<String>>,
    settings: &Settings<'_>,
    alternative_port: &mut Option<Spanned<u16>>,
    reading: &mut Reading<'_>,
) -> Option<BTreeMap<u8, Spanned<Address>>> {
    let mut addresses = BTreeMap::from([(0, address(name?, reading)?)]);
    let alternatives = each(settings, "altname", reading);
    for (link, (altname, span)) in (1..).zip(&alternatives) {
        if link == MAX_LINKS {
            reading.error(*span, format!("there are at most {MAX_LINKS} links"));
            return None;
        }
        let Some(name) = altname.text("name") else {
            reading.error(*span, "this altname has no name");
            return None;
        };
        addresses.insert(link, address(&name, reading)?);
        if alternative_port.is_none() {
            *alternative_port = altname.number("port");
        }
    }
    Some(addresses)
}
