//! Sections to model: each section's settings, then what must hold between them.

mod check;
pub(crate) mod cman;
mod keel;
mod logging;
mod nodelist;
mod quorum;
mod reading;
mod settings;
mod totem;

use diagnostics::{Diagnostics, SourceId, Sources, Span};

use crate::keywords::{Section, TOP};
use crate::model::Configuration;
use crate::read::Item;
use check::check;
use reading::{Language, Reading};
use settings::{Inner, Settings};

/// Understands a tree; nothing where the cluster has no name or no node. The configuration is only of
/// use where no message is an error.
pub(crate) fn lower(
    items: &[Item],
    source: SourceId,
    sources: &Sources,
    diagnostics: &mut Diagnostics,
) -> Option<Configuration> {
    let mut reading = Reading::new(
        sources,
        diagnostics,
        Language::CorosyncConf,
        keel::transport(items),
    );
    let start = Span {
        source,
        start: 0,
        end: 0,
    };
    let top = reading.section(&TOP, items);
    let totem = totem::read(&top, &mut reading);
    let nodelist = nodelist::read(&top, &mut reading);
    let quorum = quorum::read(&top, &mut reading);
    let logging = logging::read(&top, &mut reading);
    let keel = keel::read(&top, &mut reading);
    for unused in ["system", "resources", "nozzle", "uidgid"] {
        let _ = merged(&top, unused, &mut reading);
    }
    let cluster_name = totem.cluster_name(start, &mut reading);
    if !nodelist.is_there {
        reading.error_with_help(
            start,
            "there is no nodelist",
            "name every node: 'nodelist {', then a 'node {' with nodeid, name and ring0_addr for each",
        );
    }
    let nodes = nodelist.nodes;
    let configuration = totem.complete(cluster_name?, nodes, quorum, logging, keel, &mut reading);
    if nodelist.is_whole {
        check(&configuration, &mut reading);
    }
    Some(configuration)
}

/// All sections of a name, read as the one that they are for corosync; nothing where there is none.
fn merged<'t>(
    outer: &Settings<'t>,
    name: &str,
    reading: &mut Reading<'_>,
) -> Option<(Settings<'t>, Span)> {
    let mut found = outer.inner.iter().filter(|inner| inner.name.text == name);
    let first = found.next()?;
    let section: &'static Section = first.entry.section?;
    let mut items: Vec<&'t Item> = first.items.iter().collect();
    items.extend(found.flat_map(|inner| inner.items));
    Some((reading.section(section, items), first.name.span))
}

/// Every section of a name, each read by itself, with its place.
fn each<'t>(
    outer: &Settings<'t>,
    name: &str,
    reading: &mut Reading<'_>,
) -> Vec<(Settings<'t>, Span)> {
    let found = outer.inner.iter().filter(|inner| inner.name.text == name);
    let read = |inner: &Inner<'t>| {
        let settings = reading.section(inner.entry.section?, inner.items);
        Some((settings, inner.name.span))
    };
    found.filter_map(read).collect()
}
