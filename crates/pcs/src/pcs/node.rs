//! `pcs node`: attributes, capacities, standby, maintenance.

use ::cib::xml::{Document, Element, XmlId};

use super::cib_edit::in_section;
use super::pairs::{self, Pairs};
use super::resource_state::set_named;
use super::resource_update::{set_utilization, utilization_line};
use super::session::{Done, Refusal, Session};

fn nodes(cib: &Document) -> impl Iterator<Item = Element<'_>> {
    in_section(cib, "nodes").filter(|it| it.name() == "node")
}

/// Whether the configuration has a node of that name, remote and guest nodes included.
pub(super) fn exists(cib: &Document, name: &str) -> bool {
    let is_remote = |it: Element<'_>| {
        let is_agent = it.attribute("class") == Some("ocf")
            && it.attribute("provider") == Some("pacemaker")
            && it.attribute("type") == Some("remote");
        let guest = super::cib_edit::value(it, "meta_attributes", "remote-node");
        (is_agent && it.id() == Some(name)) || guest == Some(name)
    };
    nodes(cib).any(|it| it.attribute("uname") == Some(name))
        || super::cib_edit::resources(cib).any(is_remote)
}

fn find(session: &Session<'_>, name: &str) -> Done<XmlId> {
    let found = nodes(&session.cib).find(|it| it.attribute("uname") == Some(name));
    found.map(Element::xml_id).ok_or_else(|| {
        let known = nodes(&session.cib).filter_map(|it| it.attribute("uname"));
        let meant = diagnostics::nearest(name, known);
        let meant = meant
            .map(|it| format!(", did you mean '{it}'?"))
            .unwrap_or_default();
        Refusal::said(format!(
            "Node '{name}' does not appear to exist in configuration{meant}"
        ))
    })
}

/// Sets permanent attributes of a node, as `crm_attribute` does.
fn set_attributes(session: &mut Session<'_>, node: XmlId, wanted: &Pairs) {
    let id = format!("nodes-{}", session.cib.element(node).id().unwrap_or(""));
    set_named(session, node, "instance_attributes", &id, wanted);
}

/// `node attribute [[NODE] [--name NAME] | NODE NAME=[VALUE]…]`
pub(super) fn attribute(session: &mut Session<'_>, words: &[String]) -> Done {
    if let [name, wanted @ ..] = words
        && !wanted.is_empty()
    {
        let wanted = pairs::parse(wanted)?;
        let node = find(session, name)?;
        set_attributes(session, node, &wanted);
        return Ok(());
    }
    let only = session.options.value("--name").map(str::to_owned);
    let mut lines = Vec::new();
    for node in nodes(&session.cib) {
        let name = node.attribute("uname").unwrap_or("");
        if words.first().is_some_and(|it| it != name) {
            continue;
        }
        let sets = node.children_named("instance_attributes");
        let pairs = sets.flat_map(super::config_text::pairs_of);
        let is_wanted = |it: &String| {
            only.as_ref()
                .is_none_or(|only| it.split('=').next() == Some(only.as_str()))
        };
        let pairs: Vec<String> = pairs.filter(is_wanted).collect();
        if !pairs.is_empty() {
            lines.push(format!(" {name}: {}", pairs.join(" ")));
        }
    }
    session.print("Node Attributes:");
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// `node utilization [NODE [NAME=[VALUE]…]]`
pub(super) fn utilization(session: &mut Session<'_>, words: &[String]) -> Done {
    if let [name, wanted @ ..] = words
        && !wanted.is_empty()
    {
        let node = find(session, name)?;
        let id = format!(
            "nodes-{}-utilization",
            session.cib.element(node).id().unwrap_or("")
        );
        return set_utilization(session, node, &id, wanted);
    }
    let is_wanted = |it: &Element<'_>| {
        words
            .first()
            .is_none_or(|name| it.attribute("uname") == Some(name))
    };
    let lines: Vec<String> = nodes(&session.cib)
        .filter(is_wanted)
        .filter_map(utilization_line)
        .collect();
    session.print("Node Utilization:");
    lines.iter().for_each(|line| session.print(line));
    Ok(())
}

/// Sets the attribute on the nodes that are named, on all, or on this one.
fn mark(session: &mut Session<'_>, words: &[String], name: &str, value: &str) -> Done {
    let found: Vec<XmlId> = if session.options.has("--all") {
        if !words.is_empty() {
            return Err(Refusal::said(
                "you cannot specify both --all and a list of nodes",
            ));
        }
        nodes(&session.cib).map(Element::xml_id).collect()
    } else if words.is_empty() {
        return Err(Refusal::said("Node(s) must be specified"));
    } else {
        words
            .iter()
            .map(|it| find(session, it))
            .collect::<Done<_>>()?
    };
    let wanted = vec![(name.to_owned(), value.to_owned())];
    found
        .into_iter()
        .for_each(|it| set_attributes(session, it, &wanted));
    Ok(())
}

/// `node standby NODE… | --all`, once `cluster standby`
pub(super) fn standby(session: &mut Session<'_>, words: &[String]) -> Done {
    mark(session, words, "standby", "on")
}

/// `node unstandby NODE… | --all`, once `cluster unstandby`
pub(super) fn unstandby(session: &mut Session<'_>, words: &[String]) -> Done {
    mark(session, words, "standby", "")
}

/// `node maintenance NODE… | --all`
pub(super) fn maintenance(session: &mut Session<'_>, words: &[String]) -> Done {
    mark(session, words, "maintenance", "on")
}

/// `node unmaintenance NODE… | --all`
pub(super) fn unmaintenance(session: &mut Session<'_>, words: &[String]) -> Done {
    mark(session, words, "maintenance", "")
}
